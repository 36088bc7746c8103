//! Every vector gives what it says, and every rule has its cases.

mod b2binpay;
mod citypay;
mod rules;
