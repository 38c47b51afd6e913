//! The doorbell pages: a tail, then the generation it belongs to, which rings.
//!
//! A ring is passed on when it names the group's generation and its lane is live; any other is counted and
//! dropped. Both words of an 8-byte write arrive in this order, one a clock. The address is looked at one clock before the
//! generation, so that a ring is compared with the generation of the clock in which it is passed on.

use covert_abi::registers::doorbell::{GENERATION, address};
use rust_hdl::prelude::*;

macro_rules! doorbell { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?] $($page:ident $ring:ident)+) => {
crate::constants::constants! {
    /// Where the pages are, in DW.
    pub Pages {
        $( $page: 16 = address($lane, 0) / 4, )+
        $( $ring: 16 = address($lane, GENERATION) / 4, )+
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Doorbell {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets tails and count.
    pub reset: Signal<In, Bit>,
    /// The register bus.
    pub bus_address: Signal<In, Bits<16>>,
    #[allow(missing_docs)]
    pub bus_write: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub bus_data: Signal<In, Bits<32>>,
    /// The group's generation.
    pub generation: Signal<In, Bits<32>>,
    /// The lanes that may ring.
    pub live: [Signal<In, Bit>; $lanes],
    /// A lane is rung, in this clock.
    pub ring: [Signal<Out, Bit>; $lanes],
    /// With this tail.
    pub tail: [Signal<Out, Bits<32>>; $lanes],
    /// Rings that were dropped.
    pub stale: Signal<Out, Bits<32>>,
    tails: [DFF<Bits<32>>; $lanes],
    dropped: DFF<Bits<32>>,
    hit: [DFF<Bit>; $lanes],
    named: DFF<Bits<32>>,
    fresh: Signal<Local, Bit>,
    next_dropped: Signal<Local, Bits<32>>,
    k: Pages,
}

impl Logic for Doorbell {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, dropped, named);
        for i in 0..$lanes {
            self.hit[i].clock.next = self.clock.val();
            self.tails[i].clock.next = self.clock.val();
            self.tails[i].d.next = self.tails[i].q.val();
        }
        $( if self.bus_write.val() & (self.bus_address.val() == self.k.$page.val()) {
            self.tails[$lane].d.next = self.bus_data.val();
        } )+
        $( self.hit[$lane].d.next = self.bus_write.val() & (self.bus_address.val() == self.k.$ring.val()); )+
        self.named.d.next = self.bus_data.val();
        self.fresh.next = self.named.q.val() == self.generation.val();
        self.next_dropped.next = self.dropped.q.val() + 1;
        for i in 0..$lanes {
            self.ring[i].next = self.hit[i].q.val() & self.fresh.val() & self.live[i].val();
            self.tail[i].next = self.tails[i].q.val();
            if self.hit[i].q.val() & (!self.fresh.val() | !self.live[i].val()) {
                self.dropped.d.next = self.next_dropped.val();
            }
        }
        self.stale.next = self.dropped.q.val();
        if self.reset.val() {
            self.dropped.d.next = 0.into();
            for i in 0..$lanes {
                self.tails[i].d.next = 0.into();
                self.hit[i].d.next = false;
            }
        }
    }
}
} }
crate::lanes::configurations! {
    doorbell { lane0 ring0 lane1 ring1 } { lane0 ring0 lane1 ring1 lane2 ring2 }
}
