//! The top of a card with a 7-series FPGA: the PCI Express block as a black box, the shim and the unit, wired by name.
//!
//! A netlist, hence no rust-hdl: it is printed from the ports of the two modules and from [`BLOCK`], the block's.

use std::fmt::Write;

/// Name of the top module.
pub const NAME: &str = "pcie7_top";

/// What a port of the block is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// A pad of the FPGA, of the same name.
    Pad,
    /// The port of the shim that has its name.
    Shim,
    /// The clock of everything.
    Clock,
    /// Nothing.
    Open,
}

/// A port of the wrapper `pcie7_block` that a recipe must provide: name, bits, whether the block drives it, and what it meets.
type Port = (&'static str, Width, bool, To);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Bits(usize),
    Lanes,
}

use Width::{Bits, Lanes};

/// The ports of `pcie7_block`, by the names of PG054. Inputs of the core that are not here the wrapper ties to 0.
const BLOCK: &[Port] = &[
    ("sys_clk_p", Bits(1), false, To::Pad),
    ("sys_clk_n", Bits(1), false, To::Pad),
    ("sys_rst_n", Bits(1), false, To::Pad),
    ("pci_exp_rxp", Lanes, false, To::Pad),
    ("pci_exp_rxn", Lanes, false, To::Pad),
    ("pci_exp_txp", Lanes, true, To::Pad),
    ("pci_exp_txn", Lanes, true, To::Pad),
    ("user_clk_out", Bits(1), true, To::Clock),
    ("user_reset_out", Bits(1), true, To::Shim),
    ("user_lnk_up", Bits(1), true, To::Shim),
    ("m_axis_rx_tdata", Bits(64), true, To::Shim),
    ("m_axis_rx_tkeep", Bits(8), true, To::Shim),
    ("m_axis_rx_tlast", Bits(1), true, To::Shim),
    ("m_axis_rx_tvalid", Bits(1), true, To::Shim),
    ("m_axis_rx_tready", Bits(1), false, To::Shim),
    ("m_axis_rx_tuser", Bits(22), true, To::Shim),
    ("rx_np_ok", Bits(1), false, To::Shim),
    ("rx_np_req", Bits(1), false, To::Shim),
    ("s_axis_tx_tdata", Bits(64), false, To::Shim),
    ("s_axis_tx_tkeep", Bits(8), false, To::Shim),
    ("s_axis_tx_tlast", Bits(1), false, To::Shim),
    ("s_axis_tx_tvalid", Bits(1), false, To::Shim),
    ("s_axis_tx_tready", Bits(1), true, To::Shim),
    ("s_axis_tx_tuser", Bits(4), false, To::Shim),
    ("tx_buf_av", Bits(6), true, To::Open),
    ("tx_err_drop", Bits(1), true, To::Shim),
    ("tx_cfg_req", Bits(1), true, To::Open),
    ("tx_cfg_gnt", Bits(1), false, To::Shim),
    ("fc_sel", Bits(3), false, To::Shim),
    ("fc_nph", Bits(8), true, To::Shim),
    ("cfg_bus_number", Bits(8), true, To::Shim),
    ("cfg_device_number", Bits(5), true, To::Shim),
    ("cfg_function_number", Bits(3), true, To::Shim),
    ("cfg_command", Bits(16), true, To::Shim),
    ("cfg_dcommand", Bits(16), true, To::Shim),
    ("cfg_lcommand", Bits(16), true, To::Shim),
    ("cfg_interrupt_msixenable", Bits(1), true, To::Shim),
    ("cfg_interrupt_msixfm", Bits(1), true, To::Shim),
    ("cfg_received_func_lvl_rst", Bits(1), true, To::Shim),
    ("cfg_to_turnoff", Bits(1), true, To::Shim),
    ("cfg_turnoff_ok", Bits(1), false, To::Shim),
];

/// The unit's port that is a lamp of the card besides: what the shim or the unit alone drives is one anyway.
const LAMP: &str = "link_up";

/// What a generated module's header says of a port.
struct Found {
    range: String,
    name: String,
    input: bool,
}

