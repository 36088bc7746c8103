//! The seams for asking back: what the merchant's HTTP client fetches, and
//! which tokens are the merchant's own.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::handler::HandlerError;

/// Fetches a deposit from B2BINPAY's API, to prove an unsigned callback.
///
/// ```
/// use payhook::DepositLookup;
///
/// struct Api;
///
/// impl DepositLookup for Api {
///     type Error = std::io::Error;
///
///     fn fetch(&self, id: &str) -> Result<Vec<u8>, Self::Error> {
///         // GET {api}/deposit/{id} with your credentials; hand over the
///         // answer's bytes, whatever its status.
/// #       let _ = id;
///         Ok(Vec::new())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not look up deposits",
    note = "`receive` wants a `DepositLookup`, `receive_async` an `AsyncDepositLookup`"
)]
pub trait DepositLookup {
    /// What the look-up fails with.
    type Error: Into<HandlerError>;

    /// The API's answer for the deposit with this id, untouched. The id comes
    /// from an unproven body; it is digits and nothing else.
    ///
    /// # Errors
    ///
    /// Whatever keeps the answer from being had; the receiver answers 503, and
    /// the gateway sends again.
    fn fetch(&self, id: &str) -> Result<Vec<u8>, Self::Error>;
}

/// [`DepositLookup`] for asynchronous code.
///
/// See [`DepositLookup`] for an example: `async fn fetch` is all the difference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not look up deposits asynchronously",
    note = "`receive` wants a `DepositLookup`, `receive_async` an `AsyncDepositLookup`"
)]
pub trait AsyncDepositLookup {
    /// What the look-up fails with.
    type Error: Into<HandlerError>;

    /// As [`DepositLookup::fetch`].
    ///
    /// # Errors
    ///
    /// As [`DepositLookup::fetch`].
    fn fetch(&self, id: &str) -> impl Future<Output = Result<Vec<u8>, Self::Error>> + Send;
}

/// A token of CityPay.io and what it would name.
///
/// See [`OrderLookup`] for an example.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum TokenUse<'a> {
    /// A customer's permanent address.
    Deposit(&'a str),
    /// An order.
    Order(&'a str),
}

impl fmt::Debug for TokenUse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deposit(_) => "Deposit(..)",
            Self::Order(_) => "Order(..)",
        })
    }
}

/// Knows the merchant's own CityPay.io tokens, and fetches orders.
///
/// ```
/// use payhook::{OrderLookup, TokenUse, citypay::Environment};
///
/// struct Orders;
///
/// impl OrderLookup for Orders {
///     type Error = std::io::Error;
///
///     fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
///         // Look it up in the merchant's own database.
///         Ok(matches!(token, TokenUse::Order("tok_4f9c1b7e")))
///     }
///
///     fn fetch(&self, token: &str) -> Result<Vec<u8>, Self::Error> {
///         let url = Environment::Production.order_url(token);
///         // GET it with your HTTP client; hand over the answer's bytes,
///         // whatever its status.
/// #       let _ = url;
///         Ok(Vec::new())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not look up orders",
    note = "`receive` wants an `OrderLookup`, `receive_async` an `AsyncOrderLookup`"
)]
pub trait OrderLookup {
    /// What the look-up fails with.
    type Error: Into<HandlerError>;

    /// Whether the merchant issued this token, by the merchant's own record. It
    /// comes from an unproven body; it is not empty and has no control characters.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being known; the receiver answers 503.
    fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error>;

    /// The order endpoint's answer for a token that was issued, untouched; the
    /// error form too. HTTP clients' errors often show the address, and with it
    /// the token: take it out before a log does.
    ///
    /// # Errors
    ///
    /// Whatever keeps the answer from being had; the receiver answers 503, and
    /// the gateway sends again.
    fn fetch(&self, token: &str) -> Result<Vec<u8>, Self::Error>;
}

/// [`OrderLookup`] for asynchronous code.
///
/// ```
/// use payhook::citypay::{Account, Environment};
/// use payhook::{AsyncOrderLookup, CityPay, HandlerError, Receiver, TokenUse};
///
/// struct Orders;
///
/// impl AsyncOrderLookup for Orders {
///     type Error = HandlerError;
///
///     async fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, HandlerError> {
///         Ok(matches!(token, TokenUse::Order("tok_4f9c1b7e"))) // from your database
///     }
///
///     async fn fetch(&self, token: &str) -> Result<Vec<u8>, HandlerError> {
///         let _url = Environment::Production.order_url(token).ok_or("no such order")?;
///         Ok(Vec::new()) // what your HTTP client gets there
///     }
/// }
///
/// let receiver: Receiver<CityPay<Orders>> = Receiver::citypay(Account::new("5120")?, Orders);
/// # let _ = receiver;
/// # Ok::<(), payhook::KeyError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not look up orders asynchronously",
    note = "`receive` wants an `OrderLookup`, `receive_async` an `AsyncOrderLookup`"
)]
pub trait AsyncOrderLookup {
    /// What the look-up fails with.
    type Error: Into<HandlerError>;

    /// As [`OrderLookup::is_issued`].
    ///
    /// # Errors
    ///
    /// As [`OrderLookup::is_issued`].
    fn is_issued(
        &self,
        token: TokenUse<'_>,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// As [`OrderLookup::fetch`].
    ///
    /// # Errors
    ///
    /// As [`OrderLookup::fetch`].
    fn fetch(&self, token: &str) -> impl Future<Output = Result<Vec<u8>, Self::Error>> + Send;
}

/// No look-up: there is no value of it.
///
/// See [`Receiver::b2binpay`](super::Receiver::b2binpay), which is without one.
#[derive(Debug, Clone, Copy)]
pub enum NoLookup {}

impl DepositLookup for NoLookup {
    type Error = Infallible;

    fn fetch(&self, _: &str) -> Result<Vec<u8>, Infallible> {
        match *self {}
    }
}

impl AsyncDepositLookup for NoLookup {
    type Error = Infallible;

    async fn fetch(&self, _: &str) -> Result<Vec<u8>, Infallible> {
        match *self {}
    }
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<L: DepositLookup + ?Sized> DepositLookup for $Pointer {
            type Error = L::Error;

            fn fetch(&self, id: &str) -> Result<Vec<u8>, Self::Error> {
                (**self).fetch(id)
            }
        }

        impl<L: AsyncDepositLookup> AsyncDepositLookup for $Pointer {
            type Error = L::Error;

            fn fetch(&self, id: &str) -> impl Future<Output = Result<Vec<u8>, Self::Error>> + Send {
                (**self).fetch(id)
            }
        }

        impl<L: OrderLookup + ?Sized> OrderLookup for $Pointer {
            type Error = L::Error;

            fn is_issued(&self, token: TokenUse<'_>) -> Result<bool, Self::Error> {
                (**self).is_issued(token)
            }

            fn fetch(&self, token: &str) -> Result<Vec<u8>, Self::Error> {
                (**self).fetch(token)
            }
        }

        impl<L: AsyncOrderLookup> AsyncOrderLookup for $Pointer {
            type Error = L::Error;

            fn is_issued(
                &self,
                token: TokenUse<'_>,
            ) -> impl Future<Output = Result<bool, Self::Error>> + Send {
                (**self).is_issued(token)
            }

            fn fetch(&self, token: &str) -> impl Future<Output = Result<Vec<u8>, Self::Error>> + Send {
                (**self).fetch(token)
            }
        }
    )+};
}

pass_through!(&L, Box<L>, Arc<L>);
