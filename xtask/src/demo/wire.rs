//! What coordinator and replica say to each other: one JSON object a line, over the replica's standard streams.

use super::guest::Guest;
use covert_abi::Fingerprint;
use covert_core::epoch::Line;
use covert_core::{Class, Entry, Point, Request};
use serde::{Deserialize, Serialize};

/// To a replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    Restore { generation: u32, epoch: u64, seq: u64, inputs: u64, state: u64, guest: Box<Guest> },
    Deliver { index: u64, request: Ask, value: Vec<u8>, fingerprint: u64 },
    Continue,
    Halt,
}

/// From a replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    Request(Ask),
    Boundary { epoch: u64 },
    Staged { epoch: u64, guest: Box<Guest> },
    Ended { seq: u64, inputs: u64 },
    Halted,
    Restored,
    Flipped { seq: u64 },
}

/// A [`Request`] on the wire.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Ask {
    seq: u64,
    inputs: u64,
    /// `None` for consumed text, else the record whose result is asked for.
    result_of: Option<u64>,
    length: u32,
}

impl From<Request> for Ask {
    fn from(request: Request) -> Ask {
        let result_of = match request.class {
            Class::Result(seq) => Some(seq),
            Class::Pure | Class::Consuming => None,
        };
        Ask { seq: request.point.seq, inputs: request.point.inputs, result_of, length: request.length }
    }
}

impl From<Ask> for Request {
    fn from(ask: Ask) -> Request {
        Request {
            point: Point { seq: ask.seq, inputs: ask.inputs },
            class: ask.result_of.map_or(Class::Consuming, Class::Result),
            source: 0,
            argument: 0,
            length: ask.length,
        }
    }
}

impl Order {
    pub(crate) fn deliver(entry: &Entry) -> Order {
        Order::Deliver {
            index: entry.index,
            request: entry.request.into(),
            value: entry.value.clone(),
            fingerprint: entry.fingerprint.0,
        }
    }

    pub(crate) fn restore(generation: u32, line: Line, guest: Guest) -> Order {
        let Line { epoch, seq, inputs, state } = line;
        Order::Restore { generation, epoch, seq, inputs, state, guest: Box::new(guest) }
    }
}

/// The entry of a [`Order::Deliver`].
pub(crate) fn entry(index: u64, request: Ask, value: Vec<u8>, fingerprint: u64) -> Entry {
    Entry { index, request: request.into(), value, fingerprint: Fingerprint(fingerprint) }
}
