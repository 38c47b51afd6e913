// A card with a 7-series FPGA. Written by `cargo run -p covert-rtl --bin emit`; do not edit.
// Needs redundancy_unit.v, pcie7_shim.v and, from a recipe, the module `pcie7_block`: docs/src/pcie7-shim.md.

module pcie7_top #(
   parameter LANES = 1
) (
   input wire sys_clk_p,
   input wire sys_clk_n,
   input wire sys_rst_n,
   input wire [LANES-1:0] pci_exp_rxp,
   input wire [LANES-1:0] pci_exp_rxn,
   output wire [LANES-1:0] pci_exp_txp,
   output wire [LANES-1:0] pci_exp_txn,
   output wire link_up,
   output wire config_error,
   output wire packet_dropped
);
   wire clock;
   wire user_reset_out;
   wire user_lnk_up;
   wire [63:0] m_axis_rx_tdata;
   wire [7:0] m_axis_rx_tkeep;
   wire m_axis_rx_tlast;
   wire m_axis_rx_tvalid;
   wire m_axis_rx_tready;
   wire [21:0] m_axis_rx_tuser;
   wire rx_np_ok;
   wire rx_np_req;
   wire [63:0] s_axis_tx_tdata;
   wire [7:0] s_axis_tx_tkeep;
   wire s_axis_tx_tlast;
   wire s_axis_tx_tvalid;
   wire s_axis_tx_tready;
   wire [3:0] s_axis_tx_tuser;
   wire tx_err_drop;
   wire tx_cfg_gnt;
   wire [2:0] fc_sel;
   wire [7:0] fc_nph;
   wire [7:0] cfg_bus_number;
   wire [4:0] cfg_device_number;
   wire [2:0] cfg_function_number;
   wire [15:0] cfg_command;
   wire [15:0] cfg_dcommand;
   wire [15:0] cfg_lcommand;
   wire cfg_interrupt_msixenable;
   wire cfg_interrupt_msixfm;
   wire cfg_received_func_lvl_rst;
   wire cfg_to_turnoff;
   wire cfg_turnoff_ok;
   wire reset;
   wire rx_req_valid;
   wire rx_req_ready;
   wire [63:0] rx_req_data;
   wire [1:0] rx_req_keep;
   wire rx_req_last;
   wire rx_cpl_valid;
   wire rx_cpl_ready;
   wire [63:0] rx_cpl_data;
   wire [1:0] rx_cpl_keep;
   wire rx_cpl_last;
   wire tx_req_valid;
   wire tx_req_ready;
   wire [63:0] tx_req_data;
   wire [1:0] tx_req_keep;
   wire tx_req_last;
   wire tx_cpl_valid;
   wire tx_cpl_ready;
   wire [63:0] tx_cpl_data;
   wire [1:0] tx_cpl_keep;
   wire tx_cpl_last;
   wire [15:0] completer_id;
   wire [2:0] max_payload;
   wire [2:0] max_read_request;
   wire rcb;
   wire bus_master_enable;
   wire msix_enable;
   wire msix_function_mask;
   wire flr_request;
   wire flr_done;
   wire tick;

   pcie7_block #(.LANES(LANES)) block (
      .sys_clk_p(sys_clk_p),
      .sys_clk_n(sys_clk_n),
      .sys_rst_n(sys_rst_n),
      .pci_exp_rxp(pci_exp_rxp),
      .pci_exp_rxn(pci_exp_rxn),
      .pci_exp_txp(pci_exp_txp),
      .pci_exp_txn(pci_exp_txn),
      .user_clk_out(clock),
      .user_reset_out(user_reset_out),
      .user_lnk_up(user_lnk_up),
      .m_axis_rx_tdata(m_axis_rx_tdata),
      .m_axis_rx_tkeep(m_axis_rx_tkeep),
      .m_axis_rx_tlast(m_axis_rx_tlast),
      .m_axis_rx_tvalid(m_axis_rx_tvalid),
      .m_axis_rx_tready(m_axis_rx_tready),
      .m_axis_rx_tuser(m_axis_rx_tuser),
      .rx_np_ok(rx_np_ok),
      .rx_np_req(rx_np_req),
      .s_axis_tx_tdata(s_axis_tx_tdata),
      .s_axis_tx_tkeep(s_axis_tx_tkeep),
      .s_axis_tx_tlast(s_axis_tx_tlast),
      .s_axis_tx_tvalid(s_axis_tx_tvalid),
      .s_axis_tx_tready(s_axis_tx_tready),
      .s_axis_tx_tuser(s_axis_tx_tuser),
      .tx_buf_av(),
      .tx_err_drop(tx_err_drop),
      .tx_cfg_req(),
      .tx_cfg_gnt(tx_cfg_gnt),
      .fc_sel(fc_sel),
      .fc_nph(fc_nph),
      .cfg_bus_number(cfg_bus_number),
      .cfg_device_number(cfg_device_number),
      .cfg_function_number(cfg_function_number),
      .cfg_command(cfg_command),
      .cfg_dcommand(cfg_dcommand),
      .cfg_lcommand(cfg_lcommand),
      .cfg_interrupt_msixenable(cfg_interrupt_msixenable),
      .cfg_interrupt_msixfm(cfg_interrupt_msixfm),
      .cfg_received_func_lvl_rst(cfg_received_func_lvl_rst),
      .cfg_to_turnoff(cfg_to_turnoff),
      .cfg_turnoff_ok(cfg_turnoff_ok)
   );
   pcie7_shim shim (
      .clock(clock),
      .user_reset_out(user_reset_out),
      .user_lnk_up(user_lnk_up),
      .m_axis_rx_tdata(m_axis_rx_tdata),
      .m_axis_rx_tkeep(m_axis_rx_tkeep),
      .m_axis_rx_tlast(m_axis_rx_tlast),
      .m_axis_rx_tvalid(m_axis_rx_tvalid),
      .m_axis_rx_tready(m_axis_rx_tready),
      .m_axis_rx_tuser(m_axis_rx_tuser),
      .rx_np_ok(rx_np_ok),
      .rx_np_req(rx_np_req),
      .s_axis_tx_tdata(s_axis_tx_tdata),
      .s_axis_tx_tkeep(s_axis_tx_tkeep),
      .s_axis_tx_tlast(s_axis_tx_tlast),
      .s_axis_tx_tvalid(s_axis_tx_tvalid),
      .s_axis_tx_tready(s_axis_tx_tready),
      .s_axis_tx_tuser(s_axis_tx_tuser),
      .tx_err_drop(tx_err_drop),
      .tx_cfg_gnt(tx_cfg_gnt),
      .fc_sel(fc_sel),
      .fc_nph(fc_nph),
      .cfg_bus_number(cfg_bus_number),
      .cfg_device_number(cfg_device_number),
      .cfg_function_number(cfg_function_number),
      .cfg_command(cfg_command),
      .cfg_dcommand(cfg_dcommand),
      .cfg_lcommand(cfg_lcommand),
      .cfg_interrupt_msixenable(cfg_interrupt_msixenable),
      .cfg_interrupt_msixfm(cfg_interrupt_msixfm),
      .cfg_received_func_lvl_rst(cfg_received_func_lvl_rst),
      .cfg_to_turnoff(cfg_to_turnoff),
      .cfg_turnoff_ok(cfg_turnoff_ok),
      .reset(reset),
      .rx_req_valid(rx_req_valid),
      .rx_req_ready(rx_req_ready),
      .rx_req_data(rx_req_data),
      .rx_req_keep(rx_req_keep),
      .rx_req_last(rx_req_last),
      .rx_cpl_valid(rx_cpl_valid),
      .rx_cpl_ready(rx_cpl_ready),
      .rx_cpl_data(rx_cpl_data),
      .rx_cpl_keep(rx_cpl_keep),
      .rx_cpl_last(rx_cpl_last),
      .tx_req_valid(tx_req_valid),
      .tx_req_ready(tx_req_ready),
      .tx_req_data(tx_req_data),
      .tx_req_keep(tx_req_keep),
      .tx_req_last(tx_req_last),
      .tx_cpl_valid(tx_cpl_valid),
      .tx_cpl_ready(tx_cpl_ready),
      .tx_cpl_data(tx_cpl_data),
      .tx_cpl_keep(tx_cpl_keep),
      .tx_cpl_last(tx_cpl_last),
      .completer_id(completer_id),
      .max_payload(max_payload),
      .max_read_request(max_read_request),
      .rcb(rcb),
      .bus_master_enable(bus_master_enable),
      .msix_enable(msix_enable),
      .msix_function_mask(msix_function_mask),
      .flr_request(flr_request),
      .flr_done(flr_done),
      .link_up(link_up),
      .tick(tick),
      .packet_dropped(packet_dropped)
   );
   redundancy_unit unit (
      .clock(clock),
      .reset(reset),
      .rx_req_valid(rx_req_valid),
      .rx_req_ready(rx_req_ready),
      .rx_req_data(rx_req_data),
      .rx_req_keep(rx_req_keep),
      .rx_req_last(rx_req_last),
      .rx_cpl_valid(rx_cpl_valid),
      .rx_cpl_ready(rx_cpl_ready),
      .rx_cpl_data(rx_cpl_data),
      .rx_cpl_keep(rx_cpl_keep),
      .rx_cpl_last(rx_cpl_last),
      .tx_req_valid(tx_req_valid),
      .tx_req_ready(tx_req_ready),
      .tx_req_data(tx_req_data),
      .tx_req_keep(tx_req_keep),
      .tx_req_last(tx_req_last),
      .tx_cpl_valid(tx_cpl_valid),
      .tx_cpl_ready(tx_cpl_ready),
      .tx_cpl_data(tx_cpl_data),
      .tx_cpl_keep(tx_cpl_keep),
      .tx_cpl_last(tx_cpl_last),
      .completer_id(completer_id),
      .max_payload(max_payload),
      .max_read_request(max_read_request),
      .rcb(rcb),
      .bus_master_enable(bus_master_enable),
      .msix_enable(msix_enable),
      .msix_function_mask(msix_function_mask),
      .flr_request(flr_request),
      .flr_done(flr_done),
      .link_up(link_up),
      .tick(tick),
      .config_error(config_error)
   );
