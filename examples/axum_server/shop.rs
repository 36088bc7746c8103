//! The shop: what it does with a proven callback, and how it asks back.

use std::time::Duration;

use payhook::citypay::Environment;
use payhook::{AsyncHandler, AsyncOrderLookup, Callback, HandlerError, TokenUse, Verified};
use tracing::{info, warn};

use super::order::reference;
use super::store::{Booked, Store};

/// How long an order's answer may be.
const ANSWER_LIMIT: usize = 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: Store,
}

impl AsyncHandler for Shop {
    type Error = HandlerError;

    async fn handle(&self, callback: Verified<Callback>) -> Result<(), HandlerError> {
        let event = callback.event();
        // A token is no secret, but whose order it is concerns nobody.
        let name = match callback.reported() {
            Callback::Transfer(_) => reference(&callback).unwrap_or("nobody knows what"),
            _ => "an order",
        };
        let outcome = event.outcome();
        match self.store.book(&callback).await? {
            Booked::Before => info!("{name}: {outcome}, booked before"),
            Booked::UnknownOrder => warn!("{name}: {outcome}, and nobody waits for it"),
            Booked::Now(booking) => {
                for note in &booking.reviews {
                    warn!("{name}: {outcome}: {note}");
                }
                if let Some(credit) = booking.credit {
                    info!("{name}: {outcome}, credited {credit}");
                } else {
                    info!("{name}: {outcome}");
                }
            }
        }
        Ok(())
    }
}

/// Asks CityPay.io's order endpoint, or one that stands in for it.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) store: Store,
    pub(crate) client: reqwest::Client,
    /// `https://v2-order-api.citypay.io`
    pub(crate) api: String,
}

impl Orders {
    pub(crate) fn new(store: Store, api: String) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            // An answer is the endpoint's own or none.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { store, client, api })
    }
}

impl AsyncOrderLookup for Orders {
    type Error = HandlerError;

    async fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, HandlerError> {
        match token {
            TokenUse::Order(token) => self.store.has_order(token).await,
            // This shop gives its customers no permanent addresses.
            _ => Ok(false),
        }
    }

    async fn fetch(&self, token: &str) -> Result<Vec<u8>, HandlerError> {
        let url = Environment::Production.order_url(token).ok_or("no token")?;
        let path = url.split_once("/order/").map_or("", |(_, path)| path);
        let url = format!("{}/order/{path}", self.api.trim_end_matches('/'));
        // The address has the token in it.
        let failed = |error: reqwest::Error| HandlerError::from(error.without_url());
        let mut answer = self.client.get(url).send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_LIMIT {
                return Err("the answer does not end".into());
            }
        }
        Ok(body)
    }
}
