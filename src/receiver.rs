//! [`Receiver`]: the whole flow, from posted bytes to an HTTP status, as one
//! call.

mod gateway;
mod lookup;

use std::fmt;
use std::net::IpAddr;

use crate::address::AddressRanges;
use crate::b2binpay::Verifier;
use crate::callback::Callback;
use crate::citypay::Account;
use crate::error::{Fault, ParseError, VerifyError};
use crate::event::Fact;
use crate::handler::{AsyncHandler, Handler, HandlerError};
use crate::outcome::Outcome;
use crate::read::DEFAULT_BODY_LIMIT;

pub use gateway::{AsyncProve, B2binpay, CityPay, Prove};
pub use lookup::{
    AsyncDepositLookup, AsyncOrderLookup, DepositLookup, NoLookup, OrderLookup, TokenUse,
};

use gateway::Post;

/// One endpoint of the merchant's: bytes in, the merchant's handler in between,
/// an HTTP status out.
///
/// It opens no socket and needs no runtime. Hand it the body's bytes untouched
/// and answer with the [`Reply`]'s status and an empty body.
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Lettered));
///
/// let handler = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
///     let event = callback.event();
///     println!("{:?} is {}", event.reference(), event.outcome());
///     Ok(())
/// });
///
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// let reply = receiver.receive(body, None, &handler);
/// assert_eq!(reply.status(), 200);
///
/// let reply = receiver.receive(b"{}", None, &handler);
/// assert_eq!(reply.status(), 400);
/// assert_eq!(reply.disposition().to_string(), "unreadable: `data`: expected a value, found none");
/// # Ok::<(), payhook::KeyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Receiver<G> {
    gateway: G,
    body_limit: usize,
}

impl Receiver<B2binpay> {
    /// An endpoint for B2BINPAY or Coinsbuy.
    #[must_use]
    pub fn b2binpay(verifier: Verifier) -> Self {
        Self::new(B2binpay {
            verifier,
            sources: None,
            lookup: None,
        })
    }
}

impl<L> Receiver<B2binpay<L>> {
    /// Proves unsigned callbacks of *deposits* by asking the gateway's API.
    #[must_use]
    pub fn look_up_deposits<M>(self, lookup: M) -> Receiver<B2binpay<M>> {
        let B2binpay {
            verifier, sources, ..
        } = self.gateway;
        Receiver {
            gateway: B2binpay {
                verifier,
                sources,
                lookup: Some(lookup),
            },
            body_limit: self.body_limit,
        }
    }

    /// Takes unsigned callbacks without a transfer from these addresses, where
    /// no look-up is there for them. Weak: nothing of them is proven, and
    /// nothing settles.
    #[must_use]
    pub fn accept_unsigned_from(mut self, ranges: AddressRanges) -> Self {
        self.gateway.sources = Some(ranges);
        self
    }
}

impl<L> Receiver<CityPay<L>> {
    /// An endpoint for CityPay.io. Orders are proven by the order endpoint,
    /// which `lookup` asks; deposits as far as the account says.
    #[must_use]
    pub fn citypay(account: Account, lookup: L) -> Self {
        Self::new(CityPay { account, lookup })
    }
}

impl<G> Receiver<G> {
    fn new(gateway: G) -> Self {
        Self {
            gateway,
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }

    /// Reads bodies of at most this many bytes; [`DEFAULT_BODY_LIMIT`] unless
    /// set. A server should stop reading there, too.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Parses, proves and hands over one body.
    ///
    /// `peer` is the socket's peer, or what a proxy of the merchant's own
    /// forwards; it matters only where addresses are evidence.
    pub fn receive<H>(&self, body: &[u8], peer: Option<IpAddr>, handler: &H) -> Reply
    where
        G: Prove,
        H: Handler<Callback> + ?Sized,
    {
        let disposition = match self.gateway.prove(self.post(body, peer)) {
            Ok(callback) => {
                let outcome = callback.event().outcome();
                Disposition::handled(outcome, handler.handle(callback))
            }
            Err(disposition) => disposition,
        };
        Reply { disposition }
    }

    /// [`receive`](Self::receive) for asynchronous handlers and look-ups.
    pub async fn receive_async<H>(&self, body: &[u8], peer: Option<IpAddr>, handler: &H) -> Reply
    where
        G: AsyncProve,
        H: AsyncHandler<Callback>,
    {
        let disposition = match self.gateway.prove(self.post(body, peer)).await {
            Ok(callback) => {
                let outcome = callback.event().outcome();
                Disposition::handled(outcome, handler.handle(callback).await)
            }
            Err(disposition) => disposition,
        };
        Reply { disposition }
    }

    fn post<'a>(&self, body: &'a [u8], peer: Option<IpAddr>) -> Post<'a> {
        Post {
            body,
            limit: self.body_limit,
            peer,
        }
    }
}

