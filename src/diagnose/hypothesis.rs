//! [`Hypothesis`]: a message that may have been signed instead of the body's own.

use std::borrow::Cow;

use super::cause::Cause;
use super::finding::Finding;
use super::forms::{self, Form};
use crate::b2binpay::{Draft, DraftTransfer, Message, text_of};

/// The maximum number of a body's transfers that are tried.
const MAX_TRANSFERS: usize = 16;

/// The codes of all three scales.
const STATUSES: [&str; 9] = ["-3", "-2", "-1", "0", "1", "2", "3", "4", "5"];

const ID: &str = "data.attributes.tracking_id";

/// A message, and the findings if it is the signed one.
pub(super) struct Hypothesis {
    pub(super) text: Vec<u8>,
    pub(super) findings: Vec<Finding>,
}

/// The signed values, in all their forms.
pub(super) struct Hypotheses<'a> {
    draft: &'a Draft<'a>,
    body: &'a str,
    tracking_id: Cow<'a, str>,
    amounts: Vec<Form>,
    tracking_ids: Vec<Form>,
    times: Vec<Form>,
}

impl<'a> Hypotheses<'a> {
    pub(super) fn new(draft: &'a Draft<'a>, body: &'a str) -> Self {
        let amount = draft.transfer().map(|transfer| transfer.amount);
        Self {
            draft,
            body,
            tracking_id: text_of(draft.tracking_id),
            amounts: forms::amounts(amount.unwrap_or_default(), &draft.scales),
            tracking_ids: forms::tracking_ids(draft.tracking_id),
            times: forms::times(&draft.time),
        }
    }

    /// The body's own message, then those with one change.
    pub(super) fn simple(&self) -> Vec<Hypothesis> {
        let mut all = vec![self.own()];
        all.extend(self.rewritten(|mistakes| mistakes == 1));
        all.extend(self.other_transfers());
        all.extend(self.other_statuses());
        all.extend(self.without_transfer());
        all.extend(self.nonstandard());
        all
    }

    /// The messages with several values in other forms.
    pub(super) fn reserialized(&self) -> impl Iterator<Item = Hypothesis> {
        self.rewritten(|mistakes| mistakes > 1)
    }

    fn own(&self) -> Hypothesis {
        let transfer = self.draft.transfer().map(Values::of);
        // If the body's transfer is ambiguous, no transfer is signed.
        let ignored = transfer.is_none() && !self.draft.transfers.is_empty();
        let finding = Finding::certain(Cause::NoTransferSigned);
        Hypothesis {
            text: self.text(transfer.as_ref().map(Values::pair)).into(),
            findings: ignored.then_some(finding).into_iter().collect(),
        }
    }

    /// With the body's own tracking id and time.
    fn text(&self, transfer: Option<(&str, &str)>) -> String {
        self.message(transfer).joined("")
    }

