//! From packets to beats of 64 bits and back, with the framing rules of the boundary.

/// One beat of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Beat {
    /// Two words, the earlier one in bits 31:0.
    pub data: u64,
    /// Which of the two words are there.
    pub keep: u8,
    /// Whether the packet ends here.
    pub last: bool,
}

/// The beats of a packet.
pub fn beats(words: &[u32]) -> Vec<Beat> {
    let pairs = words.chunks(2);
    let count = pairs.len();
    pairs
        .enumerate()
        .map(|(index, pair)| Beat {
            data: u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32,
            keep: if pair.len() == 2 { 0b11 } else { 0b01 },
            last: index + 1 == count,
        })
        .collect()
}

/// A beat that no packet can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "keep {keep:#04b} with last {last}: only the last beat may hold a single word, and that in the lower half"
)]
pub struct KeepError {
    /// The beat's keep.
    pub keep: u8,
    /// Its last.
    pub last: bool,
}

/// Collects beats until a packet is whole.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    words: Vec<u32>,
}

impl Collector {
    /// Whether a packet has begun and not ended.
    pub fn is_inside(&self) -> bool {
        !self.words.is_empty()
    }

    /// The words so far.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Takes a beat; gives the packet's words when it was the last.
    ///
    /// # Errors
    /// A keep that leaves a hole. What was collected is dropped.
    pub fn take(&mut self, beat: Beat) -> Result<Option<Vec<u32>>, KeepError> {
        self.words.push(beat.data as u32);
        match (beat.keep, beat.last) {
            (0b11, _) => self.words.push((beat.data >> 32) as u32),
            (0b01, true) => {}
            (keep, last) => {
                self.words.clear();
                return Err(KeepError { keep, last });
            }
        }
        Ok(beat.last.then(|| std::mem::take(&mut self.words)))
    }
}
