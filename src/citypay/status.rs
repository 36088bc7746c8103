//! The words of CityPay.io: order and deposit statuses, and what happened.
//! Documented in one spelling and seen in others; read in any.

use crate::open_enum::open_enum;

open_enum! {
    /// The state of an order. The documentation's wording, the wire's code.
    ///
    /// ```
    /// use payhook::citypay::OrderStatus;
    ///
    /// assert_eq!(OrderStatus::from("Paid/Unconfirmed"), OrderStatus::PaidUnconfirmed);
    /// assert!(!OrderStatus::Overpaid.is_settled());
    ///
    /// // What the gateway may think of tomorrow: it parses, and settles nothing.
    /// let status = OrderStatus::from("REFUNDED");
    /// assert!(!status.is_known() && !status.is_settled());
    /// assert_eq!(status.as_str(), "REFUNDED");
    /// ```
    pub enum OrderStatus: str {
        /// Canceled by the payer or the merchant.
        Canceled = "CANCELED" | "CANCELLED",
        /// Paid in full, with enough confirmations.
        Confirmed = "CONFIRMED",
        /// Never sent in a callback: compute it with
        /// [`OrderCallback::expires_at`](super::OrderCallback::expires_at).
        Expired = "EXPIRED",
        /// The page was opened and a coin chosen; also while not paid in full.
        InProgress = "IN_PROGRESS",
        /// More came than was asked for; whether with enough confirmations is
        /// not documented.
        Overpaid = "OVERPAID",
        /// Paid, with too few confirmations.
        PaidUnconfirmed = "PAID_UNCONFIRMED",
        /// Less came than was asked for.
        Underpaid = "UNDERPAID",
    }
}

impl OrderStatus {
    /// Whether nothing follows. *No* for unknown words, for *underpaid* (the
    /// rest may still come) and for *overpaid* (it may still be unconfirmed).
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Canceled | Self::Confirmed | Self::Expired)
    }

    /// Whether it is paid in full for good. *No* for unknown words, and for
    /// *overpaid*.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Confirmed)
    }

    /// How far along an order is: what a later state has more of.
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
    /// The state of a deposit.
    ///
    /// See [`DepositCallback`](super::DepositCallback) for an example.
    pub enum DepositStatus: str {
        /// Five confirmations and more.
        Confirmed = "Confirmed",
        /// Fewer than five confirmations.
        Pending = "Pending",
    }
}

impl DepositStatus {
    /// Whether nothing follows. *No* for unknown words.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Confirmed)
    }

    /// Whether the money has arrived for good. *No* for unknown words.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Confirmed)
    }
}

open_enum! {
    /// What made the gateway post. Codes are documented for deposits, words for
    /// orders; either is read for both.
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
        /// An order was created and a coin chosen.
        CreateOrder = "create_order" | "order creation",
        /// A transaction came in.
        ReceiveTransaction = "receive_transaction" | "receive new transaction",
    }
}
