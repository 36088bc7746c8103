//! [`Report`]: the deliveries, the responses, and the broken rules.

use std::fmt::{self, Write as _};

use crate::Gateway;

/// A rule of crediting.
///
/// ```
/// use payhook_conformance::stress::Rule;
///
/// assert_eq!(
///     Rule::Regressed.hint(),
///     "add new money to the balance under a lock: a callback's own amount is only its part, and \
///      an older callback can arrive last",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// More was credited than received, because of a proven delivery: a duplicate, or
    /// a change of unproven fields.
    CreditedTwice,
    /// Credited, or considered paid, without proof, before it was final, before
    /// everything was received, in another currency or kind, or under another
    /// reference.
    CreditedUnproven,
    /// The payment was fulfilled more than once.
    FulfilledTwice,
    /// It was sent until it was answered with 200, or up to the gateway's maximum
    /// number of attempts, but is not credited; or it is neither credited nor held
    /// for manual review.
    Lost,
    /// It was paid but is no longer, or less is credited than before.
    Regressed,
}

impl Rule {
    /// Returns the name, such as `credited twice` or `lost`.
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

    /// Returns a hint for fixing a server that breaks it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CreditedTwice => {
                "credit each transfer once, when it first settles: store the credited amount in the \
                 same transaction, and hold an equal amount under another id for manual review, \
                 because no signature covers the id"
            }
            Self::CreditedUnproven => {
                "credit only what a signature or the order endpoint proves, once it is final, and \
                 only under the reference, kind and currency of your own record"
            }
            Self::FulfilledTwice => {
                "store in the transaction of the credit that the payment is paid, and fulfil it only \
                 the first time"
            }
            Self::Lost => {
                "respond with 200 only when the money is stored, and with 500 while it cannot be \
                 stored or the order endpoint lags behind the callback; add partial payments under \
                 a lock; hold uncredited money for manual review; accept every spelling of a value"
            }
            Self::Regressed => {
                "add new money to the balance under a lock: a callback's own amount is only its \
                 part, and an older callback can arrive last"
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A broken rule with its case.
///
/// See [`Report::violations`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The gateway.
    pub gateway: Gateway,
    /// The name of the test.
    pub test: &'static str,
    /// The case in that test.
    pub case: &'static str,
    /// The payment's reference, to find it in the server's log.
    pub reference: String,
    /// The received money, and the ledger's state.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            gateway,
            test,
            case,
            found,
            ..
        } = self;
        write!(f, "{rule}: {gateway}, {test} ({case}): {found}")
    }
}

/// The result of one test with all its cases: a row of the table.
///
/// See [`Report`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestResult {
    /// The gateway.
    pub gateway: Gateway,
    /// The name of the test.
    pub name: &'static str,
    /// The number of bodies sent.
    pub sent: usize,
    /// The number answered with 200.
    pub accepted: usize,
    /// The number answered with 4xx.
    pub refused: usize,
    /// The number answered with another status, or not at all.
    pub failed: usize,
    /// The number of credits at the end.
    pub credits: usize,
    /// The minimum number of credits.
    pub min_credits: usize,
    /// The maximum number of credits: that of received payments, some of which may be
    /// held for manual review.
    pub max_credits: usize,
    /// Whether it was tested: not every server supports
    /// [fault injection](super::Target::inject).
    pub is_tested: bool,
    /// The rules that were broken, each case at most once for each.
    pub violations: Vec<Violation>,
    /// The number of genuine callbacks that were answered, except with 5xx, and of
    /// those answered with 401.
    pub(super) genuine: usize,
    pub(super) unauthorized: usize,
}

impl TestResult {
    pub(super) fn new(gateway: Gateway, name: &'static str) -> Self {
        Self {
            gateway,
            name,
            sent: 0,
            accepted: 0,
            refused: 0,
            failed: 0,
            credits: 0,
            min_credits: 0,
            max_credits: 0,
            is_tested: true,
            violations: Vec::new(),
            genuine: 0,
            unauthorized: 0,
        }
    }

    pub(super) fn count_genuine(&mut self, status: Option<u16>) {
        if let Some(status) = status.filter(|status| *status < 500) {
            self.genuine = self.genuine.saturating_add(1);
            self.unauthorized = self.unauthorized.saturating_add(usize::from(status == 401));
        }
        self.count(status);
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
        if self.min_credits == self.max_credits {
            self.min_credits.to_string()
        } else {
            format!("{}-{}", self.min_credits, self.max_credits)
        }
    }

