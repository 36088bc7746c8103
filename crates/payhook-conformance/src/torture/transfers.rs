//! Tests with B2BINPAY's callbacks: genuine ones.

use super::script::{Make, ROUNDS, SLOW};
use super::script_transfers::{
    B2binpaySetup, CONFIRMED, CREATED, Case, PENDING, Step, Trial, deposits, payouts,
};
use super::shop::InjectedFault;
use super::{lives_transfers, spelled_transfers};

/// A payment that ends without money.
fn ends(name: &'static str, end: Make<B2binpaySetup>) -> Case {
    deposits(name, [Step::deliver(0, PENDING), Step::deliver(0, end)])
}

pub(super) fn trials() -> Vec<Trial> {
    let mut trials = repeated();
    trials.push(growing());
    trials.extend(ended());
    trials.extend([amounts(), spelled_transfers::trial()]);
    trials.extend(lives_transfers::trials());
    trials.push(lives_transfers::invoices());
    trials.extend(troubled());
    trials
}

/// Single, repeated, late and concurrent deliveries.
fn repeated() -> Vec<Trial> {
    let life = || {
        [
            Step::deliver(0, CREATED),
            Step::deliver(0, PENDING),
            Step::deliver(100, CONFIRMED),
        ]
    };
    let pair = |is_same| {
        let case = move || {
            let steps = [
                Step::deliver(0, PENDING),
                Step::deliver_two(100, is_same, CONFIRMED),
            ];
            deposits("deposit", steps)
        };
        std::iter::repeat_with(case).take(ROUNDS)
    };
    let again = || {
        [Step::deliver(100, CONFIRMED)]
            .into_iter()
            .chain((0..4).map(|_| Step::again(100)))
    };
    let resent = || (0..4).map(|_| Step::deliver(100, CONFIRMED));
    let late = || {
        [
            Step::deliver(100, CONFIRMED),
            // Signed later: to a server it may look like a reversal.
            Step::reverse(100, PENDING),
            Step::reverse(100, CREATED),
        ]
    };
    vec![
        Trial::new(
            "a plain payment",
            [deposits("deposit", life()), payouts("payout", life())],
        ),
        Trial::new(
            "the same bytes five times",
            [deposits("deposit", again()), payouts("payout", again())],
        ),
        Trial::new(
            "resent with new times",
            [deposits("deposit", resent()), payouts("payout", resent())],
        ),
        Trial::new(
            "older callbacks afterwards",
            [
                deposits("deposit, with later times", late()),
                payouts("payout, with later times", late()),
                deposits(
                    "with their own times",
                    [
                        Step::deliver(100, CONFIRMED),
                        Step::deliver(100, |cx| {
                            cx.sign(&cx.transfer().unconfirmed(1).at(cx.start))
                        }),
                    ],
                ),
            ],
        ),
        Trial::new("the same bytes, two at once", pair(true)),
        Trial::new("the same status, two at once", pair(false)),
    ]
}

/// Callbacks that settle nothing.
fn ended() -> Vec<Trial> {
    vec![
        Trial::new(
            "failed, blocked, canceled",
            [
                ends("failed", |cx| cx.sign(&cx.transfer().failed())),
                ends("blocked", |cx| cx.sign(&cx.transfer().blocked())),
                ends("canceled", |cx| cx.sign(&cx.transfer().canceled())),
                payouts(
                    "failed payout",
                    [Step::deliver(0, |cx| cx.sign(&cx.transfer().failed()))],
                ),
            ],
        ),
        Trial::new(
            "no transfer",
            [
                ends("expired", |cx| cx.sign(&cx.transfer().no_transfer())),
                ends("unresolved", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(5))
                }),
                payouts(
                    "rejected payout",
                    [Step::deliver(0, |cx| cx.sign(&cx.transfer().no_transfer()))],
                ),
            ],
        ),
        Trial::new(
            "a status of another scale",
            [
                ends("no transfer, deposit status 2", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(2))
                }),
                ends("no transfer, deposit status 3", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(3))
                }),
                ends("created transfer, deposit status 3", |cx| {
                    cx.sign(&cx.transfer().created().operation_status(3))
                }),
                payouts(
                    "no transfer, payout status 2",
                    [Step::deliver(0, |cx| {
                        cx.sign(&cx.transfer().no_transfer().operation_status(2))
                    })],
                ),
            ],
        ),
        Trial::new(
            "unknown statuses",
            [
                ends("transfer status 7", |cx| {
                    cx.sign(&cx.transfer().transfer_status(7).operation_status(2))
                }),
                ends("transfer status -9, deposit status 3", |cx| {
                    cx.sign(&cx.transfer().transfer_status(-9).operation_status(3))
                }),
                ends("no transfer, deposit status 7", |cx| {
                    cx.sign(&cx.transfer().no_transfer().operation_status(7))
                }),
            ],
        ),
    ]
}

