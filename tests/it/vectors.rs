//! Every vector has its expected result, and every rule has its cases.

mod b2binpay;
mod citypay;
mod rules;
