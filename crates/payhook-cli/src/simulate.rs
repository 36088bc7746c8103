//! `payhook simulate`: posts the callbacks of whole payment lifecycles, with all
//! retries and duplicates.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::SystemTime;

use indicatif::{ProgressBar, ProgressStyle};
use payhook::Amount;
use payhook::chrono::{DateTime, TimeDelta, Utc};
use payhook::payment::ExpectedKind;
use payhook::testing::b2binpay::CurrencyBuilder;
use payhook::testing::citypay::OrderEndpoint;
use payhook_conformance::Gateway;
use payhook_conformance::simulator::{DeliveryCause, Payment, Scenario, Simulator};
use serde_json::{Value, json};

use crate::body::GatewayName;
use crate::endpoint::EndpointArgs;
use crate::error::{CliError, Exit};
use crate::hook::{HookArgs, Registered};
use crate::keys::KeyArgs;
use crate::post::{PostArgs, Target, wait_within};
use crate::screen::{BAD, GOOD, STRONG, Screen, plain, styled};

const ENDINGS: &str = "\
Exit status: 0 success, 1 a ledger's state is wrong or money was given up, 2 usage error, 4 other
failure.";

#[derive(Debug, clap::Args)]
#[command(after_help = ENDINGS)]
pub(crate) struct Simulate {
    /// The gateway.
    #[arg(value_enum)]
    gateway: GatewayName,

    /// The scenario, or `all`: `payhook scenario` lists them.
    scenario: String,

    #[command(flatten)]
    to: PostArgs,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    hook: HookArgs,

    #[command(flatten)]
    endpoint: EndpointArgs,

    /// The number of payments for each scenario.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    payments: u32,

    /// The prefix of the payments' references, followed by scenario and number
    /// [default: a new one for each run].
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,

    /// The amount due, in whole currency units.
    #[arg(long, value_name = "AMOUNT", default_value = "0.3")]
    amount: String,

    /// The currency's ticker.
    #[arg(long, value_name = "TICKER", default_value = "ETH")]
    currency: String,

    /// The random seed. The same bytes are sent again if --reference and --starting-at
    /// are the same too, and the server gives the same responses.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Deliver callbacks out of order.
    #[arg(long)]
    out_of_order: bool,

    /// The start time of the payments [default: a day ago]. The simulation does not
    /// wait in real time.
    #[arg(long, value_name = "RFC3339")]
    starting_at: Option<DateTime<Utc>>,

    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_seconds: u64,

    /// Show each delivery.
    #[arg(long)]
    verbose: bool,
}

/// The results of one scenario.
#[derive(Default)]
struct Tally {
    payments: u32,
    sent: u32,
    again: u32,
    accepted: u32,
    refused: u32,
    failed: u32,
    unanswered: u32,
    given_up: u32,
    /// Callbacks that were given up although their payments have to be credited.
    missed: u32,
    /// Payments whose ledger state is as expected.
    correct: u32,
    wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, cause: DeliveryCause, status: Option<u16>) {
        self.sent = self.sent.saturating_add(1);
        if cause != DeliveryCause::StatusChange {
            self.again = self.again.saturating_add(1);
        }
        let counted = match status {
            Some(200) => &mut self.accepted,
            Some(..500) => &mut self.refused,
            Some(_) => &mut self.failed,
            None => &mut self.unanswered,
        };
        *counted = counted.saturating_add(1);
    }
}

struct Drive<'a> {
    args: &'a Simulate,
    target: Target,
    simulator: Simulator,
    currency: CurrencyBuilder,
    screen: Screen,
    bar: ProgressBar,
    /// The prefix of the references.
    prefix: String,
    /// Whether the server has answered at least once.
    is_answered: Cell<bool>,
}

pub(crate) fn run(args: &Simulate, screen: Screen) -> Result<Exit, CliError> {
    let gateway = Gateway::from(args.gateway);
    let scenarios = scenarios(&args.scenario, gateway)?;
    let has_orders = scenarios.iter().any(|it| it.kind() == ExpectedKind::Order);
    if has_orders && args.endpoint.endpoint_port.is_none() {
        return Err(CliError::usage("there is no order endpoint for the server to query")
            .hint("--endpoint-port PORT simulates the order endpoint: configure the server to query it"));
    }
    let now: DateTime<Utc> = SystemTime::now().into();
    let start = args
        .starting_at
        .unwrap_or_else(|| now.checked_sub_signed(TimeDelta::days(1)).unwrap_or(now));
    let endpoint = OrderEndpoint::new();
    let simulator = Simulator::new(args.seed)
        .starting_at(start)
        .out_of_order(args.out_of_order)
        .citypay(&args.endpoint.customer_id, endpoint.clone());
    let simulator = match gateway {
        Gateway::CityPay => simulator,
        _ => simulator.key(args.keys.signing_key()?),
    };
    let count =
        u64::from(args.payments).saturating_mul(u64::try_from(scenarios.len()).unwrap_or(1));
    let drive = Drive {
        args,
        target: args.to.target()?,
        simulator,
        currency: CurrencyBuilder::new(&args.currency),
        screen,
        bar: bar(count),
        prefix: args
            .reference
            .clone()
            .unwrap_or_else(|| format!("sim-{:x}", now.timestamp_micros())),
        is_answered: Cell::new(false),
    };
    wait_within(args.max_seconds, async {
        args.endpoint.serve(&endpoint).await?;
        let mut tallies = Vec::new();
        for scenario in scenarios {
            tallies.push((scenario, drive.start(scenario).await?));
        }
        drive.bar.finish_and_clear();
        summary(&tallies, args.hook.check.is_some(), screen)
    })
}

