//! Cuts a read of a lane into requests that PCIe allows and that fit a tag's buffer.
//!
//! A request never crosses a multiple of its largest size (128, 256 or 512 bytes, by Max_Read_Request_Size), hence never
//! 4 KiB. Five clocks for each request; when the lane is halted, what has not left is forgotten.

use rust_hdl::prelude::*;

/// Where a read is.
#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
pub enum Cut {
    /// No read.
    Idle,
    /// How far is the next multiple?
    Room,
    /// How long is the next request?
    Measure,
    /// How many DW and words does it touch?
    Shape,
    /// Which bytes of the first and the last DW does it want?
    Enable,
    /// The request waits to be taken.
    Offer,
    /// On to the next request.
    Advance,
}

crate::constants::constants! {
    /// Largest request less one, in bytes.
    pub Sizes {
        small: 9 = 127u32,
        medium: 9 = 255u32,
        large: 9 = 511u32,
        dw_round: 11 = 3u32,
        word_round: 11 = 7u32,
        all: 4 = 15u32,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct Split {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the read.
    pub halt: Signal<In, Bit>,
    /// Encoded as in Device Control.
    pub max_read_request: Signal<In, Bits<3>>,
    /// A read waits.
    pub job: Signal<In, Bit>,
    /// It is taken over.
    pub job_taken: Signal<Out, Bit>,
    /// Its first byte.
    pub job_address: Signal<In, Bits<64>>,
    /// Its bytes, at least one.
    pub job_length: Signal<In, Bits<17>>,

    /// A request waits.
    pub request: Signal<Out, Bit>,
    /// It is taken over.
    pub request_taken: Signal<In, Bit>,
    /// Its first byte.
    pub address: Signal<Out, Bits<64>>,
    /// Its bytes, 1 to 512.
    pub bytes: Signal<Out, Bits<10>>,
    /// DW it touches.
    pub dws: Signal<Out, Bits<8>>,
    /// 64-bit words it touches.
    pub words: Signal<Out, Bits<7>>,
    #[allow(missing_docs)]
    pub first_enables: Signal<Out, Bits<4>>,
    #[allow(missing_docs)]
    pub last_enables: Signal<Out, Bits<4>>,
    /// It is the read's last one.
    pub last: Signal<Out, Bit>,

    cut: DFF<Cut>,
    at: DFF<Bits<64>>,
    left: DFF<Bits<17>>,
    room: DFF<Bits<10>>,
    size: DFF<Bits<10>>,
    is_last: DFF<Bit>,
    dw_count: DFF<Bits<8>>,
    word_count: DFF<Bits<7>>,
    first: DFF<Bits<4>>,
    final_enables: DFF<Bits<4>>,

    mask: Signal<Local, Bits<9>>,
    short: Signal<Local, Bits<9>>,
    most: Signal<Local, Bits<10>>,
    fits: Signal<Local, Bit>,
    dw_end: Signal<Local, Bits<2>>,
    dw_lead: Signal<Local, Bits<11>>,
    dw_rounded: Signal<Local, Bits<11>>,
    word_lead: Signal<Local, Bits<11>>,
    word_rounded: Signal<Local, Bits<11>>,
    head: Signal<Local, Bits<4>>,
    tail: Signal<Local, Bits<4>>,
    next_at: Signal<Local, Bits<64>>,
    next_left: Signal<Local, Bits<17>>,
    k: Sizes,
}

impl Logic for Split {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            cut,
            at,
            left,
            room,
            size,
            is_last,
            dw_count,
            word_count,
            first,
            final_enables
        );

        self.mask.next = self.k.large.val();
        if (self.max_read_request.val() == 0) | (self.max_read_request.val() >= 6) {
            self.mask.next = self.k.small.val();
        } else if self.max_read_request.val() == 1 {
            self.mask.next = self.k.medium.val();
        }
        // To the next multiple of the size: one more than what the address lacks of its last byte.
        self.short.next = (!self.at.q.val().get_bits::<9>(0)) & self.mask.val();
        self.most.next = bit_cast::<10, 9>(self.short.val()) + 1;
        self.room.d.next = self.most.val();
        self.fits.next = self.left.q.val() <= bit_cast::<17, 10>(self.room.q.val());

        self.dw_end.next = self.at.q.val().get_bits::<2>(0) + self.size.q.val().get_bits::<2>(0);
        self.dw_lead.next = bit_cast::<11, 2>(self.at.q.val().get_bits::<2>(0)) + self.k.dw_round.val();
        self.dw_rounded.next = self.dw_lead.val() + bit_cast::<11, 10>(self.size.q.val());
        self.word_lead.next = bit_cast::<11, 3>(self.at.q.val().get_bits::<3>(0)) + self.k.word_round.val();
        self.word_rounded.next = self.word_lead.val() + bit_cast::<11, 10>(self.size.q.val());
        self.head.next = self.k.all.val() << self.at.q.val().get_bits::<2>(0);
        self.tail.next = self.k.all.val();
        if self.dw_end.val() == 1 {
            self.tail.next = 1.into();
        } else if self.dw_end.val() == 2 {
            self.tail.next = 3.into();
        } else if self.dw_end.val() == 3 {
            self.tail.next = 7.into();
        }
        self.next_at.next = self.at.q.val() + bit_cast::<64, 10>(self.size.q.val());
        self.next_left.next = self.left.q.val() - bit_cast::<17, 10>(self.size.q.val());

        self.job_taken.next = false;
        match self.cut.q.val() {
            Cut::Idle => {
                self.at.d.next = self.job_address.val();
                self.left.d.next = self.job_length.val();
                if self.job.val() {
                    self.job_taken.next = true;
                    self.cut.d.next = Cut::Room;
                }
            }
            Cut::Room => {
                self.cut.d.next = Cut::Measure;
            }
            Cut::Measure => {
                self.size.d.next = self.room.q.val();
                if self.fits.val() {
                    self.size.d.next = self.left.q.val().get_bits::<10>(0);
                }
                self.is_last.d.next = self.fits.val();
                self.cut.d.next = Cut::Shape;
            }
            Cut::Shape => {
                self.dw_count.d.next = self.dw_rounded.val().get_bits::<8>(2);
                self.word_count.d.next = self.word_rounded.val().get_bits::<7>(3);
                self.cut.d.next = Cut::Enable;
            }
            Cut::Enable => {
                self.first.d.next = self.head.val();
                self.final_enables.d.next = self.tail.val();
                if self.dw_count.q.val() == 1 {
                    self.first.d.next = self.head.val() & self.tail.val();
                    self.final_enables.d.next = 0.into();
                }
                self.cut.d.next = Cut::Offer;
            }
            Cut::Offer => {
                if self.request_taken.val() {
                    self.cut.d.next = Cut::Advance;
                }
            }
            Cut::Advance => {
                self.at.d.next = self.next_at.val();
                self.left.d.next = self.next_left.val();
                self.cut.d.next = Cut::Room;
                if self.is_last.q.val() {
                    self.cut.d.next = Cut::Idle;
                }
            }
            _ => {
                self.cut.d.next = Cut::Idle;
            }
        }
        self.request.next = (self.cut.q.val() == Cut::Offer) & !self.halt.val();
        self.address.next = self.at.q.val();
        self.bytes.next = self.size.q.val();
        self.dws.next = self.dw_count.q.val();
        self.words.next = self.word_count.q.val();
        self.first_enables.next = self.first.q.val();
        self.last_enables.next = self.final_enables.q.val();
        self.last.next = self.is_last.q.val();
        if self.halt.val() {
            self.cut.d.next = Cut::Idle;
        }
    }
}
