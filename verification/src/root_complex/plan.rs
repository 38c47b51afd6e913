//! Reads that are not answered as they should be, by plan.

use std::ops::Range;

/// How a read is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Answer {
    /// With the data.
    #[default]
    Good,
    /// Unsupported request.
    Unsupported,
    /// Completer abort.
    Abort,
    /// Configuration request retry status, which no memory read should get.
    Retry,
    /// With the data, one packet of it marked as poisoned.
    Poisoned,
    /// Not at all.
    Missing,
    /// With the data, but so many clocks later than others.
    Late(u64),
    /// With something that does not fit the request.
    Malformed(Malformation),
}

/// What is wrong with a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformation {
    /// The byte count is another.
    ByteCount,
    /// The lower address is another.
    LowerAddress,
    /// A word more than was asked for, and a header that says so.
    TooLong,
    /// Words behind those that the header announces.
    TrailingWords,
    /// Fewer words than the header announces.
    MissingWords,
    /// Successful, without data.
    NoData,
}

impl Malformation {
    /// Every kind.
    pub const ALL: [Malformation; 6] = [
        Malformation::ByteCount,
        Malformation::LowerAddress,
        Malformation::TooLong,
        Malformation::TrailingWords,
        Malformation::MissingWords,
        Malformation::NoData,
    ];
}

/// Which reads are answered how. Reads that no entry names are answered with their data.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    entries: Vec<(Range<u64>, Answer)>,
}

impl Plan {
    /// Answers reads that touch `range` like this. Of several entries the first counts.
    pub fn answer(&mut self, range: Range<u64>, answer: Answer) {
        self.entries.push((range, answer));
    }

    /// Forgets every entry.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// How a read of these bytes is answered; `None` when no entry says.
    pub fn of(&self, range: Range<u64>) -> Option<Answer> {
        let touches = |it: &Range<u64>| range.start < it.end && it.start < range.end;
        self.entries.iter().find(|(it, _)| touches(it)).map(|(_, answer)| *answer)
    }
}
