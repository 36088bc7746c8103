//! The traits of the public types of `lifecycles` and `stores`.

use std::error::Error;
use std::fmt::Debug;

use payhook::idempotency::MemoryStore;
use payhook_conformance::lifecycles::{
    Changed, RecordedLifecycle, ReplayedStep, StepOutcome, Sums,
};
use payhook_conformance::stores::{BrokenRule, StoreConformance};
use serde::Serialize;
use serde::de::DeserializeOwned;

const _: fn() = || {
    fn any<T: Send + Sync + Unpin + Debug>() {}
    fn value<T: Clone>() {}
    fn recorded<T: Eq + Serialize + DeserializeOwned>() {}
    fn error<T: Error>() {}

    any::<(RecordedLifecycle, ReplayedStep, StepOutcome, Changed, Sums)>();
    any::<(BrokenRule, StoreConformance<MemoryStore>)>();
    value::<(RecordedLifecycle, ReplayedStep, StepOutcome, Changed, Sums)>();
    recorded::<StepOutcome>();
    recorded::<Changed>();
    recorded::<Sums>();
    error::<BrokenRule>();
};
