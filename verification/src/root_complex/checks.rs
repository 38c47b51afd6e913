//! The rules that can be judged from one request of the unit and what is open at that time.

use super::link::Link;
use super::rules::Rule;
use super::tlp::{Common, Request};

/// The first rule that the request breaks, and how. `payload` is the number of data words of a write.
pub(super) fn check_request(
    request: &Request,
    payload: Option<usize>,
    link: &Link,
) -> Result<(), (Rule, String)> {
    let bytes = 4 * u32::from(request.words);
    if request.common != Common::default() {
        return Err((Rule::PacketAttributes, format!("{:?}", request.common)));
    }
    if request.requester != link.completer_id {
        return Err((
            Rule::RequesterId,
            format!("{:04x}, must be {:04x}", request.requester, link.completer_id),
        ));
    }
    match payload {
        None if bytes > link.max_read_request => {
            let found = format!("{bytes} bytes, at most {} allowed", link.max_read_request);
            return Err((Rule::ReadRequestSize, found));
        }
        Some(_) if bytes > link.max_payload => {
            return Err((Rule::PayloadSize, format!("{bytes} bytes, at most {} allowed", link.max_payload)));
        }
        _ => {}
    }
    let in_page = (request.address & 0xFFF) as u32;
    if in_page + bytes > 4096 {
        return Err((Rule::PageCrossing, format!("{bytes} bytes from {:#x} on", request.address)));
    }
    if request.wide != (request.address >> 32 != 0) {
        let words = if request.wide { 4 } else { 3 };
        return Err((Rule::HeaderForm, format!("{words} header words for address {:#x}", request.address)));
    }
    check_enables(request)
}

fn check_enables(request: &Request) -> Result<(), (Rule, String)> {
    let (first, last) = (request.first_be, request.last_be);
    let contiguous = |be: u8| {
        let shifted = be >> be.trailing_zeros().min(4);
        shifted & (shifted + 1) == 0
    };
    let good = if request.words == 1 {
        // No byte at all is a legal zero-length read, which this unit has no use for.
        last == 0 && first != 0 && contiguous(first)
    } else {
        // Up to the end of the first word, from the beginning of the last.
        matches!(first, 0b1111 | 0b1110 | 0b1100 | 0b1000)
            && matches!(last, 0b1111 | 0b0111 | 0b0011 | 0b0001)
    };
    if good {
        Ok(())
    } else {
        Err((Rule::ByteEnables, format!("first {first:04b}, last {last:04b} for {} words", request.words)))
    }
}
