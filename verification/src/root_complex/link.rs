//! How the link is set up and how it behaves.

use std::ops::RangeInclusive;

/// Settings of the link, the function and the host, and the limits of the host's patience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Bus, device and function of the unit.
    pub completer_id: u16,
    /// Requester ID of the host.
    pub host_id: u16,
    /// Where BAR 0 lies. From 4 GiB on the host's requests have four header words.
    pub bar_base: u64,
    /// Bytes of BAR 0.
    pub bar_bytes: u64,
    /// Max_Payload_Size as a number of bytes, 128 to 4096.
    pub max_payload: u32,
    /// Max_Read_Request_Size as a number of bytes, 128 to 4096.
    pub max_read_request: u32,
    /// Read completion boundary in bytes, 64 or 128.
    pub read_completion_boundary: u32,
    /// Reads that the unit may have outstanding.
    pub tags: usize,
    /// Whether a read outside all windows breaks a rule. If not, it is refused, as by an IOMMU.
    pub strict_windows: bool,
    /// Writes of one word into this range are interrupts.
    pub interrupts: RangeInclusive<u64>,
    /// Clocks from a read to its first completion.
    pub latency: RangeInclusive<u64>,
    /// Percent of the clocks in which what the unit sends is taken.
    pub ready_percent: u32,
    /// Percent of the clocks in which a beat for the unit, if there is one, is offered.
    pub valid_percent: u32,
    /// Percent of the read completion boundaries at which a completion is cut.
    pub split_percent: u32,
    /// Whether completions of different tags overtake one another.
    pub reorder: bool,
    /// A tick every so many clocks; 0 leaves ticks to [`tick`](super::RootComplex::tick).
    pub tick_period: u64,
    /// Most clocks that a posted write of the host may wait for the unit.
    pub posted_patience: u64,
    /// Most clocks that a read of the host may take, not counting those in which the host took nothing.
    pub completion_patience: u64,
    /// Most clocks that a function-level reset may take.
    pub reset_patience: u64,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            completer_id: 0x0100,
            host_id: 0x0000,
            bar_base: 0xF000_0000,
            bar_bytes: covert_abi::registers::BAR_BYTES.into(),
            max_payload: 256,
            max_read_request: 512,
            read_completion_boundary: 64,
            tags: 16,
            strict_windows: true,
            interrupts: 0xFEE0_0000..=0xFEEF_FFFF,
            latency: 20..=60,
            ready_percent: 100,
            valid_percent: 100,
            split_percent: 0,
            reorder: false,
            tick_period: 0,
            posted_patience: 16,
            completion_patience: 2000,
            reset_patience: 2000,
        }
    }
}

impl Link {
    /// A link that does everything it may do to make life hard, by chance of this sequence.
    pub fn rough(random: &mut crate::random::Random) -> Link {
        let size = |random: &mut crate::random::Random| 128 << random.below(4);
        Link {
            completer_id: random.bits() as u16 | 1,
            bar_base: if random.percent(50) { 0xF000_0000 } else { 0x20_0000_0000 },
            max_payload: size(random),
            max_read_request: size(random),
            read_completion_boundary: 64 << random.below(2),
            latency: 1..=random.within(2..=200),
            ready_percent: random.within(20..=100) as u32,
            valid_percent: random.within(20..=100) as u32,
            split_percent: random.within(0..=100) as u32,
            reorder: random.percent(70),
            ..Link::default()
        }
    }

    /// The code of a size in Device Control: 128 << code bytes.
    pub(super) fn size_code(bytes: u32) -> u8 {
        (bytes / 128).max(1).ilog2() as u8
    }
}
