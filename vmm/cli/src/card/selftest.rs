//! `covert card selftest`: a card compares some hundred records, right and wrong ones, interrupts, and is reset.

use super::{identify, open};
use crate::config::Card;
use anyhow::{Result, bail};
use covert_abi::registers::card as registers;
use covert_abi::{Header, LaneSet, Outcome, fingerprint};
use covert_driver::Unit;
use covert_driver::conformance::{Failure, Rig, Shape};
use covert_verification::unit_rig::assemble;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use std::os::fd::OwnedFd;
use std::time::Instant;

/// Records that are compared.
const RECORDS: u64 = 300;
/// Every so many records one byte differs between the lanes.
const WRONG_EVERY: u64 = 25;
/// Longest payload of the test.
const PAYLOAD_MAX: u64 = 1000;
/// How long an interrupt may take: a simulated unit on a busy machine is slow.
const PATIENCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

#[derive(Serialize)]
struct Step {
    what: &'static str,
    passed: bool,
    found: String,
    milliseconds: u64,
}

/// The command. Exit status 1 if a step fails.
pub(super) fn run(card: &Card, json: bool) -> Result<u8> {
    let steps = try_all(card)?;
    let passed = steps.iter().all(|step| step.passed);
    if json {
        let report = serde_json::json!({ "card": card.to_string(), "passed": passed, "steps": steps });
        println!("{report:#}");
    } else {
        for Step { what, passed, found, milliseconds } in &steps {
            println!(
                "{:<6} {what:<12} {found} ({milliseconds} ms)",
                if *passed { "passed" } else { "FAILED" }
            );
        }
        println!(
            "the card {card} {}",
            if passed { "works" } else { "FAILED: do not let it compare anything" }
        );
    }
    Ok(u8::from(!passed))
}

fn try_all(card: &Card) -> Result<Vec<Step>> {
    let mut port = open(card)?;
    let identity = identify(port.as_mut())?;
    if identity.lanes < 2 {
        bail!("the card {card} has one lane in a group: there is nothing to compare");
    }
    let (unit, mut rig) = assemble(port, &Shape::lanes(2))?;
    let mut steps = Vec::new();
    let mut step = |what, test: &mut dyn FnMut() -> Result<String, Failure>| {
        let began = Instant::now();
        let result = test();
        let milliseconds = began.elapsed().as_millis() as u64;
        let passed = result.is_ok();
        let found = result.unwrap_or_else(|failure| failure.to_string());
        steps.push(Step { what, passed, found, milliseconds });
    };
    step("identity", &mut || Ok(format!("unit {:016x}, contract {}", identity.rtl_hash, identity.version)));
    let mut interrupt = None;
    if identity.msix {
        step("vectors", &mut || {
            let vectors = unit.with_port(|port| port.enable_interrupts(1)).map_err(Failure::because)?;
            interrupt = vectors.into_iter().next();
            Ok("MSI-X vector 0 is on".into())
        });
    }
    step("records", &mut || compare(&mut rig));
    if let Some(fd) = &interrupt {
        step("interrupts", &mut || interrupted(fd));
    }
    // The windows close while the unit still answers.
    drop(rig);
    step("reset", &mut || reset(&unit));
    Ok(steps)
}

/// Payload number `seq`: lengths that go through all alignments, and content that is another each time.
fn payload(seq: u64) -> Vec<u8> {
    let length = seq * 37 % (PAYLOAD_MAX + 1);
    (0..length).map(|at| (at * 31 + seq * 7) as u8).collect()
}

fn compare(rig: &mut Rig) -> Result<String, Failure> {
    let both = LaneSet::first(2);
    rig.start(both, 0)?;
    let (mut first, mut wrong) = (0, 0);
    for seq in 0..RECORDS {
        let index = (seq - first) as u32;
        let right = payload(seq);
        let differs = seq % WRONG_EVERY == WRONG_EVERY - 1 && !right.is_empty();
        for lane in both.iter() {
            let mut bytes = right.clone();
            if differs && lane == 1 {
                let at = seq as usize % bytes.len();
                bytes[at] ^= 1 << (seq % 8);
            }
            rig.put(lane, index, rig.header(seq), &bytes);
            rig.ring(lane, index + 1)?;
        }
        let verdicts = rig.verdicts()?;
        let [verdict] = verdicts[..] else {
            return Err(Failure(format!("record {seq} got {} verdicts: {verdicts:?}", verdicts.len())));
        };
        let wanted = if differs { Outcome::Mismatch } else { Outcome::Match };
        if (verdict.seq, verdict.outcome) != (seq, wanted) {
            return Err(Failure(format!("record {seq} should get {wanted:?} and got {verdict:?}")));
        }
        if differs {
            // Nobody knows which lane is right: the group has halted, and goes on with the next record.
            wrong += 1;
            rig.group.flush(both, seq + 1).map_err(Failure::because)?;
            first = seq + 1;
            let ended = rig.verdicts()?;
            if ended.len() != 1 || ended[0].outcome != Outcome::Flushed {
                return Err(Failure(format!(
                    "after the mismatch at {seq} the group should be flushed: {ended:?}"
                )));
            }
            continue;
        }
        let header = Header { length: right.len() as u32, ..rig.header(seq) };
        if verdict.fingerprint != fingerprint(&right, &header) {
            return Err(Failure(format!("record {seq} has another fingerprint: {verdict:?}")));
        }
        rig.group.release(seq + 1).map_err(Failure::because)?;
    }
    Ok(format!("{} matches, {wrong} mismatches, as they should be", RECORDS - wrong))
}

fn interrupted(fd: &OwnedFd) -> Result<String, Failure> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    if poll(&mut fds, Some(&PATIENCE)).map_err(Failure::because)? == 0 {
        return Err(Failure("no interrupt came: is interrupt remapping on, and MSI-X not masked?".into()));
    }
    let mut count = [0; 8];
    rustix::io::read(fd, &mut count).map_err(Failure::because)?;
    Ok(format!("{} came", u64::from_ne_bytes(count)))
}

fn reset(unit: &Unit) -> Result<String, Failure> {
    let control = unit.with_port(|port| {
        port.reset()?;
        port.read(registers::CONTROL)
    });
    match control.map_err(Failure::because)? {
        0 => Ok("answers, and is switched off".into()),
        control => Err(Failure(format!("CONTROL is {control:#x} after a reset"))),
    }
}
