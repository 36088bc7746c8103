//! Orders, credits and notes: in memory, or in PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use payhook::sqlx::{self, PgConnection, PgPool, Postgres, Transaction};
use payhook::{Amount, Callback, HandlerError, PgClaim, PgGuard, StateError, Verified};
use serde_json::{Value, json};

use super::order::{Booking, Kind, Order, States, payment, reference};

#[derive(Clone)]
pub(crate) enum Store {
    Memory(Arc<Mutex<Memory>>),
    Postgres {
        pool: PgPool,
        /// In the transaction that credits; without it, they are in Redis.
        claims: Option<PgGuard>,
    },
}

#[derive(Default)]
pub(crate) struct Memory {
    orders: HashMap<String, Record>,
    unknown: Vec<String>,
}

struct Record {
    order: Order,
    credits: usize,
    reviews: Vec<String>,
    states: States,
}

/// What came of a callback, for the log.
pub(crate) enum Booked {
    Before,
    Now(Booking),
    UnknownOrder,
}

impl Store {
    pub(crate) async fn add(&self, order: Order) -> Result<(), HandlerError> {
        match self {
            Self::Memory(memory) => {
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                let record = Record {
                    order,
                    credits: 0,
                    reviews: Vec::new(),
                    states: States::new(),
                };
                let reference = record.order.reference.clone();
                memory.orders.entry(reference).or_insert(record);
            }
            Self::Postgres { pool, .. } => {
                sqlx::query(
                    "INSERT INTO shop_orders VALUES ($1, $2, $3, $4::numeric, $5, 0)
                     ON CONFLICT DO NOTHING",
                )
                .bind(&order.reference)
                .bind(order.kind.as_str())
                .bind(&order.currency)
                .bind(&order.amount)
                .bind(order.scale.map(i64::from))
                .execute(pool)
                .await?;
            }
        }
        Ok(())
    }

    /// Whether the shop waits for an order of CityPay.io under this token.
    pub(crate) async fn has_order(&self, token: &str) -> Result<bool, HandlerError> {
        let order = match self {
            Self::Memory(memory) => {
                let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory.orders.get(token).map(|record| record.order.clone())
            }
            Self::Postgres { pool, .. } => load(&mut *pool.acquire().await?, token, ORDER).await?,
        };
        Ok(order.is_some_and(|order| matches!(order.kind, Kind::Order)))
    }

    pub(crate) async fn view(&self, reference: &str) -> Result<Option<Value>, HandlerError> {
        let (order, credits, reviews) = match self {
            Self::Memory(memory) => {
                let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(record) = memory.orders.get(reference) else {
                    return Ok(None);
                };
                let credits = i64::try_from(record.credits)?;
                (record.order.clone(), credits, record.reviews.clone())
            }
            Self::Postgres { pool, .. } => {
                let mut connection = pool.acquire().await?;
                let Some(order) = load(&mut connection, reference, ORDER).await? else {
                    return Ok(None);
                };
                let (credits,): (i64,) =
                    sqlx::query_as("SELECT count(*) FROM shop_credits WHERE reference = $1")
                        .bind(reference)
                        .fetch_one(&mut *connection)
                        .await?;
                let reviews: Vec<(String,)> =
                    sqlx::query_as("SELECT note FROM shop_reviews WHERE reference = $1")
                        .bind(reference)
                        .fetch_all(&mut *connection)
                        .await?;
                (
                    order,
                    credits,
                    reviews.into_iter().map(|(note,)| note).collect(),
                )
            }
        };
        Ok(Some(json!({
            "reference": order.reference,
            "kind": order.kind.as_str(),
            "currency": order.currency,
            "amount": order.amount,
            "credited": order.received,
            "credits": credits,
            "paid": order.is_paid(),
            "review": reviews,
        })))
    }

    /// Books what a callback says, once.
    pub(crate) async fn book(&self, callback: &Verified<Callback>) -> Result<Booked, HandlerError> {
        match self {
            Self::Memory(memory) => {
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory.book(callback)
            }
            Self::Postgres { pool, claims } => {
                let mut transaction = pool.begin().await?;
                let booked = in_transaction(&mut transaction, claims.as_ref(), callback).await?;
                // What is not committed was never claimed.
                transaction.commit().await?;
                Ok(booked)
            }
        }
    }
}

