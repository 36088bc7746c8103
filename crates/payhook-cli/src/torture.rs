//! `payhook torture`: everything that a gateway, the network and a stranger can
//! do to a shop, over HTTP.

use std::time::Duration;

use payhook::testing::citypay::OrderEndpoint;
use payhook::testing::torture::{Books, Ledger, Payment, Report, Shop, Torture as Torturer};
use payhook::{Gateway, HandlerError};
use serde_json::json;

use crate::endpoint::EndpointArgs;
use crate::hook::{HookArgs, Named};
use crate::keys::KeyArgs;
use crate::post::{Address, Target, wait_within};
use crate::screen::{Reader, Screen, plain};
use crate::trouble::{Ending, Trouble};

#[derive(Debug, clap::Args)]
pub(crate) struct Torture {
    /// Where the shop takes B2BINPAY's callbacks.
    #[arg(
        long,
        visible_alias = "b2binpay",
        value_name = "URL",
        required_unless_present = "citypay"
    )]
    to: Option<Address>,

    /// Where the shop takes CityPay.io's callbacks; it has to ask the endpoint
    /// that --endpoint-port stands in for.
    #[arg(long, value_name = "URL", requires = "endpoint_port")]
    citypay: Option<Address>,

    /// Let it be another machine than this one.
    #[arg(long)]
    remote: bool,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    hook: HookArgs,

    #[command(flatten)]
    endpoint: EndpointArgs,

    /// The seed of all that is random.
    #[arg(long, default_value_t = 7)]
    seed: u64,

    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    max_seconds: u64,
}

/// The shop behind the two addresses.
struct Remote<'a> {
    hook: &'a HookArgs,
    b2binpay: Option<Target>,
    citypay: Option<Target>,
}

pub(crate) fn run(args: &Torture, screen: Screen) -> Result<Ending, Trouble> {
    if args.hook.check.is_none() {
        return Err(Trouble::usage("the shop's books can't be read")
            .hint("--check CMD prints what they say of a payment"));
    }
    let target = |option: &str, address: &Option<Address>| {
        let address = address.as_ref().map(|address| address.url(option));
        let target = |url: &_| Target::new(url, args.remote, Duration::from_secs(10));
        address.transpose()?.map(target).transpose()
    };
    let shop = Remote {
        hook: &args.hook,
        b2binpay: target("--to", &args.to)?,
        citypay: target("--citypay", &args.citypay)?,
    };
    let endpoint = OrderEndpoint::new();
    let mut torture = Torturer::new(args.seed).patience(8, Duration::from_millis(20));
    if shop.b2binpay.is_some() {
        torture = torture.b2binpay(args.keys.signing_key()?);
    }
    if shop.citypay.is_some() {
        torture = torture.citypay(&args.endpoint.customer_id, endpoint.clone());
    }
    let report = wait_within(args.max_seconds, async {
        args.endpoint.serve(&endpoint).await?;
        let report = torture.run(&shop).await;
        report.map_err(|error| Trouble::of("the torture breaks off", &error))
    })?;
    show(&report, screen)?;
    Ok(if report.is_clean() {
        Ending::Well
    } else {
        Ending::No
    })
}

fn show(report: &Report, screen: Screen) -> Result<Reader, Trouble> {
    let text = report.to_string();
    let text: Vec<_> = text.lines().map(plain).collect();
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| {
            json!({
                "gateway": row.gateway.to_string(),
                "name": row.name,
                "tried": row.is_tried,
                "sent": row.sent,
                "accepted": row.accepted,
                "refused": row.refused,
                "failed": row.failed,
                "credits": row.credits,
            })
        })
        .collect();
    let broken: Vec<_> = report
        .broken()
        .map(|broken| {
            json!({
                "rule": broken.rule.as_str(),
                "gateway": broken.gateway.to_string(),
                "row": broken.row,
                "case": broken.case,
                "reference": broken.reference,
                "found": broken.found,
            })
        })
        .collect();
    let json = json!({"well": report.is_clean(), "rows": rows, "broken": broken});
    screen.show(&text.join("\n"), &json)
}

impl Ledger for Remote<'_> {
    async fn open(&self, payment: &Payment) -> Result<(), HandlerError> {
        let opened = self
            .hook
            .open(&Named {
                reference: &payment.reference,
                kind: payment.kind,
                currency: payment.currency,
                amount: payment.amount.as_str(),
                scale: payment.scale,
            })
            .await;
        opened.map_err(|trouble| trouble.what.into())
    }

    async fn books(&self, reference: &str) -> Result<Books, HandlerError> {
        let told = self.hook.check(reference).await;
        let told = told.map_err(|trouble| trouble.what)?;
        let told = told.ok_or("there is no --check")?;
        let credited = told.credited().map_err(|trouble| trouble.what)?;
        let mut books = Books::new(credited, told.credits, told.paid);
        books.currency = told.currency;
        books.kind = told.kind.map(Into::into);
        Ok(books)
    }
}

impl Shop for Remote<'_> {
    async fn post(&self, gateway: Gateway, body: &[u8]) -> Result<u16, HandlerError> {
        let target = match gateway {
            Gateway::CityPay => &self.citypay,
            _ => &self.b2binpay,
        };
        let target = target.as_ref().ok_or("it has no such address")?;
        let posted = target.post(gateway, body).await;
        let (status, _) = posted.map_err(|trouble| trouble.what)?;
        Ok(status)
    }
}
