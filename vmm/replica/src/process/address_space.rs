//! The areas of a process's address space.
//!
//! An area is what the guest was given; the pages under it come into being when they are first touched, so that a large
//! area that is hardly used is neither copied into checkpoints nor compared. What could be touched is counted against
//! the machine's memory when it is given out: a guest that was given memory is never refused it later.

use crate::memory::{MapError, Memory, PAGE, Protection, RESERVED, SPACE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Areas smaller than this get their pages at once, and larger ones as many at a touch: an exit costs more than the
/// pages.
const CHUNK: u64 = 64 * PAGE;

/// Most areas of a process: they are part of each checkpoint, which has a bound.
const AREAS_MAX: usize = 8192;

/// Left free between the stack and what is mapped below it.
const GUARD: u64 = 256 * PAGE;

/// A range of addresses that the guest was given; its key in the table is where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Area {
    end: u64,
    protection: Protection,
    /// Counted as memory: there may be pages, even if they may not be touched now.
    counted: bool,
    /// Has the content of a file, which cannot be had again.
    file: bool,
}

impl Area {
    /// A new area up to an address.
    pub(super) fn new(end: u64, protection: Protection, file: bool) -> Area {
        Area { end, protection, counted: protection != Protection::NONE, file }
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn protection(&self) -> Protection {
        self.protection
    }
}

/// The table of areas, and the heap's end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AddressSpace {
    areas: BTreeMap<u64, Area>,
    heap: Range<u64>,
    /// Mappings are placed below this.
    ceiling: u64,
}

impl AddressSpace {
    /// An empty one with the heap at `heap` and the stack from `stack` on.
    pub(super) fn new(heap: u64, stack: u64) -> AddressSpace {
        AddressSpace { areas: BTreeMap::new(), heap: heap..heap, ceiling: stack.saturating_sub(GUARD) }
    }

    /// The area that holds an address.
    pub(super) fn area(&self, address: u64) -> Option<(u64, Area)> {
        let (start, area) = self.areas.range(..=address).next_back()?;
        (address < area.end).then_some((*start, *area))
    }

    /// Whether no part of a range belongs to an area.
    pub(super) fn is_free(&self, range: &Range<u64>) -> bool {
        self.areas.range(..range.end).next_back().is_none_or(|(_, area)| area.end <= range.start)
    }

    /// Whether every part of a range belongs to an area.
    pub(super) fn is_covered(&self, range: &Range<u64>) -> bool {
        let mut at = range.start;
        while at < range.end {
            match self.area(at) {
                Some((_, area)) => at = area.end,
                None => return false,
            }
        }
        true
    }

    /// A place for a mapping: the highest gap that it fits.
    pub(super) fn place(&self, length: u64) -> Option<u64> {
        let mut ceiling = self.ceiling;
        for (&start, area) in self.areas.range(..self.ceiling).rev() {
            if area.end.checked_add(length)? <= ceiling {
                break;
            }
            ceiling = ceiling.min(start);
        }
        ceiling.checked_sub(length).filter(|start| *start >= RESERVED)
    }

    /// Puts an area in place of whatever is at its addresses.
    pub(super) fn insert(&mut self, memory: &mut Memory, start: u64, area: Area) -> Result<(), MapError> {
        let range = start..area.end;
        if start < RESERVED || area.end > SPACE || start >= area.end {
            return Err(MapError::Range);
        }
        let others = self.counted_bytes() - self.counted_within(&range);
        let more = if area.counted { area.end - start } else { 0 };
        if others + more > memory.limit() || self.areas.len() >= AREAS_MAX {
            return Err(MapError::Full);
        }
        self.remove(memory, &range)?;
        self.areas.insert(start, area);
        self.join(start);
        if area.end - start <= CHUNK {
            self.populate(memory, &range)?;
        }
        Ok(())
    }

