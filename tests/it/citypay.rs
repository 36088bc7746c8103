//! Tests of `src/citypay`.

mod answer;
mod callback;
mod proof;
