//! Sorts what the 7-series block received: completions to `rx_cpl`, requests to `rx_req`.
//!
//! Posted and other requests wait in queues of their own. A non-posted request goes on only while the unit owes fewer than 32
//! answers, so that one that must wait holds up neither posted writes nor completions; a marker among the posted ones keeps
//! it behind those that came before it. Memory requests that miss BAR 0 do not reach the unit's registers: writes are
//! dropped, and reads become locked reads, which the unit answers with `unsupported request`.

use crate::bridge::beat_fifo::BeatFifo;
use crate::bridge::payload_swap::PayloadSwap;
use rust_hdl::prelude::*;

crate::constants::constants! {
    /// Beats of non-posted requests at which the block is asked for no more. It may send two packets after that, of at
    /// most four beats; the queue holds 32 beats.
    pub Levels {
        enough: 8 = 16u8,
        most_owed: 6 = 32u8,
        locked: 64 = 1u64 << 24,
    }
}

/// Where the beats of the packet under way go.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Route {
    /// No packet is under way.
    None,
    /// To the unit, in any case.
    Posted,
    /// To the unit, when it may be answered.
    NonPosted,
    /// To the unit, at once.
    Completion,
    /// Nowhere.
    Dropped,
}

/// What is being given to the unit.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Giving {
    /// Nothing.
    Idle,
    /// A posted request.
    Posted,
    /// A non-posted request.
    NonPosted,
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Pcie7Receive {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// The unit has been reset and owes no answer.
    pub forget: Signal<In, Bit>,
    /// `m_axis_rx_tvalid`.
    pub valid: Signal<In, Bit>,
    /// `m_axis_rx_tdata`.
    pub data: Signal<In, Bits<64>>,
    /// `m_axis_rx_tkeep[4]`: the upper DW is there.
    pub upper: Signal<In, Bit>,
    /// `m_axis_rx_tlast`.
    pub last: Signal<In, Bit>,
    /// `m_axis_rx_tuser[2]`: the request hits BAR 0.
    pub hit: Signal<In, Bit>,
    /// `m_axis_rx_tready`.
    pub ready: Signal<Out, Bit>,
    /// `rx_np_ok`.
    pub non_posted_ok: Signal<Out, Bit>,

    #[allow(missing_docs)]
    pub rx_req_valid: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub rx_req_ready: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub rx_req_data: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub rx_req_keep: Signal<Out, Bits<2>>,
    #[allow(missing_docs)]
    pub rx_req_last: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub rx_cpl_valid: Signal<Out, Bit>,
    #[allow(missing_docs)]
    pub rx_cpl_ready: Signal<In, Bit>,
    #[allow(missing_docs)]
    pub rx_cpl_data: Signal<Out, Bits<64>>,
    #[allow(missing_docs)]
    pub rx_cpl_keep: Signal<Out, Bits<2>>,
    #[allow(missing_docs)]
    pub rx_cpl_last: Signal<Out, Bit>,
    /// The unit's answer to a request has gone.
    pub answered: Signal<In, Bit>,

    swap: PayloadSwap,
    posted: BeatFifo<6>,
    waiting: BeatFifo<5>,
    route: DFF<Route>,
    giving: DFF<Giving>,
    // Non-posted requests that nothing posted is ahead of, and those that the unit has not answered.
    released: DFF<Bits<5>>,
    owed: DFF<Bits<6>>,
    room_for_more: DFF<Bit>,
    cpl_full: DFF<Bit>,
    cpl_data: DFF<Bits<64>>,
    cpl_shape: DFF<Bits<2>>,

    taken: Signal<Local, Bit>,
    kind: Signal<Local, Bits<5>>,
    memory: Signal<Local, Bit>,
    is_completion: Signal<Local, Bit>,
    is_posted: Signal<Local, Bit>,
    to: Signal<Local, Route>,
    shape: Signal<Local, Bits<3>>,
    marker: Signal<Local, Bit>,
    pass: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
    owing: Signal<Local, Bit>,
    more_released: Signal<Local, Bits<5>>,
    fewer_released: Signal<Local, Bits<5>>,
    more_owed: Signal<Local, Bits<6>>,
    fewer_owed: Signal<Local, Bits<6>>,
    levels: Levels,
}

