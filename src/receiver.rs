//! [`Receiver`]: the whole flow, from posted bytes to an HTTP status, as one
//! call.

mod gateway;
mod lookup;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "receiver/no_trace.rs"]
mod trace;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::ready;
use std::net::IpAddr;

use crate::address::AddressRanges;
use crate::b2binpay::Verifier;
use crate::callback::Callback;
use crate::citypay::Account;
use crate::error::{Fault, ParseError, VerifyError};
use crate::event::Fact;
use crate::guard::{AsyncGuard, Claim, ClaimToken, Guard, IdempotencyKeys, Lease, MemoryGuard};
use crate::handler::{AsyncHandler, Handler, HandlerError};
use crate::outcome::Outcome;
use crate::read::DEFAULT_BODY_LIMIT;
use crate::verified::Verified;

pub use gateway::{AsyncProve, B2binpay, CityPay, Prove};
pub use lookup::{
    AsyncDepositLookup, AsyncOrderLookup, DepositLookup, NoLookup, OrderLookup, TokenUse,
};

use gateway::Post;
use trace::Trace;

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
///
/// What is proven passes its [`Guard`]: the same news is handed over once. Until
/// it is given another one, a receiver remembers in [memory](MemoryGuard).
///
/// ```
/// # use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// # use payhook::{Callback, HandlerError, Receiver, Verified, handler_fn};
/// # let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// # let receiver = Receiver::b2binpay(Verifier::new(key, TrackingIds::Lettered));
/// # let handler = handler_fn(|_: Verified<Callback>| Ok::<(), HandlerError>(()));
/// let body = include_bytes!("../examples/bodies/b2binpay-deposit-confirmed.json");
/// assert_eq!(receiver.receive(body, None, &handler).disposition().to_string(), "handled: settled");
/// assert_eq!(receiver.receive(body, None, &handler).disposition().to_string(), "handled before");
/// # Ok::<(), payhook::KeyError>(())
/// ```
///
/// # Tracing
///
/// With the feature `tracing`, each body has a span `callback` (target
/// `payhook`) that your handler and look-ups run in, with the fields `gateway`,
/// `endpoint` and `status`, and once it is proven `kind`, `outcome` (both with a
/// `?` behind what is only reported), `evidence` and the merchant's name of the
/// `key`. One event says what became of it, with `status`, `error`, `fault` and
/// `hint`: at `ERROR` where you have to do something, at `WARN` where the sender
/// would or another delivery is under way, at `INFO` where all is well.
///
/// No secret, signature, token, reference, address or body is in there, nor the
/// errors of your own handler, guard and look-ups, which may quote one: log
/// those yourself, from the [`Disposition`].
#[derive(Debug, Clone)]
pub struct Receiver<G, D = MemoryGuard> {
    gateway: G,
    guard: D,
    endpoint: Cow<'static, str>,
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

impl<L, D> Receiver<B2binpay<L>, D> {
    /// Proves unsigned callbacks of *deposits* by asking the gateway's API.
    #[must_use]
    pub fn look_up_deposits<M>(self, lookup: M) -> Receiver<B2binpay<M>, D> {
        let B2binpay {
            verifier, sources, ..
        } = self.gateway;
        Receiver {
            gateway: B2binpay {
                verifier,
                sources,
                lookup: Some(lookup),
            },
            guard: self.guard,
            endpoint: self.endpoint,
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
            guard: MemoryGuard::new(),
            endpoint: Cow::Borrowed(""),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }
}

impl<G, D> Receiver<G, D> {
    /// Remembers with another guard: Redis or PostgreSQL where there are several
    /// processes, [`HandlerClaims`](crate::HandlerClaims) where the handler
    /// claims in its own transaction.
    #[must_use]
    pub fn guard<E>(self, guard: E) -> Receiver<G, E> {
        Receiver {
            gateway: self.gateway,
            guard,
            endpoint: self.endpoint,
            body_limit: self.body_limit,
        }
    }

    /// The name that this endpoint's claims stand under, `""` unless set. See
    /// [`idempotency_keys`](Verified::idempotency_keys): endpoints that share a
    /// signing key must share it.
    #[must_use]
    pub fn endpoint(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            endpoint: name.into(),
            ..self
        }
    }

