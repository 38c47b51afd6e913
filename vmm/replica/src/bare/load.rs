//! Putting a bare guest into memory.

use crate::cpu::{Cpu, Registers};
use crate::guest::LoadError;
use crate::memory::{MapError, Memory, PAGE, Protection, RESERVED, SPACE};
use goblin::elf::program_header::{PF_R, PF_W, PF_X, PT_LOAD, ProgramHeader};
use goblin::elf::{Elf, header};
use std::ops::Range;

/// Bytes of stack, at the end of the address space.
const STACK: u64 = 256 * 1024;

/// Loads an image and gives the memory that is left to the guest.
pub(super) fn load(image: &[u8], cpu: &mut Cpu<'_>) -> Result<Range<u64>, LoadError> {
    let (entry, end) = match image {
        [0x7f, b'E', b'L', b'F', ..] => load_elf(image, cpu.memory)?,
        _ => load_flat(image, cpu.memory)?,
    };
    map(cpu.memory, SPACE - STACK..SPACE, Protection::READ_WRITE)?;
    let size = (cpu.memory.limit() - cpu.memory.mapped()).min(SPACE - STACK - end);
    map(cpu.memory, end..end + size, Protection::READ_WRITE)?;
    // Eight bytes below, where a function finds its stack pointer: the entry is one.
    *cpu.registers = Registers { rip: entry, rsp: SPACE - 8, rflags: 0x202, ..Registers::default() };
    Ok(end..end + size)
}

/// Gives the entry and the first address behind the image.
fn load_flat(image: &[u8], memory: &mut Memory) -> Result<(u64, u64), LoadError> {
    if image.is_empty() {
        return Err(LoadError::Unsupported("an image of no bytes has nothing to run".into()));
    }
    let end = page_end(RESERVED.saturating_add(image.len() as u64))?;
    map(memory, RESERVED..end, Protection { read: true, write: true, execute: true })?;
    put(memory, RESERVED, image)?;
    Ok((RESERVED, end))
}

fn load_elf(image: &[u8], memory: &mut Memory) -> Result<(u64, u64), LoadError> {
    let elf = Elf::parse(image).map_err(|error| LoadError::NotElf(error.to_string()))?;
    if elf.header.e_machine != header::EM_X86_64 || !elf.is_64 {
        return Err(LoadError::WrongMachine(header::machine_to_str(elf.header.e_machine).to_owned()));
    }
    if elf.header.e_type != header::ET_EXEC || elf.interpreter.is_some() {
        let what = "a bare guest is linked for fixed addresses and without libraries (-static -no-pie)";
        return Err(LoadError::Unsupported(what.into()));
    }
    let mut end = RESERVED;
    for part in elf.program_headers.iter().filter(|part| part.p_type == PT_LOAD && part.p_memsz > 0) {
        end = end.max(load_part(image, part, memory)?);
    }
    Ok((elf.entry, end))
}

/// Gives the first address behind it.
fn load_part(image: &[u8], part: &ProgramHeader, memory: &mut Memory) -> Result<u64, LoadError> {
    let start = part.p_vaddr & !(PAGE - 1);
    let end = page_end(part.p_vaddr.saturating_add(part.p_memsz))?;
    if start < RESERVED || end <= start {
        return Err(LoadError::Unsupported(format!(
            "it is linked for {:#x}: a guest's memory begins at {RESERVED:#x}",
            part.p_vaddr
        )));
    }
    let first = part.p_offset as usize;
    let bytes = first.checked_add(part.p_filesz as usize).and_then(|last| image.get(first..last));
    let bytes = bytes.filter(|_| part.p_filesz <= part.p_memsz);
    let bytes = bytes.ok_or_else(|| LoadError::NotElf("a segment is not all in the file".into()))?;
    let has = |flag| part.p_flags & flag != 0;
    let protection = Protection { read: has(PF_R), write: has(PF_W), execute: has(PF_X) };
    if !memory.is_free(start..end) {
        return Err(LoadError::Unsupported("two of its segments share a page".into()));
    }
    map(memory, start..end, protection)?;
    put(memory, part.p_vaddr, bytes)?;
    Ok(end)
}

fn page_end(address: u64) -> Result<u64, LoadError> {
    address.checked_next_multiple_of(PAGE).filter(|end| *end <= SPACE - STACK).ok_or_else(|| {
        LoadError::Unsupported(format!("it is linked for {address:#x}: addresses end at 1 GiB"))
    })
}

fn map(memory: &mut Memory, range: Range<u64>, protection: Protection) -> Result<(), LoadError> {
    let needed = (memory.mapped() + range.end - range.start) / 1024;
    let limit = memory.limit() / 1024;
    memory.map(range, protection).map_err(|error| match error {
        MapError::Full => LoadError::Memory { needed, limit },
        MapError::Range => LoadError::Unsupported("it does not fit the address space".into()),
    })
}

fn put(memory: &mut Memory, address: u64, bytes: &[u8]) -> Result<(), LoadError> {
    let fits = memory.put(address, bytes);
    fits.then_some(()).ok_or_else(|| LoadError::NotElf("a segment is not all in memory".into()))
}
