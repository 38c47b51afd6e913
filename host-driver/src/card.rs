//! A card as its driver sees it: registers, memory that it may reach, interrupts, reset.
//!
//! One implementation a backend: the Verilated unit and the plain model in `covert-verification`, vfio-user, the kernel's VFIO.
//! Nothing above this trait knows which one it has.

use crate::doorbell::DoorbellPage;
use std::os::fd::{BorrowedFd, OwnedFd};

/// What the card may do with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Read it: arenas.
    Read,
    /// Write it: rings, the checkpoint area.
    Write,
}

/// Part of a shared file, to be mapped for the card. Kernel VFIO maps it and takes the address, vfio-user sends the
/// descriptor, the others read and write the file.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    /// A memfd that is sealed against shrinking.
    pub fd: BorrowedFd<'a>,
    /// First byte; a multiple of 4096.
    pub offset: u64,
    /// Bytes; a multiple of 4096.
    pub bytes: u64,
}

/// Why a card did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// An access of a register failed.
    #[error("register {offset:#x}: {reason}")]
    Register {
        /// Offset in BAR 0.
        offset: u32,
        /// Why.
        reason: String,
    },
    /// Memory could not be mapped or unmapped.
    #[error("DMA window at {iova:#x}: {reason}")]
    Window {
        /// First IOVA.
        iova: u64,
        /// Why.
        reason: String,
    },
    /// The card or the way to it is broken.
    #[error("the card failed: {0}")]
    Broken(String),
    /// The operating system refused.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// Access to one card.
pub trait CardPort: Send {
    /// Reads a register of BAR 0. Every write before has arrived when this returns.
    ///
    /// # Errors
    /// The access failed.
    fn read(&mut self, offset: u32) -> Result<u32, CardError>;

    /// Writes a register of BAR 0; posted.
    ///
    /// # Errors
    /// The access failed.
    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError>;

    /// Writes a `…_LO`, `…_HI` pair, or a doorbell, in one access of 8 bytes.
    ///
    /// # Errors
    /// The access failed.
    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError>;

    /// Lets the card reach memory at an IOVA.
    ///
    /// # Errors
    /// The range is in use, or the memory cannot be had.
    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError>;

    /// Ends what [`map`](Self::map) began at this IOVA. The card cannot reach the memory when this returns.
    ///
    /// # Errors
    /// Nothing is mapped there.
    fn unmap(&mut self, iova: u64) -> Result<(), CardError>;

    /// Allows or forbids the card to send requests.
    ///
    /// # Errors
    /// The access of the configuration space failed.
    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError>;

    /// Enables this many MSI-X vectors from 0 on; each has an eventfd that counts its interrupts.
    ///
    /// # Errors
    /// The card has fewer, or the descriptors cannot be had.
    fn enable_interrupts(&mut self, vectors: u16) -> Result<Vec<OwnedFd>, CardError>;

    /// Resets the function. Bus mastering and interrupts are off afterwards; windows stay.
    ///
    /// # Errors
    /// The card does not come back.
    fn reset(&mut self) -> Result<(), CardError>;

    /// The page with the doorbell at this offset in BAR 0, for the process of its lane.
    ///
    /// # Errors
    /// The card has no pages to give, or the system no descriptors.
    fn doorbell_page(&mut self, offset: u32) -> Result<DoorbellPage, CardError> {
        Err(CardError::Register {
            offset,
            reason: "the card has no doorbell pages for other processes".into(),
        })
    }

    /// Lets a card that has no time of its own do all that there is to do. A card of metal works by itself.
    ///
    /// # Errors
    /// The card failed.
    fn catch_up(&mut self) -> Result<(), CardError> {
        Ok(())
    }

    /// Lets ticks pass for a card that has no time of its own, with all that follows from each.
    ///
    /// # Errors
    /// The card failed.
    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        let _ = ticks;
        Ok(())
    }
}
