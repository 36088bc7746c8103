//! The search for the signed message, and the possible causes if none matches.

use super::Diagnose;
use super::candidate::Candidate;
use super::cause::Cause;
use super::finding::Finding;
use super::hypothesis::{Hypotheses, Hypothesis};
use super::signature::Signature;
use crate::b2binpay::{Draft, Key, text_of};
use crate::read::is_number;

/// The key and message that match the signature.
pub(super) struct Fit {
    pub(super) findings: Vec<Finding>,
    pub(super) key: Key,
}

impl Diagnose {
    /// The first matching message and key, each compared in constant time, in the
    /// order of likelihood.
    pub(super) fn search(&self, draft: &Draft<'_>, body: &str) -> Option<Fit> {
        let signature = Signature::read(draft.sign?);
        if !signature.is_legible() {
            return None;
        }
        let configured = || {
            let candidates = self.candidates.iter();
            candidates.filter_map(|c| Some((c, c.configured.as_ref()?, &[][..])))
        };
        let variants = self.candidates.iter().flat_map(|c| {
            let variations = c.variations.iter();
            variations.map(move |variation| (c, &variation.key, &*variation.mistakes))
        });
        let keys: Vec<_> = configured().chain(variants).collect();
        let find = |hypothesis: Hypothesis, keys: &[(&Candidate, &Key, &[Cause])]| {
            let fits = |(_, key, _): &&(_, &Key, _)| signature.is_made_by(key, &hypothesis.text);
            let (candidate, key, mistakes) = keys.iter().find(fits)?;
            let mistakes = mistakes.iter().cloned();
            let form = signature.mistake.iter().cloned();
            let findings = mistakes
                .map(|mistake| Finding::certain(mistake).of(&candidate.name))
                .chain(form.map(|mistake| Finding::certain(mistake).at("meta.sign")))
                .chain(hypothesis.findings);
            Some(Fit {
                findings: findings.collect(),
                key: (*key).clone(),
            })
        };
        let hypotheses = Hypotheses::new(draft, body);
        let mut simple = hypotheses
            .simple()
            .into_iter()
            .chain(hypotheses.uncut_times());
        simple
            .find_map(|hypothesis| find(hypothesis, &keys))
            .or_else(|| {
                let keys: Vec<_> = configured().collect();
                let mut reserialized = hypotheses.reserialized();
                reserialized.find_map(|hypothesis| find(hypothesis, &keys))
            })
    }

    /// The possible causes if nothing matches; none if nothing is signed.
    pub(super) fn eliminate(&self, draft: &Draft<'_>) -> Vec<Finding> {
        let Some(sign) = draft.sign else {
            return Vec::new();
        };
        let signature = Signature::read(sign);
        let mistake = signature.mistake.iter().cloned();
        let mistake = mistake.map(|mistake| Finding::certain(mistake).at("meta.sign"));
        let mut causes: Vec<Finding> = mistake.collect();
        if !signature.is_legible() {
            return causes;
        }
        if self.candidates.is_empty() {
            causes.push(Finding::certain(Cause::NoCandidate));
            return causes;
        }
        for candidate in &self.candidates {
            let key_mistakes = candidate.key_mistakes.iter().cloned();
            causes.extend(key_mistakes.map(|reason| Finding::likely(reason).of(&candidate.name)));
        }
        // The gateway writes amounts as strings: a number was serialized by a parser.
        if let Some(transfer) = draft.transfer()
            && is_number(transfer.amount)
        {
            let rewritten = Finding::likely(Cause::BodyReserialized);
            causes.push(rewritten.at(transfer.at("amount")));
        }
        if text_of(draft.tracking_id).contains(char::REPLACEMENT_CHARACTER) {
            let how = "characters were lost";
            let lost = Finding::likely(Cause::BodyReencoded { how });
            causes.push(lost.at("data.attributes.tracking_id"));
        }
        let (of_the_api, others): (Vec<_>, Vec<_>) = self
            .candidates
            .iter()
            .partition(|candidate| candidate.is_of_the_api(draft.is_v3));
        let credentials =
            |candidate: &&Candidate| Finding::likely(Cause::ApiCredentials).of(&candidate.name);
        causes.extend(of_the_api.iter().map(credentials));
        let changed = Finding::likely(Cause::ContentChanged);
        let contradicted = draft
            .transfer()
            .filter(|transfer| draft.contradicts_amount_of(transfer));
        match contradicted {
            Some(transfer) => {
                causes.push(changed.at(transfer.at("amount")));
                causes.push(Finding::likely(Cause::UnknownKey));
            }
            None => causes.extend([Finding::likely(Cause::UnknownKey), changed]),
        }
        if draft.is_v3 {
            causes.extend(others.iter().map(credentials));
        }
        causes
    }
}
