//! [`TransferCallback`]: what B2BINPAY and Coinsbuy post.

use std::fmt;
use std::sync::Arc;

use super::kind::{self, Inferred};
use super::message::SignedMac;
use super::operation::{Operation, read_deposit, read_payout};
use super::related::{self, Related};
use super::resource::{Currency, Included, OtherResource, Transfer, one_digit};
use super::wire::{self, Document};
use crate::constant_time::never_equal;
use crate::error::{Flaw, ParseError};
use crate::read::{self, Anomaly, At, Body, Reader, mirror, share};
use crate::recognize;
use crate::text::Text;
use crate::timestamp::Timestamp;
use crate::verified::{Parse, Unverified};
use crate::wire::Raw;

/// A callback about a deposit or a payout, with the transfers that it carries.
///
/// It is read by [`Unverified::parse`] and proven by a
/// [`Verifier`](super::Verifier). All of it is what the sender says; what a
/// signature covers is [`ProvenTransfer`](super::ProvenTransfer).
///
/// Serializing it gives a JSON:API body with the same values in canonical
/// spelling: amounts as text, ids as text, no fields that are unknown here. The
/// exact bytes are [`raw`](Self::raw).
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = include_bytes!("../../examples/bodies/b2binpay-deposit-confirmed.json");
///
/// let callback = verifier.verify(Unverified::parse(body)?)?;
/// let told = callback.reported();
/// let transfer = told.transfer().ok_or("nothing has come")?;
/// assert_eq!(transfer.confirmations, Some(3));
/// assert_eq!(told.currency().and_then(|currency| currency.exp), Some(18));
/// for anomaly in told.anomalies() {
///     println!("{}: {anomaly}", told.id); // a line for your log
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct TransferCallback {
    /// The gateway's id of the deposit or payout.
    pub id: Text,
    /// The deposit or payout itself.
    pub operation: Operation,
    /// The merchant's own reference; empty where there is none. Signed, and so
    /// read to the letter, with control characters if it has any. Only U+0000 is
    /// refused ([`Flaw::Nul`](crate::Flaw::Nul)): PostgreSQL's `text` can't hold
    /// it, so no id that a shop has stored there has one.
    pub tracking_id: Text,
    /// The id of the operation's currency.
    pub currency_id: Option<Text>,
    /// The id of the operation's wallet.
    pub wallet_id: Option<Text>,
    /// The id of the transfer that this callback is about. Older bodies don't
    /// name it.
    pub transfer_id: Option<Text>,
    /// The transfers in the body, in its order, without those that can't be
    /// read (see [`anomalies`](Self::anomalies)). Which of them the callback is
    /// about is told by their order: [`transfer`](Self::transfer).
    pub transfers: Vec<Transfer>,
    /// All currencies in the body; see [`currency`](Self::currency).
    pub currencies: Vec<Currency>,
    /// Resources of types that this version does not know.
    pub other_resources: Vec<OtherResource>,
    /// When the gateway made this callback. Signed.
    pub time: Option<Timestamp>,
    pub(super) subject: Subject,
    pub(super) signature: Signature,
    pub(super) signed_status: Option<Text>,
    anomalies: Vec<Anomaly>,
    body: Body,
}

/// Which transfer a callback is about, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// None: the body has no transfer and names none.
    None,
    /// The one at this index.
    Transfer(usize),
    /// The one that the relationship names is not there.
    Missing,
    /// Several could be it.
    Ambiguous,
}

/// `meta.sign`. It can't be compared, and is not shown: beside its body it is a
/// valid signature.
#[derive(Clone)]
pub(super) enum Signature {
    /// None, `null` or empty.
    Absent,
    /// No text.
    Malformed,
    Present(Text),
}

never_equal!(Signature, TransferCallback);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Malformed => "malformed",
            Self::Present(_) => "present",
        })
    }
}

