//! The commands that build a bitstream, in a folder that holds all that they read: nothing depends on where it is.

use crate::board::{Board, Device, Family};
use crate::{Design, UNIT_HERTZ, top::TOP};

/// A program and its arguments, run in the build folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// The top level's file.
pub const TOP_FILE: &str = "top.v";

/// The netlist's file.
pub const NETLIST: &str = "netlist.json";

/// The file of pins.
pub fn pins_file(family: Family) -> &'static str {
    match family {
        Family::Ecp5 => "pins.lpf",
        Family::Artix7 => "pins.xdc",
    }
}

/// What nextpnr writes for the packer.
pub fn placed_file(family: Family, seed: u32) -> String {
    match family {
        Family::Ecp5 => format!("seed{seed}.config"),
        Family::Artix7 => format!("seed{seed}.fasm"),
    }
}

/// nextpnr's report on timing and use.
pub fn report_file(seed: u32) -> String {
    format!("seed{seed}.json")
}

/// The bitstream.
pub fn bit_file(seed: u32) -> String {
    format!("seed{seed}.bit")
}

/// The Verilog of the design by the names that it has in the build folder.
pub fn sources(design: Design) -> Vec<&'static str> {
    let name = |path: &'static str| path.rsplit('/').next().unwrap_or(path);
    design.verilog().iter().map(|path| name(path)).chain([TOP_FILE]).collect()
}

/// The script for yosys that synthesises for a family, with further options of `synth_*`, each followed by a space.
///
/// All of it but `autoname`, which takes as long as the rest: paths are named well enough without. On Artix-7 no shift registers are made
/// of flip-flops: the copies of the comparator are counted flip-flop by flip-flop.
pub fn synthesis_script(family: Family, sources: &[&str], top: &str, options: &str, netlist: &str) -> String {
    let read = sources.join(" ");
    match family {
        Family::Ecp5 => format!(
            "read_verilog {read}; synth_ecp5 {options}-top {top} -run :check; hierarchy -check; check -noinit; \
             blackbox =A:whitebox; write_json {netlist}"
        ),
        Family::Artix7 => format!(
            "read_verilog {read}; synth_xilinx -flatten -abc9 -nosrl {options}-arch xc7 -top {top} -run :check; hierarchy -check; \
             check -noinit; blackbox =A:whitebox; write_json {netlist}"
        ),
    }
}

/// Verilog to netlist.
pub fn synthesis(board: &Board, design: Design) -> Step {
    // The wrapper of the PCI Express block, a black box, has the buffers of its pads and of its clock.
    let options = if design == Design::Pcie { "-noiopad -noclkbuf " } else { "" };
    let script = synthesis_script(board.device.family, &sources(design), TOP, options, NETLIST);
    Step { program: "yosys", arguments: words(&["-q", "-l", "yosys.log", "-p", &script]) }
}

/// Netlist to placed and routed design, from one seed. Timing is judged from the report, not by nextpnr: a missed clock is reported with its
/// path.
pub fn place(board: &Board, design: Design, seed: u32) -> Step {
    let family = board.device.family;
    let device = &board.device;
    let (pins, placed, seed_text) = (pins_file(family), placed_file(family, seed), seed.to_string());
    let (program, mut arguments) = match family {
        Family::Ecp5 => (
            "nextpnr-ecp5",
            words(&[
                &ecp5_size(device),
                "--package",
                &device.package,
                "--speed",
                &device.speed,
                "--lpf",
                pins,
                "--textcfg",
                &placed,
                // What misses the clock here is distance: of the unit, seed 2 comes to 121.8 MHz by default and to 130.9 with these.
                "--placer-heap-timingweight",
                "25",
                "--tmg-ripup",
            ]),
        ),
        Family::Artix7 => (
            "nextpnr-himbaechel-xilinx",
            words(&[
                "--device",
                &part(device),
                "-o",
                &format!("xdc={pins}"),
                "-o",
                &format!("fasm={placed}"),
            ]),
        ),
    };
    if (family, design) == (Family::Artix7, Design::Unit) {
        // By the default, `heap`, the unit cannot be routed: legalisation doubles its wires, and 1,300 stay in use twice. Without rip-up
        // detours of 3 ns stay: seed 1 came to 112.0 MHz. What is small stays with `heap`: two
        // builds of `alive` so were once seen to differ.
        arguments.extend(words(&["--placer", "static", "--tmg-ripup"]));
    }
    // Not router2 on ECP5, though it is faster by far: it makes detours of several ns on paths that matter.
    arguments.extend(words(&[
        "--json",
        NETLIST,
        "--report",
        &report_file(seed),
        "--log",
        &format!("seed{seed}.log"),
        "-q",
    ]));
    let goal = (UNIT_HERTZ / 1_000_000).to_string();
    arguments.extend(words(&["--freq", &goal, "--seed", &seed_text, "--timing-allow-fail"]));
    Step { program, arguments }
}

