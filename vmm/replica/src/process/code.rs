//! The process's code: what is replaced in it, and when.

use super::Process;
use super::loader::Elf;
use crate::cpu::Cpu;
use crate::memory::{PAGE, Protection};
use crate::patch::{self, Findings, Map, Region, Site, UD2};
use std::ops::Range;

/// Most replaced instructions: a program has some tens, and only one that is bent on it has more.
const SITES_MAX: usize = 16 * 1024;

impl Process {
    /// Replaces what differs from run to run in a program that was just loaded.
    pub(super) fn load_code(&mut self, cpu: &mut Cpu<'_>, elf: &Elf) {
        // The program is the same each time it is loaded.
        let findings = match &self.findings {
            Some(findings) => findings.clone(),
            None => patch::analyse(&Map::of(&self.program.image, elf)),
        };
        self.replace(cpu, &findings);
        self.findings = Some(findings);
    }

    /// Memory may be executed from now on: replaces what differs from run to run in it.
    pub(super) fn new_code(&mut self, cpu: &mut Cpu<'_>, range: &Range<u64>, protection: Protection) {
        if !protection.execute {
            return;
        }
        if protection.write {
            self.report("time stamps read by code in memory that is both written and executed".into());
        }
        let mut pages = range.clone().step_by(PAGE as usize).peekable();
        while let Some(first) = pages.next() {
            if cpu.memory.protection(first).is_none() {
                continue;
            }
            let mut end = first + PAGE;
            while pages.next_if(|page| cpu.memory.protection(*page).is_some()).is_some() {
                end += PAGE;
            }
            // What may be executed may be read, on every x86 processor.
            let Some(bytes) = cpu.memory.read(first, end - first) else { continue };
            let mut findings = patch::analyse_bare(Region { start: first, bytes });
            // Nobody says where functions begin in such code: what looks like one of it is taken for it.
            findings.certain.append(&mut findings.doubtful);
            self.replace(cpu, &findings);
        }
    }

    fn replace(&mut self, cpu: &mut Cpu<'_>, findings: &Findings) {
        for (&at, &site) in findings.certain.iter().chain(&findings.doubtful) {
            if self.state.sites.len() >= SITES_MAX {
                self.report(format!("more than {SITES_MAX} instructions that differ from run to run"));
                break;
            }
            if cpu.memory.put(at, &UD2) {
                self.state.sites.insert(at, site);
            }
        }
        for (at, site) in &findings.doubtful {
            self.report(format!(
                "doubtful: {:?} at {at:#x} was replaced, though no way to it was found",
                site.kind
            ));
        }
        for (at, site) in &findings.left {
            self.report(format!("doubtful: {:?} at {at:#x} was left, it looks like data", site.kind));
        }
    }

    /// Code was moved, with what was replaced in it.
    pub(super) fn move_code(&mut self, from: &Range<u64>, to: &Range<u64>) {
        let moved: Vec<(u64, Site)> =
            self.state.sites.range(from.clone()).map(|(at, site)| (*at, *site)).collect();
        self.forget_code(from);
        let moved = moved.into_iter().map(|(at, site)| (to.start + (at - from.start), site));
        self.state.sites.extend(moved.filter(|(at, _)| to.contains(at)));
    }

    /// Memory has no code of ours any more.
    pub(super) fn forget_code(&mut self, range: &Range<u64>) {
        if self.state.sites.range(range.clone()).next().is_some() {
            self.state.sites.retain(|at, _| !range.contains(at));
        }
    }
}
