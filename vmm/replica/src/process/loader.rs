//! From an ELF file to a process about to run its first instruction.
//!
//! Statically linked programs only, fixed or position-independent. Layout and start-up stack: System V ABI, AMD64 supplement,
//! section 3.4.1.

use super::Program;
use super::address_space::{AddressSpace, Area};
use crate::cpu::Registers;
use crate::guest::LoadError;
use crate::memory::{MapError, Memory, PAGE, Protection, RESERVED, SPACE};
use crate::patch::generator::Generator;
use goblin::container::{Container, Ctx, Endian};
use goblin::elf::Elf as Elf64;
use goblin::elf::header::{
    EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, ELFMAG, EM_X86_64, ET_DYN, ET_EXEC, Header, machine_to_str,
};
use goblin::elf::program_header::program_header64::SIZEOF_PHDR;
use goblin::elf::program_header::{
    PF_R, PF_W, PF_X, PT_GNU_EH_FRAME, PT_INTERP, PT_LOAD, PT_PHDR, ProgramHeader,
};
use std::ops::Range;

/// Where position-independent programs are put.
pub(crate) const BIAS: u64 = 16 << 20;

/// The end of the stack.
const STACK_END: u64 = SPACE - PAGE;

/// The size of the stack where the machine has memory enough; Linux's default.
const STACK_MAX: u64 = 8 << 20;

/// Most program headers; Linux takes as many as fit 64 KiB.
const HEADERS_MAX: u16 = 1024;

/// A segment as it will be in memory.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// Where its bytes are in the file.
    pub(crate) file: Range<usize>,
    /// Where it is in memory.
    pub(crate) memory: Range<u64>,
    /// What may be done with it.
    pub(crate) protection: Protection,
}

impl Segment {
    fn pages(&self) -> Range<u64> {
        let start = self.memory.start - self.memory.start % PAGE;
        start..self.memory.end.next_multiple_of(PAGE)
    }
}

/// What an ELF file says about its start.
#[derive(Clone, Debug)]
pub(crate) struct Elf {
    /// What is loaded, lowest first.
    pub(crate) segments: Vec<Segment>,
    /// The first instruction.
    pub(crate) entry: u64,
    /// Added to every address in the file.
    pub(crate) bias: u64,
    /// Where the table of functions for unwinding is in memory; 0 if nowhere.
    pub(crate) unwind: u64,
    /// Where the program headers are in memory; 0 if nowhere.
    headers: u64,
    header_count: u16,
}

impl Elf {
    /// Reads and checks the headers.
    ///
    /// # Errors
    /// See [`LoadError`]: the file is no program that can run.
    pub(crate) fn parse(image: &[u8]) -> Result<Elf, LoadError> {
        let header = parse_header(image)?;
        let bias = if header.e_type == ET_DYN { BIAS } else { 0 };
        let mut elf = Elf {
            segments: Vec::new(),
            entry: header.e_entry.checked_add(bias).ok_or_else(|| broken("its entry point overflows"))?,
            bias,
            unwind: 0,
            headers: 0,
            header_count: header.e_phnum,
        };
        for program_header in parse_program_headers(image, &header)? {
            match program_header.p_type {
                PT_INTERP => return Err(dynamic(image, &program_header)),
                PT_PHDR => elf.headers = program_header.p_vaddr.wrapping_add(bias),
                PT_GNU_EH_FRAME => elf.unwind = program_header.p_vaddr.wrapping_add(bias),
                PT_LOAD if program_header.p_memsz > 0 => {
                    let segment = segment_of(image, &program_header, bias)?;
                    if elf.headers == 0 && segment.file.contains(&(header.e_phoff as usize)) {
                        elf.headers = segment.memory.start + (header.e_phoff - segment.file.start as u64);
                    }
                    elf.segments.push(segment);
                }
                _ => {}
            }
        }
        elf.segments.sort_by_key(|segment| segment.memory.start);
        if elf.segments.is_empty() {
            return Err(broken("it has nothing to load"));
        }
        for pair in elf.segments.windows(2) {
            if pair[0].pages().end > pair[1].pages().start {
                return Err(broken("its segments overlap"));
            }
        }
        Ok(elf)
    }
}

