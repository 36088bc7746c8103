//! Responses of the order endpoint, and the owners of their orders.

use payhook::citypay::OrderDetails;
use payhook::testing::citypay::{OrderBuilder, error_response, order};
use payhook::testing::{Body, Json};

use crate::case::{Case, citypay, list};

pub(crate) const TOKEN: &str = "tok_4f9c1b7e";

pub(crate) const PROVEN: &str = r#"{"parsed":true,"kind":"order","proven":true,"behind":false,
    "answer":{"status":"confirmed"}}"#;

pub(crate) fn cases() -> Vec<Case> {
    [envelopes(), whose()].into_iter().flatten().collect()
}

/// The callback of a confirmed order, and the response.
pub(crate) fn asked(name: &str, rule: &str, answer: impl AsRef<[u8]>, expect: &str) -> Case {
    citypay(name, &[rule], order().callback(), expect).asked(TOKEN, answer)
}

pub(crate) fn no(error: &str) -> String {
    format!(r#"{{"parsed":true,"kind":"order","proven":false,"error":"{error}"}}"#)
}

pub(crate) fn answer() -> Body<OrderDetails> {
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
            error_response(404, "Not found"),
            not_found,
        )
        .with("rules", list([error, "citypay.answer.decides"])),
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

/// The owner of an order: the token issued by the merchant, and the merchant itself.
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
        posted(
            "token_unknown",
            "citypay.answer.issued",
            order().token("tok_forged"),
            &no("not_issued"),
        ),
        posted(
            "token_in_capitals",
            "citypay.answer.issued",
            order().token("TOK_4F9C1B7E"),
            &no("not_issued"),
        ),
        posted("token_as_issued", "citypay.answer.issued", order(), PROVEN),
        tokenless(
            "token_absent_and_the_order_named",
            "citypay.answer.issued",
            order().callback(),
            PROVEN,
        ),
        tokenless(
            "token_absent_and_another_order_named",
            id,
            order().order_id(442).callback(),
            &no("other_order"),
        ),
        tokenless(
            "token_and_order_id_absent",
            "citypay.answer.issued",
            order().callback().remove("order_id"),
            &no("missing_token"),
        ),
        posted(
            "order_id_of_another_order",
            id,
            order().order_id(442),
            &no("other_order"),
        ),
        posted("order_id_as_text", id, order().order_id("441"), PROVEN),
        asked(
            "answer_for_another_token",
            token,
            order().token("tok_other").answer("5120"),
            &no("other_order"),
        ),
        asked(
            "answer_without_a_token",
            token,
            answer().remove("data.token"),
            &no("answer_unreadable"),
        ),
        citypay(
            "answer_with_a_number_for_its_token",
            &[token],
            number.callback(),
            PROVEN,
        )
        .asked("9007199254740993", number.answer("5120")),
        asked("customer_of_this_merchant", customer, answer(), PROVEN),
        asked(
            "customer_id_as_text",
            customer,
            answer().set("data.customerId", "5120"),
            PROVEN,
        ),
        asked(
            "customer_of_another_merchant",
            customer,
            order().answer("666"),
            &no("other_customer"),
        ),
        asked(
            "customer_absent",
            customer,
            answer().remove("data.customerId"),
            &no("answer_unreadable"),
        ),
        asked(
            "customer_null",
            customer,
            answer().set("data.customerId", None::<&str>),
            &no("answer_unreadable"),
        ),
        citypay(
            "order_url",
            &["citypay.answer.url"],
            order().callback(),
            r#"{"parsed":true,"kind":"order","proven":true,
            "order_url":"https://v2-order-api.citypay.io/order/tok_4f9c1b7e/"}"#,
        )
        .asked(TOKEN, answer()),
        citypay(
            "order_url_of_a_token_with_slashes",
            &["citypay.answer.url"],
            order().token("a/../b é").callback(),
            r#"{"parsed":true,"kind":"order","proven":true,
            "order_url":"https://v2-order-api.citypay.io/order/a%2F..%2Fb%20%C3%A9/"}"#,
        )
        .asked("a/../b é", order().token("a/../b é").answer("5120")),
    ]
}
