//! A server for untrusted clients: it closes connections that are too slow with a
//! request's head.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// The time limit for a request's head, and for the next request on a kept-alive
/// connection.
const HEAD: Duration = Duration::from_secs(5);

/// The limit of a request's head, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;

/// The wait when no connection is available.
const PAUSE: Duration = Duration::from_millis(100);

/// The time limit for the last responses: a stuck connection does not keep the
/// process from ending.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The other end of a connection, an extension of each request.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves the routes until `enough` completes.
pub(crate) async fn serve(socket: TcpListener, routes: Router, enough: impl Future<Output = ()>) {
    let connections = Arc::new(GracefulShutdown::new());
    let accepting = tokio::spawn(accept(socket, routes, Arc::clone(&connections)));
    enough.await;
    accepting.abort();
    let _ = accepting.await;
    // The other half was dropped with its task.
    if let Some(connections) = Arc::into_inner(connections) {
        let _ = timeout(LAST_ANSWERS, connections.shutdown()).await;
    }
}

async fn accept(socket: TcpListener, routes: Router, connections: Arc<GracefulShutdown>) {
    loop {
        let Ok((stream, peer)) = socket.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_LIMIT)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(routes.clone().layer(Extension(Peer(peer)))),
            );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A closed connection needs no report.
            let _ = connection.await;
        });
    }
}
