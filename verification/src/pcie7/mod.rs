//! The unit behind `pcie7_shim`, as something with the unit's pins: a model of the 7-series PCI Express block stands between.
//!
//! The block's stream interface is modelled as Xilinx PG054 gives it, with every freedom that it leaves to the block taken by
//! chance, and every duty of the shim asserted. The link behind it is the root complex's business.

pub mod axis;
mod receiver;
mod sender;

use crate::random::Random;
use crate::root_complex::{Idle, Inputs, Outputs, UnderTest};
use covert_verilator::{Error, Model, Tools, workspace};
use receiver::Receiver;
use sender::Sender;
use std::fmt::Write;

/// Clocks that a reset is held.
const RESET_CLOCKS: u32 = 4;

/// The unit, the shim and the modelled block.
pub struct Pcie7Unit {
    model: Model,
    pins: Pins,
    receiver: Receiver,
    sender: Sender,
    random: Random,
    /// Percent of the clocks in which spells without credits for reads begin.
    pub starving_percent: u32,
    spell: u64,
    reset_asked: bool,
    /// The unit's reset is through; told when its last packet has left the shim.
    reset_done: bool,
    last: Inputs,
}

macro_rules! pins {
    ($($name:ident)+) => {
        /// Numbers of the model's ports.
        struct Pins { $( $name: u32, )+ }
        impl Pins {
            fn of(model: &Model) -> Pins {
                Pins { $( $name: model.port(stringify!($name)), )+ }
            }
        }
    };
}
pins!(user_reset_out user_lnk_up m_axis_rx_tdata m_axis_rx_tkeep m_axis_rx_tlast m_axis_rx_tvalid m_axis_rx_tready
    m_axis_rx_tuser rx_np_ok s_axis_tx_tdata s_axis_tx_tkeep s_axis_tx_tlast s_axis_tx_tvalid s_axis_tx_tready
    s_axis_tx_tuser fc_nph cfg_bus_number cfg_device_number cfg_function_number cfg_command cfg_dcommand cfg_lcommand
    cfg_interrupt_msixenable cfg_interrupt_msixfm cfg_received_func_lvl_rst tick flr_done config_error);

/// A port of a module: `[63:0] ` or nothing, its name, whether it is an input.
type PortLine = (String, String, bool);

/// The ports of a generated module, one a line.
fn port_lines(verilog: &str, top: &str) -> Vec<PortLine> {
    let header = verilog.split(&format!("\nmodule {top} (")).nth(1).unwrap_or_default();
    let line = |line: &str| {
        let line = line.trim().trim_end_matches(',');
        let (rest, name) = line.rsplit_once(' ')?;
        let range = rest.split_once('[').map_or(String::new(), |(_, range)| format!("[{range} "));
        Some((range, name.to_owned(), rest.starts_with("input")))
    };
    header.lines().skip(1).take_while(|line| !line.starts_with(");")).filter_map(line).collect()
}

/// Unit and shim in one module, `pcie7_card`, whose ports are those towards the block, `tick`, and what the unit says aside.
fn card(unit: &str, shim: &str) -> String {
    let (inner, outer) = (port_lines(unit, "redundancy_unit"), port_lines(shim, "pcie7_shim"));
    let (mut ports, mut wires) = (vec!["input wire clock".to_owned()], String::new());
    let (mut of_unit, mut of_shim) = (String::new(), String::new());
    let shared = |name: &str| inner.iter().any(|(_, other, _)| other == name);
    for (range, name, input) in &outer {
        if name != "clock" && !shared(name) {
            ports.push(format!("{} wire {range}{name}", if *input { "input" } else { "output" }));
        }
        if name != "tick" {
            let _ = write!(of_shim, "{}.{name}({name})", if of_shim.is_empty() { "" } else { ", " });
        }
    }
    for (range, name, input) in &inner {
        let _ = write!(of_unit, "{}.{name}({name})", if of_unit.is_empty() { "" } else { ", " });
        match name.as_str() {
            "clock" => {}
            "tick" => ports.push("input wire tick".into()),
            "flr_done" | "config_error" => ports.push(format!("output wire {name}")),
            _ => {
                let _ = writeln!(
                    wires,
                    "wire {range}{name}; // {}",
                    if *input { "shim to unit" } else { "unit to shim" }
                );
            }
        }
    }
    format!(
        "{unit}\n{shim}\nmodule pcie7_card (\n{}\n);\n{wires}redundancy_unit unit ({of_unit});\npcie7_shim shim ({of_shim});\n\
         endmodule\n",
        ports.join(",\n")
    )
}