impl TransferCallback {
    /// The transfer that this callback is about.
    ///
    /// It is the one that the body's relationship names; else the one whose
    /// operation type fits; else the only one. `None` if there is none, or if
    /// the body does not say which.
    #[must_use]
    pub fn transfer(&self) -> Option<&Transfer> {
        match self.subject {
            Subject::Transfer(index) => self.transfers.get(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        }
    }

    /// The currency of [`transfer`](Self::transfer), or of the operation where
    /// there is no transfer. Reported, never proven.
    #[must_use]
    pub fn currency(&self) -> Option<&Currency> {
        let id = match self.transfer() {
            Some(transfer) => transfer.currency_id.as_ref().or(self.currency_id.as_ref()),
            None => self.currency_id.as_ref(),
        };
        let mut fitting = self
            .currencies
            .iter()
            .filter(|currency| id.is_none_or(|id| *id == currency.id));
        match (fitting.next(), fitting.next()) {
            (Some(currency), None) => Some(currency),
            _ => None,
        }
    }

    /// The transfers that no signature covers: all but
    /// [`transfer`](Self::transfer).
    pub fn other_transfers(&self) -> impl Iterator<Item = &Transfer> {
        let subject = match self.subject {
            Subject::Transfer(index) => Some(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        };
        let transfers = self.transfers.iter().enumerate();
        transfers.filter_map(move |(index, transfer)| (Some(index) != subject).then_some(transfer))
    }

    /// Which entry of the gateway's list of callbacks this is, as far as the
    /// body says.
    #[must_use]
    pub fn callback_type(&self) -> Inferred {
        kind::infer(self)
    }

    /// Incidental fields that could not be read and are treated as absent.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// Whether the body has a signature, valid or not.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        !matches!(self.signature, Signature::Absent)
    }

    /// The signature, if it is 64 lower-case hexadecimal digits.
    pub(crate) fn mac(&self) -> Option<SignedMac> {
        match &self.signature {
            Signature::Present(text) => SignedMac::from_hex(text),
            Signature::Absent | Signature::Malformed => None,
        }
    }

    /// The exact bytes of the body. Beside them stands its signature: treat
    /// what was not handled yet as confidential.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.0.as_bytes()
    }
}

impl fmt::Debug for TransferCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferCallback")
            .field("id", &self.id)
            .field("operation", &self.operation)
            .field("tracking_id", &self.tracking_id)
            .field("transfers", &self.transfers)
            .field("currencies", &self.currencies)
            .field("time", &self.time)
            .field("signature", &self.signature)
            .field("anomalies", &self.anomalies)
            .finish_non_exhaustive()
    }
}

impl crate::verified::Sealed for TransferCallback {}

impl Parse for TransferCallback {
    fn parse(body: &[u8], limit: usize) -> Result<Unverified<Self>, ParseError> {
        let callback = share(body, limit).and_then(|body| {
            let document: Document<'_> = mirror(&body)?;
            read_callback(Reader::new(Arc::clone(&body)), &document)
        });
        match callback {
            Ok(callback) => Ok(Unverified::new(callback)),
            Err(error) => Err(recognize::name(body, error)),
        }
    }
}

