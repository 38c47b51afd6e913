//! Where a program's code is and where ways into it begin.

use super::Region;
use crate::process::Elf;

/// A program as the search sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map<'a> {
    /// What is executed.
    pub(crate) code: Vec<Region<'a>>,
    /// What is not.
    pub(crate) data: Vec<Region<'a>>,
    /// Where functions begin, as the file says: its entry, its symbols, its table for unwinding.
    pub(crate) functions: Vec<u64>,
    /// Added to every address in the file.
    pub(crate) bias: u64,
}

/// Bytes of an entry in a table of section headers, and of one in a table of symbols.
const SECTION: usize = 64;
const SYMBOL: usize = 24;

const SHT_SYMTAB: u32 = 2;
const STT_FUNC: u8 = 2;
const STT_GNU_IFUNC: u8 = 10;

impl<'a> Map<'a> {
    /// The map of an ELF file. Tables that make no sense are as good as none.
    pub(crate) fn of(image: &'a [u8], elf: &Elf) -> Map<'a> {
        let mut map = Map { bias: elf.bias, functions: vec![elf.entry], ..Map::default() };
        for segment in &elf.segments {
            let region = Region { start: segment.memory.start, bytes: &image[segment.file.clone()] };
            if segment.protection.execute { map.code.push(region) } else { map.data.push(region) }
        }
        map.functions.extend(symbols(image, elf.bias).unwrap_or_default());
        map.functions.extend(map.unwound(elf.unwind).unwrap_or_default());
        map
    }

    /// The region of code that holds an address, and how far behind its beginning that is.
    pub(super) fn find(&self, address: u64) -> Option<(usize, usize)> {
        self.code.iter().enumerate().find_map(|(index, region)| Some((index, region.offset(address)?)))
    }

    /// Bytes of code or data from an address on.
    pub(super) fn bytes(&self, address: u64) -> Option<&'a [u8]> {
        self.data.iter().chain(&self.code).find_map(|region| region.bytes.get(region.offset(address)?..))
    }

    /// The beginnings of functions in the binary search table of `.eh_frame_hdr` (Linux Standard Base, core, 10.6.2), in
    /// the one encoding that linkers write.
    fn unwound(&self, table: u64) -> Option<Vec<u64>> {
        const ENCODINGS: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
        let bytes = self.bytes(table)?;
        if bytes.get(..4)? != ENCODINGS {
            return None;
        }
        let count = word(bytes, 8)? as usize;
        let entries = bytes.get(12..12_usize.checked_add(count.checked_mul(8)?)?)?;
        Some(
            entries
                .chunks_exact(8)
                .filter_map(|entry| Some(table.wrapping_add_signed((word(entry, 0)? as i32).into())))
                .collect(),
        )
    }
}

fn symbols(image: &[u8], bias: u64) -> Option<Vec<u64>> {
    let start = usize::try_from(long(image, 0x28)?).ok()?;
    let size = half(image, 0x3a)?;
    let count = usize::from(half(image, 0x3c)?);
    if usize::from(size) != SECTION {
        return None;
    }
    let sections = image.get(start..start.checked_add(count * SECTION)?)?;
    let mut found = Vec::new();
    for section in sections.chunks_exact(SECTION) {
        if word(section, 4)? != SHT_SYMTAB {
            continue;
        }
        let start = usize::try_from(long(section, 0x18)?).ok()?;
        let end = start.checked_add(usize::try_from(long(section, 0x20)?).ok()?)?;
        for symbol in image.get(start..end)?.chunks_exact(SYMBOL) {
            if matches!(symbol[4] & 0xf, STT_FUNC | STT_GNU_IFUNC) {
                found.push(long(symbol, 8)?.wrapping_add(bias));
            }
        }
    }
    Some(found)
}

pub(super) fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
