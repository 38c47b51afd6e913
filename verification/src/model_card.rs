//! A card without a bus: the reference model behind the driver's port.
//!
//! It proves the driver where there is no Verilator, and the driver's conformance suite proves the model.

use crate::model::Unit;
use crate::model::unit::Order;
use crate::root_complex::HostMemory;
use crate::root_complex::backing::FileBacking;
use covert_abi::Identity;
use covert_abi::identity::VERSION;
use covert_driver::card::{CardError, CardPort, Direction, Shared};
use std::fs::File;
use std::os::fd::OwnedFd;

/// What a model of one group says of itself: so many lanes, records that each can be ahead, and bytes of a payload (the next
/// power of two). It has none of the features that a unit may lack.
pub fn identity(lanes: usize, skew_log2: u32, payload_max: u32) -> Identity {
    Identity {
        version: VERSION,
        groups: 1,
        lanes: lanes as u8,
        width: 64,
        skew: 1 << skew_log2,
        tags: 16,
        ring_max: 1 << 16,
        payload_max: payload_max.next_power_of_two(),
        push: false,
        checkpoint: false,
        msix: false,
        tick_rate: 1_000_000,
        rtl_hash: 0,
        board: 0,
    }
}

/// The model as a card.
pub struct ModelCard {
    identity: Identity,
    unit: Unit,
    memory: HostMemory,
    bus_master: bool,
}

impl ModelCard {
    /// A card of these sizes that fetches as far ahead as it may.
    pub fn new(identity: Identity) -> ModelCard {
        let unit = Unit::new(identity).with_order(Order::FetchFirst);
        ModelCard { identity, unit, memory: HostMemory::new(), bus_master: false }
    }
}

/// The memory to map, kept open by a descriptor of its own.
pub(crate) fn backing(iova: u64, memory: &Shared<'_>) -> Result<Box<FileBacking>, CardError> {
    let refuse = |error: std::io::Error| CardError::Window { iova, reason: error.to_string() };
    let file = File::from(memory.fd.try_clone_to_owned().map_err(refuse)?);
    let length = file.metadata().map_err(refuse)?.len();
    if memory.offset.checked_add(memory.bytes).is_none_or(|end| end > length) {
        return Err(CardError::Window { iova, reason: format!("the file has only {length} bytes") });
    }
    Ok(Box::new(FileBacking::new(file, memory.offset, memory.bytes)))
}

impl CardPort for ModelCard {
    fn read(&mut self, offset: u32) -> Result<u32, CardError> {
        Ok(self.unit.read(offset))
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        // The model knows no bus mastering; nothing may make it read or write memory while that is off.
        if !self.bus_master && offset >= 0x100 {
            return Err(CardError::Register { offset, reason: "bus mastering is off".into() });
        }
        self.unit.write(offset, value, &mut self.memory);
        Ok(())
    }

    fn write_pair(&mut self, offset: u32, value: u64) -> Result<(), CardError> {
        self.write(offset, value as u32)?;
        self.write(offset + 4, (value >> 32) as u32)
    }

    fn map(&mut self, iova: u64, memory: Shared<'_>, direction: Direction) -> Result<(), CardError> {
        let backing = backing(iova, &memory)?;
        self.memory
            .map(iova, direction, backing)
            .map_err(|error| CardError::Window { iova, reason: error.to_string() })
    }

    fn unmap(&mut self, iova: u64) -> Result<(), CardError> {
        self.memory.unmap(iova).map_err(|error| CardError::Window { iova, reason: error.to_string() })
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), CardError> {
        self.bus_master = on;
        Ok(())
    }

    fn enable_interrupts(&mut self, _: u16) -> Result<Vec<OwnedFd>, CardError> {
        Err(CardError::Broken("the model has no interrupts".into()))
    }

    fn reset(&mut self) -> Result<(), CardError> {
        self.unit = Unit::new(self.identity).with_order(Order::FetchFirst);
        self.bus_master = false;
        Ok(())
    }

    fn pass_ticks(&mut self, ticks: u32) -> Result<(), CardError> {
        for _ in 0..ticks {
            self.unit.tick(&mut self.memory);
        }
        Ok(())
    }
}
