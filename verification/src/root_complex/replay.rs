//! A trace played to a unit again: the same inputs clock by clock, and the same packets expected.

use super::pins::{Inputs, UnderTest};
use super::tlp::Tlp;
use super::trace::{Event, Stream, Trace};
use super::watch::Watch;
use std::collections::VecDeque;

/// How a replay differs from what was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("clock {clock}: recorded {recorded}, now {now}")]
pub struct Difference {
    /// The clock.
    pub clock: u64,
    /// What was recorded.
    pub recorded: String,
    /// What came.
    pub now: String,
}

/// Plays the trace to a freshly reset unit. `each` sees every clock's number before its edge, to dump waves or stop early.
///
/// # Errors
/// The first packet that differs or comes at another clock.
pub fn replay<U: UnderTest>(
    trace: &Trace,
    unit: &mut U,
    mut each: impl FnMut(u64, &mut U),
) -> Result<(), Box<Difference>> {
    unit.reset();
    let mut events: VecDeque<&(u64, Event)> = trace.events.iter().collect();
    let mut inputs = Inputs::default();
    let mut watches = [(Stream::TxReq, Watch::default()), (Stream::TxCpl, Watch::default())];
    for clock in 0..trace.clocks {
        let mut expected = Vec::new();
        while let Some((_, event)) = events.pop_front_if(|(at, _)| *at <= clock) {
            match event {
                Event::Inputs(changed) => inputs = *changed,
                Event::Packet(stream, words) => expected.push((*stream, words.clone())),
                Event::Reset => {
                    unit.reset();
                    watches = [(Stream::TxReq, Watch::default()), (Stream::TxCpl, Watch::default())];
                }
                Event::Note(_) => {}
            }
        }
        let outputs = unit.settle(&inputs);
        let mut found = Vec::new();
        for (stream, watch) in &mut watches {
            let (beat, ready) = match stream {
                Stream::TxReq => (outputs.tx_req, inputs.tx_req_ready),
                Stream::TxCpl => (outputs.tx_cpl, inputs.tx_cpl_ready),
            };
            // A broken rule was recorded as it was; only packets are compared here.
            if let Ok(Some(taken)) = watch.see(beat, ready, clock) {
                found.push((*stream, taken.words));
            }
        }
        if found != expected {
            return Err(Box::new(Difference { clock, recorded: show(&expected), now: show(&found) }));
        }
        each(clock, unit);
        unit.clock();
    }
    Ok(())
}

fn show(packets: &[(Stream, Vec<u32>)]) -> String {
    let one = |(stream, words): &(Stream, Vec<u32>)| match Tlp::decode(words) {
        Ok(tlp) => format!("{stream:?} {tlp}"),
        Err(error) => format!("{stream:?} {words:08x?} ({error})"),
    };
    if packets.is_empty() { "nothing".into() } else { packets.iter().map(one).collect::<Vec<_>>().join(", ") }
}
