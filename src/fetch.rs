//! [`Fetch`]: the one thing that lookups need of an HTTP client.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

/// Any error of the merchant's code.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// One GET with the merchant's own HTTP client.
///
/// With the feature `reqwest`, `reqwest::Client` is one.
///
/// ```
/// use payhook::{BoxError, Fetch};
///
/// struct Recorded(&'static [u8]); // for a test
///
/// impl Fetch for Recorded {
///     async fn get(&self, _url: &str) -> Result<Vec<u8>, BoxError> {
///         Ok(self.0.to_vec())
///     }
/// }
/// # let _ = Recorded(b"{}").0;
/// ```
pub trait Fetch: Send + Sync {
    /// The body of the answer, untouched and whatever its status: the gateways
    /// report their errors in it.
    ///
    /// Bound it in time and size. Clients' errors often show the address, which
    /// can have a token in it: take it out before a log shows it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the answer from being had.
    fn get(&self, url: &str) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

/// No HTTP client: there is no value of it.
///
/// It is what a gateway has until it is given one. See [`Fetch`].
#[derive(Debug, Clone, Copy)]
pub enum NoFetch {}

impl Fetch for NoFetch {
    async fn get(&self, _: &str) -> Result<Vec<u8>, BoxError> {
        match *self {}
    }
}

macro_rules! pass_through {
    ($($Pointer:ty),+) => {$(
        impl<F: Fetch + ?Sized> Fetch for $Pointer {
            fn get(&self, url: &str) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send {
                (**self).get(url)
            }
        }
    )+};
}

pass_through!(&F, Box<F>, Arc<F>);
