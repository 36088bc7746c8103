//! The pages of `docs/`; their code is compiled and run.
//!
//! Start with [`verification`] and [`payments`], then [`production`] and
//! [`security`] before money moves.

/// Each page as a module. Links between pages are files in the repository and
/// modules here: of two definitions of a link, the first one counts. So does the
/// picture in `listen.uri`, which is `listen.png` as a data URI.
macro_rules! pages {
    ($($name:ident = $path:literal $(with $figure:literal)?;)+) => {$(
        #[doc = "[queues]: crate::guide::queues"]
        #[doc = "[payments]: crate::guide::payments"]
        #[doc = "[verification]: crate::guide::verification"]
        #[doc = "[production]: crate::guide::production"]
        #[doc = "[command]: crate::guide::command"]
        #[doc = "[testing]: crate::guide::testing"]
        #[doc = "[gateways]: crate::guide::gateways"]
        #[doc = ""]
        $( #[doc = include_str!($figure)] #[doc = ""] )?
        #[doc = include_str!($path)]
        pub mod $name {}
    )+};
}

pages! {
    architecture = "../docs/architecture.md";
    command = "../docs/command.md" with "../docs/listen.uri";
    gateways = "../docs/gateways.md";
    payments = "../docs/payments.md" with "../docs/states.svg";
    performance = "../docs/performance.md";
    production = "../docs/production.md";
    queues = "../docs/queues.md";
    receiving = "../docs/receiving.md";
    security = "../docs/security.md";
    testing = "../docs/testing.md";
    verification = "../docs/verification.md" with "../docs/flow.svg";
}
