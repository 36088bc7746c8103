//! Which traits the types of trust have, and which they must not have.

use std::fmt::{Debug, Display};

use payhook::b2binpay::{Key, TransferCallback, Verifier};
use payhook::citypay::{Account, DepositCallback, OrderAnswer, OrderCallback, Token};
use payhook::{
    Amount, Callback, Cause, Diagnose, Diagnosis, Disposition, Error, Event, Expected, Finding,
    KeyError, ParseError, Progress, Proven, Receiver, Reconciliation, Reply, State, StateError,
    Status, Text, Timestamp, Unverified, Verdict, Verified, VerifyError,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Fails to compile if the type has the trait: both impls would apply then.
macro_rules! assert_not_impl {
    ($($Type:ty: $($Trait:path),+;)+) => {$($(
        const _: fn() = || {
            trait AmbiguousIfImplemented<A> {
                fn check() {}
            }
            impl<T: ?Sized> AmbiguousIfImplemented<()> for T {}
            struct Invalid;
            impl<T: ?Sized + $Trait> AmbiguousIfImplemented<Invalid> for T {}
            let _ = <$Type as AmbiguousIfImplemented<_>>::check;
        };
    )+)+};
}

macro_rules! assert_impl {
    ($($Type:ty: $($Trait:path),+;)+) => {$($(
        const _: fn() = || {
            fn check<T: ?Sized + $Trait>() {}
            check::<$Type>();
        };
    )+)+};
}

assert_not_impl! {
    Verified<TransferCallback>: DeserializeOwned, Default, From<Unverified<TransferCallback>>,
        From<TransferCallback>, std::ops::DerefMut, std::ops::Deref;
    Verified<OrderCallback>: DeserializeOwned, Default, From<Unverified<OrderCallback>>, std::ops::DerefMut;
    Verified<DepositCallback>: DeserializeOwned, Default, From<Unverified<DepositCallback>>, std::ops::DerefMut;
    Verified<Callback>: DeserializeOwned, Default, From<Callback>, Serialize, std::ops::DerefMut;
    Event<'static>: DeserializeOwned, Default, Serialize, From<Callback>;
    Expected: DeserializeOwned, Default, Serialize, PartialEq, Display, From<Event<'static>>;
    Reconciliation: DeserializeOwned, Default, Serialize, From<Verdict>;
    Unverified<TransferCallback>: DeserializeOwned, Default, Serialize, std::ops::Deref;
    Proven: DeserializeOwned, Default, Serialize;
    payhook::b2binpay::ProvenTransfer: DeserializeOwned, Default, Serialize;
    payhook::citypay::ProvenOrder: DeserializeOwned, Default, Serialize;
    TransferCallback: DeserializeOwned, Default, PartialEq;
    Key: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Diagnose: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Diagnosis: Serialize, DeserializeOwned, Default, Into<Verified<TransferCallback>>;
    Verifier: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Account: Display, Serialize, DeserializeOwned, PartialEq, Default;
    // Made from text, it must not pass for a callback.
    State: Default, From<Callback>, PartialOrd, Into<Callback>;
    Status: Default, PartialOrd;
    Token: PartialEq, PartialEq<str>, Display, Default, DeserializeOwned;
    Amount: From<f64>, From<f32>, Into<f64>;
}

assert_impl! {
    Verified<TransferCallback>: Send, Sync, Debug, Clone, Unpin;
    Verified<OrderCallback>: Send, Sync, Debug, Clone, Unpin;
    Verified<DepositCallback>: Send, Sync, Debug, Clone, Unpin;
    Verified<Callback>: Send, Sync, Debug, Clone, Unpin;
    Unverified<TransferCallback>: Send, Sync, Debug, Clone;
    Event<'static>: Send, Sync, Debug, Clone;
    Expected: Send, Sync, Debug, Clone, Unpin;
    Reconciliation: Send, Sync, Debug, Clone, Eq, Unpin;
    Verdict: Send, Sync, Debug, Display, Clone, Eq;
    Receiver<payhook::B2binpay>: Send, Sync, Debug, Clone;
    Reply: Send, Sync, Debug;
    Progress: Send, Sync, Debug, Display, Copy, Eq, std::hash::Hash;
    State: Send, Sync, Debug, Display, Clone, Eq, std::hash::Hash, std::str::FromStr, From<Status>, Unpin;
    Status: Send, Sync, Debug, Display, Clone, Eq, std::hash::Hash;
    StateError: Send, Sync, std::error::Error, Copy, Eq;
    Disposition: Send, Sync, Debug, Display;
    Diagnose: Send, Sync, Debug, Clone;
    Diagnosis: Send, Sync, Debug, Display, Clone, Eq;
    Finding: Send, Sync, Debug, Display, Clone, Eq;
    Cause: Send, Sync, Debug, Display, Clone, Eq;
    Key: Send, Sync, Debug, Clone;
    Verifier: Send, Sync, Debug, Clone;
    Account: Send, Sync, Debug, Clone;
    OrderAnswer: Send, Sync, Debug, Clone, Serialize;
    TransferCallback: Send, Sync, Debug, Clone, Serialize;
    Amount: Send, Sync, Debug, Display, Clone, Ord, std::hash::Hash, Serialize;
    Text: Send, Sync, Debug, Display, Clone, Ord, std::hash::Hash, Serialize;
    Timestamp: Send, Sync, Debug, Display, Clone, Eq, Serialize;
    Error: Send, Sync, std::error::Error;
    KeyError: Send, Sync, std::error::Error;
    ParseError: Send, Sync, std::error::Error;
    VerifyError: Send, Sync, std::error::Error;
}

/// An error is passed around by value on every refused body.
#[test]
fn errors_are_small() {
    for size in [
        size_of::<ParseError>(),
        size_of::<VerifyError>(),
        size_of::<Error>(),
        size_of::<Disposition>(),
    ] {
        assert!(size <= 72, "{size} bytes");
    }
}
