//! Orders as documented by the gateway, as recorded by merchants, and with faults; the
//! values are invented.

use crate::case::{Case, citypay, list};

const TOKEN: &str = "551290417";

const CALLBACK: &str = r#"{"type":"order callback","action":"receive confirmation","status":"CONFIRMED","order_id":"90417","client_order_id":"5512","transaction_id":957,"received_amount_in_coins":0.0002174,"received_amount_in_fiat":null,"fiat_currency":"USD","crypto_currency":"Bitcoin","created_at":"2026-04-11 07:25:53","order_token":551290417,"order_expiration":60,"exchange_rate":null}"#;

const ANSWER: &str = r#"{"status":1,"data":{"companyName":"Shop","id":90417,"customerId":5120,"token":"551290417","coin":"Bitcoin","coinBaseName":"btc","exchangeRate":9205.6,"amountFiat":"2.00","amount":0.0002174,"dueDate":null,"currency":{"id":2,"currency":"US Dollar","abbreviation":"USD"},"createdAt":"2026-04-11 07:25","createdAtMiliseconds":1775892353000,"type":"Order","expiresAt":3591482,"expirationTime":3600000,"email":null,"address":"3Axq","status":{"code":"CONFIRMED","label":"CONFIRMED"},"urls":{"cancelUrl":"https://shop.example/c","successUrl":"https://shop.example/s","callbackUrl":"https://shop.example/cb"},"transactions":[]}}"#;

/// The expiry of an order that was created at 07:25:53, as reported three minutes
/// later.
const CHOSEN: &str = r#""createdAt":"2026-04-11 07:28","createdAtMiliseconds":1775892353000,"type":"Order","expiresAt":1775896131102,"expirationTime":3600102"#;
const MADE: &str = r#""createdAt":"2026-04-11 07:25","createdAtMiliseconds":1775892353000,"type":"Order","expiresAt":3591482,"expirationTime":3600000"#;

pub(crate) fn cases() -> Vec<Case> {
    [real(), parts(), ends()].into_iter().flatten().collect()
}

