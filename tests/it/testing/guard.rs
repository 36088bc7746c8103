//! [`GuardConformance`] passes what keeps to the rules, and finds each slip.

use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use payhook::testing::{BrokenRule, GuardConformance};
use payhook::{
    AsyncGuard, Claim, ClaimToken, GuardFull, IdempotencyKey, IdempotencyKeys, Lease, MemoryGuard,
    NoGuard,
};

const LEASE: Duration = Duration::from_millis(40);

fn found<G: AsyncGuard + Send + Sync + 'static>(suite: &GuardConformance<G>) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    match runtime.block_on(suite.run()) {
        Ok(()) => None,
        Err(BrokenRule::Answer { rule, found, .. }) => Some(format!("{rule}: {found}")),
        Err(other) => panic!("{other}"),
    }
}

fn suite<G: AsyncGuard + Send + Sync + 'static>(guard: G) -> GuardConformance<G> {
    GuardConformance::new([guard], LEASE).race(8, 20)
}

/// What a guard may get wrong.
#[derive(Clone, Copy)]
enum Slip {
    /// Deliveries are bound to nothing.
    Binds,
    /// A released claim stays in flight.
    Releases,
    /// Looks first, and claims a moment later.
    Waits,
}

struct Sloppy {
    guard: MemoryGuard,
    slip: Slip,
    looking: Mutex<Vec<IdempotencyKey>>,
}

impl Sloppy {
    fn is_not_alone(&self, effect: &IdempotencyKey) -> bool {
        let mut looking = self.looking.lock().unwrap();
        let place = looking.iter().position(|key| key == effect);
        looking.swap_remove(place.unwrap());
        looking.contains(effect)
    }
}

impl AsyncGuard for Sloppy {
    type Error = GuardFull;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, GuardFull> {
        match self.slip {
            Slip::Binds => {
                let effect = *keys.effect();
                let unbound = IdempotencyKeys::new(effect, effect, keys.time());
                self.guard.claim(&unbound).await
            }
            Slip::Releases => self.guard.claim(keys).await,
            Slip::Waits => {
                self.looking.lock().unwrap().push(*keys.effect());
                tokio::task::yield_now().await;
                if self.is_not_alone(keys.effect()) {
                    return Ok(Claim::Fresh(ClaimToken::new(*keys.effect(), 0)));
                }
                self.guard.claim(keys).await
            }
        }
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, GuardFull> {
        if token.fence() == 0 {
            return Ok(Lease::Held);
        }
        self.guard.complete(token).await
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, GuardFull> {
        match self.slip {
            Slip::Releases => Ok(Lease::Held),
            Slip::Binds | Slip::Waits => self.guard.release(token).await,
        }
    }
}

/// No claim of it has a number of its own.
struct Unfenced(MemoryGuard);

impl AsyncGuard for Unfenced {
    type Error = Infallible;

    async fn claim(&self, keys: &IdempotencyKeys) -> Result<Claim, Infallible> {
        Ok(self.0.claim(keys).await.unwrap())
    }

    async fn complete(&self, token: ClaimToken) -> Result<Lease, Infallible> {
        let _ = self.0.complete(token).await.unwrap();
        Ok(Lease::Held)
    }

    async fn release(&self, token: ClaimToken) -> Result<Lease, Infallible> {
        let _ = self.0.release(token).await.unwrap();
        Ok(Lease::Held)
    }
}

/// Which rule was being tried, and what the guard said.
#[test]
fn a_guard_that_fails_is_no_slip() {
    let full = suite(MemoryGuard::new().lease(LEASE).capacity(0));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let ran = runtime.build().unwrap().block_on(full.run());
    let Err(BrokenRule::Failed { rule, source, .. }) = ran else {
        panic!("it has no room for anything");
    };
    assert!(!rule.is_empty());
    assert!(source.downcast_ref::<GuardFull>().is_some(), "{source}");
}

#[test]
fn what_keeps_to_the_rules_passes() {
    assert_eq!(found(&suite(MemoryGuard::new().lease(LEASE))), None);
}

#[test]
fn every_slip_is_found() {
    let memory = || MemoryGuard::new().lease(LEASE);
    let sloppy = |slip| {
        let (guard, looking) = (memory(), Mutex::default());
        suite(Sloppy {
            guard,
            slip,
            looking,
        })
    };
    let unbounded = suite(memory()).horizon(Duration::from_secs(60));
    let forever = suite(memory().lease(Duration::from_secs(60)));
    for (found, expected) in [
        (
            found(&suite(NoGuard)),
            "what is claimed is in flight, for its holder too: Fresh",
        ),
        (
            found(&sloppy(Slip::Binds)),
            "a delivery in flight is altered with another effect: Fresh",
        ),
        (
            found(&sloppy(Slip::Releases)),
            "what was released is fresh, for everybody: InFlight",
        ),
        (
            found(&sloppy(Slip::Waits)),
            "of all that race for a claim one wins: 8",
        ),
        (
            found(&suite(Unfenced(memory()))),
            "a late holder neither completes nor releases its successor's claim: Held",
        ),
        (
            found(&unbounded),
            "what is unknown and older than the horizon is beyond it: Fresh",
        ),
        (
            found(&forever),
            "a claim whose holder died is fresh after its lease: InFlight",
        ),
    ] {
        let found = found.unwrap_or_else(|| panic!("passes: {expected}"));
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
}