endmodule

// The block and its transceivers. With `PCIE7_BLOCK` defined the recipe's module is there instead.
`ifndef PCIE7_BLOCK
(* blackbox *)
module pcie7_block #(
   parameter LANES = 1
) (
   input wire sys_clk_p,
   input wire sys_clk_n,
   input wire sys_rst_n,
   input wire [LANES-1:0] pci_exp_rxp,
   input wire [LANES-1:0] pci_exp_rxn,
   output wire [LANES-1:0] pci_exp_txp,
   output wire [LANES-1:0] pci_exp_txn,
   output wire user_clk_out,
   output wire user_reset_out,
   output wire user_lnk_up,
   output wire [63:0] m_axis_rx_tdata,
   output wire [7:0] m_axis_rx_tkeep,
   output wire m_axis_rx_tlast,
   output wire m_axis_rx_tvalid,
   input wire m_axis_rx_tready,
   output wire [21:0] m_axis_rx_tuser,
   input wire rx_np_ok,
   input wire rx_np_req,
   input wire [63:0] s_axis_tx_tdata,
   input wire [7:0] s_axis_tx_tkeep,
   input wire s_axis_tx_tlast,
   input wire s_axis_tx_tvalid,
   output wire s_axis_tx_tready,
   input wire [3:0] s_axis_tx_tuser,
   output wire [5:0] tx_buf_av,
   output wire tx_err_drop,
   output wire tx_cfg_req,
   input wire tx_cfg_gnt,
   input wire [2:0] fc_sel,
   output wire [7:0] fc_nph,
   output wire [7:0] cfg_bus_number,
   output wire [4:0] cfg_device_number,
   output wire [2:0] cfg_function_number,
   output wire [15:0] cfg_command,
   output wire [15:0] cfg_dcommand,
   output wire [15:0] cfg_lcommand,
   output wire cfg_interrupt_msixenable,
   output wire cfg_interrupt_msixfm,
   output wire cfg_received_func_lvl_rst,
   output wire cfg_to_turnoff,
   input wire cfg_turnoff_ok
);
endmodule
`endif
