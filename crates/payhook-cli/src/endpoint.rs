//! A simulated CityPay.io order endpoint.

use std::future::pending;
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use payhook::testing::citypay::OrderEndpoint;
use tokio::net::TcpListener;

use crate::error::CliError;
use crate::serve::serve;

#[derive(Debug, clap::Args)]
pub(crate) struct EndpointArgs {
    /// CityPay.io: simulate the order endpoint on this local port; configure the
    /// server to query `http://127.0.0.1:PORT/order/TOKEN/`.
    #[arg(long, value_name = "PORT")]
    pub(crate) endpoint_port: Option<u16>,

    /// CityPay.io: the customer id in its responses.
    #[arg(long, value_name = "ID", default_value = "5120")]
    pub(crate) customer_id: String,
}

impl EndpointArgs {
    /// Starts the endpoint, if a port was given.
    pub(crate) async fn serve(&self, endpoint: &OrderEndpoint) -> Result<(), CliError> {
        let Some(port) = self.endpoint_port else {
            return Ok(());
        };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let socket = socket
            .map_err(|error| CliError::of("the endpoint's port is already in use", &error))?;
        let routes = Router::new()
            .route("/order/{token}", get(answer))
            .route("/order/{token}/", get(answer))
            .with_state(endpoint.clone());
        // It runs until the command ends.
        tokio::spawn(serve(socket, routes, pending()));
        Ok(())
    }
}

async fn answer(
    State(endpoint): State<OrderEndpoint>,
    Path(token): Path<String>,
) -> Result<Vec<u8>, StatusCode> {
    let answer = endpoint.answer(&token);
    answer.ok_or(StatusCode::SERVICE_UNAVAILABLE)
}
