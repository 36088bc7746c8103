//! `payhook trigger`: signs and posts one callback, as the gateway would.

mod ids;
mod payment;

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgGroup;
use payhook::testing::citypay::OrderEndpoint;
use serde_json::json;

use crate::body::{self, GatewayName};
use crate::endpoint::EndpointArgs;
use crate::error::{CliError, Exit};
use crate::keys::KeyArgs;
use crate::post::{Address, ConnectionArgs, Target, wait};
use crate::scenario::{SCENARIOS, Scenario};
use crate::screen::{BAD, GOOD, Reader, STRONG, Screen, plain, styled};
use crate::sign;

use payment::PaymentArgs;

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("destination").args(["to", "print"]).required(true))]
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

    /// The URL to post to. Redirects are not followed.
    #[arg(long, value_name = "URL")]
    to: Option<Address>,

    /// Print the body instead of posting it.
    #[arg(long)]
    print: bool,

    #[command(flatten)]
    connection: ConnectionArgs,

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

impl Trigger {
    fn scenario(&self) -> Result<&'static Scenario, CliError> {
        let mut known = SCENARIOS.iter();
        let name = self.scenario.as_deref();
        let scenario = known.find(|it| it.gateway() == self.gateway && Some(it.name()) == name);
        scenario.ok_or_else(|| {
            CliError::usage("unknown scenario").hint("`payhook scenario` lists them")
        })
    }

    /// The bytes that the gateway would post, and the state of its order endpoint.
    fn body(&self, endpoint: &OrderEndpoint) -> Result<Vec<u8>, CliError> {
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
                let builder = payment.transfer(name, *change);
                if name.ends_with("unsigned") {
                    return payment.edited(builder.unsigned());
                }
                let body = payment.edit(builder).try_sign(&self.keys.signing_key()?);
                body.map(|body| body.to_vec())
                    .map_err(|error| CliError::of("cannot build the callback", &error))
            }
            Scenario::Order(_, _, change) => {
                let (callback, answer) = payment.order(*change, &self.endpoint.customer_id)?;
                if let Ok(read) = answer.answer() {
                    endpoint.set_answer(read.token().as_str(), &answer);
                }
                payment.edited(callback)
            }
            Scenario::CityPayDeposit(_, _, change) => {
                payment.edited(payment.deposit(*change).callback())
            }
        }
    }
}

pub(crate) fn run(args: &Trigger, screen: Screen) -> Result<Exit, CliError> {
    let endpoint = OrderEndpoint::new();
    let body = args.body(&endpoint)?;
    let Some(to) = &args.to else {
        let text = String::from_utf8_lossy(&body);
        // The output ends with a newline.
        let line = text.strip_suffix('\n').unwrap_or(&text);
        screen.show_verbatim(line, &json!({ "body": text }))?;
        return Ok(Exit::Success);
    };
    let target = args.connection.target(to)?;
    wait(async {
        args.endpoint.serve(&endpoint).await?;
        let mut exit = Exit::Success;
        for _ in 0..args.times {
            let (status, took) = target.post(args.gateway.into(), &body).await?;
            if status != 200 {
                exit = Exit::Negative;
            }
            show(args, &target, status, took, screen)?;
        }
        Ok(exit)
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
) -> Result<Reader, CliError> {
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
