//! Proof for callbacks that carry no signature.

use std::net::IpAddr;

use super::callback::{Subject, TransferCallback};
use super::operation::Operation;
use super::proven::ProvenTransfer;
use crate::address::AddressRanges;
use crate::error::VerifyError;
use crate::verified::{Evidence, Proof, Unverified, Verified};

/// How long an answer may be: the API adds to what a callback has.
const LIMIT: usize = 1024 * 1024;

/// Proves an unsigned *no transfer* callback by the deposit as the gateway's
/// own API returns it: bytes that the merchant fetched with its credentials.
///
/// The facts come from the answer. Its id and tracking id must be the
/// callback's; its status may be ahead, and wins. Nothing settles this way: if
/// money came, a signed callback says so.
///
/// ```
/// use payhook::b2binpay::{DepositStatus, prove_by_deposit};
/// use payhook::{Evidence, Unverified};
///
/// # let body = include_bytes!("../../examples/bodies/b2binpay-refused-unsigned.json");
/// # let answer = include_bytes!("../../examples/bodies/b2binpay-deposit-expired.json");
/// // `answer`: the bytes of GET {api}/deposit/30417, with your credentials.
/// let callback = prove_by_deposit(Unverified::parse(body)?, answer)?;
/// assert_eq!(callback.evidence(), &Evidence::GatewayApi);
/// assert_eq!(callback.proven().deposit_status(), Some(DepositStatus::Canceled));
/// # Ok::<(), payhook::Error>(())
/// ```
///
/// # Errors
///
/// - [`VerifyError::MissingSignature`] for a callback with a transfer: only its
///   signature proves it.
/// - [`VerifyError::AnswerUnreadable`] if the answer is no deposit.
/// - [`VerifyError::AnswerMismatch`] if it is another one.
pub fn prove_by_deposit(
    callback: Unverified<TransferCallback>,
    answer: &[u8],
) -> Result<Verified<TransferCallback>, VerifyError> {
    let body = without_transfer(&callback)?;
    let answer = Unverified::<TransferCallback>::parse_within(answer, LIMIT)
        .map_err(VerifyError::AnswerUnreadable)?
        .into_unverified();
    let path = match (&body.operation, &answer.operation) {
        (Operation::Deposit(_), Operation::Deposit(deposit)) => {
            if answer.id != body.id {
                "data.id"
            } else if answer.tracking_id != body.tracking_id {
                "data.attributes.tracking_id"
            } else {
                let proof = Proof {
                    proven: ProvenTransfer::fetched(&answer, deposit.status),
                    evidence: Evidence::GatewayApi,
                };
                return Ok(Verified::new(callback, proof));
            }
        }
        _ => "data.type",
    };
    Err(VerifyError::AnswerMismatch { path })
}

/// Proves of an unsigned *no transfer* callback that it came from an address
/// that the merchant configured: weak, no fact of it is proven, nothing
/// settles.
///
/// `peer` is the socket's peer, or was taken from the forwarding headers of a
/// proxy of the merchant's own; any sender can write such headers.
///
/// ```
/// use payhook::b2binpay::prove_by_source_address;
/// use payhook::{AddressRanges, Fact, Outcome, Unverified};
///
/// # let body = include_bytes!("../../examples/bodies/b2binpay-refused-unsigned.json");
/// let ranges = AddressRanges::parse(["203.0.113.0/28"])?;
/// let peer = "203.0.113.9".parse()?; // from the socket
///
/// let callback = prove_by_source_address(Unverified::parse(body)?, peer, &ranges)?.into_callback();
/// assert_eq!(callback.event().reference(), Some(Fact::Reported("order-9001")));
/// assert_eq!(callback.event().outcome(), Fact::Reported(Outcome::Unknown));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// - [`VerifyError::MissingSignature`] for a callback with a transfer.
/// - [`VerifyError::SourceAddress`] if the address is in none of the ranges.
pub fn prove_by_source_address(
    callback: Unverified<TransferCallback>,
    peer: IpAddr,
    ranges: &AddressRanges,
) -> Result<Verified<TransferCallback>, VerifyError> {
    without_transfer(&callback)?;
    ranges.check(peer)?;
    let proof = Proof {
        proven: ProvenTransfer::nothing(),
        evidence: Evidence::SourceAddress,
    };
    Ok(Verified::new(callback, proof))
}

/// The callback, if it may be believed without a signature: a body that holds
/// or names a transfer, or has a signature that did not fit, may not.
fn without_transfer(
    callback: &Unverified<TransferCallback>,
) -> Result<&TransferCallback, VerifyError> {
    let body = callback.unverified();
    if body.subject == Subject::None && !body.is_signed() {
        Ok(body)
    } else {
        Err(VerifyError::MissingSignature)
    }
}
