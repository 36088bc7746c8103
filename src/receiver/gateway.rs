//! The two gateways' ways from bytes to proof, up to where the merchant's
//! look-up is asked and on from its answer.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use super::Disposition;
use super::lookup::{
    AsyncDepositLookup, AsyncOrderLookup, DepositLookup, NoLookup, OrderLookup, TokenUse,
};
use crate::address::AddressRanges;
use crate::b2binpay::{self, TransferCallback, Verifier};
use crate::callback::Callback;
use crate::citypay::{Account, DepositCallback, OrderCallback, Posted, Token};
use crate::error::VerifyError;
use crate::event::Gateway;
use crate::handler::HandlerError;
use crate::verified::{Sealed, Unverified, Verified};

/// A proven callback, or what is answered instead.
type Proved = Result<Verified<Callback>, Disposition>;

/// A posted body and the socket's peer.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    pub(super) body: &'a [u8],
    pub(super) limit: usize,
    pub(super) peer: Option<IpAddr>,
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Post({} bytes)", self.body.len())
    }
}

/// Which gateway it is, for the log.
pub trait Named: Sealed {
    #[doc(hidden)]
    const GATEWAY: Gateway;
}

/// A gateway whose look-ups, if any, are synchronous. Sealed.
///
/// See [`Receiver::receive`](super::Receiver::receive), which is bound by it.
pub trait Prove: Named {
    #[doc(hidden)]
    fn prove(&self, post: Post<'_>) -> Proved;
}

/// A gateway whose look-ups, if any, are asynchronous. Sealed.
///
/// See [`Receiver::receive_async`](super::Receiver::receive_async), which is bound by it.
pub trait AsyncProve: Named {
    #[doc(hidden)]
    fn prove(&self, post: Post<'_>) -> impl Future<Output = Proved> + Send;
}

/// B2BINPAY or Coinsbuy, for a [`Receiver`](super::Receiver).
///
/// ```
/// use payhook::b2binpay::{Key, TrackingIds, Verifier};
/// use payhook::{B2binpay, Receiver};
///
/// /// What a web framework's state holds.
/// struct State {
///     callbacks: Receiver<B2binpay>,
/// }
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?;
/// let callbacks = Receiver::b2binpay(Verifier::new(key, TrackingIds::Prefixed));
/// let state = State { callbacks };
/// # let _ = state.callbacks;
/// # Ok::<(), payhook::KeyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct B2binpay<L = NoLookup> {
    pub(super) verifier: Verifier,
    pub(super) sources: Option<AddressRanges>,
    pub(super) lookup: Option<L>,
}

/// How a signed gateway's callback goes on.
enum Signed<'l, L> {
    Proven(Verified<Callback>),
    AskForDeposit(&'l L, Unverified<TransferCallback>),
}

impl<L> B2binpay<L> {
    /// Weaker evidence is taken only where it is configured and nothing
    /// stronger is; a look-up that fails is not made up for by an address.
    fn begin(&self, post: Post<'_>) -> Result<Signed<'_, L>, Disposition> {
        let callback = Unverified::<TransferCallback>::parse_within(post.body, post.limit)?;
        let unsigned = match self.verifier.verify(callback) {
            Ok(callback) => return Ok(Signed::Proven(callback.into_callback())),
            Err(VerifyError::Unsigned(callback)) => callback,
            Err(error) => return Err(error.into()),
        };
        if let Some(lookup) = &self.lookup
            && unsigned.unverified().operation.is_deposit()
        {
            let id = &unsigned.unverified().id;
            if !is_numeric_id(id) {
                return Err(VerifyError::Unsigned(unsigned).into());
            }
            return Ok(Signed::AskForDeposit(lookup, *unsigned));
        }
        let Some(ranges) = &self.sources else {
            return Err(VerifyError::Unsigned(unsigned).into());
        };
        let peer = post.peer.ok_or(VerifyError::UnknownPeer)?;
        let callback = b2binpay::prove_by_source_address(*unsigned, peer, ranges)?;
        Ok(Signed::Proven(callback.into_callback()))
    }
}

/// The gateway's ids are digits, and nothing else gets into an address. A number
/// of 64 bits has 20 of them: an id of 32 is nobody's.
fn is_numeric_id(id: &str) -> bool {
    id.len() < 32 && id.bytes().all(|byte| byte.is_ascii_digit())
}

fn with_deposit<E: Into<HandlerError>>(
    callback: Unverified<TransferCallback>,
    answer: Result<Vec<u8>, E>,
) -> Proved {
    let answer = answer.map_err(Disposition::lookup_failed)?;
    Ok(b2binpay::prove_by_deposit(callback, &answer)?.into_callback())
}

impl<L> Sealed for B2binpay<L> {}

impl<L> Named for B2binpay<L> {
    const GATEWAY: Gateway = Gateway::B2binpay;
}

impl<L: DepositLookup> Prove for B2binpay<L> {
    fn prove(&self, post: Post<'_>) -> Proved {
        match self.begin(post)? {
            Signed::Proven(callback) => Ok(callback),
            Signed::AskForDeposit(lookup, callback) => {
                let answer = lookup.fetch(&callback.unverified().id);
                with_deposit(callback, answer)
            }
        }
    }
}

impl<L: AsyncDepositLookup + Sync> AsyncProve for B2binpay<L> {
    async fn prove(&self, post: Post<'_>) -> Proved {
        match self.begin(post)? {
            Signed::Proven(callback) => Ok(callback),
            Signed::AskForDeposit(lookup, callback) => {
                let answer = lookup.fetch(&callback.unverified().id).await;
                with_deposit(callback, answer)
            }
        }
    }
}

/// CityPay.io, for a [`Receiver`](super::Receiver).
///
/// See [`AsyncOrderLookup`] for an example.
#[derive(Debug, Clone)]
pub struct CityPay<L> {
    pub(super) account: Account,
    pub(super) lookup: L,
}

/// How an unsigned gateway's callback goes on.
enum Doorbell {
    Proven(Verified<Callback>),
    Order(Unverified<OrderCallback>, Token),
    /// Proven, if the merchant issued the token.
    Deposit(Verified<Callback>, Token),
}

impl<L> CityPay<L> {
    fn begin(&self, post: Post<'_>) -> Result<Doorbell, Disposition> {
        match Posted::parse_within(post.body, post.limit)? {
            Posted::Order(order) => {
                let token = order.unverified().order_token.as_ref();
                let token = token.ok_or(VerifyError::MissingToken)?.clone();
                Ok(Doorbell::Order(order, token))
            }
            Posted::Deposit(deposit) => self.begin_deposit(deposit, post.peer),
        }
    }

