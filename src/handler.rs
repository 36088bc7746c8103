//! [`Handler`]: the application's callback handler.

use std::future::{Future, Ready, ready};
use std::sync::Arc;

use crate::callback::Callback;
use crate::fetch::BoxError;
use crate::ledger::PaymentKey;

/// Handles verified callbacks where payments are not kept in a
/// [`Ledger`](crate::Ledger): for example, a handler fills a queue or credits in
/// another system.
///
/// Only verified callbacks can be passed to a handler, which the types ensure:
///
/// ```compile_fail,E0308
/// use payhook::{Handler, Unverified, b2binpay::Callback};
/// async fn hand_over<H: Handler>(handler: &H, callback: Unverified<b2binpay::Callback>) {
///     let _ = handler.handle(callback).await;
/// }
/// ```
///
/// ```
/// use payhook::{Callback, Handler};
/// async fn hand_over<H: Handler>(handler: &H, callback: Callback) {
///     let _ = handler.handle(callback).await;
/// }
/// ```
///
/// [`handler_fn`] turns a closure into a handler. See
/// [`Idempotent`](crate::endpoint::Idempotent) for the idempotency store in front of it, which
/// drops duplicates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for verified callbacks",
    note = "wrap a closure that returns a future in `payhook::handler_fn`"
)]
pub trait Handler: Send + Sync {
    /// Handles one verified callback.
    ///
    /// An unknown payment or a different amount needs manual review: record it and
    /// return `Ok`. An error only makes the gateway retry.
    ///
    /// # Errors
    ///
    /// Any error that prevents handling it. The endpoint responds with 500, and the
    /// gateway retries.
    fn handle(&self, callback: Callback) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Returns whether this reference is the merchant's own. It is called for the
    /// unsigned callbacks of CityPay.io before the order endpoint is queried: they
    /// are refused until this is implemented (or given to [`HandlerFn::known`]). It
    /// is not called for callbacks of B2BINPAY.
    ///
    /// # Errors
    ///
    /// Any error that prevents the check. The endpoint responds with 503.
    fn is_known(&self, key: &PaymentKey) -> impl Future<Output = Result<bool, BoxError>> + Send {
        let _ = key;
        async { Ok(false) }
    }
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<H: Handler + ?Sized> Handler for $Pointer {
            fn handle(
                &self,
                callback: Callback,
            ) -> impl Future<Output = Result<(), BoxError>> + Send {
                (**self).handle(callback)
            }

            fn is_known(
                &self,
                key: &PaymentKey,
            ) -> impl Future<Output = Result<bool, BoxError>> + Send {
                (**self).is_known(key)
            }
        }
    )+};
}

pass_through!(&H, Box<H>, Arc<H>);

/// A closure as a [`Handler`]. See [`handler_fn`], which makes it.
#[derive(Debug, Clone, Copy)]
pub struct HandlerFn<F, K = fn(PaymentKey) -> Ready<Result<bool, BoxError>>> {
    handle: F,
    known: K,
}

/// Creates a handler from a closure that returns a future. The closure may own
/// resources, such as a pool or a channel.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use payhook::{handler_fn, BoxError, Callback};
///
/// let count = Arc::new(AtomicUsize::new(0)); // your pool, your queue
/// let handler = handler_fn(move |callback: Callback| {
///     let count = Arc::clone(&count);
///     async move {
///         println!("{}", callback.event().outcome());
///         count.fetch_add(1, Ordering::Relaxed);
///         Ok::<(), BoxError>(())
///     }
/// });
/// # fn is_handler<H: payhook::Handler>(_: &H) {}
/// # is_handler(&handler);
/// ```
pub fn handler_fn<F, R, E>(handle: F) -> HandlerFn<F>
where
    F: Fn(Callback) -> R + Send + Sync,
    R: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    HandlerFn {
        handle,
        // Without a check, no reference is known.
        known: |_| ready(Ok(false)),
    }
}

impl<F> HandlerFn<F> {
    /// Sets the check for the merchant's own references: see [`Handler::is_known`].
    ///
    /// ```
    /// use payhook::{handler_fn, BoxError, Callback, ledger::PaymentKey};
    ///
    /// let handler = handler_fn(async |_: Callback| Ok::<(), BoxError>(()))
    ///     // From your own database.
    ///     .known(|key: PaymentKey| async move { Ok::<_, BoxError>(key.reference == "tok_4f9c1b7e") });
    /// # fn is_handler<H: payhook::Handler>(_: &H) {}
    /// # is_handler(&handler);
    /// ```
    pub fn known<K, R, E>(self, known: K) -> HandlerFn<F, K>
    where
        K: Fn(PaymentKey) -> R + Send + Sync,
        R: Future<Output = Result<bool, E>> + Send,
        E: Into<BoxError>,
    {
        HandlerFn {
            handle: self.handle,
            known,
        }
    }
}

impl<F, R, E, K, S, T> Handler for HandlerFn<F, K>
where
    F: Fn(Callback) -> R + Send + Sync,
    R: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
    K: Fn(PaymentKey) -> S + Send + Sync,
    S: Future<Output = Result<bool, T>> + Send,
    T: Into<BoxError>,
{
    async fn handle(&self, callback: Callback) -> Result<(), BoxError> {
        (self.handle)(callback).await.map_err(Into::into)
    }

    async fn is_known(&self, key: &PaymentKey) -> Result<bool, BoxError> {
        (self.known)(key.clone()).await.map_err(Into::into)
    }
}
