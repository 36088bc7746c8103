//! Secrets: from the environment or a file, never from the command line.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use payhook::b2binpay::{Key, TrackingIds, Verifier};
use payhook::diagnose::Diagnose;
use zeroize::Zeroizing;

use crate::error::CliError;

/// The maximum length of a secret file, in bytes.
const LIMIT: u64 = 65_536;

#[derive(Debug, clap::Args)]
pub(crate) struct KeyArgs {
    /// The environment variable with the callback secret (API v3). Repeatable, for a
    /// rotation.
    #[arg(long, value_name = "NAME")]
    secret_env: Vec<String>,

    /// The file with the callback secret; a trailing newline is ignored. Repeatable,
    /// for a rotation.
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,

    /// The environment variable with the login (API v2).
    #[arg(long, value_name = "NAME", requires = "password_env")]
    login_env: Option<String>,

    /// The environment variable with the password (API v2).
    #[arg(long, value_name = "NAME", requires = "login_env")]
    password_env: Option<String>,
}

/// The keys and the declaration that a body is verified with.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifierArgs {
    #[command(flatten)]
    keys: KeyArgs,

    /// The form of your own tracking ids.
    ///
    /// `prefixed`: never empty, and beginning with neither a digit, `.` nor `-`.
    /// `uuid`, or `length=N`: all of the same length. `unused`: always empty.
    /// `unrestricted`: anything; amount and id then stay one string.
    #[arg(long, value_name = "FORM", default_value = "prefixed")]
    tracking_ids: TrackingIds,
}

/// A secret as configured, with its display name.
enum Secret {
    Callback {
        name: String,
        text: Zeroizing<String>,
    },
    Login {
        login: Zeroizing<String>,
        password: Zeroizing<String>,
    },
}

impl KeyArgs {
    fn secrets(&self) -> Result<Vec<Secret>, CliError> {
        let mut secrets = Vec::new();
        for name in &self.secret_env {
            secrets.push(Secret::Callback {
                name: name.clone(),
                text: variable("--secret-env", name)?,
            });
        }
        for file in &self.secret_file {
            let text = read(file)?;
            secrets.push(Secret::Callback {
                name: file.display().to_string(),
                text: Zeroizing::new(without_newline(&text).to_owned()),
            });
        }
        if let (Some(login), Some(password)) = (&self.login_env, &self.password_env) {
            secrets.push(Secret::Login {
                login: variable("--login-env", login)?,
                password: variable("--password-env", password)?,
            });
        }
        Ok(secrets)
    }

    pub(crate) fn keys(&self) -> Result<Vec<Key>, CliError> {
        self.secrets()?.iter().map(Secret::key).collect()
    }

    /// The key to sign with.
    pub(crate) fn signing_key(&self) -> Result<Key, CliError> {
        self.keys()?.into_iter().next().ok_or_else(|| {
            CliError::usage("no signing key").hint(
                "--secret-env NAME reads the secret from the environment, --secret-file FILE from \
                 a file; --login-env and --password-env sign as API v2",
            )
        })
    }
}

impl VerifierArgs {
    /// Whether there is no key.
    pub(crate) fn is_empty(&self) -> bool {
        let KeyArgs {
            secret_env,
            secret_file,
            login_env,
            ..
        } = &self.keys;
        secret_env.is_empty() && secret_file.is_empty() && login_env.is_none()
    }

    pub(crate) fn tracking_ids(&self) -> TrackingIds {
        self.tracking_ids
    }

    /// `None` without any key.
    pub(crate) fn verifier(&self) -> Result<Option<Verifier>, CliError> {
        let mut keys = self.keys.keys()?.into_iter();
        let first = keys
            .next()
            .map(|key| Verifier::new(key, self.tracking_ids()));
        Ok(first.map(|verifier| keys.fold(verifier, Verifier::add_key)))
    }

    /// The secrets exactly as configured, including typos.
    pub(crate) fn diagnose(&self) -> Result<Diagnose, CliError> {
        let secrets = self.keys.secrets()?;
        let diagnose = Diagnose::new(self.tracking_ids());
        Ok(secrets
            .iter()
            .fold(diagnose, |diagnose, secret| secret.suspect(diagnose)))
    }
}

impl Secret {
    /// Adds the key to those that are tried.
    fn suspect(&self, diagnose: Diagnose) -> Diagnose {
        match self {
            Self::Callback { name, text } => diagnose.secret(name, text),
            Self::Login { login, password } => {
                diagnose.v2_credentials("login and password", login, password)
            }
        }
    }

    fn key(&self) -> Result<Key, CliError> {
        Ok(match self {
            Self::Callback { name, text } => Key::callback_secret(text)?.with_name(name),
            Self::Login { login, password } => Key::v2_credentials(login, password)?,
        })
    }
}

/// Its name is not repeated: it could be the secret itself.
fn read(file: &Path) -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(file).and_then(|file| file.take(LIMIT).read_to_string(&mut text));
    match read {
        Ok(length) if u64::try_from(length).is_ok_and(|it| it < LIMIT) => Ok(text),
        Ok(_) => Err(CliError::new(
            "the file of --secret-file is too long for a secret",
        )),
        Err(error) => Err(CliError::of("the file of --secret-file", &error)),
    }
}

/// The name is not repeated: it could be the secret itself.
fn variable(option: &str, name: &str) -> Result<Zeroizing<String>, CliError> {
    let value = env::var(name).map(Zeroizing::new);
    value.map_err(|_| {
        CliError::new(format!(
            "the environment variable named by {option} is not set"
        ))
        .hint("the option takes the variable's name, not the secret")
    })
}

fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
