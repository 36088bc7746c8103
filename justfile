# The daily commands. Each one calls a step of `.ci/run` or another script, so that it
# is defined once.

# List the recipes.
default:
    @just --list --unsorted

# Run the whole check.
check:
    .ci/run

# Run single steps of the check: `just step clippy docs`. Without a name, list them.
step *names="--list":
    .ci/run {{ names }}

# Test the library with its default features.
test:
    .ci/run test

# Run the tests whose names contain a word, with every feature: `just one vectors::`.
one word *args:
    cargo test --all-features --test it {{ word }} {{ args }}

# Test all packages with every feature, a Redis and a PostgreSQL.
test-all:
    .ci/run all

# Run a command with a Redis and a PostgreSQL: `just servers cargo test -p
# payhook-redis`.
servers +command:
    .ci/servers run {{ command }}

# Check the format, Clippy, each feature, and the limits of size.
lint:
    .ci/run fmt clippy features budget readme

# Check licences, duplicates, sources and purposes of the dependencies.
supply:
    .ci/run supply

# Build the documentation, and run the example whose output it shows.
docs:
    .ci/run docs examples

# Check the vectors with the independent implementation in Python, and that they are up to date.
vectors:
    .ci/run vectors
    cargo run --quiet -p vectors -- --check

# Write the vectors and the tables of their README.
vectors-write:
    cargo run --quiet -p vectors

# Compare the public surface with tests/public-api.txt.
surface:
    .ci/run surface

# Update tests/public-api.txt.
surface-write:
    .ci/public-api --write

# Fuzz each target for a number of seconds: all targets, or the given ones.
fuzz seconds="60" *targets:
    .ci/fuzz {{ seconds }} {{ targets }}

# Print the table of time, instructions and allocations.
bench *args="--no-peers":
    benches/table {{ args }}

# Run the load test with the shop, which is killed during the run; the argument is a
# seed.
load *seed:
    .ci/load {{ seed }}

# Replay recorded payments through a ledger: `just replay tests/vectors/payments.jsonl`.
replay +args:
    cargo run --quiet -p payhook-cli -- replay {{ args }}

# Report which lines the tests run.
coverage *args:
    .ci/coverage {{ args }}

# Build the package from its own files.
package:
    .ci/run package