/// The committed Verilog of a module.
///
/// # Errors
/// The file is not there.
pub fn committed(top: &str) -> Result<String, Error> {
    let path = workspace().join("rtl/generated").join(top).with_extension("v");
    std::fs::read_to_string(&path).map_err(|_| Error::NoVerilog { path })
}

impl Pcie7Unit {
    /// The committed unit behind the committed shim; the block's choices are by this seed.
    ///
    /// # Errors
    /// A tool is missing, or the build fails.
    pub fn new(seed: u64) -> Result<Pcie7Unit, Error> {
        Pcie7Unit::with_shim(&committed("pcie7_shim")?, seed)
    }

    /// The committed unit behind another shim.
    ///
    /// # Errors
    /// A tool is missing, or the build fails.
    pub fn with_shim(shim: &str, seed: u64) -> Result<Pcie7Unit, Error> {
        let tools = Tools::find()?;
        let model = Model::of(&tools, "pcie7_card", &card(&committed("redundancy_unit")?, shim))?;
        let mut unit = Pcie7Unit {
            pins: Pins::of(&model),
            model,
            receiver: Receiver::default(),
            sender: Sender::default(),
            random: Random::new(seed ^ 0x7C1E),
            starving_percent: 2,
            spell: 0,
            reset_asked: false,
            reset_done: false,
            last: Inputs::default(),
        };
        unit.reset();
        Ok(unit)
    }

    /// Lets the block receive a request that hits no BAR of the unit, as one with more BARs would.
    pub fn receive_stray(&mut self, words: Vec<u32>) {
        self.receiver.arrive(words, false);
    }

    /// A pin of the shim by name, for what the boundary does not show.
    pub fn pin(&self, name: &str) -> u64 {
        self.model.get(name)
    }

    /// Sets a pin that the block drives and this model otherwise leaves at 0.
    pub fn set_pin(&mut self, name: &str, value: u64) {
        self.model.set(name, value);
    }

    fn set(&mut self, pin: u32, value: impl Into<u64>) {
        self.model.set_port(pin, value.into());
    }
}