fn parse_header(image: &[u8]) -> Result<Header, LoadError> {
    if !image.starts_with(ELFMAG) {
        return Err(LoadError::NotElf("it has no ELF header".into()));
    }
    let header = Elf64::parse_header(image).map_err(|error| broken(&error.to_string()))?;
    if header.e_machine != EM_X86_64 {
        return Err(LoadError::WrongMachine(machine_to_str(header.e_machine).into()));
    }
    if header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB {
        return Err(LoadError::Unsupported(
            "a 32-bit program: compile it for 64 bit (without -m32 or -mx32)".into(),
        ));
    }
    if !matches!(header.e_type, ET_EXEC | ET_DYN) {
        return Err(LoadError::Unsupported(
            "an object file or a core dump: link it to a program, statically".into(),
        ));
    }
    Ok(header)
}

fn parse_program_headers(image: &[u8], header: &Header) -> Result<Vec<ProgramHeader>, LoadError> {
    let count = usize::from(header.e_phnum);
    if usize::from(header.e_phentsize) != SIZEOF_PHDR || header.e_phnum > HEADERS_MAX {
        return Err(broken("its program headers have the wrong size"));
    }
    let start = usize::try_from(header.e_phoff).ok();
    let bytes = start
        .and_then(|start| image.get(start..start.checked_add(count * SIZEOF_PHDR)?))
        .ok_or_else(|| broken("its program headers are behind its end"))?;
    let context = Ctx::new(Container::Big, Endian::Little);
    ProgramHeader::parse(bytes, 0, count, context).map_err(|error| broken(&error.to_string()))
}

fn segment_of(image: &[u8], header: &ProgramHeader, bias: u64) -> Result<Segment, LoadError> {
    let file = usize::try_from(header.p_offset).ok().and_then(|start| {
        let end = start.checked_add(usize::try_from(header.p_filesz).ok()?)?;
        (end <= image.len()).then_some(start..end)
    });
    let file = file.ok_or_else(|| broken("a segment is behind its end: the file was cut off"))?;
    if header.p_filesz > header.p_memsz {
        return Err(broken("a segment is larger in the file than in memory"));
    }
    let memory = header
        .p_vaddr
        .checked_add(bias)
        .and_then(|start| Some(start..start.checked_add(header.p_memsz)?))
        .filter(|memory| memory.start >= RESERVED && memory.end <= STACK_END)
        .ok_or_else(|| {
            LoadError::Unsupported(format!(
                "a segment at {:#x}: a guest's addresses are {RESERVED:#x} to {STACK_END:#x}; link it as \
                 -static-pie, or without -Ttext-segment",
                header.p_vaddr
            ))
        })?;
    let flag = |flag| header.p_flags & flag != 0;
    let protection =
        Protection { read: flag(PF_R) || flag(PF_W) || flag(PF_X), write: flag(PF_W), execute: flag(PF_X) };
    Ok(Segment { file, memory, protection })
}

fn broken(what: &str) -> LoadError {
    LoadError::NotElf(what.into())
}

fn dynamic(image: &[u8], header: &ProgramHeader) -> LoadError {
    let name = usize::try_from(header.p_offset)
        .ok()
        .and_then(|start| image.get(start..start.checked_add(usize::try_from(header.p_filesz).ok()?)?))
        .map(|bytes| {
            String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).trim_end_matches('\0').to_string()
        });
    LoadError::Unsupported(format!(
        "a dynamically linked program (it asks for {}): link it statically (cc -static; Rust: \
         -C target-feature=+crt-static)",
        name.as_deref().unwrap_or("a loader")
    ))
}

