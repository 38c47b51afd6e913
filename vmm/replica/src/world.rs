//! What a guest may ask of the world: channels that records leave by, sources that inputs come from, and the closed set of
//! operations on files.
//!
//! Everything that changes the world is a record: [`Operation`]s on [`channel::WORLD`] are compared before they are done. Reading
//! a file is an input at an explicit offset, reading a stream one that consumes.

use serde::{Deserialize, Serialize};

/// Most bytes that a record carries or an input brings. A unit takes no longer payload.
pub const TRANSFER_MAX: u32 = 64 * 1024;

/// Where records go.
pub mod channel {
    /// Standard output; posted.
    pub const STDOUT: u32 = 1;
    /// Standard error; posted.
    pub const STDERR: u32 = 2;
    /// An [`Operation`](super::Operation); waiting, answered by a [`Reply`](super::Reply).
    pub const WORLD: u32 = 3;
    /// The guest's end; posted, the last record. The target is the status as a shell shows it: 0 to 255, 128 + n after signal n.
    pub const EXIT: u32 = 4;
    /// A port of a bare guest that is nothing else; posted. The target is the port.
    pub const PORT: u32 = 5;
}

/// Where inputs come from.
pub mod source {
    /// Standard input: consumes. An empty answer is its end.
    pub const STDIN: u32 = 0;
    /// A clock, by its Linux number in the argument: eight bytes, nanoseconds, little-endian.
    pub const CLOCK: u32 = 1;
    /// Random bytes, as many as asked for.
    pub const RANDOM: u32 = 2;
    /// Waits until the monotonic clock shows the argument, in nanoseconds; answers like [`CLOCK`].
    pub const TIMER: u32 = 3;
    /// Set in the source of a positional read of a file; the low bits are its [`Handle`](super::Handle), the argument is the offset. The answer
    /// is a [`Reply`](super::Reply): [`Answer::Data`](super::Answer::Data), empty at the end of the file.
    pub const FILE: u32 = 1 << 31;
}

/// An open file or directory, as the coordinator knows it. Never given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle(pub u32);

/// What an operation may do to the world. Paths are absolute in the guest's view, already free of `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Opens a file or directory; answered by [`Answer::Opened`].
    Open {
        /// Where.
        path: String,
        /// Linux's `O_*` flags; those that concern a descriptor and not a file are ignored.
        flags: u32,
        /// Permissions of a file that is made.
        mode: u32,
    },
    /// Gives up a handle.
    Close(Handle),
    /// Writes at an offset; answered by [`Answer::Count`].
    Write {
        /// To what.
        handle: Handle,
        /// Where.
        offset: u64,
        /// What.
        data: Vec<u8>,
    },
    /// Writes at the end; answered by [`Answer::Appended`].
    Append {
        /// To what.
        handle: Handle,
        /// What.
        data: Vec<u8>,
    },
    /// Sets a file's length.
    Truncate {
        /// Of what.
        handle: Handle,
        /// To how much.
        length: u64,
    },
    /// Waits until a file is on its disk.
    Sync(Handle),
    /// Asks about an open file; answered by [`Answer::Status`].
    StatusOf(Handle),
    /// Asks about a path; answered by [`Answer::Status`].
    Status {
        /// Where.
        path: String,
        /// Whether a link at its end is followed.
        follow: bool,
    },
    /// Whether a path may be accessed, as `access(2)` has it.
    Access {
        /// Where.
        path: String,
        /// `R_OK`, `W_OK`, `X_OK`.
        mode: u32,
    },
    /// Some entries of a directory from the cookie on (0 at first), in the order of their names; answered by [`Answer::Entries`].
    Entries {
        /// Of which directory.
        handle: Handle,
        /// How many entries to leave out.
        from: u64,
    },
    /// Where a link leads; answered by [`Answer::Data`].
    ReadLink(String),
    /// Makes a directory.
    MakeDirectory {
        /// Where.
        path: String,
        /// Permissions.
        mode: u32,
    },
    /// Removes an empty directory.
    RemoveDirectory(String),
    /// Removes a file.
    Unlink(String),
    /// Renames, replacing what was there.
    Rename {
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
    /// Makes a symbolic link.
    Link {
        /// What it says.
        content: String,
        /// Where it is.
        path: String,
    },
    /// Sets permissions.
    Permit {
        /// Of what.
        path: String,
        /// To what.
        mode: u32,
    },
    /// Sets the times of a file, in nanoseconds since 1970; `None` leaves one as it is.
    Touch {
        /// Of what.
        path: String,
        /// Of the last access.
        accessed: Option<i64>,
        /// Of the last change.
        modified: Option<i64>,
    },
}

/// How an operation ended: an answer, or Linux's error number.
pub type Reply = Result<Answer, u16>;

/// What an operation gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// A file is open.
    Opened {
        /// By this handle.
        handle: Handle,
        /// And this is it.
        status: Status,
    },
    /// So many bytes were written.
    Count(u32),
    /// Bytes were appended.
    Appended {
        /// How many.
        count: u32,
        /// The offset behind them.
        end: u64,
    },
    /// Bytes.
    Data(Vec<u8>),
    /// A file's status.
    Status(Status),
    /// Entries of a directory; none at its end.
    Entries(Vec<DirectoryEntry>),
}

/// What `stat` tells, as far as it is the same on every run. Times are those of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Number of the file in the guest's view: small, and the same for the same file.
    pub inode: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Hard links.
    pub links: u32,
    /// Bytes.
    pub size: u64,
    /// 512-byte blocks.
    pub blocks: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// Nanoseconds since 1970.
    pub accessed: i64,
    /// Nanoseconds since 1970.
    pub changed: i64,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// As in [`Status`].
    pub inode: u64,
    /// `DT_*` of `getdents64`.
    pub kind: u8,
    /// Its name.
    pub name: Vec<u8>,
}
