//! The host's answers to the unit's reads: split, delayed, reordered, or wrong by plan.

use super::link::Link;
use super::memory::HostMemory;
use super::plan::{Answer, Malformation};
use super::tlp::{Common, Completion, Request, Status, Tlp};
use crate::random::Random;

/// A read that the unit has sent and that is not completed.
#[derive(Clone, Debug)]
struct Open {
    request: Request,
    answer: Answer,
    /// The clock from which on it may be answered.
    due: u64,
    /// Bytes that were answered.
    sent: u32,
}

/// Everything that is owed to the unit.
#[derive(Debug)]
pub(super) struct Completer {
    open: Vec<Open>,
    random: Random,
}

impl Completer {
    pub(super) fn new(random: Random) -> Completer {
        Completer { open: Vec::new(), random }
    }

    pub(super) fn is_open(&self, tag: u8) -> bool {
        self.open.iter().any(|it| it.request.tag == tag)
    }

    /// Reads that will be answered, or never will be.
    pub(super) fn outstanding(&self) -> usize {
        self.open.len()
    }

    /// Reads that will be answered without anything else having to happen.
    pub(super) fn coming(&self) -> usize {
        self.open.iter().filter(|it| it.answer != Answer::Missing).count()
    }

    /// The clock from which on the next packet may be sent; `None` when none will be.
    pub(super) fn due(&self) -> Option<u64> {
        let coming = self.open.iter().filter(|it| it.answer != Answer::Missing);
        coming.map(|it| it.due).min()
    }

    pub(super) fn take(&mut self, request: Request, answer: Answer, clock: u64, link: &Link) {
        let latency = self.random.within(link.latency.clone());
        let late = if let Answer::Late(clocks) = answer { clocks } else { 0 };
        self.open.push(Open { request, answer, due: clock + latency + late, sent: 0 });
    }

    /// Forgets everything, as a reset of the unit does.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// The next packet that goes to the unit, if one is due, as words.
    pub(super) fn next(&mut self, clock: u64, link: &Link, memory: &HostMemory) -> Option<Vec<u32>> {
        if self.due()? > clock {
            return None;
        }
        let due: Vec<usize> = (0..self.open.len())
            .filter(|index| self.open[*index].due <= clock && self.open[*index].answer != Answer::Missing)
            .collect();
        let index = if link.reorder { *self.random.pick(&due)? } else { *due.first()? };
        let (words, done) = self.packet(index, link, memory);
        if done {
            self.open.remove(index);
        }
        Some(words)
    }

    /// One packet of an open read, and whether it is the last.
    fn packet(&mut self, index: usize, link: &Link, memory: &HostMemory) -> (Vec<u32>, bool) {
        let Open { request, answer, sent, .. } = self.open[index];
        let total = request.byte_count();
        let first = request.first_byte() + u64::from(sent);
        let mut header = Completion {
            common: Common { traffic_class: request.common.traffic_class, ..Common::default() },
            completer: link.host_id,
            status: Status::Success,
            byte_count: (total - sent) as u16,
            requester: request.requester,
            tag: request.tag,
            lower_address: (first & 0x7F) as u8,
        };
        let failed = match answer {
            Answer::Unsupported => Some(Status::Unsupported),
            Answer::Abort => Some(Status::Abort),
            Answer::Retry => Some(Status::Retry),
            _ => None,
        };
        let bytes = self.length(first, total - sent, link);
        let done = sent + bytes == total;
        // An error may come at once or behind some good packets, and never too late.
        if let Some(status) = failed
            && (done || self.random.percent(50))
        {
            return (Tlp::Completion(Completion { status, ..header }, Vec::new()).encode(), true);
        }
        self.open[index].sent += bytes;
        let mut data = words(first, bytes, memory);
        if answer == Answer::Poisoned && (done || self.random.percent(50)) {
            header.common.poisoned = true;
        }
        match answer {
            Answer::Malformed(how) if done || self.random.percent(50) => {
                (self.spoil(how, header, data), true)
            }
            _ => {
                debug_assert!(!data.is_empty());
                (Tlp::Completion(header, std::mem::take(&mut data)).encode(), done)
            }
        }
    }

    /// How many bytes the next packet holds: to some boundary or to the end.
    fn length(&mut self, first: u64, left: u32, link: &Link) -> u32 {
        let boundary = u64::from(link.read_completion_boundary);
        // The address of the packet's first word counts against the payload size, not that of its first byte.
        let most = u64::from(link.max_payload) - (first & 3);
        let mut end = first;
        loop {
            let next = (end / boundary + 1) * boundary;
            if next - first > most && end > first {
                break;
            }
            end = next;
            if end - first >= u64::from(left) {
                return left;
            }
            if self.random.percent(link.split_percent) {
                break;
            }
        }
        (end - first) as u32
    }

    fn spoil(&mut self, how: Malformation, mut header: Completion, mut data: Vec<u32>) -> Vec<u32> {
        match how {
            Malformation::ByteCount => header.byte_count ^= 1 << self.random.below(12),
            Malformation::LowerAddress => header.lower_address ^= 1 << self.random.below(7),
            Malformation::TooLong => {
                // Past the end of the request: up to there, a completion may be cut anywhere.
                let left = u32::from(header.lower_address & 3) + u32::from(header.byte_count);
                data.resize(left.div_ceil(4) as usize + 1, 0xDEAD_BEEF);
            }
            Malformation::NoData => data.clear(),
            Malformation::TrailingWords | Malformation::MissingWords => {}
        }
        let mut words = Tlp::Completion(header, data).encode();
        match how {
            Malformation::TrailingWords => {
                let more = self.random.within(1..=3);
                words.extend((0..more).map(|_| 0xDEAD_BEEF));
            }
            Malformation::MissingWords => {
                words.pop();
            }
            _ => {}
        }
        words
    }
}

/// The words that hold these bytes; bytes around them read as zero.
fn words(first: u64, bytes: u32, memory: &HostMemory) -> Vec<u32> {
    let offset = (first & 3) as usize;
    let mut image = vec![0; (offset + bytes as usize).next_multiple_of(4)];
    // A range that is not mapped is answered with an error long before; here it would read as zeros.
    memory.dma_read(first, &mut image[offset..offset + bytes as usize]);
    image.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}
