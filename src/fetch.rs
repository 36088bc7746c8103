//! [`Fetch`]: the one thing that lookups need of an HTTP client.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
#[cfg(feature = "reqwest")]
use std::time::Duration;

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

/// How long the whole answer may take.
#[cfg(feature = "reqwest")]
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an answer may be, in bytes.
#[cfg(feature = "reqwest")]
const ANSWER_LIMIT: usize = 1024 * 1024;

/// One GET, whose answer is waited for no longer than 10 s and read no further
/// than 1 MiB, whatever its status. Feature `reqwest`.
///
/// Redirects are followed as the client's own policy says; a client made with
/// `reqwest::redirect::Policy::none()` follows none, and is the one to take
/// where the client has default headers with a token. The errors show no
/// address.
///
/// ```
/// use payhook::citypay::{Account, Gateway};
///
/// let client = payhook::reqwest::Client::new();
/// let gateway = Gateway::new(Account::new("5120")?, client);
/// # let _ = gateway;
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[cfg(feature = "reqwest")]
impl Fetch for reqwest::Client {
    async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        let request = Self::get(self, url).timeout(PATIENCE);
        let answer = request.send().await;
        let mut answer = answer.map_err(reqwest::Error::without_url)?;
        let is_announced = |length| usize::try_from(length).map_or(true, |it| it > ANSWER_LIMIT);
        if answer.content_length().is_some_and(is_announced) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            if chunk.len() > ANSWER_LIMIT.saturating_sub(body.len()) {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

#[cfg(feature = "reqwest")]
fn too_long() -> BoxError {
    format!("the answer is longer than {ANSWER_LIMIT} bytes").into()
}
