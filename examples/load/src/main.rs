//! The load test: 20,000 deliveries of 2,000 payments to two replicas of the example
//! shop on one PostgreSQL. Both are killed several times during the run. The deliveries
//! include parts, transfers that are reversed and restored, rewritten ids and
//! conversions, forgeries, and stale responses of the order endpoint. In the end the
//! credited sum of each payment in the database must be the expected one, and no other
//! payment may be credited.
//!
//! ```text
//! .ci/load
//! .ci/load 42     with another seed
//! ```
//!
//! Everything stays on loopback and ends within five minutes.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool that prints, and that fails by panicking"
)]

mod driver;
mod forger;
mod gateway;
mod payments;
mod random;
mod replicas;
mod table;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde_json::json;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use driver::Driver;
use gateway::{CUSTOMER, Endpoint, SECRET};
use payments::{PAYMENTS, Payment};
use random::Random;
use replicas::Replica;

type Error = Box<dyn std::error::Error + Send + Sync>;

const DELIVERIES: usize = 10 * PAYMENTS;
const DEADLINE: Duration = Duration::from_secs(290);
/// How often each replica is killed.
const KILLS: usize = 5;

#[tokio::main]
async fn main() -> ExitCode {
    let argument = env::args().nth(1);
    let result = match argument.as_deref() {
        Some("bare") => bare().await,
        seed => {
            let seed = seed.map_or(Ok(7), str::parse);
            match seed {
                Ok(seed) => tokio::time::timeout(DEADLINE, run(seed))
                    .await
                    .unwrap_or_else(|_| Err(format!("not done after {DEADLINE:?}").into())),
                Err(error) => Err(format!("the seed: {error}").into()),
            }
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nBROKEN: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The route that the shop is compared with: it only reads the body.
async fn bare() -> Result<(), Error> {
    let routes = Router::new()
        .route("/", post(async |_: Bytes| ()))
        .route("/health", get(async || ()))
        .layer(DefaultBodyLimit::max(64 * 1024));
    let listener = TcpListener::bind(env::var("LISTEN")?).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn run(seed: u64) -> Result<(), Error> {
    let database =
        env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set: run `.ci/load`")?;
    let payments = Arc::new(payments::payments(seed));
    let endpoint = Arc::new(Endpoint::new(&payments, seed));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let api = format!("http://{}", listener.local_addr()?);
    let routes = endpoint.router();
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()?;
    let shop = |name| -> Result<_, Error> {
        let replica = Replica::new(name, "shop")?
            .variable("DATABASE_URL", database.clone())
            .variable("PAYHOOK_B2BINPAY_CALLBACK_SECRET", SECRET.to_owned())
            .variable("PAYHOOK_B2BINPAY_TRACKING_IDS", "prefixed".to_owned())
            .variable("PAYHOOK_B2BINPAY_API_URL", api.clone())
            .variable("PAYHOOK_CITYPAY_CUSTOMER_ID", CUSTOMER.to_owned())
            .variable("CITYPAY_API", api.clone());
        Ok(Arc::new(replica))
    };
    let replicas = [shop("replica-0")?, shop("replica-1")?];
    // Concurrently: they create the same tables.
    tokio::try_join!(replicas[0].start(&client), replicas[1].start(&client))?;
    let pool = PgPool::connect(&database).await?;
    place_orders(&client, &replicas[0], &payments).await?;

    let plan = payments::plan(&payments, seed);
    println!(
        "seed {seed}: {DELIVERIES} deliveries of {PAYMENTS} payments, and retries; each of two replicas is killed {KILLS} times\n"
    );
    let driver = Arc::new(Driver::new(seed, client, payments, endpoint, replicas));
    let start = Instant::now();
    tokio::try_join!(driver.deliver(plan), kill(&driver, 0), kill(&driver, 1))?;
    let elapsed = start.elapsed();
    let shop = (elapsed, driver.tally.speed(elapsed));
    for replica in &driver.replicas {
        replica.is_alive().await?;
        replica.kill().await?;
    }

    let bare = Replica::new("bare", "load")?.argument("bare".to_owned());
    bare.start(&driver.client).await?;
    let start = Instant::now();
    let row = driver.measure(bare.url("/"), DELIVERIES).await?;
    let bare = (row, driver.tally.speed(start.elapsed()));

    let credits = table::credits(&driver, &pool).await?;
    table::print(&driver, credits, shop, bare);
    let broken = table::check(&driver, &pool).await?;
    if broken.is_empty() {
        println!("for every payment exactly the expected sum is credited");
        return Ok(());
    }
    let this = env::current_exe()?;
    let file = this.with_file_name("load-broken.txt");
    std::fs::write(&file, broken.join("\n"))?;
    let lines = broken.iter().filter_map(|rule| rule.lines().next());
    Err(format!(
        "{} rule(s):\n  {}\n\nthe deliveries are in {}, and the shop's logs in the same directory",
        broken.len(),
        lines.take(40).collect::<Vec<_>>().join("\n  "),
        file.display(),
    )
    .into())
}

/// Kills a replica at random moments, and restarts it shortly after.
async fn kill(driver: &Driver, number: usize) -> Result<(), Error> {
    let mut random = Random::new(driver.seed, 10 + u64::try_from(number)?);
    let mut moments: Vec<_> = (0..KILLS)
        .map(|_| DELIVERIES / 20 + random.below(DELIVERIES * 8 / 10))
        .collect();
    moments.sort_unstable();
    let replica = &driver.replicas[number];
    for moment in moments {
        while driver.posts.load(Ordering::Relaxed) < moment {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        replica.is_alive().await?;
        replica.kill().await?;
        tokio::time::sleep(random.milliseconds(50, 400)).await;
        replica.start(&driver.client).await?;
    }
    Ok(())
}

/// Registers the expected payments.
async fn place_orders(
    client: &reqwest::Client,
    replica: &Replica,
    payments: &[Payment],
) -> Result<(), Error> {
    for some in payments.chunks(driver::CONCURRENCY) {
        let mut tasks = JoinSet::new();
        for payment in some {
            let order = json!({
                "reference": payment.reference,
                "kind": payment.kind.as_str(),
                "currency": payment.coin.alpha,
                "amount": payment.coin.short(payment.units),
            });
            let request = client
                .post(replica.staff("/orders"))
                .header("content-type", "application/json")
                .body(order.to_string());
            tasks.spawn(request.send());
        }
        for answer in tasks.join_all().await {
            let status = answer?.status();
            if status != 201 {
                return Err(format!("an order is answered with {status}").into());
            }
        }
    }
    Ok(())
}
