//! Carries the unit's TLP boundary over an asynchronous serial line.
//!
//! Each beat of a stream is a numbered frame with a check sequence; what does not arrive is sent again, so a line
//! error costs time and nothing else. The sideband is a register that the other side writes; while its `link_up` is 0 the
//! bridge forgets everything. The frames: `docs/src/serial-bridge.md`.

use crate::bridge::deframer::Deframer;
use crate::bridge::framer::Framer;
use crate::bridge::resend_queue::ResendQueue;
use crate::bridge::serial_rx::SerialRx;
use crate::bridge::serial_tx::SerialTx;
use rust_hdl::prelude::*;

/// Name of the top module.
pub const NAME: &str = "serial_bridge";

crate::constants::constants! {
    /// What the head's first byte says, and the clock.
    pub Words {
        version: 8 = 1u8,
        last_clock: 7 = 124u8,
    }
}

/// See the head of the file. The streams and the sideband are those of `docs/src/tlp-boundary.md`, seen from here.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct SerialBridge {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,

    /// Clocks a bit, 8 to 255, a constant: at 125 MHz 42 is 3 Mbaud, 125 is 1 Mbaud.
    pub bit_clocks: Signal<In, Bits<8>>,
    pub serial_in: Signal<In, Bit>,
    pub serial_out: Signal<Out, Bit>,

    pub rx_req_valid: Signal<Out, Bit>,
    pub rx_req_ready: Signal<In, Bit>,
    pub rx_req_data: Signal<Out, Bits<64>>,
    pub rx_req_keep: Signal<Out, Bits<2>>,
    pub rx_req_last: Signal<Out, Bit>,

    pub rx_cpl_valid: Signal<Out, Bit>,
    pub rx_cpl_ready: Signal<In, Bit>,
    pub rx_cpl_data: Signal<Out, Bits<64>>,
    pub rx_cpl_keep: Signal<Out, Bits<2>>,
    pub rx_cpl_last: Signal<Out, Bit>,

    pub tx_req_valid: Signal<In, Bit>,
    pub tx_req_ready: Signal<Out, Bit>,
    pub tx_req_data: Signal<In, Bits<64>>,
    pub tx_req_keep: Signal<In, Bits<2>>,
    pub tx_req_last: Signal<In, Bit>,

    pub tx_cpl_valid: Signal<In, Bit>,
    pub tx_cpl_ready: Signal<Out, Bit>,
    pub tx_cpl_data: Signal<In, Bits<64>>,
    pub tx_cpl_keep: Signal<In, Bits<2>>,
    pub tx_cpl_last: Signal<In, Bit>,

    pub completer_id: Signal<Out, Bits<16>>,
    pub max_payload: Signal<Out, Bits<3>>,
    pub max_read_request: Signal<Out, Bits<3>>,
    pub rcb: Signal<Out, Bit>,
    pub bus_master_enable: Signal<Out, Bit>,
    pub msix_enable: Signal<Out, Bit>,
    pub msix_function_mask: Signal<Out, Bit>,
    pub flr_request: Signal<Out, Bit>,
    pub flr_done: Signal<In, Bit>,
    pub link_up: Signal<Out, Bit>,
    /// Once in 125 clocks.
    pub tick: Signal<Out, Bit>,
    pub config_error: Signal<In, Bit>,

    serial_rx: SerialRx,
    deframer: Deframer,
    resend_queue: ResendQueue,
    framer: Framer,
    serial_tx: SerialTx,

    sideband: DFF<Bits<32>>,
    expected: DFF<Bits<8>>,
    req_full: DFF<Bit>,
    req_data: DFF<Bits<64>>,
    req_shape: DFF<Bits<2>>,
    cpl_full: DFF<Bit>,
    cpl_data: DFF<Bits<64>>,
    cpl_shape: DFF<Bits<2>>,
    reset_done: DFF<Bit>,
    bad_frames: DFF<Bits<8>>,
    refused: DFF<Bits<8>>,
    owing: DFF<Bit>,
    yielding: DFF<Bit>,
    turn: DFF<Bit>,
    clocks: DFF<Bits<7>>,

    down: Signal<Local, Bit>,
    kind: Signal<Local, Bits<2>>,
    shape: Signal<Local, Bits<2>>,
    shaped: Signal<Local, Bit>,
    sound: Signal<Local, Bit>,
    poll: Signal<Local, Bit>,
    set_sideband: Signal<Local, Bit>,
    beat: Signal<Local, Bit>,
    room: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    refuse: Signal<Local, Bit>,
    spoilt: Signal<Local, Bit>,
    next_expected: Signal<Local, Bits<8>>,
    next_bad: Signal<Local, Bits<8>>,
    next_refused: Signal<Local, Bits<8>>,
    next_clocks: Signal<Local, Bits<7>>,
    take_req: Signal<Local, Bit>,
    take_cpl: Signal<Local, Bit>,
    say_status: Signal<Local, Bit>,
    say_beat: Signal<Local, Bit>,
    flags: Signal<Local, Bits<8>>,
    status: Signal<Local, Bits<64>>,
    words: Words,
}

