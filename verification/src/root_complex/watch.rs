//! A stream from the unit, watched: stable beats, whole packets, and when each packet was first offered.

use super::rules::Rule;
use super::stream::{Beat, Collector};

/// A packet that was taken whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) words: Vec<u32>,
    /// The clock at which its first beat was offered.
    pub(super) offered: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    collector: Collector,
    /// A beat that was offered and not taken.
    held: Option<Beat>,
    /// When the packet that is under way was first offered.
    began: Option<u64>,
}

impl Watch {
    /// The clock at which the packet under way was first offered.
    pub(super) fn began(&self) -> Option<u64> {
        self.began
    }

    /// The words of the packet under way so far, the beat on offer included.
    pub(super) fn partial(&self) -> Vec<u32> {
        let mut words = self.collector.words().to_vec();
        if let Some(beat) = self.held {
            words.push(beat.data as u32);
            if beat.keep == 3 {
                words.push((beat.data >> 32) as u32);
            }
        }
        words
    }

    /// Sees one clock of the stream.
    ///
    /// # Errors
    /// The rule of streams that is broken, and how.
    pub(super) fn see(
        &mut self,
        beat: Option<Beat>,
        ready: bool,
        clock: u64,
    ) -> Result<Option<Taken>, (Rule, String)> {
        if let Some(held) = self.held
            && beat != Some(held)
        {
            return Err((Rule::StreamStable, format!("{held:x?} was on offer, then {beat:x?}")));
        }
        self.held = beat;
        let Some(beat) = beat else { return Ok(None) };
        let offered = *self.began.get_or_insert(clock);
        if !ready {
            return Ok(None);
        }
        self.held = None;
        match self.collector.take(beat) {
            Err(error) => Err((Rule::StreamFraming, error.to_string())),
            Ok(None) => Ok(None),
            Ok(Some(words)) => {
                self.began = None;
                Ok(Some(Taken { words, offered }))
            }
        }
    }
}