    fn message<'m>(&'m self, transfer: Option<(&'m str, &'m str)>) -> Message<'m> {
        let draft = self.draft;
        draft.message(transfer, &self.tracking_id, &draft.time)
    }

    fn rewritten(&self, wanted: fn(usize) -> bool) -> impl Iterator<Item = Hypothesis> {
        let transfer = self.draft.transfer();
        let all = self.amounts.iter().flat_map(move |amount| {
            self.tracking_ids
                .iter()
                .flat_map(move |id| self.times.iter().map(move |time| (amount, id, time)))
        });
        all.filter_map(move |(amount, id, time)| {
            let path = transfer.map(|transfer| transfer.at("amount"));
            let mistakes = [
                (&amount.mistake, path.as_deref().unwrap_or_default()),
                (&id.mistake, ID),
                (&time.mistake, "meta.time"),
            ];
            let mistakes = mistakes.into_iter().filter_map(|(mistake, path)| {
                let cause = mistake.clone()?;
                Some(Finding::certain(cause).at(path))
            });
            let mut findings: Vec<Finding> = mistakes.collect();
            wanted(findings.len()).then_some(())?;
            if findings.len() > 1 {
                findings.insert(0, Finding::certain(Cause::BodyReserialized));
            }
            let values = transfer.map(|transfer| (&*transfer.status, amount.text.as_str()));
            let message = self.draft.message(values, &id.text, &time.text);
            Some(Hypothesis {
                text: message.joined("").into(),
                findings,
            })
        })
    }

    /// The time with each of the digits that it may have lost: many, so that they are
    /// written one by one.
    pub(super) fn uncut_times(&self) -> impl Iterator<Item = Hypothesis> {
        let times = forms::uncut_times(&self.draft.time);
        let transfer = self.draft.transfer().map(Values::of);
        times.map(move |time| {
            let values = transfer.as_ref().map(Values::pair);
            let message = self.draft.message(values, &self.tracking_id, &time);
            let signed = time.as_str().into();
            Hypothesis {
                text: message.joined("").into(),
                findings: vec![Finding::certain(Cause::Time { signed }).at("meta.time")],
            }
        })
    }

    /// Each transfer except the one that the body is about.
    fn other_transfers(&self) -> impl Iterator<Item = Hypothesis> {
        let subject = self.draft.transfer().map(|transfer| transfer.index);
        let others = self.draft.transfers.iter();
        others
            .filter(move |transfer| Some(transfer.index) != subject)
            .take(MAX_TRANSFERS)
            .map(|transfer| {
                let id = transfer.id.as_ref().into();
                let path = format!("included[{}]", transfer.index);
                Hypothesis {
                    text: self.text(Some(Values::of(transfer).pair())).into(),
                    findings: vec![Finding::certain(Cause::OtherTransfer { id }).at(path)],
                }
            })
    }

    fn other_statuses(&self) -> Vec<Hypothesis> {
        let own = self.draft.transfer().map(Values::of);
        let path = match self.draft.transfer() {
            Some(transfer) => transfer.at("status"),
            None if self.draft.is_deposit => "data.attributes.status".to_owned(),
            None => return Vec::new(),
        };
        let statuses = STATUSES.into_iter().chain([&*self.draft.status]);
        statuses
            .map(|status| {
                let amount = own.as_ref().map_or("", |own| &own.amount);
                let signed = status.into();
                Hypothesis {
                    text: self.text(Some((status, amount))).into(),
                    findings: vec![
                        Finding::certain(Cause::OtherStatus { signed }).at(path.as_str()),
                    ],
                }
            })
            .collect()
    }

    /// As if the body had no transfer, in both forms.
    fn without_transfer(&self) -> Vec<Hypothesis> {
        let (cause, statuses) = match self.draft.transfers.as_slice() {
            [] if self.draft.is_deposit => return Vec::new(),
            [] => (Cause::PayoutStatusSigned, vec![&*self.draft.status]),
            [..] => (Cause::NoTransferSigned, vec![&*self.draft.status, ""]),
        };
        let statuses = statuses.into_iter();
        statuses
            .map(|status| Hypothesis {
                text: self.text(Some((status, ""))).into(),
                findings: vec![Finding::certain(cause.clone())],
            })
            .collect()
    }

    /// Nonstandard messages of the same values.
    fn nonstandard(&self) -> Vec<Hypothesis> {
        let transfer = self.draft.transfer().map(Values::of);
        let message = self.message(transfer.as_ref().map(Values::pair));
        let joined = [
            (":", r#"with ":" between the parts"#),
            ("|", r#"with "|" between the parts"#),
            (",", r#"with "," between the parts"#),
            (";", r#"with ";" between the parts"#),
            (".", r#"with "." between the parts"#),
            ("-", r#"with "-" between the parts"#),
            ("_", r#"with "_" between the parts"#),
            ("&", r#"with "&" between the parts"#),
            (" ", "with a space between the parts"),
            ("\n", "with a newline between the parts"),
        ]
        .map(|(separator, how)| (message.joined(separator), how));
        let newline = (message.joined("") + "\n", "with a newline at the end");
        let whole = self.unsigned_bodies();
        let all = joined.into_iter().chain([newline]).chain(whole);
        all.map(|(text, how)| Hypothesis {
            text: text.into(),
            findings: vec![Finding::certain(Cause::NonstandardMessage { how })],
        })
        .collect()
    }

    /// The whole body as it may have been before its signature was inserted: with
    /// `null`, with an empty string, without the key.
    fn unsigned_bodies(&self) -> Vec<(String, &'static str)> {
        let Some(sign) = self.draft.sign else {
            return Vec::new();
        };
        let Some((head, tail)) = self.body.split_once(sign.text) else {
            return Vec::new();
        };
        let mut bodies = vec![format!("{head}\"\"{tail}"), format!("{head}null{tail}")];
        let key = head.trim_end().strip_suffix(':').map(str::trim_end);
        if let Some(head) = key.and_then(|head| head.strip_suffix(r#""sign""#)) {
            bodies.push(match head.trim_end().strip_suffix(',') {
                Some(head) => format!("{head}{tail}"),
                None => format!("{head}{}", tail.trim_start().trim_start_matches(',')),
            });
        }
        let how = "over the body as a whole";
        bodies.into_iter().map(|body| (body, how)).collect()
    }
}

/// The signed values of a transfer.
struct Values<'a> {
    status: &'a str,
    amount: Cow<'a, str>,
}

impl<'a> Values<'a> {
    fn of(transfer: &'a DraftTransfer<'_>) -> Self {
        Self {
            status: &transfer.status,
            amount: text_of(transfer.amount),
        }
    }

    fn pair(&self) -> (&str, &str) {
        (self.status, &self.amount)
    }
}
