//! Tests with B2BINPAY's callbacks: forgeries.

use super::script::{Build, Bystander};
use super::transfer_script::{B2binpaySetup, CONFIRMED, Case, Context, PENDING, Step, Test};
use payhook::b2binpay::Key;
use payhook::payment::ExpectedKind;
use payhook::testing::Json;
use payhook::testing::b2binpay::{CallbackBuilder, transfer};

const AMOUNT: &str = "included[1].attributes.amount";
const STATUS: &str = "included[1].attributes.status";
const TRACKING_ID: &str = "data.attributes.tracking_id";

fn deposits(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case::new(ExpectedKind::Deposit, name, steps)
}

/// Forged while a payment is pending that never completes.
fn never_paid(name: &'static str, forged: Build<B2binpaySetup>) -> Case {
    deposits(name, [Step::deliver(0, PENDING), Step::forge(0, forged)])
}

/// Changed in a callback that was delivered before.
fn altered_after(name: &'static str, altered: Build<B2binpaySetup>) -> Case {
    deposits(
        name,
        [Step::deliver(100, CONFIRMED), Step::alter(100, altered)],
    )
}

/// Changed in a callback that was captured in transit; the gateway retries.
fn altered_before(name: &'static str, altered: Build<B2binpaySetup>) -> Case {
    deposits(
        name,
        [
            Step::deliver(0, PENDING),
            Step::alter(100, altered),
            Step::deliver(100, CONFIRMED),
        ],
    )
}

/// The signed body with another value at a path.
fn with(cx: &Context<'_>, builder: &CallbackBuilder, changes: &[(&str, Json)]) -> Vec<u8> {
    let body = changes
        .iter()
        .fold(cx.signed(builder), |body, (path, value)| {
            body.set(path, value.clone())
        });
    body.to_vec()
}

fn other_currency(cx: &Context<'_>) -> Vec<u8> {
    let changes = [
        ("included[0].attributes.alpha", "BTC".into()),
        ("included[0].attributes.name", "Bitcoin".into()),
        ("included[0].attributes.exp", 8.into()),
    ];
    with(cx, &cx.transfer(), &changes)
}

/// A deposit replayed as a payout, or vice versa.
fn other_kind(cx: &Context<'_>) -> Vec<u8> {
    let (kind, op_type, status) = match cx.payment.kind {
        ExpectedKind::Payout => ("deposit", 1, 3),
        _ => ("payout", 2, 2),
    };
    let changes = [
        ("data.type", kind.into()),
        ("data.attributes.status", status.into()),
        ("included[1].attributes.op_type", op_type.into()),
    ];
    with(cx, &cx.transfer(), &changes)
}

/// Under the id of another transfer.
fn other_id(cx: &Context<'_>) -> [(&'static str, Json); 2] {
    let id = format!("{}9", cx.id);
    [
        ("included[1].id", id.as_str().into()),
        ("data.relationships.transfer.data.id", id.into()),
    ]
}

/// The same signed message, with the amount's last digit moved to the start of the
/// id.
fn shifted(cx: &Context<'_>) -> Vec<u8> {
    let amount = cx.payment.amount.with_decimals(cx.payment.decimals);
    let amount = amount.unwrap_or_default().to_string();
    let shorter = amount.strip_suffix('0').unwrap_or(&amount);
    let changes = [
        (AMOUNT, shorter.into()),
        (TRACKING_ID, cx.bystander.reference.as_str().into()),
    ];
    with(cx, &cx.transfer(), &changes)
}