    /// By the address where addresses are evidence, else by the record that is
    /// asked next: with a token, neither counts before that has said yes.
    fn begin_deposit(
        &self,
        deposit: Unverified<DepositCallback>,
        peer: Option<IpAddr>,
    ) -> Result<Doorbell, Disposition> {
        let token = deposit.unverified().deposit_token.clone();
        let by_address = self.account.knows_sources();
        let deposit = match (&token, peer) {
            (_, Some(peer)) if by_address => self
                .account
                .prove_deposit_by_source_address(deposit, peer)?,
            (Some(_), None) if by_address => return Err(VerifyError::UnknownPeer.into()),
            (Some(token), _) => self
                .account
                .prove_deposit_by_record(deposit, token.as_str())?,
            (None, _) => return Err(VerifyError::MissingToken.into()),
        };
        let deposit = deposit.into_callback();
        Ok(match token {
            Some(token) => Doorbell::Deposit(deposit, token),
            // Nobody's, but from the gateway: for a person to look at.
            None => Doorbell::Proven(deposit),
        })
    }

    fn with_answer<E: Into<HandlerError>>(
        &self,
        order: Unverified<OrderCallback>,
        issued: &str,
        answer: Result<Vec<u8>, E>,
    ) -> Proved {
        let answer = answer.map_err(Disposition::lookup_failed)?;
        Ok(self
            .account
            .prove_order(order, issued, &answer)?
            .into_callback())
    }
}

/// The merchant's answer to *did you issue this?*
fn issued<E: Into<HandlerError>>(answer: Result<bool, E>) -> Result<(), Disposition> {
    if answer.map_err(Disposition::lookup_failed)? {
        Ok(())
    } else {
        Err(VerifyError::NotIssued.into())
    }
}

impl<L> Sealed for CityPay<L> {}

impl<L> Named for CityPay<L> {
    const GATEWAY: Gateway = Gateway::CityPay;
}

impl<L: OrderLookup> Prove for CityPay<L> {
    fn prove(&self, post: Post<'_>) -> Proved {
        match self.begin(post)? {
            Doorbell::Proven(callback) => Ok(callback),
            Doorbell::Order(order, token) => {
                let token = token.as_str();
                issued(self.lookup.is_issued(TokenUse::Order(token)))?;
                self.with_answer(order, token, self.lookup.fetch(token))
            }
            Doorbell::Deposit(deposit, token) => {
                let token = token.as_str();
                issued(self.lookup.is_issued(TokenUse::Deposit(token)))?;
                Ok(deposit)
            }
        }
    }
}

impl<L: AsyncOrderLookup + Sync> AsyncProve for CityPay<L> {
    async fn prove(&self, post: Post<'_>) -> Proved {
        match self.begin(post)? {
            Doorbell::Proven(callback) => Ok(callback),
            Doorbell::Order(order, token) => {
                let token = token.as_str();
                issued(self.lookup.is_issued(TokenUse::Order(token)).await)?;
                let answer = self.lookup.fetch(token).await;
                self.with_answer(order, token, answer)
            }
            Doorbell::Deposit(deposit, token) => {
                let token = token.as_str();
                issued(self.lookup.is_issued(TokenUse::Deposit(token)).await)?;
                Ok(deposit)
            }
        }
    }
}
