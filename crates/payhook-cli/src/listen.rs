//! `payhook listen`: receives callbacks, shows whether each one verifies, and passes
//! them on.

mod access;
mod code;
pub(crate) mod effect;
mod events;
mod examine;
mod forward;
mod page;
mod receive;
pub(crate) mod record;
mod store;
mod view;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::error::{CliError, Exit};
use crate::keys::VerifierArgs;
use crate::post::wait;
use crate::saved::Folder;
use crate::screen::{Reader, STRONG, Screen, styled};
use crate::serve::serve;
use effect::Payments;
use examine::Examiner;
use forward::ForwardArgs;
use receive::{Listener, arrive};
use store::Store;

#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    /// The port; 0 for any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,

    /// The IP address to listen on.
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,

    /// Allow an address that other machines can reach. The page stays local.
    #[arg(long)]
    remote: bool,

    /// Answer every request with this status instead of an endpoint's usual one.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=599))]
    answer: Option<u16>,

    /// Stop after this many callbacks.
    #[arg(long, value_name = "COUNT")]
    count: Option<u32>,

    /// Do not serve the page `/_payhook`.
    #[arg(long)]
    no_page: bool,

    /// The number of callbacks that the page keeps.
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    keep: u32,

    /// Save each callback with its response as a file in this directory.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,

    #[command(flatten)]
    forward: ForwardArgs,

    #[command(flatten)]
    verifier: VerifierArgs,
}

pub(crate) fn run(args: &Listen, screen: Screen) -> Result<Exit, CliError> {
    if !args.remote && !args.bind.is_loopback() {
        return Err(CliError::usage("other machines can reach this address")
            .hint("listen on 127.0.0.1, or give --remote"));
    }
    let keep = usize::try_from(args.keep).unwrap_or(1);
    let listener = Arc::new(Listener {
        examiner: Examiner::new(&args.verifier)?,
        answer: args.answer.and_then(|code| StatusCode::from_u16(code).ok()),
        forward: args.forward.forward()?,
        folder: args.save.as_deref().map(Folder::create).transpose()?,
        store: Store::new(keep),
        payments: Mutex::new(Payments::new(keep)),
        screen,
        seen: Semaphore::new(0),
        error: Mutex::default(),
    });
    wait(async {
        let socket = TcpListener::bind((args.bind, args.port)).await;
        let socket = socket.map_err(|error| CliError::of("cannot listen on the port", &error))?;
        let at = socket
            .local_addr()
            .map_err(|error| CliError::of("no address", &error))?;
        let mut routes = Router::new()
            .fallback(arrive)
            .with_state(Arc::clone(&listener));
        let mut text = format!(
            "listening on {}, any path",
            styled(STRONG, &format!("http://{at}"))
        );
        let page = format!("http://{}:{}{}", here(at.ip()), at.port(), page::PATH);
        let page = (!args.no_page).then_some(page);
        let json = json!({"listening": format!("http://{at}"), "page": page});
        if let Some(forward) = &listener.forward {
            text = format!("{text}\npassing on to {}", forward.name());
        }
        if let Some(page) = page {
            text = format!("{text}\npage: {}", styled(STRONG, &page));
            routes = routes.merge(page::routes(Arc::clone(&listener), at.port()));
        }
        if screen.show(&text, &json)? == Reader::Gone {
            return Ok(Exit::Success);
        }
        serve(socket, routes, listener.enough(args.count)).await;
        let error = listener.error().take();
        error.map_or(Ok(Exit::Success), Err)
    })
}

/// The host under which this machine itself reaches the address.
fn here(ip: IpAddr) -> String {
    match ip {
        IpAddr::V6(_) => "[::1]".to_owned(),
        IpAddr::V4(ip) if ip.is_loopback() => ip.to_string(),
        IpAddr::V4(_) => "127.0.0.1".to_owned(),
    }
}
