//! What a test or a driver does with the root complex: BAR accesses, commands, waiting, tracing.

use super::fate::Fate;
use super::pins::{Outputs, Sideband, UnderTest};
use super::requester::HostAnswer;
use super::rules::{Rule, Violation};
use super::stream::beats;
use super::tlp::{Request, Status, Tlp};
use super::trace::{Trace, TraceWriter};
use super::{Interrupt, Link, RootComplex, Traffic};

/// Clocks after which a host that takes nothing itself gives up waiting for an answer.
const PATIENCE: u64 = 1_000_000;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The unit broke a rule.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The unit refused a read of the host.
    #[error("read of BAR 0 at {offset:#x} ended with {status:?}")]
    Refused {
        /// Where.
        offset: u64,
        /// How.
        status: Status,
    },
    /// What was waited for did not happen.
    #[error("{what} did not happen within {clocks} clocks")]
    GaveUp {
        /// What.
        what: &'static str,
        /// How long.
        clocks: u64,
    },
}

impl<U: UnderTest> RootComplex<U> {
    // ---- the host's requests ----------------------------------------------------------------

    /// Sends a posted write of one or two words to BAR 0 and does not wait.
    pub fn post(&mut self, offset: u64, words: &[u32]) {
        self.disturb();
        self.requester.write(offset, words, &self.link);
    }

    /// Sends a read of `bytes` bytes of BAR 0 and does not wait; gives its tag.
    pub fn start_read(&mut self, offset: u64, bytes: u32) -> u8 {
        self.disturb();
        self.requester.read(offset, bytes, &self.link)
    }

    /// Sends words as they are. With `completed`, the unit owes a completion for this request.
    pub fn send_raw(&mut self, words: Vec<u32>, completed: Option<Request>) -> u8 {
        self.disturb();
        self.requester.raw(words, completed)
    }

    /// Sends words as they are on the stream of completions, behind what is under way there.
    pub fn send_raw_completion(&mut self, words: &[u32]) {
        self.disturb();
        self.rx_cpl.beats.extend(beats(words));
    }

    /// The answer to a read, if it has come.
    pub fn answer(&mut self, tag: u8) -> Option<HostAnswer> {
        self.requester.answer(tag)
    }

    /// Reads one word of BAR 0. Writes before it have arrived then, and what the unit wrote before its answer too.
    ///
    /// # Errors
    /// A broken rule, or a refusal.
    pub fn read_word(&mut self, offset: u64) -> Result<u32, Failure> {
        let words = self.read(offset, 4)?;
        Ok(words.first().copied().unwrap_or(0))
    }

    /// Reads two words of BAR 0 in one request.
    ///
    /// # Errors
    /// A broken rule, or a refusal.
    pub fn read_pair(&mut self, offset: u64) -> Result<u64, Failure> {
        let words = self.read(offset, 8)?;
        Ok(words.iter().rev().fold(0, |value, word| value << 32 | u64::from(*word)))
    }

    fn read(&mut self, offset: u64, bytes: u32) -> Result<Vec<u32>, Failure> {
        // A read of the host makes the unit do nothing else: a quiet unit stays as quiet as it was.
        let quiet = self.requester.queue.is_empty().then_some((self.idle, self.still));
        let before = self.traffic;
        let words = self.read_through(offset, bytes)?;
        if let Some((idle, still)) = quiet
            && self.traffic == before
        {
            (self.idle, self.still) = (idle + 1, still);
        }
        Ok(words)
    }

    fn read_through(&mut self, offset: u64, bytes: u32) -> Result<Vec<u32>, Failure> {
        let tag = self.start_read(offset, bytes);
        for _ in 0..PATIENCE {
            if let Some(HostAnswer { status, words }) = self.answer(tag) {
                return match status {
                    Status::Success => Ok(words),
                    status => Err(Failure::Refused { offset, status }),
                };
            }
            self.step()?;
        }
        Err(Failure::GaveUp { what: "the answer to a read of BAR 0", clocks: PATIENCE })
    }

    /// From now on shows each request of the unit, read, write or interrupt, before anything of it has an effect. What is
    /// answered becomes of it.
    pub fn show_requests(&mut self, onlooker: impl FnMut(&Tlp) -> Fate + Send + 'static) {
        self.onlooker = Some(Box::new(onlooker));
    }

    // ---- time -------------------------------------------------------------------------------

    /// Clocks since the beginning.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// Lets `clocks` clocks pass.
    ///
    /// # Errors
    /// A broken rule.
    pub fn run(&mut self, clocks: u64) -> Result<(), Violation> {
        (0..clocks).try_for_each(|_| self.step())
    }

