//! `payhook trigger`: signs and posts one callback, as the gateway would.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use payhook::chrono::{DateTime, Utc};
use payhook::testing::b2binpay::{self, CallbackBuilder, CurrencyBuilder};
use payhook::testing::citypay::{self, DepositBuilder, OrderBuilder, OrderEndpoint};
use payhook::testing::{Body, Json};
use serde_json::json;

use crate::body::{self, GatewayName};
use crate::endpoint::EndpointArgs;
use crate::keys::KeyArgs;
use crate::post::{PostArgs, Target, wait};
use crate::scenario::{SCENARIOS, Scenario};
use crate::screen::{BAD, GOOD, Reader, STRONG, Screen, plain, styled};
use crate::sign;
use crate::trouble::{Ending, Trouble};

#[derive(Debug, clap::Args)]
pub(crate) struct Trigger {
    /// The gateway.
    #[arg(value_enum)]
    gateway: GatewayName,

    /// The scenario, such as `deposit.confirmed`: `payhook scenario` lists them.
    #[arg(required_unless_present = "file")]
    scenario: Option<String>,

    /// Post this body instead of a scenario's; `-` for standard input. Of B2BINPAY's,
    /// the value of `meta.sign` is computed again, and every other byte stays as it
    /// is. CityPay.io signs nothing, so its body is posted as it is.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "PaymentArgs", "EndpointArgs"])]
    file: Option<PathBuf>,

    #[command(flatten)]
    to: Option<PostArgs>,

    /// Print the body instead of posting it.
    #[arg(long, conflicts_with = "to", required_unless_present = "to")]
    print: bool,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    payment: PaymentArgs,

    #[command(flatten)]
    endpoint: EndpointArgs,

    /// How often to post the same bytes.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    times: u32,
}

/// The attributes of the callback, by name or by path.
#[derive(Debug, clap::Args)]
pub(crate) struct PaymentArgs {
    /// Your own reference: B2BINPAY's tracking id, CityPay.io's token [default: an
    /// example].
    #[arg(long, visible_aliases = ["tracking-id", "token"], value_name = "TEXT")]
    reference: Option<String>,

    /// The amount, in whole currency units.
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,

    /// The currency's ticker, such as ETH.
    #[arg(long, value_name = "TICKER")]
    currency: Option<String>,

    /// The currency's number of decimals.
    #[arg(long, value_name = "DIGITS")]
    scale: Option<u32>,

    /// The number of confirmations of the transfer.
    #[arg(long, value_name = "COUNT")]
    confirmations: Option<u32>,

    /// The gateway's id of the transfer.
    #[arg(long, value_name = "ID")]
    transfer_id: Option<String>,

    /// The gateway's id of the deposit, payout or order.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// The time of the callback [default: now].
    #[arg(long, value_name = "RFC3339")]
    at: Option<DateTime<Utc>>,

    /// Set the value at a path before signing; a JSON value, or else a string: `--set
    /// included[1].attributes.risk=99`.
    #[arg(long, value_name = "PATH=VALUE", value_parser = edit)]
    set: Vec<(String, String)>,

    /// Remove the value at a path before signing.
    #[arg(long, value_name = "PATH")]
    remove: Vec<String>,
}

fn edit(text: &str) -> Result<(String, String), &'static str> {
    let (path, value) = text.split_once('=').ok_or("expected PATH=VALUE")?;
    Ok((path.to_owned(), value.to_owned()))
}

/// A JSON value, or else a string.
fn value(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| Json::from(text))
}

impl Trigger {
    fn scenario(&self) -> Result<&'static Scenario, Trouble> {
        let mut known = SCENARIOS.iter();
        let name = self.scenario.as_deref();
        let scenario = known.find(|it| it.gateway() == self.gateway && Some(it.name()) == name);
        scenario
            .ok_or_else(|| Trouble::usage("unknown scenario").hint("`payhook scenario` lists them"))
    }

    /// The bytes that the gateway would post, and the state of its order endpoint.
    fn body(&self, endpoint: &OrderEndpoint) -> Result<Vec<u8>, Trouble> {
        let payment = &self.payment;
        if let Some(file) = &self.file {
            let body = body::read(file)?;
            return match self.gateway {
                GatewayName::B2binpay => sign::signed(&body, &self.keys.signing_key()?),
                GatewayName::CityPay => Ok(body),
            };
        }
        match self.scenario()? {
            Scenario::Transfer(name, _, change) => {
                let base = if name.starts_with("deposit") {
                    b2binpay::deposit()
                } else {
                    b2binpay::payout()
                };
                let builder = payment.transfer(change(base));
                if name.ends_with("unsigned") {
                    return payment.edited(builder.unsigned());
                }
                let body = payment.edit(builder).try_sign(&self.keys.signing_key()?);
                body.map(|body| body.to_vec())
                    .map_err(|error| Trouble::of("cannot build the callback", &error))
            }
            Scenario::Order(_, _, change) => {
                let order = payment.order(change(citypay::order()));
                let answer = order.answer(&self.endpoint.customer_id);
                if let Ok(read) = answer.answer() {
                    endpoint.tell(read.token().as_str(), &answer);
                }
                payment.edited(order.callback())
            }
            Scenario::CityPayDeposit(_, _, change) => {
                let deposit = payment.deposit(change(citypay::deposit()));
                payment.edited(deposit.callback())
            }
        }
    }
}

