//! Reading bodies from a file or from standard input.

use std::fs::File;
use std::io::{self, Read, stdin};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use payhook_conformance::Gateway;
use serde_json::value::RawValue;

use crate::error::{CliError, Exit};

/// The maximum length of a body.
const LIMIT: u64 = 16 * 1024 * 1024;

static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

#[derive(Debug, clap::Args)]
pub(crate) struct BodyArgs {
    /// The unmodified body; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The gateway [default: detected from the body].
    #[arg(long, value_enum)]
    gateway: Option<GatewayName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatewayName {
    B2binpay,
    #[value(name = "citypay")]
    CityPay,
}

impl From<GatewayName> for Gateway {
    fn from(name: GatewayName) -> Self {
        match name {
            GatewayName::B2binpay => Self::B2binpay,
            GatewayName::CityPay => Self::CityPay,
        }
    }
}

impl BodyArgs {
    pub(crate) fn read(&self) -> Result<(Vec<u8>, Gateway), CliError> {
        let body = read(&self.file)?;
        let gateway = self
            .gateway
            .map_or_else(|| gateway_of(&body), Gateway::from);
        Ok((body, gateway))
    }
}

pub(crate) fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = open(file)?.take(LIMIT).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(file, &error))?;
    Ok(bytes)
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(file: &Path) -> Result<Box<dyn Read>, CliError> {
    if file.as_os_str() == "-" {
        // A second read would return nothing.
        if STDIN_IS_READ.swap(true, Ordering::Relaxed) {
            return Err(CliError::usage("standard input can be read only once"));
        }
        return Ok(Box::new(stdin()));
    }
    let opened = File::open(file).map_err(|error| unreadable(file, &error))?;
    Ok(Box::new(opened))
}

pub(crate) fn unreadable(file: &Path, error: &io::Error) -> CliError {
    CliError {
        exit: Exit::Malformed,
        ..CliError::of(&format!("cannot read `{}`", file.display()), error)
    }
}

/// The gateway's name in files and on the command line.
pub(crate) fn name_of(gateway: Gateway) -> &'static str {
    match gateway {
        Gateway::CityPay => "citypay",
        _ => "b2binpay",
    }
}

/// A server has one URL per gateway; here the body has to tell them apart.
pub(crate) fn gateway_of(body: &[u8]) -> Gateway {
    #[derive(serde::Deserialize)]
    struct Flat<'a> {
        #[serde(borrow)]
        r#type: Option<&'a RawValue>,
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }

    match serde_json::from_slice::<Flat<'_>>(body) {
        Ok(Flat {
            r#type: Some(_),
            data: None,
        }) => Gateway::CityPay,
        _ => Gateway::B2binpay,
    }
}