/// The text with some values replaced, all of which must occur in it.
fn with(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn in_progress(text: &str) -> String {
    with(text, &[("CONFIRMED", "IN_PROGRESS")])
}

/// Before any payment.
fn unpaid() -> String {
    let no_payment = [
        (r#""transaction_id":957"#, r#""transaction_id":null"#),
        ("0.0002174", "null"),
    ];
    in_progress(&with(CALLBACK, &no_payment))
}

/// A listed transaction: its number, its base amount, the order's total in fiat, and
/// the second of its time.
fn listed(id: u32, base: &str, total: &str, second: u32) -> String {
    let total = if total.is_empty() {
        "null".to_owned()
    } else {
        format!(r#""{total}""#)
    };
    format!(
        r#"{{"id":{id},"hash":"{id:064x}","hashUrl":"https://explorer.example/{id}","amount":{{"base":0.0001087,"total":null,"underPaid":0,"overPaid":0.0}},"amountFiat":{{"base":"{base}","total":{total},"underPaid":"0.00","overPaid":"0.00"}},"createdAt":"2026-04-11 07:29","createdAtMiliseconds":17758925{second:02}000}}"#
    )
}

fn paid(transactions: &[String]) -> String {
    let listed = format!(r#""transactions":[{}]"#, transactions.join(","));
    with(ANSWER, &[(r#""transactions":[]"#, &listed)])
}

/// As documented: all four have the order's final totals.
fn documented() -> String {
    let four = (957..961).map(|id| {
        format!(
            r#"{{"id":{id},"hash":"{id:064x}","hashUrl":"https://explorer.example/{id}","amount":{{"base":6.527e-05,"total":0.00026108,"underPaid":-4.368e-05,"overPaid":4.368e-05}},"amountFiat":{{"base":"0.60","total":"2.40","underPaid":"-0.40","overPaid":"0.40"}},"createdAt":"2026-04-11 07:29","createdAtMiliseconds":1775892593000}}"#
        )
    });
    let answer = paid(&four.collect::<Vec<_>>());
    with(&answer, &[("CONFIRMED", "OVERPAID")])
}

fn one() -> String {
    let coins = (
        r#""base":0.0001087,"total":null"#,
        r#""base":0.0002174,"total":0.0002174"#,
    );
    with(&paid(&[listed(957, "2.00", "2.00", 93)]), &[coins])
}

fn case(name: &str, rules: &[&str], body: &str, answer: &str, expect: &str) -> Case {
    let expect = format!(r#"{{"parsed":true,"kind":"order",{expect}}}"#);
    citypay(name, rules, body, &expect).asked(TOKEN, answer)
}

fn real() -> Vec<Case> {
    let names = "citypay.answer.names";
    let (parts, expiry) = ("citypay.answer.parts", "citypay.answer.expiry");
    let settled = r#""status":"confirmed","proven":true,"behind":false,"review":false,
        "answer":{"status":"confirmed","coin":"Bitcoin","coin_base_name":"btc",
        "company_name":"Shop","received_fiat":"2.00","totals_agree_fiat":true}"#;
    let fresh = with(
        &in_progress(ANSWER),
        &[
            (r#""Bitcoin""#, "null"),
            (r#""btc""#, "null"),
            ("9205.6", "null"),
            ("0.0002174", "null"),
        ],
    );
    let qr = format!("data:image/png;base64,{}", "iVBORw0K".repeat(256));
    let later = [
        (MADE, CHOSEN),
        ("1775896131102", "1775895346607"),
        ("3600102", "2815607"),
        ("9205.6", "9246.0"),
        ("0.0002174", "0.00021631"),
    ];
    let asked_again = with(&in_progress(ANSWER), &later);
    let asked_again = with(
        &asked_again,
        &[(
            r#""transactions":[]"#,
            &format!(r#""transactions":[],"qrCode":"{qr}""#),
        )],
    );
    let ends = |end: &str| {
        format!(r#""proven":true,"answer":{{"status":"in_progress","expires_at":"{end}"}}"#)
    };
    let overpaid = [("CONFIRMED", "OVERPAID"), (":957", ":960")];
    let overpaid = with(CALLBACK, &overpaid);
    let overpaid = with(&overpaid, &[("0.0002174", "6.527e-05")]);
    let halves = paid(&[
        listed(957, "1.00", "2.00", 93),
        listed(958, "1.00", "2.00", 93),
    ]);
    vec![
        case(
            "real_order_created_by_the_page",
            &["citypay.blank"],
            &with(&unpaid(), &[("receive confirmation", "order creation")]),
            &fresh,
            r#""status":"in_progress","action":"create_order","proven":true,"behind":false,
            "review":false,"answer":{"coin":null,"coin_base_name":null,"amount":null,
            "amount_fiat":"2.00","currency":"USD","transactions":[]}"#,
        ),
        case(
            "real_coin_name_and_ticker_in_the_answer",
            &[names],
            CALLBACK,
            &one(),
            settled,
        ),
        case(
            "real_order_in_fiat_single_payment",
            &["citypay.answer.decides"],
            CALLBACK,
            &one(),
            settled,
        ),
        case(
            "real_order_paid_in_four_parts_as_documented",
            &[parts],
            &overpaid,
            &documented(),
            r#""proven":true,"behind":false,"review":false,"answer":{"status":"overpaid",
            "received":"0.00026108","received_fiat":"2.40","totals_agree":true,
            "totals_agree_fiat":true}"#,
        ),
        case(
            "real_order_paid_in_two_halves_confirmed",
            &[parts],
            &with(CALLBACK, &[(":957", ":958"), ("0.0002174", "0.0001087")]),
            &halves,
            r#""proven":true,"behind":false,"review":false,"answer":{"status":"confirmed",
            "received":"0.0002174","received_fiat":"2.00","totals_agree_fiat":true}"#,
        ),
        case(
            "real_expiry_as_documented",
            &[expiry],
            &with(&unpaid(), &[("receive confirmation", "order creation")]),
            &in_progress(ANSWER),
            &ends("2026-04-11T08:25:53Z"),
        ),
        case(
            "real_expiry_as_documented_without_an_end",
            &[expiry],
            &with(&unpaid(), &[("receive confirmation", "order creation")]),
            &with(&in_progress(ANSWER), &[("3591482", "null")]),
            &ends("2026-04-11T08:25:53Z"),
        ),
        case(
            "real_expiry_when_the_coin_was_chosen",
            &[expiry],
            &unpaid(),
            &with(&in_progress(ANSWER), &[(MADE, CHOSEN)]),
            &ends("2026-04-11T08:28:51Z"),
        ),
        case(
            "real_expiry_asked_again_thirteen_minutes_later",
            &[expiry],
            &unpaid(),
            &asked_again,
            &format!(
                r#""proven":true,"answer":{{"expires_at":"2026-04-11T08:28:51Z","qr_code":"{qr}"}}"#
            ),
        ),
        case(
            "real_error_answer_as_documented",
            &["citypay.answer.error"],
            CALLBACK,
            r#"{"status":"error","status_code ":404,"message":{"order_token":"Record not found"}}"#,
            r#""proven":false,"error":"answer_refused","code":404"#,
        ),
        case(
            "real_status_number_beside_order_status",
            &["citypay.status_object"],
            &with(
                CALLBACK,
                &[
                    (r#""status":"CONFIRMED""#, r#""status":1"#),
                    (
                        r#""exchange_rate":null"#,
                        r#""exchange_rate":null,"order_status":"CONFIRMED""#,
                    ),
                ],
            ),
            &one(),
            settled,
        ),
        citypay(
            "real_deposit_callback_as_documented",
            &["citypay.deposit_fields"],
            r#"{"type":"deposit callback","action":"confirmation","transaction_id":"77120","received_amount":"0.00410000","status":"Confirmed","crypto_currency":1,"exchange_rate":"65660.54","crated_at":"2026-04-11 07:29","deposit_token":"cust-88"}"#,
            r#"{"parsed":true,"kind":"deposit","status":"confirmed","action":"confirmation",
            "transaction_id":"77120","received_amount":"0.0041","crypto_currency":"1",
            "exchange_rate":"65660.54","created_at":"2026-04-11T07:29:00","deposit_token":"cust-88"}"#,
        ),
        citypay(
            "real_order_as_a_form",
            &["citypay.one_object"],
            "type=order+callback&action=receive+confirmation&status=CONFIRMED&order_id=90417&order_token=551290417",
            r#"{"parsed":false,"error":"parse"}"#,
        ),
    ]
}

/// The received amount of an order, and whether its totals agree.
fn parts() -> Vec<Case> {
    let rule = "citypay.answer.parts";
    let found = |received: &str, agrees: bool| {
        format!(
            r#""proven":true,"behind":false,"review":{},"answer":{{"status":"confirmed",
            "received_fiat":{received},"totals_agree_fiat":{agrees}}}"#,
            !agrees
        )
    };
    let two = |name: &str, transactions: &[String], received: &str, agrees: bool| {
        let expect = found(received, agrees);
        case(name, &[rule], CALLBACK, &paid(transactions), &expect)
    };
    let other_number = listed(957, "1.00", "1.00", 71).replace(r#""id":957"#, r#""id":999"#);
    let same_hash = listed(957, "1.00", "1.00", 71).replace("3bd", "3BD");
    let same_hash = same_hash.replace(r#""id":957"#, r#""id":999"#);
    let other_hash = listed(957, "1.00", "1.00", 71).replace("3bd", "fff");
    let tangled = listed(957, "1.00", "", 71).replace("3bd", "3be");
    let no_base = listed(958, "1.00", "", 72).replace(r#""base":"1.00""#, r#""base":null"#);
    let noise = listed(957, "2.00", "2.00", 71).replace(
        r#""base":0.0001087,"total":null"#,
        r#""base":0.0001087,"total":0.00010870000000000001"#,
    );
    vec![
        two(
            "totals_of_the_order_so_far",
            &[
                listed(957, "0.50", "0.50", 71),
                listed(958, "1.50", "2.00", 72),
            ],
            r#""2.00""#,
            true,
        ),
        two(
            "totals_listed_newest_first",
            &[
                listed(958, "1.50", "2.00", 72),
                listed(957, "0.50", "0.50", 71),
            ],
            r#""2.00""#,
            true,
        ),
        two(
            "totals_against_the_order_of_time",
            &[
                listed(958, "1.50", "2.00", 71),
                listed(957, "0.50", "0.50", 72),
            ],
            r#""2.00""#,
            false,
        ),
        two(
            "totals_of_each_transaction_alone",
            &[
                listed(957, "2.00", "1.00", 71),
                listed(958, "2.00", "1.00", 72),
            ],
            r#""4.00""#,
            false,
        ),
        two(
            "totals_absent",
            &[listed(957, "0.50", "", 71), listed(958, "1.50", "", 72)],
            r#""2.00""#,
            true,
        ),
        two(
            "total_beside_an_unknown_base",
            &[listed(957, "1.00", "2.00", 71), no_base],
            "null",
            false,
        ),
        two(
            "transaction_listed_twice",
            &[
                listed(957, "1.00", "1.00", 71),
                listed(957, "1.00", "1.00", 71),
                other_number,
                listed(958, "1.00", "2.00", 72),
            ],
            r#""2.00""#,
            true,
        ),
        two(
            "transaction_listed_twice_by_its_hash",
            &[
                listed(957, "1.00", "2.00", 71),
                same_hash,
                listed(958, "1.00", "2.00", 72),
            ],
            r#""2.00""#,
            true,
        ),
        two(
            "transaction_listed_twice_by_its_number",
            &[
                listed(957, "1.00", "2.00", 71),
                other_hash,
                listed(958, "1.00", "2.00", 72),
            ],
            r#""2.00""#,
            true,
        ),
        two(
            "transaction_listed_twice_with_two_amounts",
            &[listed(957, "1.00", "", 71), listed(957, "2.00", "", 71)],
            r#""1.00""#,
            false,
        ),
        two(
            "transactions_that_are_one_by_a_third",
            &[
                listed(957, "1.00", "", 71),
                listed(958, "1.00", "", 72),
                tangled,
            ],
            r#""2.00""#,
            false,
        ),
        case(
            "totals_in_coins_that_went_through_a_float",
            &[rule],
            CALLBACK,
            &paid(&[noise]),
            r#""proven":true,"behind":false,"review":false,"answer":{"received_fiat":"2.00",
            "totals_agree_fiat":true,"totals_agree":false}"#,
        ),
        case(
            "error_with_its_code_under_the_usual_key",
            &["citypay.answer.error"],
            CALLBACK,
            r#"{"status":"error","status_code":404,"message":"Record not found"}"#,
            r#""proven":false,"error":"answer_refused","code":404"#,
        ),
    ]
}

/// The expiry of an order, which is the same in every response.
fn ends() -> Vec<Case> {
    let end = |name: &str, minutes: &str, times: &str, end: &str| {
        let callback = with(&unpaid(), &[(":60", minutes)]);
        let answer = with(&in_progress(ANSWER), &[(MADE, times)]);
        let expect = format!(r#""proven":true,"answer":{{"expires_at":{end}}}"#);
        let mut case = case(name, &[], &callback, &answer, &expect);
        case = case.with("rules", list(["citypay.answer.expiry"]));
        case
    };
    let chosen = |changes: &[(&str, &str)]| with(CHOSEN, changes);
    vec![
        end(
            "expiry_after_the_end",
            ":60",
            &chosen(&[("1775896131102", "1775892231000"), ("3600102", "-300000")]),
            r#""2026-04-11T08:28:51Z""#,
        ),
        end(
            "expiry_of_a_stamp_with_seconds",
            ":15",
            &chosen(&[("07:28", "07:28:51"), ("1775896131102", "null")]),
            r#""2026-04-11T07:43:51Z""#,
        ),
        end(
            "expiry_unknown_without_the_seconds",
            ":60",
            &chosen(&[("1775896131102", "3591482")]),
            "null",
        ),
        end(
            "expiry_unknown_without_a_creation",
            ":60",
            &chosen(&[(r#""2026-04-11 07:28""#, "null")]),
            "null",
        ),
        end("expiry_unknown_without_minutes", ":null", CHOSEN, "null"),
        end(
            "expiry_of_milliseconds_for_minutes",
            ":3600000",
            CHOSEN,
            "null",
        ),
    ]
}