impl Logic for Pcie7Receive {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, route, giving, released, owed, room_for_more, cpl_full, cpl_data, cpl_shape);
        clock!(self, clock, swap, posted, waiting);

        // Whether a beat is taken follows from the queues alone, whatever it is.
        self.ready.next = !self.posted.full.val()
            & !self.waiting.full.val()
            & (!self.cpl_full.q.val() | self.rx_cpl_ready.val());
        self.taken.next = self.valid.val() & self.ready.val();
        self.room_for_more.d.next = self.waiting.count.val() < self.levels.enough.val();
        self.non_posted_ok.next = self.room_for_more.q.val();

        // What the packet is: PCI Express Base 2.2.1, table 2-3.
        self.kind.next = self.data.val().get_bits::<5>(24);
        self.memory.next = (self.kind.val() == 0) & !self.data.val().get_bit(31);
        self.is_completion.next = self.kind.val().get_bits::<4>(1) == 5;
        self.is_posted.next = (self.memory.val() & self.data.val().get_bit(30))
            | (self.kind.val().get_bits::<2>(3) == 2)
            | self.data.val().get_bit(31);
        self.to.next = self.route.q.val();
        if self.swap.first.val() {
            self.to.next = Route::NonPosted;
            if self.is_posted.val() {
                self.to.next = Route::Posted;
            }
            if self.is_completion.val() {
                self.to.next = Route::Completion;
            }
            if self.memory.val() & self.data.val().get_bit(30) & !self.hit.val() {
                self.to.next = Route::Dropped;
            }
        }
        self.swap.reset.next = self.reset.val();
        self.swap.taken.next = self.taken.val();
        self.swap.data.next = self.data.val();
        self.swap.last.next = self.last.val();
        if self.taken.val() {
            self.route.d.next = self.to.val();
            if self.last.val() {
                self.route.d.next = Route::None;
            }
        }

        // Into the queues.
        self.shape.next =
            (bit_cast::<3, 1>(self.upper.val().into()) << 1) | bit_cast::<3, 1>(self.last.val().into());
        self.marker.next = self.swap.first.val() & (self.to.val() == Route::NonPosted);
        self.posted.clear.next = self.reset.val();
        self.posted.put.next = self.taken.val() & ((self.to.val() == Route::Posted) | self.marker.val());
        self.posted.put_data.next = self.swap.turned.val();
        self.posted.put_shape.next = self.shape.val() | (bit_cast::<3, 1>(self.marker.val().into()) << 2);
        self.waiting.clear.next = self.reset.val();
        self.waiting.put.next = self.taken.val() & (self.to.val() == Route::NonPosted);
        self.waiting.put_data.next = self.swap.turned.val();
        if self.swap.first.val() & self.memory.val() & !self.hit.val() {
            self.waiting.put_data.next = self.swap.turned.val() | self.levels.locked.val();
        }
        self.waiting.put_shape.next = self.shape.val();
        if self.rx_cpl_ready.val() {
            self.cpl_full.d.next = false;
        }
        if self.taken.val() & (self.to.val() == Route::Completion) {
            self.cpl_full.d.next = true;
            self.cpl_data.d.next = self.swap.turned.val();
            self.cpl_shape.d.next = self.shape.val().get_bits::<2>(0);
        }
        self.rx_cpl_valid.next = self.cpl_full.q.val();
        self.rx_cpl_data.next = self.cpl_data.q.val();
        self.rx_cpl_last.next = self.cpl_shape.q.val().get_bit(0);
        self.rx_cpl_keep.next = (bit_cast::<2, 1>(self.cpl_shape.q.val().get_bits::<1>(1)) << 1) | 1;

        // Out of them. A marker at a boundary of packets releases the non-posted request that it stands for.
        self.pass.next = (self.giving.q.val() == Giving::Idle)
            & self.posted.valid.val()
            & self.posted.shape.val().get_bit(2);
        self.starts.next = (self.giving.q.val() == Giving::Idle)
            & (self.released.q.val() != 0)
            & (self.owed.q.val() != self.levels.most_owed.val());
        self.rx_req_valid.next = false;
        self.rx_req_data.next = self.posted.data.val();
        self.rx_req_last.next = self.posted.shape.val().get_bit(0);
        self.rx_req_keep.next = (bit_cast::<2, 1>(self.posted.shape.val().get_bits::<1>(1)) << 1) | 1;
        self.posted.take.next = self.pass.val();
        self.waiting.take.next = false;
        match self.giving.q.val() {
            Giving::Idle => {
                if self.starts.val() {
                    self.giving.d.next = Giving::NonPosted;
                } else if self.posted.valid.val() & !self.posted.shape.val().get_bit(2) {
                    self.giving.d.next = Giving::Posted;
                }
            }
            Giving::Posted => {
                self.rx_req_valid.next = self.posted.valid.val();
                self.posted.take.next = self.posted.valid.val() & self.rx_req_ready.val();
                if self.posted.take.val() & self.rx_req_last.val() {
                    self.giving.d.next = Giving::Idle;
                }
            }
            Giving::NonPosted => {
                self.rx_req_valid.next = self.waiting.valid.val();
                self.rx_req_data.next = self.waiting.data.val();
                self.rx_req_last.next = self.waiting.shape.val().get_bit(0);
                self.rx_req_keep.next =
                    (bit_cast::<2, 1>(self.waiting.shape.val().get_bits::<1>(1)) << 1) | 1;
                self.waiting.take.next = self.waiting.valid.val() & self.rx_req_ready.val();
                if self.waiting.take.val() & self.rx_req_last.val() {
                    self.giving.d.next = Giving::Idle;
                }
            }
            _ => {
                self.giving.d.next = Giving::Idle;
            }
        }

        // Accounts.
        self.more_released.next = self.released.q.val() + 1;
        self.fewer_released.next = self.released.q.val() - 1;
        if self.pass.val() & !self.starts.val() {
            self.released.d.next = self.more_released.val();
        }
        if self.starts.val() & !self.pass.val() {
            self.released.d.next = self.fewer_released.val();
        }
        self.more_owed.next = self.owed.q.val() + 1;
        self.fewer_owed.next = self.owed.q.val() - 1;
        self.owing.next = self.owed.q.val() != 0;
        if self.starts.val() & !(self.answered.val() & self.owing.val()) {
            self.owed.d.next = self.more_owed.val();
        }
        if self.answered.val() & self.owing.val() & !self.starts.val() {
            self.owed.d.next = self.fewer_owed.val();
        }
        if self.forget.val() {
            self.owed.d.next = 0.into();
        }
        if self.reset.val() {
            self.route.d.next = Route::None;
            self.giving.d.next = Giving::Idle;
            self.released.d.next = 0.into();
            self.owed.d.next = 0.into();
            self.cpl_full.d.next = false;
        }
    }
}
