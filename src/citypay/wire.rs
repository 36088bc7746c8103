//! The private mirrors of CityPay.io's callbacks and of its order endpoint.

use crate::wire::{List, Raw, object};

object! {
    /// An order's or a deposit's callback: one flat object.
    struct CallbackObject {
        action: Raw<'a> = "action",
        client_order_id: Raw<'a> = "client_order_id",
        crated_at: Raw<'a> = "crated_at",
        created_at: Raw<'a> = "created_at",
        crypto_currency: Raw<'a> = "crypto_currency",
        deposit_token: Raw<'a> = "deposit_token",
        exchange_rate: Raw<'a> = "exchange_rate",
        fiat_currency: Raw<'a> = "fiat_currency",
        kind: Raw<'a> = "type",
        order_expiration: Raw<'a> = "order_expiration",
        order_id: Raw<'a> = "order_id",
        order_status: Raw<'a> = "order_status",
        order_token: Raw<'a> = "order_token",
        received_amount: Raw<'a> = "received_amount",
        received_amount_in_coins: Raw<'a> = "received_amount_in_coins",
        received_amount_in_fiat: Raw<'a> = "received_amount_in_fiat",
        status: Raw<'a> = "status",
        transaction_id: Raw<'a> = "transaction_id",
    }

    /// A status where it is no plain word.
    struct StatusObject {
        code: Raw<'a> = "code",
        label: Raw<'a> = "label",
    }

    /// Either envelope of the endpoint, and its error form.
    struct Envelope {
        data: AnswerObject<'a> = "data",
        status: Raw<'a> = "status",
        status_code: Raw<'a> = "status_code",
        success: Raw<'a> = "success",
    }

    struct AnswerObject {
        address: Raw<'a> = "address",
        amount: Raw<'a> = "amount",
        amount_fiat: Raw<'a> = "amountFiat",
        coin: Raw<'a> = "coin",
        coin_base_name: Raw<'a> = "coinBaseName",
        created_at: Raw<'a> = "createdAt",
        created_at_milliseconds: Raw<'a> = "createdAtMiliseconds",
        currency: CurrencyObject<'a> = "currency",
        customer_id: Raw<'a> = "customerId",
        email: Raw<'a> = "email",
        exchange_rate: Raw<'a> = "exchangeRate",
        expiration_time: Raw<'a> = "expirationTime",
        expires_at: Raw<'a> = "expiresAt",
        id: Raw<'a> = "id",
        kind: Raw<'a> = "type",
        status: Raw<'a> = "status",
        token: Raw<'a> = "token",
        transactions: List<TransactionObject<'a>> = "transactions",
        urls: Raw<'a> = "urls",
    }

    struct CurrencyObject {
        abbreviation: Raw<'a> = "abbreviation",
        currency: Raw<'a> = "currency",
        id: Raw<'a> = "id",
    }

    struct TransactionObject {
        amount: PartsObject<'a> = "amount",
        amount_fiat: PartsObject<'a> = "amountFiat",
        created_at: Raw<'a> = "createdAt",
        created_at_milliseconds: Raw<'a> = "createdAtMiliseconds",
        hash: Raw<'a> = "hash",
        hash_url: Raw<'a> = "hashUrl",
        id: Raw<'a> = "id",
    }

    struct PartsObject {
        base: Raw<'a> = "base",
        over_paid: Raw<'a> = "overPaid",
        total: Raw<'a> = "total",
        under_paid: Raw<'a> = "underPaid",
    }
}
