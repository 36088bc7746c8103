//! The stage of an order in the endpoint's response, and its received payments.

use payhook::citypay::{OrderCallback, OrderDetails};
use payhook::testing::citypay::{OrderBuilder, order};
use payhook::testing::{Body, Json};

use crate::answers::{PROVEN, TOKEN, answer, asked, no};
use crate::case::{Case, citypay, json};

pub(crate) fn cases() -> Vec<Case> {
    [stages(), payments(), contents()]
        .into_iter()
        .flatten()
        .collect()
}

/// The response decides; the order may have advanced.
fn stages() -> Vec<Case> {
    let case = |name: &str,
                rule: &str,
                posted: OrderBuilder,
                answered: OrderBuilder,
                status: &str,
                behind: bool| {
        let expect = format!(
            r#"{{"parsed":true,"kind":"order","proven":true,"behind":{behind},
            "answer":{{"status":"{status}"}}}}"#
        );
        citypay(name, &[rule], posted.callback(), &expect).asked(TOKEN, answered.answer("5120"))
    };
    let (ahead, behind) = ("citypay.answer.ahead", "citypay.answer.behind");
    let lied = order()
        .callback()
        .set("received_amount_in_coins", "900")
        .set("fiat_currency", "EUR");
    vec![
        case(
            "answer_ahead_of_a_created_order",
            ahead,
            order().created(),
            order(),
            "confirmed",
            false,
        ),
        case(
            "answer_ahead_of_a_paid_order",
            ahead,
            order().paid_unconfirmed(),
            order(),
            "confirmed",
            false,
        ),
        case(
            "answer_ahead_of_an_underpaid_order",
            ahead,
            order().underpaid(),
            order().overpaid(),
            "overpaid",
            false,
        ),
        case(
            "answer_of_an_expired_order",
            ahead,
            order().created(),
            order().expired(),
            "expired",
            false,
        ),
        case(
            "answer_behind_a_confirmed_order",
            behind,
            order(),
            order().paid_unconfirmed(),
            "paid_unconfirmed",
            true,
        ),
        case(
            "answer_behind_a_paid_order",
            behind,
            order().paid_unconfirmed(),
            order().created(),
            "in_progress",
            true,
        ),
        case(
            "answer_over_where_money_came",
            behind,
            order(),
            order().canceled(),
            "canceled",
            true,
        ),
        case(
            "answer_of_an_unknown_status",
            behind,
            order(),
            order().status("ON_HOLD"),
            "on_hold",
            false,
        ),
        citypay(
            "amounts_from_the_answer",
            &["citypay.answer.decides"],
            lied,
            r#"{"parsed":true,"kind":"order","received_amount_in_coins":"900",
            "proven":true,"answer":{
            "status":"confirmed","amount":"0.0006527","amount_fiat":"60.00","currency":"USD",
            "coin":"Bitcoin","coin_base_name":"btc","exchange_rate":"91925.84","customer_id":"5120","id":"441",
            "transactions":[{"id":"9001","base":"0.0006527","base_fiat":"60.00"}]}}"#,
        )
        .asked(TOKEN, answer()),
        citypay(
            "posted_as_confirmed_and_never_paid",
            &["citypay.answer.decides"],
            order().callback(),
            r#"{"parsed":true,"kind":"order","status":"confirmed","proven":true,"behind":true,
            "answer":{"status":"in_progress","transactions":[]}}"#,
        )
        .asked(TOKEN, order().created().answer("5120")),
    ]
}

