//! The order endpoint's response for an order.

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::{OrderBuilder, Paid, local};
use crate::citypay::{OrderDetails, OrderStatus};
use crate::testing::body::Body;
use crate::testing::error::{BuildError, or_panic};
use crate::testing::json::Json;

impl OrderBuilder {
    /// Builds the endpoint's response for the order with this status and the
    /// merchant's customer id. It [lags
    /// behind](crate::citypay::ProvenOrder::is_stale) or is ahead if it is built
    /// from another stage of the same order than the callback.
    #[must_use]
    pub fn answer(&self, customer_id: &str) -> Body<OrderDetails> {
        Body::new(or_panic(self.answer_json(customer_id)))
    }

    fn answer_json(&self, customer_id: &str) -> Result<Json, BuildError> {
        let mut json = Json::template(include_str!("answer.json"));
        let mut set = |key: &str, value: Json| json.fill(&format!("data.{key}"), value);
        set("id", self.order_id.clone())?;
        set("customerId", Json::id(customer_id))?;
        set("token", self.token.clone())?;
        set("coin", coin_name(&self.crypto_currency).into())?;
        let ticker = self.crypto_currency.to_ascii_lowercase();
        set("coinBaseName", ticker.into())?;
        set("exchangeRate", Json::number(&self.rate))?;
        set("amountFiat", self.fiat(&self.amount).into())?;
        set("amount", Json::number(&self.amount))?;
        set("currency.currency", self.fiat_currency.as_str().into())?;
        set("currency.abbreviation", self.fiat_currency.as_str().into())?;
        set("createdAt", local(self.time).into())?;
        set("createdAtMiliseconds", self.time.timestamp_millis().into())?;
        let end = self.time.checked_add_signed(TimeDelta::minutes(60));
        let end = end.unwrap_or(self.time).timestamp_millis();
        set("expiresAt", end.into())?;
        set("status.code", self.status.as_str().into())?;
        set("status.label", label(&self.status).into())?;
        let payments = self.payments();
        let total = Self::sum(&payments);
        for (index, paid) in payments.iter().enumerate() {
            let so_far = payments.get(..=index).unwrap_or_default();
            let base_fiat = self.part_in_fiat(so_far);
            let at = format!("transactions[{index}]");
            set(&at, self.transaction(paid, &base_fiat, total)?)?;
        }
        Ok(json)
    }

    /// A payment, with the order's total and missing amounts after all payments: as
    /// in the documented response, these are equal in each transaction.
    fn transaction(
        &self,
        paid: &Paid,
        base_fiat: &str,
        total: Option<Decimal>,
    ) -> Result<Json, BuildError> {
        let due: Option<Decimal> = self.amount.parse().ok();
        let over = total.zip(due).and_then(|(sum, due)| sum.checked_sub(due));
        let over = over.unwrap_or_default().normalize();
        let under = Decimal::ZERO.checked_sub(over).unwrap_or_default();
        let over = over.max(Decimal::ZERO);
        // A single payment is its own total, with its own digits.
        let total = total.map(|total| total.normalize());
        let is_other = total.filter(|total| paid.coins.parse().ok().as_ref() != Some(total));
        let total = is_other.map_or_else(|| paid.coins.clone(), |total| total.to_string());
        let time = self.time.checked_add_signed(TimeDelta::minutes(4));
        let time = paid.at.or(time).unwrap_or(self.time);
        let url = format!("https://explorer.example/tx/{}", paid.hash);
        let mut json = Json::default();
        json.fill("id", Json::id(&paid.id))?;
        json.fill("hash", paid.hash.as_str().into())?;
        json.fill("hashUrl", url.into())?;
        json.fill("amount.base", Json::number(&paid.coins))?;
        json.fill("amount.total", Json::number(&total))?;
        json.fill("amount.underPaid", Json::raw(under.to_string()))?;
        json.fill("amount.overPaid", Json::raw(over.to_string()))?;
        json.fill("amountFiat.base", base_fiat.into())?;
        json.fill("amountFiat.total", self.fiat(&total).into())?;
        json.fill("amountFiat.underPaid", self.fiat(&under.to_string()).into())?;
        json.fill("amountFiat.overPaid", self.fiat(&over.to_string()).into())?;
        json.fill("createdAt", local(time).into())?;
        json.fill("createdAtMiliseconds", time.timestamp_millis().into())?;
        Ok(json)
    }
}

/// Builds the endpoint's error response, such as 404 for an unknown token. The key of
/// the code ends with a space, as documented.
///
/// ```
/// use payhook::VerifyError;
/// use payhook::testing::citypay::error_response;
///
/// let answer = error_response(404, "Order not found").answer();
/// assert!(matches!(answer, Err(VerifyError::AnswerRefused { code: Some(404) })));
/// ```
#[must_use]
pub fn error_response(status_code: u16, message: &str) -> Body<OrderDetails> {
    let mut json = Json::default();
    let made = json
        .fill("status", "error".into())
        .and_then(|()| json.fill("status_code ", i32::from(status_code).into()))
        .and_then(|()| json.fill("message", message.into()));
    or_panic(made);
    Body::new(json)
}

/// The gateway's name of the cryptocurrency with this ticker; the ticker for others.
fn coin_name(ticker: &str) -> &str {
    match ticker {
        "BTC" => "Bitcoin",
        "DOGE" => "Dogecoin",
        "ETH" => "Ethereum",
        "LTC" => "Litecoin",
        "TRX" => "Tron",
        "USDT" => "Tether",
        other => other,
    }
}

/// The dashboard's label of a status code.
fn label(code: &str) -> String {
    match OrderStatus::from(code) {
        OrderStatus::InProgress => "In-progress".to_owned(),
        OrderStatus::PaidUnconfirmed => "Paid/Unconfirmed".to_owned(),
        _ => {
            let mut rest = code.chars();
            let first = rest.next().into_iter();
            first.chain(rest.flat_map(char::to_lowercase)).collect()
        }
    }
}
