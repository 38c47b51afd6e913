//! Places verdicts, and faults, in their ring: waits for room, gives address and phase, counts what has been written.
//!
//! `tail` counts writes whose last beat has been taken, so whoever reads it finds them in memory. Address and phase
//! are there two clocks after a write; room is not promised before that.

use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Numbers.
    pub One { one: 32 = 1u32, aligned: 64 = !31u64, }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Ring {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The unit is not enabled: the ring starts anew.
    pub reset: Signal<In, Bit>,
    /// Registers.
    pub base: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub log2: Signal<In, Bits<5>>,
    #[allow(missing_docs)]
    pub head: Signal<In, Bits<32>>,
    /// The next entry has been written.
    pub accepted: Signal<In, Bit>,
    /// There is room for one.
    pub room: Signal<Out, Bit>,
    /// Where it goes.
    pub address: Signal<Out, Bits<64>>,
    /// Its phase: 1 in the first lap.
    pub phase: Signal<Out, Bit>,
    /// Entries written.
    pub tail: Signal<Out, Bits<32>>,
    count: DFF<Bits<32>>,
    has_room: DFF<Bit>,
    moved: DFF<Bit>,
    taken: DFF<Bits<32>>,
    whole: DFF<Bits<32>>,
    part: DFF<Bits<32>>,
    place: DFF<Bits<64>>,
    first_lap: DFF<Bit>,
    next_count: Signal<Local, Bits<32>>,
    used: Signal<Local, Bits<32>>,
    length: Signal<Local, Bits<32>>,
    mask: Signal<Local, Bits<32>>,
    slot: Signal<Local, Bits<32>>,
    lap: Signal<Local, Bits<32>>,
    offset: Signal<Local, Bits<64>>,
    start: Signal<Local, Bits<64>>,
    k: One,
}

impl Logic for Ring {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, has_room, moved, taken, whole, part, place, first_lap);
        self.next_count.next = self.count.q.val() + 1;
        if self.accepted.val() {
            self.count.d.next = self.next_count.val();
        }
        self.used.next = self.count.q.val() - self.head.val();
        self.length.next = self.k.one.val() << self.log2.val();
        self.mask.next = self.length.val() - 1;
        self.taken.d.next = self.used.val();
        self.whole.d.next = self.length.val();
        self.part.d.next = self.mask.val();
        self.moved.d.next = self.accepted.val() | self.reset.val();
        self.has_room.d.next =
            (self.taken.q.val() < self.whole.q.val()) & !self.accepted.val() & !self.moved.q.val();
        self.room.next = self.has_room.q.val();
        self.slot.next = self.count.q.val() & self.part.q.val();
        self.offset.next = bit_cast::<64, 32>(self.slot.val()) << 5;
        self.start.next = self.base.val() & self.k.aligned.val();
        self.place.d.next = self.start.val() + self.offset.val();
        self.address.next = self.place.q.val();
        self.lap.next = self.count.q.val() >> self.log2.val();
        self.first_lap.d.next = !self.lap.val().get_bit(0);
        self.phase.next = self.first_lap.q.val();
        self.tail.next = self.count.q.val();
        if self.reset.val() {
            self.count.d.next = 0.into();
            self.has_room.d.next = false;
        }
    }
}
