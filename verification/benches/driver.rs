//! What a unit's driver costs a record: both replicas' submits, then verdict, copy, check and release, with whatever the card does
//! left out, in time of the processor: a busy neighbour takes none of it away. `inline` records are all in their entry; the release's fingerprint of its own copy is in all of them.
#![allow(missing_docs, reason = "a bench's main")]

mod held;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use held::{BATCH, Held};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What this thread has used.
fn used() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec as u64, used.tv_nsec as u32)
}

fn driver(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("driver");
    group.throughput(Throughput::Elements(1));
    for (name, bytes) in [("inline/16", 16), ("payload/64", 64), ("payload/4096", 4096)] {
        let mut held = Held::new(bytes);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|records| {
                let (mut spent, mut done) = (Duration::ZERO, 0);
                while done < records {
                    let begin = used();
                    held.submit();
                    spent += used() - begin;
                    held.work();
                    let begin = used();
                    held.reap();
                    spent += used() - begin;
                    done += u64::from(BATCH);
                }
                spent.mul_f64(records as f64 / done as f64)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, driver);
criterion_main!(benches);
