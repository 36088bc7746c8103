//! [`InProcessTarget`]: endpoints and a ledger as a [`Target`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use payhook::payment::Change;
use payhook::{
    BoxError, Endpoint, Fetch, Ledger, b2binpay, citypay, delegate_ledger, ledger::PaymentKey,
};
use tokio::runtime::Handle;

use super::target::{InjectedFault, LedgerAccess, LedgerState, Target, TestPayment};
use crate::Gateway;

/// A merchant's ledger with an [`Endpoint`] for each gateway, without a server.
///
/// Each body is received in its own thread, so that two can be processed
/// concurrently; an endpoint that panics gives no response.
///
/// See the [module](super) for an example.
pub struct InProcessTarget<L> {
    make: Box<dyn Fn() -> L + Send + Sync>,
    /// The state of each process.
    replicas: Vec<Mutex<Arc<FaultyLedger<L>>>>,
    endpoints: HashMap<Gateway, Receive<L>>,
    fault: Arc<Mutex<InjectedFault>>,
}

type StatusFuture = Pin<Box<dyn Future<Output = Result<u16, BoxError>> + Send>>;
type Receive<L> = Box<dyn Fn(Arc<FaultyLedger<L>>, Vec<u8>) -> StatusFuture + Send + Sync>;

impl<L: Ledger + LedgerAccess + 'static> InProcessTarget<L> {
    /// Creates one process with a ledger from `make`, which is called again after
    /// each restart: shared state of the ledgers represents the database, and
    /// everything else is lost on restart.
    #[must_use]
    pub fn new(make: impl Fn() -> L + Send + Sync + 'static) -> Self {
        let target = Self {
            make: Box::new(make),
            replicas: Vec::new(),
            endpoints: HashMap::new(),
            fault: Arc::default(),
        };
        target.replicas(1)
    }

    /// Sets the number of processes, each with its own ledger; at least one.
    #[must_use]
    pub fn replicas(self, count: usize) -> Self {
        let started = std::iter::repeat_with(|| Mutex::new(self.start()));
        Self {
            replicas: started.take(count.max(1)).collect(),
            ..self
        }
    }

    /// Receives B2BINPAY's callbacks.
    #[must_use]
    pub fn b2binpay<F>(self, gateway: b2binpay::Gateway<F>) -> Self
    where
        F: Fetch + Clone + 'static,
    {
        self.endpoint(Gateway::B2binpay, gateway)
    }

    /// Receives CityPay.io's callbacks.
    #[must_use]
    pub fn citypay<F>(self, gateway: citypay::Gateway<F>) -> Self
    where
        F: Fetch + Clone + 'static,
    {
        self.endpoint(Gateway::CityPay, gateway)
    }

    fn endpoint<G>(mut self, name: Gateway, gateway: G) -> Self
    where
        G: payhook::Gateway + Clone + 'static,
    {
        let receive = move |ledger, body: Vec<u8>| -> StatusFuture {
            let endpoint = Endpoint::new(gateway.clone(), ledger);
            Box::pin(in_a_thread(async move {
                endpoint.receive(&body, None).await.status()
            }))
        };
        self.endpoints.insert(name, Box::new(receive));
        self
    }

    fn start(&self) -> Arc<FaultyLedger<L>> {
        Arc::new(FaultyLedger {
            ledger: (self.make)(),
            fault: Arc::clone(&self.fault),
        })
    }

    fn replica(&self, index: usize) -> Result<Arc<FaultyLedger<L>>, BoxError> {
        let replica = self.replicas.get(index).ok_or("there is no such replica")?;
        Ok(Arc::clone(&unpoisoned(replica)))
    }
}

/// A ledger may block its thread while waiting for a lock.
async fn in_a_thread(receive: impl Future<Output = u16> + Send + 'static) -> Result<u16, BoxError> {
    let runtime = Handle::current();
    let received = tokio::task::spawn_blocking(move || runtime.block_on(receive));
    Ok(received.await?)
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<L: Ledger + LedgerAccess + 'static> LedgerAccess for InProcessTarget<L> {
    async fn register(&self, payment: &TestPayment) -> Result<(), BoxError> {
        self.replica(0)?.ledger.register(payment).await
    }

    async fn ledger_state(&self, reference: &str) -> Result<LedgerState, BoxError> {
        self.replica(0)?.ledger.ledger_state(reference).await
    }
}

impl<L: Ledger + LedgerAccess + 'static> Target for InProcessTarget<L> {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        let receive = self.endpoints.get(&gateway);
        let receive = receive.ok_or_else(|| format!("{gateway} has no endpoint here"))?;
        receive(self.replica(replica)?, body.to_vec()).await
    }

    fn replicas(&self, _: Gateway) -> usize {
        self.replicas.len()
    }

    async fn restart(&self) -> bool {
        for replica in &self.replicas {
            *unpoisoned(replica) = self.start();
        }
        true
    }

    async fn inject(&self, fault: InjectedFault) -> bool {
        *unpoisoned(&self.fault) = fault;
        true
    }
}

impl<L> fmt::Debug for InProcessTarget<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessTarget")
            .field("gateways", &self.endpoints.keys())
            .field("replicas", &self.replicas.len())
            .finish_non_exhaustive()
    }
}

/// A ledger that can be made to fail or to be slow.
struct FaultyLedger<L> {
    ledger: L,
    fault: Arc<Mutex<InjectedFault>>,
}

impl<L> FaultyLedger<L> {
    /// The fault of this attempt to save.
    fn next(&self) -> InjectedFault {
        let mut fault = unpoisoned(&self.fault);
        let now = *fault;
        if let InjectedFault::Fails(attempts) = now {
            *fault = match attempts.saturating_sub(1) {
                0 => InjectedFault::None,
                attempts => InjectedFault::Fails(attempts),
            };
        }
        now
    }
}

impl<L: Ledger> Ledger for FaultyLedger<L> {
    type Transaction = L::Transaction;

    delegate_ledger! {
        this => this.ledger;
        find, peek, owner, bind, unmatched
    }

    /// Under the payment's lock.
    async fn save(
        &self,
        transaction: L::Transaction,
        key: &PaymentKey,
        payment: &payhook::payment::Payment,
        change: &Change,
    ) -> Result<(), BoxError> {
        match self.next() {
            InjectedFault::Fails(_) => return Err("simulated failure".into()),
            InjectedFault::None => {}
            InjectedFault::Slow(time) => tokio::time::sleep(time).await,
        }
        self.ledger.save(transaction, key, payment, change).await
    }
}
