//! The skew watchdog of a group.
//!
//! Armed while a lane has delivered the record that is voted on next and another one has no entry for it. It
//! counts ticks from zero for each record; at a tick that finds `limit` reached it locks every lane that lacks an entry. Ticks are far apart,
//! so the compare and the lock take clocks of their own; between ticks nothing expires, also not under a limit that was lowered.

use rust_hdl::prelude::*;

macro_rules! watchdog { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?]) => {
/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Watchdog {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Pulses once a tick.
    pub tick: Signal<In, Bit>,
    /// The group is running.
    pub running: Signal<In, Bit>,
    /// A record is being voted on; the next one counts from zero.
    pub voted: Signal<In, Bit>,
    /// Ticks; 0 is for ever.
    pub limit: Signal<In, Bits<32>>,
    /// A lane has delivered the record.
    pub delivered: [Signal<In, Bit>; $lanes],
    /// A lane has nothing to fetch and nothing under way.
    pub lacks: [Signal<In, Bit>; $lanes],
    /// The lane is to be locked.
    pub timeout: [Signal<Out, Bit>; $lanes],
    count: DFF<Bits<32>>,
    armed: DFF<Bit>,
    ticked: DFF<Bit>,
    reached: DFF<Bit>,
    expired: DFF<Bit>,
    next_count: Signal<Local, Bits<32>>,
    missing: [Signal<Local, Bit>; $lanes],
}

impl Logic for Watchdog {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, armed, ticked, reached, expired);
        for i in 0..$lanes {
            self.missing[i].next = self.lacks[i].val() & !self.delivered[i].val();
        }
        self.armed.d.next = self.running.val()
            & ($( self.delivered[$lane].val() )|+)
            & ($( self.missing[$lane].val() )|+)
            & !self.voted.val();
        self.next_count.next = self.count.q.val() + 1;
        self.ticked.d.next = self.tick.val();
        self.reached.d.next =
            self.ticked.q.val() & (self.limit.val() != 0) & (self.count.q.val() >= self.limit.val());
        self.expired.d.next = self.armed.q.val() & self.reached.q.val();
        if self.tick.val() {
            self.count.d.next = self.next_count.val();
        }
        if !self.armed.q.val() | self.reached.q.val() {
            self.count.d.next = 0.into();
            self.reached.d.next = false;
        }
        for i in 0..$lanes {
            self.timeout[i].next = self.expired.q.val() & self.missing[i].val();
        }
    }
}
} }
crate::lanes::configurations!(watchdog);
