//! How the VMM reaches whatever compares its replicas.
//!
//! A replica holds a [`Lane`]: it can submit records and nothing else. The coordinator holds a [`Group`]: it learns
//! the verdicts and decides what leaves, through [`RecordCopy`]. What compares is behind these
//! traits; [`software`] does it on a core. What a comparator has to answer is in `docs/src/unit.md`, and
//! `conformance` (a feature) asks for it case by case.
//!
//! Read in this order: [`lane`], [`group`], [`release`], [`arena`], [`ring`], [`software`]; for a card
//! [`card`] and [`unit`], and [`remains`] for when it dies.
#![deny(unsafe_code)]

pub mod arena;
pub mod card;
#[cfg(feature = "conformance")]
pub mod conformance;
#[expect(
    unsafe_code,
    reason = "processor instructions, and memory that others write, which no slice may cover"
)]
mod crc;
pub mod doorbell;
pub mod entry;
pub mod group;
pub mod lane;
mod ledger;
pub mod pci;
pub mod progress;
pub mod release;
pub mod remains;
pub mod ring;
pub mod software;
pub mod unit;
#[cfg(feature = "vfio")]
pub mod vfio;
#[cfg(feature = "vfio-user")]
pub mod vfio_user;

pub use arena::{ArenaReader, ArenaWriter, Geometry};
pub use card::CardPort;
pub use doorbell::{DoorbellPage, MappedDoorbell, ReplicaDoorbell};
pub use group::{Group, GroupError, LanePlace};
pub use lane::{ArenaDoorbell, ArenaLane, Doorbell, Lane, Output};
pub use progress::{ProgressReader, ProgressWriter};
pub use release::{RecordCopy, Released};
pub use remains::Remains;
pub use software::SoftwareGroup;
pub use unit::{Unit, UnitGroup};
