//! Each message that a client may send, and its answer.

use crate::raw::{
    Body, DEVICE_INFO, DMA_MAP, DMA_UNMAP, IRQ_INFO, NO_REPLY, REGION_INFO, REGION_READ, REGION_WRITE, RESET,
    Raw, SET_IRQS, VERSION, access, irqs, many, map, memory, unmap, version,
};
use crate::server::Server;
use covert_abi::registers::{BAR_BYTES, card};
use std::os::fd::AsFd;

fn words(body: &[u8]) -> Vec<u32> {
    body.chunks_exact(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap())).collect()
}

fn ends_in_order(mut server: Server) {
    let (status, said) = server.end();
    assert!(status.success() && said.is_empty(), "{status}: {said}");
}

#[test]
fn version_answers_what_the_server_can_with_or_without_a_text_of_the_client() {
    for text in [&b""[..], b"{}\0", b"{\"capabilities\":{\"max_msg_fds\":8,\"of_tomorrow\":[1]}}\0"] {
        let Some(server) = Server::start(20) else { return };
        let mut client = Raw::mute(server.socket());
        let answer = client.ask(VERSION, &version(text), &[]).unwrap();
        assert_eq!((answer.error, &answer.body[..4]), (None, &[0; 4][..]));
        let (end, said) = answer.body[4..].split_last().unwrap();
        let said: serde_json::Value = serde_json::from_slice(said).unwrap();
        assert_eq!(*end, 0);
        assert_eq!(said["capabilities"]["max_msg_fds"], 16);
        assert_eq!(said["capabilities"]["max_data_xfer_size"], 1 << 20);
        drop(client);
        ends_in_order(server);
    }
}

#[test]
fn device_region_and_interrupt_information_say_what_there_is() {
    let Some(server) = Server::start(21) else { return };
    let mut client = Raw::to(&server);
    // PCI and resettable; ten regions, of which one is the time of a simulated card; five kinds of interrupts.
    let device = client.do_it(DEVICE_INFO, &Body::default().u32(16).u32(0).u64(0), &[]);
    assert_eq!(words(&device), [16, 3, 10, 5]);
    for index in 0..10 {
        let size = match index {
            0 => BAR_BYTES,
            7 => 4096,
            9 => 12,
            _ => 0,
        };
        // A client may have more room than is needed.
        let ask = Body::default().u32(32 + index).u32(0).u32(index).u32(0).u64(0).u64(0);
        let region = client.do_it(REGION_INFO, &ask, &[]);
        let flags = if size > 0 { 3 } else { 0 };
        assert_eq!(words(&region), [32, flags, index, 0, size, 0, 0, 0], "no region can be mapped");
    }
    for index in 0..5 {
        let kind = client.do_it(IRQ_INFO, &Body::default().u32(16).u32(0).u32(index).u32(0), &[]);
        assert_eq!(words(&kind), [16, 9, index, if index == 2 { 2 } else { 0 }]);
    }
    drop(client);
    ends_in_order(server);
}

#[test]
fn memory_is_mapped_and_unmapped_singly_in_ranges_and_all_at_once() {
    let Some(server) = Server::start(22) else { return };
    let mut client = Raw::to(&server);
    let memory = memory(0x4000);
    let mut add = |iova: u64, flags, fds: usize| {
        assert!(client.do_it(DMA_MAP, &map(flags, 0x1000, iova, 0x1000), &many(&memory, fds)).is_empty());
    };
    add(0x1_0000, 1, 1);
    add(0x1_1000, 2, 1);
    // Without a file: another device's memory, which the card cannot reach. It has a place all the same.
    add(0x1_2000, 3, 0);
    add(u64::MAX - 0x1FFF, 3, 1);
    let mut gone = |flags, iova, bytes| {
        let answer = client.do_it(DMA_UNMAP, &unmap(flags, iova, bytes), &[]);
        assert_eq!(answer[..16], unmap(flags, iova, bytes).0[..16]);
        u64::from_ne_bytes(answer[16..].try_into().unwrap())
    };
    assert_eq!(gone(0, 0x1_0000, 0x1000), 0x1000);
    assert_eq!(gone(0, 0x1_0000, 0x1000), 0, "as of an IOMMU, to unmap nothing is no error");
    assert_eq!(gone(0, 0x1_0000, 0x10_0000), 0x2000, "a range takes all that lies in it");
    assert_eq!(gone(4, 0, 0), 0x1000);
    assert_eq!(gone(4, 0, 0), 0);
    client.is_served("after all that");
    drop(client);
    ends_in_order(server);
}

