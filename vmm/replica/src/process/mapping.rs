//! The calls that change the address space.

use super::Process;
use super::address_space::Area;
use super::errno::Errno;
use super::files::Object;
use super::state::{Mapping, Purpose};
use super::syscalls::{Arguments, Outcome, Served};
use crate::cpu::Cpu;
use crate::guest::Crash;
use crate::memory::{MapError, PAGE, Protection, RESERVED, SPACE};
use crate::world::Answer;
use std::ops::Range;

const MREMAP_MAYMOVE: u64 = libc::MREMAP_MAYMOVE as u64;
const MREMAP_FIXED: u64 = libc::MREMAP_FIXED as u64;

impl From<MapError> for Errno {
    fn from(_: MapError) -> Errno {
        Errno::ENOMEM
    }
}

impl Process {
    pub(super) fn brk(&mut self, cpu: &mut Cpu<'_>, [end, ..]: Arguments) -> Outcome {
        Ok(Served::Value(self.state.space.set_heap(cpu.memory, end)))
    }

    pub(super) fn mmap(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [hint, length, protection, flags, descriptor, offset] = arguments;
        let flag = |flag: i32| flags & flag as u64 != 0;
        let protection = protection_of(protection)?;
        let shared = match flags as i32 & libc::MAP_TYPE {
            libc::MAP_PRIVATE => false,
            libc::MAP_SHARED | libc::MAP_SHARED_VALIDATE => true,
            _ => return Err(Errno::EINVAL),
        };
        if length == 0 || !offset.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        let length = whole(length)?;
        offset.checked_add(length).filter(|end| *end <= i64::MAX as u64).ok_or(Errno::EOVERFLOW)?;
        let file = if flag(libc::MAP_ANONYMOUS) {
            None
        } else {
            self.mapped_file(descriptor, shared && protection.write)?
        };

        let fixed = flag(libc::MAP_FIXED) || flag(libc::MAP_FIXED_NOREPLACE);
        let hinted = hint.checked_add(length).map(|end| hint..end).filter(|range| range.end <= SPACE);
        let start = if fixed {
            let range = hinted.ok_or(Errno::ENOMEM)?;
            if !hint.is_multiple_of(PAGE) {
                return Err(Errno::EINVAL);
            }
            if hint < RESERVED {
                return Err(Errno::EPERM);
            }
            if flag(libc::MAP_FIXED_NOREPLACE) && !self.state.space.is_free(&range) {
                return Err(Errno::EEXIST);
            }
            hint
        } else {
            let wanted = hinted.filter(|range| {
                hint.is_multiple_of(PAGE) && hint >= RESERVED && self.state.space.is_free(range)
            });
            match wanted {
                Some(range) => range.start,
                None => self.state.space.place(length).ok_or(Errno::ENOMEM)?,
            }
        };
        let end = start + length;
        self.state.space.insert(cpu.memory, start, Area::new(end, protection, file.is_some()))?;
        self.forget_code(&(start..end));
        match file {
            None => {
                self.new_code(cpu, &(start..end), protection);
                Ok(Served::Value(start))
            }
            Some(handle) => {
                let mapping = Mapping { handle, start, end, at: start, offset };
                Ok(self.fetch(mapping))
            }
        }
    }

    /// The file behind a descriptor, if it can be mapped; none for one that reads as zeros.
    fn mapped_file(
        &self,
        descriptor: u64,
        writes_through: bool,
    ) -> Result<Option<crate::world::Handle>, Errno> {
        let (_, description) = self.state.descriptors.get(descriptor)?;
        match description.object {
            Object::Zero => Ok(None),
            Object::File(_) if !description.reads() => Err(Errno::EACCES),
            // What is written there would have to reach the file at some time that nobody can tell.
            Object::File(_) if writes_through => Err(Errno::ENODEV),
            Object::File(handle) => Ok(Some(handle)),
            _ => Err(Errno::ENODEV),
        }
    }

    /// Asks for the next bytes of a mapped file.
    pub(super) fn fetch(&self, mapping: Mapping) -> Served {
        let length = (mapping.end - mapping.at).min(super::file_io::FILE_MAX);
        let input = super::file_io::file_input(mapping.handle, mapping.offset, length);
        Served::Ask(crate::guest::Demand::Input(input), Purpose::Map(mapping))
    }

    /// Takes some bytes of a mapped file; the rest is asked for in another step.
    pub(super) fn fetched(
        &mut self,
        cpu: &mut Cpu<'_>,
        mut mapping: Mapping,
        answer: Result<Answer, Errno>,
    ) -> Result<Outcome, Crash> {
        let range = mapping.start..mapping.end;
        let mut data = match answer {
            Ok(Answer::Data(data)) => data,
            Ok(_) => return Err(Crash::Answer("a file's content was asked for")),
            Err(error) => {
                if self.state.space.remove(cpu.memory, &range).is_err() {
                    return Err(Crash::State("a mapping is not where it was"));
                }
                return Ok(Err(error));
            }
        };
        data.truncate((mapping.end - mapping.at) as usize);
        if !data.is_empty() {
            if !self.state.space.fill(cpu.memory, mapping.at, &data) {
                return Err(Crash::State("a mapping is not where it was"));
            }
            mapping.at += data.len() as u64;
            mapping.offset += data.len() as u64;
            if mapping.at < mapping.end {
                return Ok(Ok(Served::Next(Purpose::Map(mapping))));
            }
        }
        if let Some((_, area)) = self.state.space.area(range.start) {
            self.new_code(cpu, &range, area.protection());
        }
        Ok(Ok(Served::Value(range.start)))
    }

