//! [`Finding`]: a cause, and where it lies. [`Diagnosis`]: all of them.

use std::fmt;
use std::sync::Arc;

use super::cause::Cause;

/// One thing that keeps a body from being verified.
///
/// It displays as a line for a log or a terminal: where, and what is wrong.
///
/// See [`Diagnose`](super::Diagnose) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    cause: Cause,
    path: Option<Box<str>>,
    candidate: Option<Arc<str>>,
    certain: bool,
}

impl Finding {
    /// Known: read off the body, or found by a signature that fits.
    pub(super) fn certain(cause: Cause) -> Self {
        Self {
            cause,
            path: None,
            candidate: None,
            certain: true,
        }
    }

    /// What is left where nothing fits.
    pub(super) fn likely(cause: Cause) -> Self {
        Self {
            certain: false,
            ..Self::certain(cause)
        }
    }

    pub(super) fn at(self, path: impl Into<Box<str>>) -> Self {
        Self {
            path: Some(path.into()),
            ..self
        }
    }

    pub(super) fn of(self, candidate: &Arc<str>) -> Self {
        Self {
            candidate: Some(Arc::clone(candidate)),
            ..self
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Where in the body: `included[1].attributes.amount`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The name of the key or secret that it lies in.
    #[must_use]
    pub fn candidate(&self) -> Option<&str> {
        self.candidate.as_deref()
    }

    /// Whether it is known: read off the body, or found by a signature that
    /// fits once this is undone. If not, it is what is left to look at.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.certain
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.cause.hint()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The error names its own path.
        let own = matches!(self.cause, Cause::BodyUnreadable(_));
        if let Some(path) = self.path.as_ref().filter(|_| !own) {
            write!(f, "`{path}`: ")?;
        }
        if let Some(candidate) = &self.candidate {
            write!(f, "key `{}`: ", candidate.escape_debug())?;
        }
        self.cause.fmt(f)
    }
}

/// Why a body does not verify, the likeliest cause first.
///
/// It displays as numbered lines for a terminal, with what to do under each;
/// what is not [certain](Finding::is_certain) begins with `perhaps`.
///
/// See [`Diagnose`](super::Diagnose) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub(super) causes: Vec<Finding>,
    pub(super) verified_by: Option<Arc<str>>,
}

impl Diagnosis {
    /// What keeps the body from being verified, the likeliest first; nothing if
    /// it verifies.
    #[must_use]
    pub fn causes(&self) -> &[Finding] {
        &self.causes
    }

    /// The name of the key by which the body verifies after all.
    #[must_use]
    pub fn verified_by(&self) -> Option<&str> {
        self.verified_by.as_deref()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.verified_by {
            return write!(f, "the body verifies with key `{}`", name.escape_debug());
        }
        f.write_str(if self.causes.iter().any(Finding::is_certain) {
            "the body does not verify:"
        } else {
            "the body does not verify, and no attempted fix makes the signature match; most \
             likely causes first:"
        })?;
        for (index, finding) in self.causes.iter().enumerate() {
            let (number, hint) = (index + 1, finding.hint());
            let perhaps = if finding.certain { "" } else { "perhaps: " };
            write!(f, "\n{number}. {perhaps}{finding}\n   to do: {hint}")?;
        }
        Ok(())
    }
}
