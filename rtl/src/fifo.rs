//! A queue of `1 << A` words whose oldest word is visible without being asked for.
//!
//! Every queue in the unit is this one. A write while full and a read while empty are the user's mistakes:
//! `take` and `put` must be gated by `full` and `valid`.

use crate::leaf::LutRam;
use rust_hdl::prelude::*;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Fifo<const W: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the queue.
    pub clear: Signal<In, Bit>,
    /// Whether to append `put_data`.
    pub put: Signal<In, Bit>,
    /// The word to append.
    pub put_data: Signal<In, Bits<W>>,
    /// Whether there is room for one more.
    pub full: Signal<Out, Bit>,
    /// Whether there is a word.
    pub valid: Signal<Out, Bit>,
    /// The oldest word.
    pub data: Signal<Out, Bits<W>>,
    /// Whether to drop the oldest word.
    pub take: Signal<In, Bit>,
    /// How many words there are.
    pub count: Signal<Out, Bits<8>>,
    words: LutRam<W, A>,
    head: DFF<Bits<A>>,
    tail: DFF<Bits<A>>,
    used: DFF<Bits<8>>,
    some: DFF<Bit>,
    next_head: Signal<Local, Bits<A>>,
    next_tail: Signal<Local, Bits<A>>,
    more: Signal<Local, Bits<8>>,
    fewer: Signal<Local, Bits<8>>,
    depth: Depth<A>,
}

/// The depth as a constant.
pub struct Depth<const A: usize> {
    words: Constant<Bits<8>>,
}

impl<const A: usize> Default for Depth<A> {
    fn default() -> Self {
        const { assert!(A < 8, "the count has eight bits") };
        Depth { words: Constant::new((1u64 << A).into()) }
    }
}

impl<const A: usize> Logic for Depth<A> {
    fn update(&mut self) {}
}

impl<const A: usize> Block for Depth<A> {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {}
    fn has_changed(&self) -> bool {
        false
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_start_namespace(name, self);
        self.words.accept("words", probe);
        probe.visit_end_namespace(name, self);
    }
}

impl<const W: usize, const A: usize> Logic for Fifo<W, A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, tail, used, some);
        clock!(self, clock, words);
        self.words.write.next = self.put.val();
        self.words.write_address.next = self.tail.q.val();
        self.words.write_data.next = self.put_data.val();
        self.words.address.next = self.head.q.val();
        self.data.next = self.words.data.val();
        self.valid.next = self.some.q.val();
        self.full.next = self.used.q.val() == self.depth.words.val();
        self.count.next = self.used.q.val();
        self.next_head.next = self.head.q.val() + 1;
        self.next_tail.next = self.tail.q.val() + 1;
        self.more.next = self.used.q.val() + 1;
        self.fewer.next = self.used.q.val() - 1;
        if self.put.val() {
            self.tail.d.next = self.next_tail.val();
        }
        if self.take.val() {
            self.head.d.next = self.next_head.val();
        }
        if self.put.val() & !self.take.val() {
            self.used.d.next = self.more.val();
            self.some.d.next = true;
        }
        if !self.put.val() & self.take.val() {
            self.used.d.next = self.fewer.val();
            self.some.d.next = self.used.q.val() != 1;
        }
        if self.clear.val() {
            self.head.d.next = 0.into();
            self.tail.d.next = 0.into();
            self.used.d.next = 0.into();
            self.some.d.next = false;
        }
    }
}
