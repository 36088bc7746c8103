//! [`Events`]: a stream of server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Interval, interval};

/// How often a watcher that is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The body of a response that goes on until its watcher leaves or falls behind.
pub(crate) struct Events {
    messages: mpsc::Receiver<Bytes>,
    heartbeat: Interval,
    _place: OwnedSemaphorePermit,
}

impl Events {
    pub(crate) fn new(messages: mpsc::Receiver<Bytes>, place: OwnedSemaphorePermit) -> Self {
        Self {
            messages,
            heartbeat: interval(HEARTBEAT),
            _place: place,
        }
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Poll::Ready(message) = self.messages.poll_recv(context) {
            return Poll::Ready(message.map(|message| Ok(Frame::data(message))));
        }
        if self.heartbeat.poll_tick(context).is_ready() {
            let comment = Bytes::from_static(b": still here\n\n");
            return Poll::Ready(Some(Ok(Frame::data(comment))));
        }
        Poll::Pending
    }
}

/// One event. JSON has no newline outside of its strings, and inside it is escaped.
pub(crate) fn message(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
