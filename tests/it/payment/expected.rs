//! Expected payments that no callback, or any callback, would satisfy are refused.

use payhook::payment::{Expected, ExpectedError, ExpectedKind};

#[test]
fn a_reference_and_a_currency_are_required() {
    for kind in [
        ExpectedKind::Deposit,
        ExpectedKind::Invoice,
        ExpectedKind::TopUp,
        ExpectedKind::Payout,
        ExpectedKind::Order,
    ] {
        let expect = |reference: &str, currency: &str| {
            let amount = Some("1".parse().unwrap());
            Expected::of_kind(kind, reference, currency, amount).map(drop)
        };
        assert_eq!(expect("", "ETH"), Err(ExpectedError::Reference));
        for currency in ["", " ", " ETH", "ETH\n"] {
            let refused = expect("order-1", currency);
            assert_eq!(refused, Err(ExpectedError::Currency), "{currency:?}");
        }
        assert_eq!(expect(" order-1", "USDT-ETH"), Ok(()));
    }
}
