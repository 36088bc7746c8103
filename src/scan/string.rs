//! Where the characters of JSON strings end.

/// Splits before the first quote, backslash or control character.
#[inline]
pub(super) fn split_plain(text: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = text;
    // Eight bytes at a time, as long as none of them is special.
    while let Some((eight, after)) = rest.split_first_chunk() {
        let plain = plain_at_front(*eight);
        if plain < 8 {
            return text
                .split_at_checked(text.len() - rest.len() + plain)
                .unwrap_or_default();
        }
        rest = after;
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    let plain = text.len() - rest.len() + rest.iter().take_while(is_plain).count();
    text.split_at_checked(plain).unwrap_or_default()
}

/// The text between a string's quotes.
#[inline]
pub(crate) fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// The number of these characters before a quote, a backslash or a control character.
#[inline]
fn plain_at_front(eight: [u8; 8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    let all = u64::from_le_bytes(eight);
    // The high bit of each byte that is smaller than `than` or not ASCII; above the
    // first such byte a borrow may set others.
    let smaller = |bytes: u64, than: u8| bytes.wrapping_sub(ONES * u64::from(than));
    // With this bit flipped, a quote is next to the control characters.
    let quote_or_control = smaller(all ^ (ONES * 0x02), 0x21);
    let backslash = smaller(all ^ (ONES * u64::from(b'\\')), 1);
    let found = (quote_or_control | backslash) & !all & (ONES * 0x80);
    usize::try_from(found.trailing_zeros() / 8).unwrap_or_default()
}
