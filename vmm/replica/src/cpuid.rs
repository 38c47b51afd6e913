//! What CPUID tells a guest: nothing that two replicas, or two runs, could see differently, and nothing whose use makes them differ.
//!
//! Left out are instructions that bring in something from outside (RDRAND, RDSEED, RDTSCP, RDPID, TSX, WAITPKG), processor state
//! beyond x87 and SSE, the number of the processor it runs on, counters, and everything about the hypervisor. A host may
//! show more all the same (KVM_PVM adds its own bits): what must not run is then for whoever loads the guest to keep out.

use core::arch::x86_64::__cpuid_count;
use crc_fast::{CrcAlgorithm, checksum};
use kvm_bindings::{CpuId, KVM_MAX_CPUID_ENTRIES, kvm_cpuid_entry2};
use kvm_ioctls::Kvm;

/// XCR0: x87 and SSE.
pub(crate) const XCR0: u64 = 3;
/// Bytes of an XSAVE area with them (Intel SDM volume 1, 13.4).
const XSAVE_BYTES: u32 = 576;

const fn bits(list: &[u32]) -> u32 {
    let mut mask = 0;
    let mut at = 0;
    while at < list.len() {
        mask |= 1 << list[at];
        at += 1;
    }
    mask
}

/// Leaf 1, ECX: MONITOR, FMA, PDCM, x2APIC, TSC deadline, AVX, F16C, RDRAND, hypervisor.
const FEATURES_ECX: u32 = bits(&[3, 12, 15, 21, 24, 28, 29, 30, 31]);
/// Leaf 7, EBX: FSGSBASE, HLE, AVX2, INVPCID, RTM, the AVX-512 family, RDSEED, processor trace.
const EXTENDED_EBX: u32 = bits(&[0, 4, 5, 10, 11, 16, 17, 18, 21, 25, 26, 27, 28, 30, 31]);
/// Leaf 7, ECX: AVX-512 VBMI, PKU, WAITPKG, VBMI2, VAES, VPCLMULQDQ, VNNI, BITALG, VPOPCNTDQ, RDPID.
const EXTENDED_ECX: u32 = bits(&[1, 3, 5, 6, 9, 10, 11, 12, 14, 22]);
/// Leaf 7, EDX: AVX-512 4VNNIW, 4FMAPS, VP2INTERSECT, TSX aborts, AMX and AVX-512 FP16.
const EXTENDED_EDX: u32 = bits(&[2, 3, 8, 11, 13, 22, 23, 24, 25]);

/// Components of processor state that a guest does not see and may reach all the same where KVM does not enforce XCR0: the upper
/// halves of AVX registers, then what AVX-512 added (Intel SDM volume 1, 13.1).
const HIDDEN: [u32; 4] = [2, 5, 6, 7];

/// Where the [`HIDDEN`] components are in an XSAVE area of this host: first word and words, none for what it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout(pub(crate) [(usize, usize); HIDDEN.len()]);

impl Layout {
    /// The components that are there: their bits in XSTATE_BV and their words.
    pub(crate) fn components(self) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> {
        let there = HIDDEN.into_iter().zip(self.0).filter(|(_, (_, words))| *words > 0);
        there.map(|(component, (first, words))| (1 << component, first..first + words))
    }
}

/// The table for a guest of this host, and where KVM puts its state.
///
/// # Errors
/// KVM's.
pub(crate) fn table(kvm: &Kvm) -> Result<(CpuId, Layout), kvm_ioctls::Error> {
    let supported = kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES)?;
    let layout = layout(supported.as_slice());
    let components = layout.components().fold(0, |bits, (bit, _)| bits | bit);
    let mut entries: Vec<_> = supported.as_slice().iter().filter_map(|entry| shown(*entry)).collect();
    for entry in &mut entries {
        if (entry.function, entry.index) == (0xd, 0) {
            // KVM gives and takes only the state that this says there is.
            entry.eax |= components;
        }
    }
    let table = CpuId::from_entries(&entries).map_err(|_| kvm_ioctls::Error::new(libc::E2BIG))?;
    Ok((table, layout))
}

fn layout(supported: &[kvm_cpuid_entry2]) -> Layout {
    let leaf = |index| supported.iter().find(|entry| (entry.function, entry.index) == (0xd, index));
    let there = leaf(0).map_or(0, |entry| entry.eax);
    Layout(HIDDEN.map(|component| match leaf(component) {
        // EAX has its bytes, EBX where they begin.
        Some(entry) if there >> component & 1 == 1 => {
            let (first, words) = (entry.ebx as usize / 4, entry.eax as usize / 4);
            let fits = first >= XSAVE_BYTES as usize / 4 && first.saturating_add(words) <= 1024;
            if fits { (first, words) } else { (0, 0) }
        }
        _ => (0, 0),
    }))
}