    /// Takes a range away from the areas in it.
    pub(super) fn remove(&mut self, memory: &mut Memory, range: &Range<u64>) -> Result<(), MapError> {
        if self.is_free(range) {
            return Ok(());
        }
        self.split(range.start);
        self.split(range.end);
        let starts: Vec<u64> = self.areas.range(range.clone()).map(|(start, _)| *start).collect();
        for start in starts {
            if let Some(area) = self.areas.remove(&start) {
                memory.unmap(start..area.end)?;
            }
        }
        Ok(())
    }

    /// Changes what may be done in a range, all of which belongs to areas.
    pub(super) fn protect(
        &mut self,
        memory: &mut Memory,
        range: &Range<u64>,
        protection: Protection,
    ) -> Result<(), MapError> {
        let uncounted = (range.end - range.start).saturating_sub(self.counted_within(range));
        let more = if protection == Protection::NONE { 0 } else { uncounted };
        if self.counted_bytes() + more > memory.limit() || self.areas.len() + 2 > AREAS_MAX {
            return Err(MapError::Full);
        }
        self.split(range.start);
        self.split(range.end);
        let starts: Vec<u64> = self.areas.range(range.clone()).map(|(start, _)| *start).collect();
        for start in starts {
            if let Some(area) = self.areas.get_mut(&start) {
                area.protection = protection;
                area.counted |= protection != Protection::NONE;
            }
            self.join(start);
        }
        for run in runs(memory, range, true) {
            memory.protect(run, protection)?;
        }
        Ok(())
    }

    /// Brings the pages of a range into being as far as it belongs to areas that may be touched.
    pub(super) fn populate(&mut self, memory: &mut Memory, range: &Range<u64>) -> Result<(), MapError> {
        let areas: Vec<(u64, Area)> = self
            .areas
            .range(..range.end)
            .rev()
            .take_while(|(_, area)| area.end > range.start)
            .map(|(start, area)| (*start, *area))
            .collect();
        for (start, area) in areas {
            if area.protection != Protection::NONE {
                let part = start.max(range.start)..area.end.min(range.end);
                for run in runs(memory, &part, false) {
                    memory.map(run, area.protection)?;
                }
            }
        }
        Ok(())
    }

    /// The guest touches a page that is not there. Whether it is there now.
    pub(super) fn touch(&mut self, memory: &mut Memory, address: u64, write: bool) -> bool {
        let Some((start, area)) = self.area(address) else { return false };
        if !area.protection.read || (write && !area.protection.write) {
            return false;
        }
        let window = address - address % CHUNK;
        let range = start.max(window)..area.end.min(window + CHUNK);
        self.populate(memory, &range).is_ok()
    }

    /// Puts content where one area is, whatever may be done there. False if there is none.
    pub(super) fn fill(&self, memory: &mut Memory, at: u64, content: &[u8]) -> bool {
        let Some((_, area)) = self.area(at) else { return false };
        let Some(end) = at.checked_add(content.len() as u64).filter(|end| *end <= area.end) else {
            return false;
        };
        let pages = at - at % PAGE..end.next_multiple_of(PAGE);
        runs(memory, &pages, false).into_iter().all(|run| memory.map(run, area.protection).is_ok())
            && memory.put(at, content)
    }

    /// Drops the content of a range, which reads as zero from then on; that of files stays.
    pub(super) fn discard(&mut self, memory: &mut Memory, range: &Range<u64>) -> Result<(), MapError> {
        let mut at = range.start;
        while at < range.end {
            let Some((_, area)) = self.area(at) else { return Err(MapError::Range) };
            let part = at..area.end.min(range.end);
            at = part.end;
            if !area.file {
                let small = part.end - part.start <= CHUNK;
                memory.unmap(part.clone())?;
                if small {
                    self.populate(memory, &part)?;
                }
            }
        }
        Ok(())
    }

