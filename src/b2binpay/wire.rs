//! The private mirror of a callback's JSON:API document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::read::unescape;
use crate::wire::{InPlace, List, Mirror, NUMBER, Raw, Shape, object, scalars, skip_list};

object! {
    struct Document {
        ;
        data: Data<'a> = "data",
        included: List<Resource<'a>> = "included",
        meta: Meta<'a> = "meta",
    }

    struct Meta {
        time = "time",
        sign = "sign",
    }

    struct Data {
        kind = "type",
        id = "id",
        ;
        attributes: OperationAttributes<'a> = "attributes",
        relationships: Relationships<'a> = "relationships",
    }

    /// Of a deposit or a payout: `type` may come after them.
    struct OperationAttributes {
        address = "address",
        amount = "amount",
        assets = "assets",
        callback_url = "callback_url",
        confirmations_needed = "confirmations_needed",
        created_at = "created_at",
        destination = "destination",
        exp = "exp",
        fee_amount = "fee_amount",
        force_blockchain = "force_blockchain",
        inaccuracy = "inaccuracy",
        invoice_updated_at = "invoice_updated_at",
        is_actibe = "is_actibe",
        is_active = "is_active",
        is_fee_included = "is_fee_included",
        label = "label",
        payment_page = "payment_page",
        rate_expired_at = "rate_expired_at",
        rate_requested = "rate_requested",
        source_amount_requested = "source_amount_requested",
        status = "status",
        tag = "tag",
        tag_type = "tag_type",
        target_amount_requested = "target_amount_requested",
        target_deposit = "target_deposit",
        target_paid = "target_paid",
        target_paid_pending = "target_paid_pending",
        target_wallet = "target_wallet",
        time_limit = "time_limit",
        tracking_id = "tracking_id",
        travel_rule_info = "travel_rule_info",
    }

    struct Destination {
        address = "address",
        address_type = "address_type",
        tag = "tag",
        tag_type = "tag_type",
    }

    struct Relationships {
        ;
        currency: Relationship<'a> = "currency",
        parent: Relationship<'a> = "parent",
        transfer: Relationship<'a> = "transfer",
        wallet: Relationship<'a> = "wallet",
    }

    struct Relationship {
        ;
        data: Identifier<'a> = "data",
    }

    struct Identifier {
        id = "id",
    }

    struct TransferAttributes {
        amount = "amount",
        amount_cleared = "amount_cleared",
        amount_target = "amount_target",
        commission = "commission",
        commission_target = "commission_target",
        confirmations = "confirmations",
        created_at = "created_at",
        fee = "fee",
        op_id = "op_id",
        op_type = "op_type",
        rate_target = "rate_target",
        risk = "risk",
        risk_personal = "risk_personal",
        risk_personal_status = "risk_personal_status",
        risk_status = "risk_status",
        status = "status",
        txid = "txid",
        updated_at = "updated_at",
        user_message = "user_message",
    }

    struct CurrencyAttributes {
        alias = "alias",
        alpha = "alpha",
        block_delay = "block_delay",
        blockchain_name = "blockchain_name",
        confirmation_blocks = "confirmation_blocks",
        exp = "exp",
        iso = "iso",
        minimal_transfer_amount = "minimal_transfer_amount",
        name = "name",
        tags = "tags",
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
