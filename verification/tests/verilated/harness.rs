//! The harness on a stand-in written by hand: pins, waves, cache, traces.

use crate::need::have;
use covert_verification::random::Random;
use covert_verification::root_complex::replay::replay;
use covert_verification::root_complex::{Link, RootComplex, UnderTest};
use covert_verification::verilated::{Error, Verilated, VerilatedError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verilated/stand_in.v")
}

fn rough(seed: u64) -> Link {
    Link { bar_base: 0xF000_0000, ..Link::rough(&mut Random::new(seed)) }
}

#[test]
fn the_pins_of_the_harness_are_those_of_the_boundary() {
    let Some(unit) = have(Verilated::of(&stand_in())) else { return };
    let mut rc = RootComplex::new(unit, rough(1), 1);
    for offset in (0..256).step_by(4) {
        assert_eq!(rc.read_word(offset).unwrap(), 0xF000_0000 + offset as u32);
    }
    rc.function_reset().unwrap();
    assert!(!rc.outputs().config_error);
}

#[test]
fn the_second_build_of_the_same_verilog_is_none() {
    let Some(_) = have(Verilated::of(&stand_in())) else { return };
    let began = Instant::now();
    have(Verilated::of(&stand_in())).unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn two_units_of_one_library_are_apart() {
    let Some(unit) = have(Verilated::of(&stand_in())) else { return };
    let mut one = RootComplex::new(unit, rough(1), 1);
    let mut two = RootComplex::new(have(Verilated::of(&stand_in())).unwrap(), rough(2), 2);
    let tag = one.start_read(4, 4);
    two.run(200).unwrap();
    assert_eq!(two.traffic(), Default::default());
    one.run(200).unwrap();
    assert_eq!(one.answer(tag).unwrap().words, [0xF000_0004]);
}

#[test]
fn a_recorded_run_replays_into_waves() {
    let Some(unit) = have(Verilated::of(&stand_in())) else { return };
    let mut rc = RootComplex::new(unit, rough(3), 3);
    rc.record(3);
    for offset in (0..64).step_by(4) {
        rc.read_word(offset).unwrap();
    }
    let trace = rc.take_trace().unwrap();
    let fst = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stand_in.fst");
    let _ = std::fs::remove_file(&fst);
    let Some(mut unit) = have(Verilated::with_waves(&stand_in(), &fst)) else { return };
    replay(&trace, &mut unit, |_, _| ()).unwrap();
    drop(unit);
    assert!(std::fs::metadata(&fst).unwrap().len() > 100);
}

#[test]
fn verilog_that_is_none_is_an_error_that_shows_what_verilator_said_and_leaves_no_cache() {
    if have(Verilated::of(&stand_in())).is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.v");
    std::fs::write(&path, "module redundancy_unit (input clock); wire x = ; endmodule").unwrap();
    for _ in 0..2 {
        match Verilated::of(&path) {
            Err(VerilatedError::Build(Error::Failed { step: "verilator", output })) => {
                assert!(output.contains("syntax error"), "{output}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was built"),
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let Err(error) = Verilated::of(Path::new("/nowhere/unit.v")) else { panic!() };
    assert!(error.to_string().contains("/nowhere/unit.v"), "{error}");
}

#[test]
fn clocks_are_cheap() {
    let Some(mut unit) = have(Verilated::of(&stand_in())) else { return };
    let began = Instant::now();
    let inputs = Default::default();
    for _ in 0..200_000 {
        unit.settle(&inputs);
        unit.clock();
    }
    println!("{:.1} million clocks a second", 0.2 / began.elapsed().as_secs_f64());
}
