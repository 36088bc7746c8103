//! `payhook stress`: runs the stress test against a server over HTTP.

use std::time::Duration;

use clap::ValueEnum;
use payhook::BoxError;
use payhook::payment::ExpectedKind;
use payhook::testing::citypay::OrderEndpoint;
use payhook_conformance::Gateway;
use payhook_conformance::stress::{
    self, LedgerAccess, LedgerState, Report, SuiteError, TestPayment,
};
use serde_json::json;

use crate::endpoint::EndpointArgs;
use crate::error::{CliError, Exit};
use crate::hook::{self, HookArgs, Registered};
use crate::keys::KeyArgs;
use crate::post::{Address, Target, wait_within};
use crate::screen::{Reader, Screen, plain};

const ENDINGS: &str = "\
Exit status: 0 no rule is broken, 1 one is, 2 usage error, 4 the test was aborted.";

#[derive(Debug, clap::Args)]
#[command(after_help = ENDINGS)]
pub(crate) struct Stress {
    /// The server's URL for B2BINPAY callbacks: `--to`, `--citypay` or both are
    /// required. Repeat it for replicas, which receive callbacks in turn.
    #[arg(
        long,
        visible_alias = "b2binpay",
        value_name = "URL",
        required_unless_present = "citypay"
    )]
    to: Vec<Address>,

    /// The server's URL for CityPay.io callbacks, as --to. The server must query the
    /// endpoint that --endpoint-port simulates.
    #[arg(long, value_name = "URL", requires = "endpoint_port")]
    citypay: Vec<Address>,

    /// Test payments of these kinds only [default: all].
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    only: Vec<KindName>,

    /// A shell command that restarts the server's processes and returns once they
    /// listen. Without it, restarts are not tested.
    #[arg(long, value_name = "CMD")]
    restart: Option<String>,

    /// Allow a remote machine.
    #[arg(long)]
    remote: bool,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    hook: HookArgs,

    #[command(flatten)]
    endpoint: EndpointArgs,

    /// The random seed. It determines everything except times, references and the
    /// gateway's ids, which are new in each run.
    #[arg(long, default_value_t = 7)]
    seed: u64,

    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    max_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindName {
    Deposit,
    Invoice,
    Order,
    Payout,
}

impl From<KindName> for ExpectedKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Deposit => Self::Deposit,
            KindName::Invoice => Self::Invoice,
            KindName::Order => Self::Order,
            KindName::Payout => Self::Payout,
        }
    }
}

/// The server under test.
struct Remote<'a> {
    hook: &'a HookArgs,
    restart: Option<&'a str>,
    b2binpay: Vec<Target>,
    citypay: Vec<Target>,
}

pub(crate) fn run(args: &Stress, screen: Screen) -> Result<Exit, CliError> {
    if args.hook.check.is_none() {
        return Err(CliError::usage("the server's ledger cannot be read")
            .hint("--check CMD has to print the ledger's state of a payment"));
    }
    let targets = |option: &str, addresses: &[Address]| -> Result<Vec<Target>, CliError> {
        let targets = addresses
            .iter()
            .map(|address| Target::new(address.url(option)?, args.remote, Duration::from_secs(10)));
        targets.collect()
    };
    let shop = Remote {
        hook: &args.hook,
        restart: args.restart.as_deref(),
        b2binpay: targets("--to", &args.to)?,
        citypay: targets("--citypay", &args.citypay)?,
    };
    let endpoint = OrderEndpoint::new();
    let mut suite = stress::Suite::new(args.seed).patience(8, Duration::from_millis(20));
    if !args.only.is_empty() {
        suite = suite.kinds(args.only.iter().copied().map(Into::into));
    }
    if !shop.b2binpay.is_empty() {
        suite = suite.b2binpay(args.keys.signing_key()?);
    }
    if !shop.citypay.is_empty() {
        suite = suite.citypay(&args.endpoint.customer_id, endpoint.clone());
    }
    let ran = wait_within(args.max_seconds, async {
        args.endpoint.serve(&endpoint).await?;
        Ok(suite.run(&shop).await)
    })?;
    let report = match ran {
        Ok(report) => report,
        Err(error) => return Err(aborted(&error, args, screen)?),
    };
    let mut text = report.to_string();
    if report.refuses_all(Gateway::B2binpay) {
        text.push_str("\nhint: is `--secret-env` its secret?");
    }
    show(&report, &text, report.is_clean(), screen)?;
    Ok(if report.is_clean() {
        Exit::Success
    } else {
        Exit::Negative
    })
}

