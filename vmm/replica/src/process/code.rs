//! The process's code: what is replaced in it, and when.

use super::Process;
use super::loader::Elf;
use crate::cpu::Cpu;
use crate::memory::{PAGE, Protection};
use crate::patch::{self, Site, UD2};
use std::collections::BTreeMap;
use std::ops::Range;

impl Process {
    /// Replaces what differs from run to run in a program that was just loaded.
    pub(super) fn load_code(&mut self, cpu: &mut Cpu<'_>, elf: &Elf) {
        let ranges: Vec<Range<u64>> = elf
            .segments
            .iter()
            .filter(|segment| segment.protection.execute)
            .map(|segment| segment.memory.start..segment.memory.end)
            .collect();
        for range in ranges {
            let found = self.find_in(cpu, &range);
            self.replace(cpu, found);
        }
    }

    /// Memory may be executed from now on: replaces what differs from run to run in it.
    pub(super) fn new_code(&mut self, cpu: &mut Cpu<'_>, range: &Range<u64>, protection: Protection) {
        if !protection.execute {
            return;
        }
        if protection.write {
            self.report(format!(
                "memory at {:#x} that is written and executed: time stamps read there differ",
                range.start
            ));
        }
        let mut pages = range.clone().step_by(PAGE as usize).peekable();
        while let Some(first) = pages.next() {
            if cpu.memory.protection(first).is_none() {
                continue;
            }
            let mut end = first + PAGE;
            while pages.peek().is_some_and(|page| cpu.memory.protection(*page).is_some()) {
                pages.next();
                end += PAGE;
            }
            let found = self.find_in(cpu, &(first..end));
            self.replace(cpu, found);
        }
    }

    fn find_in(&mut self, cpu: &Cpu<'_>, range: &Range<u64>) -> BTreeMap<u64, Site> {
        let length = range.end.saturating_sub(range.start);
        let Some(code) = cpu.memory.read(range.start, length) else { return BTreeMap::new() };
        patch::sweep(code, range.start)
    }

    fn replace(&mut self, cpu: &mut Cpu<'_>, found: BTreeMap<u64, Site>) {
        for (at, site) in found {
            if cpu.memory.put(at, &UD2) {
                self.state.sites.insert(at, site);
            }
        }
    }

    /// Memory has no code of ours any more.
    pub(super) fn forget_code(&mut self, range: &Range<u64>) {
        if self.state.sites.range(range.clone()).next().is_some() {
            self.state.sites.retain(|at, _| !range.contains(at));
        }
    }
}
