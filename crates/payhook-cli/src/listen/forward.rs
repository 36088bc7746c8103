//! [`Forward`]: passes callbacks on to the merchant's own handler.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::record::{Attempt, DeliveryStatus, Record};
use super::store::Store;
use crate::error::CliError;
use crate::post::{Address, Answer, Target};

/// The number of callbacks that are passed on at the same time.
const LANES: usize = 128;

/// The first pause before a retry; each one is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct ForwardArgs {
    /// Post each callback, unmodified, to your own handler as well, and answer the
    /// gateway with its response. To a URL without a path it goes under the path
    /// that it arrived at.
    #[arg(long, value_name = "URL")]
    forward_to: Option<Address>,

    /// Allow a handler on a remote machine.
    #[arg(long, requires = "forward_to")]
    remote_target: bool,

    /// Repeat the delivery up to this many times while the handler does not respond
    /// with 200.
    #[arg(long, value_name = "COUNT", default_value_t = 0, requires = "forward_to", value_parser = clap::value_parser!(u8).range(0..=10))]
    retries: u8,

    /// How long to wait for a response of the handler.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "forward_to", value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

/// The merchant's handler.
#[derive(Clone)]
pub(crate) struct Forward {
    target: Target,
    retries: u8,
    lanes: Arc<Semaphore>,
}

/// The last attempt of a delivery.
pub(crate) struct Delivered {
    pub(crate) attempts: u32,
    pub(crate) result: Result<Answer, CliError>,
}

impl ForwardArgs {
    pub(crate) fn forward(&self) -> Result<Option<Forward>, CliError> {
        let Some(address) = &self.forward_to else {
            return Ok(None);
        };
        let timeout = Duration::from_secs(self.timeout);
        let target = address.url("--forward-to")?;
        let target = Target::new(target, self.remote_target, timeout).map_err(|error| {
            let is_remote = error.hint.is_some();
            if is_remote {
                error.hint(
                    "only local addresses (127.0.0.0/8, ::1, localhost) are allowed without \
                 --remote-target",
                )
            } else {
                error
            }
        })?;
        Ok(Some(Forward {
            target,
            retries: self.retries,
            lanes: Arc::new(Semaphore::new(LANES)),
        }))
    }
}

impl Forward {
    pub(crate) fn name(&self) -> String {
        self.target.name()
    }

    /// Posts a callback, with all retries, and adds each attempt to the record and to
    /// the store, which may have dropped it.
    pub(crate) async fn deliver(&self, record: &mut Record, store: &Store) -> Delivered {
        let mut delivered = Delivered {
            attempts: 0,
            result: Err(busy()),
        };
        let Ok(_lane) = self.lanes.try_acquire() else {
            return delivered;
        };
        let mut pause = PAUSE;
        loop {
            store.update(record.id, |it| it.status = DeliveryStatus::InProgress);
            let started = Instant::now();
            let time = SystemTime::now().into();
            let body = record.body.clone();
            let result = self.target.pass(&record.path, &record.headers, body).await;
            let attempt = Attempt {
                time,
                result: match &result {
                    Ok(answer) => Ok(answer.status),
                    Err(error) => Err(error.message.clone()),
                },
                took: started.elapsed(),
            };
            let answer = result.as_ref().ok().cloned();
            record.attempted(attempt.clone(), answer.clone());
            store.update(record.id, |it| it.attempted(attempt, answer));
            delivered.attempts = delivered.attempts.saturating_add(1);
            let is_taken = matches!(&result, Ok(answer) if answer.status == 200);
            delivered.result = result;
            if is_taken || delivered.attempts > u32::from(self.retries) {
                return delivered;
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }
}

fn busy() -> CliError {
    CliError {
        status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        ..CliError::new("too many callbacks are being passed on")
    }
}
