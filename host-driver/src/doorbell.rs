//! A lane's doorbell as it is given to another process: one page of a card, with the word that rings.
//!
//! A card of metal has such pages in its BAR. A card that has none to map, because each access of it is a message or
//! a call, lends pages of ordinary memory and looks at them whenever it works: [`LentDoorbells`].

use crate::arena::{ArenaError, ArenaWriter, SharedMap, create_sealed, system};
use crate::lane::Doorbell;
use crate::ring::{Position, Signal, Strong};
use core::sync::atomic::{AtomicU64, Ordering};
use std::os::fd::OwnedFd;

const PAGE: usize = 4096;

/// What a process needs to ring: a file, and where in it the page is. The word is the page's first.
#[derive(Debug)]
pub struct DoorbellPage {
    /// What to map.
    pub fd: OwnedFd,
    /// Offset of the page; a multiple of 4096.
    pub offset: u64,
}

/// A doorbell page that this process has mapped. It needs no descriptor any more.
#[derive(Debug)]
pub struct MappedDoorbell {
    map: SharedMap,
}

impl MappedDoorbell {
    /// Maps a page.
    ///
    /// # Errors
    /// The file has no such page, or cannot be mapped for writing.
    pub fn map(page: &DoorbellPage) -> Result<MappedDoorbell, ArenaError> {
        let map = SharedMap::writable_at(&page.fd, page.offset, PAGE).map_err(system("map"))?;
        Ok(MappedDoorbell { map })
    }
}

impl Doorbell for MappedDoorbell {
    fn ring(&self, arena: &ArenaWriter, position: Position) {
        arena.ring(position);
        if let Some([word]) = self.map.words::<1>(0) {
            // One store of eight bytes: a card sees generation and tail together.
            Signal::<AtomicU64, Strong>::new(word).publish(position);
        }
    }
}

/// The doorbell of a replica: its card's page, if a card compares. The tail in the arena is kept in any case.
#[derive(Debug)]
pub struct ReplicaDoorbell(pub Option<MappedDoorbell>);

impl Doorbell for ReplicaDoorbell {
    #[inline]
    fn ring(&self, arena: &ArenaWriter, position: Position) {
        match &self.0 {
            Some(page) => page.ring(arena, position),
            None => arena.ring(position),
        }
    }
}

/// Pages lent by a card that has none of its own.
#[derive(Debug, Default)]
pub struct LentDoorbells(Vec<Lent>);

#[derive(Debug)]
struct Lent {
    register: u32,
    map: SharedMap,
    fd: OwnedFd,
    seen: u64,
}

impl LentDoorbells {
    /// The page that stands for the doorbell at this register of the card; the same one every time.
    ///
    /// # Errors
    /// No memory, or no descriptor is left.
    pub fn lend(&mut self, register: u32) -> Result<DoorbellPage, ArenaError> {
        let place = match self.0.iter().position(|lent| lent.register == register) {
            Some(place) => place,
            None => {
                let fd = create_sealed("covert-doorbell", PAGE)?;
                let map = SharedMap::read_only(&fd, PAGE, PAGE).map_err(system("map"))?;
                self.0.push(Lent { register, map, fd, seen: 0 });
                self.0.len() - 1
            }
        };
        let fd = self.0[place].fd.try_clone().map_err(system("duplicate the descriptor of"))?;
        Ok(DoorbellPage { fd, offset: 0 })
    }

    /// The registers that were written since the last look, with what is to be written to the card.
    pub fn rung(&mut self) -> Vec<(u32, u64)> {
        let mut rung = Vec::new();
        for lent in &mut self.0 {
            let Some([word]) = lent.map.words::<1>(0) else { continue };
            let word = word.load(Ordering::Acquire);
            if word != lent.seen {
                lent.seen = word;
                rung.push((lent.register, word));
            }
        }
        rung
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{self, ArenaReader, Geometry};

    fn arena() -> (ArenaWriter, ArenaReader) {
        let geometry = Geometry { base: 1 << 40, ring_log2: 4, slot_bytes: 64, staging_bytes: 0 };
        let fd = arena::create(&geometry).unwrap();
        (ArenaWriter::map(&fd, geometry).unwrap(), ArenaReader::map(&fd, geometry).unwrap())
    }

    #[test]
    fn a_ring_reaches_the_card_and_the_arena() {
        let (writer, reader) = arena();
        let mut lent = LentDoorbells::default();
        let doorbell = ReplicaDoorbell(Some(MappedDoorbell::map(&lent.lend(0x10000).unwrap()).unwrap()));
        assert_eq!(lent.rung(), []);
        let position = Position { generation: 3, count: 17 };
        doorbell.ring(&writer, position);
        assert_eq!(reader.rung(), position);
        assert_eq!(lent.rung(), [(0x10000, position.pack())]);
        assert_eq!(lent.rung(), [], "a ring is passed on once");
    }

    #[test]
    fn each_register_has_one_page_of_its_own() {
        let (writer, _) = arena();
        let mut lent = LentDoorbells::default();
        let first = MappedDoorbell::map(&lent.lend(0x10000).unwrap()).unwrap();
        let again = MappedDoorbell::map(&lent.lend(0x10000).unwrap()).unwrap();
        let other = MappedDoorbell::map(&lent.lend(0x11000).unwrap()).unwrap();
        for (doorbell, register, count) in [(first, 0x10000, 1), (again, 0x10000, 2), (other, 0x11000, 2)] {
            let position = Position { generation: 1, count };
            doorbell.ring(&writer, position);
            assert_eq!(lent.rung(), [(register, position.pack())]);
        }
    }
}
