//! One entry, check by check: unit.md, "An entry".

use super::Memory;
use super::crc;
use covert_abi::FaultCause;
use covert_abi::submission::{CHECK_OFFSET, FLAG_INLINE, INLINE_MAX, SubmissionEntry};

/// What the entry is examined against.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Address of the entry.
    pub address: u64,
    /// The lane's window: first address inside, first address behind.
    pub window: (u64, u64),
    /// The lane's group.
    pub group: u16,
    /// The group's generation.
    pub generation: u32,
    /// The record that is due.
    pub seq: u64,
    /// Longest payload.
    pub payload_max: u32,
}

/// Why the lane is locked, and the address or tail that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub cause: FaultCause,
    /// As in the fault entry.
    pub address: u64,
}

/// Fetches the entry's own bytes.
///
/// # Errors
/// They lie outside the window or cannot be read.
pub fn fetch_entry(due: &Due, memory: &mut dyn Memory) -> Result<[u8; SubmissionEntry::BYTES], Failure> {
    let mut bytes = [0; SubmissionEntry::BYTES];
    fetch(due, due.address, &mut bytes, memory)?;
    Ok(bytes)
}

/// Checks an entry that was fetched, fetches its payload and gives the fingerprint.
///
/// # Errors
/// The first check that fails.
pub fn examine(
    due: &Due,
    bytes: [u8; SubmissionEntry::BYTES],
    memory: &mut dyn Memory,
) -> Result<u64, Failure> {
    let fail = |cause| Err(Failure { cause, address: 0 });

    let entry = SubmissionEntry::from_bytes(&bytes);
    let header = entry.header;

    if entry.check != crc::check_code(&bytes, CHECK_OFFSET) {
        return fail(FaultCause::Check);
    }
    if entry.flags & !FLAG_INLINE != 0 {
        return fail(FaultCause::Reserved);
    }
    let inline = entry.flags == FLAG_INLINE;
    if inline && header.length > INLINE_MAX as u32 {
        return fail(FaultCause::Length);
    }
    let used = if inline { header.length as usize } else { 8 };
    if entry.body[used..].iter().any(|byte| *byte != 0) {
        return fail(FaultCause::Reserved);
    }
    if header.group != due.group {
        return fail(FaultCause::Group);
    }
    if header.generation != due.generation {
        return fail(FaultCause::Generation);
    }
    if header.seq != due.seq {
        return fail(FaultCause::Sequence);
    }
    if header.length > due.payload_max {
        return fail(FaultCause::Length);
    }
    let payload = if inline {
        entry.body[..used].to_vec()
    } else if header.length == 0 {
        Vec::new()
    } else {
        let mut address = [0; 8];
        address.copy_from_slice(&entry.body[..8]);
        let mut payload = vec![0; header.length as usize];
        fetch(due, u64::from_le_bytes(address), &mut payload, memory)?;
        payload
    };
    Ok(crc::fingerprint(&payload, &header.to_bytes()))
}

/// The two checks of every read: inside the window, and readable.
fn fetch(due: &Due, first: u64, bytes: &mut [u8], memory: &mut dyn Memory) -> Result<(), Failure> {
    let fail = |cause| Failure { cause, address: first };
    let (base, limit) = due.window;
    // 128 bits: the end of a range at the top of the address space must not wrap to 0.
    let end = u128::from(first) + bytes.len() as u128;
    if first < base || end > u128::from(limit) {
        return Err(fail(FaultCause::Isolation));
    }
    memory.read(first, bytes).map_err(|error| fail(error.cause()))
}
