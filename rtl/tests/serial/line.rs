//! A serial line with its two ends' clocks, and what disturbs it.

use crate::common::Random;
use std::collections::VecDeque;

/// The host's end of a line, sampled once a clock of the card.
pub(crate) struct Line {
    /// Clocks of the card for a bit of the host.
    period: f64,
    clock: f64,
    sending: Option<(f64, [bool; 10])>,
    /// Bytes that wait to be sent.
    pub(crate) queue: VecDeque<u8>,
    hearing: Option<(f64, usize, u8)>,
    silent: bool,
    /// One byte in so many has a bit flipped, in either direction; 0 is none.
    pub(crate) noise: u64,
    /// The host holds the line low.
    pub(crate) held: bool,
    flip: Option<usize>,
    random: Random,
}

impl Line {
    pub(crate) fn new(period: f64, seed: u64) -> Line {
        Line {
            period,
            clock: 0.0,
            sending: None,
            queue: VecDeque::new(),
            hearing: None,
            silent: false,
            noise: 0,
            held: false,
            flip: None,
            random: Random::new(seed),
        }
    }

    /// The level that the card sees in this clock.
    pub(crate) fn level(&mut self) -> bool {
        self.clock += 1.0;
        if let Some((start, _)) = self.sending
            && self.clock - start >= 10.0 * self.period
        {
            // The next byte may follow at once, wherever in a clock of the card that is.
            let next = start + 10.0 * self.period;
            self.sending = self.queue.pop_front().map(|byte| (next, self.bits(byte)));
        }
        if self.sending.is_none()
            && let Some(byte) = self.queue.pop_front()
        {
            // After silence it begins anywhere between two clocks of the card.
            let before = self.random.below(1 << 20) as f64 / f64::from(1 << 20);
            self.sending = Some((self.clock - before, self.bits(byte)));
        }
        let level =
            self.sending.is_none_or(|(start, bits)| bits[((self.clock - start) / self.period) as usize]);
        level && !self.held
    }

    fn bits(&mut self, byte: u8) -> [bool; 10] {
        let mut bits = [true; 10];
        bits[0] = false;
        for bit in 0..8 {
            bits[bit + 1] = byte >> bit & 1 == 1;
        }
        if self.noise != 0 && self.random.once_in(self.noise) {
            bits[self.random.below(10) as usize] ^= true;
        }
        bits
    }

    /// What the card's level completes: a byte, or `None` inside for one without its stop bit.
    pub(crate) fn hear(&mut self, level: bool) -> Option<Option<u8>> {
        let Some((start, count, byte)) = &mut self.hearing else {
            if !level && self.silent {
                self.hearing = Some((self.clock, 0, 0));
                let noisy = self.noise != 0 && self.random.once_in(self.noise);
                self.flip = noisy.then(|| self.random.below(9) as usize);
            }
            self.silent = level;
            return None;
        };
        if self.clock < *start + (1.5 + *count as f64) * self.period {
            return None;
        }
        let level = level ^ (self.flip == Some(*count));
        if *count == 8 {
            let byte = *byte;
            self.hearing = None;
            self.silent = level;
            return Some(level.then_some(byte));
        }
        *byte |= u8::from(level) << *count;
        *count += 1;
        None
    }
}
