//! The merchant's own commands, which register a payment and print the ledger's
//! state.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use payhook::Amount;
use payhook::payment::ExpectedKind;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::CliError;

/// The time limit of a command.
const PATIENCE: Duration = Duration::from_secs(30);

/// The limit of its output, in bytes.
const OUTPUT_LIMIT: u64 = 1024 * 1024;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HookArgs {
    /// A shell command that registers a payment before its callbacks are posted.
    /// `PAYHOOK_PAYMENT` contains the expected payment as JSON: `{"reference":
    /// "order-1", "kind": "deposit", "currency": "ETH", "amount": "0.3", "decimals":
    /// 18}`. The kind is `deposit`, `invoice`, `payout`, `order` or `top_up`.
    #[arg(long, value_name = "CMD")]
    pub(crate) open: Option<String>,

    /// A shell command that prints the ledger's state of `PAYHOOK_REFERENCE` as JSON:
    /// `{"credited": "0.3", "credits": 1, "paid": true}`; with `"currency": "ETH"`
    /// and `"kind": "deposit"` where the ledger records these unsigned values, with
    /// `"held": "0"` where it records the amount held for manual review, and with
    /// `"fulfilled": 1` where it records how often the payment was fulfilled.
    #[arg(long, value_name = "CMD")]
    pub(crate) check: Option<String>,
}

/// The payment that --open registers.
pub(crate) struct Registered<'a> {
    pub(crate) reference: &'a str,
    pub(crate) kind: ExpectedKind,
    pub(crate) currency: &'a str,
    pub(crate) amount: &'a str,
    pub(crate) decimals: u32,
}

/// The ledger's state of one payment.
#[derive(Debug, Deserialize)]
pub(crate) struct LedgerState {
    credited: String,
    /// The number of credits.
    pub(crate) credits: usize,
    /// Whether it is paid.
    pub(crate) paid: bool,
    /// The currency and the kind that were credited.
    pub(crate) currency: Option<String>,
    pub(crate) kind: Option<StateKind>,
    held: Option<String>,
    /// How often it was fulfilled.
    pub(crate) fulfilled: Option<usize>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateKind {
    Deposit,
    Invoice,
    Order,
    Payout,
    TopUp,
}

impl From<StateKind> for ExpectedKind {
    fn from(kind: StateKind) -> Self {
        match kind {
            StateKind::Deposit => Self::Deposit,
            StateKind::Invoice => Self::Invoice,
            StateKind::Order => Self::Order,
            StateKind::Payout => Self::Payout,
            StateKind::TopUp => Self::TopUp,
        }
    }
}

impl LedgerState {
    pub(crate) fn credited(&self) -> Result<Amount, CliError> {
        let amount = self.credited.parse();
        amount.map_err(|error| CliError::of("`credited` of --check", &error))
    }

    pub(crate) fn held(&self) -> Result<Option<Amount>, CliError> {
        let amount = self.held.as_ref().map(|held| held.parse()).transpose();
        amount.map_err(|error| CliError::of("`held` of --check", &error))
    }
}

impl HookArgs {
    pub(crate) async fn open(&self, payment: &Registered<'_>) -> Result<(), CliError> {
        let Some(command) = &self.open else {
            return Ok(());
        };
        let json = json!({
            "reference": payment.reference,
            "kind": payment.kind.as_str(),
            "currency": payment.currency,
            "amount": payment.amount,
            "decimals": payment.decimals,
        });
        let mut shell = shell(command, payment.reference);
        shell.env("PAYHOOK_PAYMENT", json.to_string());
        run("--open", shell).await.map(drop)
    }

    /// `None` without a command.
    pub(crate) async fn check(&self, reference: &str) -> Result<Option<LedgerState>, CliError> {
        let Some(command) = &self.check else {
            return Ok(None);
        };
        let out = run("--check", shell(command, reference)).await?;
        let state = serde_json::from_slice(&out);
        state
            .map(Some)
            .map_err(|error| CliError::of("the output of --check", &error))
    }
}

pub(crate) fn shell(command: &str, reference: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .env("PAYHOOK_REFERENCE", reference)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    shell
}

pub(crate) async fn run(option: &str, mut shell: Command) -> Result<Vec<u8>, CliError> {
    let Ok(ended) = timeout(PATIENCE, output(&mut shell)).await else {
        let what = format!("the command of {option} timed out");
        return Err(CliError::new(what));
    };
    let (out, status) =
        ended.map_err(|error| CliError::of("cannot run the command of a hook", &error))?;
    if !status.success() {
        let what = format!("the command of {option} failed: {status}");
        return Err(CliError::new(what));
    }
    Ok(out)
}

/// Reads the output, up to the limit.
async fn output(shell: &mut Command) -> io::Result<(Vec<u8>, ExitStatus)> {
    let mut child = shell.stdout(Stdio::piped()).spawn()?;
    let mut out = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(OUTPUT_LIMIT).read_to_end(&mut out).await?;
    }
    Ok((out, child.wait().await?))
}
