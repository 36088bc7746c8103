//! Digests that name a delivery, a copy of it, or a transfer.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// The characters that a stored history escapes, besides those beyond ASCII.
pub(crate) const ESCAPED: &AsciiSet = &CONTROLS.add(b',').add(b'%');

/// A transfer's id as it is stored and bound. No signature covers it, so an id longer
/// than the gateway's own ids is replaced by its digest: a history stays bounded
/// (PAYMENTS, rule 17). The length is that in a history.
pub(crate) fn bounded_id(id: &str, max: usize) -> Cow<'_, str> {
    let length: usize = utf8_percent_encode(id, ESCAPED).map(str::len).sum();
    if length <= max {
        return id.into();
    }
    let digest = Labelled::new("long id").part(id.as_bytes()).finish();
    format!("digest:{:x}", base16ct::HexDisplay(&digest)).into()
}

/// The first half of a SHA-256 digest: finding a preimage or a collision is
/// infeasible at that length.
pub(crate) type Digest16 = [u8; 16];

/// Labelled parts, each with its length, so that different lists of parts have
/// different bytes.
pub(crate) struct Labelled(Sha256);

impl Labelled {
    pub(crate) fn new(what: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.part(what.as_bytes());
        hash
    }

    pub(crate) fn part(&mut self, part: &[u8]) -> &mut Self {
        // Lossless: no part is longer than a body.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(part);
        self
    }

    pub(crate) fn option(&mut self, part: Option<&[u8]>) -> &mut Self {
        match part {
            Some(part) => self.part(b"some").part(part),
            None => self.part(b"none"),
        }
    }

    /// [`option`](Self::option) in ASCII lower case: the name of a currency.
    pub(crate) fn option_ignoring_case(&mut self, part: Option<&str>) -> &mut Self {
        let Some(part) = part else {
            return self.option(None);
        };
        let mut short = [0; 16];
        match short.get_mut(..part.len()) {
            Some(short) => {
                short.copy_from_slice(part.as_bytes());
                short.make_ascii_lowercase();
                self.option(Some(short))
            }
            None => self.option(Some(part.to_ascii_lowercase().as_bytes())),
        }
    }

    pub(crate) fn finish(&self) -> Digest16 {
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(self.whole()) {
            *to = from;
        }
        half
    }

    /// The full digest.
    pub(crate) fn whole(&self) -> [u8; 32] {
        self.0.clone().finalize().into()
    }
}
