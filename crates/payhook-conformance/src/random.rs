//! Reproducible pseudorandom numbers.

use chrono::TimeDelta;

/// SplitMix64.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// Each name of a seed has its own sequence, independent of the others.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a: the standard library's hash may change.
        let stream = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(seed ^ stream);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Both ends are included; returns `from` if the range is empty.
    pub(super) fn between(&mut self, from: u32, to: u32) -> u32 {
        let range = u64::from(to.saturating_sub(from)).saturating_add(1);
        let drawn = self.next().checked_rem(range).unwrap_or_default();
        from.saturating_add(u32::try_from(drawn).unwrap_or_default())
    }

    /// A random element; `None` if there is none.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let last = u32::try_from(choices.len()).ok()?.checked_sub(1)?;
        choices.get(usize::try_from(self.between(0, last)).ok()?)
    }

    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.between(1, 100) <= chance
    }

    /// In microseconds, as in the gateways' timestamps, so that they are unique.
    pub(super) fn seconds(&mut self, from: u32, to: u32) -> TimeDelta {
        let microseconds = self.between(0, 999_999);
        TimeDelta::seconds(self.between(from, to).into())
            + TimeDelta::microseconds(microseconds.into())
    }

    pub(super) fn minutes(&mut self, from: u32, to: u32) -> TimeDelta {
        self.seconds(from.saturating_mul(60), to.saturating_mul(60))
    }

    /// A numeric id in the gateways' form.
    pub(super) fn id(&mut self) -> String {
        format!("{}{:06}", self.between(1, 9_999), self.between(0, 999_999))
    }

    /// A transaction hash of 64 digits.
    pub(super) fn hash(&mut self) -> String {
        let [a, b, c, d] = [self.next(), self.next(), self.next(), self.next()];
        format!("{a:016x}{b:016x}{c:016x}{d:016x}")
    }
}
