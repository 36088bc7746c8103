//! [`Examiner`]: determines the kind of a body, and whether it verifies.

use axum::http::StatusCode;
use payhook::b2binpay::CallbackType;
use payhook::diagnose::Diagnose;
use payhook::{Amount, Callback, Fact, VerifyError};
use payhook_conformance::Gateway;
use serde_json::json;

use super::record::Summary;
use crate::diagnose;
use crate::error::CliError;
use crate::facts::Facts;
use crate::keys::VerifierArgs;
use crate::proof::{Proof, Prover};
use crate::screen::{BAD, STRONG, styled};
use crate::shown::{self, Shown};

pub(crate) struct Examiner {
    prover: Prover,
    diagnose: Diagnose,
}

/// The result for one body.
pub(crate) struct Examined {
    /// An endpoint's usual response.
    pub(crate) status: StatusCode,
    pub(crate) verdict: Verdict,
    /// For the terminal.
    pub(crate) shown: Shown,
    /// The callback, or its result with the correct evidence.
    pub(crate) callback: Option<Box<Callback>>,
    /// Why it is refused, and what to do.
    pub(crate) refusal: Option<(String, Option<&'static str>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Malformed,
    NotChecked,
    NotVerified,
    Verified,
}

impl Verdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotChecked => "not checked",
            Self::NotVerified => "not verified",
            Self::Verified => "verified",
        }
    }
}

impl Examiner {
    pub(crate) fn new(args: &VerifierArgs) -> Result<Self, CliError> {
        Ok(Self {
            prover: Prover::of(args)?,
            diagnose: args.diagnose()?,
        })
    }

    pub(crate) fn examine(&self, body: &[u8], gateway: Gateway) -> Examined {
        let proof = self.prover.prove(body, gateway);
        proof
            .and_then(|proof| self.settle(proof, body, gateway))
            .unwrap_or_else(|error| failed(&error))
    }

    fn settle(&self, proof: Proof, body: &[u8], gateway: Gateway) -> Result<Examined, CliError> {
        Ok(match proof {
            Proof::Proven(callback) => Examined {
                status: StatusCode::OK,
                verdict: Verdict::Verified,
                shown: shown::proven(&callback),
                callback: Some(callback),
                refusal: None,
            },
            Proof::Refused(error) => {
                let pretended = self.prover.pretend(body, gateway).ok();
                Examined {
                    shown: diagnose::shown(&self.diagnose.body(body)),
                    callback: pretended.and_then(Result::ok),
                    ..refused_by(&error)
                }
            }
            Proof::Untried => {
                let pretended = self.prover.pretend(body, gateway)?;
                let shown = shown::pretended(&pretended, gateway);
                match pretended {
                    Ok(callback) => Examined {
                        status: StatusCode::OK,
                        verdict: Verdict::NotChecked,
                        shown,
                        callback: Some(callback),
                        refusal: None,
                    },
                    Err(error) => Examined {
                        shown,
                        ..refused_by(&error)
                    },
                }
            }
        })
    }
}

impl Examined {
    /// A request that is not a callback, whatever its body is.
    pub(crate) fn refused(status: StatusCode, why: &str) -> Self {
        Self {
            status,
            verdict: Verdict::Malformed,
            shown: Shown {
                text: format!("{}: {why}", styled(BAD, "not a callback")),
                json: json!({ "error": why }),
            },
            callback: None,
            refusal: Some((why.to_owned(), None)),
        }
    }

    /// The callback's facts, each with its mark.
    pub(crate) fn facts(&self) -> Option<Facts> {
        let facts = Facts::of(self.callback.as_deref()?);
        Some(match self.verdict {
            Verdict::Verified => facts,
            _ => facts.unchecked(),
        })
    }

    pub(crate) fn summary(&self) -> Summary {
        let verdict = self.verdict.as_str();
        let Some(callback) = self.callback.as_deref() else {
            return Summary {
                verdict,
                ..Summary::default()
            };
        };
        let event = callback.event();
        let currency = event.currency().map(Fact::value);
        let amount = event.amount().map(|amount| money(amount.value(), currency));
        let (kind, transfer_id, posted) = match callback {
            Callback::Transfer(callback) => {
                let reported = callback.reported();
                let types = reported.callback_types().iter().map(CallbackType::as_str);
                let id = reported.transfer().map(|transfer| transfer.id().to_owned());
                (types.collect::<Vec<_>>().join(" or "), id, None)
            }
            Callback::Order(callback) => {
                let reported = callback.reported();
                let action = reported.action().map(|action| format!("order: {action}"));
                let id = reported.transaction_id().map(ToString::to_string);
                // The endpoint's response has the amount; without it, the callback.
                let posted = reported.received_amount_in_fiat();
                let posted = posted.map(|amount| money(&amount, reported.fiat_currency()));
                let kind = action.unwrap_or_else(|| "order".to_owned());
                (kind, id, posted)
            }
            _ => ("deposit".to_owned(), event.part().map(str::to_owned), None),
        };
        let reference = event.reference().value().to_owned();
        Summary {
            verdict,
            kind: Some(kind).filter(|kind| !kind.is_empty()),
            transfer_id,
            amount: amount.or(posted),
            reference: Some(reference).filter(|it| !it.is_empty()),
        }
    }
}

fn money(amount: &Amount, currency: Option<&str>) -> String {
    let amount = amount.without_trailing_zeros();
    match currency {
        Some(currency) => format!("{amount} {currency}"),
        None => amount.to_owned(),
    }
}

fn refused_by(error: &VerifyError) -> Examined {
    let status = StatusCode::from_u16(error.http_status());
    let status = status.unwrap_or(StatusCode::UNAUTHORIZED);
    Examined {
        verdict: Verdict::NotVerified,
        refusal: Some((error.to_string(), Some(error.hint()))),
        ..Examined::refused(status, "")
    }
}

/// A body that is not a callback: the reason and the remedy.
fn failed(error: &CliError) -> Examined {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut examined = Examined::refused(status, &error.message);
    if let Some(hint) = error.hint {
        let line = format!("\n{}: {hint}", styled(STRONG, "hint"));
        examined.shown.text.push_str(&line);
        examined.shown.json = json!({ "error": error.message, "hint": hint });
        examined.refusal = Some((error.message.clone(), Some(hint)));
    }
    examined
}
