//! A server for strangers: it hangs up on whoever dawdles over a request's head.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// A request's head may take so long to come, and the next one on a connection
/// that is kept.
const HEAD: Duration = Duration::from_secs(5);

/// Where there is no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// So long the last answers may be on their way: a connection that is stuck
/// keeps nothing from ending.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Answers by the routes until it has been `enough`.
pub(crate) async fn serve(socket: TcpListener, routes: Router, enough: impl Future<Output = ()>) {
    let connections = Arc::new(GracefulShutdown::new());
    let accepting = tokio::spawn(accept(socket, routes, Arc::clone(&connections)));
    enough.await;
    accepting.abort();
    let _ = accepting.await;
    // The other half went with its task.
    if let Some(connections) = Arc::into_inner(connections) {
        let _ = timeout(LAST_ANSWERS, connections.shutdown()).await;
    }
}

async fn accept(socket: TcpListener, routes: Router, connections: Arc<GracefulShutdown>) {
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(routes.clone()),
            );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // Whoever is hung up on knows.
            let _ = connection.await;
        });
    }
}