/// What to answer the gateway, and what happened.
#[derive(Debug)]
pub struct Reply {
    disposition: Disposition,
}

impl Reply {
    /// The HTTP status.
    ///
    /// | status | means |
    /// |---|---|
    /// | 200 | handled |
    /// | 400 | unreadable |
    /// | 401 | not proven |
    /// | 413 | too large |
    /// | 422 | readable, but of a kind that is not known |
    /// | 500 | the handler failed; the gateway sends again |
    /// | 503 | the look-up failed; the gateway sends again |
    #[must_use]
    pub fn status(&self) -> u16 {
        self.disposition.http_status()
    }

    /// The body to answer with: always empty. A sender who is refused learns
    /// nothing but the status.
    #[must_use]
    pub fn body(&self) -> &'static [u8] {
        &[]
    }

    /// What happened, for the merchant's log.
    #[must_use]
    pub fn disposition(&self) -> &Disposition {
        &self.disposition
    }

    /// What happened, by value.
    #[must_use]
    pub fn into_disposition(self) -> Disposition {
        self.disposition
    }
}

/// What became of a body.
#[derive(Debug)]
#[non_exhaustive]
pub enum Disposition {
    /// Proven, and the handler took it.
    #[non_exhaustive]
    Handled {
        /// What it came to, as the handler was given it: whatever it resolved
        /// afterwards is not in here.
        outcome: Fact<Outcome>,
    },
    /// Proven, and the handler failed.
    HandlerFailed(HandlerError),
    /// A look-up of the merchant's failed, or its answer says nothing; nothing
    /// was handed over.
    LookupFailed(HandlerError),
    /// Readable and not proven; nothing was handed over. An unsigned
    /// callback is inside its error.
    NotProven(VerifyError),
    /// Not readable; nothing was handed over.
    Unreadable(ParseError),
}

impl Disposition {
    fn handled<E: Into<HandlerError>>(outcome: Fact<Outcome>, result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Handled { outcome },
            Err(error) => Self::HandlerFailed(error.into()),
        }
    }

    fn lookup_failed<E: Into<HandlerError>>(error: E) -> Self {
        Self::LookupFailed(error.into())
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Handled { .. } => 200,
            Self::HandlerFailed(_) => 500,
            Self::LookupFailed(_) => 503,
            Self::NotProven(error) => error.http_status(),
            Self::Unreadable(error) => error.http_status(),
        }
    }

    /// Whose fault it is, most likely; `None` if all went well.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Handled { .. } => None,
            Self::HandlerFailed(_) | Self::LookupFailed(_) => Some(Fault::Operator),
            Self::NotProven(error) => Some(error.fault()),
            Self::Unreadable(error) => Some(error.fault()),
        }
    }

    /// What to try; `None` if all went well.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Handled { .. } => None,
            Self::HandlerFailed(_) => Some("see the handler's error; the gateway will send again"),
            Self::LookupFailed(_) => Some("see the look-up's error; the gateway will send again"),
            Self::NotProven(error) => Some(error.hint()),
            Self::Unreadable(error) => Some(error.hint()),
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handled { outcome } => write!(f, "handled: {outcome}"),
            Self::HandlerFailed(error) => with_sources(f, "the handler failed", &**error),
            Self::LookupFailed(error) => with_sources(f, "the look-up failed", &**error),
            Self::NotProven(error) => write!(f, "not proven: {error}"),
            Self::Unreadable(error) => write!(f, "unreadable: {error}"),
        }
    }
}

impl From<ParseError> for Disposition {
    fn from(error: ParseError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<VerifyError> for Disposition {
    /// An answer that says nothing is a look-up that failed.
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::AnswerRefused { .. } | VerifyError::AnswerUnreadable(_) => {
                Self::LookupFailed(error.into())
            }
            _ => Self::NotProven(error),
        }
    }
}

/// An error with all that it came from: few errors repeat their source.
fn with_sources(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    error: &(dyn std::error::Error + 'static),
) -> fmt::Result {
    write!(f, "{what}: {error}")?;
    let mut source = error.source();
    while let Some(error) = source {
        write!(f, ": {error}")?;
        source = error.source();
    }
    Ok(())
}