/// Faults are injected into the server.
fn troubled() -> Vec<Trial> {
    vec![
        Trial::new(
            "the shop fails twice",
            [
                deposits(
                    "deposit",
                    [
                        Step::inject(InjectedFault::Fails(2)),
                        Step::deliver(100, CONFIRMED),
                    ],
                ),
                payouts(
                    "payout",
                    [
                        Step::inject(InjectedFault::Fails(2)),
                        Step::deliver(100, CONFIRMED),
                    ],
                ),
            ],
        ),
        Trial::new(
            "a slow shop, posted to again",
            [
                deposits(
                    "the same bytes",
                    [Step::inject(SLOW), Step::deliver_two(100, true, CONFIRMED)],
                ),
                deposits(
                    "another time",
                    [Step::inject(SLOW), Step::deliver_two(100, false, CONFIRMED)],
                ),
            ],
        ),
    ]
}

/// Deliveries to the other gateway's URL, if there are both.
pub(super) fn astray() -> Trial {
    let steps = || [Step::deliver(100, CONFIRMED), Step::astray(100)];
    Trial::new(
        "at the other gateway's address",
        [deposits("deposit", steps()), payouts("payout", steps())],
    )
}

fn growing() -> Trial {
    let case = |name, makes: &[(u64, Make<B2binpaySetup>)]| {
        deposits(
            name,
            makes.iter().map(|(came, make)| Step::deliver(*came, *make)),
        )
    };
    Trial::new(
        "growing confirmations",
        [
            case(
                "pending",
                &[
                    (0, |cx| cx.sign(&cx.transfer().unconfirmed(1))),
                    (0, |cx| cx.sign(&cx.transfer().unconfirmed(2))),
                    (0, |cx| cx.sign(&cx.transfer().unconfirmed(2))),
                    (100, CONFIRMED),
                ],
            ),
            case(
                "confirmed",
                &[
                    (100, |cx| cx.sign(&cx.transfer().confirmations(20))),
                    (100, |cx| cx.sign(&cx.transfer().confirmations(21))),
                    (100, |cx| cx.sign(&cx.transfer().confirmations(40))),
                ],
            ),
            case(
                "user confirmation, then confirmation",
                &[
                    (0, |cx| {
                        let one = cx.transfer().unconfirmed(1);
                        cx.sign(&one.set("data.attributes.confirmations_needed", 1))
                    }),
                    (100, |cx| {
                        cx.sign(&cx.transfer().set("data.attributes.confirmations_needed", 1))
                    }),
                ],
            ),
            case(
                "confirmation, then user confirmation",
                &[
                    (100, |cx| {
                        cx.sign(
                            &cx.transfer()
                                .set("data.attributes.confirmations_needed", 60),
                        )
                    }),
                    (100, |cx| {
                        let many = cx.transfer().confirmations(60);
                        cx.sign(&many.set("data.attributes.confirmations_needed", 60))
                    }),
                ],
            ),
        ],
    )
}

/// Whether a part or a surplus is credited is the merchant's choice.
fn amounts() -> Trial {
    Trial::new(
        "underpaid, overpaid, in parts",
        [
            deposits("a part", [Step::deliver(40, |cx| cx.sign(&cx.part(40)))]),
            deposits(
                "a part and the rest",
                [
                    Step::deliver(40, |cx| cx.sign(&cx.part(40))),
                    Step::deliver(100, |cx| cx.sign(&cx.part(60).operation_status(3))),
                ],
            )
            .policy(),
            deposits(
                "all and some more",
                [Step::deliver(125, |cx| cx.sign(&cx.part(125)))],
            ),
            deposits(
                "all, twice",
                [
                    Step::deliver(100, CONFIRMED),
                    Step::deliver(200, |cx| cx.sign(&cx.part(100).operation_status(5))),
                ],
            ),
        ],
    )
}
