//! A CityPay.io order and the endpoint's response: the proven values are those of the
//! response about the merchant's own order.
//!
//! The input is a callback and a response with a zero byte between them, which is never
//! part of JSON.

use payhook::citypay::{Account, OrderCallback, OrderDetails, Token};
use payhook::{Fact, Outcome, Unverified};

use super::oracle::text_at;

const CUSTOMER: &str = "5120";

pub(crate) fn check(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (Some(body), Some(answer)) = (parts.next(), parts.next()) else {
        return;
    };
    let Ok(callback) = Unverified::<OrderCallback>::parse(body) else {
        return;
    };
    let account = Account::new(CUSTOMER).unwrap();
    let reported = callback.unverified().clone();
    let own = reported.order_token();
    let own = own.as_ref().map(Token::as_str);
    let issued = own.unwrap_or("tok_4f9c1b7e").to_owned();
    assert!(
        account
            .prove_order(callback.clone(), "unknown", answer)
            .is_err()
            || issued == "unknown"
            || own.is_none()
    );
    let proven = account.prove_order(callback, &issued, answer);
    let answer = str::from_utf8(answer).unwrap_or_default();
    let at = |path: &[&str]| text_at(answer, path);
    let is_ours = at(&["data", "customerId"]) == CUSTOMER && at(&["data", "token"]) == issued;
    let Ok(verified) = proven else {
        return;
    };
    assert!(is_ours, "proven by another order");
    let proven = verified.proven();
    assert!(proven.token().unwrap().matches(&issued));
    let read = OrderDetails::parse(answer.as_bytes()).unwrap();
    assert_eq!(proven.answer().unwrap().raw(), answer.as_bytes());
    assert_eq!(proven.status(), Some(read.status()));

    let event = verified.event();
    if event.outcome().value() == Outcome::Settled {
        assert!(event.outcome().is_proven());
        let status = ["status"].as_slice();
        let words = [status, &["status", "code"], &["status", "label"]];
        let word = |path: &&[&str]| {
            let word = at(&[&["data"], *path].concat()).to_lowercase();
            word.chars().filter(|c| c.is_alphanumeric()).collect()
        };
        let is_confirmed = |word: String| word == "confirmed";
        assert!(words.iter().map(word).any(is_confirmed), "{answer}");
    }
    // An escape in it is another spelling.
    if let Some(Fact::Proven(amount)) = event.amount()
        && !answer.contains('\\')
    {
        assert!(answer.contains(amount.as_str()), "{amount}");
    }
}