impl Memory {
    fn book(&mut self, callback: &Verified<Callback>) -> Result<Booked, HandlerError> {
        let Some(record) = reference(callback).and_then(|name| self.orders.get_mut(name)) else {
            self.unknown.push(callback.event().outcome().to_string());
            return Ok(Booked::UnknownOrder);
        };
        let booking = record.order.book(callback, &record.states);
        if let Some(credit) = &booking.credit {
            let received: Amount = record.order.received.parse()?;
            let sum = received.checked_add(credit).ok_or("too large a sum")?;
            record.order.received = sum.to_string();
            record.credits += 1;
        }
        if let Some(state) = &booking.state {
            let payment = payment(callback).to_owned();
            record.states.insert(payment, state.clone());
        }
        record.reviews.extend(booking.reviews.iter().cloned());
        Ok(Booked::Now(booking))
    }
}

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS shop_orders (
        reference text PRIMARY KEY,
        kind      text NOT NULL,
        currency  text NOT NULL,
        amount    numeric NOT NULL,
        scale     bigint,
        received  numeric NOT NULL
    );
    CREATE TABLE IF NOT EXISTS shop_payments (
        reference text NOT NULL,
        payment   text NOT NULL,
        state     text NOT NULL,
        PRIMARY KEY (reference, payment)
    );
    CREATE TABLE IF NOT EXISTS shop_credits (
        reference   text NOT NULL,
        amount      numeric NOT NULL,
        effect      bytea NOT NULL,
        credited_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX IF NOT EXISTS shop_credits_reference ON shop_credits (reference);
    CREATE TABLE IF NOT EXISTS shop_balances (
        currency text PRIMARY KEY,
        balance  numeric NOT NULL
    );
    CREATE TABLE IF NOT EXISTS shop_reviews (
        reference text NOT NULL,
        note      text NOT NULL
    );
";

macro_rules! select_order {
    ($lock:literal) => {
        concat!(
            "SELECT kind, currency, amount::text, scale, received::text
             FROM shop_orders WHERE reference = $1 ",
            $lock
        )
    };
}

const ORDER: &str = select_order!("");
/// Locked until the transaction ends.
const ORDER_LOCKED: &str = select_order!("FOR UPDATE");

async fn load(
    connection: &mut PgConnection,
    reference: &str,
    statement: &'static str,
) -> Result<Option<Order>, HandlerError> {
    type Row = (String, String, String, Option<i64>, String);
    let row: Option<Row> = sqlx::query_as(statement)
        .bind(reference)
        .fetch_optional(connection)
        .await?;
    let Some((kind, currency, amount, scale, received)) = row else {
        return Ok(None);
    };
    Ok(Some(Order {
        reference: reference.to_owned(),
        kind: Kind::from_name(&kind).ok_or("no such kind of order")?,
        currency,
        amount,
        scale: scale.map(u32::try_from).transpose()?,
        received,
    }))
}

async fn in_transaction(
    transaction: &mut Transaction<'_, Postgres>,
    claims: Option<&PgGuard>,
    callback: &Verified<Callback>,
) -> Result<Booked, HandlerError> {
    let keys = callback.idempotency_keys("");
    if let Some(claims) = claims {
        match claims.claim_in(transaction, &keys).await? {
            PgClaim::Fresh => {}
            PgClaim::Done => return Ok(Booked::Before),
            _ => return Err("claimed elsewhere, or too old to tell".into()),
        }
    }
    let name = reference(callback).unwrap_or_default();
    let Some(order) = load(transaction, name, ORDER_LOCKED).await? else {
        sqlx::query("INSERT INTO shop_reviews VALUES ($1, 'no such order')")
            .bind(name)
            .execute(&mut **transaction)
            .await?;
        return Ok(Booked::UnknownOrder);
    };
    if claims.is_none() {
        // Redis may have handed it out twice; the effect's name tells.
        let known: Option<(i32,)> =
            sqlx::query_as("SELECT 1 FROM shop_credits WHERE reference = $1 AND effect = $2")
                .bind(name)
                .bind(keys.effect().as_bytes().as_slice())
                .fetch_optional(&mut **transaction)
                .await?;
        if known.is_some() {
            return Ok(Booked::Before);
        }
    }
    let known: Vec<(String, String)> =
        sqlx::query_as("SELECT payment, state FROM shop_payments WHERE reference = $1")
            .bind(name)
            .fetch_all(&mut **transaction)
            .await?;
    let known = known
        .into_iter()
        .map(|(payment, state)| Ok((payment, state.parse()?)))
        .collect::<Result<States, StateError>>()?;

    let booking = order.book(callback, &known);
    if let Some(credit) = &booking.credit {
        sqlx::query("INSERT INTO shop_credits VALUES ($1, $2::numeric, $3)")
            .bind(name)
            .bind(credit.as_str())
            .bind(keys.effect().as_bytes().as_slice())
            .execute(&mut **transaction)
            .await?;
        sqlx::query(
            "UPDATE shop_orders SET received = received + $2::numeric WHERE reference = $1",
        )
        .bind(name)
        .bind(credit.as_str())
        .execute(&mut **transaction)
        .await?;
        // What leaves is booked against what came.
        let sign = if matches!(order.kind, Kind::Payout) {
            "-"
        } else {
            ""
        };
        sqlx::query(
            "INSERT INTO shop_balances AS now VALUES ($1, $2::numeric)
             ON CONFLICT (currency) DO UPDATE SET balance = now.balance + excluded.balance",
        )
        .bind(&order.currency)
        .bind(format!("{sign}{credit}"))
        .execute(&mut **transaction)
        .await?;
    }
    if let Some(state) = &booking.state {
        sqlx::query(
            "INSERT INTO shop_payments VALUES ($1, $2, $3)
             ON CONFLICT (reference, payment) DO UPDATE SET state = excluded.state",
        )
        .bind(name)
        .bind(payment(callback))
        .bind(state.to_string())
        .execute(&mut **transaction)
        .await?;
    }
    for note in &booking.reviews {
        sqlx::query("INSERT INTO shop_reviews VALUES ($1, $2)")
            .bind(name)
            .bind(note)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(Booked::Now(booking))
}