    /// Moves the pages of a range, which lies in one area, to where there is nothing yet.
    pub(super) fn relocate(
        &mut self,
        memory: &mut Memory,
        from: &Range<u64>,
        to: Range<u64>,
    ) -> Result<(), MapError> {
        let Some((_, area)) = self.area(from.start) else { return Err(MapError::Range) };
        let kept = from.start..from.end.min(from.start + (to.end - to.start));
        self.insert(memory, to.start, Area { end: to.end, ..area })?;
        for run in runs(memory, &kept, true) {
            let new = to.start + (run.start - from.start)..to.start + (run.end - from.start);
            // Pages of an area that may not be touched now have content all the same.
            if !runs(memory, &new, false).is_empty() {
                memory.map(new.clone(), area.protection)?;
            }
            for (page, at) in (run.start / PAGE..run.end / PAGE).zip((new.start..).step_by(PAGE as usize)) {
                let content = memory.page(page as usize).to_vec();
                if !memory.put(at, &content) {
                    return Err(MapError::Range);
                }
            }
        }
        self.remove(memory, from)
    }

    /// Extends an area whose end is at `end` by what is free behind it. False if that is not so.
    pub(super) fn extend(&mut self, memory: &mut Memory, end: u64, to: u64) -> bool {
        let Some((_, area)) = end.checked_sub(1).and_then(|last| self.area(last)) else { return false };
        area.end == end
            && to <= self.ceiling
            && self.is_free(&(end..to))
            && self.insert(memory, end, Area { end: to, ..area }).is_ok()
    }

    /// Sets the end of the heap, if there is room; the end as it is then.
    pub(super) fn set_heap(&mut self, memory: &mut Memory, end: u64) -> u64 {
        let (Some(old), Some(new)) =
            (self.heap.end.checked_next_multiple_of(PAGE), end.checked_next_multiple_of(PAGE))
        else {
            return self.heap.end;
        };
        if end < self.heap.start || new > self.ceiling {
            return self.heap.end;
        }
        let done = if new > old {
            self.is_free(&(old..new))
                && self.insert(memory, old, Area::new(new, Protection::READ_WRITE, false)).is_ok()
        } else {
            self.remove(memory, &(new..old)).is_ok()
        };
        if done {
            self.heap.end = end;
        }
        self.heap.end
    }

    /// Bytes counted as memory.
    pub(super) fn counted_bytes(&self) -> u64 {
        self.counted_within(&(0..SPACE))
    }

    fn counted_within(&self, range: &Range<u64>) -> u64 {
        self.areas
            .range(..range.end)
            .rev()
            .take_while(|(_, area)| area.end > range.start)
            .filter(|(_, area)| area.counted)
            .map(|(start, area)| area.end.min(range.end) - (*start).max(range.start))
            .sum()
    }

    /// Makes an address the beginning of an area, if it is inside one.
    fn split(&mut self, at: u64) {
        if let Some((start, area)) = self.area(at).filter(|(start, _)| *start < at) {
            self.areas.insert(start, Area { end: at, ..area });
            self.areas.insert(at, area);
        }
    }

    /// Makes one of an area and its equal neighbours, so that a given address space has one table only.
    fn join(&mut self, start: u64) {
        let Some(&area) = self.areas.get(&start) else { return };
        let mut joined = (start, area);
        if let Some(&next) = self.areas.get(&area.end).filter(|next| alike(next, &area)) {
            self.areas.remove(&area.end);
            joined.1.end = next.end;
        }
        if let Some((&before, previous)) = self.areas.range(..start).next_back()
            && previous.end == start
            && alike(previous, &area)
        {
            self.areas.remove(&start);
            joined.0 = before;
        }
        self.areas.insert(joined.0, joined.1);
    }
}

fn alike(a: &Area, b: &Area) -> bool {
    Area { end: 0, ..*a } == Area { end: 0, ..*b }
}

/// The parts of a range of whole pages that are there, or those that are not.
fn runs(memory: &Memory, range: &Range<u64>, there: bool) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for page in range.clone().step_by(PAGE as usize) {
        if memory.protection(page).is_some() == there {
            match runs.last_mut() {
                Some(last) if last.end == page => last.end += PAGE,
                _ => runs.push(page..page + PAGE),
            }
        }
    }
    runs
}
