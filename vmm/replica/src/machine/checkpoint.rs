//! Saving a machine and going back: which pages count, what is verified, what memory did by itself.

use super::{Machine, Port};
use crate::guest::{Crash, Image};
use crate::memory::{PAGE, SPACE, page_fingerprint, zero_page_fingerprint};
use crate::state::{decode, encode};
use crate::vcpu::host;
use crc_fast::{CrcAlgorithm, checksum};
use serde::{Deserialize, Serialize};

/// A saved state, the content of pages apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Processor, personality and mapping, in a canonical form: equal machines give equal bytes.
    pub state: Vec<u8>,
    /// The pages that were written since the last time, lowest first.
    pub dirty: Vec<u32>,
    /// Of the state and of every mapped page: equal for equal machines.
    pub fingerprint: u64,
}

/// What it took to go back to a saved state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Pages whose content was put back.
    pub pages_copied: u32,
    /// Those of them that were wrong though nobody had written to them: memory that changed by itself.
    pub scrubbed: u32,
}

/// The state of a machine, the content of pages apart.
#[derive(Serialize, Deserialize)]
struct State {
    /// Of the CPUID table: where it differs, the state cannot go on.
    cpuid: u64,
    counted: u64,
    port: Port,
    processor: Vec<u8>,
    personality: Vec<u8>,
    mapping: Vec<(u32, u32, u8)>,
}

/// The pages of a saved state, as runs: first page, how many; none if the bytes are no state.
pub fn checkpoint_pages(state: &[u8]) -> Option<Vec<(u32, u32)>> {
    let saved: State = postcard::from_bytes(state).ok()?;
    let last = SPACE / PAGE;
    let in_space = |&(first, length, _): &(u32, u32, u8)| u64::from(first) + u64::from(length) <= last;
    let runs = saved.mapping.iter().map(|&(first, length, _)| (first, length)).collect();
    saved.mapping.iter().all(in_space).then_some(runs)
}

/// The fingerprint of a saved state with these pages, given theirs by number.
pub fn checkpoint_fingerprint(
    state: &[u8],
    pages: &[(u32, u32)],
    fingerprint_of: impl Fn(usize) -> u64,
) -> u64 {
    let pages = pages.iter().flat_map(|&(first, length)| first..first + length);
    fingerprint(state, pages.map(|page| page as usize), fingerprint_of)
}

fn fingerprint(state: &[u8], pages: impl Iterator<Item = usize>, of: impl Fn(usize) -> u64) -> u64 {
    let mut bytes = state.to_vec();
    for page in pages {
        bytes.extend_from_slice(&(page as u32).to_le_bytes());
        bytes.extend_from_slice(&of(page).to_le_bytes());
    }
    checksum(CrcAlgorithm::Crc64Nvme, &bytes)
}

impl Machine {
    /// The state at a counted exit, and which pages belong to it.
    ///
    /// # Errors
    /// [`Crash::State`] while an answer is due, after a kick, or in a machine without [`Options::checkpoints`].
    pub fn save(&mut self) -> Result<Saved, Crash> {
        if self.awaiting {
            return Err(Crash::State("the guest waits for an answer"));
        }
        if !self.at_exit {
            return Err(Crash::State("the guest is between two exits"));
        }
        self.vcpu.settle()?;
        self.note_written()?;
        let dirty = self.memory.take_dirty();
        let state = State {
            cpuid: self.cpuid,
            counted: self.counted,
            port: self.port.clone(),
            processor: encode(&self.vcpu.raw()?),
            personality: self.personality.save(),
            mapping: self.memory.mapping(),
        };
        let state = postcard::to_stdvec(&state).map_err(host("writing the state"))?;
        let fingerprint =
            fingerprint(&state, self.memory.mapped_pages(), |page| self.memory.fingerprint(page));
        Ok(Saved { state, dirty, fingerprint })
    }

