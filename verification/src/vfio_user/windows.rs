//! Which memory the client has given to the card, with what no window is opened for.

use super::message::Refusal;
use rustix::io::Errno;
use std::collections::BTreeMap;

/// Most mappings at a time: the protocol's default.
pub(super) const MAX: usize = 65535;

/// A mapping.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    bytes: u64,
    /// Memory without a file, the BARs and ROMs of other devices, cannot be reached, and need not be.
    reachable: bool,
}

/// The mappings by first address. None overlaps another.
#[derive(Debug, Default)]
pub(super) struct Windows(BTreeMap<u64, Mapping>);

impl Windows {
    /// Whether a mapping can be added. Its end lies below 2^64.
    ///
    /// # Errors
    /// There are too many, or another is in the way.
    pub(super) fn check(&self, iova: u64, bytes: u64) -> Result<(), Refusal> {
        let before = self.0.range(..iova + bytes).next_back();
        if let Some((other, _)) = before.filter(|(other, it)| *other + it.bytes > iova) {
            let why = format!("it overlaps the window at {other:#x}: unmap that first");
            return Err(Refusal { errno: Errno::EXIST, why });
        }
        if self.0.len() >= MAX {
            return Err(Refusal { errno: Errno::NOSPC, why: format!("there are {MAX} mappings already") });
        }
        Ok(())
    }

    /// Adds one that was checked.
    pub(super) fn add(&mut self, iova: u64, bytes: u64, reachable: bool) {
        self.0.insert(iova, Mapping { bytes, reachable });
    }

    /// Takes the mappings of a range away, which ends at 2^64 at most. Gives the windows to be closed, and how many bytes were mapped.
    ///
    /// As the kernel's IOMMU interface does it: a range may hold any number of mappings, none too.
    ///
    /// # Errors
    /// A mapping lies only partly in the range; nothing has changed.
    pub(super) fn take(&mut self, iova: u64, bytes: u64) -> Result<(Vec<u64>, u64), Refusal> {
        let last = iova + (bytes - 1);
        let mut inside = Vec::new();
        for (first, it) in self.0.range(..=last).rev() {
            let end = first + (it.bytes - 1);
            if end < iova {
                break;
            }
            if *first < iova || end > last {
                let why = format!("it would cut the window at {first:#x} in two");
                return Err(Refusal::invalid(why));
            }
            inside.push(*first);
        }
        let gone: Vec<_> =
            inside.into_iter().filter_map(|first| self.0.remove(&first).map(|it| (first, it))).collect();
        let bytes = gone.iter().map(|(_, it)| it.bytes).sum();
        Ok((gone.iter().filter(|(_, it)| it.reachable).map(|(first, _)| *first).collect(), bytes))
    }

    /// Takes all away. Gives the windows to be closed, and how many bytes were mapped.
    pub(super) fn take_all(&mut self) -> (Vec<u64>, u64) {
        let all = std::mem::take(&mut self.0);
        let bytes = all.values().map(|it| it.bytes).fold(0, u64::saturating_add);
        (all.iter().filter(|(_, it)| it.reachable).map(|(first, _)| *first).collect(), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u64 = 4096;

    fn windows() -> Windows {
        let mut it = Windows::default();
        it.add(0x10_0000, 4 * PAGE, true);
        it.add(0x20_0000, PAGE, false);
        it
    }

    #[test]
    fn no_mapping_overlaps_another_from_either_side_or_by_lying_in_it() {
        for (iova, bytes) in [
            (0x10_0000, 4 * PAGE),
            (0x10_1000, PAGE),
            (0xF_F000, 2 * PAGE),
            (0x10_3000, 2 * PAGE),
            (0, 1 << 40),
            (0x20_0000, PAGE),
        ] {
            assert_eq!(windows().check(iova, bytes).unwrap_err().errno, Errno::EXIST, "{iova:#x}");
        }
        assert_eq!(windows().check(0xF_F000, PAGE), Ok(()));
        assert_eq!(windows().check(0x10_4000, PAGE), Ok(()));
        assert_eq!(windows().check(u64::MAX - PAGE, PAGE), Ok(()));
    }

    #[test]
    fn a_range_takes_whole_mappings_or_none() {
        let mut it = windows();
        for (iova, bytes) in [(0x10_0000, PAGE), (0x10_1000, PAGE), (0x10_3000, 2 * PAGE), (0, 0x10_1000)] {
            assert_eq!(it.take(iova, bytes).unwrap_err().errno, Errno::INVAL, "{iova:#x}");
        }
        assert_eq!(it.take(0x30_0000, PAGE), Ok((vec![], 0)));
        assert_eq!(it.take(1 << 12, u64::MAX - 0xFFF), Ok((vec![0x10_0000], 5 * PAGE)));
        assert_eq!(it.take_all(), (vec![], 0));
    }

    #[test]
    fn there_is_an_end_to_how_many_there_may_be() {
        let mut it = Windows::default();
        (0..MAX as u64).for_each(|page| it.add(page * PAGE, PAGE, false));
        let next = MAX as u64 * PAGE;
        assert_eq!(it.check(next, PAGE).unwrap_err().errno, Errno::NOSPC);
        it.take(0, PAGE).unwrap();
        assert_eq!(it.check(next, PAGE), Ok(()));
    }
}
