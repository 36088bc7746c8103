//! Exit codes and errors of the command.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use payhook::{ParseError, error::ConfigError};

/// The result that the exit code reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    /// Not verified, refused, or a rule was broken.
    Negative,
    Malformed,
    Failed,
    /// The exit code of `clap`'s own usage errors.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Negative => 1,
            Exit::Usage => 2,
            Exit::Malformed => 3,
            Exit::Failed => 4,
        })
    }
}

/// An error that ends the command.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
    pub(crate) exit: Exit,
    /// The HTTP status of `listen` for a body with this error.
    pub(crate) status: u16,
}

impl CliError {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            hint: None,
            exit: Exit::Failed,
            status: 400,
        }
    }

    /// A usage error.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(message)
        }
    }

    /// An error with all its sources.
    pub(crate) fn of(doing: &str, error: &dyn Error) -> Self {
        let mut message = format!("{doing}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        Self::new(message)
    }

    pub(crate) fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }
}

impl From<ParseError> for CliError {
    fn from(error: ParseError) -> Self {
        Self {
            exit: Exit::Malformed,
            status: error.http_status(),
            ..Self::new(&error).hint(error.hint())
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Self::new(error).hint(hint)
    }
}
