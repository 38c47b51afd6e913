//! The page of a configuration, and how to tell of which unit it is.

use super::{Configuration, GOAL, Synthesis};
use crate::fpga::netlist;
use crate::report::Table;
use std::fmt::Write;

/// What the page has of the Verilog, but for comments and the hash that counts them: CRC-64/NVME.
pub(super) fn checksum(verilog: &str) -> String {
    format!("{:016x}", crc64(logic(verilog).as_bytes()))
}

/// The Verilog without comments, and without `RTL_HASH`, which counts them: what stays the same is placed the same but for
/// two constants.
fn logic(verilog: &str) -> String {
    let lines =
        verilog.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("rtl_hash$"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// CRC-64/NVME, the checksum of `RTL_HASH`.
fn crc64(bytes: &[u8]) -> u64 {
    let step = |crc: u64, byte: &u8| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0x9A6C_9329_AC4B_C9B5))
    };
    !bytes.iter().fold(u64::MAX, step)
}

fn crc_shown(crc: &str) -> String {
    format!("CRC-64/NVME `{crc}`")
}

/// Size, and the flip-flops of the two copies.
pub(super) fn overview(synthesis: &Synthesis) -> Table {
    let mut table = Table::new(["what", "number"]);
    let size = &synthesis.size;
    let copies = netlist::redundancy(&synthesis.copies);
    table.row(["LUT4".into(), size.luts.to_string()]);
    table.row(["flip-flops".into(), size.flip_flops.to_string()]);
    table.row(["block RAM".into(), size.block_rams.to_string()]);
    table.row(["distributed RAM (16 x 4)".into(), size.distributed_rams.to_string()]);
    table.row(["flip-flops of the plain copy".into(), copies.plain.to_string()]);
    table.row(["flip-flops of the complemented copy".into(), copies.complemented.to_string()]);
    table
}

pub(super) fn speeds(synthesis: &Synthesis) -> Table {
    let mut table = Table::new(["seed", "MHz", "of 125 MHz", "longest path, ns", "through"]);
    for timing in &synthesis.timing {
        let verdict = if timing.fmax_mhz >= GOAL { "met" } else { "missed" };
        table.row([
            timing.seed.to_string(),
            format!("{:.2}", timing.fmax_mhz),
            verdict.into(),
            format!("{:.2}", timing.worst_ns),
            timing.worst_path.clone(),
        ]);
    }
    table
}

pub(super) fn page(unit: &Configuration, synthesis: &Synthesis) -> String {
    let Configuration { lanes, verilog, command, .. } = unit;
    let mut text = format!(
        "<!-- Written by `{command}`; changes here are overwritten. -->\n\n# Synthesis, {lanes} lanes\n\n\
         The redundancy unit alone, synthesised, placed and routed for a Lattice LFE5UM5G-45F in CABGA381. This is **out of\n\
         context**: without I/O and without a PCIe block, and it was not run on hardware. The figures are what the tools\n\
         compute, not measurements.\n\n",
    );
    for tool in &synthesis.tools {
        let _ = writeln!(text, "- {tool}");
    }
    let _ = writeln!(
        text,
        "- `{verilog}` but for comments and `RTL_HASH`: {}\n",
        crc_shown(&synthesis.verilog_crc64)
    );
    text += &overview(synthesis).markdown();
    let _ = writeln!(
        text,
        "\nThe comparator is there twice, once with everything complemented. The two copies are counted flip-flop by\n\
         flip-flop in the netlist; one that both share counts for neither, and `cargo xtask synth` fails if one is lost.\n\n\
         ## Speed\n"
    );
    text += &speeds(synthesis).markdown();
    text
}

#[cfg(test)]
mod tests {
    use super::super::{THREE_LANES, TWO_LANES};
    use super::*;
    use std::fs;
    use std::path::Path;

    /// The seeds and speeds that a configuration's page has, or none if the page is of other Verilog.
    fn placed(unit: &Configuration) -> Option<Vec<(u32, f64)>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let [page, verilog] = [unit.page, unit.verilog]
            .map(|path| fs::read_to_string(root.join(path)).expect("it is committed"));
        let crc = crc_shown(&checksum(&verilog));
        if !page.contains(&crc) {
            // Who tries something in the RTL need not place it each time; what lands is placed.
            let stale =
                format!("`{}` is of another unit: run `{}` with `--seeds 4`", unit.page, unit.command);
            assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "{stale}");
            eprintln!("SKIPPED: {stale}");
            return None;
        }
        let cells = page.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        Some(cells.filter_map(|row| Some((row.get(1)?.parse().ok()?, row.get(2)?.parse().ok()?))).collect())
    }

    #[test]
    fn the_page_is_of_the_present_unit_and_each_of_four_placements_meets_the_goal() {
        let Some(speeds) = placed(&TWO_LANES) else { return };
        let seeds: Vec<u32> = speeds.iter().map(|(seed, _)| *seed).collect();
        assert!(seeds.starts_with(&[1, 2, 3, 4]), "placed with seeds {seeds:?}");
        assert!(speeds.iter().all(|(_, mhz)| *mhz >= GOAL), "{speeds:?}");
    }

    /// Nothing is promised of its speed: no bitstream has it.
    #[test]
    fn the_page_of_three_lanes_is_of_the_present_unit() {
        let Some(speeds) = placed(&THREE_LANES) else { return };
        assert!(!speeds.is_empty(), "it was not placed");
    }

    #[test]
    fn comments_and_the_hash_that_counts_them_are_no_logic() {
        let verilog = |comment: &str, hash: &str, gate: &str| {
            format!("// {comment}\nmodule m;\n  localparam rtl_hash$lo = {hash};\n  assign a = b {gate} c;\n")
        };
        assert_eq!(logic(&verilog("one", "1", "&")), logic(&verilog("two", "2", "&")));
        assert_ne!(logic(&verilog("one", "1", "&")), logic(&verilog("one", "1", "|")));
    }

    #[test]
    fn the_hash_is_crc64_nvme() {
        assert_eq!(crc64(b"123456789"), 0xAE8B_1486_0A79_9888);
    }
}
