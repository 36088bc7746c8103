//! [`Scenario`]: the course of a simulated payment.

use std::fmt;
use std::str::FromStr;

use crate::Gateway;
use payhook::payment::ExpectedKind;

/// Each scenario with its name, its gateway, its kind and its summary.
macro_rules! scenarios {
    ($($variant:ident = $name:literal, $gateway:ident, $kind:ident, $summary:literal;)*) => {
        /// The course of a simulated payment.
        ///
        /// | | |
        /// |---|---|
        $(#[doc = concat!("| `", $name, "` | ", $summary, " |")])*
        ///
        /// The seed determines the details: the parts, the surplus, the reported
        /// confirmations and the duplicates.
        ///
        /// ```
        /// use payhook_conformance::simulator::Scenario;
        ///
        /// let scenario: Scenario = "deposit.underpaid".parse()?;
        /// assert_eq!(scenario, Scenario::DepositUnderpaid);
        /// for scenario in Scenario::ALL {
        ///     println!("{scenario:26} {}: {}", scenario.gateway(), scenario.summary());
        /// }
        /// # Ok::<(), payhook_conformance::simulator::ScenarioError>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Scenario {
            $(#[doc = concat!("`", $name, "`: ", $summary, ".")] $variant,)*
        }

        impl Scenario {
            /// All scenarios, by name.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name, such as `deposit.confirmed`.
            #[must_use]
            pub fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the gateway that sends it.
            #[must_use]
            pub fn gateway(&self) -> Gateway {
                match self {
                    $(Self::$variant => Gateway::$gateway,)*
                }
            }

            /// Returns the kind of payment.
            #[must_use]
            pub fn kind(&self) -> ExpectedKind {
                match self {
                    $(Self::$variant => ExpectedKind::$kind,)*
                }
            }

            /// Returns a summary, in one line.
            #[must_use]
            pub fn summary(&self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                }
            }
        }
    };
}

scenarios! {
    CustomerDepositConfirmed = "customer-deposit.confirmed", CityPay, TopUp,
        "paid to a customer's address, pending and then confirmed";
    DepositBlocked = "deposit.blocked", B2binpay, Deposit,
        "paid, and blocked or canceled by an AML check";
    DepositConfirmed = "deposit.confirmed", B2binpay, Deposit,
        "paid and confirmed";
    DepositExpired = "deposit.expired", B2binpay, Deposit,
        "never paid";
    DepositFailed = "deposit.failed", B2binpay, Deposit,
        "paid, and the transfer fails in the blockchain";
    DepositLate = "deposit.late", B2binpay, Deposit,
        "paid after it had expired: unresolved";
    DepositOverpaid = "deposit.overpaid", B2binpay, Deposit,
        "paid with too much, or twice: unresolved";
    DepositUnderpaid = "deposit.underpaid", B2binpay, Deposit,
        "paid in part, then topped up by a second transfer";
    OrderAhead = "order.ahead", CityPay, Order,
        "paid and confirmed, and the endpoint runs ahead of the callbacks";
    OrderCanceled = "order.canceled", CityPay, Order,
        "canceled before it is paid";
    OrderConfirmed = "order.confirmed", CityPay, Order,
        "paid and confirmed";
    OrderExpired = "order.expired", CityPay, Order,
        "never paid; only the order endpoint reports that";
    OrderLagging = "order.lagging", CityPay, Order,
        "paid and confirmed, and the endpoint lags behind the callbacks";
    OrderLate = "order.late", CityPay, Order,
        "paid after it had expired";
    OrderOverpaid = "order.overpaid", CityPay, Order,
        "paid with too much";
    OrderUnderpaid = "order.underpaid", CityPay, Order,
        "paid in part, then topped up";
    PayoutBlocked = "payout.blocked", B2binpay, Payout,
        "approved, and blocked or canceled by an AML check";
    PayoutConfirmed = "payout.confirmed", B2binpay, Payout,
        "approved, sent and confirmed";
    PayoutFailed = "payout.failed", B2binpay, Payout,
        "approved, and the transfer fails in the blockchain";
    PayoutRejected = "payout.rejected", B2binpay, Payout,
        "not approved: no transfer";
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// There is no scenario with this name.
///
/// ```
/// use payhook_conformance::simulator::{Scenario, ScenarioError};
///
/// let scenario: Result<Scenario, ScenarioError> = "order.refunded".parse();
/// assert_eq!(scenario.map_err(|error| error.name), Err("order.refunded".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioError {
    /// The name as given.
    pub name: Box<str>,
}

impl fmt::Display for ScenarioError {
    /// Lists the existing names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no scenario; there are", self.name)?;
        for (index, scenario) in Scenario::ALL.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} {scenario}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ScenarioError {}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(name: &str) -> Result<Self, ScenarioError> {
        let mut all = Self::ALL.iter().copied();
        all.find(|scenario| scenario.as_str() == name)
            .ok_or_else(|| ScenarioError { name: name.into() })
    }
}
