//! The words of CityPay.io: order and deposit statuses, and actions. They are
//! documented in one spelling, occur in others, and are accepted in any.

use crate::open_enum::open_enum;

open_enum! {
    /// The status of an order, with the documented names and the codes that are sent.
    ///
    /// ```
    /// use payhook::citypay::OrderStatus;
    ///
    /// assert_eq!(OrderStatus::from("Paid/Unconfirmed"), OrderStatus::PaidUnconfirmed);
    ///
    /// // A word that the gateway may add later: it parses, and settles nothing.
    /// let status = OrderStatus::from("REFUNDED");
    /// assert_eq!((status.is_known(), status.as_str()), (false, "REFUNDED"));
    /// ```
    pub enum OrderStatus: str {
        /// Canceled by the payer or the merchant.
        Canceled = "CANCELED" | "CANCELLED",
        /// Paid in full, with enough confirmations.
        Confirmed = "CONFIRMED",
        /// Expired. Never sent in a callback: compute it with
        /// [`OrderCallback::expires_at`](super::OrderCallback::expires_at).
        Expired = "EXPIRED",
        /// The payment page was opened and a cryptocurrency chosen; also while not
        /// paid in full.
        InProgress = "IN_PROGRESS",
        /// More was received than requested; whether with enough confirmations is not
        /// documented.
        Overpaid = "OVERPAID",
        /// Paid, with too few confirmations.
        PaidUnconfirmed = "PAID_UNCONFIRMED",
        /// Less was received than requested; the rest may follow.
        Underpaid = "UNDERPAID",
    }
}

impl OrderStatus {
    /// The progress of an order, which increases with later statuses.
    pub(super) fn rank(&self) -> Option<u8> {
        match self {
            Self::InProgress => Some(0),
            Self::PaidUnconfirmed | Self::Underpaid => Some(1),
            Self::Canceled | Self::Confirmed | Self::Expired | Self::Overpaid => Some(2),
            Self::_Unknown(_) => None,
        }
    }
}

open_enum! {
    /// The status of a deposit.
    ///
    /// See [`DepositCallback`](super::DepositCallback) for an example.
    pub enum DepositStatus: str {
        /// Five confirmations and more.
        Confirmed = "Confirmed",
        /// Fewer than five confirmations.
        Pending = "Pending",
    }
}

open_enum! {
    /// The reason for a callback. Codes are documented for deposits, words for
    /// orders; both are accepted for either.
    ///
    /// ```
    /// use payhook::citypay::Action;
    ///
    /// assert_eq!(Action::from("receive new transaction"), Action::ReceiveTransaction);
    /// assert_eq!(Action::from("receive_transaction"), Action::ReceiveTransaction);
    /// ```
    pub enum Action: str {
        /// A transaction was confirmed.
        Confirmation = "confirmation" | "receive confirmation",
        /// An order was created and a cryptocurrency chosen.
        CreateOrder = "create_order" | "order creation",
        /// A transaction was received.
        ReceiveTransaction = "receive_transaction" | "receive new transaction",
    }
}
