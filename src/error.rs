//! [`ParseError`], [`VerifyError`] and all other errors: causes, hints, and who has to act.

mod body;
mod config;
mod fault;
mod field;
mod parse;
mod verify;
mod warning;

pub use body::{BodyEncoding, OtherProduct};
pub use config::ConfigError;
pub use fault::Fault;
pub use field::FieldError;
pub use parse::ParseError;
pub use verify::VerifyError;
pub use warning::FieldWarning;

/// Any error of parsing and verification, for callers that treat them alike.
///
/// ```
/// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
/// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
/// # let body = std::fs::read("examples/bodies/b2binpay-refused-tampered.json")?;
/// use payhook::{Callback, Error, Fault};
///
/// let prove = |body: &[u8]| -> Result<Callback, Error> {
///     Ok(verifier.verify(Unverified::parse(body)?)?.into())
/// };
/// let error = prove(&body).err().ok_or("it was tampered with")?;
/// match error.fault() {
///     Fault::Merchant => println!("alert the on-call engineer: {error}; {}", error.hint()),
///     _ => println!("refused: {error}"),
/// }
/// assert_eq!((error.fault(), error.http_status()), (Fault::Sender, 401));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key is invalid.
    #[error(transparent)]
    Key(#[from] ConfigError),
    /// A body cannot be parsed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A callback is not verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Error {
    /// Returns who most likely has to act on the error.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Key(_) => Fault::Merchant,
            Self::Parse(error) => error.fault(),
            Self::Verify(error) => error.fault(),
        }
    }

    /// Returns the HTTP status to respond with; 500 if a key is invalid.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Key(_) => 500,
            Self::Parse(error) => error.http_status(),
            Self::Verify(error) => error.http_status(),
        }
    }

    /// Returns a hint for fixing the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Key(error) => error.hint(),
            Self::Parse(error) => error.hint(),
            Self::Verify(error) => error.hint(),
        }
    }
}