    pub(super) fn munmap(&mut self, cpu: &mut Cpu<'_>, [start, length, ..]: Arguments) -> Outcome {
        let range = range_of(start, length)?;
        if range.is_empty() {
            return Err(Errno::EINVAL);
        }
        self.state.space.remove(cpu.memory, &range)?;
        self.forget_code(&range);
        Ok(Served::Value(0))
    }

    pub(super) fn mprotect(&mut self, cpu: &mut Cpu<'_>, [start, length, bits, ..]: Arguments) -> Outcome {
        let protection = protection_of(bits)?;
        let range = range_of(start, length)
            .map_err(|error| if start.is_multiple_of(PAGE) { Errno::ENOMEM } else { error })?;
        if !self.state.space.is_covered(&range) {
            return Err(Errno::ENOMEM);
        }
        if !range.is_empty() {
            self.state.space.protect(cpu.memory, &range, protection)?;
            self.new_code(cpu, &range, protection);
        }
        Ok(Served::Value(0))
    }

    pub(super) fn madvise(&mut self, cpu: &mut Cpu<'_>, [start, length, advice, ..]: Arguments) -> Outcome {
        let range = range_of(start, length)?;
        if !self.state.space.is_covered(&range) {
            return Err(Errno::ENOMEM);
        }
        if advice == libc::MADV_DONTNEED as u64 {
            self.state.space.discard(cpu.memory, &range)?;
            self.forget_code(&range);
        }
        // Any other advice may be left alone.
        Ok(Served::Value(0))
    }

    pub(super) fn mremap(&mut self, cpu: &mut Cpu<'_>, arguments: Arguments) -> Outcome {
        let [start, length, new_length, flags, target, _] = arguments;
        let old = range_of(start, length)?;
        let new_length = whole(new_length)?;
        let may_move = flags & MREMAP_MAYMOVE != 0;
        let fixed = flags & MREMAP_FIXED != 0;
        let unknown = flags & !(MREMAP_MAYMOVE | MREMAP_FIXED) != 0;
        if unknown || old.is_empty() || new_length == 0 || (fixed && !may_move) {
            return Err(Errno::EINVAL);
        }
        let (_, area) = self.state.space.area(start).ok_or(Errno::EFAULT)?;
        if area.end() < old.end {
            return Err(Errno::EFAULT);
        }
        let old_length = old.end - old.start;
        let to = if fixed {
            let to = range_of(target, new_length)?;
            if to.start < old.end && old.start < to.end {
                return Err(Errno::EINVAL);
            }
            self.state.space.remove(cpu.memory, &to)?;
            self.forget_code(&to);
            to
        } else if new_length <= old_length {
            let rest = start + new_length..old.end;
            self.state.space.remove(cpu.memory, &rest)?;
            self.forget_code(&rest);
            return Ok(Served::Value(start));
        } else if self.state.space.extend(cpu.memory, old.end, start + new_length) {
            return Ok(Served::Value(start));
        } else if may_move {
            let to = self.state.space.place(new_length).ok_or(Errno::ENOMEM)?;
            to..to + new_length
        } else {
            return Err(Errno::ENOMEM);
        };
        let new = to.clone();
        self.state.space.relocate(cpu.memory, &old, to)?;
        self.move_code(&old, &new);
        Ok(Served::Value(new.start))
    }
}

fn protection_of(bits: u64) -> Result<Protection, Errno> {
    let bit = |bit: i32| bits & bit as u64 != 0;
    if bits & !((libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u64) != 0 {
        return Err(Errno::EINVAL);
    }
    let write = bit(libc::PROT_WRITE);
    let execute = bit(libc::PROT_EXEC);
    // Whatever may be done with a page, an x86 processor lets it be read too.
    Ok(Protection { read: bits != 0, write, execute })
}

/// A length in whole pages, no longer than the address space.
fn whole(length: u64) -> Result<u64, Errno> {
    length.checked_next_multiple_of(PAGE).filter(|length| *length <= SPACE).ok_or(Errno::ENOMEM)
}

/// A range of whole pages from a page's beginning on, inside the address space.
fn range_of(start: u64, length: u64) -> Result<Range<u64>, Errno> {
    let length = length.checked_next_multiple_of(PAGE).ok_or(Errno::EINVAL)?;
    let end = start.checked_add(length).filter(|end| *end <= SPACE).ok_or(Errno::EINVAL)?;
    if !start.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    Ok(start..end)
}
