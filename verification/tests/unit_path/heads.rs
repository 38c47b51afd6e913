//! The card is told what was read once for many verdicts, and always before it would want for room.

use crate::beside::{Path, RING_LOG2};
use std::sync::atomic::Ordering;

const BATCH: u64 = 1 << RING_LOG2;

/// Compares as many records as a lane's ring holds, all that the card can before any verdict of them is taken; gives how often the
/// card was told.
fn batch(path: &mut Path) -> u64 {
    let before = path.card.heads.load(Ordering::Relaxed);
    assert!((0..BATCH).all(|_| path.submit(8)));
    let mut done = 0;
    while done < BATCH {
        path.card.step();
        let had = done;
        while let Some(well) = path.reap() {
            assert!(well);
            done += 1;
        }
        assert!(done > had, "the card has no room after {done} of {BATCH} records");
    }
    path.card.heads.load(Ordering::Relaxed) - before
}

#[test]
fn the_card_is_told_once_a_batch_and_at_every_half_of_its_ring() {
    for verdict_log2 in 0..=8 {
        let mut path = Path::new(verdict_log2);
        path.let_run();
        let half = (1u64 << verdict_log2) / 2;
        for _ in 0..20 {
            // A batch that is no half of the ring is told when no more verdict is found.
            assert_eq!(
                batch(&mut path),
                (BATCH / half.max(1)).max(1),
                "a ring of {} entries",
                1 << verdict_log2
            );
        }
    }
}
