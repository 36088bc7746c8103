//! [`Layout`]: the fields of a body, by API version.

/// The API version that determines the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    V2,
    V3,
}
