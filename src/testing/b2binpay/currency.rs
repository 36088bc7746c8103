//! [`CurrencyBuilder`]: the gateway's description of a currency, and the form of its amounts.

use crate::amount::Amount;
use crate::testing::error::BuildError;
use crate::testing::json::Json;

use super::layout::Layout;

/// A currency as it appears in `included`. Its ids and names are examples; only its
/// decimals are the real ones.
///
/// ```
/// use payhook::b2binpay::Key;
/// use payhook::testing::b2binpay::{CurrencyBuilder, deposit};
///
/// let key = Key::callback_secret("my test secret")?;
/// let coin = CurrencyBuilder::new("XYZ").decimals(4).confirmation_blocks(12);
/// let body = deposit().amount("0.3").currency(coin).sign(&key).unverified()?;
/// let amount = body.unverified().transfer().map(|transfer| transfer.amount().to_string());
/// assert_eq!(amount.as_deref(), Some("0.3000"));
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// A token's full name includes its blockchain: `USDT-TRX`. Its ticker (`alias`) is
/// the part before the hyphen, and its blockchain's name is empty.
#[derive(Debug, Clone)]
pub struct CurrencyBuilder {
    alpha: String,
    name: &'static str,
    id: u32,
    decimals: u32,
    confirmation_blocks: u32,
}

/// Ticker, blockchain, id, decimals, blocks.
const KNOWN: [(&str, &str, u32, u32, u32); 10] = [
    ("BTC", "Bitcoin", 1000, 8, 3),
    ("DOGE", "Dogecoin", 1004, 8, 6),
    ("ETH", "Ethereum", 1002, 18, 3),
    ("LTC", "Litecoin", 1003, 8, 6),
    ("TRX", "Tron", 2001, 6, 19),
    ("USDC", "Ethereum", 2007, 6, 3),
    ("USDC-ETH", "USD Coin", 2007, 6, 3),
    ("USDT", "Tron", 2005, 6, 19),
    ("USDT-ETH", "Tether", 2015, 6, 3),
    ("USDT-TRX", "Tether", 2005, 6, 19),
];

impl CurrencyBuilder {
    /// Creates a currency by its full name, such as `BTC` or `USDT-TRX`. A currency
    /// that is not predefined has 8 decimals and 3 confirmation blocks by default.
    #[must_use]
    pub fn new(alpha: &str) -> Self {
        let known = KNOWN.iter().find(|known| known.0 == alpha);
        let (_, name, id, decimals, confirmation_blocks) =
            known.copied().unwrap_or(("", "Testchain", 9001, 8, 3));
        Self {
            alpha: alpha.to_owned(),
            name,
            id,
            decimals,
            confirmation_blocks,
        }
    }

    /// Sets the number of decimals, `exp` in the body.
    #[must_use]
    pub fn decimals(mut self, decimals: u32) -> Self {
        self.decimals = decimals;
        self
    }

    /// Sets the number of blocks that make a transfer *confirmed*.
    #[must_use]
    pub fn confirmation_blocks(self, confirmation_blocks: u32) -> Self {
        Self {
            confirmation_blocks,
            ..self
        }
    }

    /// Returns the name, `alpha` in the body.
    #[must_use]
    pub fn alpha(&self) -> &str {
        &self.alpha
    }

    pub(super) fn id(&self) -> Json {
        self.id.to_string().into()
    }

    /// Returns the number of decimals, `exp` in the body.
    #[must_use]
    pub fn exp(&self) -> u32 {
        self.decimals
    }

    /// Returns the number of confirmations that a transfer needs,
    /// `confirmation_blocks` in the body.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.confirmation_blocks
    }

    /// Formats an amount as the gateway does, with all fraction digits. An amount
    /// with more digits than the currency, or a string that is not an amount, stays
    /// unchanged.
    #[must_use]
    pub fn format_amount(&self, amount: &str) -> String {
        let parsed = amount.parse::<Amount>().ok();
        let written = parsed.and_then(|amount| amount.with_decimals(self.decimals));
        written.map_or_else(|| amount.to_owned(), |amount| amount.to_string())
    }

    pub(super) fn resource(&self, layout: Layout) -> Result<Json, BuildError> {
        let mut json = Json::template(include_str!("currency.json"));
        json.fill("id", self.id())?;
        let mut set = |key: &str, value: Json| json.fill(&format!("attributes.{key}"), value);
        let alias = ticker(&self.alpha);
        set(
            "blockchain_name",
            if alias.is_some() { "" } else { self.name }.into(),
        )?;
        set("alias", alias.map_or_else(Json::default, Json::from))?;
        set("iso", self.id.into())?;
        set("name", self.name.into())?;
        set("alpha", self.alpha.as_str().into())?;
        set("exp", self.decimals.into())?;
        set("confirmation_blocks", self.confirmation_blocks.into())?;
        set("minimal_transfer_amount", self.format_amount("0").into())?;
        if layout == Layout::V2 {
            json.remove("attributes.blockchain_name")?;
            json.remove("attributes.tags")?;
        }
        Ok(json)
    }
}

/// The part of the name before a token's blockchain.
fn ticker(alpha: &str) -> Option<&str> {
    alpha.split_once('-').map(|(ticker, _)| ticker)
}

impl From<&str> for CurrencyBuilder {
    fn from(alpha: &str) -> Self {
        Self::new(alpha)
    }
}
