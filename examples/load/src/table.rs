//! The results: the counts, and the comparison of the database with the
//! expected credits.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use sqlx::PgPool;

use crate::Error;
use crate::driver::Driver;

/// The kinds of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Genuine,
    Replayed,
    /// A payout that is replayed as a deposit, or vice versa.
    AnotherKind,
    /// With another transfer id.
    RewrittenId,
    /// Changed in another field without evidence.
    Changed,
    /// Changed in a field with evidence.
    Forged,
}

const SORTS: [(Sort, &str); 6] = [
    (Sort::Genuine, "the gateway's own"),
    (Sort::Replayed, "replayed"),
    (Sort::AnotherKind, "replayed across kinds"),
    (Sort::RewrittenId, "rewritten ids"),
    (Sort::Changed, "changed, proof intact"),
    (Sort::Forged, "forged"),
];

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Row {
    sent: usize,
    unanswered: usize,
    failed: usize,
    refused: usize,
    accepted: usize,
    duplicates: usize,
}

impl Row {
    pub(crate) fn count(&mut self, status: Option<u16>, is_known: bool) {
        self.sent += 1;
        match status {
            None => self.unanswered += 1,
            Some(200) => {
                self.accepted += 1;
                self.duplicates += usize::from(is_known);
            }
            Some(400..500) => self.refused += 1,
            Some(_) => self.failed += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.unanswered += other.unanswered;
        self.failed += other.failed;
        self.refused += other.refused;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
    }

    fn print(&self, name: &str, end: &str) {
        println!(
            "{name:22} {:>7} {:>10} {:>7} {:>8} {:>9} {:>11}{end}",
            self.sent, self.unanswered, self.failed, self.refused, self.accepted, self.duplicates
        );
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    rows: Mutex<[Row; SORTS.len()]>,
    took: Mutex<Vec<Duration>>,
}

impl Tally {
    pub(crate) fn count(&self, sort: Sort, status: Option<u16>, is_known: bool) {
        let place = SORTS.iter().position(|(known, _)| *known == sort);
        self.rows.lock().unwrap()[place.unwrap()].count(status, is_known);
    }

    pub(crate) fn took(&self, time: Duration) {
        self.took.lock().unwrap().push(time);
    }

    /// The times since the last call.
    pub(crate) fn speed(&self, elapsed: Duration) -> Speed {
        let mut took = std::mem::take(&mut *self.took.lock().unwrap());
        took.sort_unstable();
        let at = |percent| {
            took.get(took.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        Speed {
            per_second: f64::from(u32::try_from(took.len()).unwrap()) / elapsed.as_secs_f64(),
            median: at(50),
            slow: at(99),
        }
    }
}

/// Of the answered requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speed {
    per_second: f64,
    median: Duration,
    slow: Duration,
}

/// Returns the violations.
pub(crate) async fn check(driver: &Driver, pool: &PgPool) -> Result<Vec<String>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT reference, trim_scale(sum(amount))::text FROM shop_credits GROUP BY reference",
    )
    .fetch_all(pool)
    .await?;
    let mut found: HashMap<String, String> = rows.into_iter().collect();
    let mut broken = std::mem::take(&mut *driver.broken.lock().unwrap());
    for (payment, seen) in driver.payments.iter().zip(&driver.known) {
        let expected = payment.coin.short(payment.credited);
        let found = found.remove(&payment.reference);
        let found = found.unwrap_or_else(|| "0".to_owned());
        if found != expected {
            broken.push(format!(
                "{} ({}): {found} {} is credited instead of {expected}\n{}",
                payment.reference,
                payment.scenario,
                payment.coin.alpha,
                seen.lock().unwrap().history.trim_end(),
            ));
        }
    }
    let unknown = found.keys();
    broken.extend(unknown.map(|reference| format!("{reference}: credited, but unknown")));
    broken.extend(unbalanced(pool).await?);
    let rows = *driver.tally.rows.lock().unwrap();
    let rows = SORTS.iter().zip(rows);
    broken.extend(
        rows.filter(|(_, row)| row.sent == row.unanswered)
            .map(|((_, name), _)| format!("{name}: none was answered")),
    );
    Ok(broken)
}

/// The credited amount in a payment's history is committed together with the shop's
/// credits, and must be their sum.
async fn unbalanced(pool: &PgPool) -> Result<Vec<String>, Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT reference, coalesce(history.credited, 0)::text, coalesce(sum, 0)::text
         FROM payhook_histories AS history FULL JOIN (
             SELECT reference, sum(amount) AS sum FROM shop_credits GROUP BY reference
         ) AS credits USING (reference)
         WHERE coalesce(history.credited, 0) <> coalesce(sum, 0)",
    )
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(name, recorded, sum)| {
            format!("{name}: {recorded} in its history, and {sum} credited")
        })
        .collect())
}

/// The number of payments with credits, and the expected number.
pub(crate) async fn credits(driver: &Driver, pool: &PgPool) -> Result<(i64, usize), Error> {
    let (count,) = sqlx::query_as("SELECT count(DISTINCT reference) FROM shop_credits")
        .fetch_one(pool)
        .await?;
    let payments = driver.payments.iter();
    Ok((
        count,
        payments.filter(|payment| payment.credited > 0).count(),
    ))
}

pub(crate) fn print(
    driver: &Driver,
    (credited, expected): (i64, usize),
    (shop, shop_speed): (Duration, Speed),
    (bare, bare_speed): (Row, Speed),
) {
    let heads =
        "sent  no response     5xx  refused  accepted  duplicates  per second  median    99 %";
    println!("{:22}    {heads}", "");
    let rows = *driver.tally.rows.lock().unwrap();
    let mut sum = Row::default();
    for ((_, name), row) in SORTS.iter().zip(&rows) {
        row.print(name, "");
        sum.add(row);
    }
    sum.print("two shops, killed", &shop_speed.text());
    bare.print("bare route", &bare_speed.text());
    println!(
        "\npayments credited {credited}, expected {expected}, in {:.1} s",
        shop.as_secs_f64()
    );
}

impl Speed {
    fn text(&self) -> String {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        format!(
            " {:>11.0} {:>4.1} ms {:>4.0} ms",
            self.per_second,
            milliseconds(self.median),
            milliseconds(self.slow)
        )
    }
}