fn read_callback(
    mut reader: Reader,
    document: &Document<'_>,
) -> Result<TransferCallback, ParseError> {
    let root = At::Root;
    root.sound(document.shape)?;
    let data = &document.data;
    let at = root.key("data");
    at.sound(data.shape)?;
    let kind = reader.required(at.key("type"), data.kind, |_, raw| read::unescape(raw))?;
    let is_deposit = match &*kind {
        "deposit" => true,
        "payout" => false,
        _ => return Err(ParseError::Unsupported { path: "data.type" }),
    };
    let id = reader.required(at.key("id"), data.id, read::id)?;
    let related = Related::read(&mut reader, at, &data.relationships)?;
    let transfer_id = related::transfer(&reader, at, &data.relationships)?;
    root.key("included").list(document.included.shape)?;
    let included = Included::read(&mut reader, &document.included.items, transfer_id.as_ref())?;

    let a = &data.attributes;
    let at = at.key("attributes");
    at.sound(a.shape)?;
    let tracking_id = reader.strict(at.key("tracking_id"), a.tracking_id, read::text_or_number)?;
    let operation = if is_deposit {
        Operation::Deposit(read_deposit(&mut reader, at, a)?)
    } else {
        Operation::Payout(read_payout(&mut reader, at, a)?)
    };

    let (time, signature) = read_meta(&mut reader, &document.meta)?;
    let subject = choose(
        &included.transfers,
        transfer_id
            .as_ref()
            .map(|id| move |transfer: &Transfer| transfer.id == *id),
        |transfer| operation.is_fitted_by(transfer),
    );
    // Without a transfer it is the operation's own status that may be signed.
    let signed_status = match (subject, &signature) {
        (Subject::None, Signature::Present(_)) => {
            signed_status(&reader, at.key("status"), a.status, is_deposit)?
        }
        _ => None,
    };

    let Reader {
        body, anomalies, ..
    } = reader;
    Ok(TransferCallback {
        id,
        operation,
        tracking_id: tracking_id.unwrap_or_else(|| Text::empty(&body)),
        currency_id: related.currency,
        wallet_id: related.wallet,
        transfer_id,
        transfers: included.transfers,
        currencies: included.currencies,
        other_resources: included.others,
        time,
        subject,
        signature,
        signed_status,
        anomalies,
        body: Body(body),
    })
}

/// The order of preference: named, fitting by operation type, the only one.
pub(super) fn choose<T>(
    transfers: &[T],
    is_named: Option<impl Fn(&T) -> bool>,
    fits: impl Fn(&T) -> bool,
) -> Subject {
    let the_one = |fits: &dyn Fn(&T) -> bool, none: Subject| {
        let mut fitting = transfers
            .iter()
            .enumerate()
            .filter(|(_, transfer)| fits(transfer));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Subject::Transfer(index),
            (Some(_), Some(_)) => Subject::Ambiguous,
            (None, _) => none,
        }
    };
    match is_named {
        Some(is_named) => the_one(&is_named, Subject::Missing),
        None => match the_one(&fits, Subject::None) {
            Subject::None => the_one(&|_| true, Subject::None),
            chosen => chosen,
        },
    }
}

/// Strict where a signature is there to cover the time.
fn read_meta(
    reader: &mut Reader,
    meta: &wire::Meta<'_>,
) -> Result<(Option<Timestamp>, Signature), ParseError> {
    if meta.shape.is_nothing() {
        return Ok((None, Signature::Absent));
    }
    let at = At::Root.key("meta");
    at.sound(meta.shape)?;
    let signature = match meta.sign.filled().map(|raw| read::text(reader, raw)) {
        None => Signature::Absent,
        Some(Ok(text)) => Signature::Present(text),
        Some(Err(_)) => Signature::Malformed,
    };
    let at = at.key("time");
    let time = match signature {
        Signature::Present(_) => Some(reader.required(at, meta.time, read::signed_time)?),
        Signature::Absent | Signature::Malformed => {
            reader.lenient(at, meta.time, read::signed_time)
        }
    };
    Ok((time, signature))
}

/// A signed deposit without a transfer always has a status in its text; a
/// payout may have one.
fn signed_status(
    reader: &Reader,
    at: At<'_>,
    status: Raw<'_>,
    is_deposit: bool,
) -> Result<Option<Text>, ParseError> {
    let text = reader.strict(at, status, read::text_or_number)?;
    match text {
        Some(text) if one_digit(&text).is_some() => Ok(Some(text)),
        Some(_) if is_deposit => Err(at.error(Flaw::NotAStatus)),
        None if is_deposit => Err(at.error(Flaw::Missing)),
        Some(_) | None => Ok(None),
    }
}
