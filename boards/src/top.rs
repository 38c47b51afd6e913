//! The top level of a bring-up bitstream: clock, reset, serial bridge, redundancy unit, lights.

use crate::board::{Active, Board, Family, Shows};
use crate::check::bit_clocks;
use crate::pll::{Dividers, dividers};
use crate::ports::{Direction, Port};
use crate::{Design, Error, UNIT_HERTZ};
use std::fmt::Write;

/// The top module's name.
pub const TOP: &str = "covert_top";

/// The instance of the unit in a bring-up bitstream: what stands before every name of the unit in the netlist.
pub const UNIT: &str = "unit";

/// The ports of the modules that the design has besides its top.
pub struct Parts {
    /// Those of `redundancy_unit`.
    pub unit: Vec<Port>,
    /// Those of `serial_bridge`.
    pub bridge: Vec<Port>,
}

/// The ports that a top level drives or takes itself. Every other port of one module is the other's port of that name.
const OWN: [&str; 5] = ["clock", "reset", "serial_in", "serial_out", "bit_clocks"];

/// The Verilog of a board's top level. `parts` are the modules inside, none for [`Design::Alive`].
///
/// # Errors
/// No PLL makes the unit's clock, or unit and bridge do not fit together.
pub fn top(board: &Board, parts: Option<&Parts>) -> Result<String, Error> {
    let design = if parts.is_some() { Design::Unit } else { Design::Alive };
    let family = board.device.family;
    let dividers = dividers(family, board.oscillator.hertz, UNIT_HERTZ)?;
    let mut text = format!(
        "// {} for bring-up, design `{design}`. Written by covert-boards from boards/{}/board.toml.\n\
         // Speaks over a serial line, not over PCIe; was not run on hardware.\n\
         `default_nettype none\n\nmodule {TOP} (\n",
        board.title, board.name
    );
    text += &port_list(board, design).join(",\n");
    text += "\n);\n";
    text += &match family {
        Family::Ecp5 => ecp5_clock(board, dividers),
        Family::Artix7 => artix7_clock(board, dividers),
    };
    let awake = match &board.reset {
        None => "locked",
        Some(reset) if reset.active == Active::Low => "locked & reset_line",
        Some(_) => "locked & ~reset_line",
    };
    let reset = match family {
        Family::Ecp5 => "wire reset = settling[3];",
        // A register that need not stand at the PLL: the reset goes to all of the design.
        Family::Artix7 => "reg reset = 1'b1;\n  always @(posedge clock) reset <= settling[3];",
    };
    let _ = write!(
        text,
        "
  // Into reset at once, out of it at a clock edge, four clocks after all is well.
  wire awake = {awake};
  reg [3:0] settling = 4'b1111;
  always @(posedge clock or negedge awake)
    if (!awake) settling <= 4'b1111;
    else settling <= {{settling[2:0], 1'b0}};
  {reset}

  reg [1:0] heard = 2'b11;
  always @(posedge clock) heard <= {{heard[0], serial_in}};

  reg [25:0] beat = 26'd0;
  always @(posedge clock) beat <= beat + 26'd1;
"
    );
    text += &match parts {
        None => "\n  // What is said comes back.\n  reg said = 1'b1;\n  always @(posedge clock) said <= heard[1];\n  \
                 assign serial_out = said;\n"
            .to_owned(),
        Some(parts) => instances(board, parts)?,
    };
    text += &lights(board, design);
    text += "endmodule\n\n`default_nettype wire\n";
    Ok(text)
}

fn port_list(board: &Board, design: Design) -> Vec<String> {
    let mut ports = vec!["  input wire oscillator".to_owned()];
    // nextpnr-ecp5 takes the pair by its true ball, and finds the other.
    if board.device.family == Family::Artix7 && board.oscillator.negative.is_some() {
        ports.push("  input wire oscillator_n".into());
    }
    if board.reset.is_some() {
        ports.push("  input wire reset_line".into());
    }
    ports.extend(["  input wire serial_in".into(), "  output wire serial_out".into()]);
    ports.extend(board.leds_of(design).map(|(number, _)| format!("  output wire led_{number}")));
    ports
}

fn ecp5_clock(board: &Board, dividers: Dividers) -> String {
    let Dividers { input, feedback, output, oscillator } = dividers;
    // The phase of an output is counted in eighths of its own divider: half of it, as ecppll writes.
    let phase = output / 2;
    format!(
        "
  // {from} Hz / {input} * {feedback} = {UNIT_HERTZ} Hz, from an oscillator of {oscillator} Hz.
  wire clock, locked;
  (* FREQUENCY_PIN_CLKI=\"{mhz_in}\", FREQUENCY_PIN_CLKOP=\"{mhz_out}\" *)
  (* ICP_CURRENT=\"12\", LPF_RESISTOR=\"8\", MFG_ENABLE_FILTEROPAMP=\"1\", MFG_GMCREF_SEL=\"2\" *)
  EHXPLLL #(
    .PLLRST_ENA(\"DISABLED\"), .INTFB_WAKE(\"DISABLED\"), .STDBY_ENABLE(\"DISABLED\"), .DPHASE_SOURCE(\"DISABLED\"),
    .OUTDIVIDER_MUXA(\"DIVA\"), .OUTDIVIDER_MUXB(\"DIVB\"), .OUTDIVIDER_MUXC(\"DIVC\"), .OUTDIVIDER_MUXD(\"DIVD\"),
    .CLKI_DIV({input}), .CLKFB_DIV({feedback}), .FEEDBK_PATH(\"CLKOP\"),
    .CLKOP_ENABLE(\"ENABLED\"), .CLKOP_DIV({output}), .CLKOP_CPHASE({phase}), .CLKOP_FPHASE(0)
  ) pll (
    .CLKI(oscillator), .CLKOP(clock), .CLKFB(clock), .CLKINTFB(), .LOCK(locked),
    .RST(1'b0), .STDBY(1'b0), .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
    .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
",
        from = board.oscillator.hertz,
        mhz_in = mhz(board.oscillator.hertz),
        mhz_out = mhz(UNIT_HERTZ),
    )
}

fn artix7_clock(board: &Board, dividers: Dividers) -> String {
    let Dividers { input, feedback, output, oscillator } = dividers;
    let buffer = match board.oscillator.negative {
        Some(_) => "IBUFDS clock_pad (.I(oscillator), .IB(oscillator_n), .O(incoming));",
        None => "IBUF clock_pad (.I(oscillator), .O(incoming));",
    };
    // A period in picoseconds, written in nanoseconds.
    let period = 1_000_000_000_000 / board.oscillator.hertz;
    format!(
        "
  // {from} Hz / {input} * {feedback} / {output} = {UNIT_HERTZ} Hz, from an oscillator of {oscillator} Hz.
  wire incoming, made, clock, feedback, locked;
  {buffer}
  PLLE2_ADV #(
    .BANDWIDTH(\"OPTIMIZED\"), .COMPENSATION(\"INTERNAL\"), .STARTUP_WAIT(\"FALSE\"),
    .CLKIN1_PERIOD({}.{:03}), .DIVCLK_DIVIDE({input}), .CLKFBOUT_MULT({feedback}), .CLKFBOUT_PHASE(0.0),
    .CLKOUT0_DIVIDE({output}), .CLKOUT0_PHASE(0.0), .CLKOUT0_DUTY_CYCLE(0.5)
  ) pll (
    .CLKIN1(incoming), .CLKIN2(1'b0), .CLKINSEL(1'b1), .CLKFBIN(feedback), .CLKFBOUT(feedback), .CLKOUT0(made), .LOCKED(locked),
    .RST(1'b0), .PWRDWN(1'b0), .DADDR(7'b0), .DCLK(1'b0), .DEN(1'b0), .DI(16'b0), .DWE(1'b0)
  );
  BUFG clock_tree (.I(made), .O(clock));
",
        period / 1000,
        period % 1000,
        from = board.oscillator.hertz,
    )
}

fn mhz(hertz: u64) -> String {
    format!("{}", hertz as f64 / 1e6)
}

/// Bridge and unit, each port of one at the port of that name of the other.
fn instances(board: &Board, parts: &Parts) -> Result<String, Error> {
    let between = |ports: &'_ [Port]| -> Vec<Port> {
        ports.iter().filter(|port| !OWN.contains(&port.name.as_str())).cloned().collect()
    };
    let (unit, bridge) = (between(&parts.unit), between(&parts.bridge));
    let mut text = String::from("\n");
    for port in &unit {
        let Some(other) = bridge.iter().find(|other| other.name == port.name) else {
            return Err(Error::Ports(format!("the bridge has no port for the unit's `{}`", port.name)));
        };
        if other.direction == port.direction || other.width != port.width {
            return Err(Error::Ports(format!(
                "the unit's `{}` and the bridge's do not fit together",
                port.name
            )));
        }
        let range = if port.width == 1 { String::new() } else { format!("[{}:0] ", port.width - 1) };
        let _ = writeln!(text, "  wire {range}{};", port.name);
    }
    if let Some(port) = bridge.iter().find(|port| !unit.iter().any(|other| other.name == port.name)) {
        return Err(Error::Ports(format!("the unit has no port for the bridge's `{}`", port.name)));
    }
    // On Artix-7 the distance that resets go is what the clock is missed by. There the unit is reset by its link alone, as it is by a link
    // that is down, through a register between the two. When the bridge goes down the unit follows in the next clock; when it comes up no
    // beat can be there for hundreds. ECP5 meets its clock without.
    let by_link = board.device.family == Family::Artix7;
    if by_link {
        text += "\n  reg unit_up = 1'b0;\n  always @(posedge clock) unit_up <= link_up & ~reset;\n";
    }
    let connect = |module: &str, name: &str, ports: &[Port]| -> Result<String, Error> {
        let mut lines = Vec::new();
        for port in ports {
            let to = match (port.name.as_str(), port.direction) {
                ("serial_in", Direction::Input) => "heard[1]".into(),
                ("reset", Direction::Input) if by_link && name == UNIT => "1'b0".into(),
                ("link_up", Direction::Input) if by_link && name == UNIT => "unit_up".into(),
                ("bit_clocks", Direction::Input) => format!("{}'d{}", port.width, bit_clocks(board)),
                ("serial_in" | "bit_clocks" | "clock" | "reset", Direction::Output) => {
                    return Err(Error::Ports(format!("`{}` of {module} is an output", port.name)));
                }
                (name, _) => name.to_owned(),
            };
            lines.push(format!("    .{}({to})", port.name));
        }
        Ok(format!("\n  {module} {name} (\n{}\n  );\n", lines.join(",\n")))
    };
    text += &connect("serial_bridge", "bridge", &parts.bridge)?;
    text += &connect("redundancy_unit", UNIT, &parts.unit)?;
    Ok(text)
}

fn lights(board: &Board, design: Design) -> String {
    let mut text = String::from("\n");
    for (number, led) in board.leds_of(design) {
        let signal = match led.shows {
            Shows::Alive => "beat[25]",
            Shows::Reset => "reset",
            Shows::ConfigError => "config_error",
            Shows::LinkUp => "link_up",
        };
        let not = if led.active == Active::Low { "~" } else { "" };
        let _ = writeln!(text, "  assign led_{number} = {not}{signal};");
    }
    text
}
