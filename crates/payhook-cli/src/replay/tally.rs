//! [`Tally`]: the summary of a replay.

use serde_json::{Value, json};

/// The number of lifecycles, by their result.
#[derive(Default)]
pub(super) struct Tally {
    as_expected: u64,
    different: u64,
    /// Replayed, without a `want` in any step.
    not_compared: u64,
    not_replayed: u64,
}

impl Tally {
    /// Counts a lifecycle that was replayed, and whether it was as expected if it has
    /// expected changes.
    pub(super) fn count(&mut self, is_as_expected: Option<bool>) {
        let counted = match is_as_expected {
            Some(true) => &mut self.as_expected,
            Some(false) => &mut self.different,
            None => &mut self.not_compared,
        };
        *counted = counted.saturating_add(1);
    }

    pub(super) fn count_not_replayed(&mut self) {
        self.not_replayed = self.not_replayed.saturating_add(1);
    }

    /// Whether every lifecycle was replayed, and none differs.
    pub(super) fn is_as_expected(&self) -> bool {
        self.different == 0 && self.not_replayed == 0
    }

    /// All but those without expected changes.
    fn compared(&self) -> u64 {
        let failed = self.different.saturating_add(self.not_replayed);
        self.as_expected.saturating_add(failed)
    }

    pub(super) fn text(&self) -> String {
        let (as_expected, compared) = (self.as_expected, self.compared());
        match (self.not_compared, compared) {
            (0, _) => format!("{as_expected} of {compared} lifecycles as expected"),
            (1, 0) => "1 lifecycle replayed, without expected changes".to_owned(),
            (count, 0) => format!("{count} lifecycles replayed, without expected changes"),
            (count, _) => format!(
                "{as_expected} of {compared} lifecycles as expected, {count} replayed without \
                 expected changes"
            ),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "summary": self.text(),
            "lifecycles": self.compared().saturating_add(self.not_compared),
            "as_expected": self.as_expected,
            "without_expected_changes": self.not_compared,
        })
    }
}
