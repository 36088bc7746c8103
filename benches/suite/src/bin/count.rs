//! `count` lists the subjects with their allocations, one JSON object per line; `count
//! ID TIMES` calls one of them, for counting its instructions.

use payhook_suite::{Subject, subjects};
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let subjects = subjects();
    if let [id, times] = &*arguments {
        let times: usize = times.parse().expect("a number");
        let subject = subjects.iter().find(|subject| subject.id() == *id);
        let subject = subject.expect("a subject of that name");
        for _ in 0..times {
            assert!((subject.call)());
        }
    } else {
        subjects.iter().for_each(list);
    }
}

fn list(subject: &Subject) {
    // The first call includes one-time initialization.
    let mut succeeded = (subject.call)();
    let allocations = allocation_counter::measure(|| succeeded &= (subject.call)());
    assert!(succeeded, "{} failed", subject.id());
    let line = json!({
        "id": subject.id(),
        "group": subject.group,
        "name": subject.name,
        "bytes": subject.bytes,
        "allocations": allocations.count_total,
    });
    println!("{line}");
}
