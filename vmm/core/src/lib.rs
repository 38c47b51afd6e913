//! The coordination and release protocol of a redundant virtual machine.
//!
//! Pure state machines: events in, actions out. No clock, no thread, no file, no KVM; whoever owns those
//! (the `covert` binary, a simulation, a test) feeds [`machine::Machine`] and does what it says. The same holds for
//! the replica's half, [`stream::Stream`].
//!
//! Where to read what happens to a record, in order: [`stream`] (it gets its name and is submitted),
//! [`release`] (its verdict, the coordinator's copy, the proof that the two belong together), [`journal`] (it has been released and
//! will not be released again), [`epoch`] (it is behind the recovery line and can be forgotten). What enters a
//! replica is in [`log`](mod@log); what happens when something goes wrong, in [`recovery`] and [`watchdog`]. [`machine`] joins
//! them.
#![forbid(unsafe_code)]

pub mod epoch;
pub mod journal;
pub mod limits;
pub mod log;
pub mod machine;
pub mod protocol;
pub mod recovery;
pub mod release;
pub mod stream;
pub mod watchdog;

pub use covert_abi::{Generation, LaneSet, Seq};
pub use epoch::{Epoch, Line};
pub use limits::Limits;
pub use log::{Class, Entry, InputIndex, Request};
pub use machine::Machine;
pub use protocol::{Action, Counters, Event};
pub use recovery::{End, Reason};
pub use release::{Record, Verified};
pub use stream::{Point, Stream};

/// Position of a replica in its group, the same as its lane's: 0, 1 or 2.
pub type Replica = usize;