fn ports(verilog: &str, top: &str) -> Vec<Found> {
    let header = verilog.split(&format!("\nmodule {top} (")).nth(1).unwrap_or_default();
    let parse = |line: &str| {
        let (rest, name) = line.trim().trim_end_matches(',').rsplit_once(' ')?;
        let range = rest.split_once('[').map_or(String::new(), |(_, range)| format!("[{range} "));
        Some(Found { range, name: name.to_owned(), input: rest.starts_with("input") })
    };
    header.lines().skip(1).take_while(|line| !line.starts_with(");")).filter_map(parse).collect()
}

fn range(width: Width) -> String {
    match width {
        Bits(1) => String::new(),
        Bits(bits) => format!("[{}:0] ", bits - 1),
        Lanes => "[LANES-1:0] ".into(),
    }
}

/// The top's text, of the ports of this unit and this shim.
///
/// # Panics
/// A port of one of the three meets none of another: a mistake in [`BLOCK`] or in the shim.
pub fn verilog(unit: &str, shim: &str) -> String {
    let (unit, shim) = (ports(unit, crate::unit::NAME), ports(shim, crate::bridge::pcie7_shim::NAME));
    let of_shim = |name: &str| shim.iter().find(|port| port.name == name);
    let mut box_ports = Vec::new();
    let mut top_ports = Vec::new();
    let mut wires = String::from("   wire clock;\n");
    let mut of_block = Vec::new();
    for (name, width, output, to) in BLOCK {
        let direction = if *output { "output" } else { "input" };
        box_ports.push(format!("   {direction} wire {}{name}", range(*width)));
        of_block.push(match to {
            To::Pad => {
                top_ports.push(format!("   {direction} wire {}{name}", range(*width)));
                format!("      .{name}({name})")
            }
            To::Shim => {
                let port = of_shim(name).unwrap_or_else(|| panic!("the shim has no {name}"));
                assert!(
                    port.range == range(*width) && port.input == *output,
                    "{name} of block and shim differ"
                );
                let _ = writeln!(wires, "   wire {}{name};", port.range);
                format!("      .{name}({name})")
            }
            To::Clock => format!("      .{name}(clock)"),
            To::Open => format!("      .{name}()"),
        });
    }
    for port in &unit {
        if port.name == "clock" {
            continue;
        }
        // What the unit alone has goes to a pad: a lamp.
        match of_shim(&port.name) {
            Some(other) => {
                assert!(other.input != port.input && other.range == port.range, "{}", port.name);
                if port.name == LAMP {
                    top_ports.push(format!("   output wire {}{}", port.range, port.name));
                } else {
                    let _ = writeln!(wires, "   wire {}{};", port.range, port.name);
                }
            }
            None => {
                assert!(!port.input, "nothing drives {} of the unit", port.name);
                top_ports.push(format!("   output wire {}{}", port.range, port.name));
            }
        }
    }
    for port in &shim {
        let met =
            unit.iter().any(|other| other.name == port.name) || BLOCK.iter().any(|it| it.0 == port.name);
        if !met {
            assert!(!port.input, "nothing drives {} of the shim", port.name);
            top_ports.push(format!("   output wire {}{}", port.range, port.name));
        }
    }
    let links = |ports: &[Found]| {
        let link = |port: &Found| format!("      .{0}({0})", port.name);
        ports.iter().map(link).collect::<Vec<_>>().join(",\n")
    };
    format!(
        "// A card with a 7-series FPGA. Written by `cargo run -p covert-rtl --bin emit`; do not edit.\n\
         // Needs redundancy_unit.v, pcie7_shim.v and, from a recipe, the module `pcie7_block`: docs/src/pcie7-shim.md.\n\n\
         module {NAME} #(\n   parameter LANES = 1\n) (\n{}\n);\n{wires}\n   \
         pcie7_block #(.LANES(LANES)) block (\n{}\n   );\n   pcie7_shim shim (\n{}\n   );\n   redundancy_unit unit (\n{}\n   );\nendmodule\n\n\
         // The block and its transceivers. With `PCIE7_BLOCK` defined the recipe's module is there instead.\n\
         `ifndef PCIE7_BLOCK\n(* blackbox *)\nmodule pcie7_block #(\n   parameter LANES = 1\n) (\n{}\n);\nendmodule\n`endif\n",
        top_ports.join(",\n"),
        of_block.join(",\n"),
        links(&shim),
        links(&unit),
        box_ports.join(",\n"),
    )
}
