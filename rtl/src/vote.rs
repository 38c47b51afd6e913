//! The comparator of a group: votes on one record at a time and forms its verdict, or the `Flushed` that ends a
//! generation.
//!
//! It is there twice. The first copy works on the fingerprints as they came, the second on their complements, with
//! complemented results; the entry is written from the first and its check code is formed from the second, so a
//! difference between them is a verdict that its reader refuses. A release needs both.

use crate::check_code::CheckCode;
use covert_abi::{FaultCause, Outcome};
use rust_hdl::prelude::*;

/// Where a vote is.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Voting {
    /// Waiting until every lane has delivered or failed.
    Idle,
    /// Both copies compare.
    Compare,
    /// Both copies decide.
    Decide,
    /// The check code takes the first word.
    Seal0,
    /// The second.
    Seal1,
    /// The third.
    Seal2,
    /// The fourth.
    Seal3,
    /// The fourth word is on its way.
    Settle,
    /// The verdict is being written.
    Write,
}

crate::constants::constants! {
    /// Code words, plain and complemented.
    pub Outcomes {
        matched: 8 = Outcome::Match.code(),
        mismatched: 8 = Outcome::Mismatch.code(),
        isolation: 8 = Outcome::Isolation.code(),
        dma: 8 = Outcome::Dma.code(),
        timeout: 8 = Outcome::Timeout.code(),
        bad_entry: 8 = Outcome::BadEntry.code(),
        flushed: 8 = Outcome::Flushed.code(),
        matched_n: 8 = !Outcome::Match.code(),
        mismatched_n: 8 = !Outcome::Mismatch.code(),
        isolation_n: 8 = !Outcome::Isolation.code(),
        dma_n: 8 = !Outcome::Dma.code(),
        timeout_n: 8 = !Outcome::Timeout.code(),
        bad_entry_n: 8 = !Outcome::BadEntry.code(),
        flushed_n: 8 = !Outcome::Flushed.code(),
        cause_isolation: 8 = FaultCause::Isolation.code(),
        cause_refused: 8 = FaultCause::DmaRefused.code(),
        cause_poisoned: 8 = FaultCause::DmaPoisoned.code(),
        cause_dma_timeout: 8 = FaultCause::DmaTimeout.code(),
        cause_malformed: 8 = FaultCause::DmaMalformed.code(),
        cause_timeout: 8 = FaultCause::Timeout.code(),
        ones: 64 = u64::MAX,
        phase: 64 = 1u64 << 32,
    }
}

crate::constants::constants! {
    /// Code words that only a vote over more than two lanes has, plain and complemented.
    pub Majorities {
        majority: 8 = Outcome::Majority.code(),
        no_majority: 8 = Outcome::NoMajority.code(),
        majority_n: 8 = !Outcome::Majority.code(),
        no_majority_n: 8 = !Outcome::NoMajority.code(),
    }
}

