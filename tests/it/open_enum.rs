//! Unknown codes and words.

use payhook::b2binpay::{DepositStatus, OperationType, PayoutStatus, RiskStatus, TransferStatus};
use payhook::citypay::{Action, OrderStatus};

use crate::support::hash;

#[test]
fn every_code_is_kept() {
    for code in [i32::MIN, -4, -3, 0, 1, 2, 3, 49, 50, i32::MAX] {
        assert_eq!(TransferStatus::from_code(code).code(), code);
        assert_eq!(DepositStatus::from_code(code).code(), code);
        assert_eq!(PayoutStatus::from_code(code).code(), code);
        assert_eq!(RiskStatus::from_code(code).code(), code);
        assert_eq!(OperationType::from_code(code).code(), code);
    }
    assert_eq!(TransferStatus::from_code(9), TransferStatus::from_code(9));
    assert_ne!(TransferStatus::from_code(9), TransferStatus::from_code(8));
    assert!(!TransferStatus::from_code(9).is_known() && TransferStatus::Confirmed.is_known());
    assert_eq!(TransferStatus::from_code(9).to_string(), "unknown code 9");
    assert_eq!(
        OperationType::AlgorandActivation.to_string(),
        "Algorand address activation"
    );
}

#[test]
fn words_are_read_in_any_spelling() {
    for word in [
        "PAID_UNCONFIRMED",
        "Paid/Unconfirmed",
        "paid unconfirmed",
        "paid-unconfirmed",
        "PaidUnconfirmed",
        " Paid / Unconfirmed ",
    ] {
        assert_eq!(
            OrderStatus::from(word),
            OrderStatus::PaidUnconfirmed,
            "{word}"
        );
    }
    assert_eq!(OrderStatus::from("In-progress"), OrderStatus::InProgress);
    assert_eq!(OrderStatus::from("cancelled"), OrderStatus::Canceled);
    for word in ["order creation", "create_order", "order_creation"] {
        assert_eq!(Action::from(word), Action::CreateOrder, "{word}");
    }
    assert_eq!(
        Action::from("receive new transaction"),
        Action::ReceiveTransaction
    );
    assert_eq!(Action::from("Receive Confirmation"), Action::Confirmation);
    // Unknown words are kept as sent.
    assert_eq!(OrderStatus::from("Re-Funded").as_str(), "Re-Funded");
}

/// In a log, an unknown value is displayed as sent.
#[test]
fn unknown_values_differ_and_are_displayed() {
    let (frozen, thawed) = (OrderStatus::from("FROZEN"), OrderStatus::from("THAWED"));
    assert_ne!(frozen, thawed);
    assert_eq!(frozen, frozen.clone());
    assert!(format!("{frozen:?}").contains("FROZEN"), "{frozen:?}");
    assert_ne!(hash(&frozen), hash(&thawed));
    let code = TransferStatus::from_code(77);
    assert_ne!(hash(&code), hash(&TransferStatus::from_code(78)));
    assert!(format!("{code:?}").contains("77"), "{code:?}");
}
