//! [`Store`]: the callbacks that are kept, and their watchers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use super::events::{self, Events};
use super::record::Record;

/// The memory for all records, in bytes: they have at most this much, whatever their
/// number.
const MEMORY: usize = 256 * 1024 * 1024;

/// The number of pages that can watch at the same time.
const WATCHERS: usize = 16;

/// The number of messages that wait for a watcher. One that is further behind is
/// disconnected, and gets the whole list when it connects again.
const BEHIND: usize = 256;

/// The callbacks that arrived last. Clones share them.
#[derive(Clone)]
pub(crate) struct Store {
    kept: Arc<Mutex<Kept>>,
    watchers: Arc<Semaphore>,
}

struct Kept {
    records: VecDeque<Record>,
    limit: usize,
    memory: usize,
    last_id: u64,
    dropped: u64,
    watchers: Vec<mpsc::Sender<Bytes>>,
}

impl Store {
    /// A store for this many callbacks.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Arc::new(Mutex::new(Kept {
                records: VecDeque::new(),
                limit,
                memory: 0,
                last_id: 0,
                dropped: 0,
                watchers: Vec::new(),
            })),
            watchers: Arc::new(Semaphore::new(WATCHERS)),
        }
    }

    /// Adds a callback, and returns its id.
    pub(crate) fn add(&self, mut record: Record) -> u64 {
        let mut kept = self.kept();
        kept.last_id = kept.last_id.saturating_add(1);
        record.id = kept.last_id;
        kept.memory = kept.memory.saturating_add(record.size());
        let (id, row) = (record.id, record.row());
        kept.records.push_back(record);
        kept.drop_oldest();
        kept.publish(&row);
        id
    }

    /// Changes a callback, if it is still kept.
    pub(crate) fn update(&self, id: u64, change: impl FnOnce(&mut Record)) {
        let mut kept = self.kept();
        let Some(record) = kept.records.iter_mut().find(|record| record.id == id) else {
            return;
        };
        let before = record.size();
        change(record);
        let (after, row) = (record.size(), record.row());
        kept.memory = kept.memory.saturating_sub(before).saturating_add(after);
        kept.drop_oldest();
        kept.publish(&row);
    }

    pub(crate) fn get(&self, id: u64) -> Option<Record> {
        let kept = self.kept();
        kept.records.iter().find(|it| it.id == id).cloned()
    }

    /// The list, and its changes from now on. `None` if there are too many watchers.
    pub(crate) fn watch(&self) -> Option<Events> {
        let place = Arc::clone(&self.watchers).try_acquire_owned().ok()?;
        let (sender, receiver) = mpsc::channel(BEHIND);
        let mut kept = self.kept();
        kept.watchers.retain(|watcher| !watcher.is_closed());
        let rows: Vec<_> = kept.records.iter().map(Record::row).collect();
        let list = json!({"rows": rows, "dropped": kept.dropped, "keep": kept.limit});
        // The channel is empty.
        let _ = sender.try_send(events::message("list", &list));
        kept.watchers.push(sender);
        Some(Events::new(receiver, place))
    }

    /// Ends all watching.
    pub(crate) fn close(&self) {
        self.kept().watchers.clear();
        self.watchers.close();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn drop_oldest(&mut self) {
        while self.records.len() > self.limit || self.memory > MEMORY {
            let Some(oldest) = self.records.pop_front() else {
                break;
            };
            self.memory = self.memory.saturating_sub(oldest.size());
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    fn publish(&mut self, row: &Value) {
        let oldest = self.records.front().map(|record| record.id);
        let change = json!({"row": row, "dropped": self.dropped, "oldest": oldest});
        let message = events::message("callback", &change);
        self.watchers
            .retain(|watcher| watcher.try_send(message.clone()).is_ok());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::time::Duration;

    use axum::http::HeaderMap;
    use hyper::body::Body as _;
    use payhook_conformance::Gateway;
    use tokio::time::timeout;

    use super::super::record::{DeliveryStatus, Summary};
    use super::*;

    fn record() -> Record {
        Record {
            id: 0,
            time: payhook::chrono::DateTime::UNIX_EPOCH,
            gateway: Gateway::B2binpay,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"{}"),
            summary: Summary::default(),
            status: DeliveryStatus::New,
            attempts: 0,
            log: Vec::new(),
            answer: None,
            effect: Value::Null,
            refusal: None,
        }
    }

    /// The number of messages until the stream ends.
    async fn read(mut events: Events) -> usize {
        let mut count = 0;
        while let Some(frame) = poll_fn(|it| Pin::new(&mut events).poll_frame(it)).await {
            let data = frame.unwrap().into_data().unwrap();
            count += usize::from(!data.starts_with(b":"));
        }
        count
    }

    #[test]
    fn a_watcher_that_is_too_far_behind_is_disconnected() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let store = Store::new(10);
            let events = store.watch().unwrap();
            for _ in 0..10_000 {
                store.add(record());
            }
            let read = timeout(Duration::from_secs(10), read(events)).await;
            assert_eq!(read.unwrap(), BEHIND);
            assert!(store.kept().watchers.is_empty());
        });
    }

    #[test]
    fn the_memory_is_bounded_whatever_the_number() {
        let store = Store::new(10_000);
        let body = Bytes::from(vec![b'x'; 1024 * 1024]);
        for _ in 0..300 {
            let body = body.clone();
            store.add(Record { body, ..record() });
        }
        let kept = store.kept();
        assert!(kept.memory <= MEMORY);
        assert!(kept.records.len() < 256);
        assert_eq!(
            kept.dropped,
            300 - u64::try_from(kept.records.len()).unwrap()
        );
    }
}
