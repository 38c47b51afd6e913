//! The block's receive side: what has come over the link and is offered on `m_axis_rx`.
//!
//! Packets come in the order of the link, but those behind a non-posted request pass it while `rx_np_ok` is low. The block may
//! still send two non-posted requests after that.

use super::axis::{Beat, beats};
use crate::random::Random;
use crate::root_complex::stream;
use std::collections::VecDeque;

/// Requests that the block holds before it gives no more credits.
const REQUESTS: usize = 16;
/// Non-posted requests that may come after `rx_np_ok` has gone low.
const AFTER: u32 = 2;
/// `rx_bar_hit[0]`.
const BAR_0: u32 = 1 << 2;

/// See the head of the file.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    collected: [Vec<u32>; 2],
    queue: VecDeque<Packet>,
    current: VecDeque<Beat>,
    offering: bool,
    allowance: u32,
}

#[derive(Debug)]
struct Packet {
    beats: VecDeque<Beat>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Posted,
    NonPosted,
    Completion,
}

fn kind(first: u32) -> Kind {
    match (first >> 30 & 1, first >> 24 & 0x1F) {
        (_, 0b01010 | 0b01011) => Kind::Completion,
        (1, 0) | (_, 0b10000..=0b10111) => Kind::Posted,
        _ => Kind::NonPosted,
    }
}

impl Receiver {
    /// Whether there are credits for a request.
    pub(super) fn has_room(&self) -> bool {
        self.queue.iter().filter(|packet| packet.kind != Kind::Completion).count() < REQUESTS
    }

    /// Whether nothing has come that was not taken.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.current.is_empty() && self.collected.iter().all(Vec::is_empty)
    }

    /// A beat from the link, of the stream of completions or of requests.
    pub(super) fn collect(&mut self, beat: stream::Beat, completion: bool) {
        let words = &mut self.collected[usize::from(completion)];
        words.push(beat.data as u32);
        if beat.keep == 0b11 {
            words.push((beat.data >> 32) as u32);
        }
        if beat.last {
            let words = std::mem::take(words);
            self.arrive(words, !completion);
        }
    }

    /// A whole packet has come; `hit` is whether it is for BAR 0.
    pub(super) fn arrive(&mut self, words: Vec<u32>, hit: bool) {
        let kind = words.first().map_or(Kind::Posted, |first| kind(*first));
        let user = if hit { BAR_0 } else { 0 };
        self.queue.push_back(Packet { beats: beats(words, user).into(), kind });
    }

    /// What `rx_np_ok` is at an edge.
    pub(super) fn non_posted_ok(&mut self, ok: bool) {
        if ok {
            self.allowance = AFTER;
        }
    }

    /// The beat that is offered in this clock.
    pub(super) fn offered(&self) -> Option<Beat> {
        self.current.front().filter(|_| self.offering).copied()
    }

    /// The beat that is offered was taken.
    pub(super) fn taken(&mut self) {
        if self.offering {
            self.current.pop_front();
            self.offering = false;
        }
    }

    /// What to offer in the next clock. A beat that is offered stays.
    pub(super) fn decide(&mut self, random: &mut Random) {
        if self.current.is_empty() {
            let blocked = self.allowance == 0;
            let next = self.queue.iter().position(|packet| !(blocked && packet.kind == Kind::NonPosted));
            if let Some(packet) = next.and_then(|next| self.queue.remove(next)) {
                if packet.kind == Kind::NonPosted {
                    self.allowance -= 1;
                }
                self.current = packet.beats;
            }
        }
        self.offering |= !self.current.is_empty() && random.percent(85);
    }
}
