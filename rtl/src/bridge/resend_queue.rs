//! Keeps what was sent until the other side has it: a queue of 64 beats that can be sent again.
//!
//! Beats are numbered modulo 256. `head` is the oldest that is not acknowledged, `at` the next to send. An acknowledgement
//! names the next number that the other side wants; one that names no beat of the queue is ignored.

use crate::leaf::LutRam;
use rust_hdl::prelude::*;

/// See the head of the file.
#[derive(LogicBlock, Default)]
pub struct ResendQueue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the queue and begins at number 0.
    pub clear: Signal<In, Bit>,
    /// Whether to append `put_data`, if not `full`.
    pub put: Signal<In, Bit>,
    /// The beat to append.
    pub put_data: Signal<In, Bits<64>>,
    /// What belongs to it: its stream, and its `keep` and `last`.
    pub put_kind: Signal<In, Bits<4>>,
    /// Whether there is no room for one more.
    pub full: Signal<Out, Bit>,
    /// Whether there is a beat to send.
    pub valid: Signal<Out, Bit>,
    /// The beat to send.
    pub data: Signal<Out, Bits<64>>,
    /// What was put with it.
    pub kind: Signal<Out, Bits<4>>,
    /// Its number; without one, the number that the next will have.
    pub number: Signal<Out, Bits<8>>,
    /// It is sent.
    pub sent: Signal<In, Bit>,
    /// There is an acknowledgement.
    pub acknowledge: Signal<In, Bit>,
    /// The number it names.
    pub acknowledged: Signal<In, Bits<8>>,
    /// Send again from the oldest on.
    pub resend: Signal<In, Bit>,

    words: LutRam<64, 6>,
    kinds: LutRam<4, 6>,
    head: DFF<Bits<8>>,
    at: DFF<Bits<8>>,
    tail: DFF<Bits<8>>,

    used: Signal<Local, Bits<8>>,
    unanswered: Signal<Local, Bits<8>>,
    done: Signal<Local, Bits<8>>,
    oldest: Signal<Local, Bits<8>>,
    next_tail: Signal<Local, Bits<8>>,
    next_at: Signal<Local, Bits<8>>,
}

impl Logic for ResendQueue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, at, tail);
        clock!(self, clock, words, kinds);
        self.used.next = self.tail.q.val() - self.head.q.val();
        self.unanswered.next = self.at.q.val() - self.head.q.val();
        self.done.next = self.acknowledged.val() - self.head.q.val();
        self.next_tail.next = self.tail.q.val() + 1;
        self.next_at.next = self.at.q.val() + 1;

        self.words.write.next = self.put.val();
        self.words.write_address.next = self.tail.q.val().get_bits::<6>(0);
        self.words.write_data.next = self.put_data.val();
        self.words.address.next = self.at.q.val().get_bits::<6>(0);
        self.data.next = self.words.data.val();
        self.kinds.write.next = self.put.val();
        self.kinds.write_address.next = self.tail.q.val().get_bits::<6>(0);
        self.kinds.write_data.next = self.put_kind.val();
        self.kinds.address.next = self.at.q.val().get_bits::<6>(0);
        self.kind.next = self.kinds.data.val();
        self.number.next = self.at.q.val();
        self.valid.next = self.at.q.val() != self.tail.q.val();
        self.full.next = self.used.val() == 64;

        if self.put.val() {
            self.tail.d.next = self.next_tail.val();
        }
        if self.sent.val() {
            self.at.d.next = self.next_at.val();
        }
        self.oldest.next = self.head.q.val();
        if self.acknowledge.val() & (self.done.val() <= self.used.val()) {
            self.oldest.next = self.acknowledged.val();
            // What was about to be sent again has arrived the first time.
            if self.done.val() > self.unanswered.val() {
                self.at.d.next = self.acknowledged.val();
            }
        }
        self.head.d.next = self.oldest.val();
        if self.resend.val() {
            self.at.d.next = self.oldest.val();
        }
        if self.clear.val() {
            self.head.d.next = 0.into();
            self.at.d.next = 0.into();
            self.tail.d.next = 0.into();
        }
    }
}
