//! Tests with B2BINPAY's callbacks: payments that need several callbacks to settle,
//! or that do not stay settled.

use payhook::payment::ExpectedKind;

use super::script::{Build, Bystander, ROUNDS};
use super::transfer_script::{
    B2binpaySetup, CONFIRMED, Case, Context, PENDING, Step, Test, deposits, payouts,
};

const FIRST_PART: Build<B2binpaySetup> = |cx| cx.sign(&cx.part(60));
const SECOND_PART: Build<B2binpaySetup> = |cx| cx.sign(&cx.part(40).operation_status(3));

pub(super) fn tests() -> Vec<Test> {
    vec![
        parts_repeated(),
        Test::new(
            "two parts at once",
            std::iter::repeat_with(|| {
                deposits(
                    "deposit",
                    [Step::deliver_both(100, [FIRST_PART, SECOND_PART])],
                )
                .policy()
            })
            .take(ROUNDS),
        ),
        dust(),
        reversed(),
        late(),
        other_currency(),
        Test::new("again after a restart", repeated_after(Step::restart, true)),
        Test::new(
            "again at every replica",
            repeated_after(Step::every_replica, false),
        ),
        Test::new(
            "one transfer under two references",
            [ExpectedKind::Deposit, ExpectedKind::Payout].map(|kind| {
                let elsewhere: Build<B2binpaySetup> = |cx| {
                    let reference = cx.bystander.reference.as_str();
                    cx.sign(&cx.transfer().tracking_id(reference))
                };
                let steps = [Step::deliver(100, CONFIRMED), Step::deliver(100, elsewhere)];
                Case::new(kind, kind.as_str(), steps).beside(Bystander::Second)
            }),
        ),
    ]
}

fn parts_repeated() -> Test {
    let repeated = |name, [first, second]: [fn(u64, Build<B2binpaySetup>) -> Step; 2]| {
        deposits(
            name,
            [
                Step::deliver(60, FIRST_PART),
                first(60, FIRST_PART),
                Step::deliver(100, SECOND_PART),
                second(100, SECOND_PART),
            ],
        )
        .policy()
    };
    let again: fn(u64, Build<B2binpaySetup>) -> Step = |received, _| Step::again(received);
    Test::new(
        "parts, each repeated",
        [
            repeated("the same bytes", [again, again]),
            repeated("another time", [Step::deliver, Step::deliver]),
            deposits(
                "the first again after the second",
                [
                    Step::deliver(60, FIRST_PART),
                    Step::deliver(100, SECOND_PART),
                    Step::deliver(100, FIRST_PART),
                ],
            )
            .policy(),
            deposits(
                "the first under another id",
                [
                    Step::deliver(60, FIRST_PART),
                    Step::deliver(60, |cx| {
                        // No signature covers either of them.
                        let id = format!("{}69", cx.id);
                        cx.sign(&cx.part(60).transfer_id(&id).txid(&cx.txid(69)))
                    }),
                    Step::deliver(100, SECOND_PART),
                ],
            )
            .policy(),
        ],
    )
}

fn dust() -> Test {
    let case = |name, dust: Build<B2binpaySetup>| {
        let paid = Step::deliver(100, CONFIRMED);
        deposits(name, [paid, Step::deliver(101, dust), Step::again(101)])
    };
    Test::new(
        "dust after it is paid",
        [
            case("accepted by the gateway", |cx| {
                cx.sign(&cx.part(1).operation_status(3))
            }),
            case("unresolved", |cx| cx.sign(&cx.part(1).operation_status(5))),
        ],
    )
}

fn reversed() -> Test {
    const BLOCKED: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer().blocked());
    const FAILED: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer().failed());
    let ends = |name, end: Build<B2binpaySetup>| {
        deposits(
            name,
            [Step::deliver(100, CONFIRMED), Step::reverse(100, end)],
        )
    };
    let returns = |end: Build<B2binpaySetup>| {
        [
            Step::deliver(100, CONFIRMED),
            Step::reverse(100, end),
            Step::deliver(100, CONFIRMED),
        ]
    };
    Test::new(
        "confirmed, then reversed",
        [
            ends("blocked", BLOCKED),
            ends("failed", FAILED),
            ends("canceled", |cx| cx.sign(&cx.transfer().canceled())),
            deposits("blocked, confirmed again", returns(BLOCKED)),
            payouts("failed payout, confirmed again", returns(FAILED)),
            deposits(
                "blocked before, then confirmed",
                [
                    Step::deliver(0, PENDING),
                    Step::deliver(0, BLOCKED),
                    Step::deliver(100, CONFIRMED),
                ],
            )
            .policy(),
        ],
    )
}

