//! Which bytes are signed: the one place that says so.
//!
//! The parts stand next to each other with nothing between them, each exactly
//! as it stands in the body:
//!
//! | body | signed text | source |
//! |---|---|---|
//! | with a transfer | `transfer.status` `transfer.amount` `tracking_id` `meta.time` | documented |
//! | deposit, no transfer | `deposit.status` `tracking_id` `meta.time` | seen |
//! | payout, no transfer | `tracking_id` `meta.time` | seen |
//! | payout, no transfer | `payout.status` `tracking_id` `meta.time` | inferred; only where no other text can be meant |

use hmac::Mac;

use super::callback::TransferCallback;
use super::key::KeyedMac;
use crate::constant_time::never_equal;

/// A signed text, in its parts.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) status: &'a str,
    pub(crate) amount: &'a str,
    pub(crate) tracking_id: &'a str,
    pub(crate) time: &'a str,
}

impl<'a> Message<'a> {
    /// The text that a body of this shape has signed. The body alone picks the
    /// shape: trying others would accept a text that was signed for another.
    pub(crate) fn of(callback: &'a TransferCallback) -> Self {
        let transfer = callback.transfer();
        Self::shaped(
            transfer.map(|transfer| (transfer.signed_status(), transfer.signed_amount())),
            callback.operation().is_deposit(),
            callback.signed_status().unwrap_or_default(),
            callback.tracking_id(),
            callback.signed_time(),
        )
    }

    /// The text of a body with these values: a transfer's status and amount if
    /// there is one, and the operation's own status.
    pub(crate) fn shaped(
        transfer: Option<(&'a str, &'a str)>,
        is_deposit: bool,
        own_status: &'a str,
        tracking_id: &'a str,
        time: &'a str,
    ) -> Self {
        let (status, amount) = match transfer {
            Some(transfer) => transfer,
            None if is_deposit => (own_status, ""),
            None => ("", ""),
        };
        Self {
            status,
            amount,
            tracking_id,
            time,
        }
    }

    /// The second text that a payout without a transfer may have signed.
    pub(crate) fn with_payout_status(callback: &'a TransferCallback) -> Option<Self> {
        let status = callback.signed_status()?;
        (!callback.operation().is_deposit()).then(|| Self {
            status,
            ..Self::of(callback)
        })
    }

    /// The whole text. A diagnosis also asks for what no gateway signs: the
    /// parts that are there with a separator between them.
    #[cfg(feature = "diagnose")]
    pub(crate) fn joined(&self, separator: &str) -> String {
        let parts = [self.status, self.amount, self.tracking_id, self.time];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(separator)
    }

    /// What stands in front of the time: one text, however it is cut.
    pub(crate) fn undivided(&self) -> String {
        [self.status, self.amount, self.tracking_id].concat()
    }

    /// Whether `signature` is this text's under `mac`, in constant time.
    pub(crate) fn is_signed_by(&self, mac: &KeyedMac, signature: &SignedMac) -> bool {
        self.mac(mac).verify_slice(&signature.0).is_ok()
    }

    /// The signature as it is written in `meta.sign`.
    #[cfg(feature = "testing")]
    pub(crate) fn sign(&self, mac: &KeyedMac) -> String {
        hex(&self.mac(mac).finalize().into_bytes())
    }

    fn mac(&self, mac: &KeyedMac) -> KeyedMac {
        let mut mac = mac.clone();
        for part in [self.status, self.amount, self.tracking_id, self.time] {
            mac.update(part.as_bytes());
        }
        mac
    }
}

/// The bytes of a signature, genuine or not. They can't be compared: whether
/// they are right is [`Message::is_signed_by`]'s to say.
pub(crate) struct SignedMac([u8; 32]);

never_equal!(SignedMac, KeyedMac);

impl SignedMac {
    /// As the gateway writes one, in lower case.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let decoded = base16ct::lower::decode(text, &mut bytes).ok()?;
        (decoded.len() == bytes.len()).then_some(Self(bytes))
    }

    /// To be hashed into the name of a delivery.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// As the gateway writes a MAC.
#[cfg(feature = "testing")]
pub(crate) fn hex(mac: &[u8]) -> String {
    format!("{:x}", base16ct::HexDisplay(mac))
}
