//! The duration of each subject. A single run is not a measurement: `../../table`
//! computes the medians of several.

use criterion::{Criterion, criterion_group, criterion_main};

fn time(criterion: &mut Criterion) {
    for subject in payhook_suite::subjects() {
        criterion.bench_function(&subject.id(), |bencher| {
            bencher.iter(|| assert!((subject.call)()))
        });
    }
}

criterion_group!(benches, time);
criterion_main!(benches);
