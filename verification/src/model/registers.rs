//! The registers: which state each one shows and what a write of it does.

use super::group::Phase;
use super::lane::State;
use super::{Memory, Unit};
use covert_abi::identity::MAGIC;
use covert_abi::registers::{card, doorbell, group, lane};

/// What an address in BAR 0 names.
enum Target {
    Card(u32),
    Group(usize, u32),
    Lane(usize, u32),
    Doorbell(usize, u32),
    Nothing,
}

fn low(of: u64) -> u32 {
    of as u32
}

fn high(of: u64) -> u32 {
    (of >> 32) as u32
}

fn set_low(word: &mut u64, value: u32) {
    *word = *word & 0xFFFF_FFFF_0000_0000 | u64::from(value);
}

fn set_high(word: &mut u64, value: u32) {
    *word = *word & 0xFFFF_FFFF | u64::from(value) << 32;
}

impl Unit {
    fn target(&self, address: u32) -> Target {
        let groups = u32::from(self.identity.groups);
        let lanes = groups * u32::from(self.identity.lanes);
        let within = |base: u32, stride: u32, count: u32| {
            let offset = address.checked_sub(base)?;
            (offset / stride < count).then_some(((offset / stride) as usize, offset % stride))
        };
        if !address.is_multiple_of(4) {
            Target::Nothing
        } else if let Some((lane, offset)) = within(doorbell::BLOCK.base, doorbell::BLOCK.stride, lanes) {
            Target::Doorbell(lane, offset)
        } else if let Some((lane, offset)) = within(lane::BLOCK.base, lane::BLOCK.stride, lanes) {
            Target::Lane(lane, offset)
        } else if let Some((group, offset)) = within(group::BLOCK.base, group::BLOCK.stride, groups) {
            Target::Group(group, offset)
        } else if address < group::BLOCK.base {
            Target::Card(address)
        } else {
            Target::Nothing
        }
    }

    /// Reads the register at `address` of BAR 0; zero where there is none.
    pub fn read(&self, address: u32) -> u32 {
        match self.target(address) {
            Target::Card(register) => self.read_card(register),
            Target::Group(number, register) => self.read_group(number, register),
            Target::Lane(number, register) => self.read_lane(number, register),
            Target::Doorbell(..) | Target::Nothing => 0,
        }
    }

    /// Writes the register at `address` of BAR 0, and does everything that this allows.
    pub fn write(&mut self, address: u32, value: u32, memory: &mut dyn Memory) {
        match self.target(address) {
            Target::Card(register) => self.write_card(register, value),
            Target::Group(number, register) => self.write_group(number, register, value),
            Target::Lane(number, register) => self.write_lane(number, register, value, memory),
            Target::Doorbell(lane, register) => self.write_doorbell(lane, register, value, memory),
            Target::Nothing => {}
        }
        self.settle(memory);
    }

    fn read_card(&self, register: u32) -> u32 {
        let id = &self.identity;
        match register {
            card::MAGIC => MAGIC,
            card::VERSION => {
                card::VERSION_MAJOR.put(id.version.major.into())
                    | card::VERSION_MINOR.put(id.version.minor.into())
            }
            card::SIZE => {
                card::SIZE_GROUPS.put(id.groups.into())
                    | card::SIZE_LANES.put(id.lanes.into())
                    | card::SIZE_WIDTH.put(id.width.into())
            }
            card::LIMITS => {
                card::LIMITS_SKEW.put(id.skew.ilog2())
                    | card::LIMITS_TAGS.put(id.tags.ilog2())
                    | card::LIMITS_RING.put(id.ring_max.ilog2())
                    | card::LIMITS_PAYLOAD.put(id.payload_max.ilog2())
            }
            card::FEATURES => {
                card::FEATURE_PUSH.put(id.push.into())
                    | card::FEATURE_CHECKPOINT.put(id.checkpoint.into())
                    | card::FEATURE_MSIX.put(id.msix.into())
            }
            card::TICK_RATE => id.tick_rate,
            card::RTL_HASH_LO => low(id.rtl_hash),
            card::RTL_HASH_HI => high(id.rtl_hash),
            card::BOARD => id.board,
            card::CONTROL => card::CONTROL_ENABLE.put(self.enabled.into()),
            card::FAULT_BASE_LO => low(self.fault_ring.base),
            card::FAULT_BASE_HI => high(self.fault_ring.base),
            card::FAULT_LOG2 => self.fault_ring.log2,
            card::FAULT_HEAD => self.fault_ring.head,
            card::FAULT_TAIL => self.fault_ring.tail,
            card::FAULTS_DROPPED => self.faults_dropped,
            card::STALE_DOORBELLS => self.stale_doorbells,
            _ => 0,
        }
    }