    /// Reads bodies of at most this many bytes; [`DEFAULT_BODY_LIMIT`] unless
    /// set. A server should stop reading there, too; `receive_http` (feature
    /// `http`) does.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Parses, proves, claims and hands over one body.
    ///
    /// `peer` is the socket's peer, or what a proxy of the merchant's own
    /// forwards; it matters only where addresses are evidence.
    ///
    /// Until the handler returns, the claim is in flight: it is completed if the
    /// handler succeeds and released if it fails. A handler that panics leaves
    /// it to its lease.
    pub fn receive<H>(&self, body: &[u8], peer: Option<IpAddr>, handler: &H) -> Reply
    where
        G: Prove,
        D: Guard,
        H: Handler<Callback> + ?Sized,
    {
        let trace = Trace::new(G::GATEWAY, &self.endpoint);
        let flow = || {
            let callback = self.gateway.prove(self.post(body, peer))?;
            trace.proven(&callback);
            let claim = self.guard.claim(&self.keys(&callback));
            let token = Disposition::fresh(claim)?;
            let outcome = callback.event().outcome();
            match handler.handle(callback) {
                Ok(()) => Disposition::recorded(outcome, self.guard.complete(token)),
                Err(error) => {
                    // What can't be released runs out.
                    let _ = self.guard.release(token);
                    Err(Disposition::HandlerFailed(error.into()))
                }
            }
        };
        trace.end(Reply::of(trace.inside(flow)))
    }

    /// [`receive`](Self::receive) for asynchronous handlers, guards and
    /// look-ups. A future that is dropped while the handler runs leaves the
    /// claim to its lease.
    pub async fn receive_async<H>(&self, body: &[u8], peer: Option<IpAddr>, handler: &H) -> Reply
    where
        G: AsyncProve,
        D: AsyncGuard,
        H: AsyncHandler<Callback>,
    {
        self.receive_read(ready(Ok(body)), peer, handler).await
    }

    /// `receive_async` for a body that has to be read first.
    pub(crate) async fn receive_read<B, H>(
        &self,
        body: impl Future<Output = Result<B, Disposition>>,
        peer: Option<IpAddr>,
        handler: &H,
    ) -> Reply
    where
        B: AsRef<[u8]>,
        G: AsyncProve,
        D: AsyncGuard,
        H: AsyncHandler<Callback>,
    {
        let trace = Trace::new(G::GATEWAY, &self.endpoint);
        let flow = async {
            let body = body.await?;
            let callback = self.gateway.prove(self.post(body.as_ref(), peer)).await?;
            trace.proven(&callback);
            let claim = self.guard.claim(&self.keys(&callback)).await;
            let token = Disposition::fresh(claim)?;
            let outcome = callback.event().outcome();
            // Before the next await: not every error can be sent to another thread.
            let result = handler.handle(callback).await.map_err(Into::into);
            match result {
                Ok(()) => Disposition::recorded(outcome, self.guard.complete(token).await),
                Err(error) => {
                    // What can't be released runs out.
                    let _ = self.guard.release(token).await;
                    Err(Disposition::HandlerFailed(error))
                }
            }
        };
        let result = trace.around(flow).await;
        trace.end(Reply::of(result))
    }

    #[cfg(feature = "http")]
    pub(crate) fn limit(&self) -> usize {
        self.body_limit
    }

    fn keys(&self, callback: &Verified<Callback>) -> IdempotencyKeys {
        callback.idempotency_keys(&self.endpoint)
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
    fn of(result: Result<Disposition, Disposition>) -> Self {
        let (Ok(disposition) | Err(disposition)) = result;
        Self { disposition }
    }

    /// The HTTP status.
    ///
    /// | status | means |
    /// |---|---|
    /// | 200 | handled, now or before |
    /// | 400 | unreadable, or broken off |
    /// | 401 | not proven |
    /// | 405 | not a POST |
    /// | 409 | older than the guard's memory: nobody can say whether it was handled |
    /// | 413 | too large |
    /// | 422 | readable, but of a kind that is not known |
    /// | 500 | the handler failed; the gateway sends again |
    /// | 503 | the look-up or the guard failed, or another delivery of it is being handled; the gateway sends again |
    ///
    /// *In flight* is 503, not 409: the same request will be answered with 200
    /// a moment later, and if the one who handles it dies, this one is needed
    /// again. A 4xx says that repeating it is of no use, which is true of what
    /// is beyond the horizon.
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
    /// Proven, and unknown to the guard, but older than what the guard has
    /// forgotten; nothing was handed over. For a person to look at.
    BeyondHorizon,
    /// The body broke off while it was read; nothing was handed over. Only
    /// where the receiver itself reads it: feature `http`.
    BrokenOff(HandlerError),
    /// Proven, and handled before; nothing was handed over.
    Duplicate,
    /// Proven, but the guard can't be asked; nothing was handed over.
    GuardFailed(HandlerError),
    /// Proven, and the handler failed.
    HandlerFailed(HandlerError),
    /// Proven, and another delivery of it is being handled; nothing was handed
    /// over.
    InFlight,
    /// A look-up of the merchant's failed, or its answer says nothing; nothing
    /// was handed over.
    LookupFailed(HandlerError),
    /// The request is no POST and can't be a callback. Feature `http`.
    NotPost,
    /// Readable and not proven; nothing was handed over. An unsigned
    /// callback is inside its error.
    NotProven(VerifyError),
    /// Not readable; nothing was handed over.
    Unreadable(ParseError),
    /// Proven, and the handler took it, but the guard could not note that: the
    /// next delivery of it may be handed over as well.
    #[non_exhaustive]
    Unrecorded {
        /// As in [`Handled`](Self::Handled).
        outcome: Fact<Outcome>,
        /// [`LeaseLost`], or what keeps the guard from answering.
        error: HandlerError,
    },
}

/// The handler took longer than its lease, and somebody else may have handled
/// the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler took longer than its lease")]
#[non_exhaustive]
pub struct LeaseLost;

impl Disposition {
    fn fresh<E: Into<HandlerError>>(claim: Result<Claim, E>) -> Result<ClaimToken, Self> {
        match claim {
            Ok(Claim::Fresh(token)) => Ok(token),
            Ok(Claim::BeyondHorizon) => Err(Self::BeyondHorizon),
            Ok(Claim::Done) => Err(Self::Duplicate),
            Ok(Claim::InFlight) => Err(Self::InFlight),
            Err(error) => Err(Self::GuardFailed(error.into())),
        }
    }

