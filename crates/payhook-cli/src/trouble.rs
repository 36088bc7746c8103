//! Exit codes and errors of the command.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use payhook::{ParseError, error::ConfigError};

/// The result that the exit code reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    /// Not verified, refused, or a rule was broken.
    No,
    Malformed,
    Failed,
    /// The exit code of `clap`'s own usage errors.
    Usage,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Well => 0,
            Ending::No => 1,
            Ending::Usage => 2,
            Ending::Malformed => 3,
            Ending::Failed => 4,
        })
    }
}

/// An error that ends the command.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) what: String,
    pub(crate) hint: Option<&'static str>,
    pub(crate) ending: Ending,
    /// The HTTP status of `listen` for a body with this error.
    pub(crate) status: u16,
}

impl Trouble {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            hint: None,
            ending: Ending::Failed,
            status: 400,
        }
    }

    /// A usage error.
    pub(crate) fn usage(what: impl fmt::Display) -> Self {
        Self {
            ending: Ending::Usage,
            ..Self::new(what)
        }
    }

    /// An error with all its sources.
    pub(crate) fn of(doing: &str, error: &dyn Error) -> Self {
        let mut what = format!("{doing}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            what = format!("{what}: {error}");
            source = error.source();
        }
        Self::new(what)
    }

    pub(crate) fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }
}

impl From<ParseError> for Trouble {
    fn from(error: ParseError) -> Self {
        Self {
            ending: Ending::Malformed,
            status: error.http_status(),
            ..Self::new(&error).hint(error.hint())
        }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Self::new(error).hint(hint)
    }
}
