//! The errors of a configuration: each names the variable, and what to set.

use payhook::Config;

const SECRET: (&str, &str) = ("PAYHOOK_B2BINPAY_CALLBACK_SECRET", "cbs_7Qm2vX9tR4kL8pN1");
const IDS: (&str, &str) = ("PAYHOOK_B2BINPAY_TRACKING_IDS", "prefixed");
const CUSTOMER: (&str, &str) = ("PAYHOOK_CITYPAY_CUSTOMER_ID", "5120");

fn read(set: &[(&str, &str)]) -> Result<Config, String> {
    let value = |name: &str| {
        let set = set.iter().find(|(own, _)| *own == name);
        set.map(|(_, value)| (*value).to_owned())
    };
    Config::from_vars(value).map_err(|error| error.to_string())
}

/// A `main` that returns the error prints its `Debug` form.
#[test]
fn an_error_is_readable_in_both_forms() {
    let error = Config::from_vars(|name| (name == IDS.0).then(|| IDS.1.to_owned())).unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn complete() {
    for set in [
        &[SECRET, IDS][..],
        &[CUSTOMER],
        &[SECRET, IDS, CUSTOMER],
        &[
            ("PAYHOOK_B2BINPAY_LOGIN", "login"),
            ("PAYHOOK_B2BINPAY_PASSWORD", "password"),
            ("PAYHOOK_B2BINPAY_TRACKING_IDS", "length=12"),
        ],
        &[
            CUSTOMER,
            ("PAYHOOK_CITYPAY_ENVIRONMENT", "sandbox"),
            ("PAYHOOK_CITYPAY_SOURCES", "203.0.113.7, 2001:db8::/32"),
        ],
        &[
            SECRET,
            IDS,
            ("PAYHOOK_B2BINPAY_API_URL", "https://api.b2binpay.com/"),
        ],
    ] {
        assert!(read(set).is_ok(), "{set:?}");
    }
}

#[test]
fn each_error_names_the_variable_and_the_remedy() {
    let forms = "PAYHOOK_B2BINPAY_TRACKING_IDS must be prefixed, uuid, length=N, unused or \
                 unrestricted";
    let api = "PAYHOOK_B2BINPAY_API_URL must be an https:// URL without a query or a password";
    let ranges = "PAYHOOK_CITYPAY_SOURCES must be a comma-separated list of addresses and ranges \
                  such as 203.0.113.0/28";
    for (set, expected) in [
        (
            &[][..],
            "PAYHOOK_B2BINPAY_CALLBACK_SECRET is not set (B2BINPAY also needs \
             PAYHOOK_B2BINPAY_TRACKING_IDS); PAYHOOK_CITYPAY_CUSTOMER_ID is not set: configure at \
             least one gateway",
        ),
        (&[SECRET], forms),
        (&[SECRET, ("PAYHOOK_B2BINPAY_TRACKING_IDS", "")], forms),
        (&[SECRET, ("PAYHOOK_B2BINPAY_TRACKING_IDS", "any")], forms),
        (&[IDS], "PAYHOOK_B2BINPAY_CALLBACK_SECRET is missing"),
        (
            &[(SECRET.0, " "), IDS],
            "PAYHOOK_B2BINPAY_CALLBACK_SECRET is empty",
        ),
        (
            &[(SECRET.0, "cbs\n"), IDS],
            "PAYHOOK_B2BINPAY_CALLBACK_SECRET is invalid: callback secret has leading or trailing \
             whitespace",
        ),
        (
            &[SECRET, IDS, ("PAYHOOK_B2BINPAY_LOGIN", "login")],
            "PAYHOOK_B2BINPAY_PASSWORD is missing",
        ),
        (
            &[
                SECRET,
                IDS,
                ("PAYHOOK_B2BINPAY_API_URL", "http://api.b2binpay.com"),
            ],
            api,
        ),
        (
            &[
                SECRET,
                IDS,
                ("PAYHOOK_B2BINPAY_API_URL", "api.b2binpay.com"),
            ],
            api,
        ),
        (
            &[("PAYHOOK_CITYPAY_ENVIRONMENT", "sandbox")],
            "PAYHOOK_CITYPAY_CUSTOMER_ID is missing",
        ),
        // All at once.
        (
            &[
                CUSTOMER,
                ("PAYHOOK_CITYPAY_ENVIRONMENT", "test"),
                ("PAYHOOK_CITYPAY_SOURCES", "203.0.113.0/33"),
            ],
            &format!("PAYHOOK_CITYPAY_ENVIRONMENT must be production or sandbox; {ranges}"),
        ),
        (
            &[
                CUSTOMER,
                ("PAYHOOK_CITYPAY_SOURCES", "203.0.113.7"),
                ("PAYHOOK_CITYPAY_DANGER_SETTLE_DEPOSITS_FROM", "203.0.113.7"),
            ],
            "PAYHOOK_CITYPAY_DANGER_SETTLE_DEPOSITS_FROM and PAYHOOK_CITYPAY_SOURCES are both set: \
             set one of them",
        ),
    ] {
        assert_eq!(read(set).unwrap_err(), expected, "{set:?}");
    }
}
