//! What a group has of the card: its registers, and the windows in which the card reaches memory for it.

use super::Unit;
use crate::card::{CardError, CardPort, Direction, Shared};
use crate::ledger::{Mark, Marks};
use covert_abi::registers::{group, lane};
use covert_abi::{FaultCause, Generation};

pub(super) struct Access {
    pub(super) unit: Unit,
    pub(super) group: u16,
    /// First IOVAs of the windows, to be closed at the end.
    windows: Vec<u64>,
    /// The card knows where the group's verdicts go. Before that a flush would write its marker to address 0.
    pub(super) placed: bool,
    given_up: bool,
}

impl Access {
    pub(super) fn new(unit: &Unit, group: u16) -> Access {
        Access { unit: unit.clone(), group, windows: Vec::new(), placed: false, given_up: false }
    }

    pub(super) fn map(
        &mut self,
        iova: u64,
        memory: Shared<'_>,
        direction: Direction,
    ) -> Result<(), CardError> {
        self.unit.lock().port.map(iova, memory, direction)?;
        self.windows.push(iova);
        Ok(())
    }

    fn address(&self, register: u32) -> u32 {
        group::address(self.group.into(), register)
    }

    pub(super) fn read(&self, register: u32) -> Result<u32, CardError> {
        let offset = self.address(register);
        let value = self.unit.lock().port.read(offset)?;
        // None of a group's registers but those that the driver sets itself can be all ones on a working card.
        if value == u32::MAX && register < group::MEMBERS {
            let reason = "reads as ones: the card is gone".into();
            return Err(CardError::Register { offset, reason });
        }
        Ok(value)
    }

    pub(super) fn write(&self, register: u32, value: u32) -> Result<(), CardError> {
        self.unit.lock().port.write(self.address(register), value)
    }

    pub(super) fn write_pair(&self, register: u32, value: u64) -> Result<(), CardError> {
        self.unit.lock().port.write_pair(self.address(register), value)
    }

    pub(super) fn lane_address(&self, lane: usize, register: u32) -> u32 {
        lane::address(self.unit.lane(self.group, lane), register)
    }

    /// The card's generation, and how far the lanes have come in it or, when a flush ends it meanwhile, in the next.
    pub(super) fn marks(&self, lanes: usize) -> Result<(Generation, Marks), CardError> {
        let generation = self.read(group::GENERATION)?;
        let mut marks = Marks::default();
        for (lane, mark) in marks.iter_mut().enumerate().take(lanes) {
            let port = &mut self.unit.lock().port;
            let head = port.read(self.lane_address(lane, lane::HEAD))?;
            let status = port.read(self.lane_address(lane, lane::STATUS))?;
            let cause = FaultCause::from_code(lane::STATUS_CAUSE.of(status) as u8).ok();
            let locked = if lane::STATUS_STATE.of(status) == 2 { cause } else { None };
            *mark = Mark { head, locked };
        }
        // A head may be all ones; that the card is still there is seen by a register that cannot.
        self.read(group::STATUS)?;
        Ok((generation, marks))
    }

    /// Gives the card up, as [`Inner::give_up`](super::Inner::give_up) says.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
        self.unit.lock().give_up(self.windows.drain(..));
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if self.given_up {
            return;
        }
        // The order of a group that is no longer needed: no member, no generation, and only then no memory.
        if self.placed {
            let _ = self.write(group::MEMBERS, 0);
            let _ = self.write(group::COMMAND, group::COMMAND_FLUSH.put(1));
        }
        let port = &mut self.unit.lock().port;
        let _ = port.catch_up();
        for iova in self.windows.drain(..) {
            let _ = port.unmap(iova);
        }
    }
}
