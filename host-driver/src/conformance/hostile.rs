//! Arbitrary bytes in place of everything that comes from elsewhere. The fuzz targets and the property tests call these.

use super::expect::Failure;
use super::rig::{Factory, Shape};
use super::trace::{Run, Step};
use crate::entry::Entry;
use covert_abi::{Header, Submission, Verdict};

/// Takes bytes from the front of the input; zeros when it is used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        let available = N.min(self.0.len());
        let (front, rest) = self.0.split_at(available);
        taken[..available].copy_from_slice(front);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

/// Opens any bytes as a submission entry; what opens must be what seals to the same bytes, and the quick check must
/// agree with the contract's.
///
/// # Errors
/// It does not.
pub fn submission_open(input: &[u8]) -> Result<(), Failure> {
    let entry: [u8; 64] = Bytes(input).take();
    let opened = Submission::open(&entry);
    if opened.is_ok_and(|submission| submission.seal() != entry) {
        return Err(Failure(format!("{entry:02x?} opens, but seals to something else")));
    }
    let checked = Entry::from_bytes(&entry).check();
    if checked != opened.map(|_| ()) {
        return Err(Failure(format!("{entry:02x?}: {opened:?}, but the quick check says {checked:?}")));
    }
    Ok(())
}

/// Opens any bytes as a verdict; what opens must seal to the same bytes.
///
/// # Errors
/// It does not.
pub fn verdict_open(input: &[u8]) -> Result<(), Failure> {
    let entry: [u8; 32] = Bytes(input).take();
    match Verdict::open(&entry) {
        Ok(verdict) if verdict.seal(entry[28] & 1 == 1) != entry => {
            Err(Failure(format!("{verdict:?} opens from {entry:02x?}, but seals to something else")))
        }
        _ => Ok(()),
    }
}

/// Reads any bytes as a trace and runs it. Gives the number of records judged.
///
/// # Errors
/// The group has answered something that it never may.
pub fn group(factory: &dyn Factory, input: &[u8]) -> Result<u64, Failure> {
    let mut input = Bytes(input);
    let [lanes, sizes] = input.take();
    let shape = Shape {
        ring_log2: u32::from(sizes & 3),
        slot_bytes: 128,
        skew_log2: u32::from(sizes >> 2 & 3),
        verdict_log2: u32::from(sizes >> 4 & 3),
        fault_log2: u32::from(sizes >> 6),
        payload_max: 100,
        ..Shape::lanes(usize::from(lanes % 4) + 1)
    };
    let mut run = Run::new(factory, &shape)?;
    while !input.0.is_empty() {
        run.step(&step(&mut input))?;
    }
    run.finish()
}

fn step(input: &mut Bytes<'_>) -> Step {
    let [what, who] = input.take();
    let lane = usize::from(who);
    match what % 16 {
        0..=3 => Step::Submit { lane, content: input.byte() % 4 },
        4 => Step::Entry { lane, entry: input.take() },
        5 | 6 => Step::Forge {
            lane,
            change: Header { length: u32::from(input.byte()), ..Header::from_bytes(&input.take()) },
            iova: 0x1_0000_0000 * (u64::from(who) % 4 + 1) + input.long() % 0x4000,
        },
        7 => Step::Forge { lane, change: Header::default(), iova: input.long() },
        8 => Step::Ring {
            lane,
            generation: u32::from(input.byte() % 4).wrapping_sub(1),
            tail: u32::from(input.byte()),
        },
        9 => Step::Write { lane, offset: input.long() % 0x3000, bytes: input.take() },
        10 | 11 => Step::Poll { count: who },
        12 => Step::Ticks { ticks: u16::from(who) },
        13 => Step::Flush { members: who, start: input.long() },
        14 => Step::Reset { lane, place: who & 0x80 != 0 },
        _ => Step::Release,
    }
}