    fn outcome(&self) -> String {
        if !self.is_tested {
            return "not tested".to_owned();
        }
        let mut rules: Vec<_> = self.violations.iter().map(|it| it.rule).collect();
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

/// The result of a [run](super::Suite), displayed as a table followed by the broken
/// rules.
///
/// See the [module](super) for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The seed, to repeat the run.
    pub seed: u64,
    /// The results of the tests.
    pub results: Vec<TestResult>,
}

impl Report {
    /// Returns whether something was tested and no rule was broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.results.iter().any(|result| result.sent > 0) && self.violations().next().is_none()
    }

    /// Returns whether the server answered every genuine callback of this gateway with
    /// 401, unless it failed (5xx): its key, or its order endpoint, is not that of the
    /// test.
    #[must_use]
    pub fn refuses_all(&self, gateway: Gateway) -> bool {
        let results = self.results.iter();
        let mut results = results.filter(|result| result.gateway == gateway && result.genuine > 0);
        results.clone().next().is_some()
            && results.all(|result| result.unauthorized == result.genuine)
    }

    /// Returns the results as a table, without the broken rules.
    #[must_use]
    pub fn table(&self) -> String {
        let name = |result: &TestResult| format!("{}  {}", result.gateway, result.name);
        let width = self.results.iter().map(|result| name(result).len()).max();
        let width = width.unwrap_or_default();
        let mut table = format!(
            "{:width$}  sent   200   4xx  else  credited  expected  result\n",
            format!("seed {}", self.seed)
        );
        for result in &self.results {
            let [sent, accepted, refused, failed, credits] = [
                result.sent,
                result.accepted,
                result.refused,
                result.failed,
                result.credits,
            ];
            let _ = writeln!(
                table,
                "{:width$} {sent:>5} {accepted:>5} {refused:>5} {failed:>5} {credits:>9} {:>9}  {}",
                name(result),
                result.expected(),
                result.outcome()
            );
        }
        table
    }

    /// Returns the broken rules.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.results.iter().flat_map(|result| &result.violations)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table())?;
        if self.is_clean() {
            return f.write_str(
                "every received payment is credited once or held for manual review, and nothing else is credited",
            );
        }
        let mut violations: Vec<_> = self.violations().collect();
        if violations.is_empty() {
            return f.write_str("nothing was tested");
        }
        violations.retain(|it| it.rule != Rule::Lost || !self.refuses_all(it.gateway));
        let refused: Vec<_> = [Gateway::B2binpay, Gateway::CityPay]
            .into_iter()
            .filter(|gateway| self.refuses_all(*gateway))
            .map(refusal)
            .collect();
        f.write_str(&refused.join("\n"))?;
        if violations.is_empty() {
            return Ok(());
        }
        if !refused.is_empty() {
            f.write_str("\n")?;
        }
        violations.sort_by_key(|it| it.rule);
        write!(
            f,
            "a rule is broken in {}",
            count(violations.len(), "place")
        )?;
        for rule in violations.chunk_by(|one, other| one.rule == other.rule) {
            let Some(first) = rule.first() else { continue };
            write!(f, "\n\n{}: {}", first.rule, first.rule.hint())?;
            // The rounds of a case differ only in their amounts.
            let is_same = |one: &&Violation, other: &&Violation| {
                (one.gateway, one.test, one.case) == (other.gateway, other.test, other.case)
            };
            for same in rule.chunk_by(is_same) {
                let Some(Violation {
                    gateway,
                    test,
                    case,
                    found,
                    ..
                }) = same.first()
                else {
                    continue;
                };
                write!(f, "\n- {gateway}, {test} ({case}): {found}")?;
                if same.len() > 1 {
                    write!(f, "; {} times", same.len())?;
                }
            }
        }
        Ok(())
    }
}

/// The sentence about a gateway whose genuine callbacks are all refused.
fn refusal(gateway: Gateway) -> String {
    let question = match gateway {
        Gateway::CityPay => "does it query the test's order endpoint, with the same customer id?",
        Gateway::B2binpay => "does it have the key of the test?",
    };
    format!("{gateway}: the server refuses every genuine callback with 401: {question}")
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