/// Shows the results of the tests before, if any.
fn aborted(error: &SuiteError, args: &Stress, screen: Screen) -> Result<CliError, CliError> {
    let aborted = CliError::of("the stress test was aborted", error);
    if let SuiteError::Register { report, .. } | SuiteError::State { report, .. } = error
        && !report.results.is_empty()
    {
        show(report, &report.table(), false, screen)?;
    }
    Ok(match error {
        SuiteError::Register { .. } if args.only.is_empty() => aborted.hint(
            "for a server that does not take every kind of payment, name those that it takes, as \
             in --only deposit",
        ),
        _ => aborted,
    })
}

fn show(report: &Report, text: &str, is_ok: bool, screen: Screen) -> Result<Reader, CliError> {
    let text: Vec<_> = text.lines().map(plain).collect();
    let results: Vec<_> = report
        .results
        .iter()
        .map(|result| {
            json!({
                "gateway": result.gateway.to_string(),
                "test": result.name,
                "tested": result.is_tested,
                "sent": result.sent,
                "accepted": result.accepted,
                "refused": result.refused,
                "failed": result.failed,
                "credits": result.credits,
            })
        })
        .collect();
    let violations: Vec<_> = report
        .violations()
        .map(|violation| {
            json!({
                "rule": violation.rule.as_str(),
                "gateway": violation.gateway.to_string(),
                "test": violation.test,
                "case": violation.case,
                "reference": violation.reference,
                "found": violation.found,
            })
        })
        .collect();
    let refused: Vec<_> = [Gateway::B2binpay, Gateway::CityPay]
        .into_iter()
        .filter(|gateway| report.refuses_all(*gateway))
        .map(|gateway| gateway.to_string())
        .collect();
    let json = json!({
        "ok": is_ok,
        "refuses_all": refused,
        "results": results,
        "violations": violations,
    });
    screen.show(&text.join("\n"), &json)
}

impl LedgerAccess for Remote<'_> {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        let opened = self
            .hook
            .open(&Registered {
                reference: &payment.reference,
                kind: payment.kind,
                currency: payment.currency,
                amount: payment.amount.as_str(),
                decimals: payment.decimals,
            })
            .await;
        let kind = payment.kind.as_str();
        opened.map_err(|error| format!("{}, for the kind `{kind}`", error.message).into())
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        let printed = self.hook.check(reference).await;
        let printed = printed.map_err(|error| error.message)?;
        let printed = printed.ok_or("--check is missing")?;
        let credited = printed.credited().map_err(|error| error.message)?;
        let mut state = LedgerState::new(credited, printed.credits, printed.paid);
        state.held = printed.held().map_err(|error| error.message)?;
        state.fulfilled = printed.fulfilled;
        state.currency = printed.currency;
        state.kind = printed.kind.map(Into::into);
        Ok(state)
    }
}

impl stress::Target for Remote<'_> {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        let target = self.targets(gateway).get(replica);
        let target = target.ok_or("there is no such URL")?;
        let posted = target.post(gateway, body).await;
        let (status, _) = posted.map_err(|error| error.message)?;
        Ok(status)
    }

    fn replicas(&self, gateway: Gateway) -> usize {
        self.targets(gateway).len()
    }

    /// A command that fails has not restarted the server.
    async fn restart(&self) -> bool {
        let Some(command) = self.restart else {
            return false;
        };
        hook::run("--restart", hook::shell(command, ""))
            .await
            .is_ok()
    }
}

impl Remote<'_> {
    fn targets(&self, gateway: Gateway) -> &[Target] {
        match gateway {
            Gateway::CityPay => &self.citypay,
            _ => &self.b2binpay,
        }
    }
}
