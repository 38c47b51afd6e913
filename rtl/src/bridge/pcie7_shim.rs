//! From the integrated PCI Express block of the 7-series FPGAs to the unit's TLP boundary.
//!
//! The block's ports have its names (Xilinx PG054), with directions seen from here; the unit's have the unit's. What
//! each means, and what the shim makes of it: `docs/src/pcie7-shim.md`.

use crate::bridge::pcie7_receive::Pcie7Receive;
use crate::bridge::pcie7_transmit::Pcie7Transmit;
use rust_hdl::prelude::*;

/// Name of the top module.
pub const NAME: &str = "pcie7_shim";

crate::constants::constants! {
    /// What the block is told for ever, and the clock.
    pub Tied {
        transmit_credits: 3 = 4u8,
        both: 8 = 0xFFu8,
        lower: 8 = 0x0Fu8,
        last_clock: 7 = 124u8,
    }
}

/// See the head of the file.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Pcie7Shim {
    /// `user_clk_out`.
    pub clock: Signal<In, Clock>,

    pub user_reset_out: Signal<In, Bit>,
    pub user_lnk_up: Signal<In, Bit>,
    pub m_axis_rx_tdata: Signal<In, Bits<64>>,
    pub m_axis_rx_tkeep: Signal<In, Bits<8>>,
    pub m_axis_rx_tlast: Signal<In, Bit>,
    pub m_axis_rx_tvalid: Signal<In, Bit>,
    pub m_axis_rx_tready: Signal<Out, Bit>,
    pub m_axis_rx_tuser: Signal<In, Bits<22>>,
    pub rx_np_ok: Signal<Out, Bit>,
    pub rx_np_req: Signal<Out, Bit>,
    pub s_axis_tx_tdata: Signal<Out, Bits<64>>,
    pub s_axis_tx_tkeep: Signal<Out, Bits<8>>,
    pub s_axis_tx_tlast: Signal<Out, Bit>,
    pub s_axis_tx_tvalid: Signal<Out, Bit>,
    pub s_axis_tx_tready: Signal<In, Bit>,
    pub s_axis_tx_tuser: Signal<Out, Bits<4>>,
    pub tx_err_drop: Signal<In, Bit>,
    pub tx_cfg_gnt: Signal<Out, Bit>,
    pub fc_sel: Signal<Out, Bits<3>>,
    pub fc_nph: Signal<In, Bits<8>>,
    pub cfg_bus_number: Signal<In, Bits<8>>,
    pub cfg_device_number: Signal<In, Bits<5>>,
    pub cfg_function_number: Signal<In, Bits<3>>,
    pub cfg_command: Signal<In, Bits<16>>,
    pub cfg_dcommand: Signal<In, Bits<16>>,
    pub cfg_lcommand: Signal<In, Bits<16>>,
    pub cfg_interrupt_msixenable: Signal<In, Bit>,
    pub cfg_interrupt_msixfm: Signal<In, Bit>,
    pub cfg_received_func_lvl_rst: Signal<In, Bit>,
    pub cfg_to_turnoff: Signal<In, Bit>,
    pub cfg_turnoff_ok: Signal<Out, Bit>,

    /// The unit's `reset`.
    pub reset: Signal<Out, Bit>,
    pub rx_req_valid: Signal<Out, Bit>,
    pub rx_req_ready: Signal<In, Bit>,
    pub rx_req_data: Signal<Out, Bits<64>>,
    pub rx_req_keep: Signal<Out, Bits<2>>,
    pub rx_req_last: Signal<Out, Bit>,
    pub rx_cpl_valid: Signal<Out, Bit>,
    pub rx_cpl_ready: Signal<In, Bit>,
    pub rx_cpl_data: Signal<Out, Bits<64>>,
    pub rx_cpl_keep: Signal<Out, Bits<2>>,
    pub rx_cpl_last: Signal<Out, Bit>,
    pub tx_req_valid: Signal<In, Bit>,
    pub tx_req_ready: Signal<Out, Bit>,
    pub tx_req_data: Signal<In, Bits<64>>,
    pub tx_req_keep: Signal<In, Bits<2>>,
    pub tx_req_last: Signal<In, Bit>,
    pub tx_cpl_valid: Signal<In, Bit>,
    pub tx_cpl_ready: Signal<Out, Bit>,
    pub tx_cpl_data: Signal<In, Bits<64>>,
    pub tx_cpl_keep: Signal<In, Bits<2>>,
    pub tx_cpl_last: Signal<In, Bit>,
    pub completer_id: Signal<Out, Bits<16>>,
    pub max_payload: Signal<Out, Bits<3>>,
    pub max_read_request: Signal<Out, Bits<3>>,
    pub rcb: Signal<Out, Bit>,
    pub bus_master_enable: Signal<Out, Bit>,
    pub msix_enable: Signal<Out, Bit>,
    pub msix_function_mask: Signal<Out, Bit>,
    pub flr_request: Signal<Out, Bit>,
    pub flr_done: Signal<In, Bit>,
    pub link_up: Signal<Out, Bit>,
    /// Once in 125 clocks.
    pub tick: Signal<Out, Bit>,

    /// The block has dropped a packet since the last reset: `tx_err_drop` was seen.
    pub packet_dropped: Signal<Out, Bit>,

    pcie7_receive: Pcie7Receive,
    pcie7_transmit: Pcie7Transmit,
    resetting: DFF<Bit>,
    dropped: DFF<Bit>,
    credit: DFF<Bit>,
    off: DFF<Bit>,
    clocks: DFF<Bits<7>>,
    down: Signal<Local, Bit>,
    next_clocks: Signal<Local, Bits<7>>,
    tied: Tied,
}

