//! The signed text, and the key.

use payhook::b2binpay::Key;

use crate::case::{
    Case, ETHER, LOGIN, OTHER, PASSWORD, SECRET, TIME, as_paid, b2binpay, callback_secret, expired,
    key, login_password, no_transfer, paid, proven, refused, rejected, secret, sent, timed,
};

/// SHA-256 of login and password, in hexadecimal.
const DIGEST: &str = "7b58614840371c0218bbda50b929762a5cbcbe5aa11029d6d8c000df64a14ce5";

pub(crate) fn cases() -> Vec<Case> {
    [messages(), keys()].into_iter().flatten().collect()
}

fn messages() -> Vec<Case> {
    let plain = format!("2{ETHER}order-9001");
    let joined = timed(&format!("2.{ETHER}.order-9001."));
    let turned = timed(&format!("2order-9001{ETHER}"));
    let (id_only, with_amount) = (timed("order-9001"), timed("125.000000wd-77"));
    vec![
        b2binpay(
            "deposit_confirmed",
            &[
                "message.transfer",
                "body.kind",
                "body.keys_once",
                "sign.lower_hex",
                "strip.signature",
                "strip.transfer",
            ],
            paid().sign(&key()),
            as_paid(),
        ),
        b2binpay(
            "payout_confirmed",
            &["message.transfer"],
            sent().sign(&key()),
            proven("payout", 2, "125.000000", "wd-77"),
        ),
        b2binpay(
            "parts_joined_with_points",
            &["message.transfer"],
            paid().sign_message(&key(), &joined),
            refused("signature"),
        ),
        b2binpay(
            "parts_in_another_order",
            &["message.transfer"],
            paid().sign_message(&key(), &turned),
            refused("signature"),
        ),
        b2binpay(
            "time_not_signed",
            &["message.transfer"],
            paid().sign_message(&key(), &plain),
            refused("signature"),
        ),
        b2binpay(
            "deposit_expired",
            &["message.no_transfer_deposit"],
            expired().sign(&key()),
            no_transfer("deposit", "4", "order-9001"),
        ),
        b2binpay(
            "deposit_without_transfer_signed_without_its_status",
            &["message.no_transfer_deposit"],
            expired().sign_message(&key(), &id_only),
            refused("signature"),
        ),
        b2binpay(
            "payout_rejected",
            &["message.no_transfer_payout"],
            rejected().sign(&key()),
            no_transfer("payout", "", "wd-77"),
        ),
        b2binpay(
            "payout_without_transfer_signed_with_its_amount",
            &["message.no_transfer_payout"],
            rejected().sign_message(&key(), &with_amount),
            refused("signature"),
        ),
        b2binpay(
            "payout_rejected_with_its_status_signed",
            &["message.payout_two_forms"],
            rejected().sign_message(&key(), &timed("3wd-77")),
            no_transfer("payout", "3", "wd-77"),
        ),
        b2binpay(
            "payout_rejected_with_its_status_signed_under_any",
            &["message.payout_two_forms", "ids.any"],
            rejected().sign_message(&key(), &timed("3wd-77")),
            refused("signature"),
        )
        .ids("any"),
        b2binpay(
            "payout_rejected_with_another_status_signed",
            &["message.payout_two_forms"],
            rejected().sign_message(&key(), &timed("2wd-77")),
            refused("signature"),
        ),
        b2binpay(
            "payout_rejected_without_ids",
            &["message.no_transfer_payout", "ids.always_empty"],
            rejected().tracking_id("").sign_message(&key(), TIME),
            no_transfer("payout", "", ""),
        )
        .ids("always_empty"),
    ]
}

fn keys() -> Vec<Case> {
    let long = "cbs_".repeat(20);
    let v2 = || login_password(LOGIN, PASSWORD);
    // The callback secret hashed as in the v2 scheme.
    let (front, back) = SECRET.split_at(8);
    let hashed = Key::v2_credentials(front, back).expect("a valid table");
    let colon = Key::v2_credentials(LOGIN, &format!(":{PASSWORD}")).expect("a valid table");
    let joined = secret(&format!("{LOGIN}{PASSWORD}"));
    let by = |key: &Key| paid().v3().sign(key);
    let as_v2 = || as_paid().and("scheme", "login_password");
    let v2_key = Key::v2_credentials(LOGIN, PASSWORD).expect("a valid table");
    vec![
        b2binpay(
            "secret_not_ascii",
            &["key.v3_secret"],
            by(&secret("cbs_ключ_ünï")),
            as_paid(),
        )
        .keys([callback_secret("cbs_ключ_ünï")]),
        b2binpay(
            "secret_longer_than_a_block",
            &["key.v3_secret"],
            by(&secret(&long)),
            as_paid(),
        )
        .keys([callback_secret(&long)]),
        b2binpay(
            "secret_with_a_blank_inside",
            &["key.v3_secret", "key.usable"],
            by(&secret("cbs 7Qm2")),
            as_paid(),
        )
        .keys([callback_secret("cbs 7Qm2")]),
        b2binpay(
            "secret_hashed_first",
            &["key.v3_secret"],
            by(&hashed),
            refused("signature"),
        ),
        b2binpay(
            "login_and_password",
            &["key.v2_sha256"],
            by(&v2_key),
            as_v2(),
        )
        .keys([v2()]),
        b2binpay(
            "login_and_password_not_hashed",
            &["key.v2_sha256"],
            by(&joined),
            refused("signature"),
        )
        .keys([v2()]),
        b2binpay(
            "login_and_password_joined_with_a_colon",
            &["key.v2_sha256"],
            by(&colon),
            refused("signature"),
        )
        .keys([v2()]),
        b2binpay(
            "digest_in_hexadecimal",
            &["key.v2_sha256"],
            by(&secret(DIGEST)),
            refused("signature"),
        )
        .keys([v2()]),
        b2binpay(
            "rotation_second_callback_secret",
            &["key.rotation"],
            by(&secret(OTHER)),
            as_paid(),
        )
        .keys([callback_secret(SECRET), callback_secret(OTHER)]),
        b2binpay(
            "rotation_v3_beside_v2",
            &["key.rotation"],
            by(&key()),
            as_paid(),
        )
        .keys([v2(), callback_secret(SECRET)]),
        b2binpay(
            "rotation_neither_key",
            &["key.rotation"],
            by(&secret("cbs_long_gone")),
            refused("signature"),
        )
        .keys([callback_secret(SECRET), callback_secret(OTHER), v2()]),
        b2binpay("secret_empty", &["key.usable"], by(&key()), refused("key"))
            .keys([callback_secret("")]),
        b2binpay(
            "secret_of_blanks",
            &["key.usable"],
            by(&key()),
            refused("key"),
        )
        .keys([callback_secret(" \t")]),
        b2binpay(
            "secret_with_a_newline_at_its_end",
            &["key.usable"],
            by(&key()),
            refused("key"),
        )
        .keys([callback_secret(&format!("{SECRET}\n"))]),
        b2binpay(
            "secret_with_a_blank_before_it",
            &["key.usable"],
            by(&key()),
            refused("key"),
        )
        .keys([callback_secret(&format!(" {SECRET}"))]),
        b2binpay("login_empty", &["key.usable"], by(&key()), refused("key"))
            .keys([login_password("", PASSWORD)]),
        b2binpay(
            "password_empty",
            &["key.usable"],
            by(&key()),
            refused("key"),
        )
        .keys([login_password(LOGIN, "")]),
    ]
}
