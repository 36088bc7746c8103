//! Verification of unsigned callbacks.

use super::callback::{Callback, Subject};
use super::lookup::ApiDocument;
use super::proven::ProvenTransfer;
use crate::error::VerifyError;
use crate::verified::{Evidence, Unverified, Verified};

/// Verifies an unsigned callback without a transfer by the deposit or payout as
/// the gateway's own API returns it: bytes that the merchant fetched with its
/// credentials (GATEWAYS 1.5).
///
/// The facts come from the response. Its id and tracking id must match the
/// callback's; if its status is ahead, it takes precedence. Nothing settles this way:
/// received money is reported by a signed callback.
///
/// ```
/// use payhook::b2binpay::{DepositStatus, prove_by_api};
/// use payhook::{Evidence, Unverified};
///
/// # let body = std::fs::read("examples/bodies/b2binpay-refused-unsigned.json")?;
/// # let answer = std::fs::read("examples/bodies/b2binpay-deposit-expired.json")?;
/// // `answer`: the response of GET {api}/deposit/30417, with your credentials.
/// let callback = prove_by_api(Unverified::parse(&body)?, &answer)?;
/// assert_eq!(callback.evidence(), &Evidence::GatewayApi);
/// assert_eq!(callback.proven().deposit_status(), Some(DepositStatus::Canceled));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// - [`VerifyError::MissingSignature`] for a callback with a transfer: only its
///   signature proves it.
/// - [`VerifyError::AnswerRefused`] if the response is an error of the API;
///   [`VerifyError::AnswerUnreadable`] if it is no deposit or payout either.
/// - [`VerifyError::AnswerMismatch`] if it is a different one.
pub fn prove_by_api(
    callback: Unverified<Callback>,
    answer: &[u8],
) -> Result<Verified<Callback>, VerifyError> {
    let body = callback.unverified();
    // A body that contains or refers to a transfer, or has a wrong signature, is not
    // accepted without a valid one.
    if body.subject() != Subject::None || body.is_signed() {
        return Err(VerifyError::MissingSignature);
    }
    let document = ApiDocument::read(answer, body)?;
    if document.operation().is_deposit() != body.operation().is_deposit() {
        return Err(VerifyError::AnswerMismatch { path: "data.type" });
    }
    if document.tracking_id() != body.tracking_id() {
        let path = "data.attributes.tracking_id";
        return Err(VerifyError::AnswerMismatch { path });
    }
    let proven = ProvenTransfer::fetched(document);
    Ok(Verified::new(callback, proven, Evidence::GatewayApi))
}

impl Verified<Callback> {
    /// The same, with the API's response.
    pub(super) fn with_document(self, document: ApiDocument) -> Self {
        self.map_proven(|proven| proven.with_document(document))
    }
}
