//! [`Ids`]: the gateway's ids of a payment, which follow from its reference.

use base16ct::HexDisplay;
use sha2::{Digest, Sha256};

/// The ids of one payment: the same each time, and different for another kind or
/// reference.
pub(super) struct Ids<'a> {
    kind: &'a str,
    pub(super) reference: &'a str,
    transfer: Option<&'a str>,
}

impl<'a> Ids<'a> {
    /// With the given id of the transfer, if there is one.
    pub(super) fn new(kind: &'a str, reference: &'a str, transfer: Option<&'a str>) -> Self {
        Self {
            kind,
            reference,
            transfer,
        }
    }

    /// The id of the deposit, payout or order.
    pub(super) fn operation(&self) -> String {
        self.number("operation")
    }

    /// The id of the transfer or of the order's transaction.
    pub(super) fn transfer(&self) -> String {
        let given = self.transfer.map(str::to_owned);
        given.unwrap_or_else(|| self.number("transfer"))
    }

    /// The transaction hash of the transfer: 64 hexadecimal digits.
    pub(super) fn hash(&self) -> String {
        let digest = self.digest(&format!("hash of {}", self.transfer()));
        format!("{:x}", HexDisplay(&digest))
    }

    /// Ten digits.
    fn number(&self, purpose: &str) -> String {
        let digest = self.digest(purpose);
        let first = digest.first_chunk().copied().unwrap_or_default();
        let drawn = u64::from_be_bytes(first).checked_rem(9_000_000_000);
        let number = drawn.unwrap_or_default().saturating_add(1_000_000_000);
        number.to_string()
    }

    fn digest(&self, purpose: &str) -> [u8; 32] {
        Sha256::digest(format!("{purpose}\n{}\n{}", self.kind, self.reference)).into()
    }
}