impl Logic for SerialBridge {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, sideband, expected, req_full, req_data, req_shape, cpl_full, cpl_data, cpl_shape
        );
        dff_setup!(self, clock, reset_done, bad_frames, refused, owing, yielding, turn, clocks);
        clock!(self, clock, serial_rx, deframer, resend_queue, framer, serial_tx);

        // From the line.
        self.serial_rx.reset.next = self.reset.val();
        self.serial_rx.bit_clocks.next = self.bit_clocks.val();
        self.serial_rx.line.next = self.serial_in.val();
        self.deframer.reset.next = self.reset.val();
        self.deframer.received.next = self.serial_rx.received.val();
        self.deframer.octet.next = self.serial_rx.octet.val();
        self.deframer.broken.next = self.serial_rx.broken.val();

        // What the frame is.
        self.kind.next = self.deframer.control.val().get_bits::<2>(0);
        self.shape.next = self.deframer.control.val().get_bits::<2>(2);
        self.shaped.next = self.shape.val() != 0;
        self.sound.next = self.deframer.good.val() & (self.deframer.control.val().get_bits::<3>(5) == 0);
        self.poll.next =
            self.sound.val() & (self.kind.val() == 0) & !self.shaped.val() & !self.deframer.with_data.val();
        self.set_sideband.next =
            self.sound.val() & (self.kind.val() == 3) & !self.shaped.val() & self.deframer.with_data.val();
        self.beat.next = self.sound.val()
            & ((self.kind.val() == 1) | (self.kind.val() == 2))
            & self.shaped.val()
            & self.deframer.with_data.val();
        self.spoilt.next = self.deframer.bad.val()
            | (self.deframer.good.val() & !self.poll.val() & !self.set_sideband.val() & !self.beat.val());

        // Beats for the unit: one of each stream is held.
        self.down.next = self.reset.val() | !self.sideband.q.val().get_bit(31);
        self.room.next = !self.req_full.q.val();
        if self.kind.val() == 2 {
            self.room.next = !self.cpl_full.q.val();
        }
        self.accept.next = self.beat.val()
            & self.room.val()
            & (self.deframer.number.val() == self.expected.q.val())
            & !self.down.val();
        self.refuse.next = self.beat.val() & !self.accept.val();
        self.next_expected.next = self.expected.q.val() + 1;
        if self.rx_req_ready.val() {
            self.req_full.d.next = false;
        }
        if self.rx_cpl_ready.val() {
            self.cpl_full.d.next = false;
        }
        if self.accept.val() {
            self.expected.d.next = self.next_expected.val();
            if self.kind.val() == 1 {
                self.req_full.d.next = true;
                self.req_data.d.next = self.deframer.data.val();
                self.req_shape.d.next = self.shape.val();
            } else {
                self.cpl_full.d.next = true;
                self.cpl_data.d.next = self.deframer.data.val();
                self.cpl_shape.d.next = self.shape.val();
            }
        }
        self.rx_req_valid.next = self.req_full.q.val();
        self.rx_req_data.next = self.req_data.q.val();
        self.rx_req_last.next = self.req_shape.q.val().get_bit(0);
        self.rx_req_keep.next = (bit_cast::<2, 1>(self.req_shape.q.val().get_bits::<1>(1)) << 1) | 1;
        self.rx_cpl_valid.next = self.cpl_full.q.val();
        self.rx_cpl_data.next = self.cpl_data.q.val();
        self.rx_cpl_last.next = self.cpl_shape.q.val().get_bit(0);
        self.rx_cpl_keep.next = (bit_cast::<2, 1>(self.cpl_shape.q.val().get_bits::<1>(1)) << 1) | 1;

        // The sideband.
        if self.set_sideband.val() {
            self.sideband.d.next = self.deframer.data.val().get_bits::<32>(0);
        }
        self.completer_id.next = self.sideband.q.val().get_bits::<16>(0);
        self.max_payload.next = self.sideband.q.val().get_bits::<3>(16);
        self.rcb.next = self.sideband.q.val().get_bit(19);
        self.max_read_request.next = self.sideband.q.val().get_bits::<3>(20);
        self.bus_master_enable.next = self.sideband.q.val().get_bit(24);
        self.msix_enable.next = self.sideband.q.val().get_bit(25);
        self.msix_function_mask.next = self.sideband.q.val().get_bit(26);
        self.flr_request.next = self.sideband.q.val().get_bit(27);
        self.link_up.next = self.sideband.q.val().get_bit(31);
        if self.flr_done.val() {
            self.reset_done.d.next = true;
        }
        if !self.sideband.q.val().get_bit(27) {
            self.reset_done.d.next = false;
        }

        // Beats of the unit: requests and completions in turn, so that `ready` follows from nothing but the queue.
        self.turn.d.next = !self.turn.q.val();
        self.tx_req_ready.next = self.turn.q.val() & !self.resend_queue.full.val();
        self.tx_cpl_ready.next = !self.turn.q.val() & !self.resend_queue.full.val();
        self.take_req.next = self.tx_req_ready.val() & self.tx_req_valid.val();
        self.take_cpl.next = self.tx_cpl_ready.val() & self.tx_cpl_valid.val();
        self.resend_queue.clear.next = self.down.val();
        self.resend_queue.put.next = self.take_req.val() | self.take_cpl.val();
        self.resend_queue.put_data.next = self.tx_req_data.val();
        self.resend_queue.put_kind.next = (bit_cast::<4, 1>(self.tx_req_keep.val().get_bits::<1>(1)) << 3)
            | (bit_cast::<4, 1>(self.tx_req_last.val().into()) << 2)
            | 1;
        if !self.turn.q.val() {
            self.resend_queue.put_data.next = self.tx_cpl_data.val();
            self.resend_queue.put_kind.next = (bit_cast::<4, 1>(self.tx_cpl_keep.val().get_bits::<1>(1))
                << 3)
                | (bit_cast::<4, 1>(self.tx_cpl_last.val().into()) << 2)
                | 2;
        }
        self.resend_queue.acknowledge.next = self.poll.val() | self.set_sideband.val() | self.beat.val();
        self.resend_queue.acknowledged.next = self.deframer.acknowledged.val();
        self.resend_queue.resend.next =
            self.resend_queue.acknowledge.val() & self.deframer.control.val().get_bit(4);

        // Counts, and when to tell them. A beat that waits goes before a second status.
        self.next_bad.next = self.bad_frames.q.val() + 1;
        if self.spoilt.val() {
            self.bad_frames.d.next = self.next_bad.val();
        }
        self.next_refused.next = self.refused.q.val() + 1;
        if self.refuse.val() {
            self.refused.d.next = self.next_refused.val();
        }
        self.say_status.next = self.owing.q.val() & !(self.yielding.q.val() & self.resend_queue.valid.val());
        self.say_beat.next = self.resend_queue.valid.val() & !self.say_status.val();
        self.resend_queue.sent.next = self.say_beat.val() & self.framer.ready.val();
        if self.framer.ready.val() & self.say_status.val() {
            self.owing.d.next = false;
            self.yielding.d.next = true;
        }
        if self.framer.ready.val() & self.say_beat.val() {
            self.yielding.d.next = false;
        }
        if self.deframer.good.val() | self.deframer.bad.val() | self.flr_done.val() {
            self.owing.d.next = true;
        }

        // To the line.
        self.flags.next = (bit_cast::<8, 1>(self.config_error.val().into()) << 1)
            | bit_cast::<8, 1>(self.reset_done.q.val().into());
        self.status.next = bit_cast::<64, 32>(self.sideband.q.val())
            | (bit_cast::<64, 8>(self.flags.val()) << 32)
            | (bit_cast::<64, 8>(self.bad_frames.q.val()) << 40)
            | (bit_cast::<64, 8>(self.refused.q.val()) << 48)
            | (bit_cast::<64, 8>(self.words.version.val()) << 56);
        self.framer.reset.next = self.reset.val();
        self.framer.put.next = self.say_status.val() | self.say_beat.val();
        self.framer.number.next = self.resend_queue.number.val();
        self.framer.acknowledged.next = self.expected.q.val();
        self.framer.control.next = 0.into();
        self.framer.data.next = self.status.val();
        if self.say_beat.val() {
            self.framer.control.next = bit_cast::<8, 4>(self.resend_queue.kind.val());
            self.framer.data.next = self.resend_queue.data.val();
        }
        self.serial_tx.reset.next = self.reset.val();
        self.serial_tx.bit_clocks.next = self.bit_clocks.val();
        self.serial_tx.put.next = self.framer.send.val();
        self.serial_tx.octet.next = self.framer.octet.val();
        self.framer.sendable.next = self.serial_tx.ready.val();
        self.serial_out.next = self.serial_tx.line.val();

        self.next_clocks.next = self.clocks.q.val() + 1;
        self.clocks.d.next = self.next_clocks.val();
        self.tick.next = self.clocks.q.val() == self.words.last_clock.val();
        if self.tick.val() {
            self.clocks.d.next = 0.into();
        }

        if self.down.val() {
            self.expected.d.next = 0.into();
            self.req_full.d.next = false;
            self.cpl_full.d.next = false;
        }
        if self.reset.val() {
            self.sideband.d.next = 0.into();
            self.reset_done.d.next = false;
            self.bad_frames.d.next = 0.into();
            self.refused.d.next = 0.into();
            self.owing.d.next = false;
            self.yielding.d.next = false;
        }
    }
}
