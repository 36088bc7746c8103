//! [`Report`]: what was sent, what the merchant's code did, and which rules it
//! broke.

use std::fmt;

use crate::Gateway;

/// A rule of crediting.
///
/// ```
/// use payhook_conformance::torture::Rule;
///
/// assert_eq!(
///     Rule::Regressed.hint(),
///     "add what is new to the balance under a lock; a callback's own amount is only its part, \
///      and an older callback may come last",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// More was credited than came in, by something that is itself proven: a
    /// repetition, or a change of what no proof covers.
    CreditedTwice,
    /// Credited, or taken for paid, without a proof, before it was final, before
    /// all came in, in another currency or kind, or under another reference.
    CreditedUnproven,
    /// The shop acted on the payment as paid more than once.
    FulfilledTwice,
    /// It was posted until it was answered with 200, or as often as the gateway
    /// tries, and it is not credited; or it is neither credited nor held for a
    /// person.
    Lost,
    /// It was paid and is not any more, or there is less credited than before.
    Regressed,
}

impl Rule {
    /// `credited twice`, `lost` and so on: how it is broken.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::CreditedTwice => "credited twice",
            Self::CreditedUnproven => "credited unproven",
            Self::FulfilledTwice => "fulfilled twice",
            Self::Lost => "lost",
            Self::Regressed => "regressed",
        }
    }

    /// What to look at in a shop that breaks it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CreditedTwice => {
                "credit a transfer once in its life, when it becomes settled: keep what was credited \
                 in the same transaction, and hold an equal amount under another id for a person, as \
                 no signature covers the id"
            }
            Self::CreditedUnproven => {
                "credit only what a signature or the order endpoint proves, once it is final, and \
                 only under the reference, kind and currency of your own record"
            }
            Self::FulfilledTwice => {
                "note in the transaction that credits that the payment is paid, and act on it the \
                 first time only"
            }
            Self::Lost => {
                "answer 200 only for what is booked: fail while it can't be booked, or while the order endpoint lags behind the callback; add parts under a lock; hold for a person \
                 what is not credited; and read every spelling"
            }
            Self::Regressed => {
                "add what is new to the balance under a lock; a callback's own amount is only its \
                 part, and an older callback may come last"
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A rule that was broken, and where.
///
/// See [`Report::broken`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// Which rule.
    pub rule: Rule,
    /// Whose callbacks.
    pub gateway: Gateway,
    /// The row of the table.
    pub row: &'static str,
    /// The case in that row.
    pub case: &'static str,
    /// The payment's reference, for a look into the shop's log.
    pub reference: String,
    /// What came in, and what is in the books.
    pub found: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            gateway,
            row,
            case,
            found,
            ..
        } = self;
        write!(f, "{rule}: {gateway}, {row} ({case}): {found}")
    }
}

/// A row of the table: the payments that were tortured in one way.
///
/// See [`Report`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Whose callbacks.
    pub gateway: Gateway,
    /// In which way.
    pub name: &'static str,
    /// How many bodies were posted.
    pub sent: usize,
    /// How many were answered with 200.
    pub accepted: usize,
    /// How many were answered with 4xx.
    pub refused: usize,
    /// How many were answered with anything else, or not at all.
    pub failed: usize,
    /// How many credits there are at the end.
    pub credits: usize,
    /// How many there have to be at least.
    pub due: usize,
    /// How many payments came in, some of which may be left to a person.
    pub came: usize,
    /// Whether it was tried: not every shop can be
    /// [disturbed](super::Shop::disturb).
    pub is_tried: bool,
    /// The rules that were broken, each case at most once for each.
    pub broken: Vec<Broken>,
}

impl Row {
    pub(super) fn new(gateway: Gateway, name: &'static str) -> Self {
        Self {
            gateway,
            name,
            sent: 0,
            accepted: 0,
            refused: 0,
            failed: 0,
            credits: 0,
            due: 0,
            came: 0,
            is_tried: true,
            broken: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, status: Option<u16>) {
        let counter = match status {
            Some(200) => &mut self.accepted,
            Some(400..500) => &mut self.refused,
            _ => &mut self.failed,
        };
        *counter = counter.saturating_add(1);
        self.sent = self.sent.saturating_add(1);
    }

    fn expected(&self) -> String {
        if self.due == self.came {
            self.due.to_string()
        } else {
            format!("{}-{}", self.due, self.came)
        }
    }

    fn verdict(&self) -> String {
        if !self.is_tried {
            return "not tried".to_owned();
        }
        let mut rules: Vec<_> = self.broken.iter().map(|broken| broken.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let words: Vec<_> = rules.iter().map(Rule::as_str).collect();
        if words.is_empty() {
            "ok".to_owned()
        } else {
            words.join(", ")
        }
    }
}

/// What came of a [torture](super::Torture); shown as a table, with the broken
/// rules below.
///
/// See the [module](super) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What it can be repeated with.
    pub seed: u64,
    /// The table.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether something was tried and no rule was broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.rows.iter().any(|row| row.sent > 0) && self.broken().next().is_none()
    }

    /// The broken rules.
    pub fn broken(&self) -> impl Iterator<Item = &Broken> {
        self.rows.iter().flat_map(|row| &row.broken)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |row: &Row| format!("{}  {}", row.gateway, row.name);
        let width = self.rows.iter().map(|row| name(row).len()).max();
        let width = width.unwrap_or_default();
        writeln!(
            f,
            "{:width$}  sent   200   4xx  else  credited  expected  verdict",
            format!("seed {}", self.seed)
        )?;
        for row in &self.rows {
            let [sent, accepted, refused, failed, credits] =
                [row.sent, row.accepted, row.refused, row.failed, row.credits];
            writeln!(
                f,
                "{:width$} {sent:>5} {accepted:>5} {refused:>5} {failed:>5} {credits:>9} {:>9}  {}",
                name(row),
                row.expected(),
                row.verdict()
            )?;
        }
        if self.is_clean() {
            return f.write_str("whatever came in is credited once or held for a person, and nothing else is credited");
        }
        let mut broken: Vec<_> = self.broken().collect();
        if broken.is_empty() {
            return f.write_str("nothing was tried");
        }
        broken.sort_by_key(|broken| broken.rule);
        write!(f, "a rule is broken in {}", count(broken.len(), "place"))?;
        for rule in broken.chunk_by(|one, other| one.rule == other.rule) {
            let Some(first) = rule.first() else { continue };
            write!(f, "\n\n{}: {}", first.rule, first.rule.hint())?;
            // The rounds of a case differ in nothing but their amounts.
            let is_same = |one: &&Broken, other: &&Broken| {
                (one.gateway, one.row, one.case) == (other.gateway, other.row, other.case)
            };
            for same in rule.chunk_by(is_same) {
                let Some(Broken {
                    gateway,
                    row,
                    case,
                    found,
                    ..
                }) = same.first()
                else {
                    continue;
                };
                write!(f, "\n- {gateway}, {row} ({case}): {found}")?;
                if same.len() > 1 {
                    write!(f, "; {} times", same.len())?;
                }
            }
        }
        Ok(())
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
