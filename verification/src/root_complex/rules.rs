//! The rules of the boundary, and what is said when one is broken.

/// A rule that whatever is under test has to keep. The texts are what `docs/src/tlp-boundary.md` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A beat once offered stays as it is until it is taken.
    StreamStable,
    /// Only a packet's last beat may be half empty, and a packet has as many words as its header says.
    StreamFraming,
    /// Requests are MRd and MWr, completions Cpl and CplD.
    PacketKind,
    /// Traffic class, attributes, poison, digest and address type are zero.
    PacketAttributes,
    /// A request carries the function's own ID.
    RequesterId,
    /// No request begins while bus mastering is off.
    BusMaster,
    /// A read asks for at most Max_Read_Request_Size.
    ReadRequestSize,
    /// A write carries at most Max_Payload_Size.
    PayloadSize,
    /// No request crosses a 4 KiB boundary.
    PageCrossing,
    /// The four-word header is for addresses from 4 GiB on, and only for them.
    HeaderForm,
    /// Byte enables are contiguous, and those of the last word zero when there is only one.
    ByteEnables,
    /// A tag is not used again before its request is completed.
    TagUnique,
    /// No more reads are outstanding than the unit has tags.
    TagCount,
    /// A read lies inside a mapped window that may be read.
    ReadWindow,
    /// A write lies inside a mapped window that may be written.
    WriteWindow,
    /// An interrupt is sent only while MSI-X is enabled and not masked.
    Interrupt,
    /// `rx_cpl.ready` is high whenever a completion is offered: its space was reserved before the read was sent.
    CompletionSpace,
    /// A posted write of the host is taken without waiting for anything that the unit sends.
    PostedProgress,
    /// A completion answers a read of the host that is still open, with that read's fields.
    CompletionMatch,
    /// A completion is not offered before the unit's earlier posted writes were taken.
    CompletionOrder,
    /// A read of the host is completed in bounded time.
    CompletionTime,
    /// A function-level reset is done in bounded time, and leaves nothing under way.
    FunctionReset,
}

impl Rule {
    /// The rule in a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Rule::StreamStable => "a beat once offered stays as it is until it is taken",
            Rule::StreamFraming => {
                "only the last beat may be half empty, and the header says how many words follow"
            }
            Rule::PacketKind => "requests are MRd and MWr, completions Cpl and CplD",
            Rule::PacketAttributes => "traffic class, attributes, poison, digest and address type are zero",
            Rule::RequesterId => "a request carries the function's own ID",
            Rule::BusMaster => "no request begins while bus mastering is off",
            Rule::ReadRequestSize => "a read asks for at most Max_Read_Request_Size",
            Rule::PayloadSize => "a write carries at most Max_Payload_Size",
            Rule::PageCrossing => "no request crosses a 4 KiB boundary",
            Rule::HeaderForm => "the four-word header is for addresses from 4 GiB on, and only for them",
            Rule::ByteEnables => "byte enables are contiguous, and the last ones zero for a single word",
            Rule::TagUnique => "a tag is not used again before its request is completed",
            Rule::TagCount => "no more reads are outstanding than the unit has tags",
            Rule::ReadWindow => "a read lies inside a mapped window that may be read",
            Rule::WriteWindow => "a write lies inside a mapped window that may be written",
            Rule::Interrupt => "an interrupt is sent only while MSI-X is enabled and not masked",
            Rule::CompletionSpace => "rx_cpl.ready is high whenever a completion is offered",
            Rule::PostedProgress => {
                "a posted write of the host is taken without waiting for what the unit sends"
            }
            Rule::CompletionMatch => "a completion answers an open read of the host, with that read's fields",
            Rule::CompletionOrder => "a completion is not offered before earlier posted writes were taken",
            Rule::CompletionTime => "a read of the host is completed in bounded time",
            Rule::FunctionReset => {
                "a function-level reset is done in bounded time and leaves nothing under way"
            }
        }
    }
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule:?} broken at clock {clock}: {}\n  found: {found}", rule.text())]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// The clock at which it was noticed, counted from reset.
    pub clock: u64,
    /// The offending packet or beat, and what is wrong with it.
    pub found: String,
}
