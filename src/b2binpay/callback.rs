//! [`Callback`]: a callback of B2BINPAY or Coinsbuy.

use std::fmt;
use std::sync::Arc;

use super::document::{Document, Meta};
use super::included::{OtherResource, Resources, leave_out};
use super::operation::{Operation, OperationFields};
use super::related;
use super::resource::{Currency, Transfer};
use super::signature::{Signature, SignedMac};
use crate::constant_time::never_equal;
use crate::error::{FieldWarning, ParseError};
use crate::read::{self, At, Body, Source};
use crate::recognize;
use crate::shared_str::SharedStr;
use crate::timestamp::Timestamp;
use crate::verified::Unverified;

/// A callback about a deposit or a payout, with its transfers.
///
/// It is parsed by [`Unverified::parse`] and verified by a
/// [`Verifier`](super::Verifier). All its values are reported by the sender; the
/// facts that a signature covers are in [`ProvenTransfer`](super::ProvenTransfer).
///
/// It serializes to a JSON:API body with the same values in canonical form: amounts
/// and ids as strings, without unknown fields. The exact bytes are available as
/// [`raw`](Self::raw).
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-deposit-confirmed.json")?;
///
/// let callback = verifier.verify(Unverified::parse(&body)?)?;
/// let reported = callback.reported();
/// let transfer = reported.transfer().ok_or("no transfer")?;
/// assert_eq!(transfer.confirmations(), Some(3));
/// assert_eq!(reported.currency().and_then(|currency| currency.exp()), Some(18));
/// for warning in reported.warnings() {
///     println!("{}: {warning}", reported.id()); // a line for your log
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Callback {
    body: Body,
    index: Arc<Index>,
}

/// The places of the body's values, and the results of parsing.
struct Index {
    document: Document,
    operation: OperationFields,
    subject: Subject,
    signed: Signed,
}

/// The time and the signature in `meta`.
struct Signed {
    time: Option<Timestamp>,
    /// If it is 64 lowercase hexadecimal digits.
    mac: Option<SignedMac>,
}

/// The transfer that a callback is about, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The body has no transfer and refers to none.
    None,
    /// The transfer at this index in `included`.
    Transfer(usize),
    /// The transfer of the relationship is missing.
    Missing,
    /// Several transfers match.
    Ambiguous,
}

never_equal!(Callback);

