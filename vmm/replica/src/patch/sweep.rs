//! Decoding all of the code, from its beginning to its end, and what it and the ways through the code agree on.

use super::descent::{Reached, Way};
use super::{Findings, Region, Site};
use iced_x86::{Code, Decoder, DecoderOptions, Instruction};

/// Sorts the instructions looked for by how sure it is that they are instructions.
pub(super) fn classify(code: &[Region<'_>], reached: &Reached) -> Findings {
    let mut findings = Findings::default();
    for (index, region) in code.iter().enumerate() {
        sweep(index, region, reached, &mut findings);
    }
    findings
}

fn sweep(index: usize, region: &Region<'_>, reached: &Reached, findings: &mut Findings) {
    let certain = |offset| reached.way(index, offset) == Way::Certain;
    let mut decoder = Decoder::with_ip(64, region.bytes, region.start, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    // Since when decoding has been in step with certain code, if it is; and what was found since.
    let mut in_step = true;
    let mut pending: Vec<(u64, Site)> = Vec::new();
    let mut at = 0;
    while at < region.bytes.len() {
        if certain(at) {
            // The run before this ended where code begins: it was in step to its end.
            settle(&mut pending, in_step, findings);
            in_step = true;
        }
        let ip = region.start.wrapping_add(at as u64);
        if decoder.position() != at {
            decoder.set_ip(ip);
            if decoder.set_position(at).is_err() {
                return;
            }
        }
        decoder.decode_out(&mut instruction);
        let length = instruction.len().max(1);
        let cuts = (at + 1..at + length).find(|inner| certain(*inner));
        if instruction.code() == Code::INVALID || cuts.is_some() {
            // No code, or code that began somewhere else: nothing in this run can be relied on.
            settle(&mut pending, false, findings);
            in_step = false;
            at = cuts.unwrap_or(at + 1);
            continue;
        }
        if let Some(site) = Site::of(&instruction) {
            match reached.way(index, at) {
                Way::Certain | Way::Perhaps => {
                    findings.certain.insert(ip, site);
                }
                Way::None => pending.push((ip, site)),
            }
        }
        at += length;
    }
    settle(&mut pending, in_step, findings);
}

fn settle(pending: &mut Vec<(u64, Site)>, in_step: bool, findings: &mut Findings) {
    let found = if in_step { &mut findings.doubtful } else { &mut findings.left };
    found.extend(pending.drain(..));
}
