//! The top level and the pins of a card behind PCI Express, for the recipe in `docs/src/bitstreams.md` that builds it elsewhere.
//!
//! Here it is synthesised with the PCI Express block as a black box, to see that everything else is there. Artix-7 alone: no open or
//! freely licensed endpoint exists for ECP5.

use crate::board::{Active, Board, Family, Pcie, Pin, Shows};
use crate::constraints::{head, xdc};
use crate::top::TOP;
use crate::{Design, Error};
use std::fmt::Write;

/// The instance of the unit in the top level, from its top.
pub const UNIT: &str = "card.unit";

/// What stands wherever something of this design is told.
pub const NOTE: &str = "Recipe not run here, no hardware run. Synthesised with the PCI Express block as a black box: neither placed nor timed, \
                        no bitstream.";

/// The board's link, if a card behind PCI Express can be made of the board.
pub fn link(board: &Board) -> Option<&Pcie> {
    board.pcie.as_ref().filter(|_| board.device.family == Family::Artix7)
}

fn needed(board: &Board) -> Result<&Pcie, Error> {
    link(board).ok_or_else(|| Error::NoDesign {
        board: board.name.clone(),
        design: Design::Pcie,
        why: "only Artix-7 boards with a `[pcie]` link have a block that the shim fits",
    })
}

/// The Verilog of the top level: `pcie7_top` with the board's lanes, and the lights that it can drive.
///
/// # Errors
/// The board has no such link.
pub fn top(board: &Board) -> Result<String, Error> {
    let pcie = needed(board)?;
    let lanes = pcie.lanes;
    let range = if lanes == 1 { String::new() } else { format!("[{}:0] ", lanes.saturating_sub(1)) };
    let mut ports = vec![
        "  input wire sys_clk_p,\n  input wire sys_clk_n,\n  input wire sys_rst_n".to_owned(),
        format!("  input wire {range}pci_exp_rxp,\n  input wire {range}pci_exp_rxn"),
        format!("  output wire {range}pci_exp_txp,\n  output wire {range}pci_exp_txn"),
    ];
    let mut body = String::new();
    if pcie.clock_request.is_some() {
        ports.push("  output wire clkreq_n".into());
        body += "\n  // The reference clock is always wanted.\n  assign clkreq_n = 1'b0;\n";
    }
    for (number, led) in board.leds_of(Design::Pcie) {
        ports.push(format!("  output wire led_{number}"));
        let signal = if led.shows == Shows::LinkUp { "link_up" } else { "config_error" };
        let not = if led.active == Active::Low { "~" } else { "" };
        let _ = write!(body, "\n  assign led_{number} = {not}{signal};");
    }
    Ok(format!(
        "// {} behind PCI Express. Written by covert-boards from boards/{}/board.toml.\n// {NOTE}\n`default_nettype none\n\n\
         module {TOP} (\n{}\n);\n  wire link_up, config_error, packet_dropped;\n{body}\n\n  pcie7_top #(.LANES({lanes})) card (\n    \
         .sys_clk_p(sys_clk_p), .sys_clk_n(sys_clk_n), .sys_rst_n(sys_rst_n),\n    \
         .pci_exp_rxp(pci_exp_rxp), .pci_exp_rxn(pci_exp_rxn), .pci_exp_txp(pci_exp_txp), .pci_exp_txn(pci_exp_txn),\n    \
         .link_up(link_up), .config_error(config_error), .packet_dropped(packet_dropped)\n  );\nendmodule\n\n`default_nettype wire\n",
        board.title,
        board.name,
        ports.join(",\n"),
    ))
}

/// The pins of [`top`], and the clock that the slot brings.
///
/// # Errors
/// The board has no such link.
pub fn constraints(board: &Board) -> Result<String, Error> {
    let Pcie { reference_clock, receive, transmit, reset, clock_request, lanes, .. } = needed(board)?;
    let mut text = head(board);
    let mut place = |port: &str, ball: &str| {
        let _ = writeln!(text, "set_property PACKAGE_PIN {ball} [get_ports {{{port}}}]");
    };
    // A transceiver's balls have no I/O standard.
    place("sys_clk_p", &reference_clock.positive);
    place("sys_clk_n", &reference_clock.negative);
    for (pairs, name) in [(receive, "rx"), (transmit, "tx")] {
        for (lane, pair) in pairs.iter().enumerate() {
            let index = if *lanes == 1 { String::new() } else { format!("[{lane}]") };
            place(&format!("pci_exp_{name}p{index}"), &pair.positive);
            place(&format!("pci_exp_{name}n{index}"), &pair.negative);
        }
    }
    let mut single = |port: &str, Pin { ball, standard, pull, .. }: &Pin| {
        text += &xdc(port, ball, standard, *pull);
    };
    single("sys_rst_n", reset);
    if let Some(pin) = clock_request {
        single("clkreq_n", pin);
    }
    for (number, led) in board.leds_of(Design::Pcie) {
        text += &xdc(&format!("led_{number}"), &led.ball, &led.standard, None);
    }
    text += "create_clock -period 10.000 [get_ports sys_clk_p]\n";
    Ok(text)
}
