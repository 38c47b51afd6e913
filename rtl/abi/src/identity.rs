//! Who a card is and what it can do, as read from its first registers.

use crate::registers::card;

/// What [`card::MAGIC`] reads as: the ASCII bytes `CVRT`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"CVRT");

/// A version of this contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// Grows when something changes; a driver refuses one that it does not know.
    pub major: u16,
    /// Grows when something is added; a driver takes any.
    pub minor: u16,
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The version that this crate describes.
pub const VERSION: Version = Version { major: 1, minor: 0 };

/// A card that this crate can talk to. The driver sizes everything from these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Version of the contract that the card follows.
    pub version: Version,
    /// Groups, 1 to [`GROUPS_MAX`](crate::registers::GROUPS_MAX).
    pub groups: u8,
    /// Lanes in each group, 1 to [`LANES_PER_GROUP_MAX`](crate::LANES_PER_GROUP_MAX).
    pub lanes: u8,
    /// Width of the TLP streams in bits: 64 or 128.
    pub width: u16,
    /// Fingerprints that a lane can be ahead of the comparison.
    pub skew: u32,
    /// Reads that can be outstanding.
    pub tags: u32,
    /// Entries in the largest ring.
    pub ring_max: u32,
    /// Bytes in the longest payload.
    pub payload_max: u32,
    /// Whether records can be pushed through the doorbell page.
    pub push: bool,
    /// Whether there is a checkpoint engine.
    pub checkpoint: bool,
    /// Whether there are MSI-X vectors.
    pub msix: bool,
    /// Watchdog ticks a second.
    pub tick_rate: u32,
    /// Hash of the emitted Verilog.
    pub rtl_hash: u64,
    /// Which board the bitstream was built for; 0 is a simulation.
    pub board: u32,
}

/// Why a card was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityError {
    /// Every register reads as ones: there is no card, or it has fallen off the bus.
    Dead,
    /// The magic number is another one.
    NotACovertCard {
        /// What was read.
        magic: u32,
    },
    /// The card follows a contract of another major version.
    Version(Version),
    /// The card claims a size that the contract has no room for.
    Impossible {
        /// Which claim.
        what: &'static str,
        /// Its value.
        value: u32,
    },
}

impl core::fmt::Display for IdentityError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            IdentityError::Dead => write!(f, "the card does not answer: every register reads as ones"),
            IdentityError::NotACovertCard { magic } => {
                write!(f, "not a redundancy unit: magic is {magic:#010x}, expected {MAGIC:#010x}")
            }
            IdentityError::Version(version) => write!(
                f,
                "the card follows version {version} of the contract, this driver version {VERSION}: \
                 flash a bitstream of major version {}",
                VERSION.major
            ),
            IdentityError::Impossible { what, value } => {
                write!(f, "the card claims {what} = {value}, which the contract has no room for")
            }
        }
    }
}

impl core::error::Error for IdentityError {}

impl Identity {
    /// Reads and checks the identification through `read`, which answers for an address in BAR 0.
    ///
    /// # Errors
    /// See [`IdentityError`]; nothing that a card answers makes this panic.
    pub fn parse(mut read: impl FnMut(u32) -> u32) -> Result<Identity, IdentityError> {
        let magic = read(card::MAGIC);
        let version = read(card::VERSION);
        if magic == u32::MAX && version == u32::MAX {
            return Err(IdentityError::Dead);
        }
        if magic != MAGIC {
            return Err(IdentityError::NotACovertCard { magic });
        }
        let version = Version {
            major: card::VERSION_MAJOR.of(version) as u16,
            minor: card::VERSION_MINOR.of(version) as u16,
        };
        if version.major != VERSION.major {
            return Err(IdentityError::Version(version));
        }
        let within = |what, value: u32, low: u32, high: u32| {
            if (low..=high).contains(&value) {
                Ok(value)
            } else {
                Err(IdentityError::Impossible { what, value })
            }
        };
        let size = read(card::SIZE);
        let limits = read(card::LIMITS);
        let features = read(card::FEATURES);
        let lanes_max = crate::LANES_PER_GROUP_MAX as u32;
        let groups = within("groups", card::SIZE_GROUPS.of(size), 1, crate::registers::GROUPS_MAX)?;
        let lanes = within("lanes a group", card::SIZE_LANES.of(size), 1, lanes_max)?;
        within("lanes", groups * lanes, 1, crate::registers::LANES_MAX)?;
        let width = card::SIZE_WIDTH.of(size);
        if width != 64 && width != 128 {
            return Err(IdentityError::Impossible { what: "stream width", value: width });
        }
        let power = |what, field: &crate::registers::BitField, high| {
            within(what, field.of(limits), 0, high).map(|log2| 1u32 << log2)
        };
        Ok(Identity {
            version,
            groups: groups as u8,
            lanes: lanes as u8,
            width: width as u16,
            skew: power("log2 of the skew depth", &card::LIMITS_SKEW, 16)?,
            tags: power("log2 of the tags", &card::LIMITS_TAGS, 10)?,
            ring_max: power("log2 of the ring size", &card::LIMITS_RING, 16)?,
            payload_max: power("log2 of the payload size", &card::LIMITS_PAYLOAD, 31)?,
            push: card::FEATURE_PUSH.of(features) != 0,
            checkpoint: card::FEATURE_CHECKPOINT.of(features) != 0,
            msix: card::FEATURE_MSIX.of(features) != 0,
            tick_rate: within("tick rate", read(card::TICK_RATE), 1, u32::MAX - 1)?,
            rtl_hash: u64::from(read(card::RTL_HASH_LO)) | u64::from(read(card::RTL_HASH_HI)) << 32,
            board: read(card::BOARD),
        })
    }
}
