//! Arbitrary bytes in place of a client's message. The fuzz target and the property test call this.

use super::message::{DATA_MAX, FDS_MAX, HEADER, Header, IRQ_EVENTFD, MAP_READ, MAP_WRITE, Request};

/// Reads any bytes as a message: what is taken has to be what the server relies on, and a refusal has to have a reply.
///
/// # Errors
/// It is not, or has none.
pub fn message(input: &[u8]) -> Result<(), String> {
    let Some((fds, input)) = input.split_first() else { return Ok(()) };
    let Some((head, body)) = input.split_first_chunk::<HEADER>() else { return Ok(()) };
    let header = match Header::parse(head) {
        Ok(header) => header,
        Err(lost) if lost.why.is_empty() => return Err("a connection is closed for no reason".into()),
        Err(_) => return Ok(()),
    };
    let fds = usize::from(*fds) % (FDS_MAX + 2);
    match Request::parse(&header, body, fds) {
        Ok(request) => {
            relies(&request, body, fds).then_some(()).ok_or_else(|| format!("{request:?} is taken"))
        }
        Err(refusal) => {
            let reply = header.refusal(refusal.errno);
            let goes_back = reply[..4] == head[..4] && reply[12..] != [0; 4];
            (goes_back && !refusal.why.is_empty())
                .then_some(())
                .ok_or_else(|| format!("{refusal:?}: {reply:x?}"))
        }
    }
}

/// Whether a request is one that can be carried out without another look at it.
fn relies(request: &Request<'_>, body: &[u8], fds: usize) -> bool {
    let ends = |first: u64, bytes: u64| first.checked_add(bytes).is_some();
    let pages = |values: &[u64]| values.iter().all(|value| value.is_multiple_of(4096));
    match request {
        Request::DmaMap { flags, offset, iova, bytes } => {
            fds <= 1
                && (1..=MAP_READ | MAP_WRITE).contains(flags)
                && *bytes > 0
                && pages(&[*offset, *iova, *bytes])
                && ends(*offset, *bytes)
                && ends(*iova, *bytes)
        }
        Request::DmaUnmap { flags: 0, iova, bytes } => {
            fds == 0 && *bytes > 0 && pages(&[*iova, *bytes]) && ends(*iova, bytes - 1) && body.len() == 24
        }
        Request::DmaUnmap { iova, bytes, .. } => fds == 0 && (*iova, *bytes) == (0, 0) && body.len() == 24,
        Request::SetIrqs { data, vectors, .. } => {
            vectors.start <= vectors.end
                && (fds == 0 || *data == IRQ_EVENTFD && fds == vectors.len() && fds <= FDS_MAX)
        }
        Request::Read { offset, count, .. } => {
            fds == 0 && (1..=DATA_MAX).contains(count) && ends(*offset, (*count).into()) && body.len() == 16
        }
        Request::Write { offset, data, .. } => {
            fds == 0 && !data.is_empty() && ends(*offset, data.len() as u64) && body.len() == 16 + data.len()
        }
        _ => fds == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header and fields of numbers that mean something, now and then.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![any::<u32>(), 0..64u32, Just(0x1000), Just(0xFFFF_F000), Just(u32::MAX)];
        let body = prop_oneof![
            proptest::collection::vec(word, 0..14)
                .prop_map(|words| words.into_iter().flat_map(u32::to_ne_bytes).collect::<Vec<u8>>()),
            proptest::collection::vec(any::<u8>(), 0..80),
        ];
        let flags = prop_oneof![4 => Just(0u32), 1 => Just(16), 1 => any::<u32>()];
        (0..18u8, 0..16u16, flags, body, 0..8u8).prop_map(|(fds, command, flags, body, wrong)| {
            let size = (16 + body.len()) as u32;
            let size = if wrong == 0 { size.wrapping_mul(0x0101_0101) } else { size };
            let mut message = vec![fds, 1, 2];
            message.extend(command.to_ne_bytes());
            message.extend(size.to_ne_bytes());
            message.extend(flags.to_ne_bytes());
            message.extend([0; 4]);
            message.extend(body);
            message
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_of_a_client_make_a_request_that_the_server_cannot_rely_on(input in bytes()) {
            prop_assert_eq!(message(&input), Ok(()));
        }
    }
}
