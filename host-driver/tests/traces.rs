//! Whatever replicas do: one verdict a record, in order, nothing after a halt, and `Flushed` last.

use covert_driver::conformance::trace::{Run, Step};
use covert_driver::conformance::{Failure, Shape, Software, hostile};
use proptest::prelude::*;

/// Steps as a machine with an occasional fault takes them.
fn steps(lanes: usize) -> impl Strategy<Value = Vec<Step>> {
    let submit =
        (0..lanes, 0u8..12).prop_map(|(lane, content)| Step::Submit { lane, content: content.min(2) / 2 });
    let entry = (0..lanes).prop_map(|lane| Step::Entry { lane, entry: [0xFF; 64] });
    let ring = (0..lanes, 0u32..3, 0u32..40);
    let ring = ring.prop_map(|(lane, generation, tail)| Step::Ring {
        lane,
        generation: generation.wrapping_sub(1),
        tail,
    });
    let flush = (
        any::<u8>(),
        prop_oneof![3 => 0u64..100, 1 => any::<u64>(), 1 => (0u64..20).prop_map(|back| u64::MAX - back)],
    );
    let step = prop_oneof![
        60 => submit,
        1 => entry,
        1 => ring,
        10 => (0u8..6).prop_map(|count| Step::Poll { count }),
        3 => (0u16..30).prop_map(|ticks| Step::Ticks { ticks }),
        3 => flush.prop_map(|(members, start)| Step::Flush { members: members | members >> 4, start }),
        1 => (0..lanes, any::<bool>()).prop_map(|(lane, place)| Step::Reset { lane, place }),
        5 => Just(Step::Release),
    ];
    proptest::collection::vec(step, 0..200)
}

fn traces() -> impl Strategy<Value = (Shape, Vec<Step>)> {
    (1usize..=4, 0u32..4, 0u32..4, 0u32..4).prop_flat_map(|(lanes, ring_log2, skew_log2, verdict_log2)| {
        let shape = Shape { ring_log2, skew_log2, verdict_log2, ..Shape::lanes(lanes) };
        steps(lanes).prop_map(move |steps| (shape, steps))
    })
}

fn run(shape: &Shape, steps: &[Step]) -> Result<u64, Failure> {
    let mut run = Run::new(&Software, shape)?;
    for step in steps {
        run.step(step)?;
    }
    run.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn each_record_has_one_verdict_in_order_and_flushed_is_last((shape, steps) in traces()) {
        run(&shape, &steps)?;
    }

    #[test]
    fn arbitrary_bytes_as_a_trace_break_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        hostile::group(&Software, &bytes)?;
    }

    #[test]
    fn arbitrary_bytes_as_a_submission_open_to_what_they_seal_to(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
        hostile::submission_open(&bytes)?;
    }

    #[test]
    fn arbitrary_bytes_as_a_verdict_open_to_what_they_seal_to(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        hostile::verdict_open(&bytes)?;
    }
}

/// So that the traces above are known to come to verdicts at all.
#[test]
fn a_trace_of_equal_records_judges_them_all() -> Result<(), Failure> {
    let mut steps = Vec::new();
    for record in 0..100 {
        steps.extend((0..3).map(|lane| Step::Submit { lane, content: record }));
        steps.extend([Step::Poll { count: 1 }, Step::Release]);
    }
    assert_eq!(run(&Shape::lanes(3), &steps)?, 100);
    Ok(())
}
