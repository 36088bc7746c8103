//! States as text, and what one does to another.
//!
//! Each line of the input is read by itself, and followed by the next.

use payhook::citypay::{DepositStatus, OrderStatus};
use payhook::{Progress, State, Status};

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for word in text.split('\n') {
        // Any word can be a status.
        made(&Status::Order(OrderStatus::from(word)));
        made(&Status::CityPayDeposit(DepositStatus::from(word)));
    }
    let states: Vec<State> = text.split('\n').filter_map(read).collect();
    for pair in states.windows(2) {
        follow(&pair[0], &pair[1]);
    }
}

fn follow(known: &State, next: &State) {
    let progress = known.progress(next);
    assert_eq!(
        progress.should_store(),
        matches!(progress, Progress::Advance | Progress::LateMoney),
    );
    if known == next {
        assert_eq!(progress, again(known), "{known}");
    }
    let (a, b) = (known.status(), next.status());
    let is_unknown = !a.is_known() || !b.is_known();
    if (is_unknown && a != b) || !meet(a, b) || !meet(b, a) {
        assert_eq!(progress, Progress::Conflict, "{known} and {next}");
    }
}

/// Whether the two can be of one payment.
fn meet(a: &Status, b: &Status) -> bool {
    match a {
        Status::CityPayDeposit(_) => matches!(b, Status::CityPayDeposit(_)),
        Status::Deposit(_) => matches!(b, Status::Deposit(_) | Status::Transfer(_)),
        Status::Order(_) => matches!(b, Status::Order(_)),
        Status::Payout(_) => matches!(b, Status::Payout(_) | Status::Transfer(_)),
        _ => true,
    }
}

/// The same again is a repetition, but of an order that is over although its
/// callback claims more: there is money about that nobody has seen.
fn again(state: &State) -> Progress {
    use OrderStatus::{Canceled, Expired};

    let is_over = matches!(state.status(), Status::Order(Canceled | Expired));
    if state.is_behind() && is_over {
        Progress::Conflict
    } else {
        Progress::Duplicate
    }
}

fn made(status: &Status) {
    let state = State::from(status.clone());
    let column = state.to_string();
    assert_eq!(column.parse().as_ref(), Ok(&state), "{column}");
    assert_eq!(state.status().is_known(), status.is_known());
    fits_a_column(&column);
    assert_eq!(state.progress(&state), Progress::Duplicate, "{column}");
}

fn read(text: &str) -> Option<State> {
    let state: State = text.parse().ok()?;
    let column = state.to_string();
    assert_eq!(column.parse().as_ref(), Ok(&state), "{text:?}");
    fits_a_column(&column);
    // Only a known word has more than one spelling.
    if column != text {
        let word = |text: &str| text.split(' ').nth(1).map(str::to_owned);
        assert!(state.status().is_known(), "{text:?}");
        let respelled = text.replacen(&word(text).unwrap(), &word(&column).unwrap(), 1);
        assert_eq!(column, respelled);
    }
    Some(state)
}

fn fits_a_column(column: &str) {
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    assert!(
        column.len() <= 255 && column.bytes().all(printable),
        "{column:?}"
    );
}
