//! What coordinator and replica say to each other: one message a packet, over a socket pair.
//!
//! Packets keep their boundaries and their order, and none is longer than [`MESSAGE_MAX`]. Neither side believes the other: what does not
//! decode ends the conversation.

use crate::history::History;
use crate::inject::{Injected, Plan};
use crate::world::TRANSFER_MAX;
use covert_abi::{Fingerprint, Generation, Seq};
use covert_core::{Entry, Epoch, InputIndex, Line, Request};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::os::fd::{AsFd, OwnedFd};

/// Bytes of the longest message: an input and what names it.
pub const MESSAGE_MAX: usize = TRANSFER_MAX as usize + 4096;

/// To a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Go to a recovery line, which is in the checkpoint store; epoch 0 is the guest as it is loaded.
    Restore {
        /// The generation to run in.
        generation: Generation,
        /// Where to.
        line: Line,
    },
    /// An input.
    Deliver {
        /// Its position.
        index: InputIndex,
        /// What was asked.
        request: Request,
        /// The answer.
        value: Vec<u8>,
        /// Of all that.
        fingerprint: u64,
    },
    /// Run on.
    Continue,
    /// Stand still.
    Halt,
    /// Every record before this one has been released.
    Released(Seq),
    /// Make a fault.
    Inject(Plan),
}

/// From a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// An input is needed; the replica waits.
    Request(Request),
    /// The window is full; the replica waits for [`Order::Released`] of more than it knows of.
    WindowFull {
        /// The first record that it does not know to be released.
        known: Seq,
    },
    /// There are records to compare.
    Rung,
    /// At the end of an epoch; the replica waits for leave to stage.
    Boundary(Epoch),
    /// A checkpoint is staged; its `State` record follows.
    Staged {
        /// The epoch it ends.
        epoch: Epoch,
        /// Pages in it.
        pages: u32,
        /// Microseconds that the guest stood still for it.
        stopped_us: u64,
    },
    /// The guest has ended.
    Ended {
        /// Records produced.
        seq: Seq,
        /// Inputs taken.
        inputs: InputIndex,
    },
    /// What it did last; follows on being told to stand still.
    History(History),
    /// It stands still.
    Halted,
    /// It is at the recovery line.
    Restored {
        /// Pages that were put back.
        pages: u32,
        /// Pages among them that nothing had written: a fault in memory.
        scrubbed: u32,
        /// Microseconds that it took.
        took_us: u64,
    },
    /// A scrub found a page that changed without being written.
    Scrubbed {
        /// Its number.
        page: u32,
    },
    /// A planned fault was made.
    Injected {
        /// What, and where the guest was.
        fault: Injected,
        /// When, in nanoseconds of the host's monotonic clock: it is heard of later than what it brings about.
        at_ns: u64,
    },
    /// The guest asked for something that is not served.
    Unserved(String),
    /// The replica cannot go on.
    Crashed(String),
}

/// Why a conversation is over.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other side is gone.
    #[error("the other side has gone")]
    Closed,
    /// What came is no message.
    #[error("a packet of {0} bytes is no message")]
    Malformed(usize),
    /// The system refused.
    #[error("the socket failed: {0}")]
    System(#[from] Errno),
}

/// One end of a conversation.
#[derive(Debug)]
pub struct Wire {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Wire {
    /// Takes an end of a socket pair.
    pub fn new(socket: OwnedFd) -> Wire {
        Wire { socket, buffer: vec![0; MESSAGE_MAX] }
    }

    /// Two ends.
    ///
    /// # Errors
    /// The system has no more descriptors.
    pub fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
    }

    /// The socket, to be polled.
    pub fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Sends a message; waits for room.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn send<T: Serialize>(&mut self, message: &T) -> Result<(), WireError> {
        let bytes = postcard::to_slice(message, &mut self.buffer).map_err(|_| WireError::Malformed(0))?;
        loop {
            match rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(WireError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for a message. A signal does not end the wait.
    ///
    /// # Errors
    /// The other side is gone or talks nonsense.
    pub fn receive<T: DeserializeOwned>(&mut self) -> Result<T, WireError> {
        loop {
            if let Some(message) = self.take(RecvFlags::empty())? {
                return Ok(message);
            }
        }
    }

    /// Takes a message if there is one.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn try_receive<T: DeserializeOwned>(&mut self) -> Result<Option<T>, WireError> {
        self.take(RecvFlags::DONTWAIT)
    }

    fn take<T: DeserializeOwned>(&mut self, flags: RecvFlags) -> Result<Option<T>, WireError> {
        let length = match rustix::net::recv(self.socket.as_fd(), &mut self.buffer[..], flags) {
            Ok((_, 0)) => return Err(WireError::Closed),
            Ok((length, _)) => length,
            // The other side has gone without reading everything; what it said before is still to come.
            Err(Errno::INTR | Errno::AGAIN | Errno::CONNRESET) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match postcard::from_bytes(&self.buffer[..length]) {
            Ok(message) => Ok(Some(message)),
            Err(_) => Err(WireError::Malformed(length)),
        }
    }
}

impl Order {
    /// An entry of the input log, to be delivered.
    pub fn deliver(entry: &Entry) -> Order {
        Order::Deliver {
            index: entry.index,
            request: entry.request,
            value: entry.value.clone(),
            fingerprint: entry.fingerprint.0,
        }
    }
}

/// The entry of an [`Order::Deliver`].
pub fn entry(index: InputIndex, request: Request, value: Vec<u8>, fingerprint: u64) -> Entry {
    Entry { index, request, value, fingerprint: Fingerprint(fingerprint) }
}

/// The host's monotonic clock, which all processes read alike, in nanoseconds.
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_replica_are_heard_though_it_left_an_order_unread() {
        let (ours, theirs) = Wire::pair().expect("a socket pair");
        let (mut ours, mut theirs) = (Wire::new(ours), Wire::new(theirs));
        ours.send(&Order::Halt).expect("sent");
        theirs.send(&Report::Crashed("why".into())).expect("sent");
        drop(theirs);
        assert_eq!(ours.receive::<Report>().expect("heard"), Report::Crashed("why".into()));
        assert!(matches!(ours.receive::<Report>(), Err(WireError::Closed)));
    }

    #[test]
    fn what_is_no_message_ends_the_conversation() {
        let (ours, theirs) = Wire::pair().expect("a socket pair");
        let mut ours = Wire::new(ours);
        rustix::net::send(&theirs, &[0xff; 7], SendFlags::empty()).expect("sent");
        assert!(matches!(ours.receive::<Report>(), Err(WireError::Malformed(7))));
    }

    #[test]
    fn the_longest_input_fits_a_message() {
        let (ours, theirs) = Wire::pair().expect("a socket pair");
        let (mut ours, mut theirs) = (Wire::new(ours), Wire::new(theirs));
        let point = covert_core::Point { seq: u64::MAX, inputs: u64::MAX };
        let class = covert_core::Class::Result(u64::MAX);
        let request = Request { point, class, source: u32::MAX, argument: u64::MAX, length: TRANSFER_MAX };
        // A reply carries its data with a few bytes around it.
        let value = vec![0xff; TRANSFER_MAX as usize + 64];
        let order = Order::Deliver { index: u64::MAX, request, value, fingerprint: u64::MAX };
        ours.send(&order).expect("sent");
        assert_eq!(theirs.receive::<Order>().expect("heard"), order);
    }
}