#[test]
fn vectors_get_and_lose_their_eventfds() {
    let Some(server) = Server::start(23) else { return };
    let mut client = Raw::to(&server);
    let fd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let enabled = |client: &mut Raw| client.word(7, 0x40) >> 31;
    let (eventfd, none) = (0x24, 0x21);
    assert_eq!(enabled(&mut client), 0);
    assert!(client.do_it(SET_IRQS, &irqs(eventfd, 2, 0, 2), &many(&fd, 2)).is_empty());
    assert_eq!(enabled(&mut client), 1);
    // One of them goes, and then the other: with no descriptor a vector loses its own.
    client.do_it(SET_IRQS, &irqs(eventfd, 2, 1, 1), &[]);
    assert_eq!(enabled(&mut client), 1);
    client.do_it(SET_IRQS, &irqs(eventfd, 2, 0, 1), &[]);
    assert_eq!(enabled(&mut client), 0);
    client.do_it(SET_IRQS, &irqs(eventfd, 2, 1, 1), &[fd.as_fd()]);
    assert_eq!(enabled(&mut client), 1);
    client.do_it(SET_IRQS, &irqs(none, 2, 0, 0), &[]);
    assert_eq!(enabled(&mut client), 0);
    // Other kinds do not exist; to switch them off is no error.
    for index in [0, 1, 3, 4] {
        client.do_it(SET_IRQS, &irqs(none, index, 0, 0), &[]);
    }
    drop(client);
    ends_in_order(server);
}

#[test]
fn regions_are_read_and_written_and_a_reset_forgets_it() {
    let Some(server) = Server::start(24) else { return };
    let mut client = Raw::to(&server);
    client.write(7, 4, &6u16.to_ne_bytes());
    assert_eq!(client.word(0, 0), u32::from_le_bytes(*b"CVRT"));
    let control = u64::from(card::CONTROL);
    client.write(0, control, &1u32.to_ne_bytes());
    assert_eq!(client.word(0, control), 1);
    let pair = client.do_it(REGION_READ, &access(0, 0, 8), &[]);
    assert_eq!((pair.len(), &pair[16..20]), (24, &b"CVRT"[..]));
    // All of the configuration space at once.
    assert_eq!(client.do_it(REGION_READ, &access(7, 0, 4096), &[]).len(), 16 + 4096);
    assert!(client.do_it(RESET, &Body::default(), &[]).is_empty());
    assert_eq!(client.word(7, 4) & 7, 0, "BAR accesses and bus mastering are off");
    client.write(7, 4, &2u16.to_ne_bytes());
    assert_eq!(client.word(0, control), 0);
    drop(client);
    ends_in_order(server);
}

#[test]
fn a_message_that_wants_no_reply_is_done_and_gets_none() {
    let Some(mut server) = Server::start(25) else { return };
    let mut client = Raw::to(&server);
    let memory = memory(0x1000);
    client.send(REGION_WRITE, NO_REPLY, &access(7, 4, 2).bytes(&6u16.to_ne_bytes()).0, &[]);
    client.send(DMA_MAP, NO_REPLY, &map(3, 0, 0x1000, 0x1000).0, &[memory.as_fd()]);
    client.send(SET_IRQS, NO_REPLY, &irqs(0x21, 2, 0, 0).0, &[]);
    assert_eq!(client.word(7, 4) & 7, 6);
    let again = client.refused("again", DMA_MAP, &map(3, 0, 0x1000, 0x1000).0, &[memory.as_fd()]);
    assert_eq!(again, 17, "EEXIST: the first was done");
    client.send(DMA_UNMAP, NO_REPLY, &unmap(0, 0x1000, 0x1000).0, &[]);
    client.send(RESET, NO_REPLY, &[], &[]);
    assert_eq!(client.word(7, 4) & 7, 0);
    // A refusal without a reply, and a question without one: nothing comes that the client could take for something else.
    client.send(REGION_WRITE, NO_REPLY, &access(7, 4096, 4).u32(0).0, &[]);
    client.send(REGION_READ, NO_REPLY, &access(7, 0, 4).0, &[]);
    client.is_served("in step");
    drop(client);
    let (status, said) = server.end();
    assert!(status.success(), "{status}: {said}");
    assert!(said.contains("it asks, and wants no reply") && said.contains("has only 0x1000"), "{said}");
}

#[test]
fn a_message_that_comes_in_pieces_is_one() {
    let Some(server) = Server::start(26) else { return };
    let mut client = Raw::to(&server);
    let memory = memory(0x1000);
    let message = [crate::raw::header(7, DMA_MAP, 48, 0), map(3, 0, 0x1000, 0x1000).0].concat();
    // The descriptor comes with the first byte.
    client.send_bytes(&message[..1], &[memory.as_fd()]);
    for piece in message[1..].chunks(5) {
        std::thread::sleep(std::time::Duration::from_millis(2));
        client.send_bytes(piece, &[]);
    }
    assert_eq!(client.reply(7, DMA_MAP).unwrap().error, None);
    let gone = client.do_it(DMA_UNMAP, &unmap(4, 0, 0), &[]);
    assert_eq!(gone[16..], 0x1000u64.to_ne_bytes());
    drop(client);
    ends_in_order(server);
}
