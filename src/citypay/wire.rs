//! The private mirrors of CityPay.io's callbacks and of its order endpoint.

use crate::wire::{List, object};

object! {
    /// An order's or a deposit's callback: one flat object.
    struct CallbackObject {
        action = "action",
        client_order_id = "client_order_id",
        crated_at = "crated_at",
        created_at = "created_at",
        crypto_currency = "crypto_currency",
        deposit_token = "deposit_token",
        exchange_rate = "exchange_rate",
        fiat_currency = "fiat_currency",
        kind = "type",
        order_expiration = "order_expiration",
        order_id = "order_id",
        order_status = "order_status",
        order_token = "order_token",
        received_amount = "received_amount",
        received_amount_in_coins = "received_amount_in_coins",
        received_amount_in_fiat = "received_amount_in_fiat",
        status = "status",
        transaction_id = "transaction_id",
    }

    /// A status where it is no plain word.
    struct StatusObject {
        code = "code",
        label = "label",
    }

    /// Either envelope of the endpoint, and its error form.
    struct Envelope {
        status = "status",
        status_code = "status_code",
        status_code_blank = "status_code ",
        status_code_joined = "statusCode",
        success = "success",
        ;
        data: AnswerObject<'a> = "data",
    }

    struct AnswerObject {
        address = "address",
        amount = "amount",
        amount_fiat = "amountFiat",
        coin = "coin",
        coin_base_name = "coinBaseName",
        coins = "coins",
        company_name = "companyName",
        created_at = "createdAt",
        created_at_milliseconds = "createdAtMiliseconds",
        customer_id = "customerId",
        due_date = "dueDate",
        email = "email",
        exchange_rate = "exchangeRate",
        expiration_time = "expirationTime",
        expires_at = "expiresAt",
        id = "id",
        kind = "type",
        qr_code = "qrCode",
        status = "status",
        token = "token",
        urls = "urls",
        ;
        currency: CurrencyObject<'a> = "currency",
        transactions: List<TransactionObject<'a>> = "transactions",
    }

    struct CurrencyObject {
        abbreviation = "abbreviation",
        currency = "currency",
        id = "id",
    }

    struct TransactionObject {
        created_at = "createdAt",
        created_at_milliseconds = "createdAtMiliseconds",
        hash = "hash",
        hash_url = "hashUrl",
        id = "id",
        ;
        amount: PartsObject<'a> = "amount",
        amount_fiat: PartsObject<'a> = "amountFiat",
    }

    struct PartsObject {
        base = "base",
        over_paid = "overPaid",
        total = "total",
        under_paid = "underPaid",
    }
}
