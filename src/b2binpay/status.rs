//! The codes of B2BINPAY: three separate status scales, operation types and AML
//! results. All are documented by the gateway.

use crate::open_enum::open_enum;

open_enum! {
    /// The status of a transfer: the only status that a signature covers.
    ///
    /// Its code 2 is *confirmed*; a deposit's 2 is *created*. The three scales are
    /// three types, and comparing them does not compile:
    ///
    /// ```compile_fail,E0308
    /// use payhook::b2binpay::{DepositStatus, TransferStatus};
    /// # let _ = (TransferStatus::Created, DepositStatus::Created);
    /// assert!(TransferStatus::Confirmed != DepositStatus::Created);
    /// ```
    ///
    /// while comparing values of the same type does:
    ///
    /// ```
    /// use payhook::b2binpay::{DepositStatus, TransferStatus};
    /// # let _ = (TransferStatus::Created, DepositStatus::Created);
    /// assert!(TransferStatus::Confirmed != TransferStatus::Created);
    /// ```
    pub enum TransferStatus: i32 {
        /// Canceled for security reasons, or because the amount is too small.
        Canceled = -3 / "canceled",
        /// Blocked by an AML check.
        Blocked = -2 / "blocked",
        /// Failed on the blockchain.
        Failed = -1 / "failed",
        /// Not on the blockchain yet.
        Created = 0 / "created",
        /// Seen on the blockchain, with too few confirmations.
        Unconfirmed = 1 / "unconfirmed",
        /// Has all the confirmations that the currency requires.
        Confirmed = 2 / "confirmed",
    }
}

open_enum! {
    /// The status of a deposit (an invoice or a static address). It is not signed if
    /// the body has a transfer.
    ///
    /// ```
    /// use payhook::b2binpay::{DepositStatus, TransferStatus};
    ///
    /// assert_eq!(DepositStatus::from_code(2), DepositStatus::Created);
    /// assert_eq!(TransferStatus::from_code(2), TransferStatus::Confirmed);
    ///
    /// // A code that the gateway may add later: it parses, and settles nothing.
    /// let status = DepositStatus::from_code(9);
    /// assert_eq!((status.is_known(), status.code()), (false, 9));
    /// ```
    pub enum DepositStatus: i32 {
        /// Created, or not paid in full yet. Enterprise deposits keep this status.
        Created = 2 / "created",
        /// Paid in full.
        Paid = 3 / "paid",
        /// Canceled by the user, or expired unpaid.
        Canceled = 4 / "canceled",
        /// Overpaid, paid late, or paid again after it was paid or canceled.
        Unresolved = 5 / "unresolved",
    }
}

open_enum! {
    /// The status of a payout. It is not signed if the body has a transfer, and never
    /// shows that the money was sent: it was once a *transfer* is confirmed.
    ///
    /// See [`DepositStatus`] for an example.
    pub enum PayoutStatus: i32 {
        /// Needs the owner's approval.
        WaitingForApproval = 1 / "waiting for approval",
        /// Approved: being sent, or sent.
        Approved = 2 / "approved",
        /// Not approved; there will be no transfer.
        Canceled = 3 / "canceled",
    }
}

open_enum! {
    /// The result of the gateway's anti-money-laundering check.
    ///
    /// See [`Transfer`](super::Transfer) for an example.
    pub enum RiskStatus: i32 {
        /// Checked, green.
        Green = 1 / "green",
        /// In the queue.
        Queued = 2 / "queued",
        /// Checked, red.
        Red = 3 / "red",
        /// Not available for this transfer.
        Unavailable = 4 / "unavailable",
    }
}

open_enum! {
    /// The purpose of a transfer.
    ///
    /// ```
    /// # use payhook::{Unverified, b2binpay::{Key, TrackingIds, Verifier}};
    /// # let verifier = Verifier::new(Key::callback_secret("cbs_7Qm2vX9tR4kL8pN1")?, TrackingIds::Prefixed);
    /// # let body = std::fs::read("examples/bodies/b2binpay-payout-confirmed.json")?;
    /// # let callback = verifier.verify(Unverified::parse(&body)?)?;
    /// use payhook::b2binpay::OperationType;
    ///
    /// // A token's payout also contains the transfer of its fee, which is not signed.
    /// let types = callback.reported().other_transfers().filter_map(|transfer| transfer.op_type());
    /// assert_eq!(types.collect::<Vec<_>>(), [OperationType::Transportation]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub enum OperationType: i32 {
        /// A payment to a deposit's address.
        Deposit = 1 / "deposit",
        /// A payout; also swap and custody withdrawals.
        Payout = 2 / "payout",
        /// The incoming side of an exchange.
        IncomingExchange = 5 / "incoming exchange",
        /// A token's network fee, charged to the parent wallet.
        Transportation = 9 / "transportation",
        /// A commission.
        Commission = 11 / "commission",
        /// The withdrawal of a transfer that AML locked.
        AmlWithdrawal = 13 / "AML withdrawal",
        /// A payment directly to the wallet's address; also swap and custody top-ups.
        DirectDeposit = 14 / "direct deposit",
        /// Too small to use.
        Dust = 15 / "dust",
        /// A charge on the wallet.
        WalletCharge = 16 / "wallet charge",
        /// The outgoing side of an exchange.
        OutgoingExchange = 17 / "outgoing exchange",
        /// Activates a wallet.
        WalletActivation = 19 / "wallet activation",
        /// Pays for a custom token.
        CustomTokenPayment = 20 / "custom token payment",
        /// The fee of an activation.
        WalletActivationFee = 23 / "wallet activation fee",
        /// A side effect of an AML withdrawal.
        AmlSideWithdrawal = 24 / "AML side withdrawal",
        /// Collects the money of an earlier transfer that was too small: it is the
        /// customer's money. The earlier transfer was canceled, then failed.
        SideCollecting = 25 / "side collecting",
        /// Activates an Algorand address.
        AlgorandActivation = 49 / "Algorand address activation",
    }
}

impl OperationType {
    /// Whether it is the operation type of a deposit (or else of a payout).
    pub(crate) fn fits(self, is_deposit: bool) -> bool {
        match self {
            Self::Deposit | Self::DirectDeposit => is_deposit,
            Self::Payout => !is_deposit,
            _ => false,
        }
    }
}
