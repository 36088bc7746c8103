//! The private mirror of a callback's JSON:API document.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::read::unescape;
use crate::wire::{Key, List, Raw, Shape, Slot, object, scalars_are_a_mismatch, skip_list};

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

/// An entry of `included`.
#[derive(Default)]
pub(crate) struct Resource<'a> {
    pub(crate) kind: Slot<Raw<'a>>,
    pub(crate) id: Slot<Raw<'a>>,
    pub(crate) attributes: Attributes<'a>,
    pub(crate) relationships: Slot<Relationships<'a>>,
    pub(crate) shape: Shape,
}

/// A resource's attributes, by its type.
#[derive(Default)]
pub(crate) enum Attributes<'a> {
    #[default]
    Absent,
    Transfer(Slot<TransferAttributes<'a>>),
    Currency(Slot<CurrencyAttributes<'a>>),
    /// Of an unknown type, or until the type is known.
    Other(Slot<Raw<'a>>),
}

#[derive(Clone, Copy)]
enum Type {
    Transfer,
    Currency,
    Other,
}

impl Type {
    fn of(kind: &Slot<Raw<'_>>) -> Option<Self> {
        // Unescaped, so that no spelling hides a transfer.
        let kind = unescape(*kind.get()?);
        Some(match kind.as_deref() {
            Ok("transfer") => Self::Transfer,
            Ok("currency") => Self::Currency,
            Ok(_) | Err(_) => Self::Other,
        })
    }
}

impl Resource<'_> {
    fn mismatch() -> Self {
        Self {
            shape: Shape::Mismatch,
            ..Self::default()
        }
    }

    /// Reads attributes that stood in front of their type.
    fn settle(mut self) -> serde_json::Result<Self> {
        if let Attributes::Other(Slot::Is(raw)) = self.attributes {
            match Type::of(&self.kind) {
                Some(Type::Transfer) => {
                    self.attributes = Attributes::Transfer(serde_json::from_str(raw.0)?);
                }
                Some(Type::Currency) => {
                    self.attributes = Attributes::Currency(serde_json::from_str(raw.0)?);
                }
                Some(Type::Other) | None => {}
            }
        }
        Ok(self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Resource<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ResourceVisitor;

        impl<'de> Visitor<'de> for ResourceVisitor {
            type Value = Resource<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut resource = Resource::default();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    // A key that stands there twice is remembered by name.
                    let repeated = match key.as_str() {
                        "type" => {
                            let repeated = !resource.kind.is_absent();
                            resource.kind = map.next_value()?;
                            repeated.then_some("type")
                        }
                        "id" => {
                            let repeated = !resource.id.is_absent();
                            resource.id = map.next_value()?;
                            repeated.then_some("id")
                        }
                        "attributes" => {
                            let repeated = !matches!(resource.attributes, Attributes::Absent);
                            resource.attributes = match Type::of(&resource.kind) {
                                Some(Type::Transfer) => Attributes::Transfer(map.next_value()?),
                                Some(Type::Currency) => Attributes::Currency(map.next_value()?),
                                Some(Type::Other) | None => Attributes::Other(map.next_value()?),
                            };
                            repeated.then_some("attributes")
                        }
                        "relationships" => {
                            let repeated = !resource.relationships.is_absent();
                            resource.relationships = map.next_value()?;
                            repeated.then_some("relationships")
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            None
                        }
                    };
                    if let Some(key) = repeated {
                        resource.shape = Shape::Twice(key);
                    }
                }
                resource.settle().map_err(serde::de::Error::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                skip_list(list)?;
                Ok(Resource::mismatch())
            }

            scalars_are_a_mismatch!(Resource<'de>);
        }

        deserializer.deserialize_any(ResourceVisitor)
    }
}