/// A payment may be reported before the endpoint knows it.
fn payments() -> Vec<Case> {
    let case = |name: &str, posted: Body<OrderCallback>, answered: &OrderBuilder, behind: bool| {
        let expect = format!(r#"{{"parsed":true,"kind":"order","proven":true,"behind":{behind}}}"#);
        let rule = "citypay.answer.behind";
        citypay(name, &[rule], posted, &expect).asked(TOKEN, answered.answer("5120"))
    };
    let one = order().underpaid().received("0.0001");
    let named = |id: &str| one.callback().set("transaction_id", id);
    let another = "9d2f".repeat(16);
    let more = |order: &OrderBuilder| order.clone().received("0.0002").callback();
    let (over, confirmed) = (one.clone().overpaid(), one.clone().confirmed());
    vec![
        case(
            "answer_confirmed_where_more_came",
            over.callback(),
            &confirmed,
            true,
        ),
        case(
            "answer_underpaid_and_one_payment_short",
            more(&one),
            &one,
            true,
        ),
        case(
            "answer_overpaid_and_one_payment_short",
            more(&over),
            &over,
            true,
        ),
        case(
            "answer_confirmed_and_one_payment_short",
            more(&confirmed),
            &confirmed,
            false,
        ),
        case(
            "answer_with_the_payment_under_another_name",
            named(&another).set("received_amount_in_coins", Json::raw("1e-4")),
            &one,
            false,
        ),
        case(
            "answer_with_the_payments_hash_in_small_letters",
            named(&"8C1F".repeat(16)).set("received_amount_in_coins", "7"),
            &one,
            false,
        ),
        case(
            "answer_with_the_payments_number",
            named("9001").set("received_amount_in_coins", "7"),
            &one,
            false,
        ),
        case(
            "payment_of_another_name_and_no_amount",
            named(&another).set("received_amount_in_coins", Json::default()),
            &one,
            true,
        ),
    ]
}

fn contents() -> Vec<Case> {
    let rule = "citypay.answer.amounts";
    let at = "data.transactions[0].amount";
    let read = |parts: &str| {
        format!(
            r#"{{"parsed":true,"kind":"order","proven":true,
            "answer":{{"transactions":[{parts}]}}}}"#
        )
    };
    let short = order()
        .underpaid()
        .answer("5120")
        .set(&format!("{at}.underPaid"), Json::raw("-0.00004368"))
        .set("data.transactions[0].amountFiat.underPaid", "-0.40");
    let large = Json::raw("123456789.123456789012345678");
    let exact = answer()
        .set(&format!("{at}.base"), large.clone())
        .set(&format!("{at}.total"), large);
    let two = order()
        .received("0.0004")
        .received("0.0002527")
        .answer("5120");
    let odd = answer()
        .set("data.expirationTime", "soon")
        .set("data.email", 7)
        .set("data.urls", Json::raw("[[]]"));
    let (unreadable, strict) = (no("answer_unreadable"), "citypay.answer.strict");
    let created = |answer: Body<OrderDetails>, name: &str, stamps: &str| {
        let expect =
            format!(r#"{{"parsed":true,"kind":"order","proven":true,"answer":{{{stamps}}}}}"#);
        asked(name, "citypay.answer.times", answer, &expect)
    };
    vec![
        asked(
            "under_paid_is_negative",
            rule,
            short,
            &read(r#"{"under_paid":"-0.00004368","under_paid_fiat":"-0.40","over_paid":"0"}"#),
        ),
        asked(
            "over_paid",
            rule,
            order().overpaid().answer("5120"),
            &read(
                r#"{"base":"0.000815875","total":"0.000815875","under_paid":"-0.000163175",
                "over_paid":"0.000163175"}"#,
            ),
        ),
        asked(
            "base_no_float_can_hold",
            rule,
            exact,
            &read(r#"{"base":"123456789.123456789012345678"}"#),
        ),
        asked(
            "two_transactions",
            rule,
            two,
            &read(
                r#"{"id":"9001","base":"0.0004","total":"0.0006527"},
                {"id":"9002","base":"0.0002527","total":"0.0006527"}"#,
            ),
        ),
        asked(
            "base_negative",
            rule,
            answer().set(&format!("{at}.base"), Json::raw("-1")),
            &unreadable,
        ),
        asked(
            "total_negative",
            rule,
            answer().set(&format!("{at}.total"), Json::raw("-1")),
            &unreadable,
        ),
        asked(
            "total_no_amount",
            rule,
            answer().set(&format!("{at}.total"), "1,5"),
            &unreadable,
        ),
        asked(
            "amount_of_the_order_negative",
            rule,
            answer().set("data.amount", Json::raw("-1")),
            &unreadable,
        ),
        asked("answer_with_odd_incidental_fields", strict, odd, PROVEN),
        asked(
            "answer_with_unknown_fields",
            strict,
            answer().set("data.network", json(r#"{"name":"x"}"#)),
            PROVEN,
        ),
        asked(
            "answer_without_a_status",
            strict,
            answer().remove("data.status"),
            &unreadable,
        ),
        asked(
            "answer_with_its_status_twice",
            strict,
            answer()
                .as_str()
                .replace(r#""status":{"#, r#""status":{"code":"EXPIRED"},"status":{"#),
            &unreadable,
        ),
        asked(
            "answer_with_a_transaction_that_is_text",
            strict,
            answer().set("data.transactions[0]", "paid"),
            &unreadable,
        ),
        created(
            answer().set("data.createdAt", "2026-03-02 09:13"),
            "two_moments_of_creation",
            r#""created_at":"2026-03-02T09:13:00Z",
            "created_at_milliseconds":"2026-03-02T09:10:00Z""#,
        ),
        created(
            answer().remove("data.createdAtMiliseconds"),
            "stamp_without_a_zone_is_utc",
            r#""created_at":"2026-03-02T09:10:00Z","created_at_milliseconds":null"#,
        ),
        created(
            answer().set("data.createdAtMiliseconds", "soon"),
            "stamp_beside_odd_milliseconds",
            r#""created_at":"2026-03-02T09:10:00Z","created_at_milliseconds":null"#,
        ),
    ]
}