impl PaymentArgs {
    fn time(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(|| SystemTime::now().into())
    }

    fn transfer(&self, builder: CallbackBuilder) -> CallbackBuilder {
        let mut builder = builder.at(self.time());
        if let Some(reference) = &self.reference {
            builder = builder.tracking_id(reference.as_str());
        }
        if let Some(amount) = &self.amount {
            builder = builder.amount(amount);
        }
        if let Some(ticker) = &self.currency {
            let currency = CurrencyBuilder::new(ticker);
            builder = builder.currency(match self.scale {
                Some(scale) => currency.scale(scale),
                None => currency,
            });
        }
        if let Some(confirmations) = self.confirmations {
            builder = builder.confirmations(confirmations);
        }
        if let Some(id) = &self.transfer_id {
            builder = builder.transfer_id(id);
        }
        if let Some(id) = &self.id {
            builder = builder.id(id);
        }
        builder
    }

    /// Before signing.
    fn edit(&self, mut builder: CallbackBuilder) -> CallbackBuilder {
        for (path, text) in &self.set {
            builder = builder.set(path, value(text));
        }
        for path in &self.remove {
            builder = builder.remove(path);
        }
        builder
    }

    fn deposit(&self, deposit: DepositBuilder) -> DepositBuilder {
        let mut deposit = deposit.at(self.time());
        if let Some(token) = &self.reference {
            deposit = deposit.token(token.as_str());
        }
        if let Some(amount) = &self.amount {
            deposit = deposit.received(amount.as_str());
        }
        deposit
    }

    fn order(&self, order: OrderBuilder) -> OrderBuilder {
        let mut order = order.at(self.time());
        if let Some(token) = &self.reference {
            order = order.token(token.as_str());
        }
        if let Some(amount) = &self.amount {
            order = order.amount(amount);
        }
        if let Some(ticker) = &self.currency {
            order = order.crypto_currency(ticker);
        }
        if let Some(id) = &self.id {
            order = order.order_id(value(id));
        }
        order
    }

    fn edited<C>(&self, mut body: Body<C>) -> Result<Vec<u8>, Trouble> {
        for (path, text) in &self.set {
            body = body.try_set(path, value(text)).map_err(Trouble::new)?;
        }
        for path in &self.remove {
            body = body.try_remove(path).map_err(Trouble::new)?;
        }
        Ok(body.to_vec())
    }
}

pub(crate) fn run(args: &Trigger, screen: Screen) -> Result<Ending, Trouble> {
    let endpoint = OrderEndpoint::new();
    let body = args.body(&endpoint)?;
    let Some(to) = &args.to else {
        let text = String::from_utf8_lossy(&body);
        // The output ends with a newline.
        let line = text.strip_suffix('\n').unwrap_or(&text);
        screen.show_verbatim(line, &json!({ "body": text }))?;
        return Ok(Ending::Well);
    };
    let target = to.target()?;
    wait(async {
        args.endpoint.serve(&endpoint).await?;
        let mut ending = Ending::Well;
        for _ in 0..args.times {
            let (status, took) = target.post(args.gateway.into(), &body).await?;
            if status != 200 {
                ending = Ending::No;
            }
            show(args, &target, status, took, screen)?;
        }
        Ok(ending)
    })
}

impl Trigger {
    /// The scenario, or the file.
    fn name(&self) -> String {
        let file = self
            .file
            .as_ref()
            .map(|file| plain(&file.display().to_string()));
        file.or_else(|| self.scenario.clone()).unwrap_or_default()
    }
}

fn show(
    args: &Trigger,
    target: &Target,
    status: u16,
    took: Duration,
    screen: Screen,
) -> Result<Reader, Trouble> {
    let style = if status == 200 { GOOD } else { BAD };
    let is_unsigned = args.file.is_some() && args.gateway == GatewayName::CityPay;
    let note = if is_unsigned {
        " (not signed: CityPay.io has no signatures)"
    } else {
        ""
    };
    let text = format!(
        "{} to {}: {} in {} ms{note}",
        styled(STRONG, &args.name()),
        target.name(),
        styled(style, &status.to_string()),
        took.as_millis(),
    );
    let json = json!({
        "scenario": args.scenario,
        "file": args.file,
        "to": target.name(),
        "status": status,
        "seconds": took.as_secs_f64(),
    });
    screen.show(&text, &json)
}
