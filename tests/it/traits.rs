//! Which traits each public type has, and which the types of trust must not have.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use payhook::b2binpay::{self, Key, ProvenTransfer, Verifier};
use payhook::citypay::{Account, DepositCallback, OrderCallback, ProvenOrder, Token};
#[cfg(feature = "diagnose")]
use payhook::diagnose::{Diagnose, Diagnosis};
use payhook::{
    Amount, Callback, Disposition, Event, ParseError, Unverified, Verified, VerifyError,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::support::{ALL_FEATURES, at_root, public_types};

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
    Verified<b2binpay::Callback>: DeserializeOwned, Default, From<Unverified<b2binpay::Callback>>,
        From<b2binpay::Callback>, std::ops::DerefMut, std::ops::Deref;
    Verified<OrderCallback>: DeserializeOwned, Default, From<Unverified<OrderCallback>>, std::ops::DerefMut;
    Verified<DepositCallback>: DeserializeOwned, Default, From<Unverified<DepositCallback>>, std::ops::DerefMut;
    Callback: DeserializeOwned, Default, Serialize, From<b2binpay::Callback>,
        From<Unverified<b2binpay::Callback>>;
    Event<'static>: DeserializeOwned, Default, Serialize, From<Callback>;
    Unverified<b2binpay::Callback>: DeserializeOwned, Default, Serialize, std::ops::Deref;
    ProvenTransfer: DeserializeOwned, Default, Serialize;
    ProvenOrder: DeserializeOwned, Default, Serialize;
    b2binpay::Callback: DeserializeOwned, Default, PartialEq;
    Key: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Verifier: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Account: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Token: PartialEq, PartialEq<str>, Display, Default, DeserializeOwned;
    Amount: From<f64>, From<f32>, Into<f64>;
}

#[cfg(feature = "diagnose")]
assert_not_impl! {
    Diagnose: Display, Serialize, DeserializeOwned, PartialEq, Default;
    Diagnosis: Serialize, DeserializeOwned, Default, Into<Verified<b2binpay::Callback>>;
}

/// The traits of each type, except those marked `no`, with the reason.
macro_rules! check_common {
    ($Type:ty) => {
        assert_impl! { $Type: Send, Sync, Debug, Clone, Unpin; }
    };
    ($Type:ty, Clone) => {
        assert_impl! { $Type: Send, Sync, Debug, Unpin; }
        assert_not_impl! { $Type: Clone; }
    };
}