    fn write_card(&mut self, register: u32, value: u32) {
        match register {
            card::CONTROL => self.enable(card::CONTROL_ENABLE.of(value) == 1),
            card::FAULT_BASE_LO => set_low(&mut self.fault_ring.base, value & !31),
            card::FAULT_BASE_HI => set_high(&mut self.fault_ring.base, value),
            card::FAULT_LOG2 => self.fault_ring.log2 = value,
            card::FAULT_HEAD => self.fault_ring.head = value,
            _ => {}
        }
    }

    fn read_group(&self, number: usize, register: u32) -> u32 {
        let it = &self.groups[number];
        match register {
            group::COMMAND => group::COMMAND_FLUSH.put((it.phase == Phase::Flushing).into()),
            group::STATUS => {
                group::STATUS_STATE.put(it.phase as u32) | group::STATUS_LIVE.put(it.live().bits().into())
            }
            group::GENERATION => it.generation,
            group::MEMBERS => it.members,
            group::START_LO => low(it.start),
            group::START_HI => high(it.start),
            group::VERDICT_BASE_LO => low(it.ring.base),
            group::VERDICT_BASE_HI => high(it.ring.base),
            group::VERDICT_LOG2 => it.ring.log2,
            group::VERDICT_HEAD => it.ring.head,
            group::VERDICT_TAIL => it.ring.tail,
            group::WATCHDOG => it.watchdog,
            group::PAYLOAD_MAX => it.payload_max,
            _ => 0,
        }
    }

    fn write_group(&mut self, number: usize, register: u32, value: u32) {
        let (enabled, lanes, payload_max) = (self.enabled, self.identity.lanes, self.identity.payload_max);
        let it = &mut self.groups[number];
        match register {
            group::COMMAND if enabled && group::COMMAND_FLUSH.of(value) == 1 => it.begin_flush(),
            group::MEMBERS => it.members = value & ((1 << lanes) - 1),
            group::START_LO => set_low(&mut it.start, value),
            group::START_HI => set_high(&mut it.start, value),
            group::VERDICT_BASE_LO => set_low(&mut it.ring.base, value & !31),
            group::VERDICT_BASE_HI => set_high(&mut it.ring.base, value),
            group::VERDICT_LOG2 => it.ring.log2 = value,
            group::VERDICT_HEAD => it.ring.head = value,
            group::WATCHDOG => it.watchdog = value,
            group::PAYLOAD_MAX => it.payload_max = value.min(payload_max),
            _ => {}
        }
    }

    fn read_lane(&self, number: usize, register: u32) -> u32 {
        let (group, position) = self.place(number);
        let it = &self.groups[group].lanes[position];
        let settings = &it.configuration;
        match register {
            lane::STATUS => {
                let (state, cause) = match it.state {
                    State::Off => (0, 0),
                    State::Live => (1, 0),
                    State::Locked(cause) => (2, cause.code()),
                };
                lane::STATUS_STATE.put(state) | lane::STATUS_CAUSE.put(cause.into())
            }
            lane::RING_BASE_LO => low(settings.ring_base),
            lane::RING_BASE_HI => high(settings.ring_base),
            lane::RING_LOG2 => settings.ring_log2,
            lane::HEAD => it.head,
            lane::TAIL => it.tail,
            lane::WINDOW_BASE_LO => low(settings.window_base),
            lane::WINDOW_BASE_HI => high(settings.window_base),
            lane::WINDOW_LIMIT_LO => low(settings.window_limit),
            lane::WINDOW_LIMIT_HI => high(settings.window_limit),
            _ => 0,
        }
    }

    fn write_lane(&mut self, number: usize, register: u32, value: u32, memory: &mut dyn Memory) {
        if register == lane::COMMAND {
            if self.enabled && lane::COMMAND_RESET.of(value) == 1 {
                self.reset_lane(number, memory);
            }
            return;
        }
        let (group, position) = self.place(number);
        let settings = &mut self.groups[group].lanes[position].configuration;
        match register {
            lane::RING_BASE_LO => set_low(&mut settings.ring_base, value & !63),
            lane::RING_BASE_HI => set_high(&mut settings.ring_base, value),
            lane::RING_LOG2 => settings.ring_log2 = value,
            lane::WINDOW_BASE_LO => set_low(&mut settings.window_base, value),
            lane::WINDOW_BASE_HI => set_high(&mut settings.window_base, value),
            lane::WINDOW_LIMIT_LO => set_low(&mut settings.window_limit, value),
            lane::WINDOW_LIMIT_HI => set_high(&mut settings.window_limit, value),
            _ => {}
        }
    }

    fn write_doorbell(&mut self, number: usize, register: u32, value: u32, memory: &mut dyn Memory) {
        let (group, position) = self.place(number);
        match register {
            doorbell::TAIL => self.groups[group].lanes[position].tail_written = value,
            doorbell::GENERATION => self.ring_doorbell(number, value, memory),
            _ => {}
        }
    }
}
