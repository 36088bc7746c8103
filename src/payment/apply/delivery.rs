//! Deliveries and their copies: rule 1.

use super::step::{Recorded, Step};
use crate::event::{Event, Lookup, Part};
use crate::payment::Payment;
use crate::payment::change::{Review, ReviewReason};
use crate::payment::state::{Delivery, Name};
use crate::shared_str::SharedStr;

/// Rule 17.
pub(super) const MAX_DELIVERIES: usize = 256;

/// The total number of further copies of deliveries that are remembered.
const MAX_COPIES: usize = 64;

/// The owner of a delivery's name among the merchant's payments: the ledger's string.
///
/// The digest of a copy, whether it credited or held anything, and its part.
struct DeliveryOwner {
    copy: Name,
    has_effect: bool,
    part: SharedStr,
}

impl DeliveryOwner {
    fn parse(text: &str) -> Option<Self> {
        let (copy, rest) = text.split_once(':')?;
        let (effect, part) = rest.split_once(':')?;
        Some(Self {
            copy: Name::parse(copy)?,
            has_effect: effect == "1",
            part: part.into(),
        })
    }
}

/// The owners of the names of a delivery's first two copies.
#[derive(Default)]
pub(super) struct Owners {
    first: Option<DeliveryOwner>,
    second: Option<Name>,
}

impl Owners {
    pub(super) fn parse(first: Option<&str>, second: Option<&str>) -> Self {
        Self {
            first: first.and_then(DeliveryOwner::parse),
            second: second.and_then(Name::parse),
        }
    }
}

/// The text that [`DeliveryOwner::parse`] reads.
pub(super) fn owner(delivery: &Delivery) -> String {
    format!(
        "{}:{}:{}",
        delivery.copy,
        u8::from(delivery.has_effect),
        delivery.part.as_deref().unwrap_or_default(),
    )
}

/// Whether the callback is the first copy of its delivery, and how to proceed.
pub(super) enum Copy {
    /// Not seen before.
    First,
    /// A duplicate: no change, except for the API's response (rule 1).
    Repeated,
    /// A copy with different unsigned fields. It may be received, and is held for
    /// that.
    Conflicting { may_be_received: bool },
    /// A copy with different unsigned fields, but the API lists both transfers.
    Ordinary,
}

impl Step<'_> {
    /// Classifies this copy of the delivery, and records it.
    pub(super) fn deliver(
        &mut self,
        event: &Event<'_>,
        part: Option<&Part<'_>>,
        owner: Owners,
        is_read: bool,
    ) -> Copy {
        let (name, copy) = (Name(event.delivery), Name(event.copy(part)));
        let deliveries = &mut self.payment.state.deliveries;
        let known = deliveries.iter().position(|known| known.name == name);
        let second = owner.second.filter(|second| *second != copy);
        let entry = match (known, owner.first) {
            (Some(index), _) => index,
            // It belongs to another payment of the merchant.
            (None, Some(owner)) => {
                if owner.copy == copy {
                    return Copy::Repeated;
                }
                if deliveries.len() >= MAX_DELIVERIES {
                    let has_effect = owner.has_effect || second.is_some();
                    return self.conflict(None, copy, part, has_effect);
                }
                deliveries.push(Delivery {
                    name,
                    copy: owner.copy,
                    part: Some(owner.part),
                    has_effect: owner.has_effect,
                    others: Vec::new(),
                });
                deliveries.len() - 1
            }
            (None, None) => {
                // An ambiguous reading takes no name (rule 18).
                if (is_read || event.has_signed_split()) && deliveries.len() < MAX_DELIVERIES {
                    let index = deliveries.len();
                    deliveries.push(Delivery {
                        name,
                        copy,
                        part: part.map(|part| SharedStr::from(&*part.id)),
                        has_effect: false,
                        others: Vec::new(),
                    });
                    let subject = event.parts.first().map(|part| part.id.to_string());
                    self.recorded = Some(Recorded {
                        index,
                        before: self.payment.of_part(subject.as_deref()),
                        subject,
                    });
                }
                return Copy::First;
            }
        };
        let Some(first) = self.payment.state.deliveries.get(entry) else {
            return Copy::First;
        };
        if first.copy == copy {
            return Copy::Repeated;
        }
        let lists_both = match (&event.lookup, part, &first.part) {
            (Some(lookup), Some(part), Some(other)) => {
                *part.id != **other
                    && confirms(lookup, &part.id, part)
                    && confirms(lookup, other, part)
            }
            _ => false,
        };
        let is_known_copy = first.others.contains(&copy);
        if lists_both {
            // If it was received before, the API releases it like any other part.
            let is_known = part.is_some_and(|part| self.known(event, part).is_some());
            if !is_known_copy {
                self.remember_copy(entry, copy);
                self.second = Some(copy);
            }
            return if is_known {
                Copy::Repeated
            } else {
                Copy::Ordinary
            };
        }
        if is_known_copy {
            return Copy::Repeated;
        }
        let has_effect = first.has_effect || !first.others.is_empty() || second.is_some();
        self.conflict(Some(entry), copy, part, has_effect)
    }

    fn conflict(
        &mut self,
        entry: Option<usize>,
        copy: Name,
        part: Option<&Part<'_>>,
        has_effect: bool,
    ) -> Copy {
        if let Some(entry) = entry {
            self.remember_copy(entry, copy);
        }
        self.second = Some(copy);
        let mut review = Review::new(ReviewReason::ConflictingDelivery);
        if let Some(part) = part {
            review = review.about(&part.id);
        }
        self.review(review);
        Copy::Conflicting {
            may_be_received: !has_effect,
        }
    }

    /// Copies are bounded like deliveries: an attacker who can create one can create
    /// many.
    fn remember_copy(&mut self, entry: usize, copy: Name) {
        let deliveries = &mut self.payment.state.deliveries;
        let others: usize = deliveries.iter().map(|known| known.others.len()).sum();
        // The second copy of each delivery is always remembered: a third changes
        // nothing.
        if let Some(delivery) = deliveries.get_mut(entry)
            && (others < MAX_COPIES || delivery.others.is_empty())
        {
            delivery.others.push(copy);
        }
    }
}

impl Payment {
    /// The name under which a delivery is bound in a ledger. A reference that is only
    /// reported is part of it: under another one, the same delivery is not a copy.
    pub(crate) fn delivery_name(event: &Event<'_>) -> String {
        let name = format!("delivery:{}", Name(event.delivery));
        if event.has_signed_split() {
            format!("{name}:{}", event.reference)
        } else {
            name
        }
    }
}

/// Whether the API lists a transfer of this part's amount under `id`. A status that is
/// behind the callback's confirms nothing.
pub(super) fn confirms(lookup: &Lookup<'_>, id: &str, part: &Part<'_>) -> bool {
    let amount = |part: &Part<'_>| part.amounts.first().and_then(|money| money.amount.clone());
    lookup.part(id).is_some_and(|listed| {
        let is_behind = part.outcome.is_settled() && !listed.outcome.is_settled();
        amount(listed) == amount(part) && !is_behind
    })
}