/// Checks the traits of types, and returns the names of the checked types.
macro_rules! hold {
    ($(
        $(#[$feature:meta])?
        in $module:path: {$(
            $Type:ty $(, no $Without:ident because $reason:literal)* $(: $($Trait:path),+)?;
        )+}
    )+) => {{
        let mut held = Vec::new();
        $(
            $(#[$feature])?
            {
                use $module::*;
                $(
                    check_common!($Type $(, $Without)*);
                    $( assert_impl! { $Type: $($Trait),+; } )?
                    held.push((stringify!($module), stringify!($Type)));
                )+
            }
        )+
        held
    }};
}

fn held() -> BTreeSet<String> {
    let held = hold! {
        in payhook: {
            Callback;
            Fact<&'static str>: Display, Copy, Eq;
            Outcome: Display, Copy, Eq, Hash;
        }
        in payhook::address: {
            AddressError: std::error::Error, Eq;
            AddressRanges: Eq;
        }
        in payhook::amount: {
            Amount: Display, Ord, Hash, FromStr, Serialize, Default;
            AmountError: std::error::Error, Copy, Eq;
        }
        in payhook::config: {
            Config;
            EnvError: std::error::Error, Eq;
        }
        #[cfg(feature = "diagnose")]
        in payhook::diagnose: {
            Cause: Display, Eq;
            Diagnose;
            Diagnosis: Display, Eq;
            Finding: Display, Eq;
        }
        in payhook::endpoint: {
            Disposition, no Clone because "it holds what the merchant's code failed with": Display;
            Endpoint<b2binpay::Gateway, payhook::MemoryLedger>;
            Idempotent<(), payhook::idempotency::MemoryStore>;
            Receipt: Display, Eq, Serialize;
            Reply, no Clone because "it holds what the merchant's code failed with";
        }
        in payhook::error: {
            BodyEncoding: Display, Copy, Eq, Hash;
            ConfigError: std::error::Error, Copy, Eq;
            Error: std::error::Error, Eq;
            Fault: Display, Copy, Eq, Hash;
            FieldError: std::error::Error, Copy, Eq;
            FieldWarning: Display, Eq;
            OtherProduct: Display, Copy, Eq, Hash;
            ParseError: std::error::Error, Eq;
            VerifyError: std::error::Error, Eq;
        }
        in payhook::event: {
            Event<'static>;
            PaymentKind: Display, Copy, Eq, Hash;
        }
        in payhook::handler: {
            HandlerFn<fn()>: Copy;
        }
        in payhook::idempotency: {
            Claim, no Clone because "it may hold the right to handle";
            ClaimToken, no Clone because "the right to handle is used once";
            IdempotencyKey: Display, Copy, Ord, Hash;
            IdempotencyKeys: Copy, Eq;
            Lease: Copy, Eq, Hash;
            MemoryStore: Default;
        }
        in payhook::ledger: {
            MemoryLedger: Default;
            PaymentKey: Eq, Hash;
        }
        in payhook::timestamp: {
            Timestamp: Display, Eq, FromStr, Serialize;
            TimestampError: std::error::Error, Copy, Eq;
        }
        in payhook::verified: {
            Evidence: Display, Eq;
            RawJson: Eq, Serialize;
            SignatureScheme: Display, Copy, Eq, Hash;
            Unverified<b2binpay::Callback>;
            Verified<DepositCallback>;
            Verified<OrderCallback>;
            Verified<b2binpay::Callback>;
        }
        in payhook::b2binpay: {
            CallbackType: Display, Eq, Hash, Serialize;
            Currency: Eq, Serialize;
            Deposit: Eq, Serialize;
            DepositStatus: Display, Copy, Eq, Hash, Serialize;
            Destination: Eq, Serialize;
            Key;
            Operation: Eq;
            OperationType: Display, Copy, Eq, Hash, Serialize;
            OtherResource: Eq, Serialize;
            Payout: Eq, Serialize;
            PayoutStatus: Display, Copy, Eq, Hash, Serialize;
            ProvenTransfer;
            RiskStatus: Display, Copy, Eq, Hash, Serialize;
            TrackingIds: Display, Copy, Eq, Hash;
            Transfer: Eq, Serialize;
            Callback: Serialize;
            TransferStatus: Display, Copy, Eq, Hash, Serialize;
            Verifier;
        }
        in payhook::citypay: {
            Account;
            Action: Display, Eq, Hash, Serialize;
            AmountBreakdown: Eq, Serialize;
            FiatCurrency: Eq, Serialize;
            DepositCallback: Serialize;
            DepositStatus: Display, Eq, Hash, Serialize;
            OrderDetails: Serialize;
            OrderCallback: Serialize;
            OrderStatus: Display, Eq, Hash, Serialize;
            OrderTransaction: Eq, Serialize;
            Callback;
            ProvenDeposit;
            ProvenOrder;
            Token: Serialize;
        }
        #[cfg(feature = "http")]
        in payhook::http: {
            TrustedProxies;
        }
        #[cfg(feature = "tower")]
        in payhook::http: {
            CallbackService<b2binpay::Gateway, payhook::MemoryLedger>;
        }
        in payhook::payment: {
            Change: Eq, Default;
            Expected: Eq;
            ExpectedError: std::error::Error, Copy, Eq;
            ExpectedKind: Copy, Eq, Hash;
            HeldChanged: std::error::Error, Eq;
            HeldPart: Eq;
            History: Display, FromStr, Default;
            HistoryError: std::error::Error, Copy, Eq;
            Payment;
            PaymentStatus: Display, Copy, Eq, Hash;
            Review: Display, Eq;
            ReviewReason: Display, Eq;
        }
        in payhook::b2binpay: {
            Gateway;
            LookupPolicy: Copy, Eq, Hash, Default;
        }
        in payhook::citypay: {
            Gateway<std::convert::Infallible>;
        }
        #[cfg(feature = "testing")]
        in payhook::testing: {
            Body<payhook::b2binpay::Callback>;
            BuildError, no Clone because "it holds an error of `serde_json`": std::error::Error;
            Json: Display, Eq, Default;
        }
        #[cfg(feature = "testing")]
        in payhook::testing::b2binpay: {
            CallbackBuilder;
            CurrencyBuilder;
            Included;
            TransferBuilder;
        }
        #[cfg(feature = "testing")]
        in payhook::testing::citypay: {
            DepositBuilder;
            OrderBuilder;
            OrderEndpoint: Default;
        }
    };
    let name = |(module, shown): (&str, &str)| {
        let name = shown.split('<').next().unwrap_or_default();
        at_root(&format!("{module}::{name}"))
    };
    held.into_iter().map(name).collect()
}

/// The traits of every public type are checked.
#[test]
fn no_public_type_is_forgotten() {
    let (held, public) = (held(), public_types());
    let gone: Vec<_> = held.difference(&public).collect();
    assert!(gone.is_empty(), "not public any more: {gone:?}");
    if ALL_FEATURES {
        let forgotten: Vec<_> = public.difference(&held).collect();
        assert!(forgotten.is_empty(), "not in the list: {forgotten:?}");
    }
}

/// An error is passed around by value on every refused body.
#[test]
fn errors_are_small() {
    for size in [
        size_of::<ParseError>(),
        size_of::<VerifyError>(),
        size_of::<payhook::Error>(),
        size_of::<Disposition>(),
    ] {
        assert!(size <= 72, "{size} bytes");
    }
}
