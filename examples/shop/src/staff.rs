//! The staff's routes: orders, and money that is held for review.

use std::{collections::BTreeSet, sync::Arc};

use axum::extract::{Json, Path, State};
use axum::{Router, http::StatusCode, routing::get, routing::post};
use payhook::payment::{Expected, ExpectedKind, HeldChanged, Payment, PaymentStatus};
use payhook::{BoxError, Ledger, MemoryLedger, ledger::PaymentKey};
use payhook_postgres::PgLedger;
use serde_json::{Value, json};

/// Run in one transaction, under a lock: replicas may start concurrently.
pub(crate) const SCHEMA: &str = "SELECT pg_advisory_xact_lock(hashtext('shop'));
    CREATE TABLE IF NOT EXISTS shop_credits
        (reference text NOT NULL, currency text NOT NULL, amount numeric NOT NULL);
    CREATE INDEX IF NOT EXISTS shop_credits_reference ON shop_credits (reference);";

#[derive(Clone)]
pub(crate) enum Storage {
    Memory(MemoryLedger, Arc<tokio::sync::Mutex<BTreeSet<String>>>),
    Postgres(PgLedger),
}

type Answer<T = Json<Value>> = Result<T, StatusCode>;

pub(crate) fn routes(storage: Storage) -> Router {
    let orders = Router::new().route("/orders", post(add)).route("/orders/{reference}", get(view));
    let review = orders.route("/review", get(review));
    review.route("/review/{reference}/{decision}/{held}", post(decide)).with_state(storage)
}

/// Registers an order. All orders have a price here: there are no top-ups.
async fn add(State(storage): State<Storage>, Json(order): Json<Value>) -> Answer<StatusCode> {
    let text = |name| order.get(name).and_then(Value::as_str).unwrap_or_default();
    let (name, amount) = (text("reference"), text("amount").parse().ok());
    let kind = ExpectedKind::from_name(text("kind")).filter(|kind| *kind != ExpectedKind::TopUp);
    let expected = kind.and_then(|it| Expected::of_kind(it, name, text("currency"), amount).ok());
    let expected = expected.ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let gateway = if kind == Some(ExpectedKind::Order) { "citypay" } else { "b2binpay" };
    let is_new = match &storage {
        Storage::Memory(ledger, names) => {
            let is_new = names.lock().await.insert(name.to_owned());
            is_new.then(|| ledger.expect(expected)).is_some()
        }
        Storage::Postgres(ledger) => {
            match PgLedger::expect(ledger.pool(), gateway, &expected).await {
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => false,
                stored => stored.map(|()| true).map_err(failed)?,
            }
        }
    };
    Ok(if is_new { StatusCode::CREATED } else { StatusCode::CONFLICT })
}

async fn view(State(storage): State<Storage>, Path(name): Path<String>) -> Answer {
    let (_, payment) = find(&storage, &name).await?;
    let credits: i64 = match &storage {
        Storage::Memory(..) => i64::from(!payment.credited().is_zero()),
        Storage::Postgres(ledger) => {
            let count = "SELECT count(*) FROM shop_credits WHERE reference = $1";
            sqlx::query_scalar(count).bind(name).fetch_one(ledger.pool()).await.map_err(failed)?
        }
    };
    Ok(Json(shown(&payment, Some(credits))))
}

async fn find(storage: &Storage, name: &str) -> Answer<(PaymentKey, Payment)> {
    for gateway in ["b2binpay", "citypay"] {
        let key = PaymentKey::new(gateway, name, "");
        let found = match storage {
            Storage::Memory(ledger, _) => ledger.peek(&key).await,
            Storage::Postgres(ledger) => ledger.peek(&key).await,
        };
        if let Some(payment) = found.map_err(failed)? {
            return Ok((key, payment));
        }
    }
    Err(StatusCode::NOT_FOUND)
}

async fn review(State(storage): State<Storage>) -> Answer<Json<Vec<Value>>> {
    let payments: Vec<Payment> = match &storage {
        Storage::Memory(ledger, names) => {
            names.lock().await.iter().filter_map(|name| ledger.payment(name)).collect()
        }
        Storage::Postgres(ledger) => {
            let held = PgLedger::held(ledger.pool(), 100).await.map_err(failed)?;
            held.into_iter().map(|held| held.payment).collect()
        }
    };
    let held = payments.iter().filter(|payment| !payment.held_parts().is_empty());
    Ok(Json(held.map(|payment| shown(payment, None)).collect()))
}

fn shown(payment: &Payment, credits: Option<i64>) -> Value {
    let (status, expected) = (payment.status(), payment.expected());
    let review = payment.held_parts().into_iter().map(|part| {
        let why = part.reasons.iter().map(|it| format!("{it}: {}. {}", it.summary(), it.advice()));
        json!({"part": part.id, "amount": part.amount.as_str(), "why": why.collect::<Vec<_>>()})
    });
    json!({
        "reference": expected.reference(), "kind": expected.kind().as_str(), "currency": expected.currency(),
        "paid": matches!(status, PaymentStatus::Paid | PaymentStatus::Overpaid), "status": status.as_str(),
        "received": payment.received().as_str(), "credited": payment.credited().as_str(),
        "held": payment.held().as_str(), "credits": credits, "review": review.collect::<Vec<_>>(),
    })
}

/// Decides on the money held for a reference, if it is still the reviewed amount.
async fn decide(state: State<Storage>, Path([name, decision, held]): Path<[String; 3]>) -> Answer {
    let held = held.parse().or(Err(StatusCode::UNPROCESSABLE_ENTITY))?;
    let (key, _) = find(&state, &name).await?;
    match (&*state, &*decision) {
        (Storage::Memory(ledger, _), "accept") => ledger.accept_held(&name, &held).map_err(failed),
        (Storage::Memory(ledger, _), "reject") => ledger.reject_held(&name, &held).map_err(failed),
        (Storage::Postgres(pg), "accept") => pg.accept_held(&key, &held).await.map_err(failed),
        (Storage::Postgres(pg), "reject") => pg.reject_held(&key, &held).await.map_err(failed),
        _ => Err(StatusCode::NOT_FOUND),
    }?;
    view(state, Path(name)).await
}

fn failed(error: impl Into<BoxError>) -> StatusCode {
    let error = error.into();
    tracing::error!("{error}");
    if error.is::<HeldChanged>() { StatusCode::CONFLICT } else { StatusCode::INTERNAL_SERVER_ERROR }
}
