//! What a guest is to the protocol: something that runs to its next counted exit and then needs something.
//!
//! A *personality* is what gives meaning to exits: the Linux system calls of a process, the ports of a bare guest. Its state belongs to the
//! replica: it is checkpointed, compared and restored with the processor's.

use crate::cpu::{Cpu, Exit};
use covert_core::Class;
use std::ops::Range;

/// One thing that leaves the sphere of replication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Which of [`channel`](crate::world::channel).
    pub channel: u32,
    /// Where to, in the channel's terms.
    pub target: u64,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// One thing that is needed from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// What reading it does to the world. Never [`Class::Result`].
    pub class: Class,
    /// Which of [`source`](crate::world::source).
    pub source: u32,
    /// In the source's terms.
    pub argument: u64,
    /// Most bytes of the answer; at most [`TRANSFER_MAX`](crate::world::TRANSFER_MAX).
    pub length: u32,
}

/// What a guest needs at a counted exit. Each is one exit of the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: it was served inside the replica.
    Nothing,
    /// To put something out whose result it does not see; it runs on.
    Post(Output),
    /// To have something done and to see the result, which comes by [`Personality::deliver`].
    Effect(Output),
    /// An input, which comes by [`Personality::deliver`].
    Input(Input),
    /// It has ended; what it had to say was posted before.
    End,
}

/// A guest that cannot go on, in a way that no healthy machine shows: the replica has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crash {
    /// The processor stopped where no guest code can bring it.
    #[error("the processor stopped: {0}")]
    Processor(String),
    /// What was delivered is not an answer to what was asked.
    #[error("an answer makes no sense: {0}")]
    Answer(&'static str),
    /// A saved state cannot be restored.
    #[error("a saved state cannot be restored: {0}")]
    State(&'static str),
    /// The host refused.
    #[error("{what}: {error}")]
    Host {
        /// What was tried.
        what: &'static str,
        /// What the host said.
        error: String,
    },
}

/// What gives meaning to a guest's exits.
pub trait Personality: Send {
    /// The ports that the guest may use. Any other raises a general protection fault, as in a process of Linux.
    fn ports(&self) -> Range<u16> {
        0..0
    }

    /// Puts the guest into empty memory, at its beginning. Called again after [`Memory::clear`](crate::memory::Memory::clear)
    /// when the machine goes back to its beginning; it must do the same each time.
    ///
    /// # Errors
    /// The image is not one that can run.
    fn load(&mut self, cpu: &mut Cpu<'_>) -> Result<(), LoadError>;

    /// The guest made an exit: what does it need?
    fn exit(&mut self, exit: &Exit, cpu: &mut Cpu<'_>) -> Demand;

    /// What is still to be done before the guest runs on, if its last exit takes more than one step.
    fn resume(&mut self, cpu: &mut Cpu<'_>) -> Option<Demand>;

    /// Takes the answer to the [`Demand::Effect`] or [`Demand::Input`] made last.
    ///
    /// # Errors
    /// It is no answer.
    fn deliver(&mut self, value: &[u8], cpu: &mut Cpu<'_>) -> Result<(), Crash>;

    /// Everything that [`restore`](Self::restore) needs, in one canonical form: equal states give equal bytes.
    fn save(&self) -> Vec<u8>;

    /// Goes back to a saved state; the memory and the registers are put back by the machine.
    ///
    /// # Errors
    /// The bytes are not such a state.
    fn restore(&mut self, state: &[u8]) -> Result<(), Crash>;

    /// What the guest asked for in vain since the last call, for the summary ("system call 272 (unshare)").
    fn unserved(&mut self) -> Vec<String>;
}

/// Why an image cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not an ELF program.
    #[error("not an ELF program: {0}")]
    NotElf(String),
    /// ELF, but not for this machine.
    #[error("an ELF program for {0}, this machine runs x86-64")]
    WrongMachine(String),
    /// Something that is not served.
    #[error("{0}")]
    Unsupported(String),
    /// It does not fit.
    #[error("it needs {needed} KiB of memory, the machine has {limit}: raise `memory` in the VM's file")]
    Memory {
        /// KiB needed.
        needed: u64,
        /// KiB allowed.
        limit: u64,
    },
}

/// Where the pages of a checkpoint are.
pub trait Image {
    /// The fingerprint of a page by its number.
    fn fingerprint(&self, page: usize) -> u64;

    /// Copies a page; false if there is none.
    fn read(&self, page: usize, to: &mut [u8]) -> bool;
}
