//! The private mirror of a callback's JSON:API document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::read::unescape;
use crate::wire::{InPlace, List, Mirror, NUMBER, Raw, Shape, object, scalars, skip_list};

object! {
    struct Document {
        data: Data<'a> = "data",
        included: List<Resource<'a>> = "included",
        meta: Meta<'a> = "meta",
    }

    struct Meta {
        time: Raw<'a> = "time",
        sign: Raw<'a> = "sign",
    }

    struct Data {
        kind: Raw<'a> = "type",
        id: Raw<'a> = "id",
        attributes: OperationAttributes<'a> = "attributes",
        relationships: Relationships<'a> = "relationships",
    }

    /// Of a deposit or a payout: `type` may stand behind them.
    struct OperationAttributes {
        address: Raw<'a> = "address",
        amount: Raw<'a> = "amount",
        assets: Raw<'a> = "assets",
        callback_url: Raw<'a> = "callback_url",
        confirmations_needed: Raw<'a> = "confirmations_needed",
        created_at: Raw<'a> = "created_at",
        destination: Raw<'a> = "destination",
        exp: Raw<'a> = "exp",
        fee_amount: Raw<'a> = "fee_amount",
        force_blockchain: Raw<'a> = "force_blockchain",
        inaccuracy: Raw<'a> = "inaccuracy",
        invoice_updated_at: Raw<'a> = "invoice_updated_at",
        is_actibe: Raw<'a> = "is_actibe",
        is_active: Raw<'a> = "is_active",
        is_fee_included: Raw<'a> = "is_fee_included",
        label: Raw<'a> = "label",
        payment_page: Raw<'a> = "payment_page",
        rate_expired_at: Raw<'a> = "rate_expired_at",
        rate_requested: Raw<'a> = "rate_requested",
        source_amount_requested: Raw<'a> = "source_amount_requested",
        status: Raw<'a> = "status",
        tag: Raw<'a> = "tag",
        tag_type: Raw<'a> = "tag_type",
        target_amount_requested: Raw<'a> = "target_amount_requested",
        target_deposit: Raw<'a> = "target_deposit",
        target_paid: Raw<'a> = "target_paid",
        target_paid_pending: Raw<'a> = "target_paid_pending",
        target_wallet: Raw<'a> = "target_wallet",
        time_limit: Raw<'a> = "time_limit",
        tracking_id: Raw<'a> = "tracking_id",
        travel_rule_info: Raw<'a> = "travel_rule_info",
    }

    struct Destination {
        address: Raw<'a> = "address",
        address_type: Raw<'a> = "address_type",
        tag: Raw<'a> = "tag",
        tag_type: Raw<'a> = "tag_type",
    }

    struct Relationships {
        currency: Relationship<'a> = "currency",
        parent: Relationship<'a> = "parent",
        transfer: Relationship<'a> = "transfer",
        wallet: Relationship<'a> = "wallet",
    }

    struct Relationship {
        data: Identifier<'a> = "data",
    }

    struct Identifier {
        id: Raw<'a> = "id",
    }

    struct TransferAttributes {
        amount: Raw<'a> = "amount",
        amount_cleared: Raw<'a> = "amount_cleared",
        amount_target: Raw<'a> = "amount_target",
        commission: Raw<'a> = "commission",
        commission_target: Raw<'a> = "commission_target",
        confirmations: Raw<'a> = "confirmations",
        created_at: Raw<'a> = "created_at",
        fee: Raw<'a> = "fee",
        op_id: Raw<'a> = "op_id",
        op_type: Raw<'a> = "op_type",
        rate_target: Raw<'a> = "rate_target",
        risk: Raw<'a> = "risk",
        risk_personal: Raw<'a> = "risk_personal",
        risk_personal_status: Raw<'a> = "risk_personal_status",
        risk_status: Raw<'a> = "risk_status",
        status: Raw<'a> = "status",
        txid: Raw<'a> = "txid",
        updated_at: Raw<'a> = "updated_at",
        user_message: Raw<'a> = "user_message",
    }

