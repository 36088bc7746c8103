//! [`Handler`] and [`AsyncHandler`]: the merchant's code behind the proof.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use crate::callback::Callback;
use crate::verified::{Provable, Verified};

/// What a handler, a look-up or a guard failed with: any error at all, and any
/// text.
///
/// ```
/// use payhook::HandlerError;
///
/// fn credit() -> Result<(), HandlerError> {
///     let _amount: u64 = "12".parse()?;
///     Err("the ledger is closed")?
/// }
/// assert_eq!(credit().unwrap_err().to_string(), "the ledger is closed");
/// ```
///
/// It is a type of its own, and not a boxed trait object, since the compiler
/// can't tell that a future which returns one of those may be sent to another
/// thread.
pub struct HandlerError(Box<dyn Error + Send + Sync>);

impl HandlerError {
    /// The error itself.
    #[must_use]
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Deref for HandlerError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The merchant's code for a proven callback.
///
/// It takes the callback by value, and only a [`Verified`] one: what is not
/// proven never gets here. An error makes the receiver answer 500, so that the
/// gateway sends again.
///
/// ```compile_fail,E0308
/// use payhook::{Callback, Handler, Unverified, Verified};
/// fn hand_over<H: Handler>(handler: &H, callback: Unverified<Callback>) {
///     let _ = handler.handle(callback);
/// }
/// ```
///
/// ```
/// use payhook::{Callback, Handler, Unverified, Verified};
/// fn hand_over<H: Handler>(handler: &H, callback: Verified<Callback>) {
///     let _ = handler.handle(callback);
/// }
/// ```
///
/// The same news comes once: a [`Guard`](crate::Guard) stands in front, and its
/// table says how far that holds. What it is worth is for
/// [`Expected`](crate::Expected) to say.
///
/// An order that is unknown, or an amount that differs, is for a person to look
/// at: note it and return `Ok`. An error only makes the gateway repeat itself.
///
/// ```
/// use payhook::{Callback, Handler, Outcome, Verified};
///
/// struct Shop;
///
/// impl Handler for Shop {
///     type Error = std::io::Error;
///
///     fn handle(&self, callback: Verified<Callback>) -> Result<(), Self::Error> {
///         let event = callback.event();
///         if event.outcome().proven() == Some(Outcome::Settled) {
///             // Compare with the order under `event.reference()`, then credit.
///         }
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler for verified callbacks",
    note = "wrap a closure in `payhook::handler_fn`; asynchronous code goes with `receive_async`"
)]
pub trait Handler<C: Provable = Callback> {
    /// What the handler fails with.
    type Error: Into<HandlerError>;

    /// Handles one proven callback.
    ///
    /// # Errors
    ///
    /// Whatever keeps the merchant from handling it for good: the gateway sends
    /// it again.
    fn handle(&self, callback: Verified<C>) -> Result<(), Self::Error>;
}

/// [`Handler`] for asynchronous code. No runtime is asked for; the future has to
/// be `Send`. Unlike [`Handler`] it can't be a trait object.
///
/// ```
/// use payhook::{AsyncHandler, Callback, Verified};
///
/// struct Shop;
///
/// impl AsyncHandler for Shop {
///     type Error = std::io::Error;
///
///     async fn handle(&self, callback: Verified<Callback>) -> Result<(), Self::Error> {
///         let _event = callback.event();
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no asynchronous handler for verified callbacks",
    note = "wrap a closure that returns a future in `payhook::handler_fn`; other code goes with `receive`"
)]
pub trait AsyncHandler<C: Provable = Callback> {
    /// What the handler fails with.
    type Error: Into<HandlerError>;

    /// Handles one proven callback.
    ///
    /// # Errors
    ///
    /// As [`Handler::handle`].
    fn handle(&self, callback: Verified<C>)
    -> impl Future<Output = Result<(), Self::Error>> + Send;
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<C: Provable, H: Handler<C> + ?Sized> Handler<C> for $Pointer {
            type Error = H::Error;

            fn handle(&self, callback: Verified<C>) -> Result<(), Self::Error> {
                (**self).handle(callback)
            }
        }

        impl<C: Provable, H: AsyncHandler<C>> AsyncHandler<C> for $Pointer {
            type Error = H::Error;

            fn handle(
                &self,
                callback: Verified<C>,
            ) -> impl Future<Output = Result<(), Self::Error>> + Send {
                (**self).handle(callback)
            }
        }
    )+};
}

pass_through!(&H, Box<H>, Arc<H>);

/// A closure as a handler; made by [`handler_fn`].
///
/// See [`handler_fn`] for an example.
#[derive(Debug, Clone, Copy)]
pub struct HandlerFn<F>(F);

/// A handler from a closure: a [`Handler`] if it returns a `Result`, an
/// [`AsyncHandler`] if it returns a future of one. The compiler wants the
/// argument's type spelled out.
///
/// ```
/// use payhook::{Callback, Handler, HandlerError, Verified, handler_fn};
///
/// let handler = handler_fn(|callback: Verified<Callback>| -> Result<(), HandlerError> {
///     println!("{}", callback.event().outcome());
///     Ok(())
/// });
/// # fn is_handler<H: Handler<Callback>>(_: &H) {}
/// # is_handler(&handler);
/// ```
pub fn handler_fn<F>(closure: F) -> HandlerFn<F> {
    HandlerFn(closure)
}

impl<C, F, E> Handler<C> for HandlerFn<F>
where
    C: Provable,
    F: Fn(Verified<C>) -> Result<(), E>,
    E: Into<HandlerError>,
{
    type Error = E;

    fn handle(&self, callback: Verified<C>) -> Result<(), E> {
        (self.0)(callback)
    }
}

impl<C, F, R, E> AsyncHandler<C> for HandlerFn<F>
where
    C: Provable,
    F: Fn(Verified<C>) -> R,
    R: Future<Output = Result<(), E>> + Send,
    E: Into<HandlerError>,
{
    type Error = E;

    fn handle(&self, callback: Verified<C>) -> impl Future<Output = Result<(), E>> + Send {
        (self.0)(callback)
    }
}