// The lanes' fingerprints in both copies; the pairs of lanes that are compared, with the registers and signals of each; then
// what the rest of the two forms is called.
macro_rules! vote { ($of:ident $lanes:tt [$($lane:tt)+] [$($next:tt)+] [$($other:tt)?] [$($third:tt)?]
    lanes $($a:ident $b:ident)+;
    pairs $($equal:ident $differ:ident $difference:ident: $x:ident $y:ident, $x_n:ident $y_n:ident)+;
    flags $($flag:ident)+; flags_n $($flag_n:ident)+; sets $($set:ident)*; sets_n $($set_n:ident)*;
    bits $($bit:ident $value:literal)+; $($more:ident)?) => {
/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Vote {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the vote.
    pub reset: Signal<In, Bit>,
    /// Votes may start.
    pub running: Signal<In, Bit>,
    /// The verdict ring has room: a record is not voted on before its verdict can be written.
    pub room: Signal<In, Bit>,
    /// The lanes that take part.
    pub member: [Signal<In, Bit>; $lanes],
    /// A fingerprint waits.
    pub delivered: [Signal<In, Bit>; $lanes],
    #[allow(missing_docs)]
    pub fingerprint: [Signal<In, Bits<64>>; $lanes],
    /// The lane has been locked in this generation, by `cause`.
    pub dead: [Signal<In, Bit>; $lanes],
    #[allow(missing_docs)]
    pub cause: [Signal<In, Bits<8>>; $lanes],
    /// A single lane is enough.
    pub simplex: Signal<In, Bit>,
    /// Position of the record, and its complement from a counter of its own.
    pub seq: Signal<In, Bits<64>>,
    #[allow(missing_docs)]
    pub seq_n: Signal<In, Bits<64>>,
    /// Generation, and its complement from a counter of its own.
    pub generation: Signal<In, Bits<32>>,
    #[allow(missing_docs)]
    pub generation_n: Signal<In, Bits<32>>,
    /// `Flushed` is to be written for these live lanes.
    pub flush: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub live: [Signal<In, Bit>; $lanes],

    /// A vote starts: the lanes' fingerprints are taken.
    pub taken: [Signal<Out, Bit>; $lanes],
    #[allow(missing_docs)]
    pub voted: Signal<Out, Bit>,
    /// A vote or a flush is under way.
    pub busy: Signal<Out, Bit>,
    /// The verdict on a record has been written, in this clock.
    pub done: Signal<Out, Bit>,
    /// It was releasable, both copies say so.
    pub releasable: Signal<Out, Bit>,
    /// `Flushed` has been written, in this clock.
    pub flushed: Signal<Out, Bit>,
    /// The lanes that failed at this record.
    pub failed: [Signal<Out, Bit>; $lanes],

    /// A verdict for the ring.
    pub write: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub write_accepted: Signal<In, Bit>,
    /// Phase of the next entry.
    pub phase: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub word0: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word1: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word2: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub word3: Signal<Out, Bits<64>>,

    voting: DFF<Voting>,
    is_flush: DFF<Bit>,
    // First copy.
    $( $a: DFF<Bits<64>>, )+
    here: [DFF<Bit>; $lanes],
    gone: [DFF<Bit>; $lanes],
    $( $equal: DFF<Bit>, )+
    outcome: DFF<Bits<8>>,
    votes: DFF<Bits<8>>,
    agreed: DFF<Bits<64>>,
    releases: DFF<Bit>,
    family: DFF<Bits<8>>,
    // Second copy: everything complemented.
    $( $b: DFF<Bits<64>>, )+
    here_n: [DFF<Bit>; $lanes],
    gone_n: [DFF<Bit>; $lanes],
    $( $differ: DFF<Bit>, )+
    outcome_n: DFF<Bits<8>>,
    votes_n: DFF<Bits<8>>,
    agreed_n: DFF<Bits<64>>,
    releases_n: DFF<Bit>,
    family_n: DFF<Bits<8>>,
    check: CheckCode,

    ready: [Signal<Local, Bit>; $lanes],
    go: Signal<Local, Bit>,
    $( $difference: Signal<Local, Bits<64>>, )+
    why: Signal<Local, Bits<8>>,
    $( $flag: Signal<Local, Bit>, )+
    matched: Signal<Local, Bit>,
    $( $flag_n: Signal<Local, Bit>, )+
    matched_b: Signal<Local, Bit>,
    live_votes: Signal<Local, Bits<8>>,
    agree: Signal<Local, Bits<8>>,
    present: Signal<Local, Bits<8>>,
    lost: Signal<Local, Bits<8>>,
    present_b: Signal<Local, Bits<8>>,
    lost_b: Signal<Local, Bits<8>>,
    sealed: Signal<Local, Bits<64>>,
    outcome_b: Signal<Local, Bits<8>>,
    votes_b: Signal<Local, Bits<8>>,
    generation_b: Signal<Local, Bits<32>>,
    shifted: Signal<Local, Bits<8>>,
    sealing: Signal<Local, Bit>,
    over: Signal<Local, Bit>,
    $( $set: Signal<Local, Bits<8>>, )*
    $( $set_n: Signal<Local, Bits<8>>, )*
    bits: LaneBits,
    k: Outcomes,
    $( $more: Majorities, )?
}

impl Logic for Vote {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, voting, is_flush, $( $a, )+ $( $equal, )+ outcome, votes, agreed, releases, family);
        dff_setup!(self, clock, $( $b, )+ $( $differ, )+ outcome_n, votes_n, agreed_n, releases_n, family_n);
        clock!(self, clock, check);
        for i in 0..$lanes {
            self.here[i].clock.next = self.clock.val();
            self.here[i].d.next = self.here[i].q.val();
            self.gone[i].clock.next = self.clock.val();
            self.gone[i].d.next = self.gone[i].q.val();
            self.here_n[i].clock.next = self.clock.val();
            self.here_n[i].d.next = self.here_n[i].q.val();
            self.gone_n[i].clock.next = self.clock.val();
            self.gone_n[i].d.next = self.gone_n[i].q.val();
            self.ready[i].next = !self.member[i].val() | self.delivered[i].val() | self.dead[i].val();
        }
        self.go.next = self.running.val()
            & self.room.val()
            & (self.voting.q.val() == Voting::Idle)
            & $( self.ready[$lane].val() )&+
            & ($( self.member[$lane].val() )|+);
        self.voted.next = self.go.val();
        for i in 0..$lanes {
            self.taken[i].next = self.go.val() & self.member[i].val() & self.delivered[i].val();
        }

        // The outcome of a record that cannot reach its quorum: the cause of the lowest lane that failed. It is there when
        // the copies decide, as who failed is known from the clock before.
        $( self.why.next = self.cause[$other].val(); )?
        $( self.why.next = self.cause[$third].val();
        if self.gone[1].q.val() {
            self.why.next = self.cause[1].val();
        } )?
        if self.gone[0].q.val() {
            self.why.next = self.cause[0].val();
        }
        self.family.d.next = self.k.bad_entry.val();
        self.family_n.d.next = self.k.bad_entry_n.val();
        if self.why.val() == self.k.cause_isolation.val() {
            self.family.d.next = self.k.isolation.val();
            self.family_n.d.next = self.k.isolation_n.val();
        } else if (self.why.val() == self.k.cause_refused.val())
            | (self.why.val() == self.k.cause_poisoned.val())
            | (self.why.val() == self.k.cause_dma_timeout.val())
            | (self.why.val() == self.k.cause_malformed.val())
        {
            self.family.d.next = self.k.dma.val();
            self.family_n.d.next = self.k.dma_n.val();
        } else if self.why.val() == self.k.cause_timeout.val() {
            self.family.d.next = self.k.timeout.val();
            self.family_n.d.next = self.k.timeout_n.val();
        }

        // First copy.
        $( self.both.next = self.here[0].q.val() & self.here[$other].q.val();
        self.matched.next = (self.both.val() & self.equal.q.val())
            | (self.simplex.val() & (self.here[0].q.val() | self.here[$other].q.val())); )?
        $( self.pair_01.next = self.here[0].q.val() & self.here[1].q.val() & self.equal_01.q.val();
        self.pair_02.next = self.here[0].q.val() & self.here[$third].q.val() & self.equal_02.q.val();
        self.pair_12.next = self.here[1].q.val() & self.here[$third].q.val() & self.equal_12.q.val();
        self.matched.next = (self.pair_01.val() | self.pair_02.val() | self.pair_12.val())
            | (self.simplex.val()
                & (self.here[0].q.val() | self.here[1].q.val() | self.here[$third].q.val()));
        self.several.next = (self.here[0].q.val() & self.here[1].q.val())
            | ((self.here[0].q.val() | self.here[1].q.val()) & self.here[$third].q.val());
        self.only_two.next = !(self.here[0].q.val() & self.here[1].q.val() & self.here[$third].q.val())
            & !(self.gone[0].q.val() | self.gone[1].q.val() | self.gone[$third].q.val()); )?
        self.present.next = 0.into();
        self.lost.next = 0.into();
        if self.here[0].q.val() {
            self.present.next = 1.into();
        }
        if self.here[1].q.val() {
            self.present.next = self.present.val() | self.bits.second.val();
        }
        $( if self.here[$third].q.val() {
            self.present.next = self.present.val() | self.bits.third.val();
        } )?
        if self.gone[0].q.val() {
            self.lost.next = 1.into();
        }
        if self.gone[1].q.val() {
            self.lost.next = self.lost.val() | self.bits.second.val();
        }
        $( if self.gone[$third].q.val() {
            self.lost.next = self.lost.val() | self.bits.third.val();
        } )?
        self.live_votes.next = 0.into();
        if self.live[0].val() {
            self.live_votes.next = 1.into();
        }
        if self.live[1].val() {
            self.live_votes.next = self.live_votes.val() | self.bits.second.val();
        }
        self.agree.next = self.present.val();
        $( if self.live[$third].val() {
            self.live_votes.next = self.live_votes.val() | self.bits.third.val();
        }
        // A lane that equals no other is not among those that agree; it and those that failed are blamed.
        if !self.simplex.val() {
            self.agree.next = 0.into();
            if self.pair_01.val() | self.pair_02.val() {
                self.agree.next = 1.into();
            }
            if self.pair_01.val() | self.pair_12.val() {
                self.agree.next = self.agree.val() | self.bits.second.val();
            }
            if self.pair_02.val() | self.pair_12.val() {
                self.agree.next = self.agree.val() | self.bits.third.val();
            }
        }
        self.not_agree.next = !self.agree.val();
        self.blamed.next = (self.present.val() | self.lost.val()) & self.not_agree.val(); )?

        // Second copy, from complements.
        $( self.$difference.next = self.$x_n.q.val() ^ self.$y_n.q.val(); )+
        $( self.not_both_n.next = self.here_n[0].q.val() | self.here_n[$other].q.val();
        self.matched_b.next = !((self.not_both_n.val() | self.differ.q.val())
            & (!self.simplex.val() | (self.here_n[0].q.val() & self.here_n[$other].q.val())));
        self.present_b.next = self.bits.both.val();
        self.lost_b.next = self.bits.both.val();
        if self.here_n[$other].q.val() {
            self.present_b.next = self.present_b.val() & self.bits.first.val();
        }
        if self.here_n[0].q.val() {
            self.present_b.next = self.present_b.val() & self.bits.second.val();
        }
        if self.gone_n[$other].q.val() {
            self.lost_b.next = self.lost_b.val() & self.bits.first.val();
        }
        if self.gone_n[0].q.val() {
            self.lost_b.next = self.lost_b.val() & self.bits.second.val();
        }

        self.shifted.next = self.lost_b.val() << 4;
        if !self.not_both_n.val() {
            self.shifted.next = self.present_b.val() << 4;
        } )?
        $( self.apart_01.next = self.here_n[0].q.val() | self.here_n[1].q.val() | self.differ_01.q.val();
        self.apart_02.next = self.here_n[0].q.val() | self.here_n[$third].q.val() | self.differ_02.q.val();
        self.apart_12.next = self.here_n[1].q.val() | self.here_n[$third].q.val() | self.differ_12.q.val();
        self.matched_b.next = !(self.apart_01.val()
            & self.apart_02.val()
            & self.apart_12.val()
            & (!self.simplex.val()
                | (self.here_n[0].q.val() & self.here_n[1].q.val() & self.here_n[$third].q.val())));
        self.few.next = (self.here_n[0].q.val() & self.here_n[1].q.val())
            | ((self.here_n[0].q.val() | self.here_n[1].q.val()) & self.here_n[$third].q.val());
        self.only_two_b.next = (self.here_n[0].q.val() | self.here_n[1].q.val() | self.here_n[$third].q.val())
            & (self.gone_n[0].q.val() & self.gone_n[1].q.val() & self.gone_n[$third].q.val());
        self.present_b.next = self.bits.all.val();
        self.lost_b.next = self.bits.all.val();
        self.agree_b.next = self.bits.all.val();
        if self.here_n[0].q.val() {
            self.present_b.next = self.present_b.val() & self.bits.but_first.val();
        }
        if self.here_n[1].q.val() {
            self.present_b.next = self.present_b.val() & self.bits.but_second.val();
        }
        if self.here_n[$third].q.val() {
            self.present_b.next = self.present_b.val() & self.bits.but_third.val();
        }
        if self.gone_n[0].q.val() {
            self.lost_b.next = self.lost_b.val() & self.bits.but_first.val();
        }
        if self.gone_n[1].q.val() {
            self.lost_b.next = self.lost_b.val() & self.bits.but_second.val();
        }
        if self.gone_n[$third].q.val() {
            self.lost_b.next = self.lost_b.val() & self.bits.but_third.val();
        }
        if self.simplex.val() {
            self.agree_b.next = self.present_b.val();
        } else {
            if self.apart_01.val() & self.apart_02.val() {
                self.agree_b.next = self.agree_b.val() & self.bits.but_first.val();
            }
            if self.apart_01.val() & self.apart_12.val() {
                self.agree_b.next = self.agree_b.val() & self.bits.but_second.val();
            }
            if self.apart_02.val() & self.apart_12.val() {
                self.agree_b.next = self.agree_b.val() & self.bits.but_third.val();
            }
        }
        self.not_agree_b.next = !self.agree_b.val();
        self.blamed_b.next = (self.present_b.val() | self.lost_b.val()) & self.not_agree_b.val();
        self.shifted.next = self.lost_b.val() << 4;
        if self.matched_b.val() | !self.few.val() {
            self.shifted.next = self.blamed_b.val() << 4;
        }
        self.voted_b.next = self.shifted.val();
        if self.matched_b.val() {
            self.voted_b.next = self.shifted.val() | self.agree_b.val();
        } )?

        self.sealing.next = false;
        self.over.next = false;
        self.outcome_b.next = !self.outcome_n.q.val();
        self.votes_b.next = !self.votes_n.q.val();
        self.generation_b.next = !self.generation_n.val();
        self.sealed.next = !self.agreed_n.q.val();
        match self.voting.q.val() {
            Voting::Idle => {
                self.is_flush.d.next = false;
                // What there is when the vote starts stays.
                $( self.$a.d.next = self.fingerprint[$lane].val(); )+
                $( self.$b.d.next = !self.fingerprint[$lane].val(); )+
                for i in 0..$lanes {
                    self.here[i].d.next = self.member[i].val() & self.delivered[i].val();
                    self.here_n[i].d.next = !(self.member[i].val() & self.delivered[i].val());
                    self.gone[i].d.next =
                        self.member[i].val() & !self.delivered[i].val() & self.dead[i].val();
                    self.gone_n[i].d.next =
                        !(self.member[i].val() & !self.delivered[i].val() & self.dead[i].val());
                }
                if self.go.val() {
                    self.voting.d.next = Voting::Compare;
                } else if self.flush.val() {
                    self.is_flush.d.next = true;
                    self.voting.d.next = Voting::Decide;
                }
            }
            Voting::Compare => {
                $( self.$equal.d.next = self.$x.q.val() == self.$y.q.val(); )+
                $( self.$differ.d.next = self.$difference.val().any(); )+
                self.voting.d.next = Voting::Decide;
            }
            Voting::Decide => {
                self.voting.d.next = Voting::Seal0;
                // What is common to all outcomes that release nothing.
                self.agreed.d.next = 0.into();
                self.agreed_n.d.next = self.k.ones.val();
                self.releases.d.next = false;
                self.releases_n.d.next = true;
                if self.is_flush.q.val() {
                    self.outcome.d.next = self.k.flushed.val();
                    self.outcome_n.d.next = self.k.flushed_n.val();
                    self.votes.d.next = self.live_votes.val();
                    self.votes_n.d.next = !self.live_votes.val();
                } else {
                    $( if self.matched.val() {
                        self.outcome.d.next = self.k.matched.val();
                        self.votes.d.next = self.agree.val();
                        self.releases.d.next = true;
                        self.agreed.d.next = self.a1.q.val();
                        if self.here[0].q.val() {
                            self.agreed.d.next = self.a0.q.val();
                        }
                    } else if self.both.val() {
                        self.outcome.d.next = self.k.mismatched.val();
                        self.votes.d.next = self.present.val() << 4;
                    } else {
                        self.outcome.d.next = self.family.q.val();
                        self.votes.d.next = self.lost.val() << 4;
                    }
                    if self.matched_b.val() {
                        self.outcome_n.d.next = self.k.matched_n.val();
                        self.votes_n.d.next = !self.present_b.val();
                        self.releases_n.d.next = false;
                        // The other lane's copy: they are equal, or the check code will not be.
                        self.agreed_n.d.next = self.b0.q.val();
                        if !self.here_n[$other].q.val() {
                            self.agreed_n.d.next = self.b1.q.val();
                        }
                    } else if !self.not_both_n.val() {
                        self.outcome_n.d.next = self.k.mismatched_n.val();
                        self.votes_n.d.next = !self.shifted.val();
                    } else {
                        self.outcome_n.d.next = self.family_n.q.val();
                        self.votes_n.d.next = !self.shifted.val();
                    } )?
                    $( if self.matched.val() {
                        self.outcome.d.next = self.k.matched.val();
                        if self.blamed.val().any() {
                            self.outcome.d.next = self.divided.majority.val();
                        }
                        self.votes.d.next = self.agree.val() | (self.blamed.val() << 4);
                        self.releases.d.next = true;
                        self.agreed.d.next = self.a2.q.val();
                        if self.agree.val().get_bit(1) {
                            self.agreed.d.next = self.a1.q.val();
                        }
                        if self.agree.val().get_bit(0) {
                            self.agreed.d.next = self.a0.q.val();
                        }
                    } else if self.several.val() {
                        self.outcome.d.next = self.divided.no_majority.val();
                        if self.only_two.val() {
                            self.outcome.d.next = self.k.mismatched.val();
                        }
                        self.votes.d.next = self.blamed.val() << 4;
                    } else {
                        self.outcome.d.next = self.family.q.val();
                        self.votes.d.next = self.lost.val() << 4;
                    }
                    self.votes_n.d.next = !self.voted_b.val();
                    if self.matched_b.val() {
                        self.outcome_n.d.next = self.k.matched_n.val();
                        if self.blamed_b.val().any() {
                            self.outcome_n.d.next = self.divided.majority_n.val();
                        }
                        self.releases_n.d.next = false;
                        // The copy of the highest lane that agrees: it is the lowest's, or the check code will not be.
                        self.agreed_n.d.next = self.b0.q.val();
                        if self.agree_b.val().get_bit(1) {
                            self.agreed_n.d.next = self.b1.q.val();
                        }
                        if self.agree_b.val().get_bit($third) {
                            self.agreed_n.d.next = self.b2.q.val();
                        }
                    } else if !self.few.val() {
                        self.outcome_n.d.next = self.divided.no_majority_n.val();
                        if self.only_two_b.val() {
                            self.outcome_n.d.next = self.k.mismatched_n.val();
                        }
                    } else {
                        self.outcome_n.d.next = self.family_n.q.val();
                    } )?
                }
            }
            Voting::Seal0 => {
                self.sealing.next = true;
                self.voting.d.next = Voting::Seal1;
            }
            Voting::Seal1 => {
                self.sealing.next = true;
                self.sealed.next = !self.seq_n.val();
                self.voting.d.next = Voting::Seal2;
            }
            Voting::Seal2 => {
                self.sealing.next = true;
                self.sealed.next = bit_cast::<64, 32>(self.generation_b.val())
                    | (bit_cast::<64, 8>(self.outcome_b.val()) << 32)
                    | (bit_cast::<64, 8>(self.votes_b.val()) << 40);
                self.voting.d.next = Voting::Seal3;
            }
            Voting::Seal3 => {
                self.sealing.next = true;
                self.sealed.next = 0.into();
                if self.phase.val() {
                    self.sealed.next = self.k.phase.val();
                }
                self.voting.d.next = Voting::Settle;
            }
            Voting::Settle => {
                self.voting.d.next = Voting::Write;
            }
            Voting::Write => {
                if self.write_accepted.val() {
                    self.over.next = true;
                    self.voting.d.next = Voting::Idle;
                }
            }
            _ => {
                self.voting.d.next = Voting::Idle;
            }
        }
        self.check.put.next = self.sealing.val();
        self.check.first.next = self.voting.q.val() == Voting::Seal0;
        self.check.word.next = self.sealed.val();

        self.write.next = self.voting.q.val() == Voting::Write;
        self.word0.next = self.agreed.q.val();
        self.word1.next = self.seq.val();
        self.word2.next = bit_cast::<64, 32>(self.generation.val())
            | (bit_cast::<64, 8>(self.outcome.q.val()) << 32)
            | (bit_cast::<64, 8>(self.votes.q.val()) << 40);
        self.word3.next = bit_cast::<64, 32>(self.check.code.val());
        if self.phase.val() {
            self.word3.next = bit_cast::<64, 32>(self.check.code.val()) | self.k.phase.val();
        }
        self.busy.next = self.voting.q.val() != Voting::Idle;
        self.done.next = self.over.val() & !self.is_flush.q.val();
        self.flushed.next = self.over.val() & self.is_flush.q.val();
        self.releasable.next = self.releases.q.val() & !self.releases_n.q.val();
        for i in 0..$lanes {
            self.failed[i].next = self.gone[i].q.val();
        }
        if self.reset.val() {
            self.voting.d.next = Voting::Idle;
        }
    }
}

crate::constants::constants! {
    /// Lanes as votes.
    pub LaneBits { $( $bit: 8 = $value, )+ }
}
} }
crate::lanes::configurations! {
    vote
    {
        lanes a0 b0 a1 b1;
        pairs equal differ difference: a0 a1, b0 b1;
        flags both; flags_n not_both_n; sets; sets_n;
        bits first 1u32 second 2u32 both 3u32;
    }
    {
        lanes a0 b0 a1 b1 a2 b2;
        pairs
            equal_01 differ_01 difference_01: a0 a1, b0 b1
            equal_02 differ_02 difference_02: a0 a2, b0 b2
            equal_12 differ_12 difference_12: a1 a2, b1 b2;
        flags pair_01 pair_02 pair_12 several only_two;
        flags_n apart_01 apart_02 apart_12 few only_two_b;
        sets not_agree blamed; sets_n agree_b not_agree_b blamed_b voted_b;
        bits second 2u32 third 4u32 but_first 6u32 but_second 5u32 but_third 3u32 all 7u32;
        divided
    }
}