/// Puts a program into empty memory: its segments, its stack, and the registers that it starts with.
pub(super) fn load(
    program: &Program,
    elf: &Elf,
    memory: &mut Memory,
) -> Result<(AddressSpace, Registers), LoadError> {
    let needed: u64 =
        elf.segments.iter().map(|segment| segment.pages()).map(|pages| pages.end - pages.start).sum();
    let limit = memory.limit();
    let stack = stack_size(limit);
    let too_large = LoadError::Memory { needed: (needed + stack) / 1024, limit: limit / 1024 };
    if needed + stack > limit {
        return Err(too_large);
    }
    let heap = elf.segments.last().map_or(BIAS, |last| last.pages().end);
    let stack = STACK_END - stack..STACK_END;
    let mut space = AddressSpace::new(heap, stack.start);
    let full = |_: MapError| too_large.clone();
    for segment in &elf.segments {
        let pages = segment.pages();
        let area = Area::new(pages.end, segment.protection, true);
        space.insert(memory, pages.start, area).map_err(full)?;
        space.populate(memory, &pages).map_err(full)?;
        let content = &program.image[segment.file.clone()];
        if !content.is_empty() && !space.fill(memory, segment.memory.start, content) {
            return Err(too_large);
        }
    }
    space.insert(memory, stack.start, Area::new(stack.end, Protection::READ_WRITE, false)).map_err(full)?;

    let content = start_stack(program, elf);
    if content.len() as u64 > (stack.end - stack.start) / 4 {
        return Err(LoadError::Unsupported(
            "its arguments and environment are more than a quarter of the stack: give it fewer, or more `memory`"
                .into(),
        ));
    }
    let top = stack.end - content.len() as u64;
    if !space.fill(memory, top, &content) {
        return Err(too_large);
    }
    let registers = Registers { rip: elf.entry, rsp: top, rflags: 0x202, ..Registers::default() };
    Ok((space, registers))
}

/// The size of the stack in a machine with so much memory.
pub(super) fn stack_size(limit: u64) -> u64 {
    (limit / 4).clamp(32 * PAGE, STACK_MAX) / PAGE * PAGE
}

/// The top of the stack: the count of arguments, their addresses, the environment's, the auxiliary vector, and the
/// strings themselves. It ends at [`STACK_END`] and begins at an address that is a multiple of 16.
fn start_stack(program: &Program, elf: &Elf) -> Vec<u8> {
    // Strings first, from the end down: their addresses are needed.
    let mut strings = Vec::new();
    let mut offsets = Vec::new();
    let mut random = [0; 16];
    let mut generator = Generator::new(program.seed);
    for half in random.chunks_mut(8) {
        half.copy_from_slice(&generator.next().to_le_bytes());
    }
    let zero_ended = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        [&bytes[..end], &[0]].concat()
    };
    let mut add = |bytes: Vec<u8>| {
        offsets.push(strings.len() as u64);
        strings.extend(bytes);
    };
    add(random.to_vec());
    add(b"x86_64\0".to_vec());
    add(zero_ended(program.path.as_bytes()));
    program.arguments.iter().chain(&program.environment).for_each(|string| add(zero_ended(string)));
    strings.resize(strings.len().next_multiple_of(16), 0);
    let base = STACK_END - strings.len() as u64;
    let mut addresses = offsets.into_iter().map(|offset| base + offset);
    let mut next = || addresses.next().unwrap_or(0);
    let (random, platform, path) = (next(), next(), next());

    let mut words = vec![program.arguments.len() as u64];
    words.extend(program.arguments.iter().map(|_| next()));
    words.push(0);
    words.extend(program.environment.iter().map(|_| next()));
    words.push(0);
    let auxiliary = [
        (libc::AT_PHDR, elf.headers),
        (libc::AT_PHENT, SIZEOF_PHDR as u64),
        (libc::AT_PHNUM, u64::from(elf.header_count)),
        (libc::AT_PAGESZ, PAGE),
        (libc::AT_BASE, 0),
        (libc::AT_FLAGS, 0),
        (libc::AT_ENTRY, elf.entry),
        (libc::AT_UID, super::identity::USER),
        (libc::AT_EUID, super::identity::USER),
        (libc::AT_GID, super::identity::USER),
        (libc::AT_EGID, super::identity::USER),
        (libc::AT_SECURE, 0),
        (libc::AT_CLKTCK, super::time::TICKS),
        (libc::AT_HWCAP, 0),
        (libc::AT_HWCAP2, 0),
        (libc::AT_PLATFORM, platform),
        (libc::AT_RANDOM, random),
        (libc::AT_EXECFN, path),
        (libc::AT_MINSIGSTKSZ, 2048),
        (libc::AT_NULL, 0),
    ];
    words.extend(auxiliary.iter().flat_map(|&(kind, value)| [kind, value]));
    if words.len() % 2 == 1 {
        // Behind the end of the vector nobody looks.
        words.push(0);
    }
    words.iter().flat_map(|word| word.to_le_bytes()).chain(strings).collect()
}
