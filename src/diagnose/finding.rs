//! [`Finding`]: a cause and its location. [`Diagnosis`]: all findings.

use std::fmt;
use std::sync::Arc;

use super::cause::Cause;

/// One cause that prevents verification of a body.
///
/// It displays as one line for a log or a terminal: the location and the problem.
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
    /// Certain: visible in the body, or confirmed by a matching signature.
    pub(super) fn certain(cause: Cause) -> Self {
        Self {
            cause,
            path: None,
            candidate: None,
            certain: true,
        }
    }

    /// A possible cause if nothing matches.
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

    /// Returns the cause.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Returns the path in the body: `included[1].attributes.amount`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns the name of the affected key or secret.
    #[must_use]
    pub fn candidate(&self) -> Option<&str> {
        self.candidate.as_deref()
    }

    /// Returns whether it is certain: visible in the body, or confirmed by a
    /// signature that matches once it is undone. If not, it is only a possibility.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.certain
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.cause.hint()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The error contains its own path.
        let own = matches!(self.cause, Cause::BodyMalformed(_));
        if let Some(path) = self.path.as_ref().filter(|_| !own) {
            write!(f, "`{path}`: ")?;
        }
        if let Some(candidate) = &self.candidate {
            write!(f, "key `{}`: ", candidate.escape_debug())?;
        }
        self.cause.fmt(f)
    }
}

/// The causes why a body does not verify, the most likely first.
///
/// It displays as numbered lines for a terminal, each followed by what to do;
/// findings that are not [certain](Finding::is_certain) begin with `perhaps`.
///
/// See [`Diagnose`](super::Diagnose) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub(super) causes: Vec<Finding>,
    pub(super) verified_by: Option<Arc<str>>,
}

impl Diagnosis {
    /// Returns the findings, the most likely first; empty if the body verifies.
    #[must_use]
    pub fn causes(&self) -> &[Finding] {
        &self.causes
    }

    /// Returns the name of the key with which the body verifies, if it does.
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
