//! What a run with a fault came to. The demo succeeds only with a run in which everything held that it is there to show.

use super::event::{Event, Fault, Summary, Verdict};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

/// What is to be judged.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// What `covert run` said.
    pub(super) events: Vec<Event>,
    /// Its exit status; none if a signal ended it.
    pub(super) status: Option<i32>,
    /// What the guest put out.
    pub(super) output: Vec<u8>,
}

/// A fault that the unit saw and the machine recovered from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Caught {
    pub(super) fault: Fault,
    pub(super) verdict: Verdict,
    /// Clocks of the unit from the doorbells of the record to the verdict's write.
    pub(super) unit_clocks: u64,
    pub(super) rolled_back_ms: f64,
    pub(super) running_on_ms: f64,
    pub(super) caught_up_ms: f64,
    pub(super) summary: Summary,
}

/// What became of a fault.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The unit saw it.
    Caught(Box<Caught>),
    /// Nothing went wrong, but there is nothing to show either: for this reason.
    Another(String),
}

/// The summary of a run that went as it should, whatever became of its faults.
///
/// # Errors
/// It did not come to its end, put out something else than natively, or was not compared by `comparator`.
pub(super) fn sound<'a>(ended: &'a Ended, native: &[u8], comparator: &str) -> Result<&'a Summary> {
    let Some(Event::Summary(summary)) = ended.events.last() else {
        bail!("`covert run` ended with status {:?} and without a summary", ended.status);
    };
    for event in &ended.events {
        if let Event::CardLost { why, .. } = event {
            bail!("the simulated card was given up, software compared in its place: {why}");
        }
    }
    ensure!(summary.end == "finished", "the machine was stopped: {}", summary.end);
    ensure!(ended.status == Some(0), "`covert run` ended with status {:?}", ended.status);
    ensure!(
        summary.comparator == comparator,
        "compared by {}, though {comparator} was asked for",
        summary.comparator
    );
    ensure!(
        ended.output == native,
        "the output is NOT what the program puts out natively: {} bytes, natively {}",
        ended.output.len(),
        native.len()
    );
    Ok(summary)
}

/// What became of the fault that a run was to have.
///
/// # Errors
/// Something did not hold.
pub(super) fn judge(ended: &Ended, native: &[u8]) -> Result<Outcome> {
    let summary = sound(ended, native, "unit")?;
    let events = &ended.events;
    let another = |why: &str| Ok(Outcome::Another(why.into()));
    let alarms = || events.iter().filter_map(Event::alarm);
    let first = alarms().min_by(|one, other| one.0.total_cmp(&other.0));
    let fault = events.iter().find_map(|event| match event {
        Event::FaultInjected(fault) => Some(fault),
        _ => None,
    });
    let Some(fault) = fault else {
        ensure!(first.is_none() && summary.mismatches == 0, "a mismatch was seen without a fault");
        return another("the guest had ended before its moment came");
    };
    let Some((first_ms, first)) = first else {
        ensure!(
            summary.mismatches == 0 && summary.recoveries == 0,
            "the summary counts a mismatch or a recovery that was not told"
        );
        if !fault.made {
            return another("there is nothing at that address");
        }
        return another("masked: nothing that came out depended on the bit");
    };
    ensure!(fault.made, "something went wrong, though nothing was flipped: {first}");
    ensure!(first_ms >= fault.ms, "something was wrong before the fault was made: {first}");
    let verdict = events.iter().find_map(|event| match event {
        Event::Verdict(verdict) if verdict.ms <= first_ms => Some(verdict),
        _ => None,
    });
    let Some(verdict) = verdict.filter(|verdict| verdict.outcome == "Mismatch") else {
        return Ok(Outcome::Another(format!(
            "it was found by something else than the unit's comparison: {first}"
        )));
    };
    let (rolled_back_ms, running_on_ms, caught_up_ms) = recovery(events, verdict)?;
    ensure!(verdict.seq >= fault.seq, "record {} had been produced before the fault", verdict.seq);
    ensure!(
        summary.mismatches > 0 && summary.recoveries > 0,
        "the summary counts no mismatch or no recovery"
    );
    Ok(Outcome::Caught(Box::new(Caught {
        fault: fault.clone(),
        verdict: verdict.clone(),
        unit_clocks: verdict.unit_clocks.context("the verdict came without its clocks: is it the unit's?")?,
        rolled_back_ms,
        running_on_ms,
        caught_up_ms,
        summary: summary.clone(),
    })))
}

/// When the machine went back after the verdict, ran on, and had caught up.
fn recovery(events: &[Event], verdict: &Verdict) -> Result<(f64, f64, f64)> {
    let back = events.iter().find_map(|event| match event {
        Event::Rollback { ms, reason, .. } if *ms >= verdict.ms => Some((*ms, reason)),
        _ => None,
    });
    let (back, reason) = back.context("the unit saw a mismatch and the machine did not go back")?;
    ensure!(reason == "Verdict(Mismatch)", "the machine went back for another reason: {reason}");
    let on = events.iter().find_map(|event| match event {
        Event::Recovered { ms, .. } if *ms >= back => Some(*ms),
        _ => None,
    });
    let on = on.context("the machine went back and did not run on")?;
    let up = events.iter().find_map(|event| match event {
        Event::CaughtUp { ms, seq, .. } if *ms >= on && *seq >= verdict.seq => Some(*ms),
        _ => None,
    });
    Ok((back, on, up.context("the machine never came past the record of the mismatch again")?))
}

#[cfg(test)]
mod tests;
