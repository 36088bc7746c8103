//! Reading a request's body, up to the limit.

use std::future::poll_fn;
use std::pin::pin;

use bytes::{Buf, BufMut};
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Method, Request};
use http_body::{Body, SizeHint};

use crate::endpoint::Disposition;
use crate::error::ParseError;
use crate::fetch::BoxError;
use crate::read::DEFAULT_BODY_LIMIT;

/// Reads the whole body of a POST.
pub(super) async fn read<B>(request: Request<B>, limit: usize) -> Result<Vec<u8>, Disposition>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Err(Disposition::MethodNotAllowed);
    }
    let size = body.size_hint();
    check(&size, &head.headers, limit).map_err(Disposition::Malformed)?;
    drop(head);

    let mut body = pin!(body);
    let mut bytes = Vec::with_capacity(first(&size, limit));
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| Disposition::IncompleteBody(error.into()))?;
        // Trailers are not part of the body.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.remaining() > limit.saturating_sub(bytes.len()) {
            return Err(Disposition::Malformed(ParseError::OverLimit { limit }));
        }
        reserve(&mut bytes, data.remaining(), limit);
        bytes.put(data);
    }
    Ok(bytes)
}

/// Refuses a body that is announced as too large, without reading it.
fn check(size: &SizeHint, headers: &HeaderMap, limit: usize) -> Result<(), ParseError> {
    // The size hint of a wrapped body may be less precise than its header.
    let header = headers.get(CONTENT_LENGTH);
    let header = header.and_then(|length| length.to_str().ok()?.parse().ok());
    if let Some(length) = size.exact().or(header).map(clamp)
        && length > limit
    {
        return Err(ParseError::TooLarge { length, limit });
    }
    if clamp(size.lower()) > limit {
        return Err(ParseError::OverLimit { limit });
    }
    Ok(())
}

/// Reserves the whole body's length if it is known, and the default limit if it is
/// not: a common body is never moved, and an announced length alone reserves no more
/// than that.
fn first(size: &SizeHint, limit: usize) -> usize {
    let upper = size.upper().map_or(usize::MAX, clamp);
    upper.min(limit).min(DEFAULT_BODY_LIMIT)
}

/// Reserves `more` bytes, but never more than the limit in total.
fn reserve(bytes: &mut Vec<u8>, more: usize, limit: usize) {
    let length = bytes.len().saturating_add(more);
    if length > bytes.capacity() {
        let capacity = bytes.capacity().saturating_mul(2).min(limit).max(length);
        bytes.reserve_exact(capacity.saturating_sub(bytes.len()));
    }
}

fn clamp(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
