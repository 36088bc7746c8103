//! [`Candidate`]: a possible key, and its common configuration mistakes.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::cause::Cause;
use super::encoding::{base64, hex};
use crate::b2binpay::Key;
use crate::verified::SignatureScheme;

/// A named key, as given and with each mistake undone. Only keyed MACs are stored.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) name: Arc<str>,
    /// As given, if that is a valid key.
    pub(super) configured: Option<Key>,
    /// With a mistake undone, the most likely first; each costs one MAC per message.
    pub(super) variations: Vec<Variation>,
    /// Mistakes that are independent of the message.
    pub(super) key_mistakes: Vec<Cause>,
    /// Configured for API v2, whose login and password are the API's own.
    is_login: bool,
}

/// A key with a mistake undone.
#[derive(Clone)]
pub(super) struct Variation {
    pub(super) key: Key,
    pub(super) mistakes: Vec<Cause>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Candidate {
    pub(super) fn key(key: &Key) -> Self {
        Self {
            name: key.shared_name(),
            configured: Some(key.clone()),
            variations: Vec::new(),
            key_mistakes: Vec::new(),
            is_login: key.scheme() == SignatureScheme::LoginPassword,
        }
    }

    /// Whether it is probably the API's own client id and secret: a pair that is
    /// configured for a body of API v3, or a key with a similar name.
    pub(super) fn is_of_the_api(&self, is_v3: bool) -> bool {
        let name = self.name.to_ascii_lowercase();
        is_v3 && self.is_login || name.contains("client")
    }

    pub(super) fn secret(name: &str, given: &str) -> Self {
        let trimmed = trim(given);
        let secret = trim(unquote(trimmed));
        let mut mistakes = Vec::new();
        if trimmed != given {
            mistakes.push(Cause::SecretWhitespace);
        }
        if secret != trimmed {
            mistakes.push(Cause::SecretQuoted);
        }
        if secret.is_empty() {
            mistakes = vec![Cause::SecretEmpty];
        }
        let mut candidate = Self {
            name: name.into(),
            configured: Key::callback_secret(given)
                .ok()
                .map(|key| key.with_name(name)),
            variations: Vec::new(),
            key_mistakes: mistakes,
            is_login: false,
        };
        if !secret.is_empty() {
            candidate.vary_secret(secret);
        }
        candidate
    }

    fn vary_secret(&mut self, secret: &str) {
        let v3 = SignatureScheme::CallbackSecret;
        if !self.key_mistakes.is_empty() {
            self.push(v3, secret.as_bytes(), None);
        }
        let v2 = |part| Cause::WrongScheme {
            fits: SignatureScheme::LoginPassword,
            part,
        };
        if let Some((login, password)) = secret.split_once(':') {
            let part = "`login:password` without the colon";
            self.push_digest(&[login, password], v2(part));
        }
        self.push_digest(&[secret], v2("the string"));
        if let Some(mut bytes) = hex(secret) {
            let mistake = match bytes.len() {
                32 => Cause::DigestAsHex,
                _ => Cause::SecretEncoded { how: "hexadecimal" },
            };
            self.push(v3, &bytes, Some(mistake));
            bytes.zeroize();
        }
        if let Some(mut bytes) = base64(secret) {
            self.push(v3, &bytes, Some(Cause::SecretEncoded { how: "Base64" }));
            bytes.zeroize();
        }
        if secret.contains('%') {
            let mut bytes: Vec<u8> = percent_decode_str(secret).collect();
            let how = "percent-encoded";
            self.push(v3, &bytes, Some(Cause::SecretEncoded { how }));
            bytes.zeroize();
        }
        self.push_hex_digest(&[secret]);
    }

    pub(super) fn v2_credentials(name: &str, given: (&str, &str)) -> Self {
        let (login, password) = (trim(given.0), trim(given.1));
        let mut candidate = Self {
            name: name.into(),
            configured: Key::v2_credentials(given.0, given.1)
                .ok()
                .map(|key| key.with_name(name)),
            variations: Vec::new(),
            key_mistakes: Vec::new(),
            is_login: true,
        };
        if login.is_empty() || password.is_empty() {
            candidate.key_mistakes.push(Cause::SecretEmpty);
            return candidate;
        }
        if (login, password) != given {
            candidate.key_mistakes.push(Cause::SecretWhitespace);
            candidate.push_digest(&[login, password], None);
        }
        candidate.vary_v2_credentials(login, password);
        candidate
    }

    fn vary_v2_credentials(&mut self, login: &str, password: &str) {
        let joined = |how| Cause::LoginPasswordJoined { how };
        self.push_digest(&[password, login], Cause::LoginPasswordSwapped);
        for (part, name) in [
            (&[password][..], "the password"),
            (&[login], "the login"),
            (&[login, password], "the two as one string"),
            (&[login, ":", password], "`login:password` as one string"),
        ] {
            let text = Zeroizing::new(part.concat());
            let fits = SignatureScheme::CallbackSecret;
            let mistake = Cause::WrongScheme { fits, part: name };
            self.push(fits, text.as_bytes(), Some(mistake));
        }
        self.push_digest(&[login, ":", password], joined("a colon between them"));
        self.push_digest(&[password], joined("the password alone"));
        self.push_digest(&[login], joined("the login alone"));
        self.push_hex_digest(&[login, password]);
    }

    fn push(&mut self, scheme: SignatureScheme, key: &[u8], mistake: Option<Cause>) {
        self.variations.push(Variation {
            key: Key::new(scheme, &self.name, key),
            mistakes: self.key_mistakes.iter().cloned().chain(mistake).collect(),
        });
    }

    /// API v2's key of these parts.
    fn push_digest(&mut self, parts: &[&str], mistake: impl Into<Option<Cause>>) {
        let mut digest = digest(parts);
        self.push(SignatureScheme::LoginPassword, &digest, mistake.into());
        digest.zeroize();
    }

    /// The hexadecimal digest that PHP's `hash` returns by default, in both cases.
    fn push_hex_digest(&mut self, parts: &[&str]) {
        let mut digest = digest(parts);
        let mut hex = [0; 64];
        let how = "with the hexadecimal SHA-256 string as the key";
        for encode in [base16ct::lower::encode, base16ct::upper::encode] {
            if let Ok(hex) = encode(&digest, &mut hex) {
                let mistake = Cause::NonstandardMessage { how };
                self.push(SignatureScheme::LoginPassword, hex, Some(mistake));
            }
        }
        hex.zeroize();
        digest.zeroize();
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let digest = parts.iter().fold(Sha256::new(), Sha256::chain_update);
    digest.finalize().into()
}

/// Without leading or trailing whitespace and byte order marks.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Without surrounding quotes.
fn unquote(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    ['"', '\'', '`'].into_iter().find_map(inner).unwrap_or(text)
}
