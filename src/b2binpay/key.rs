//! [`Key`]: a signing key.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::constant_time::never_equal;
use crate::error::ConfigError;
use crate::verified::SignatureScheme;

/// HMAC-SHA256, initialized with its key; wiped when dropped.
pub(crate) type KeyedMac = Hmac<Sha256>;

/// A signing key of B2BINPAY or Coinsbuy, with a name chosen by the merchant.
///
/// It stores the keyed MAC instead of the secret. It cannot be shown, compared or
/// serialized, and is wiped from memory when dropped.
///
/// ```
/// use payhook::b2binpay::Key;
///
/// let key = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?.with_name("production");
/// assert_eq!(format!("{key:?}"), r#"Key { name: "production", scheme: CallbackSecret, .. }"#);
///
/// let error = Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1\n").unwrap_err();
/// assert_eq!(error.to_string(), "callback secret has leading or trailing whitespace");
/// # Ok::<(), payhook::error::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Key {
    name: Arc<str>,
    scheme: SignatureScheme,
    mac: KeyedMac,
}

never_equal!(Key, KeyedMac);

impl Key {
    /// Creates a key of API v3 from the callback secret of the wallet. Its name is
    /// `callback secret` unless [`with_name`](Self::with_name) changes it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::EmptySecret`]; [`ConfigError::SurroundingWhitespace`] if it has leading or
    /// trailing whitespace or invisible characters, and [`ConfigError::QuotedSecret`] if
    /// it is enclosed in quotes, which is always a mistake and never verifies anything.
    pub fn callback_secret(secret: &str) -> Result<Self, ConfigError> {
        let trimmed = secret.trim_matches(is_blank);
        if trimmed.is_empty() {
            return Err(ConfigError::EmptySecret);
        }
        if trimmed != secret {
            return Err(ConfigError::SurroundingWhitespace);
        }
        let is_quoted =
            |quote| secret.len() > 1 && secret.starts_with(quote) && secret.ends_with(quote);
        if ['"', '\''].into_iter().any(is_quoted) {
            return Err(ConfigError::QuotedSecret);
        }
        Ok(Self::new(
            SignatureScheme::CallbackSecret,
            "callback secret",
            secret.as_bytes(),
        ))
    }

    /// Creates a key of API v2, which was shut down in December 2025: the key is the
    /// 32 bytes of SHA-256 over login and password. Its name is `login and password`
    /// unless [`with_name`](Self::with_name) changes it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::EmptyLogin`], [`ConfigError::EmptyPassword`].
    pub fn v2_credentials(login: &str, password: &str) -> Result<Self, ConfigError> {
        if login.is_empty() {
            return Err(ConfigError::EmptyLogin);
        }
        if password.is_empty() {
            return Err(ConfigError::EmptyPassword);
        }
        let mut digest = Sha256::new()
            .chain_update(login)
            .chain_update(password)
            .finalize();
        let key = Self::new(
            SignatureScheme::LoginPassword,
            "login and password",
            &digest,
        );
        digest.zeroize();
        Ok(key)
    }

    /// Does not check the key: the constructors do.
    pub(crate) fn new(scheme: SignatureScheme, name: &str, key: &[u8]) -> Self {
        // As defined in RFC 2104: longer keys are hashed, shorter ones padded.
        let mut block = hmac::digest::Key::<KeyedMac>::default();
        let mut digest = Sha256::digest(key);
        let key = if key.len() > block.len() {
            &digest
        } else {
            key
        };
        for (place, byte) in block.iter_mut().zip(key) {
            *place = *byte;
        }
        let mac = KeyedMac::new(&block);
        block.as_mut_slice().zeroize();
        digest.zeroize();
        Self {
            name: name.into(),
            scheme,
            mac,
        }
    }

    /// Sets a name that distinguishes the key from others, such as `2026`.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Returns the name, as shown in the evidence.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type of the key.
    #[must_use]
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    pub(crate) fn mac(&self) -> &KeyedMac {
        &self.mac
    }
}

/// Whitespace, and invisible characters of copied text: zero-width spaces and byte
/// order marks.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
