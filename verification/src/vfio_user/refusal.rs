//! Clients that come while another has the card are told who has it, and sent away.

use super::message::{HEADER, Header, VERSION};
use super::peer::peer;
use covert_driver::pci::Holder;
use covert_driver::vfio_user::holder;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// For how long a client that is sent away may take to say what it speaks. Others wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers everybody else while one client is served.
pub(super) struct Refuser {
    /// The one who is served.
    stream: UnixStream,
    holder: Holder,
    end: OwnedFd,
}

fn ready(fd: &impl std::os::fd::AsFd, events: PollFlags) -> bool {
    let mut fds = [PollFd::new(fd, events)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

impl Refuser {
    /// For as long as this client is served.
    pub(super) fn new(stream: &UnixStream) -> io::Result<Refuser> {
        let holder = peer(stream)?;
        let end = eventfd(0, EventfdFlags::CLOEXEC)?;
        Ok(Refuser { stream: stream.try_clone()?, holder, end })
    }

    /// Sends others away until the end, or until somebody comes when the one who was served has gone: that is the next one.
    pub(super) fn run(&self, listener: &UnixListener) -> Option<UnixStream> {
        loop {
            let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(&self.end, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return None,
            }
            if !fds[1].revents().is_empty() {
                return None;
            }
            if fds[0].revents().is_empty() {
                continue;
            }
            // One who came and went again is nobody.
            let Ok((mut other, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            if ready(&self.stream, PollFlags::RDHUP | PollFlags::HUP) {
                return Some(other);
            }
            if let Err(error) = self.refuse(&mut other) {
                eprintln!("card-server: a second client went before it was refused: {error}");
            }
        }
    }

    fn refuse(&self, other: &mut UnixStream) -> io::Result<()> {
        other.set_read_timeout(Some(PATIENCE))?;
        other.set_write_timeout(Some(PATIENCE))?;
        // One read is enough: who sends less than a header at once waits for no answer that it could read.
        let mut bytes = [0; 4096];
        let read = other.read(&mut bytes)?;
        let header = bytes[..read].first_chunk::<HEADER>().map(Header::parse);
        match header {
            Some(Ok(header)) if header.command == VERSION => {
                other.write_all(&header.refusal_with(Errno::BUSY, &holder::notice(&self.holder)))
            }
            Some(Ok(header)) => other.write_all(&header.refusal(Errno::BUSY)),
            _ => Ok(()),
        }
    }

    /// Nobody is sent away any more.
    pub(super) fn end(&self) {
        // The counter begins at 0, and this is written once.
        let _ = rustix::io::write(&self.end, &1u64.to_ne_bytes());
    }
}
