//! A beat of the block's streams, and how packets lie in them.
//!
//! Two DW a beat, the earlier one in bits 31:0. Headers are numbers; a payload DW has its first byte in bits 31:24, other than on
//! the unit's boundary.

/// One beat of `m_axis_rx` or `s_axis_tx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// `tdata`.
    pub data: u64,
    /// `tkeep`: which bytes are there.
    pub keep: u8,
    /// `tlast`.
    pub last: bool,
    /// `tuser`.
    pub user: u32,
}

/// Number of header DWs that the first DW announces.
pub fn header_words(first: u32) -> usize {
    if first >> 29 & 1 == 1 { 4 } else { 3 }
}

/// Number of DWs of the whole packet: header, payload, digest.
pub fn packet_words(first: u32) -> usize {
    let length = if first & 0x3FF == 0 { 1024 } else { first as usize & 0x3FF };
    let payload = if first >> 30 & 1 == 1 { length } else { 0 };
    header_words(first) + payload + (first >> 15 & 1) as usize
}

/// Turns the bytes of the DWs behind the header, from one side's order to the other's.
pub fn turn(words: &mut [u32]) {
    let header = words.first().map_or(0, |first| header_words(*first));
    for word in words.iter_mut().skip(header) {
        *word = word.swap_bytes();
    }
}

/// The beats of a packet given as the boundary has it.
pub fn beats(mut words: Vec<u32>, user: u32) -> Vec<Beat> {
    turn(&mut words);
    let count = words.len().div_ceil(2);
    words
        .chunks(2)
        .enumerate()
        .map(|(index, pair)| Beat {
            data: u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32,
            keep: if pair.len() == 2 { 0xFF } else { 0x0F },
            last: index + 1 == count,
            user,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_at_the_lowest_address_is_on_top_of_its_word() {
        let write = vec![0x4000_0001, 0x0000_000F, 0xF000_0000, u32::from_le_bytes([1, 2, 3, 4])];
        assert_eq!(beats(write, 4)[1].data, 0x0102_0304_F000_0000);
    }
}