/// The configuration frames that a 7-series bitstream is packed from.
pub fn frames_file(seed: u32) -> String {
    format!("seed{seed}.frames")
}

/// Placed and routed design to bitstream. For Artix-7 the frames must have been assembled ([`crate::xray::assemble`]); `part_file` is what
/// the packer has to know of the part, and its file has a date in it ([`crate::xray::undate`]).
pub fn pack(board: &Board, seed: u32, part_file: &str) -> Step {
    let bit = bit_file(seed);
    match board.device.family {
        Family::Ecp5 => Step {
            program: "ecppack",
            arguments: words(&["--compress", &placed_file(Family::Ecp5, seed), &bit]),
        },
        Family::Artix7 => {
            let (part, frames) = (part(&board.device), frames_file(seed));
            let arguments = [
                ("part_file", part_file),
                ("part_name", &part),
                ("frm_file", &frames),
                ("output_file", &bit),
            ];
            let arguments = arguments.map(|(name, value)| format!("--{name}={value}")).to_vec();
            Step { program: "xc7frames2bit", arguments }
        }
    }
}

/// The part with package and speed grade, as Project X-Ray and nextpnr name it: `xc7a200tfbg484-3`.
pub fn part(device: &Device) -> String {
    format!("{}-{}", device.packaged(), device.speed)
}

/// nextpnr-ecp5's option for the part: `LFE5UM5G-45F` is `--um5g-45k`.
fn ecp5_size(device: &Device) -> String {
    let (kind, size) = device.part.split_once('-').unwrap_or((&device.part, ""));
    let kind = match kind {
        "LFE5UM5G" => "um5g-",
        "LFE5UM" => "um-",
        _ => "",
    };
    format!("--{kind}{}k", size.trim_end_matches('F'))
}

/// The build as a shell script, to be run in the build folder with one seed.
pub fn script(board: &Board, design: Design, seed: u32) -> String {
    let mut text = format!(
        "#!/bin/sh\n# Design `{design}` for {}. Written by covert-boards; `cargo xtask bitstream {} --design {design}` does the same and \
         judges it.\nset -eu\ncd -- \"$(dirname -- \"$0\")\"\n",
        board.title, board.name
    );
    text += &(shell(&synthesis(board, design)) + "\n");
    if design == Design::Pcie {
        return text
            + "# The PCI Express block is a black box: what follows is a recipe, docs/src/bitstreams.md.\n";
    }
    text += &(shell(&place(board, design, seed)) + "\n");
    match board.device.family {
        Family::Ecp5 => text += &(shell(&pack(board, seed, "")) + "\n"),
        Family::Artix7 => {
            text += "# The frames and the bitstream are made of the FASM by that command alone.\n"
        }
    }
    text
}

/// A step as a line of shell.
pub fn shell(step: &Step) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    std::iter::once(step.program.to_owned())
        .chain(step.arguments.iter().map(quoted))
        .collect::<Vec<_>>()
        .join(" ")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