/// An entry as a guest sees it; `None` if it does not.
fn shown(mut entry: kvm_cpuid_entry2) -> Option<kvm_cpuid_entry2> {
    match (entry.function, entry.index) {
        // The hypervisor's own.
        (0x4000_0000..=0x4fff_ffff, _) => return None,
        (1, _) => {
            // One logical processor, whose APIC has number 0.
            entry.ebx = (entry.ebx & 0xffff) | 1 << 16;
            entry.ecx &= !FEATURES_ECX;
        }
        // Power, counters, trace, time: none of them.
        (6 | 0xa | 0x14 | 0x15 | 0x16, _) => clear(&mut entry),
        (7, 0) => {
            entry.eax = 0;
            entry.ebx &= !EXTENDED_EBX;
            entry.ecx &= !EXTENDED_ECX;
            entry.edx &= !EXTENDED_EDX;
        }
        (7, _) => return None,
        (0xb | 0x1f | 0x8000_0026, _) => entry.edx = 0,
        (0xd, 0) => {
            (entry.eax, entry.edx) = (XCR0 as u32, 0);
            (entry.ebx, entry.ecx) = (XSAVE_BYTES, XSAVE_BYTES);
        }
        (0xd, 1) => {
            entry.eax &= 1;
            (entry.ebx, entry.ecx, entry.edx) = (0, 0, 0);
        }
        (0xd, _) => return None,
        // Topology as AMD tells it: numbers of this core.
        (0x8000_001e, _) => clear(&mut entry),
        // RDTSCP.
        (0x8000_0001, _) => entry.edx &= !(1 << 27),
        // A clock that counts evenly.
        (0x8000_0007, _) => entry.edx = 0,
        _ => {}
    }
    Some(entry)
}

/// What CPUID answers in a program whose CPUID instructions are replaced: KVM_PVM lets them run on the processor, which then shows
/// its features and number whatever the table says.
pub(crate) fn answer(function: u32, index: u32) -> [u32; 4] {
    let found = __cpuid_count(function, index);
    let there = kvm_cpuid_entry2 {
        function,
        index,
        eax: found.eax,
        ebx: found.ebx,
        ecx: found.ecx,
        edx: found.edx,
        ..Default::default()
    };
    let entry = shown(there).unwrap_or_default();
    [entry.eax, entry.ebx, entry.ecx, entry.edx]
}

fn clear(entry: &mut kvm_cpuid_entry2) {
    (entry.eax, entry.ebx, entry.ecx, entry.edx) = (0, 0, 0, 0);
}

/// A fingerprint of a table, by which a checkpoint knows the processor it was made on.
pub(crate) fn fingerprint(table: &CpuId) -> u64 {
    let words = table.as_slice().iter().flat_map(|entry| {
        [entry.function, entry.index, entry.flags, entry.eax, entry.ebx, entry.ecx, entry.edx]
    });
    let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    checksum(CrcAlgorithm::Crc64Nvme, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(function: u32, index: u32) -> kvm_cpuid_entry2 {
        kvm_cpuid_entry2 { function, index, eax: !0, ebx: !0, ecx: !0, edx: !0, ..Default::default() }
    }

    #[test]
    fn no_instruction_that_brings_something_in_is_shown() {
        let features = shown(entry(1, 0)).expect("shown");
        assert_eq!(features.ecx & (1 << 30), 0, "RDRAND");
        let extended = shown(entry(7, 0)).expect("shown");
        assert_eq!(extended.ebx & (1 << 18 | 1 << 4 | 1 << 11), 0, "RDSEED, TSX");
        assert_eq!(extended.ecx & (1 << 22 | 1 << 5), 0, "RDPID, WAITPKG");
        assert_eq!(shown(entry(0x8000_0001, 0)).expect("shown").edx & (1 << 27), 0, "RDTSCP");
    }

    #[test]
    fn the_processor_it_runs_on_is_not_shown() {
        assert_eq!(shown(entry(1, 0)).expect("shown").ebx >> 16, 1);
        assert_eq!(shown(entry(0xb, 1)).expect("shown").edx, 0);
        assert_eq!(shown(entry(0x4000_0000, 0)), None);
    }
}