fn late() -> Test {
    const EXPIRED: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer().no_transfer());
    Test::new(
        "paid late",
        [
            deposits(
                "after it expired",
                [
                    Step::deliver(0, EXPIRED),
                    Step::deliver(100, |cx| cx.sign(&cx.transfer().operation_status(5))),
                ],
            )
            .policy(),
            deposits(
                "on its way when it expired",
                [
                    Step::deliver(0, PENDING),
                    Step::deliver(0, EXPIRED),
                    Step::deliver(100, CONFIRMED),
                ],
            )
            .policy(),
        ],
    )
}

/// As many units of a currency that is worth less.
fn other_currency() -> Test {
    const CHEAP: Build<B2binpaySetup> = |cx| cx.sign(&cx.transfer().currency("DOGE"));
    Test::new(
        "paid in another currency",
        [
            deposits("deposit", [Step::deliver(0, CHEAP)]),
            payouts("payout", [Step::deliver(0, CHEAP)]),
            deposits(
                "before it is paid",
                [
                    Step::deliver(0, CHEAP),
                    Step::deliver(100, |cx| cx.sign(&cx.part(100))),
                ],
            ),
        ],
    )
}

/// A deposit, a payout, and a deposit in parts: each repeated after an event that
/// in-memory data of a process does not survive.
fn repeated_after(something: fn() -> Step, is_repeated: bool) -> [Case; 3] {
    let repeat = |received, build: Build<B2binpaySetup>| {
        let again = is_repeated.then(|| [Step::again(received), Step::deliver(received, build)]);
        std::iter::once(something()).chain(again.into_iter().flatten())
    };
    let paid = || std::iter::once(Step::deliver(100, CONFIRMED)).chain(repeat(100, CONFIRMED));
    let part = |received, build| {
        std::iter::once(Step::deliver(received, build)).chain(repeat(received, build))
    };
    [
        deposits("deposit", paid()),
        payouts("payout", paid()),
        deposits(
            "in parts",
            part(60, FIRST_PART).chain(part(100, SECOND_PART)),
        )
        .policy(),
    ]
}

/// Prices in the wallet's currency, paid in a cryptocurrency that the payer chooses:
/// the signed amount is in the cryptocurrency.
pub(super) fn invoices() -> Test {
    fn paid(cx: &Context<'_>, currency: &str, coins: u64, worth: u64, so_far: u64) -> Vec<u8> {
        let builder = cx
            .part(worth)
            .currency(currency)
            .amount(&cx.percent(coins))
            .set("data.attributes.target_amount_requested", cx.percent(100))
            .set("data.attributes.target_paid", cx.percent(so_far))
            .set("included[1].attributes.amount_target", cx.percent(worth))
            .operation_status(if so_far < 100 { 2 } else { 3 });
        cx.sign(&builder)
    }
    let invoice = |name, steps: Vec<Step>| Case::new(ExpectedKind::Invoice, name, steps);
    Test::new(
        "an invoice paid in other coins",
        [
            invoice(
                "in full, in an expensive coin",
                vec![Step::deliver(100, |cx| paid(cx, "ETH", 1, 100, 100))],
            )
            .policy(),
            invoice(
                "as many coins as the price",
                vec![Step::deliver(20, |cx| paid(cx, "DOGE", 100, 20, 20))],
            ),
            invoice(
                "more coins than the price",
                vec![Step::deliver(60, |cx| paid(cx, "TRX", 300, 60, 60))],
            ),
            invoice(
                "in two coins",
                vec![
                    Step::deliver(60, |cx| paid(cx, "ETH", 1, 60, 60)),
                    Step::again(60),
                    Step::deliver(100, |cx| paid(cx, "DOGE", 200, 40, 100)),
                ],
            )
            .policy(),
        ],
    )
}
