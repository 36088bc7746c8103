//! [`InProcess`]: endpoints and a ledger as a [`Shop`].

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

use super::shop::{Books, InjectedFault, Payment, Record, Shop};
use crate::Gateway;

/// A merchant's ledger with an [`Endpoint`] for each gateway, without a server.
///
/// Each body is received in its own thread, so that two can be processed
/// concurrently; an endpoint that panics gives no response.
///
/// See the [module](super) for an example.
pub struct InProcess<L> {
    make: Box<dyn Fn() -> L + Send + Sync>,
    /// The state of each process.
    replicas: Vec<Mutex<Arc<FaultyLedger<L>>>>,
    doors: HashMap<Gateway, Door<L>>,
    fault: Arc<Mutex<InjectedFault>>,
}

type Posted = Pin<Box<dyn Future<Output = Result<u16, BoxError>> + Send>>;
type Door<L> = Box<dyn Fn(Arc<FaultyLedger<L>>, Vec<u8>) -> Posted + Send + Sync>;

impl<L: Ledger + Record + 'static> InProcess<L> {
    /// Creates one process with a ledger from `make`, which is called again after
    /// each restart: shared state of the ledgers represents the database, and
    /// everything else is lost on restart.
    #[must_use]
    pub fn new(make: impl Fn() -> L + Send + Sync + 'static) -> Self {
        let shop = Self {
            make: Box::new(make),
            replicas: Vec::new(),
            doors: HashMap::new(),
            fault: Arc::default(),
        };
        shop.replicas(1)
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
        let door = move |ledger, body: Vec<u8>| -> Posted {
            let endpoint = Endpoint::new(gateway.clone(), ledger);
            Box::pin(in_a_thread(async move {
                endpoint.receive(&body, None).await.status()
            }))
        };
        self.door(Gateway::B2binpay, Box::new(door))
    }

    /// Receives CityPay.io's callbacks.
    #[must_use]
    pub fn citypay<F>(self, gateway: citypay::Gateway<F>) -> Self
    where
        F: Fetch + Clone + 'static,
    {
        let door = move |ledger, body: Vec<u8>| -> Posted {
            let endpoint = Endpoint::new(gateway.clone(), ledger);
            Box::pin(in_a_thread(async move {
                endpoint.receive(&body, None).await.status()
            }))
        };
        self.door(Gateway::CityPay, Box::new(door))
    }

    fn door(mut self, gateway: Gateway, door: Door<L>) -> Self {
        self.doors.insert(gateway, door);
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

impl<L: Ledger + Record + 'static> Record for InProcess<L> {
    async fn open(&self, payment: &Payment) -> Result<(), BoxError> {
        self.replica(0)?.ledger.open(payment).await
    }

    async fn books(&self, reference: &str) -> Result<Books, BoxError> {
        self.replica(0)?.ledger.books(reference).await
    }
}

impl<L: Ledger + Record + 'static> Shop for InProcess<L> {
    async fn post(&self, gateway: Gateway, replica: usize, body: &[u8]) -> Result<u16, BoxError> {
        let door = self.doors.get(&gateway);
        let door = door.ok_or_else(|| format!("{gateway} has no endpoint here"))?;
        door(self.replica(replica)?, body.to_vec()).await
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

impl<L> fmt::Debug for InProcess<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess")
            .field("gateways", &self.doors.keys())
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
