//! Defines which bytes are signed.
//!
//! The parts are concatenated without a separator, each exactly as written in the
//! body:
//!
//! | body | signed message | source |
//! |---|---|---|
//! | with a transfer | `transfer.status` `transfer.amount` `tracking_id` `meta.time` | documented |
//! | deposit, no transfer | `deposit.status` `tracking_id` `meta.time` | seen |
//! | payout, no transfer | `tracking_id` `meta.time` | seen |
//! | payout, no transfer | `payout.status` `tracking_id` `meta.time` | inferred; only if the message is unambiguous |

use hmac::Mac;

use super::callback::Callback;
use super::key::KeyedMac;
use super::signature::SignedMac;
#[cfg(feature = "testing")]
use super::signature::hex;

/// A signed message, in its parts.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) status: &'a str,
    pub(crate) amount: &'a str,
    pub(crate) tracking_id: &'a str,
    pub(crate) time: &'a str,
}

impl<'a> Message<'a> {
    /// The signed message of a body of this shape. The body alone determines the
    /// shape: trying others would accept a message that was signed for a different
    /// body.
    pub(crate) fn of(callback: &'a Callback) -> Self {
        let transfer = callback.transfer();
        Self::shaped(
            transfer.map(|transfer| (transfer.signed_status(), transfer.signed_amount())),
            callback.operation().is_deposit(),
            callback.signed_status().unwrap_or_default(),
            callback.tracking_id(),
            callback.signed_time(),
        )
    }

    /// The message of a body with these values: a transfer's status and amount if
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

    /// The second message that may be signed for a payout without a transfer.
    pub(crate) fn with_payout_status(callback: &'a Callback) -> Option<Self> {
        let status = callback.signed_status()?;
        (!callback.operation().is_deposit()).then(|| Self {
            status,
            ..Self::of(callback)
        })
    }

    /// The whole message. A diagnosis also tries forms that no gateway signs: the
    /// parts with a separator between them.
    #[cfg(feature = "diagnose")]
    pub(crate) fn joined(&self, separator: &str) -> String {
        let parts = [self.status, self.amount, self.tracking_id, self.time];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(separator)
    }

    /// The part before the time: one string, however it is split.
    pub(crate) fn ambiguous_text(&self) -> String {
        [self.status, self.amount, self.tracking_id].concat()
    }

    /// Whether `signature` is the MAC of this message under `mac`, in constant time.
    pub(crate) fn is_signed_by(&self, mac: &KeyedMac, signature: &SignedMac) -> bool {
        self.mac(mac).verify_slice(signature.as_bytes()).is_ok()
    }

    /// The signature as written in `meta.sign`.
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
