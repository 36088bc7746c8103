//! Valid and invalid keys; a key is never displayed.

use payhook::b2binpay::Key;
use payhook::error::ConfigError;

#[test]
fn invalid_keys_are_refused() {
    let secret = |text: &str| Key::callback_secret(text).map(|_| ());
    assert_eq!(secret(""), Err(ConfigError::EmptySecret));
    assert_eq!(secret(" \n"), Err(ConfigError::EmptySecret));
    for edge in [
        "s ",
        " s",
        "s\n",
        "s\r\n",
        "\ts",
        "s\u{a0}",
        "\u{feff}s",
        "s\u{200b}",
        "\u{200f}s",
        "s\u{2060}",
    ] {
        assert_eq!(
            secret(edge),
            Err(ConfigError::SurroundingWhitespace),
            "{edge:?}"
        );
    }
    for quoted in ["\"cbs\"", "'cbs'", "\"\""] {
        assert_eq!(secret(quoted), Err(ConfigError::QuotedSecret), "{quoted}");
    }
    for unquoted in ["\"cbs", "cbs'", "\"cbs'", "\""] {
        assert_eq!(secret(unquoted), Ok(()), "{unquoted}");
    }
    assert_eq!(secret("inner spaces are fine"), Ok(()));
    // Visible characters are not whitespace.
    assert_eq!(secret("\u{2010}s\u{2010}"), Ok(()));
    let login = |login: &str, password: &str| Key::v2_credentials(login, password).map(|_| ());
    assert_eq!(login("", "p"), Err(ConfigError::EmptyLogin));
    assert_eq!(login("l", ""), Err(ConfigError::EmptyPassword));
    assert_eq!(login("l", " p "), Ok(()));
}

#[test]
fn keys_are_not_displayed() {
    let key = Key::callback_secret("marked-secret").unwrap();
    assert_eq!(
        format!("{key:?}"),
        r#"Key { name: "callback secret", scheme: CallbackSecret, .. }"#
    );
    let key = Key::v2_credentials("marked-login", "marked-password").unwrap();
    assert_eq!(
        format!("{key:?}"),
        r#"Key { name: "login and password", scheme: LoginPassword, .. }"#
    );
}

#[test]
fn names_and_schemes() {
    let key = Key::callback_secret("s").unwrap();
    let shown = |key: &Key| (key.name().to_owned(), key.scheme().to_string());
    let pair = |name: &str, scheme: &str| (name.to_owned(), scheme.to_owned());
    assert_eq!(shown(&key), pair("callback secret", "callback_secret"));
    assert_eq!(
        shown(&key.with_name("sandbox")),
        pair("sandbox", "callback_secret")
    );
    let key = Key::v2_credentials("l", "p").unwrap();
    assert_eq!(shown(&key), pair("login and password", "login_password"));
}
