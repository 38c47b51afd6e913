//! A replica's port: it can submit records and nothing else.

use crate::arena::ArenaWriter;
use crate::entry::Entry;
use crate::progress::ProgressReader;
use crate::ring::Position;
use covert_abi::submission::INLINE_MAX;
use covert_abi::{Generation, Header, Seq};

/// What a record is, as the replica knows it; its place in the stream is the lane's to add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Output {
    /// Number of the [`Kind`](covert_abi::Kind).
    pub kind: u16,
    /// Device, file or stream of the guest.
    pub channel: u32,
    /// Port, address or file offset.
    pub target: u64,
}

/// Why a record was not taken. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Every slot waits for a release.
    #[error("all {entries} slots of the ring wait for release: release what was compared, or wait")]
    Full {
        /// Slots in the ring.
        entries: u32,
    },
    /// The payload is longer than a slot.
    #[error("a payload of {length} bytes does not fit a slot of {slot}: split the record")]
    TooLong {
        /// Bytes of the payload.
        length: usize,
        /// Bytes of a slot.
        slot: u32,
    },
}

/// Submits the records of one replica.
pub trait Lane: Send {
    /// Starts a generation, whose first record is `start`. The coordinator says when, after its flush.
    fn begin(&mut self, generation: Generation, start: Seq);

    /// How many records can be submitted before the next release.
    fn room(&self) -> u32;

    /// Submits a record, seen by the group at the next [`ring`](Self::ring). Returns its position.
    ///
    /// # Errors
    /// No room, or a payload longer than a slot.
    fn submit(&mut self, output: &Output, payload: &[u8]) -> Result<Seq, SubmitError>;

    /// Rings the doorbell for everything submitted. Ringing twice does no harm.
    fn ring(&mut self);
}

/// How a lane's doorbell is reached: a word in the arena for software, a page of the card's BAR for a unit.
///
/// The word in the arena is always kept, whatever else is rung: it is what software finds when it takes over from a card, at
/// any moment.
pub trait Doorbell: Send {
    /// Says that the entries before `position` are written: by [`ArenaWriter::ring`], and then wherever else the
    /// comparator looks.
    fn ring(&self, arena: &ArenaWriter, position: Position);
}

/// The doorbell word in the arena's header, which the software comparator looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArenaDoorbell;

impl Doorbell for ArenaDoorbell {
    #[inline]
    fn ring(&self, arena: &ArenaWriter, position: Position) {
        arena.ring(position);
    }
}

/// The lane of a replica that has mapped its arena and a doorbell.
#[derive(Debug)]
pub struct ArenaLane<D> {
    arena: ArenaWriter,
    progress: ProgressReader,
    doorbell: D,
    group: u16,
    start: Seq,
    position: Position,
}

impl<D: Doorbell> ArenaLane<D> {
    /// A lane of this group; it submits nothing before [`begin`](Lane::begin).
    pub fn new(arena: ArenaWriter, progress: ProgressReader, doorbell: D, group: u16) -> Self {
        ArenaLane { arena, progress, doorbell, group, start: 0, position: Position::default() }
    }

    /// The arena, for checkpoint staging.
    pub fn arena(&self) -> &ArenaWriter {
        &self.arena
    }
}

impl<D: Doorbell> Lane for ArenaLane<D> {
    fn begin(&mut self, generation: Generation, start: Seq) {
        self.start = start;
        self.position = Position { generation, count: 0 };
    }

    #[inline]
    fn room(&self) -> u32 {
        let told = self.progress.observe();
        let released = if told.generation == self.position.generation { told.count } else { 0 };
        let waiting = self.position.count.wrapping_sub(released);
        self.arena.geometry().entries().saturating_sub(waiting)
    }

    #[inline]
    fn submit(&mut self, output: &Output, payload: &[u8]) -> Result<Seq, SubmitError> {
        let geometry = *self.arena.geometry();
        if self.room() == 0 {
            return Err(SubmitError::Full { entries: geometry.entries() });
        }
        let seq = self.start.wrapping_add(u64::from(self.position.count));
        let index = self.position.count;
        let header = Header {
            seq,
            generation: self.position.generation,
            length: payload.len() as u32,
            target: output.target,
            group: self.group,
            kind: output.kind,
            channel: output.channel,
        };
        let inline = payload.len() <= INLINE_MAX;
        let body = if inline {
            words_of(payload)
        } else {
            let iova = geometry.slot_iova(index);
            if payload.len() > geometry.slot_bytes as usize || !self.arena.write(iova, payload) {
                return Err(SubmitError::TooLong { length: payload.len(), slot: geometry.slot_bytes });
            }
            [iova, 0, 0]
        };
        self.arena.store_entry(index, &Entry::seal(&header, body, inline));
        self.position.count = index.wrapping_add(1);
        Ok(seq)
    }

    #[inline]
    fn ring(&mut self) {
        self.doorbell.ring(&self.arena, self.position);
    }
}

/// A short payload as the words of an entry's body.
#[inline]
fn words_of(payload: &[u8]) -> [u64; 3] {
    let mut bytes = [0; INLINE_MAX];
    bytes[..payload.len()].copy_from_slice(payload);
    core::array::from_fn(|word| crate::crc::word_of(&bytes[word * 8..word * 8 + 8]))
}