fn scenarios(name: &str, gateway: Gateway) -> Result<Vec<Scenario>, CliError> {
    let mut own = Scenario::ALL.iter().copied();
    if name == "all" {
        return Ok(own
            .filter(|scenario| scenario.gateway() == gateway)
            .collect());
    }
    let known = own.find(|it| it.gateway() == gateway && it.as_str() == name);
    let known = known.map(|scenario| vec![scenario]);
    known.ok_or_else(|| {
        CliError::usage("this gateway has no such scenario").hint("`payhook scenario` lists them")
    })
}

/// Where it takes long, and there is a terminal to show it on.
fn bar(count: u64) -> ProgressBar {
    if count < 20 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} payments, {elapsed}");
    let bar = ProgressBar::new(count);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl Drive<'_> {
    async fn start(&self, scenario: Scenario) -> Result<Tally, CliError> {
        let mut tally = Tally::default();
        for number in 1..=self.args.payments {
            let reference = format!("{}-{scenario}-{number}", self.prefix);
            self.live_one(scenario, &reference, &mut tally).await?;
            self.bar.inc(1);
        }
        Ok(tally)
    }

    async fn live_one(
        &self,
        scenario: Scenario,
        reference: &str,
        tally: &mut Tally,
    ) -> Result<(), CliError> {
        let args = self.args;
        let registered = Registered {
            reference,
            kind: scenario.kind(),
            currency: &args.currency,
            amount: &args.amount,
            decimals: self.currency.exp(),
        };
        let payment = Payment::new(reference)
            .amount(&args.amount)
            .currency(self.currency.clone());
        let timeline = self.simulator.try_start(scenario, &payment);
        let mut timeline =
            timeline.map_err(|error| CliError::of("cannot simulate the payment", &error))?;
        args.hook.open(&registered).await?;
        while let Some(delivery) = timeline.next_delivery() {
            let posted = self.target.post(delivery.gateway(), delivery.body()).await;
            let status = match posted {
                Ok((status, _)) => Some(status),
                // A server that is unreachable for a while is part of the simulation.
                // If it never answered, the URL is probably wrong.
                Err(_) if self.is_answered.get() => None,
                Err(error) => return Err(error),
            };
            if let Some(status) = status {
                self.is_answered.set(true);
                timeline.answered(status);
            }
            tally.count(delivery.cause(), status);
            if args.verbose {
                let json = json!({
                    "reference": reference,
                    "at": delivery.at().to_rfc3339(),
                    "cause": delivery.cause().as_str(),
                    "label": delivery.label(),
                    "attempt": delivery.attempt(),
                    "status": status,
                });
                let answer = status.map_or_else(|| "no response".to_owned(), |it| it.to_string());
                let text = format!("{}  {delivery}: {answer}", plain(reference));
                self.screen.show(&text, &json)?;
            }
        }
        tally.payments = tally.payments.saturating_add(1);
        tally.given_up = tally.given_up.saturating_add(timeline.given_up());
        if !timeline.final_state().credited.is_zero() {
            tally.missed = tally.missed.saturating_add(timeline.given_up());
        }
        if let Some(state) = args.hook.check(reference).await? {
            compare(
                reference,
                &state.credited()?,
                &timeline.final_state().credited,
                tally,
            );
        }
        Ok(())
    }
}

fn compare(reference: &str, found: &Amount, expected: &Amount, tally: &mut Tally) {
    if found == expected {
        tally.correct = tally.correct.saturating_add(1);
    } else {
        let wrong = format!("{reference}: credited {found}, expected {expected}");
        tally.wrong.push(wrong);
    }
}

fn summary(
    tallies: &[(Scenario, Tally)],
    is_checked: bool,
    screen: Screen,
) -> Result<Exit, CliError> {
    let mut text = styled(
        STRONG,
        "scenario                    payments   sent  again    200    4xx    5xx   none  given up \
          ledger",
    );
    text.push('\n');
    let mut rows = Vec::new();
    let mut is_ok = true;
    for (scenario, tally) in tallies {
        let ledger = match (is_checked, tally.wrong.is_empty()) {
            (false, _) => "not checked".to_owned(),
            (true, true) => styled(GOOD, "correct"),
            (true, false) => styled(BAD, &format!("{} wrong", tally.wrong.len())),
        };
        is_ok &= tally.wrong.is_empty() && tally.missed == 0;
        let _ = writeln!(
            text,
            "{:26}  {:8}  {:5}  {:5}  {:5}  {:5}  {:5}  {:5}  {:8}  {ledger}",
            scenario.as_str(),
            tally.payments,
            tally.sent,
            tally.again,
            tally.accepted,
            tally.refused,
            tally.failed,
            tally.unanswered,
            tally.given_up,
        );
        for wrong in &tally.wrong {
            let _ = writeln!(text, "  {}", plain(wrong));
        }
        rows.push(row(scenario.as_str(), tally, is_checked));
    }
    screen.show(&text, &json!({"scenarios": rows, "ok": is_ok}))?;
    Ok(if is_ok { Exit::Success } else { Exit::Negative })
}

fn row(scenario: &str, tally: &Tally, is_checked: bool) -> Value {
    json!({
        "scenario": scenario,
        "payments": tally.payments,
        "sent": tally.sent,
        "again": tally.again,
        "accepted": tally.accepted,
        "refused": tally.refused,
        "failed": tally.failed,
        "unanswered": tally.unanswered,
        "given_up": tally.given_up,
        "ledger_correct": is_checked.then_some(tally.correct),
        "ledger_wrong": is_checked.then_some(&tally.wrong),
    })
}
