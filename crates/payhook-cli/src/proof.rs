//! Verification of a body: by a key for B2BINPAY, by the order endpoint's response
//! for CityPay.io.

use std::path::PathBuf;

use payhook::b2binpay::{self, Key, TrackingIds, Verifier, prove_by_api};
use payhook::citypay::{self, Account, Token};
use payhook::testing::b2binpay::resign;
use payhook::{Callback, Unverified, Verified, VerifyError};
use payhook_conformance::Gateway;

use crate::body;
use crate::error::CliError;
use crate::keys::VerifierArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct ProofArgs {
    #[command(flatten)]
    verifier: VerifierArgs,

    #[command(flatten)]
    order: OrderArgs,
}

#[derive(Debug, clap::Args)]
struct OrderArgs {
    /// CityPay.io: the file with the order endpoint's response.
    #[arg(long, value_name = "FILE", requires = "customer_id")]
    answer: Option<PathBuf>,

    /// CityPay.io: your own customer id.
    #[arg(long, value_name = "ID", requires = "answer")]
    customer_id: Option<String>,

    /// CityPay.io: the token that you issued [default: the token in the callback].
    #[arg(long, value_name = "TOKEN", requires = "answer")]
    token: Option<String>,
}

/// The evidence that was given.
pub(crate) struct Prover {
    verifier: Option<Verifier>,
    tracking_ids: TrackingIds,
    order: Option<OrderProof>,
}

struct OrderProof {
    account: Account,
    answer: Vec<u8>,
    token: Option<String>,
}

/// The result of a verification.
pub(crate) enum Proof {
    Proven(Box<Callback>),
    Refused(Box<VerifyError>),
    /// No evidence was given.
    Untried,
}

/// The result that correct evidence would give.
pub(crate) type Pretended = Result<Box<Callback>, Box<VerifyError>>;

impl From<Result<Callback, VerifyError>> for Proof {
    fn from(result: Result<Callback, VerifyError>) -> Self {
        match result {
            Ok(callback) => Self::Proven(Box::new(callback)),
            Err(error) => Self::Refused(Box::new(error)),
        }
    }
}

impl ProofArgs {
    pub(crate) fn prover(&self) -> Result<Prover, CliError> {
        let mut prover = Prover::of(&self.verifier)?;
        if let (Some(answer), Some(customer_id)) = (&self.order.answer, &self.order.customer_id) {
            prover.order = Some(OrderProof {
                account: Account::new(customer_id)?,
                answer: body::read(answer)?,
                token: self.order.token.clone(),
            });
        }
        Ok(prover)
    }
}

impl Prover {
    pub(crate) fn of(args: &VerifierArgs) -> Result<Self, CliError> {
        Ok(Self {
            verifier: args.verifier()?,
            tracking_ids: args.tracking_ids(),
            order: None,
        })
    }

    /// With these keys, if there are any.
    pub(crate) fn with_keys(keys: &[Key], tracking_ids: TrackingIds) -> Self {
        let mut keys = keys.iter().cloned();
        let first = keys.next().map(|key| Verifier::new(key, tracking_ids));
        Self {
            verifier: first.map(|verifier| keys.fold(verifier, Verifier::add_key)),
            tracking_ids,
            order: None,
        }
    }

    pub(crate) fn prove(&self, body: &[u8], gateway: Gateway) -> Result<Proof, CliError> {
        if gateway == Gateway::CityPay {
            return self.prove_citypay(citypay::Callback::parse(body)?);
        }
        let callback = Unverified::parse(body)?;
        Ok(match &self.verifier {
            Some(verifier) => verifier.verify(callback).map(Callback::from).into(),
            None => Proof::Untried,
        })
    }

    fn prove_citypay(&self, posted: citypay::Callback) -> Result<Proof, CliError> {
        let Some(by) = &self.order else {
            return Ok(Proof::Untried);
        };
        let citypay::Callback::Order(order) = posted else {
            return Err(CliError::new(
                "a response proves an order, but this is a deposit",
            ));
        };
        let own = order.unverified().order_token().clone();
        let own = own.as_ref().map(Token::as_str);
        let issued = by.token.as_deref().or(own).unwrap_or_default();
        let proven = by.account.prove_order(order, issued, &by.answer);
        Ok(proven.map(Callback::from).into())
    }

    /// The callback, if it verifies, or if there is no evidence to verify it with.
    pub(crate) fn unless_refused(&self, body: &[u8], gateway: Gateway) -> Option<Box<Callback>> {
        match self.prove(body, gateway).ok()? {
            Proof::Proven(callback) => Some(callback),
            Proof::Refused(_) => None,
            Proof::Untried => self.pretend(body, gateway).ok()?.ok(),
        }
    }

    /// The result that the body would have if its signature or its token were
    /// correct. It is signed again with a placeholder key.
    pub(crate) fn pretend(&self, body: &[u8], gateway: Gateway) -> Result<Pretended, CliError> {
        let pretended = if gateway == Gateway::CityPay {
            pretend_citypay(citypay::Callback::parse(body)?)
        } else {
            self.pretend_signed(body, Unverified::parse(body)?)?
                .map(Callback::from)
        };
        Ok(pretended.map(Box::new).map_err(Box::new))
    }

    fn pretend_signed(
        &self,
        body: &[u8],
        callback: Unverified<b2binpay::Callback>,
    ) -> Result<Result<Verified<b2binpay::Callback>, VerifyError>, CliError> {
        if !callback.unverified().is_signed() {
            let verifier = Verifier::new(placeholder_key()?, self.tracking_ids);
            return Ok(match verifier.verify(callback.clone()) {
                // As if confirmed by the API.
                Err(VerifyError::Unsigned) => prove_by_api(callback, body),
                other => other,
            });
        }
        let signed = resign(body, &placeholder_key()?);
        let signed = signed.map_err(|error| CliError::of("cannot sign it again", &error))?;
        let verify = |ids| -> Result<_, CliError> {
            Ok(Verifier::new(placeholder_key()?, ids).verify(signed.unverified()?))
        };
        match verify(self.tracking_ids)? {
            // The id does not match its declaration, so amount and id stay one string.
            Err(VerifyError::TrackingId { .. }) => verify(TrackingIds::Unrestricted),
            other => Ok(other),
        }
    }
}

fn placeholder_key() -> Result<Key, CliError> {
    Ok(Key::callback_secret("placeholder")?)
}

fn pretend_citypay(posted: citypay::Callback) -> Result<Callback, VerifyError> {
    let account = Account::new("placeholder").map_err(|_| VerifyError::NoEvidence)?;
    match posted {
        citypay::Callback::Deposit(deposit) => {
            let token = deposit.unverified().deposit_token().clone();
            let token = token.ok_or(VerifyError::MissingToken)?;
            let proven = account.prove_deposit_by_record(deposit, token.as_str())?;
            Ok(proven.into())
        }
        citypay::Callback::Order(order) => {
            let token = order.unverified().order_token().clone();
            let token = token.ok_or(VerifyError::MissingToken)?;
            let proven = account.prove_order_by_record(order, token.as_str())?;
            Ok(proven.into())
        }
        _ => Err(VerifyError::NoEvidence),
    }
}
