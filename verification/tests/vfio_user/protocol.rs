//! Other clients, and bad ones.

use crate::server::Server;
use covert_abi::registers::{BAR_BYTES, card};
use covert_driver::card::CardPort;
use std::os::fd::AsRawFd;
use std::process::Command;
use vfio_user::Client;

fn word(client: &mut Client, region: u32, offset: u64) -> u32 {
    let mut bytes = [0; 4];
    client.region_read(region, offset, &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

#[test]
fn a_client_of_other_make_finds_a_pci_express_card_and_can_reset_it_as_a_function() {
    let Some(mut server) = Server::start(10) else { return };
    let mut client = Client::new(server.socket()).unwrap();
    assert_eq!(client.region(0).unwrap().size, u64::from(BAR_BYTES));
    assert_eq!(client.get_irq_info(2).unwrap().count, 2);
    assert_eq!(word(&mut client, 7, 0x40) & 0xFF, 0x11, "MSI-X");
    assert_eq!(word(&mut client, 7, 0x60) & 0xFF, 0x10, "PCI Express");
    assert_eq!(word(&mut client, 7, 0x64) >> 28 & 1, 1, "function-level reset");
    client.region_write(7, 4, &6u16.to_le_bytes()).unwrap();
    assert_eq!(word(&mut client, 0, 0), u32::from_le_bytes(*b"CVRT"));
    // It maps everything for both directions.
    let memory = rustix::fs::memfd_create("memory", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&memory, 4096).unwrap();
    client.dma_map(0, 0x10_0000, 4096, memory.as_raw_fd()).unwrap();
    client.region_write(0, card::CONTROL.into(), &1u32.to_le_bytes()).unwrap();
    assert_eq!(word(&mut client, 0, card::CONTROL.into()), 1);
    client.region_write(7, 0x68, &0x8000u16.to_le_bytes()).unwrap();
    client.region_write(7, 4, &2u16.to_le_bytes()).unwrap();
    assert_eq!(word(&mut client, 0, card::CONTROL.into()), 0);
    client.dma_unmap(0x10_0000, 4096).unwrap();
    drop(client);
    let (status, said) = server.end();
    assert!(status.success() && said.is_empty(), "{said}");
}

#[test]
fn an_access_outside_of_a_region_fails_at_once_and_harms_nothing() {
    let Some(mut server) = Server::start(11) else { return };
    let mut port = server.connect();
    assert!(port.read(BAR_BYTES).is_err());
    assert!(port.read(u32::MAX).is_err());
    assert!(port.write_pair(BAR_BYTES - 4, 0).is_err());
    // This one lies inside, and only the server knows that it is none.
    assert!(port.read(2).is_err());
    assert_eq!(port.read(0).unwrap(), u32::from_le_bytes(*b"CVRT"));
    drop(port);
    let (status, said) = server.end();
    assert!(status.success(), "{status}");
    assert!(said.contains("BAR 0 takes 4 or 8 aligned bytes"), "{said}");
}

#[test]
fn a_server_that_cannot_listen_says_why() {
    let server = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_card-server")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = server(&["--socket"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("usage: card-server"), "{said}");
    let Some(_there) = Server::start(13) else { return };
    let (code, said) = server(&["--socket", "/nowhere/card.sock"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot listen on /nowhere/card.sock"), "{said}");
}
