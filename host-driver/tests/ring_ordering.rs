//! The ring's ordering under every interleaving and every reordering that the memory model allows.
//!
//! The code is the ring's own, on loom's atomics; payloads are loom cells, which object to any access that is not ordered. Each
//! ordering that is weakened is found, so the test is able to fail.

use core::sync::atomic::Ordering;
use covert_driver::entry::Entry;
use covert_driver::ring::{ENTRY_WORDS, Orders, Position, Signal, Strong, Word, load_entry, store_entry};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use std::panic::{AssertUnwindSafe, catch_unwind};

struct Shared(loom::sync::atomic::AtomicU64);

impl Word for Shared {
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }
    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }
}

fn word() -> Shared {
    Shared(loom::sync::atomic::AtomicU64::new(0))
}

/// A ring of one slot: the smallest in which a slot is used again.
struct Ring {
    doorbell: Shared,
    progress: Shared,
    slot: [Shared; ENTRY_WORDS],
    payload: UnsafeCell<u64>,
}

/// One replica submits two records through the same slot; the coordinator takes, copies and releases each.
fn two_records_through_one_slot<Doorbell: Orders, Progress: Orders>() {
    loom::model(|| {
        let ring = Arc::new(Ring {
            doorbell: word(),
            progress: word(),
            slot: core::array::from_fn(|_| word()),
            payload: UnsafeCell::new(0),
        });
        let replica = Arc::clone(&ring);
        let replica = loom::thread::spawn(move || {
            let doorbell = Signal::<_, Doorbell>::new(&replica.doorbell);
            let progress = Signal::<_, Progress>::new(&replica.progress);
            for count in 1..=2 {
                while progress.observe().count != count - 1 {
                    loom::thread::yield_now();
                }
                // SAFETY: whether this access is ordered is what loom checks.
                replica.payload.with_mut(|payload| unsafe { *payload = u64::from(count) });
                store_entry(&replica.slot, &Entry::from_bytes(&[count as u8; 64]));
                doorbell.publish(Position { generation: 1, count });
            }
        });
        let doorbell = Signal::<_, Doorbell>::new(&ring.doorbell);
        let progress = Signal::<_, Progress>::new(&ring.progress);
        for count in 1..=2 {
            while doorbell.observe().count != count {
                loom::thread::yield_now();
            }
            assert_eq!(load_entry(&ring.slot).to_bytes(), [count as u8; 64], "a torn or old entry");
            // SAFETY: as above.
            let payload = ring.payload.with(|payload| unsafe { *payload });
            assert_eq!(payload, u64::from(count), "an old payload");
            progress.publish(Position { generation: 1, count });
        }
        replica.join().expect("the replica");
    });
}

struct WeakPublish;
impl Orders for WeakPublish {
    const PUBLISH: Ordering = Ordering::Relaxed;
    const OBSERVE: Ordering = Ordering::Acquire;
}

struct WeakObserve;
impl Orders for WeakObserve {
    const PUBLISH: Ordering = Ordering::Release;
    const OBSERVE: Ordering = Ordering::Relaxed;
}

fn is_found(model: impl Fn()) -> bool {
    catch_unwind(AssertUnwindSafe(model)).is_err()
}

#[test]
fn entries_and_payloads_are_whole_under_every_interleaving() {
    two_records_through_one_slot::<Strong, Strong>();
}

#[test]
fn a_doorbell_stored_too_weakly_is_found() {
    assert!(is_found(two_records_through_one_slot::<WeakPublish, Strong>));
}

#[test]
fn a_doorbell_loaded_too_weakly_is_found() {
    assert!(is_found(two_records_through_one_slot::<WeakObserve, Strong>));
}

#[test]
fn a_release_stored_too_weakly_is_found() {
    assert!(is_found(two_records_through_one_slot::<Strong, WeakPublish>));
}

#[test]
fn a_release_loaded_too_weakly_is_found() {
    assert!(is_found(two_records_through_one_slot::<Strong, WeakObserve>));
}