    /// Takes over which pages KVM saw written.
    fn note_written(&mut self) -> Result<(), Crash> {
        if !self.vcpu.logs() {
            return Err(Crash::State("the machine was made without checkpoints"));
        }
        let log = self.vcpu.take_log()?;
        self.memory.mark_all(&log);
        Ok(())
    }

    /// Goes back to a saved state. Every mapped page is verified against its fingerprint, written since or not.
    ///
    /// # Errors
    /// [`Crash::State`] if state and image do not belong together or to this host. The machine cannot run before it was
    /// restored from something better, or [reloaded](Self::reload).
    pub fn restore(&mut self, state: &[u8], image: &dyn Image) -> Result<Restored, Crash> {
        let state: State =
            postcard::from_bytes(state).map_err(|_| Crash::State("it is not the state of a machine"))?;
        if state.cpuid != self.cpuid {
            return Err(Crash::State("it was saved on a processor with other features"));
        }
        self.vcpu.settle()?;
        self.note_written()?;
        let restored = self.restore_memory(&state.mapping, image)?;
        self.platform.regenerate(&mut self.memory)?;
        let mut raw = decode(&state.processor, &self.initial)?;
        raw.sregs.cr3 = self.platform.root();
        self.vcpu.set_raw(&raw)?;
        self.personality.restore(&state.personality)?;
        (self.counted, self.port, self.awaiting) = (state.counted, state.port, false);
        self.at_exit = true;
        Ok(restored)
    }

    fn restore_memory(&mut self, mapping: &[(u32, u32, u8)], image: &dyn Image) -> Result<Restored, Crash> {
        let mapped_before: Vec<usize> = self.memory.mapped_pages().collect();
        self.memory
            .restore_mapping(mapping)
            .map_err(|_| Crash::State("its mapping is none of this machine's memory"))?;
        let mut restored = Restored::default();
        let mut content = [0; PAGE as usize];
        let mut before = mapped_before.into_iter().peekable();
        let pages: Vec<usize> = self.memory.mapped_pages().collect();
        for page in pages {
            while before.next_if(|earlier| *earlier < page).is_some() {}
            let was_mapped = before.next_if_eq(&page).is_some();
            let expected = image.fingerprint(page);
            // Never written here and never stored: there is no memory that could have changed.
            if expected == zero_page_fingerprint() && !self.memory.is_used(page) {
                self.memory.accept_page(page, expected);
                continue;
            }
            let found = page_fingerprint(self.memory.page(page));
            if found == expected {
                self.memory.accept_page(page, expected);
                continue;
            }
            let written = !was_mapped || self.memory.is_dirty(page);
            restored.scrubbed += u32::from(!written && found != self.memory.fingerprint(page));
            restored.pages_copied += 1;
            let there = image.read(page, &mut content);
            self.memory.restore_page(page, &content, expected);
            if !there || page_fingerprint(self.memory.page(page)) != expected {
                return Err(Crash::State("a page does not have the fingerprint it was saved with"));
            }
        }
        Ok(restored)
    }

    /// Holds some pages that nobody has written to against their fingerprints, where the last call ended on. Gives the first one that has changed
    /// all the same.
    ///
    /// # Errors
    /// [`Crash::State`] in a machine without [`Options::checkpoints`]: it does not know what was written.
    pub fn scrub(&mut self, pages: usize) -> Result<Option<u32>, Crash> {
        self.note_written()?;
        let all: Vec<usize> = self.memory.mapped_pages().collect();
        let from = all.partition_point(|page| *page < self.scrubbed_to);
        let round = all[from..].iter().chain(&all[..from]).take(pages);
        for &page in round {
            self.scrubbed_to = page + 1;
            let written = self.memory.is_dirty(page);
            let found = page_fingerprint(self.memory.page(page));
            if !written && found != self.memory.fingerprint(page) {
                return Ok(Some(page as u32));
            }
        }
        Ok(None)
    }
}
