//! The subjects of the benchmarks, once for the clock (`benches/time.rs`) and
//! once for the count of instructions and allocations (`src/bin/count.rs`).
//!
//! They come in groups: one body, and what is done with it. The first of a
//! group is its floor, which is what no reader of JSON and HMAC gets below: one
//! pass over the body that keeps nothing, and the MAC of one signed text.
//! CityPay.io signs nothing, and has no MAC in its floor.

mod bodies;
mod by_hand;
mod floor;
mod ours;
#[cfg(feature = "peers")]
mod peers;

pub use bodies::{SECRET, deposit_number};

/// What is called, under which name.
pub struct Subject {
    pub group: String,
    pub name: &'static str,
    /// How long its bodies are, together.
    pub bytes: usize,
    /// Whether it ended as it should.
    pub call: Box<dyn Fn() -> bool>,
}

impl Subject {
    /// As criterion calls it, and its folder.
    pub fn id(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }
}

/// The subjects that have one body.
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

/// All of them, in the order of the table.
pub fn subjects() -> Vec<Subject> {
    let groups = ours::groups().into_iter();
    #[cfg(feature = "peers")]
    let groups = groups.chain(peers::groups());
    groups.flat_map(|group| group.subjects).collect()
}