    struct CurrencyAttributes {
        alias: Raw<'a> = "alias",
        alpha: Raw<'a> = "alpha",
        block_delay: Raw<'a> = "block_delay",
        blockchain_name: Raw<'a> = "blockchain_name",
        confirmation_blocks: Raw<'a> = "confirmation_blocks",
        exp: Raw<'a> = "exp",
        iso: Raw<'a> = "iso",
        minimal_transfer_amount: Raw<'a> = "minimal_transfer_amount",
        name: Raw<'a> = "name",
        tags: Raw<'a> = "tags",
    }
}

/// An entry of `included`; the attributes are read by its type.
#[derive(Default)]
pub(crate) struct Resource<'a> {
    pub(crate) kind: Raw<'a>,
    pub(crate) id: Raw<'a>,
    pub(crate) attributes: Attributes<'a>,
    pub(crate) relationships: Relationships<'a>,
    pub(crate) shape: Shape,
}

/// What a resource's type says that its attributes are.
pub(crate) enum Attributes<'a> {
    Currency(CurrencyAttributes<'a>),
    /// Of another type, or in front of the type.
    Other(Raw<'a>),
    Transfer(TransferAttributes<'a>),
}

impl Default for Attributes<'_> {
    fn default() -> Self {
        Self::Other(Raw::default())
    }
}

impl<'de: 'a, 'a> Mirror<'de> for Attributes<'a> {
    fn is_absent(&self) -> bool {
        match self {
            Self::Currency(currency) => currency.is_absent(),
            Self::Other(other) => other.is_absent(),
            Self::Transfer(transfer) => transfer.is_absent(),
        }
    }

    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Currency(currency) => currency.fill(deserializer),
            Self::Other(other) => other.fill(deserializer),
            Self::Transfer(transfer) => transfer.fill(deserializer),
        }
    }
}

impl Attributes<'_> {
    /// Of a resource of this type, still to be read.
    fn of(kind: Raw<'_>) -> Self {
        // Unescaped, so that no spelling hides a transfer.
        match unescape(kind).as_deref() {
            Ok("transfer") => Self::Transfer(TransferAttributes::default()),
            Ok("currency") => Self::Currency(CurrencyAttributes::default()),
            Ok(_) | Err(_) => Self::default(),
        }
    }
}

impl<'a> Resource<'a> {
    /// Reads the value of a known key, once; a second one is only remembered.
    fn fill_key<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match key {
            "type" if self.kind.is_absent() => {
                map.next_value_seed(InPlace(&mut self.kind))?;
                let held = std::mem::replace(&mut self.attributes, Attributes::of(self.kind));
                if let Attributes::Other(raw) = held
                    && !raw.is_absent()
                {
                    // Well-formed already: they were skipped over as a whole.
                    let mut json = serde_json::Deserializer::from_str(raw.0);
                    return self
                        .attributes
                        .fill(&mut json)
                        .map_err(serde::de::Error::custom);
                }
                Ok(())
            }
            "id" if self.id.is_absent() => map.next_value_seed(InPlace(&mut self.id)),
            "relationships" if self.relationships.is_absent() => {
                map.next_value_seed(InPlace(&mut self.relationships))
            }
            "attributes" if self.attributes.is_absent() => {
                map.next_value_seed(InPlace(&mut self.attributes))
            }
            _ => {
                self.shape = match key {
                    NUMBER => Shape::Mismatch,
                    key => Shape::Twice(key),
                };
                map.next_value().map(|IgnoredAny| ())
            }
        }
    }
}

impl<'de: 'a, 'a> Mirror<'de> for Resource<'a> {
    fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }

    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct ResourceVisitor<'s, 'a>(&'s mut Resource<'a>);

        impl<'de: 'a, 'a> Visitor<'de> for ResourceVisitor<'_, 'a> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                self.0.shape = Shape::Sound;
                while let Some(Key(key)) = map.next_key()? {
                    match key {
                        Some(key) => self.0.fill_key(key, &mut map)?,
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
                self.0.shape = skip_list(list)?;
                Ok(())
            }

            scalars!();
        }

        deserializer.deserialize_any(ResourceVisitor(self))
    }
}

/// A known key of a resource.
struct Key(Option<&'static str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                let known = ["type", "id", "attributes", "relationships", NUMBER];
                Ok(Key(known.into_iter().find(|known| *known == key)))
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}
