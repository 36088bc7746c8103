//! [`ConfigError`]: invalid settings.

/// An invalid key or other setting.
///
/// ```
/// use payhook::error::ConfigError;
/// use payhook::b2binpay::Key;
///
/// // Read from a file, with its trailing newline.
/// let error = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1\n").err();
/// assert_eq!(error, Some(ConfigError::SurroundingWhitespace));
/// assert_eq!(
///     ConfigError::SurroundingWhitespace.hint(),
///     "trim the secret when reading it: files often end with a newline",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The callback secret has leading or trailing whitespace: usually a copied space
    /// or a trailing newline.
    #[error("callback secret has leading or trailing whitespace")]
    SurroundingWhitespace,
    /// The CityPay.io customer id is empty; it would equal a missing one.
    #[error("customer id is empty")]
    EmptyCustomerId,
    /// The login is empty.
    #[error("login is empty")]
    EmptyLogin,
    /// The password is empty.
    #[error("password is empty")]
    EmptyPassword,
    /// The callback secret is empty: anyone could sign with it.
    #[error("callback secret is empty")]
    EmptySecret,
    /// The callback secret is enclosed in quotes: Docker's `--env-file` keeps them, for
    /// example.
    #[error("callback secret is enclosed in quotes")]
    QuotedSecret,
    /// The declaration of [`TrackingIds`](crate::b2binpay::TrackingIds) is unknown.
    #[error(
        "unknown form of tracking ids: expected prefixed, uuid, length=N, unused or unrestricted"
    )]
    TrackingIds,
}

impl ConfigError {
    /// Returns a hint for fixing the error.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SurroundingWhitespace => {
                "trim the secret when reading it: files often end with a newline"
            }
            Self::EmptyCustomerId => "set the customer id shown in the CityPay.io dashboard",
            Self::EmptyLogin | Self::EmptyPassword => {
                "set both the API key and the API secret that the v2 integration logs in with"
            }
            Self::EmptySecret => "check that the environment variable or file is set and not empty",
            Self::QuotedSecret => "remove the quotes: they are not part of the secret",
            Self::TrackingIds => "declare the form of your own tracking ids: see `TrackingIds`",
        }
    }
}
