//! The subjects of the benchmarks, for both measurements: time (`benches/time.rs`), and
//! instructions and allocations (`src/bin/count.rs`).
//!
//! They form groups: one body, and operations on it. The first of a group is its floor,
//! the minimum cost of reading JSON and computing an HMAC: one pass over the body that
//! stores nothing, and the MAC of one signed text. CityPay.io signs nothing, so its
//! floor has no MAC.

mod bodies;
mod by_hand;
mod floor;
mod ours;
#[cfg(feature = "peers")]
mod peers;

pub use bodies::{SECRET, deposit_number};

/// A function with its name.
pub struct Subject {
    pub group: String,
    pub name: &'static str,
    /// The total length of its bodies.
    pub bytes: usize,
    /// Whether it succeeded.
    pub call: Box<dyn Fn() -> bool>,
}

impl Subject {
    /// The name in criterion, and of its directory.
    pub fn id(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }
}

/// The subjects with the same body.
struct Group {
    name: String,
    bytes: usize,
    subjects: Vec<Subject>,
}

impl Group {
    fn new(name: impl Into<String>, bytes: usize) -> Self {
        Self {
            name: name.into(),
            bytes,
            subjects: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, call: impl Fn() -> bool + 'static) -> Self {
        self.subjects.push(Subject {
            group: self.name.clone(),
            name,
            bytes: self.bytes,
            call: Box::new(call),
        });
        self
    }
}

/// All groups, in the order of the table.
pub fn subjects() -> Vec<Subject> {
    let groups = ours::groups().into_iter();
    #[cfg(feature = "peers")]
    let groups = groups.chain(peers::groups());
    groups.flat_map(|group| group.subjects).collect()
}