impl UnderTest for Pcie7Unit {
    fn settle(&mut self, inputs: &Inputs) -> Outputs {
        let side = &inputs.sideband;
        self.last = *inputs;
        let id = side.completer_id;
        for (pin, value) in [
            (self.pins.user_lnk_up, u64::from(side.link_up)),
            (self.pins.user_reset_out, u64::from(!side.link_up)),
            (self.pins.cfg_bus_number, u64::from(id >> 8)),
            (self.pins.cfg_device_number, u64::from(id >> 3 & 31)),
            (self.pins.cfg_function_number, u64::from(id & 7)),
            (self.pins.cfg_command, u64::from(side.bus_master_enable) << 2 | 0b10),
            (
                self.pins.cfg_dcommand,
                u64::from(side.max_payload) << 5 | u64::from(side.max_read_request) << 12 | 0x0F,
            ),
            (self.pins.cfg_lcommand, u64::from(side.rcb) << 3 | 0x43),
            (self.pins.cfg_interrupt_msixenable, side.msix_enable.into()),
            (self.pins.cfg_interrupt_msixfm, side.msix_function_mask.into()),
            (self.pins.cfg_received_func_lvl_rst, u64::from(side.flr_request && !self.reset_asked)),
            (self.pins.fc_nph, if self.spell > 0 { 0 } else { 0x20 }),
            (self.pins.tick, side.tick.into()),
        ] {
            self.set(pin, value);
        }
        let offered = self.receiver.offered();
        self.set(self.pins.m_axis_rx_tvalid, offered.is_some());
        let offered = offered.unwrap_or_default();
        self.set(self.pins.m_axis_rx_tdata, offered.data);
        self.set(self.pins.m_axis_rx_tkeep, offered.keep);
        self.set(self.pins.m_axis_rx_tlast, offered.last);
        self.set(self.pins.m_axis_rx_tuser, offered.user);
        self.set(self.pins.s_axis_tx_tready, false);
        self.model.eval();
        let beat = (self.model.get_port(self.pins.s_axis_tx_tvalid) == 1).then(|| axis::Beat {
            data: self.model.get_port(self.pins.s_axis_tx_tdata),
            keep: self.model.get_port(self.pins.s_axis_tx_tkeep) as u8,
            last: self.model.get_port(self.pins.s_axis_tx_tlast) == 1,
            user: self.model.get_port(self.pins.s_axis_tx_tuser) as u32,
        });
        let (tx_req, tx_cpl) = self.sender.shown(beat);
        let ready = if tx_cpl.is_some() { inputs.tx_cpl_ready } else { inputs.tx_req_ready };
        self.set(self.pins.s_axis_tx_tready, ready);
        self.model.eval();
        self.reset_done |= self.model.get_port(self.pins.flr_done) == 1;
        Outputs {
            rx_req_ready: self.receiver.has_room(),
            rx_cpl_ready: true,
            tx_req,
            tx_cpl,
            flr_done: self.reset_done && self.sender.is_idle(),
            config_error: self.model.get_port(self.pins.config_error) == 1,
        }
    }

    fn clock(&mut self) {
        let inputs = self.last;
        self.receiver.non_posted_ok(self.model.get_port(self.pins.rx_np_ok) == 1);
        if self.model.get_port(self.pins.m_axis_rx_tready) == 1 {
            self.receiver.taken();
        }
        if let Some(beat) = inputs.rx_req.filter(|_| self.receiver.has_room()) {
            self.receiver.collect(beat, false);
        }
        if let Some(beat) = inputs.rx_cpl {
            self.receiver.collect(beat, true);
        }
        self.receiver.decide(&mut self.random);
        self.sender.clock(self.model.get_port(self.pins.s_axis_tx_tready) == 1, self.spell == 0);
        self.spell = self.spell.saturating_sub(1);
        if self.spell == 0 && self.random.percent(self.starving_percent) {
            self.spell = self.random.within(1..=30);
        }
        self.reset_done &= !self.sender.is_idle();
        self.reset_asked = inputs.sideband.flr_request;
        if !inputs.sideband.link_up {
            self.receiver = Receiver::default();
            self.sender = Sender::default();
        }
        self.model.edge();
    }

    fn idle(&mut self, inputs: &Inputs, most: u64) -> Idle {
        let mut clocks = 0;
        let seen = |unit: &Pcie7Unit| {
            [unit.pins.s_axis_tx_tvalid, unit.pins.flr_done, unit.pins.config_error]
                .map(|pin| unit.model.get_port(pin))
        };
        self.settle(inputs);
        let before = seen(self);
        let changing = inputs.sideband.flr_request != self.reset_asked || before[0] == 1 || self.reset_done;
        // In a spell without credits a read may wait in the shim, which nothing here shows.
        if !changing && self.spell == 0 && self.receiver.is_empty() {
            while clocks < most && seen(self) == before {
                self.receiver.non_posted_ok(self.model.get_port(self.pins.rx_np_ok) == 1);
                self.sender.clock(false, true);
                self.model.edge();
                clocks += 1;
            }
        }
        Idle { clocks, repeats: false }
    }

    fn reset(&mut self) {
        self.receiver = Receiver::default();
        self.sender = Sender::default();
        (self.spell, self.reset_asked, self.reset_done) = (0, false, false);
        for _ in 0..RESET_CLOCKS {
            self.settle(&Inputs::default());
            self.clock();
        }
    }
}
