use crate::bench::*;
use covert_abi::registers::{BLOCKS, card, group, lane};
use covert_abi::*;
use covert_verification::model::Memory;

#[test]
fn the_identification_reads_back_as_what_the_unit_is() {
    let bench = Bench::configured();
    let identity = Identity::parse(|address| bench.unit.read(address)).unwrap();
    assert_eq!((identity.groups, identity.lanes, identity.skew), (2, 4, SKEW));
    assert_eq!(identity.rtl_hash, 0x0123_4567_89AB_CDEF);
    assert_eq!((identity.ring_max, identity.payload_max), (1 << 10, 1 << 12));
}

#[test]
fn a_read_of_an_address_without_register_gives_zero_and_a_write_there_is_ignored() {
    let mut bench = Bench::configured();
    let known: Vec<u32> = BLOCKS
        .iter()
        .flat_map(|block| {
            (0..block.count).flat_map(move |index| {
                block
                    .registers
                    .iter()
                    .map(move |register| block.base + index * block.stride + register.offset)
            })
        })
        .collect();
    for address in (0..registers::BAR_BYTES).step_by(4).filter(|address| !known.contains(address)) {
        bench.write(address, u32::MAX);
        assert_eq!(bench.unit.read(address), 0, "address {address:#x}");
    }
}

#[test]
fn read_write_registers_give_back_what_was_written() {
    let mut bench = Bench::configured();
    for (address, value) in [
        (card::address(0, card::FAULT_BASE_HI), 0xAABB_CCDD),
        (group::address(1, group::START_LO), 0x1234_5678),
        (group::address(1, group::START_HI), 0x9ABC_DEF0),
        (group::address(1, group::VERDICT_BASE_LO), 0xFFFF_FFE0),
        (group::address(1, group::WATCHDOG), 99),
        (lane::address(7, lane::WINDOW_BASE_LO), 0x5555_5555),
        (lane::address(7, lane::RING_BASE_LO), 0xFFFF_FFC0),
    ] {
        bench.write(address, value);
        assert_eq!(bench.unit.read(address), value);
    }
}

#[test]
fn bits_that_an_alignment_leaves_no_use_for_read_zero() {
    let mut bench = Bench::configured();
    bench.write(group::address(0, group::VERDICT_BASE_LO), u32::MAX);
    bench.write(lane::address(0, lane::RING_BASE_LO), u32::MAX);
    assert_eq!(bench.group(group::VERDICT_BASE_LO), 0xFFFF_FFE0);
    assert_eq!(bench.lane(0, lane::RING_BASE_LO), 0xFFFF_FFC0);
}

#[test]
fn payload_max_is_at_most_the_units_limit() {
    let mut bench = Bench::configured();
    bench.set_group(group::PAYLOAD_MAX, u32::MAX);
    assert_eq!(bench.group(group::PAYLOAD_MAX), 1 << 12);
}

#[test]
fn the_size_of_a_ring_is_not_checked_and_its_low_five_bits_count() {
    let mut bench = Bench::running(0b1);
    bench.set_lane(0, lane::RING_LOG2, 0x20 | RING_LOG2);
    assert_eq!(bench.lane(0, lane::RING_LOG2), 0x20 | RING_LOG2);
    bench.ring_with(0, 1, (1 << RING_LOG2) + 1);
    assert_eq!(bench.causes(), [(0, FaultCause::Doorbell, (1 << RING_LOG2) + 1)]);
}

#[test]
fn a_ring_that_is_too_long_is_read_inside_the_window_only() {
    let mut bench = Bench::running(0b1);
    bench.set_lane(0, lane::RING_LOG2, 20);
    let last = ARENA_BYTES / 64;
    for _ in 0..last {
        bench.verdicts();
        let entry = Submission::inline(bench.header(0), b"x").unwrap().seal();
        let slot = u64::from(bench.written[0]);
        bench.memory.write(arena(0) + 64 * slot, &entry);
        bench.written[0] += 1;
        bench.ring(0);
    }
    bench.written[0] += 1;
    bench.ring(0);
    assert_eq!(bench.causes(), [(0, FaultCause::Isolation, arena(0) + ARENA_BYTES)]);
}