impl Callback {
    fn source(&self) -> Source<'_> {
        self.body.source()
    }

    fn document(&self) -> &Document {
        &self.index.document
    }

    fn included(&self) -> Resources<'_> {
        Resources::new(self.source(), &self.document().included)
    }

    pub(super) fn subject(&self) -> Subject {
        self.index.subject
    }

    /// Returns the gateway's id of the deposit or payout.
    #[must_use]
    pub fn id(&self) -> &str {
        let id = self
            .source()
            .lenient(self.document().data.resource.id, read::id);
        id.unwrap_or_default()
    }

    /// Returns the deposit or payout.
    #[must_use]
    pub fn operation(&self) -> Operation<'_> {
        self.index.operation.operation(self.source())
    }

    /// Returns the merchant's own reference; empty if there is none. It is signed,
    /// and so read exactly, including control characters. Only U+0000 is refused
    /// ([`FieldError::Nul`](crate::error::FieldError::Nul)): PostgreSQL's `text` cannot
    /// store it, so no stored id contains it.
    #[must_use]
    pub fn tracking_id(&self) -> &str {
        self.operation().tracking_id().unwrap_or_default()
    }

    /// The same, as a copy that outlives the body.
    pub(super) fn text_of_tracking_id(&self) -> SharedStr {
        self.source().slice(self.tracking_id())
    }

    /// Returns the id of the operation's currency.
    #[must_use]
    pub fn currency_id(&self) -> Option<&str> {
        let relationships = &self.document().data.resource.relationships;
        related::id(self.source(), &relationships.currency)
    }

    /// Returns the id of the operation's wallet.
    #[must_use]
    pub fn wallet_id(&self) -> Option<&str> {
        let relationships = &self.document().data.resource.relationships;
        related::id(self.source(), &relationships.wallet)
    }

    /// Returns the id of the transfer that this callback is about. Older bodies do
    /// not contain it.
    #[must_use]
    pub fn transfer_id(&self) -> Option<&str> {
        let relationships = &self.document().data.resource.relationships;
        related::id(self.source(), &relationships.transfer)
    }

    /// Returns the time of the callback. It is signed.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.index.signed.time.clone()
    }

    /// Returns `meta.time` exactly as written in the body, which is the signed text.
    pub(super) fn signed_time(&self) -> &str {
        let time = self.source().lenient(self.document().meta.time, read::text);
        time.unwrap_or_default()
    }

    /// Returns the transfers of the body, in its order, without invalid ones (see
    /// [`warnings`](Self::warnings)). The one that the callback is about is
    /// [`transfer`](Self::transfer).
    pub fn transfers(&self) -> impl Iterator<Item = Transfer<'_>> {
        self.included().transfers().map(|(_, transfer)| transfer)
    }

    /// Returns all currencies in the body; see [`currency`](Self::currency).
    pub fn currencies(&self) -> impl Iterator<Item = Currency<'_>> {
        self.included().currencies()
    }

    /// Returns the resources of types that are unknown to this version.
    pub fn other_resources(&self) -> impl Iterator<Item = OtherResource<'_>> {
        self.included().others()
    }

    /// Returns the transfer that this callback is about.
    ///
    /// It is the one that the body's relationship refers to; else the one with a
    /// matching operation type; else the only one. `None` if there is none, or if it
    /// is ambiguous.
    #[must_use]
    pub fn transfer(&self) -> Option<Transfer<'_>> {
        match self.subject() {
            Subject::Transfer(index) => self.included().transfer(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        }
    }

    /// Returns the currency of [`transfer`](Self::transfer), or of the operation if
    /// there is no transfer. It is only reported, never proven.
    #[must_use]
    pub fn currency(&self) -> Option<Currency<'_>> {
        let own = self.transfer().and_then(|transfer| transfer.currency_id());
        let id = own.or_else(|| self.currency_id());
        let mut fitting = self
            .currencies()
            .filter(|currency| id.is_none_or(|id| id == currency.id()));
        match (fitting.next(), fitting.next()) {
            (Some(currency), None) => Some(currency),
            _ => None,
        }
    }

    /// Returns the transfers that no signature covers: all except
    /// [`transfer`](Self::transfer).
    pub fn other_transfers(&self) -> impl Iterator<Item = Transfer<'_>> {
        let subject = match self.subject() {
            Subject::Transfer(index) => Some(index),
            Subject::None | Subject::Missing | Subject::Ambiguous => None,
        };
        let transfers = self.included().transfers();
        transfers.filter_map(move |(index, transfer)| (Some(index) != subject).then_some(transfer))
    }

    /// Returns the incidental fields that are invalid and treated as absent.
    #[must_use]
    pub fn warnings(&self) -> Vec<FieldWarning> {
        let (source, document, mut notes) = (self.source(), self.document(), Vec::new());
        let at = At::Root.key("data");
        related::note(
            source,
            at,
            &document.data.resource.relationships,
            &mut notes,
        );
        self.included().note(&mut notes);
        self.operation().note(at.key("attributes"), &mut notes);
        if !matches!(self.signature(), Signature::Present(_)) {
            let (at, time) = (At::Root.key("meta"), document.meta.time);
            source.note(at.key("time"), time, read::signed_time, &mut notes);
        }
        notes
    }

    pub(super) fn signature(&self) -> Signature<'_> {
        Signature::of(self.source(), self.document().meta.sign)
    }

    /// The operation's own status, where it may be signed: without a transfer, and if
    /// it is one digit.
    pub(super) fn signed_status(&self) -> Option<&str> {
        let may_be_signed = self.subject() == Subject::None && self.is_signed();
        let status = self.operation().status_text().filter(|_| may_be_signed)?;
        read::one_digit(status).map(|_| status)
    }

    /// Whether the body has a signature, valid or not.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        !matches!(self.signature(), Signature::Absent)
    }

    /// The signature, if it is 64 lowercase hexadecimal digits.
    pub(crate) fn mac(&self) -> Option<&SignedMac> {
        self.index.signed.mac.as_ref()
    }

    /// Returns the exact bytes of the body. They contain the signature: treat a
    /// callback that was not handled yet as confidential.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.body.bytes()
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("id", &self.id())
            .field("operation", &self.operation())
            .field("tracking_id", &self.tracking_id())
            .field("transfers", &self.transfers().collect::<Vec<_>>())
            .field("currencies", &self.currencies().collect::<Vec<_>>())
            .field("time", &self.time())
            .field("signature", &self.signature())
            .field("warnings", &self.warnings())
            .finish_non_exhaustive()
    }
}

