//! [`Saved`]: a callback in a file, with the fields of B2BINPAY's list of callbacks.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payhook::Amount;
use payhook::b2binpay::{Key, TrackingIds};
use payhook_conformance::Gateway;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::body::{self, gateway_of, name_of};
use crate::error::{CliError, Exit};
use crate::listen::effect::expected as expected_of;
use crate::listen::record::{Record, shown_time};
use crate::proof::Prover;

/// The number of files of one directory that are read.
const FILES: usize = 100_000;

/// Headers whose values are neither shown nor saved.
const HIDDEN: [&str; 8] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
];

/// One callback, on one line of JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    id: u64,
    time_sent: String,
    r#type: Option<String>,
    url: String,
    status: String,
    attempts: u32,
    transfer_id: Option<String>,
    /// The body, if it is text.
    payload: Option<String>,
    /// The body, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    response: Option<String>,
    response_status: Option<u16>,
    response_seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_error: Option<String>,
    response_headers: Vec<Header>,
    headers: Vec<Header>,
    gateway: String,
}

/// Name and value; only the name if the header is hidden.
pub(crate) type Header = (String, Option<String>);

pub(crate) fn shown_headers(headers: &HeaderMap) -> Vec<Header> {
    let headers = headers.iter().map(|(name, value)| {
        let is_hidden = HIDDEN.contains(&name.as_str());
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), (!is_hidden).then_some(value))
    });
    headers.collect()
}

impl Saved {
    fn of(record: &Record) -> Self {
        let kind = record.summary.kind.clone();
        let is_certain = |kind: &String| !kind.contains([' ', ':']);
        let text = String::from_utf8(record.body.to_vec());
        let (payload, payload_base64) = match text {
            Ok(text) => (Some(text), None),
            Err(_) => (None, Some(STANDARD.encode(&record.body))),
        };
        let answer = record.answer.as_ref();
        let last = record.log.last();
        Self {
            id: record.id,
            time_sent: shown_time(record.time),
            r#type: kind.filter(is_certain),
            url: record.path.clone(),
            status: record.status.as_str().to_owned(),
            attempts: record.attempts,
            transfer_id: record.summary.transfer_id.clone(),
            payload,
            payload_base64,
            response: answer.map(|it| String::from_utf8_lossy(&it.body).into_owned()),
            response_status: last.and_then(|it| it.result.as_ref().ok().copied()),
            response_seconds: last.map(|it| it.took.as_secs_f64()),
            response_error: last.and_then(|it| it.result.as_ref().err().cloned()),
            response_headers: answer.map_or_else(Vec::new, |it| shown_headers(&it.headers)),
            headers: shown_headers(&record.headers),
            gateway: name_of(record.gateway).to_owned(),
        }
    }

    /// Whether a line of JSON is a saved callback, and not a lifecycle.
    pub(crate) fn is_in(line: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Names {
            time_sent: Option<serde::de::IgnoredAny>,
            steps: Option<serde::de::IgnoredAny>,
        }

        let names = serde_json::from_slice::<Names>(line);
        names.is_ok_and(|it| it.time_sent.is_some() && it.steps.is_none())
    }

    /// # Errors
    ///
    /// The error text follows the line's position.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| format!(": not a saved callback: {error}"))
    }

    /// The exact bytes.
    pub(crate) fn body(&self) -> Result<Vec<u8>, String> {
        match (&self.payload, &self.payload_base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => STANDARD
                .decode(base64)
                .map_err(|error| format!(": `payload_base64`: {error}")),
            _ => Err(": expected either `payload` or `payload_base64`".to_owned()),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The headers that were saved with their values.
    pub(crate) fn headers(&self) -> HeaderMap {
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::try_from(value.as_ref()?).ok()?))
        });
        headers.collect()
    }
}

/// A directory that callbacks are saved in.
pub(crate) struct Folder {
    path: PathBuf,
    writing: Mutex<()>,
}

impl Folder {
    /// Creates the directory unless it exists, readable for its owner only.
    pub(crate) fn create(path: &Path) -> Result<Self, CliError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let created = builder.create(path);
        created.map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            writing: Mutex::default(),
        })
    }

    /// Writes the file of a callback. It appears, or is replaced, as a whole.
    pub(crate) fn save(&self, record: &Record) -> Result<(), CliError> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let time = record.time.format("%Y%m%dT%H%M%S%.6fZ");
        let name = format!("{time}-{:06}.json", record.id);
        let path = self.path.join(&name);
        let draft = self.path.join(format!(".{name}.tmp"));
        let written = write(&draft, &Saved::of(record)).and_then(|()| fs::rename(&draft, &path));
        written.map_err(|error| {
            let _ = fs::remove_file(&draft);
            unwritable(&path, &error)
        })
    }
}

fn write(path: &Path, saved: &Saved) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    let json = json!(saved).to_string();
    file.write_all(json.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn unwritable(path: &Path, error: &io::Error) -> CliError {
    CliError::of(&format!("cannot write `{}`", path.display()), error)
}

/// The given files: of a directory all files `*.json`, by name.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|error| body::unreadable(path, &error))?;
        let mut inside = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| body::unreadable(path, &error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_json = Path::new(&*name).extension().is_some_and(|it| it == "json");
            if is_json && !name.starts_with('.') {
                inside.push(entry.path());
            }
            if inside.len() > FILES {
                let what = format!("`{}` has more than {FILES} files", path.display());
                return Err(CliError::new(what));
            }
        }
        if inside.is_empty() {
            let what = format!("`{}` contains no `.json` files", path.display());
            return Err(CliError {
                exit: Exit::Malformed,
                ..CliError::new(what)
            });
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// Saved callbacks as a lifecycle for each gateway, with its name and its expected
/// payments. These are derived from the first callback of each reference that is not
/// refused: a saved callback does not contain them.
pub(crate) fn lifecycles(
    saved: &[Saved],
    keys: &[Key],
    ids: TrackingIds,
) -> Result<Vec<(String, Value, String)>, String> {
    let prover = Prover::with_keys(keys, ids);
    let ids = match ids {
        TrackingIds::FixedLength(length) => json!({ "length": length }),
        TrackingIds::Unrestricted => json!("unrestricted"),
        TrackingIds::Unused => json!("unused"),
        _ => json!("prefixed"),
    };
    let mut lifecycles = Vec::new();
    for gateway in [Gateway::B2binpay, Gateway::CityPay] {
        let (mut steps, mut expected, mut known) = (Vec::new(), Vec::new(), HashSet::new());
        for saved in saved {
            let body = saved.body()?;
            if gateway_of(&body) != gateway {
                continue;
            }
            let callback = prover.unless_refused(&body, gateway);
            if let Some(payment) = callback.as_deref().and_then(expected_of)
                && known.insert(payment.reference().to_owned())
            {
                expected.push(json!({
                    "kind": payment.kind().as_str(),
                    "reference": payment.reference(),
                    "currency": payment.currency(),
                    "amount": payment.amount().map(Amount::without_trailing_zeros),
                }));
            }
            let body = String::from_utf8(body);
            let body = body.map_err(|_| format!(" {}: the body is not UTF-8", saved.id))?;
            steps.push(json!({ "body": body }));
        }
        if !steps.is_empty() {
            let expected = Value::from(expected);
            let lifecycle = json!({"gateway": name_of(gateway), "tracking_ids": ids, "customer_id": "unknown", "expected": expected, "steps": steps});
            lifecycles.push((
                format!("saved {}", name_of(gateway)),
                expected,
                lifecycle.to_string(),
            ));
        }
    }
    Ok(lifecycles)
}
