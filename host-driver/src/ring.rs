//! Who may read what when: the ordering of a submission ring between a replica and its coordinator.
//!
//! Two words order everything. The *doorbell* (generation, tail) is written by the replica after the entries and
//! payloads that it names; the *progress* word (generation, released) is written by the coordinator after it has
//! copied what a release covers. Each is stored with `Release` and loaded with `Acquire`, so whoever sees the word sees
//! everything written before it. The entries' own words are relaxed atomics: a replica gone wrong may write
//! them at any time, which then yields a wrong entry and never undefined behaviour.
//!
//! The code is generic over the atomic word and the orderings, so that `tests/ring_ordering.rs` runs this very
//! code under loom, and shows that loom objects to weaker orderings.

use crate::entry::Entry;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering};
use covert_abi::{Generation, SubmissionEntry};

/// 64-bit words of one submission entry.
pub const ENTRY_WORDS: usize = SubmissionEntry::BYTES / 8;

/// A shared 64-bit word.
pub trait Word {
    /// Reads the word.
    fn load(&self, order: Ordering) -> u64;
    /// Writes the word.
    fn store(&self, value: u64, order: Ordering);
}

impl Word for AtomicU64 {
    #[inline]
    fn load(&self, order: Ordering) -> u64 {
        AtomicU64::load(self, order)
    }
    #[inline]
    fn store(&self, value: u64, order: Ordering) {
        AtomicU64::store(self, value, order);
    }
}

/// The orderings of the two words; there is one right choice, [`Strong`].
pub trait Orders {
    /// For the store of a doorbell or progress word.
    const PUBLISH: Ordering;
    /// For its load.
    const OBSERVE: Ordering;
}

/// The orderings that the ring needs.
#[derive(Clone, Copy, Debug)]
pub struct Strong;

impl Orders for Strong {
    const PUBLISH: Ordering = Ordering::Release;
    const OBSERVE: Ordering = Ordering::Acquire;
}

/// A point in a generation: how many of its entries were written, or were released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// The generation that is counted in.
    pub generation: Generation,
    /// Entries since the generation began, modulo 2^32.
    pub count: u32,
}

impl Position {
    /// Both in one word, so that they are never seen apart: the generation in the upper half.
    pub const fn pack(self) -> u64 {
        (self.generation as u64) << 32 | self.count as u64
    }

    /// The position that a word stands for; every word stands for one.
    pub const fn unpack(word: u64) -> Position {
        Position { generation: (word >> 32) as u32, count: word as u32 }
    }
}

/// A word by which one side tells the other how far it has come.
#[derive(Debug)]
pub struct Signal<'a, W, O = Strong> {
    word: &'a W,
    orders: PhantomData<O>,
}

impl<'a, W: Word, O: Orders> Signal<'a, W, O> {
    /// The signal in this word.
    pub fn new(word: &'a W) -> Self {
        Signal { word, orders: PhantomData }
    }

    /// Tells the other side; everything written before is visible to whoever observes it.
    #[inline]
    pub fn publish(&self, position: Position) {
        self.word.store(position.pack(), O::PUBLISH);
    }

    /// What the other side told last.
    #[inline]
    pub fn observe(&self) -> Position {
        Position::unpack(self.word.load(O::OBSERVE))
    }
}

/// Writes an entry into the words of its slot, before the doorbell that names it.
#[inline]
pub fn store_entry<W: Word>(slot: &[W; ENTRY_WORDS], entry: &Entry) {
    for (word, value) in slot.iter().zip(entry.words()) {
        word.store(*value, Ordering::Relaxed);
    }
}

/// Takes an entry out of the words of its slot, each word once, after the doorbell that names it.
#[inline]
pub fn load_entry<W: Word>(slot: &[W; ENTRY_WORDS]) -> Entry {
    Entry::from_words(core::array::from_fn(|word| slot[word].load(Ordering::Relaxed)))
}