impl Logic for Pcie7Shim {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, resetting, dropped, credit, off, clocks);
        clock!(self, clock, pcie7_receive, pcie7_transmit);

        self.down.next = self.user_reset_out.val() | !self.user_lnk_up.val();
        self.reset.next = self.user_reset_out.val();
        self.link_up.next = !self.down.val();

        // Configuration: Command, Device Control and Link Control as PCI Express has them.
        self.completer_id.next = (bit_cast::<16, 8>(self.cfg_bus_number.val()) << 8)
            | (bit_cast::<16, 5>(self.cfg_device_number.val()) << 3)
            | bit_cast::<16, 3>(self.cfg_function_number.val());
        self.bus_master_enable.next = self.cfg_command.val().get_bit(2);
        self.max_payload.next = self.cfg_dcommand.val().get_bits::<3>(5);
        self.max_read_request.next = self.cfg_dcommand.val().get_bits::<3>(12);
        self.rcb.next = self.cfg_lcommand.val().get_bit(3);
        self.msix_enable.next = self.cfg_interrupt_msixenable.val();
        self.msix_function_mask.next = self.cfg_interrupt_msixfm.val();

        // A pulse becomes the level that the unit wants until it is done.
        if self.flr_done.val() {
            self.resetting.d.next = false;
        }
        if self.cfg_received_func_lvl_rst.val() {
            self.resetting.d.next = true;
        }
        self.flr_request.next = self.resetting.q.val();

        // Received packets.
        self.pcie7_receive.reset.next = self.down.val();
        self.pcie7_receive.forget.next = self.flr_done.val();
        self.pcie7_receive.valid.next = self.m_axis_rx_tvalid.val();
        self.pcie7_receive.data.next = self.m_axis_rx_tdata.val();
        self.pcie7_receive.upper.next = self.m_axis_rx_tkeep.val().get_bit(4);
        self.pcie7_receive.last.next = self.m_axis_rx_tlast.val();
        self.pcie7_receive.hit.next = self.m_axis_rx_tuser.val().get_bit(2);
        self.m_axis_rx_tready.next = self.pcie7_receive.ready.val();
        self.rx_np_ok.next = self.pcie7_receive.non_posted_ok.val();
        self.rx_np_req.next = true;
        self.rx_req_valid.next = self.pcie7_receive.rx_req_valid.val();
        self.rx_req_data.next = self.pcie7_receive.rx_req_data.val();
        self.rx_req_keep.next = self.pcie7_receive.rx_req_keep.val();
        self.rx_req_last.next = self.pcie7_receive.rx_req_last.val();
        self.pcie7_receive.rx_req_ready.next = self.rx_req_ready.val();
        self.rx_cpl_valid.next = self.pcie7_receive.rx_cpl_valid.val();
        self.rx_cpl_data.next = self.pcie7_receive.rx_cpl_data.val();
        self.rx_cpl_keep.next = self.pcie7_receive.rx_cpl_keep.val();
        self.rx_cpl_last.next = self.pcie7_receive.rx_cpl_last.val();
        self.pcie7_receive.rx_cpl_ready.next = self.rx_cpl_ready.val();
        self.pcie7_receive.answered.next = self.pcie7_transmit.answered.val();

        // Packets to send. The block's own completions of configuration requests may go at any time.
        self.tx_cfg_gnt.next = true;
        self.fc_sel.next = self.tied.transmit_credits.val();
        self.credit.d.next = self.fc_nph.val() != 0;
        self.pcie7_transmit.reset.next = self.down.val();
        self.pcie7_transmit.may_read.next = self.credit.q.val() & self.cfg_command.val().get_bit(2);
        self.pcie7_transmit.tx_req_valid.next = self.tx_req_valid.val();
        self.pcie7_transmit.tx_req_data.next = self.tx_req_data.val();
        self.pcie7_transmit.tx_req_keep.next = self.tx_req_keep.val();
        self.pcie7_transmit.tx_req_last.next = self.tx_req_last.val();
        self.tx_req_ready.next = self.pcie7_transmit.tx_req_ready.val();
        self.pcie7_transmit.tx_cpl_valid.next = self.tx_cpl_valid.val();
        self.pcie7_transmit.tx_cpl_data.next = self.tx_cpl_data.val();
        self.pcie7_transmit.tx_cpl_keep.next = self.tx_cpl_keep.val();
        self.pcie7_transmit.tx_cpl_last.next = self.tx_cpl_last.val();
        self.tx_cpl_ready.next = self.pcie7_transmit.tx_cpl_ready.val();
        self.s_axis_tx_tvalid.next = self.pcie7_transmit.valid.val();
        self.s_axis_tx_tdata.next = self.pcie7_transmit.data.val();
        self.s_axis_tx_tlast.next = self.pcie7_transmit.last.val();
        self.s_axis_tx_tkeep.next = self.tied.lower.val();
        if self.pcie7_transmit.upper.val() {
            self.s_axis_tx_tkeep.next = self.tied.both.val();
        }
        self.s_axis_tx_tuser.next = 0.into();
        self.pcie7_transmit.ready.next = self.s_axis_tx_tready.val();
        if self.tx_err_drop.val() {
            self.dropped.d.next = true;
        }
        self.packet_dropped.next = self.dropped.q.val();

        // The host switches power off: allowed when no packet is under way.
        self.off.d.next = self.cfg_to_turnoff.val() & !self.pcie7_transmit.busy.val();
        self.cfg_turnoff_ok.next = self.off.q.val();

        self.next_clocks.next = self.clocks.q.val() + 1;
        self.clocks.d.next = self.next_clocks.val();
        self.tick.next = self.clocks.q.val() == self.tied.last_clock.val();
        if self.tick.val() {
            self.clocks.d.next = 0.into();
        }
        if self.down.val() {
            self.resetting.d.next = false;
            self.dropped.d.next = false;
            self.off.d.next = false;
            self.credit.d.next = false;
        }
    }
}
