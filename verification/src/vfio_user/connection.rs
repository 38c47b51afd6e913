//! One client's stream: whole messages with their descriptors come in, replies go out.

use super::ServeError;
use super::message::{FDS_MAX, HEADER, Header};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};
use std::io::{ErrorKind, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// A message. What its body means has not been looked at.
pub(super) struct Message {
    pub(super) header: Header,
    pub(super) body: Vec<u8>,
    pub(super) fds: Vec<OwnedFd>,
    /// More descriptors came than may; they were closed.
    pub(super) fds_lost: bool,
}

/// A client.
pub(super) struct Connection(UnixStream);

/// A client that goes does not always say so first.
fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> Connection {
        Connection(stream)
    }

    /// The next message; `None` when the client has gone.
    ///
    /// # Errors
    /// What comes is none, so that it is not known where the next one begins, or the socket failed.
    pub(super) fn next(&mut self) -> Result<Option<Message>, ServeError> {
        let (mut bytes, mut filled) = ([0; HEADER], 0);
        let (mut fds, mut fds_lost) = (Vec::new(), false);
        while filled < HEADER {
            match self.receive(&mut bytes[filled..], &mut fds, &mut fds_lost) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => {
                    return Err(ServeError::Protocol(format!("it went after {filled} bytes of a header")));
                }
                Ok(more) => filled += more,
                Err(Errno::INTR) => {}
                Err(Errno::CONNRESET) => return Ok(None),
                Err(error) => return Err(ServeError::Socket(error.into())),
            }
        }
        let header = Header::parse(&bytes).map_err(|lost| {
            if let Some(reply) = lost.reply {
                // It is the last one: whether it arrives changes nothing.
                let _ = self.0.write_all(&reply);
            }
            ServeError::Protocol(lost.why)
        })?;
        // Grows with what comes, not with what is announced. Descriptors that come in here are closed by the kernel.
        let mut body = Vec::new();
        match (&self.0).take(header.body as u64).read_to_end(&mut body) {
            Ok(read) if read == header.body => {}
            Ok(read) => {
                let why = format!("it went after {read} of {} bytes of a message", header.body);
                return Err(ServeError::Protocol(why));
            }
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(ServeError::Socket(error)),
        }
        Ok(Some(Message { header, body, fds, fds_lost }))
    }

    fn receive(&self, bytes: &mut [u8], fds: &mut Vec<OwnedFd>, lost: &mut bool) -> Result<usize, Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = recvmsg(&self.0, &mut [IoSliceMut::new(bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        *lost |= got.flags.contains(ReturnFlags::CTRUNC);
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(more) = message {
                fds.extend(more);
            }
        }
        *lost |= fds.len() > FDS_MAX;
        fds.truncate(FDS_MAX);
        Ok(got.bytes)
    }

    /// Sends a reply; false when the client has gone.
    ///
    /// # Errors
    /// The socket failed.
    pub(super) fn reply(&mut self, bytes: &[u8]) -> Result<bool, ServeError> {
        match self.0.write_all(bytes) {
            Ok(()) => Ok(true),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(ServeError::Socket(error)),
        }
    }
}
