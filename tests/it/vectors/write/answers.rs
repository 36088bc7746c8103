//! What the order endpoint answers, and what of it is a proof.

use payhook::citypay::OrderAnswer;
use payhook::testing::citypay::{OrderBuilder, order, refusal};
use payhook::testing::{Body, Json};

use super::{Case, citypay, json};

const TOKEN: &str = "tok_4f9c1b7e";
const PROVEN: &str = r#"{"parsed":true,"kind":"order","proven":true,"behind":false,"answer":{"status":"confirmed"}}"#;

pub(super) fn cases() -> Vec<Case> {
    [envelopes(), whose(), stages(), contents()]
        .into_iter()
        .flatten()
        .collect()
}

/// A confirmed order's callback, and what was answered.
fn asked(name: &str, rule: &str, answer: impl AsRef<[u8]>, expect: &str) -> Case {
    citypay(name, &[rule], order().callback(), expect).asked(TOKEN, answer)
}

fn no(error: &str) -> String {
    format!(r#"{{"parsed":true,"kind":"order","proven":false,"error":"{error}"}}"#)
}

fn answer() -> Body<OrderAnswer> {
    order().answer("5120")
}

fn envelopes() -> Vec<Case> {
    let rule = "citypay.answer.envelope";
    let with_status = |status: &str| answer().remove("success").set("status", Json::raw(status));
    let (refused, unreadable) = (no("answer_refused"), no("answer_unreadable"));
    let not_found =
        r#"{"parsed":true,"kind":"order","proven":false,"error":"answer_refused","code":404}"#;
    let error = "citypay.answer.error";
    vec![
        asked("envelope_success_true", rule, answer(), PROVEN),
        asked("envelope_status_1", rule, with_status("1"), PROVEN),
        asked(
            "envelope_with_both_marks",
            rule,
            answer().set("status", 1),
            PROVEN,
        ),
        asked(
            "envelope_without_a_mark",
            rule,
            answer().remove("success"),
            &refused,
        ),
        asked("envelope_status_0", rule, with_status("0"), &refused),
        asked(
            "envelope_success_false",
            rule,
            answer().set("success", false),
            &refused,
        ),
        asked(
            "envelope_success_as_text",
            rule,
            answer().set("success", "true"),
            &refused,
        ),
        asked(
            "envelope_marks_that_contradict",
            rule,
            answer().set("status", 0),
            &refused,
        ),
        asked(
            "envelope_without_data",
            rule,
            answer().remove("data"),
            &unreadable,
        ),
        asked(
            "answer_no_json",
            rule,
            "<html>502 Bad Gateway</html>",
            &unreadable,
        ),
        asked(
            "answer_cut_short",
            rule,
            &answer().as_str()[..400],
            &unreadable,
        ),
        asked(
            "error_not_found",
            error,
            refusal(404, "Not found"),
            not_found,
        )
        .with("rules", super::list([error, "citypay.answer.decides"])),
        asked(
            "error_without_a_code",
            error,
            r#"{"status":"error","message":"try again"}"#,
            &refused,
        ),
        asked(
            "error_with_data",
            error,
            answer().remove("success").set("status", "error"),
            &refused,
        ),
    ]
}

/// Whose order it is: of the token that the merchant issued, and the merchant's.
fn whose() -> Vec<Case> {
    let (token, customer, id) = (
        "citypay.answer.token",
        "citypay.answer.customer",
        "citypay.answer.order_id",
    );
    let posted = |name: &str, rule: &str, builder: OrderBuilder, expect: &str| {
        citypay(name, &[rule], builder.callback(), expect).asked(TOKEN, answer())
    };
    let tokenless = |name, rule: &str, body: Body<_>, expect: &str| {
        citypay(name, &[rule], body.remove("order_token"), expect).asked(TOKEN, answer())
    };
    let number = order().token(9_007_199_254_740_993_u64);
    vec![
        posted("token_of_nobody", "citypay.answer.issued", order().token("tok_forged"), &no("not_issued")),
        posted("token_in_capitals", "citypay.answer.issued", order().token("TOK_4F9C1B7E"), &no("not_issued")),
        posted("token_as_issued", "citypay.answer.issued", order(), PROVEN),
        tokenless("token_absent_and_the_order_named", "citypay.answer.issued", order().callback(), PROVEN),
        tokenless("token_absent_and_another_order_named", id, order().order_id(442).callback(), &no("other_order")),
        tokenless("token_and_order_id_absent", "citypay.answer.issued", order().callback().remove("order_id"),
            &no("missing_token")),
        posted("order_id_of_another_order", id, order().order_id(442), &no("other_order")),
        posted("order_id_as_text", id, order().order_id("441"), PROVEN),
        asked("answer_for_another_token", token, order().token("tok_other").answer("5120"), &no("other_order")),
        asked("answer_without_a_token", token, answer().remove("data.token"), &no("answer_unreadable")),
        citypay("answer_with_a_number_for_its_token", &[token], number.callback(), PROVEN)
            .asked("9007199254740993", number.answer("5120")),
        asked("customer_of_this_merchant", customer, answer(), PROVEN),
        asked("customer_id_as_text", customer, answer().set("data.customerId", "5120"), PROVEN),
        asked("customer_of_somebody_else", customer, order().answer("666"), &no("other_customer")),
        asked("customer_absent", customer, answer().remove("data.customerId"), &no("answer_unreadable")),
        asked("customer_null", customer, answer().set("data.customerId", None::<&str>), &no("answer_unreadable")),
        citypay("order_url", &["citypay.answer.url"], order().callback(),
            r#"{"parsed":true,"kind":"order","proven":true,"order_url":"https://v2-order-api.citypay.io/order/tok_4f9c1b7e"}"#)
            .asked(TOKEN, answer()),
        citypay("order_url_of_a_token_with_slashes", &["citypay.answer.url"], order().token("a/../b é").callback(),
            r#"{"parsed":true,"kind":"order","proven":true,
            "order_url":"https://v2-order-api.citypay.io/order/a%2F..%2Fb%20%C3%A9"}"#)
            .asked("a/../b é", order().token("a/../b é").answer("5120")),
    ]
}

/// The answer decides, and the order may have moved on.
fn stages() -> Vec<Case> {
    let case = |name: &str,
                rule: &str,
                posted: OrderBuilder,
                answered: OrderBuilder,
                status: &str,
                behind: bool| {
        let expect = format!(
            r#"{{"parsed":true,"kind":"order","proven":true,"behind":{behind},"answer":{{"status":"{status}"}}}}"#
        );
        citypay(name, &[rule], posted.callback(), &expect).asked(TOKEN, answered.answer("5120"))
    };
    let (ahead, behind) = ("citypay.answer.ahead", "citypay.answer.behind");
    let lied = order()
        .callback()
        .set("received_amount_in_coins", "900")
        .set("fiat_currency", "EUR");
    vec![
        case("answer_ahead_of_a_created_order", ahead, order().created(), order(), "confirmed", false),
        case("answer_ahead_of_a_paid_order", ahead, order().paid_unconfirmed(), order(), "confirmed", false),
        case("answer_ahead_of_an_underpaid_order", ahead, order().underpaid(), order().overpaid(), "overpaid", false),
        case("answer_of_an_expired_order", ahead, order().created(), order().expired(), "expired", false),
        case("answer_behind_a_confirmed_order", behind, order(), order().paid_unconfirmed(), "paid_unconfirmed", true),
        case("answer_behind_a_paid_order", behind, order().paid_unconfirmed(), order().created(), "in_progress", true),
        case("answer_over_where_money_came", behind, order(), order().canceled(), "canceled", true),
        case("answer_of_an_unknown_status", behind, order(), order().status("ON_HOLD"), "on_hold", false),
        citypay("amounts_from_the_answer", &["citypay.answer.decides"], lied,
            r#"{"parsed":true,"kind":"order","received_amount_in_coins":"900","proven":true,"answer":{
            "status":"confirmed","amount":"0.0006527","amount_fiat":"60.00","currency":"USD","coin":"BTC",
            "exchange_rate":"91925.84","customer_id":"5120","id":"441",
            "transactions":[{"id":"9001","total":"0.0006527","total_fiat":"60.00"}]}}"#).asked(TOKEN, answer()),
        citypay("posted_as_confirmed_and_never_paid", &["citypay.answer.decides"], order().callback(),
            r#"{"parsed":true,"kind":"order","status":"confirmed","proven":true,"behind":true,
            "answer":{"status":"in_progress","transactions":[]}}"#).asked(TOKEN, order().created().answer("5120")),
    ]
}

fn contents() -> Vec<Case> {
    let rule = "citypay.answer.amounts";
    let at = "data.transactions[0].amount";
    let read = |parts: &str| {
        format!(
            r#"{{"parsed":true,"kind":"order","proven":true,"answer":{{"transactions":[{parts}]}}}}"#
        )
    };
    let short = order()
        .underpaid()
        .answer("5120")
        .set(&format!("{at}.underPaid"), Json::raw("-0.00004368"))
        .set("data.transactions[0].amountFiat.underPaid", "-0.40");
    let exact = answer().set(
        &format!("{at}.total"),
        Json::raw("123456789.123456789012345678"),
    );
    let two = order()
        .received("0.0004")
        .received("0.0002527")
        .answer("5120");
    let odd = answer()
        .set("data.expirationTime", "soon")
        .set("data.email", 7)
        .set("data.urls", Json::raw("[[]]"));
    let (unreadable, strict) = (no("answer_unreadable"), "citypay.answer.strict");
    let created = |answer: Body<OrderAnswer>, name: &str, stamp: &str| {
        let expect = format!(
            r#"{{"parsed":true,"kind":"order","proven":true,"answer":{{"created_at":"{stamp}"}}}}"#
        );
        asked(name, "citypay.answer.milliseconds", answer, &expect)
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
            &read(r#"{"total":"0.000815875","under_paid":"0","over_paid":"0.000163175"}"#),
        ),
        asked(
            "total_no_float_can_hold",
            rule,
            exact,
            &read(r#"{"total":"123456789.123456789012345678"}"#),
        ),
        asked(
            "two_transactions",
            rule,
            two,
            &read(r#"{"id":"9001","total":"0.0004"},{"id":"9002","total":"0.0002527"}"#),
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
            answer().set("data.createdAt", "2026-03-02 13:10"),
            "milliseconds_before_a_local_stamp",
            "2026-03-02T09:10:00Z",
        ),
        created(
            answer().remove("data.createdAtMiliseconds"),
            "local_stamp_without_milliseconds",
            "2026-03-02T09:10:00",
        ),
        created(
            answer().set("data.createdAtMiliseconds", "soon"),
            "local_stamp_beside_odd_milliseconds",
            "2026-03-02T09:10:00",
        ),
    ]
}