/// An additional confirmed transfer of the full amount due.
fn paste(cx: &Context<'_>, builder: &CallbackBuilder, is_named: bool) -> Vec<u8> {
    let id = format!("{}9", cx.id);
    let pasted = transfer().id(&id).amount(&cx.percent(100));
    // The signature of the body that it is pasted into, which has the same time.
    let genuine = cx.signed(builder);
    let body = cx.signed(&builder.clone().include(pasted));
    let body = match genuine.signature() {
        Some(signature) => body.set("meta.sign", signature.clone()),
        None => body,
    };
    let body = if is_named {
        let named = format!(r#"{{"data":{{"type":"transfer","id":"{id}"}}}}"#);
        body.set("data.relationships.transfer", Json::raw(named))
    } else {
        body
    };
    body.to_vec()
}

pub(super) fn tests() -> Vec<Test> {
    vec![
        signed_fields(),
        signatures(),
        unsigned_fields(),
        Test::new(
            "changed, then sent again",
            [
                altered_before("currency", other_currency),
                altered_before("fraction digits", |cx| {
                    with(
                        cx,
                        &cx.transfer(),
                        &[("included[0].attributes.exp", 6.into())],
                    )
                }),
                altered_before("kind", other_kind),
                Case::new(
                    ExpectedKind::Payout,
                    "kind of a payout",
                    [Step::alter(100, other_kind), Step::deliver(100, CONFIRMED)],
                ),
            ],
        ),
        Test::new(
            "resent, and changed in transit",
            [ExpectedKind::Deposit, ExpectedKind::Payout].map(|kind| {
                let changed: Build<B2binpaySetup> = |cx| with(cx, &cx.transfer(), &other_id(cx));
                let steps = [Step::deliver(100, CONFIRMED), Step::deliver(100, changed)];
                Case::new(kind, "transfer id", steps)
            }),
        ),
        Test::new(
            "replayed as another kind",
            [
                altered_after("deposit as payout", other_kind),
                Case::new(
                    ExpectedKind::Payout,
                    "payout as deposit",
                    [Step::deliver(100, CONFIRMED), Step::alter(100, other_kind)],
                ),
            ],
        ),
        Test::new(
            "transfers pasted in",
            [
                never_paid("a second one", |cx| {
                    paste(cx, &cx.transfer().unconfirmed(1), false)
                }),
                never_paid("a second one, named", |cx| {
                    paste(cx, &cx.transfer().unconfirmed(1), true)
                }),
                never_paid("a second one, none named", |cx| {
                    paste(
                        cx,
                        &cx.transfer().unconfirmed(1).without_relationship(),
                        false,
                    )
                }),
                never_paid("into no transfer, expired", |cx| {
                    paste(cx, &cx.transfer().no_transfer(), true)
                }),
                never_paid("into no transfer, status 2", |cx| {
                    paste(cx, &cx.transfer().no_transfer().operation_status(2), false)
                }),
            ],
        ),
        Test::new(
            "transfers and signatures stripped",
            [
                never_paid("no transfer", |cx| {
                    let body = cx.signed(&cx.transfer().unconfirmed(1).operation_status(3));
                    let body = body.remove("included[1]");
                    body.set("data.relationships.transfer", Json::default())
                        .to_vec()
                }),
                never_paid("no transfer, no signature", |cx| {
                    let body = cx.transfer().no_transfer().operation_status(3);
                    body.v2()
                        .set("data.attributes.status", 3)
                        .unsigned()
                        .to_vec()
                }),
                never_paid("no signature", |cx| cx.transfer().unsigned().to_vec()),
                never_paid("no signature, the fields of v2", |cx| {
                    cx.transfer().v2().unsigned().to_vec()
                }),
            ],
        ),
        Test::new(
            "an amount's digit in the tracking id",
            [deposits(
                "deposit",
                [Step::deliver(100, CONFIRMED), Step::alter(100, shifted)],
            )
            .beside(Bystander::BehindZero)
            .policy()],
        ),
    ]
}

fn signed_fields() -> Test {
    Test::new(
        "signed fields changed",
        [
            deposits(
                "amount",
                [
                    Step::deliver(10, |cx| cx.sign(&cx.part(10))),
                    Step::forge(10, |cx| {
                        let due = cx.percent(100);
                        with(cx, &cx.part(10), &[(AMOUNT, due.into())])
                    }),
                ],
            ),
            deposits(
                "amount, as another transfer",
                [
                    Step::deliver(10, |cx| cx.sign(&cx.part(10))),
                    Step::forge(10, |cx| {
                        let (due, [id, named]) = (cx.percent(100), other_id(cx));
                        with(cx, &cx.part(10), &[(AMOUNT, due.into()), id, named])
                    }),
                ],
            ),
            never_paid("status", |cx| {
                with(cx, &cx.transfer().unconfirmed(1), &[(STATUS, 2.into())])
            }),
            deposits(
                "tracking id",
                [
                    Step::deliver(100, CONFIRMED),
                    Step::forge(100, |cx| {
                        let other = cx.bystander.reference.as_str();
                        with(cx, &cx.transfer(), &[(TRACKING_ID, other.into())])
                    }),
                ],
            )
            .beside(Bystander::Another),
            deposits(
                "time",
                [
                    Step::deliver(100, CONFIRMED),
                    Step::forge(100, |cx| {
                        let later = cx.start.to_rfc3339();
                        with(cx, &cx.transfer(), &[("meta.time", later.into())])
                    }),
                ],
            ),
        ],
    )
}

fn signatures() -> Test {
    fn signature(cx: &Context<'_>, value: impl Into<Json>) -> Vec<u8> {
        with(cx, &cx.transfer(), &[("meta.sign", value.into())])
    }
    Test::new(
        "invalid signatures",
        [
            never_paid("none", |cx| {
                cx.signed(&cx.transfer()).remove("meta.sign").to_vec()
            }),
            never_paid("no meta", |cx| {
                cx.signed(&cx.transfer()).remove("meta").to_vec()
            }),
            never_paid("null", |cx| signature(cx, Json::default())),
            never_paid("empty", |cx| signature(cx, "")),
            never_paid("zeros", |cx| signature(cx, "0".repeat(64))),
            never_paid("another key's", |cx| {
                let Ok(key) = Key::callback_secret("the key of another merchant") else {
                    return Vec::new();
                };
                cx.transfer().sign(&key).to_vec()
            }),
            never_paid("of another callback", |cx| {
                match cx.signed(&cx.transfer().unconfirmed(1)).signature() {
                    Some(other) => signature(cx, other.clone()),
                    None => Vec::new(),
                }
            }),
            never_paid("cut", |cx| match cx.signed(&cx.transfer()).signature() {
                Some(whole) => {
                    let whole = whole.to_string();
                    signature(
                        cx,
                        whole.trim_matches('"').chars().take(32).collect::<String>(),
                    )
                }
                None => Vec::new(),
            }),
        ],
    )
}

fn unsigned_fields() -> Test {
    Test::new(
        "unsigned fields changed",
        [
            altered_after("transfer id", |cx| {
                let id = format!("{}9", cx.id);
                let changes = [
                    ("included[1].id", id.as_str().into()),
                    ("data.relationships.transfer.data.id", id.into()),
                ];
                with(cx, &cx.transfer(), &changes)
            }),
            altered_after("transaction id", |cx| {
                with(
                    cx,
                    &cx.transfer(),
                    &[("included[1].attributes.txid", "0xff".into())],
                )
            }),
            altered_after("deposit id", |cx| {
                with(
                    cx,
                    &cx.transfer(),
                    &[("data.id", format!("{}9", cx.id).into())],
                )
            }),
            altered_after("currency", other_currency),
            altered_after("confirmations", |cx| {
                with(
                    cx,
                    &cx.transfer(),
                    &[("included[1].attributes.confirmations", 99.into())],
                )
            }),
            altered_after("deposit status", |cx| {
                with(cx, &cx.transfer(), &[("data.attributes.status", 5.into())])
            }),
            altered_after("operation type", |cx| {
                with(
                    cx,
                    &cx.transfer(),
                    &[("included[1].attributes.op_type", 14.into())],
                )
            }),
            altered_after("amounts that are not signed", |cx| {
                let much = cx.percent(10_000);
                let paths = [
                    "data.attributes.target_paid",
                    "data.attributes.target_amount_requested",
                    "included[1].attributes.amount_cleared",
                    "included[1].attributes.amount_target",
                ];
                let changes = paths.map(|path| (path, much.as_str().into()));
                with(cx, &cx.transfer(), &changes)
            }),
            altered_after("a second transfer", |cx| paste(cx, &cx.transfer(), false)),
        ],
    )
}
