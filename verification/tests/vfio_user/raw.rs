//! A client that sends what it is told, byte for byte.

use crate::server::Server;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

pub(crate) const VERSION: u16 = 1;
pub(crate) const DMA_MAP: u16 = 2;
pub(crate) const DMA_UNMAP: u16 = 3;
pub(crate) const DEVICE_INFO: u16 = 4;
pub(crate) const REGION_INFO: u16 = 5;
pub(crate) const REGION_IO_FDS: u16 = 6;
pub(crate) const IRQ_INFO: u16 = 7;
pub(crate) const SET_IRQS: u16 = 8;
pub(crate) const REGION_READ: u16 = 9;
pub(crate) const REGION_WRITE: u16 = 10;
pub(crate) const DMA_READ: u16 = 11;
pub(crate) const DMA_WRITE: u16 = 12;
pub(crate) const RESET: u16 = 13;

/// In a header's flags: no reply is wanted.
pub(crate) const NO_REPLY: u32 = 1 << 4;

/// Fields of a body, each in the host's byte order.
#[derive(Clone, Default)]
pub(crate) struct Body(pub(crate) Vec<u8>);

impl Body {
    pub(crate) fn u32(mut self, value: u32) -> Body {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Body {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Body {
        self.0.extend(bytes);
        self
    }
}

pub(crate) fn map(flags: u32, offset: u64, iova: u64, bytes: u64) -> Body {
    Body::default().u32(32).u32(flags).u64(offset).u64(iova).u64(bytes)
}

pub(crate) fn unmap(flags: u32, iova: u64, bytes: u64) -> Body {
    Body::default().u32(24).u32(flags).u64(iova).u64(bytes)
}

pub(crate) fn access(region: u32, offset: u64, count: u32) -> Body {
    Body::default().u64(offset).u32(region).u32(count)
}

pub(crate) fn irqs(flags: u32, index: u32, start: u32, count: u32) -> Body {
    Body::default().u32(20).u32(flags).u32(index).u32(start).u32(count)
}

pub(crate) fn header(id: u16, command: u16, bytes: u32, flags: u32) -> Vec<u8> {
    let head = Body::default().bytes(&id.to_ne_bytes()).bytes(&command.to_ne_bytes());
    head.u32(bytes).u32(flags).u32(0).0
}

/// The body of a version message with this text.
pub(crate) fn version(text: &[u8]) -> Vec<u8> {
    [&[0, 0, 1, 0], text].concat()
}

/// Memory of so many bytes.
pub(crate) fn memory(bytes: u64) -> OwnedFd {
    let memory = rustix::fs::memfd_create("memory", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&memory, bytes).unwrap();
    memory
}

/// A reply: its error number, if it refuses, and its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) error: Option<u32>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Raw {
    pub(crate) stream: UnixStream,
    next: u16,
}

impl Raw {
    /// Connects, and says nothing.
    pub(crate) fn mute(socket: &Path) -> Raw {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Raw { stream, next: 0x1234 }
    }

    /// Connects and agrees on the version.
    pub(crate) fn agreed(socket: &Path) -> Raw {
        let mut it = Raw::mute(socket);
        let answer = it.ask(VERSION, &version(b"{\"capabilities\":{}}\0"), &[]).unwrap();
        assert_eq!(answer.error, None);
        it
    }

    pub(crate) fn to(server: &Server) -> Raw {
        Raw::agreed(server.socket())
    }

    /// Sends a message with these flags.
    pub(crate) fn send(&mut self, command: u16, flags: u32, body: &[u8], fds: &[BorrowedFd<'_>]) -> u16 {
        self.next = self.next.wrapping_add(1);
        let message = [&header(self.next, command, 16 + body.len() as u32, flags), body].concat();
        self.send_bytes(&message, fds);
        self.next
    }

    /// Sends bytes, whatever they are.
    pub(crate) fn send_bytes(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(64))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
        }
        let sent = sendmsg(&self.stream, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL).unwrap();
        // More may already be refused; then nobody reads it.
        let _ = (&self.stream).write_all(&bytes[sent..]);
    }

    /// The next reply, which has to be to this message; `None` when the server has closed the connection.
    pub(crate) fn reply(&mut self, id: u16, command: u16) -> Option<Reply> {
        let mut header = [0; 16];
        self.stream.read_exact(&mut header).ok()?;
        let word = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap());
        assert_eq!(header[..2], id.to_ne_bytes(), "the reply to another message");
        assert_eq!(header[2..4], command.to_ne_bytes());
        assert!(matches!(word(8), 1 | 0x21), "flags {:#x}", word(8));
        let mut body = vec![0; word(4) as usize - 16];
        self.stream.read_exact(&mut body).unwrap();
        Some(Reply { error: (word(8) == 0x21).then(|| word(12)), body })
    }

    /// Asks, and gives the reply.
    pub(crate) fn ask(&mut self, command: u16, body: &[u8], fds: &[BorrowedFd<'_>]) -> Option<Reply> {
        let id = self.send(command, 0, body, fds);
        self.reply(id, command)
    }

    /// Asks for what the server does; gives the reply's body.
    pub(crate) fn do_it(&mut self, command: u16, body: &Body, fds: &[BorrowedFd<'_>]) -> Vec<u8> {
        let reply = self.ask(command, &body.0, fds).expect("a server that is there");
        assert_eq!(reply.error, None, "command {command}");
        reply.body
    }

    /// Asks for what the server refuses; gives the error number.
    pub(crate) fn refused(&mut self, what: &str, command: u16, body: &[u8], fds: &[BorrowedFd<'_>]) -> i32 {
        let reply = self.ask(command, body, fds).unwrap_or_else(|| panic!("{what}: the server has gone"));
        assert!(reply.body.is_empty(), "{what}");
        reply.error.unwrap_or_else(|| panic!("{what}: that was done")) as i32
    }

    /// Reads a word.
    pub(crate) fn word(&mut self, region: u32, offset: u64) -> u32 {
        let body = self.do_it(REGION_READ, &access(region, offset, 4), &[]);
        u32::from_ne_bytes(body[16..].try_into().unwrap())
    }

    /// Writes bytes.
    pub(crate) fn write(&mut self, region: u32, offset: u64, data: &[u8]) {
        let body = access(region, offset, data.len() as u32).bytes(data);
        assert_eq!(self.do_it(REGION_WRITE, &body, &[]), body.0[..16]);
    }

    /// Sees that the server still answers, and in step.
    pub(crate) fn is_served(&mut self, what: &str) {
        let found = self.word(7, 0);
        assert_eq!(found, 0xC09E_1234, "{what}");
    }
}

/// As many borrowed descriptors as wanted, all the same.
pub(crate) fn many(fd: &OwnedFd, count: usize) -> Vec<BorrowedFd<'_>> {
    vec![fd.as_fd(); count]
}
