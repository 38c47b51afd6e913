//! Each block: one random stimulus through the native simulation and the Verilated Verilog, compared at every clock.

mod common;

use common::lockstep;
use covert_rtl::fifo::Fifo;
use covert_rtl::leaf::{BlockRam, ByteAlign, CheckCodeStep, FingerprintStep, KeepBytes, LutRam2};

#[test]
fn fifo() {
    type Dut = Fifo<9, 2>;
    lockstep::<Dut>(
        "fifo",
        clock_of!(Dut),
        ports!(Dut; clear, put, put_data, take => full, valid, data, count),
        5000,
        |_, random, seen, set| {
            set("clear", u64::from(random.once_in(50)));
            set("put", u64::from(seen("full") == 0 && !random.once_in(3)));
            set("put_data", random.word());
            set("take", u64::from(seen("valid") == 1 && !random.once_in(3)));
        },
    );
}

#[test]
fn fingerprint_step() {
    lockstep::<FingerprintStep>(
        "fingerprint_step",
        None,
        ports!(FingerprintStep; state, data => after),
        2000,
        |_, random, _, set| {
            set("state", random.word());
            set("data", random.word());
        },
    );
}

#[test]
fn check_code_step() {
    lockstep::<CheckCodeStep>(
        "check_code_step",
        None,
        ports!(CheckCodeStep; state, data => after),
        2000,
        |_, random, _, set| {
            set("state", random.word());
            set("data", random.word());
        },
    );
}

#[test]
fn byte_align() {
    lockstep::<ByteAlign>(
        "byte_align",
        None,
        ports!(ByteAlign; low, high, offset => word),
        500,
        |n, random, _, set| {
            set("low", random.word());
            set("high", random.word());
            set("offset", n);
        },
    );
}

#[test]
fn keep_bytes() {
    lockstep::<KeepBytes>(
        "keep_bytes",
        None,
        ports!(KeepBytes; data, count => word),
        500,
        |n, random, _, set| {
            set("data", random.word());
            set("count", n);
        },
    );
}

#[test]
fn lut_ram() {
    type Dut = LutRam2<40, 3>;
    lockstep::<Dut>(
        "lut_ram",
        clock_of!(Dut),
        ports!(Dut; write, write_address, write_data, address, second_address => data, second_data),
        2000,
        |_, random, _, set| {
            set("write", random.below(2));
            for port in ["write_address", "write_data", "address", "second_address"] {
                set(port, random.word());
            }
        },
    );
}

#[test]
fn block_ram() {
    type Dut = BlockRam<32, 4>;
    lockstep::<Dut>(
        "block_ram",
        clock_of!(Dut),
        ports!(Dut; write, write_address, write_data, address => data),
        2000,
        |_, random, _, set| {
            set("write", random.below(2));
            for port in ["write_address", "write_data", "address"] {
                set(port, random.word());
            }
        },
    );
}
