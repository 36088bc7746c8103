//! [`Fetch`]: the HTTP client interface for lookups.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
#[cfg(feature = "reqwest")]
use std::time::Duration;

/// Any error of the application's code.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A GET request with the application's own HTTP client.
///
/// With the feature `reqwest`, `reqwest::Client` implements it.
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
    /// Returns the unmodified body of the response, whatever its status: the gateways
    /// report errors in the body.
    ///
    /// Limit its time and size. The errors of HTTP clients often contain the URL,
    /// which may contain a token: remove it before logging.
    ///
    /// # Errors
    ///
    /// Any error that prevents getting the response.
    fn get(&self, url: &str) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

/// The absence of an HTTP client: a gateway has this type until a client is set.
impl Fetch for Infallible {
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

/// The time limit for the whole response.
#[cfg(feature = "reqwest")]
const PATIENCE: Duration = Duration::from_secs(10);

/// The size limit of a response, in bytes.
#[cfg(feature = "reqwest")]
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Sends a GET request and reads a response of any status but a redirect, with limits of
/// 10 s and 1 MiB. Feature `reqwest`.
///
/// Redirects follow the client's own policy; use a client with
/// `reqwest::redirect::Policy::none()` if it has default headers with a token. Errors
/// do not contain the URL.
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
        if answer.status().is_redirection() {
            return Err(format!("the gateway redirects ({})", answer.status()).into());
        }
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
    format!("response is longer than {ANSWER_LIMIT} bytes").into()
}