    /// Answered with 200 in any case: it *is* handled, and to ask for it again
    /// would have it handled twice.
    fn recorded<E: Into<HandlerError>>(
        outcome: Fact<Outcome>,
        lease: Result<Lease, E>,
    ) -> Result<Self, Self> {
        let error = match lease {
            Ok(Lease::Held) => return Ok(Self::Handled { outcome }),
            Ok(Lease::Lost) => LeaseLost.into(),
            Err(error) => error.into(),
        };
        Err(Self::Unrecorded { outcome, error })
    }

    fn lookup_failed<E: Into<HandlerError>>(error: E) -> Self {
        Self::LookupFailed(error.into())
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Handled { .. } | Self::Duplicate | Self::Unrecorded { .. } => 200,
            Self::BrokenOff(_) => 400,
            Self::NotPost => 405,
            Self::BeyondHorizon => 409,
            Self::HandlerFailed(_) => 500,
            Self::GuardFailed(_) | Self::InFlight | Self::LookupFailed(_) => 503,
            Self::NotProven(error) => error.http_status(),
            Self::Unreadable(error) => error.http_status(),
        }
    }

    /// Whose fault it is, most likely; `None` if all went well.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Handled { .. } | Self::Duplicate | Self::InFlight => None,
            Self::BeyondHorizon | Self::BrokenOff(_) | Self::NotPost => Some(Fault::Sender),
            Self::GuardFailed(_)
            | Self::HandlerFailed(_)
            | Self::LookupFailed(_)
            | Self::Unrecorded { .. } => Some(Fault::Operator),
            Self::NotProven(error) => Some(error.fault()),
            Self::Unreadable(error) => Some(error.fault()),
        }
    }

    /// What to try; `None` if all went well.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Handled { .. } | Self::Duplicate => None,
            Self::InFlight => Some("nothing: the gateway will send again"),
            Self::BeyondHorizon => Some(
                "look the payment up: the guard has forgotten callbacks that are newer than this \
                 one; a longer retention keeps more",
            ),
            Self::BrokenOff(_) => Some(
                "if it goes on, compare the limits and timeouts of what stands in front of this \
                 endpoint",
            ),
            Self::GuardFailed(_) => Some("see the guard's error; the gateway will send again"),
            Self::HandlerFailed(_) => Some("see the handler's error; the gateway will send again"),
            Self::LookupFailed(_) => Some("see the look-up's error; the gateway will send again"),
            Self::NotPost => Some(
                "gateways post; if theirs arrive like this, look for a redirect in front of this \
                 endpoint: it turns a POST into a GET",
            ),
            Self::NotProven(error) => Some(error.hint()),
            Self::Unreadable(error) => Some(error.hint()),
            Self::Unrecorded { .. } => {
                Some("compare with the ledger: another delivery of this may be handled, too")
            }
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handled { outcome } => write!(f, "handled: {outcome}"),
            Self::BeyondHorizon => f.write_str("older than the guard's memory"),
            Self::BrokenOff(error) => write!(f, "the body broke off: {}", Chain(&**error)),
            Self::Duplicate => f.write_str("handled before"),
            Self::GuardFailed(error) => write!(f, "the guard failed: {}", Chain(&**error)),
            Self::InFlight => f.write_str("being handled by another delivery"),
            Self::HandlerFailed(error) => write!(f, "the handler failed: {}", Chain(&**error)),
            Self::LookupFailed(error) => write!(f, "the look-up failed: {}", Chain(&**error)),
            Self::NotPost => f.write_str("not a POST"),
            Self::NotProven(error) => write!(f, "not proven: {error}"),
            Self::Unreadable(error) => write!(f, "unreadable: {error}"),
            Self::Unrecorded { outcome, error } => {
                let error = Chain(&**error);
                write!(f, "handled: {outcome}, but not recorded: {error}")
            }
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
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
