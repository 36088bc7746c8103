//! Posting to a single URL.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::HeaderMap;
use payhook::reqwest::header::CONTENT_TYPE;
use payhook::reqwest::redirect::Policy;
use payhook::reqwest::{self, Url};
use payhook_conformance::Gateway;
use tokio::time::timeout;

use crate::error::CliError;

#[derive(Debug, clap::Args)]
pub(crate) struct PostArgs {
    /// The URL to post to. Redirects are not followed.
    #[arg(long, value_name = "URL")]
    to: Address,

    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConnectionArgs {
    /// Allow a remote machine.
    #[arg(long)]
    remote: bool,

    /// How long to wait for a response.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

/// A URL as given. It is parsed only after the command line is read, so that an error
/// does not repeat it: it may contain a password.
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
    pub(crate) fn url(&self, option: &str) -> Result<&Url, CliError> {
        self.0.as_ref().map_err(|why| {
            CliError::usage(format!("the URL of {option} is invalid: {why}")).hint(
                "a URL begins with http:// or https://; `/`, `?`, `#` and `@` in its user or \
                 password must be percent-encoded",
            )
        })
    }
}

/// The largest part of a response that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Headers that belong to one connection, or that the client writes itself.
const OWN_HEADERS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// The response of a server.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Without those that belong to the connection.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body was longer than what is kept of it.
    pub(crate) is_cut: bool,
    pub(crate) took: Duration,
}

/// The URL, and the client for it.
#[derive(Clone)]
pub(crate) struct Target {
    client: reqwest::Client,
    url: Url,
}

impl PostArgs {
    pub(crate) fn target(&self) -> Result<Target, CliError> {
        self.connection.target(&self.to)
    }
}

impl ConnectionArgs {
    /// The target of `--to`.
    pub(crate) fn target(&self, to: &Address) -> Result<Target, CliError> {
        let limit = Duration::from_secs(self.timeout);
        Target::new(to.url("--to")?, self.remote, limit)
    }
}

impl Target {
    pub(crate) fn new(url: &Url, remote: bool, timeout: Duration) -> Result<Self, CliError> {
        let is_http = matches!(url.scheme(), "http" | "https");
        if !is_http || url.host_str().is_none() {
            return Err(CliError::usage(
                "expected a URL that begins with http:// or https://",
            ));
        }
        if !remote && !is_loopback(url) {
            return Err(CliError::usage("this URL is on another machine").hint(
                "only local addresses (127.0.0.0/8, ::1, localhost) are allowed without --remote",
            ));
        }
        let mut client = reqwest::Client::builder()
            .timeout(timeout)
            .user_agent(concat!("payhook/", env!("CARGO_PKG_VERSION")))
            // Proxies and redirects could lead elsewhere.
            .redirect(Policy::none())
            .no_proxy();
        if !remote {
            // Without relying on the resolver.
            let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            client = client.resolve_to_addrs("localhost", &here.map(|ip| SocketAddr::new(ip, 0)));
        }
        let client = client.build();
        Ok(Self {
            client: client.map_err(|error| CliError::of("no HTTP client", &error))?,
            url: url.clone(),
        })
    }

    /// A request to the URL.
    pub(crate) fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        self.client.request(method, self.url.clone())
    }

    /// The status of the response, and how long it took.
    pub(crate) async fn post(
        &self,
        gateway: Gateway,
        body: &[u8],
    ) -> Result<(u16, Duration), CliError> {
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
        // The URL may contain a token.
        let answer = answer
            .await
            .map_err(|error| CliError::of("no response", &error.without_url()))?;
        Ok((answer.status().as_u16(), started.elapsed()))
    }

    /// Posts a request as it was received. To a URL without a path it goes under the
    /// given one.
    pub(crate) async fn pass(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer, CliError> {
        let started = Instant::now();
        let request = self.client.post(self.under(path));
        let request = request.headers(end_to_end(headers)).body(body);
        // The URL may contain a token.
        let no_response = |error: reqwest::Error| CliError {
            status: if error.is_timeout() { 504 } else { 502 },
            ..CliError::of("no response", &error.without_url())
        };
        let mut answer = request.send().await.map_err(no_response)?;
        let mut body = Vec::new();
        let mut is_cut = false;
        while let Some(chunk) = answer.chunk().await.map_err(no_response)? {
            let room = ANSWER_LIMIT.saturating_sub(body.len());
            is_cut = chunk.len() > room;
            body.extend(chunk.iter().take(room));
            if is_cut {
                break;
            }
        }
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: end_to_end(answer.headers()),
            body: body.into(),
            is_cut,
            took: started.elapsed(),
        })
    }

    fn under(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if matches!(url.path(), "" | "/") && url.query().is_none() {
            let (path, query) = match path.split_once('?') {
                Some((path, query)) => (path, Some(query)),
                None => (path, None),
            };
            url.set_path(path);
            url.set_query(query);
        }
        url
    }

    /// The URL without parts that could be secret.
    pub(crate) fn name(&self) -> String {
        named(&self.url)
    }

    /// The URL to which a callback goes that was posted to this path.
    pub(crate) fn name_under(&self, path: &str) -> String {
        named(&self.under(path))
    }
}

/// Without a query, which may be secret.
fn named(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The headers that are passed on.
pub(crate) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<_> = headers
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let kept = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        !OWN_HEADERS.contains(&name) && !named.iter().any(|it| it == name)
    });
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
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
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    wait(async {
        let worked = timeout(Duration::from_secs(max_seconds), work).await;
        worked.map_err(|_| CliError::new("it took longer than --max-seconds"))?
    })
}

/// Runs a future that waits for the network.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| CliError::of("cannot start the runtime", &error))?;
    runtime.block_on(work)
}
