//! Posting to one URL and to nowhere else.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use payhook::reqwest::header::CONTENT_TYPE;
use payhook::reqwest::redirect::Policy;
use payhook::reqwest::{self, Url};
use payhook_conformance::Gateway;
use tokio::time::timeout;

use crate::trouble::Trouble;

#[derive(Debug, clap::Args)]
pub(crate) struct PostArgs {
    /// Where to post: this address, and nothing else.
    #[arg(long, value_name = "URL")]
    to: Address,

    /// Let it be another machine than this one.
    #[arg(long)]
    remote: bool,

    /// How long to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

/// An address as it was given. It is looked into only after the command line is
/// read: what is wrong with it is said without repeating it, as it may hold a
/// user's password.
#[derive(Clone)]
pub(crate) struct Address(Result<Url, String>);

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Url::parse(text).map_err(|error| error.to_string())))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

impl Address {
    pub(crate) fn url(&self, option: &str) -> Result<&Url, Trouble> {
        self.0.as_ref().map_err(|why| {
            Trouble::usage(format!("the address of {option} can't be read: {why}")).hint(
                "an address begins with http:// or https://; `/`, `?`, `#` and `@` in its user \
                 or password are percent-encoded",
            )
        })
    }
}

/// The one address, and the client for it.
pub(crate) struct Target {
    client: reqwest::Client,
    url: Url,
}

impl PostArgs {
    pub(crate) fn target(&self) -> Result<Target, Trouble> {
        Target::new(
            self.to.url("--to")?,
            self.remote,
            Duration::from_secs(self.timeout),
        )
    }
}

impl Target {
    pub(crate) fn new(url: &Url, remote: bool, timeout: Duration) -> Result<Self, Trouble> {
        let is_http = matches!(url.scheme(), "http" | "https");
        if !is_http || url.host_str().is_none() {
            return Err(Trouble::usage(
                "expected an address that begins with http:// or https://",
            ));
        }
        if !remote && !is_loopback(url) {
            return Err(Trouble::usage("this address is on another machine").hint(
                "only this machine is posted to (127.0.0.0/8, ::1, localhost), unless --remote is given",
            ));
        }
        let mut client = reqwest::Client::builder()
            .timeout(timeout)
            .user_agent(concat!("payhook/", env!("CARGO_PKG_VERSION")))
            // Either could lead elsewhere.
            .redirect(Policy::none())
            .no_proxy();
        if !remote {
            // Whatever the resolver thinks.
            let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            client = client.resolve_to_addrs("localhost", &here.map(|ip| SocketAddr::new(ip, 0)));
        }
        let client = client.build();
        Ok(Self {
            client: client.map_err(|error| Trouble::of("no HTTP client", &error))?,
            url: url.clone(),
        })
    }

    /// The status of the answer, and how long it took.
    pub(crate) async fn post(
        &self,
        gateway: Gateway,
        body: &[u8],
    ) -> Result<(u16, Duration), Trouble> {
        let kind = match gateway {
            Gateway::CityPay => "application/json",
            _ => "application/vnd.api+json",
        };
        let started = Instant::now();
        let request = self.client.post(self.url.clone());
        let answer = request
            .header(CONTENT_TYPE, kind)
            .body(body.to_vec())
            .send();
        // The address may have a token in it.
        let answer = answer
            .await
            .map_err(|error| Trouble::of("no answer", &error.without_url()))?;
        Ok((answer.status().as_u16(), started.elapsed()))
    }

    /// Without what could be a secret in it.
    pub(crate) fn name(&self) -> String {
        let origin = self.url.origin().ascii_serialization();
        format!("{origin}{}", self.url.path())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        None => false,
    }
}

/// [`wait`], and no longer than `--max-seconds`.
pub(crate) fn wait_within<T>(
    max_seconds: u64,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    wait(async {
        let worked = timeout(Duration::from_secs(max_seconds), work).await;
        worked.map_err(|_| Trouble::new("it takes longer than --max-seconds"))?
    })
}

/// Runs what has to wait for the network.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Trouble::of("no runtime", &error))?;
    runtime.block_on(work)
}
