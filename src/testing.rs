//! What merchants test with. Feature `testing`.

mod guard;

pub use guard::{BrokenRule, GuardConformance};
