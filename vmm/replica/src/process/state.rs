//! What a process is between two exits: everything here is checkpointed and compared.

use super::address_space::AddressSpace;
use super::emulation::Counters;
use super::files::Descriptors;
use super::signals::Signals;
use super::time::{Form, Moment};
use crate::patch::Site;
use crate::world::Handle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a process. Ordered containers only, so that equal states have equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) step: Step,
    pub(super) space: AddressSpace,
    pub(super) descriptors: Descriptors,
    pub(super) directory: String,
    pub(super) signals: Signals,
    pub(super) umask: u32,
    pub(super) name: [u8; 16],
    /// Instructions that were replaced, by address.
    pub(super) sites: BTreeMap<u64, Site>,
    pub(super) counters: Counters,
}

/// Where the process stands with its last exit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Step {
    /// The guest runs.
    #[default]
    Running,
    /// An answer is awaited, and this is what it is for.
    Awaiting(Purpose),
    /// One more thing is to be asked for first.
    Next(Purpose),
    /// The status is out; the end is to be told.
    Ending,
    /// It has ended.
    Ended,
}

/// What an answer from outside is for. Addresses are the guest's, already seen to be writable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// Nothing but whether it worked.
    Done,
    /// Whatever it is, this is returned.
    Whatever(u64),
    /// Bytes of standard input or random ones, to be spread over buffers.
    Stream {
        /// Address and length.
        buffers: Vec<(u64, u64)>,
    },
    /// Bytes of a file, to be spread over buffers.
    File {
        /// Address and length.
        buffers: Vec<(u64, u64)>,
        /// The open file whose offset moves, if it does.
        moves: Option<u32>,
    },
    /// Some of the content of a mapped file.
    Map(Mapping),
    /// How much was written at an offset.
    Written {
        /// The open file whose offset moves, if it does.
        moves: Option<u32>,
        /// How much was to be written.
        length: u32,
    },
    /// A file that is now open.
    Opened {
        /// `O_*`.
        flags: u32,
        /// Where it was found.
        path: String,
    },
    /// A status, to be laid out.
    Status {
        /// Where to.
        address: u64,
        /// As `statx` has it.
        extended: bool,
    },
    /// The size of a file, to set an open file's offset by.
    SeekEnd {
        /// The open file.
        description: u32,
        /// From its end.
        offset: i64,
    },
    /// Whether a path is a directory, to become the current one.
    ChangeDirectory(String),
    /// Entries of a directory.
    Entries {
        /// Where to.
        address: u64,
        /// Room.
        length: u64,
        /// The open directory.
        description: u32,
    },
    /// Where a link leads.
    Link {
        /// Where to.
        address: u64,
        /// Room.
        length: u64,
    },
    /// A file that is now open, only to set its length.
    OpenedToTruncate(u64),
    /// Whether the length of a file that was opened for that could be set.
    Truncated {
        /// Of which file.
        handle: Handle,
        /// To how much.
        length: u64,
    },
    /// A file that was opened for one thing is to be given up; then this is returned.
    Closed {
        /// Which file.
        handle: Handle,
        /// What the call returns.
        value: u64,
    },
    /// The wall clock's time as long as that is needed, then whether the times of a file could be set.
    Touch {
        /// Of what.
        path: String,
        /// Of the last access.
        accessed: Moment,
        /// Of the last change.
        modified: Moment,
    },
    /// A clock's time, to be laid out.
    Clock(Form),
    /// The wall clock's time, to sleep until a time on it.
    SleepUntilWall {
        /// In nanoseconds.
        deadline: u64,
        /// What the call returns.
        value: u64,
    },
    /// The steady clock's time, to sleep from then on.
    SleepFor {
        /// Nanoseconds.
        duration: u64,
        /// What the call returns.
        value: u64,
    },
    /// The steady clock's time, at the end of a sleep.
    SleepUntil {
        /// In nanoseconds.
        deadline: u64,
        /// What the call returns.
        value: u64,
    },
}

/// A file mapping whose content is being fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mapping {
    /// Of which file.
    pub(super) handle: Handle,
    /// Where the mapping begins.
    pub(super) start: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// Where the next bytes go.
    pub(super) at: u64,
    /// Where in the file they are.
    pub(super) offset: u64,
}