impl crate::verified::Sealed for Callback {}

pub(super) fn parse(body: &[u8], limit: usize) -> Result<Unverified<Callback>, ParseError> {
    match read::text_of(body, limit).and_then(read_callback) {
        Ok(callback) => Ok(Unverified::new(callback)),
        Err(error) => Err(recognize::name(body, error)),
    }
}

fn read_callback(text: &str) -> Result<Callback, ParseError> {
    let (body, mut document): (_, Document) = read::scan(text)?;
    let source = body.source();
    At::Root.sound(document.shape)?;
    let operation = OperationFields::take(source, &mut document.data)?;
    let (subject, left_out, signed) = check(source, &document, &operation)?;
    leave_out(&mut document.included, left_out);
    Ok(Callback {
        index: Arc::new(Index {
            document,
            operation,
            subject,
            signed,
        }),
        body,
    })
}

/// Refuses invalid essential fields. Returns the subject of the callback, the resources
/// that are left out, and what is in `meta`.
fn check(
    source: Source<'_>,
    document: &Document,
    operation: &OperationFields,
) -> Result<(Subject, Vec<usize>, Signed), ParseError> {
    let root = At::Root;
    let (at, data) = (root.key("data"), &document.data.resource);
    source.required(at.key("id"), data.id, read::id)?;
    related::check(at, &data.relationships)?;
    let named = related::transfer(source, at, &data.relationships)?;
    root.key("included").list(document.included.shape)?;
    let included = Resources::new(source, &document.included);
    let left_out = included.check(named)?;
    let at = at.key("attributes");
    operation.check(source, at)?;
    let operation = operation.operation(source);
    let signature = Signature::of(source, document.meta.sign);
    let signed = check_meta(source, &document.meta, signature)?;
    let transfers = included
        .transfers()
        .filter(|(index, _)| !left_out.contains(index));
    let subject = choose(
        &transfers,
        named.map(|id| move |transfer: &Transfer<'_>| transfer.id() == id),
        |transfer| transfer.fits(operation),
    );
    if subject == Subject::None && matches!(signature, Signature::Present(_)) {
        operation.check_status(at.key("status"))?;
    }
    Ok((subject, left_out, signed))
}

/// The order of preference: referred to, matching by operation type, the only one.
pub(super) fn choose<T>(
    transfers: &(impl Iterator<Item = (usize, T)> + Clone),
    is_named: Option<impl Fn(&T) -> bool>,
    fits: impl Fn(&T) -> bool,
) -> Subject {
    let the_one = |fits: &dyn Fn(&T) -> bool, none: Subject| {
        let mut fitting = transfers.clone().filter(|(_, transfer)| fits(transfer));
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

/// Strict if there is a signature, which covers the time.
fn check_meta(
    source: Source<'_>,
    meta: &Meta,
    signature: Signature<'_>,
) -> Result<Signed, ParseError> {
    let at = At::Root.key("meta");
    if !meta.shape.is_nothing() {
        at.sound(meta.shape)?;
    }
    Ok(match signature {
        Signature::Present(text) => Signed {
            time: Some(source.required(at.key("time"), meta.time, read::signed_time)?),
            mac: SignedMac::from_hex(text),
        },
        Signature::Absent | Signature::Malformed => Signed {
            time: source.lenient(meta.time, read::signed_time),
            mac: None,
        },
    })
}
