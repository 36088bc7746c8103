//! Texts of a callback in a `text` column, which can't have a NUL.

use std::borrow::Cow;

/// The text with `\0` for a NUL and `\\` for a backslash: another text for every
/// other one.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\\']) {
        Cow::Owned(text.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was [escaped](escape).
pub(crate) fn unescape(text: String) -> String {
    if !text.contains('\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next().map(|next| match next {
                '0' => '\0',
                other => other,
            })),
            other => plain.push(other),
        }
    }
    plain
}

/// The beginning of a text, for people: at most 200 characters.
pub(crate) fn shortened(text: &str) -> String {
    escape(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::{escape, shortened, unescape};

    #[test]
    fn any_text_comes_back() {
        for text in ["", "order-1", "\0", r"\0", r"\\0", "a\0b\\c\\"] {
            let stored = escape(text).into_owned();
            assert!(!stored.contains('\0'));
            assert_eq!(unescape(stored), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened(&"ö".repeat(1000)), "ö".repeat(200));
    }
}
