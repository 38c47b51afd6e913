//! The group: its generation, its position, whether it runs, and the order of a flush.
//!
//! Flush: stop the lanes and await their reads, write `Flushed`, then start the next generation with the members
//! that are not locked. Position and generation are counted twice, once complemented, for the two copies of the vote.

use rust_hdl::prelude::*;

/// What the group is doing.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Phase {
    /// No lane.
    Idle,
    /// Voting.
    Running,
    /// A record had no quorum.
    Halted,
    /// Waiting for the lanes' reads and for the vote under way.
    Drain,
    /// `Flushed` is being written.
    Flush,
    /// The next generation starts.
    Start,
}

crate::constants::constants! {
    /// Counting complements.
    pub Complements { ones: 64 = u64::MAX, ones32: 32 = u32::MAX, one: 64 = 1u32, one32: 32 = 1u32, }
}

macro_rules! generation { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?]) => {
/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Generation {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The unit is not enabled: idle, generation 0.
    pub reset: Signal<In, Bit>,
    /// `CONTROL_ENABLE`: a flush that is asked for while the unit still drains is kept.
    pub enabled: Signal<In, Bit>,
    /// `COMMAND_FLUSH` was written.
    pub command: Signal<In, Bit>,
    /// Registers.
    pub members: Signal<In, Bits<4>>,
    #[allow(missing_docs)]
    pub start_seq: Signal<In, Bits<64>>,
    /// The lanes.
    pub locked: [Signal<In, Bit>; $lanes],
    #[allow(missing_docs)]
    pub drained: [Signal<In, Bit>; $lanes],
    /// The vote.
    pub vote_busy: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub vote_done: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub vote_release: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub vote_failed: [Signal<In, Bit>; $lanes],
    #[allow(missing_docs)]
    pub vote_flushed: Signal<In, Bit>,

    /// Votes may start.
    pub running: Signal<Out, Bit>,
    /// Lanes must fetch nothing.
    pub stop: Signal<Out, Bit>,
    /// A generation starts.
    pub start: Signal<Out, Bit>,
    /// With these lanes.
    pub joining: [Signal<Out, Bit>; $lanes],
    /// `Flushed` is to be written.
    pub flush: Signal<Out, Bit>,
    /// Lanes that take part in the vote.
    pub member: [Signal<Out, Bit>; $lanes],
    /// The quorum is one.
    pub simplex: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub seq: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub seq_n: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub generation: Signal<Out, Bits<32>>,
    #[allow(missing_docs)]
    pub generation_n: Signal<Out, Bits<32>>,
    /// For the registers.
    pub state: Signal<Out, Bits<4>>,
    /// A flush is asked for or under way.
    pub busy: Signal<Out, Bit>,

    phase: DFF<Phase>,
    asked: DFF<Bit>,
    at: DFF<Bits<64>>,
    at_n: DFF<Bits<64>>,
    count: DFF<Bits<32>>,
    count_n: DFF<Bits<32>>,
    voters: [DFF<Bit>; $lanes],
    alone: DFF<Bit>,

    named: [Signal<Local, Bit>; $lanes],
    joins: [Signal<Local, Bit>; $lanes],
    single: Signal<Local, Bit>,
    enough: Signal<Local, Bit>,
    stay: [Signal<Local, Bit>; $lanes],
    still_enough: Signal<Local, Bit>,
    next_at: Signal<Local, Bits<64>>,
    next_at_n: Signal<Local, Bits<64>>,
    next_count: Signal<Local, Bits<32>>,
    next_count_n: Signal<Local, Bits<32>>,
    k: Complements,
}

impl Logic for Generation {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase, asked, at, at_n, count, count_n, alone);
        for i in 0..$lanes {
            self.voters[i].clock.next = self.clock.val();
            self.voters[i].d.next = self.voters[i].q.val();
            self.named[i].next = self.members.val().get_bit(i);
            self.joins[i].next = self.named[i].val() & !self.locked[i].val();
            self.stay[i].next = self.voters[i].q.val() & !self.vote_failed[i].val();
        }
        $( // The quorum of two lanes is two.
        self.single.next = self.named[0].val() ^ self.named[$other].val();
        self.enough.next = (self.joins[0].val() & self.joins[$other].val())
            | (self.single.val() & (self.joins[0].val() | self.joins[$other].val()));
        self.still_enough.next = (self.stay[0].val() & self.stay[$other].val())
            | (self.alone.q.val() & (self.stay[0].val() | self.stay[$other].val())); )?
        $( // The quorum of three lanes is two as well: any two.
        self.single.next = (self.named[0].val() ^ self.named[1].val() ^ self.named[$third].val())
            & !(self.named[0].val() & self.named[1].val() & self.named[$third].val());
        self.enough.next = (self.joins[0].val() & self.joins[1].val())
            | ((self.joins[0].val() | self.joins[1].val()) & self.joins[$third].val())
            | (self.single.val() & (self.joins[0].val() | self.joins[1].val() | self.joins[$third].val()));
        self.still_enough.next = (self.stay[0].val() & self.stay[1].val())
            | ((self.stay[0].val() | self.stay[1].val()) & self.stay[$third].val())
            | (self.alone.q.val() & (self.stay[0].val() | self.stay[1].val() | self.stay[$third].val())); )?
        self.next_at.next = self.at.q.val() + 1;
        self.next_at_n.next = self.at_n.q.val() - self.k.one.val();
        self.next_count.next = self.count.q.val() + 1;
        self.next_count_n.next = self.count_n.q.val() - self.k.one32.val();

        if self.command.val() {
            self.asked.d.next = true;
        }
        self.start.next = false;
        match self.phase.q.val() {
            Phase::Drain => {
                if $( self.drained[$lane].val() )&+ & !self.vote_busy.val() {
                    self.phase.d.next = Phase::Flush;
                }
            }
            Phase::Flush => {
                if self.vote_flushed.val() {
                    self.phase.d.next = Phase::Start;
                }
            }
            Phase::Start => {
                self.start.next = true;
                self.asked.d.next = self.command.val();
                self.count.d.next = self.next_count.val();
                self.count_n.d.next = self.next_count_n.val();
                self.at.d.next = self.start_seq.val();
                self.at_n.d.next = !self.start_seq.val();
                self.alone.d.next = self.single.val();
                for i in 0..$lanes {
                    self.voters[i].d.next = self.joins[i].val();
                }
                if self.enough.val() {
                    self.phase.d.next = Phase::Running;
                } else if $( self.named[$lane].val() )|+ {
                    self.phase.d.next = Phase::Halted;
                } else {
                    self.phase.d.next = Phase::Idle;
                }
            }
            _ => {
                if self.asked.q.val() {
                    self.phase.d.next = Phase::Drain;
                } else if self.vote_done.val() & (!self.vote_release.val() | !self.still_enough.val()) {
                    self.phase.d.next = Phase::Halted;
                }
            }
        }
        // A vote that was under way when the flush came still counts.
        if self.vote_done.val() {
            self.at.d.next = self.next_at.val();
            self.at_n.d.next = self.next_at_n.val();
            for i in 0..$lanes {
                self.voters[i].d.next = self.stay[i].val();
            }
        }

        self.running.next = self.phase.q.val() == Phase::Running;
        self.stop.next = self.phase.q.val() != Phase::Running;
        self.flush.next = self.phase.q.val() == Phase::Flush;
        for i in 0..$lanes {
            self.joining[i].next = self.joins[i].val();
            self.member[i].next = self.voters[i].q.val();
        }
        self.simplex.next = self.alone.q.val();
        self.seq.next = self.at.q.val();
        self.seq_n.next = self.at_n.q.val();
        self.generation.next = self.count.q.val();
        self.generation_n.next = self.count_n.q.val();
        self.state.next = 3.into();
        if self.phase.q.val() == Phase::Idle {
            self.state.next = 0.into();
        } else if self.phase.q.val() == Phase::Running {
            self.state.next = 1.into();
        } else if self.phase.q.val() == Phase::Halted {
            self.state.next = 2.into();
        }
        self.busy.next = self.asked.q.val();
        if self.reset.val() {
            self.phase.d.next = Phase::Idle;
            self.asked.d.next = self.enabled.val() & (self.command.val() | self.asked.q.val());
            self.count.d.next = 0.into();
            self.count_n.d.next = self.k.ones32.val();
            self.at.d.next = 0.into();
            self.at_n.d.next = self.k.ones.val();
            for i in 0..$lanes {
                self.voters[i].d.next = false;
            }
        }
    }
}
} }
crate::lanes::configurations!(generation);
