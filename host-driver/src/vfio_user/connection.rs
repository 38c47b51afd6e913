//! One request at a time over the socket, its reply checked, and no waiting without end.

use super::wire::{self, Command, HEADER};
use super::{VfioUserError, holder};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Most descriptors that one message may carry.
pub(super) const FDS_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    next: u16,
    /// What broke it. A stream that lost its place among the messages is of no more use.
    broken: Option<String>,
}

/// What a server answered.
struct Answer {
    /// The error number of a refusal.
    refused: Option<u32>,
    body: Vec<u8>,
}

impl Answer {
    fn granted(self, command: Command) -> Result<Vec<u8>, VfioUserError> {
        match self.refused {
            None => Ok(self.body),
            Some(errno) => Err(VfioUserError::Refused { what: format!("{command:?}"), errno }),
        }
    }
}

impl Connection {
    /// Connects and agrees on the version. No read and no write will take longer than `patience`.
    pub(super) fn open(path: &Path, patience: Duration) -> Result<Connection, VfioUserError> {
        let refuse = |source| VfioUserError::Connect { path: path.into(), source };
        let stream = UnixStream::connect(path).map_err(refuse)?;
        let mut it = Connection { stream, next: 0, broken: None };
        it.set_patience(patience)?;
        let answer = match it.ask(Command::Version, &wire::version(), &[])? {
            Answer { refused: Some(errno), body } if errno == Errno::BUSY.raw_os_error() as u32 => {
                return Err(VfioUserError::Held { path: path.into(), holder: holder::read(&body) });
            }
            answer => answer.granted(Command::Version)?,
        };
        // A server of a minor version of its own choice is fine: what is used here has been in all of them.
        match answer.get(..2) {
            Some([0, 0]) => Ok(it),
            _ => Err(VfioUserError::Protocol("the server speaks another major version".into())),
        }
    }

    /// From now on no read and no write will take longer.
    pub(super) fn set_patience(&mut self, patience: Duration) -> Result<(), VfioUserError> {
        self.stream.set_read_timeout(Some(patience)).map_err(socket("set a time-out"))?;
        self.stream.set_write_timeout(Some(patience)).map_err(socket("set a time-out"))
    }

    /// Sends a request and gives the body of the reply.
    pub(super) fn request(
        &mut self,
        command: Command,
        body: &[u8],
        fds: &[BorrowedFd<'_>],
    ) -> Result<Vec<u8>, VfioUserError> {
        self.ask(command, body, fds)?.granted(command)
    }

    /// As [`request`](Self::request), where also what follows a refusal is of use.
    fn ask(
        &mut self,
        command: Command,
        body: &[u8],
        fds: &[BorrowedFd<'_>],
    ) -> Result<Answer, VfioUserError> {
        if let Some(why) = &self.broken {
            return Err(VfioUserError::Protocol(why.clone()));
        }
        let result = self.exchange(command, body, fds);
        if let Err(error @ (VfioUserError::Socket { .. } | VfioUserError::Protocol(_))) = &result {
            self.broken = Some(format!("the connection was given up before: {error}"));
        }
        result
    }

    fn exchange(
        &mut self,
        command: Command,
        body: &[u8],
        fds: &[BorrowedFd<'_>],
    ) -> Result<Answer, VfioUserError> {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.send(&wire::message(id, command, body), fds).map_err(socket("send"))?;
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header).map_err(socket("receive"))?;
        let reply = wire::reply(&header, id, command).map_err(VfioUserError::Protocol)?;
        let mut answer = vec![0; reply.body];
        self.stream.read_exact(&mut answer).map_err(socket("receive"))?;
        Ok(Answer { refused: reply.refused, body: answer })
    }

    fn send(&self, message: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::Error::other(format!("{} descriptors do not fit one message", fds.len())));
        }
        let mut sent = 0;
        while sent < message.len() {
            // NOSIGNAL: a server that is gone is an error and not the end of this process.
            match sendmsg(&self.stream, &[IoSlice::new(&message[sent..])], &mut control, SendFlags::NOSIGNAL)
            {
                Ok(bytes) => sent += bytes,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            // The descriptors went with the first bytes.
            control.clear();
        }
        Ok(())
    }
}

fn socket(doing: &'static str) -> impl FnOnce(io::Error) -> VfioUserError {
    move |source| VfioUserError::Socket { doing, source }
}
