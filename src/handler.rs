//! [`Handler`]: the merchant's code behind the verification.

use std::future::Future;
use std::sync::Arc;

use crate::callback::Callback;
use crate::fetch::BoxError;
use crate::ledger::PaymentKey;

/// The merchant's code for a verified callback, where payments are not kept in a
/// [`Ledger`](crate::Ledger): it fills a queue, or credits in another system.
///
/// Only verified callbacks get here; the type leaves no other way:
///
/// ```compile_fail,E0308
/// use payhook::{Handler, Unverified, b2binpay::TransferCallback};
/// async fn hand_over<H: Handler>(handler: &H, callback: Unverified<TransferCallback>) {
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
/// [`handler_fn`] makes one of a closure. See [`Idempotent`](crate::endpoint::Idempotent)
/// for the store in front of it, by which each event comes once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler for verified callbacks",
    note = "wrap a closure that returns a future in `payhook::handler_fn`"
)]
pub trait Handler: Send + Sync {
    /// Handles one verified callback.
    ///
    /// A payment that is unknown, or an amount that differs, is for a person to
    /// look at: note it and return `Ok`. An error only makes the gateway send it
    /// again.
    ///
    /// # Errors
    ///
    /// Whatever keeps the merchant from handling it for good. The endpoint
    /// answers 500, and the gateway sends it again.
    fn handle(&self, callback: Callback) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Whether this reference is the merchant's own. It is called for unsigned
    /// callbacks of CityPay.io, before the order endpoint is asked: they are refused
    /// until this is implemented (or given to [`HandlerFn::known`]). It is not called
    /// for callbacks of B2BINPAY.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being known. The endpoint answers 503.
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
pub struct HandlerFn<F, K = NothingKnown> {
    handle: F,
    known: K,
}

/// The references that a [`HandlerFn`] knows until it is told: none.
///
/// See [`HandlerFn::known`], which tells it.
#[derive(Debug, Clone, Copy)]
pub struct NothingKnown;

/// A handler from a closure that returns a future. It may own what it needs, such
/// as a pool or a channel.
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
        known: NothingKnown,
    }
}

impl<F> HandlerFn<F> {
    /// Says which references are the merchant's own: see [`Handler::is_known`].
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

impl<F, R, E> Handler for HandlerFn<F, NothingKnown>
where
    F: Fn(Callback) -> R + Send + Sync,
    R: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    async fn handle(&self, callback: Callback) -> Result<(), BoxError> {
        (self.handle)(callback).await.map_err(Into::into)
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
