//! What coordinator and replica say to each other: one message a packet, over a socket pair.
//!
//! Packets keep their boundaries and their order, and none is longer than [`MESSAGE_MAX`]. Neither side believes the other: what does not
//! decode ends the conversation.

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
    Injected(Injected),
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
            Err(Errno::INTR | Errno::AGAIN) => return Ok(None),
            // It went without having read everything. Told once, and before what it said last.
            Err(Errno::CONNRESET) => return self.take(flags),
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

#[cfg(test)]
mod tests {
    use super::{Order, Report, Wire, WireError};

    #[test]
    fn last_words_are_heard_whatever_was_left_unread() {
        for orders in 0..3 {
            let (ours, theirs) = Wire::pair().expect("a socket pair");
            let (mut ours, mut theirs) = (Wire::new(ours), Wire::new(theirs));
            for _ in 0..orders {
                ours.send(&Order::Halt).expect("it is there");
            }
            theirs.send(&Report::Crashed("no ELF".into())).expect("it is there");
            drop(theirs);
            match ours.try_receive() {
                Ok(Some(Report::Crashed(why))) => assert_eq!(why, "no ELF"),
                other => panic!("{other:?} with {orders} orders unread"),
            }
            assert!(matches!(ours.try_receive::<Report>(), Err(WireError::Closed)));
        }
    }
}