    /// Lets time pass until nothing has moved on any stream, and nothing is owed, for `quiet` clocks, or until the unit is
    /// known to do nothing by itself any more; gives the clocks that it took.
    ///
    /// # Errors
    /// A broken rule, or no quiet within `limit` clocks.
    pub fn settle(&mut self, quiet: u64, limit: u64) -> Result<u64, Failure> {
        let mut clocks = 0;
        while clocks < limit {
            if self.still || self.idle >= quiet {
                return Ok(clocks);
            }
            let skipped = self.skip((limit - clocks).min(quiet - self.idle));
            clocks += skipped;
            if skipped == 0 {
                self.step()?;
                clocks += 1;
            }
        }
        Err(Failure::GaveUp { what: "quiet on every stream", clocks: limit })
    }

    /// Gives `count` ticks, one in each of the next clocks.
    pub fn tick(&mut self, count: u64) {
        self.disturb();
        self.ticks_due += count;
    }

    // ---- sideband ---------------------------------------------------------------------------

    /// Switches bus mastering.
    pub fn set_bus_master(&mut self, on: bool) {
        self.sideband.bus_master_enable = on;
        self.bus_master_since = self.clock;
        self.disturb();
    }

    /// Switches MSI-X and its function mask.
    pub fn set_interrupts(&mut self, enable: bool, mask: bool) {
        self.sideband.msix_enable = enable;
        self.sideband.msix_function_mask = mask;
        self.interrupts_since = self.clock;
        self.disturb();
    }

    /// Changes how the link behaves from the next clock on. IDs and sizes stay.
    pub fn change_behaviour(&mut self, change: impl FnOnce(&mut Link)) {
        change(&mut self.link);
    }

    /// The link's settings.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The sideband as it is driven.
    pub fn sideband(&self) -> &Sideband {
        &self.sideband
    }

    /// What the unit showed in the last clock.
    pub fn outputs(&self) -> &Outputs {
        &self.last
    }

    /// Resets the function and waits until that is done.
    ///
    /// # Errors
    /// A broken rule: also when it takes too long or leaves reads open.
    pub fn function_reset(&mut self) -> Result<(), Violation> {
        self.sideband.flr_request = true;
        let began = self.clock;
        loop {
            self.step()?;
            let fail = |found: String| Violation { rule: Rule::FunctionReset, clock: self.clock, found };
            if self.last.flr_done {
                if self.completer.coming() > 0 {
                    return Err(fail(format!("{} reads are still to be answered", self.completer.coming())));
                }
                break;
            }
            if self.clock - began > self.link.reset_patience {
                return Err(fail(format!("not done after {} clocks", self.clock - began)));
            }
        }
        self.sideband.flr_request = false;
        self.requester.clear();
        self.step()
    }

    /// Resets the unit as a fundamental reset does, and forgets everything that was under way.
    pub fn hard_reset(&mut self) {
        self.unit.reset();
        self.requester.clear();
        self.completer.clear();
        self.rx_req = super::Feed::default();
        self.rx_cpl = super::Feed::default();
        self.tx_req = super::Watch::default();
        self.tx_cpl = super::Watch::default();
        self.interrupts.clear();
        self.traffic = Traffic::default();
        self.disturb();
        if let Some(trace) = &mut self.trace {
            trace.reset(self.clock);
        }
    }

    // ---- what was seen ----------------------------------------------------------------------

    /// The oldest interrupt that was not asked for yet.
    pub fn next_interrupt(&mut self) -> Option<Interrupt> {
        self.interrupts.pop_front()
    }

    /// Counts of what crossed the boundary.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The clock at which the unit's last write into memory was first offered.
    pub fn last_write(&self) -> u64 {
        self.last_write
    }

    /// The unit, to look into.
    pub fn unit(&mut self) -> &mut U {
        &mut self.unit
    }

    /// Starts to record everything, with this seed noted in the trace. The unit must not have been clocked yet, or
    /// have been reset since.
    pub fn record(&mut self, seed: u64) {
        self.trace = Some(TraceWriter::new(seed, self.clock));
    }

    /// Notes a remark in the trace, if there is one.
    pub fn note(&mut self, text: &str) {
        if let Some(trace) = &mut self.trace {
            trace.note(self.clock, text);
        }
    }

    /// Bytes recorded so far, if anything is recorded.
    pub fn recorded(&self) -> Option<usize> {
        self.trace.as_ref().map(TraceWriter::bytes)
    }

    /// Ends the recording and gives it.
    pub fn take_trace(&mut self) -> Option<Trace> {
        let clock = self.clock;
        self.trace.take().map(|trace| trace.finish(clock))
    }
}
