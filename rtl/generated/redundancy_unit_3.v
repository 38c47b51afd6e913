// The redundancy unit with three lanes. Written by `cargo run -p covert-rtl --bin emit`; do not edit.
// Signals: docs/src/tlp-boundary.md. Behaviour: docs/src/unit.md.

// Takes requests off `rx_req` and presents each that is of concern as one record.
// 
// A record is one or two DW at an address of BAR 0: a read, a write, or a read to be refused. What needs no answer
// and has no effect (messages, long or poisoned writes, cut-off packets) is dropped here.
module redundancy_unit_3_tlp_rx (
   input wire clock,
   input wire reset,
   input wire power_reset,
   input wire valid,
   input wire [63:0] data,
   input wire last,
   output wire ready,
   output wire record,
   input wire taken,
   output wire is_write,
   output wire is_read,
   output wire [17:0] address,
   output wire [9:0] length,
   output wire one_or_two,
   output wire two,
   output wire [3:0] first_enables,
   output wire [3:0] last_enables,
   output wire [63:0] payload,
   output wire [31:0] echo,
   output wire [15:0] requester,
   output wire [7:0] tag
);
   localparam [31:0] echo_mask$mask = 32'h743000;
   localparam [2:0] Progress$First = 3'd0;
   localparam [2:0] Progress$Second = 3'd1;
   localparam [2:0] Progress$Third = 3'd2;
   localparam [2:0] Progress$Rest = 3'd3;
   localparam [2:0] Progress$Forgotten = 3'd4;
   localparam [2:0] Progress$Full = 3'd5;
   wire [4:0] kind;
   wire carries_data;
   wire prefix;
   wire memory;
   wire posted;
   wire [31:0] low;
   wire [31:0] high;
   wire needs_third;
   reg more_to_come;
   reg [2:0] progress$d;
   reg [2:0] progress$q = 3'h0;
   reg [31:0] dw0$d;
   reg [31:0] dw0$q = 32'h0;
   reg [31:0] dw1$d;
   reg [31:0] dw1$q = 32'h0;
   reg [17:0] low_address$d;
   reg [17:0] low_address$q = 18'h0;
   reg [31:0] payload0$d;
   reg [31:0] payload0$q = 32'h0;
   reg [31:0] payload1$d;
   reg [31:0] payload1$q = 32'h0;
   reg four$d;
   reg four$q = 1'h0;
   reg poisoned$d;
   reg poisoned$q = 1'h0;
   reg write$d;
   reg write$q = 1'h0;
   reg read$d;
   reg read$q = 1'h0;
   reg answered$d;
   reg answered$q = 1'h0;
   reg is_short$d;
   reg is_short$q = 1'h0;
   reg is_two$d;
   reg is_two$q = 1'h0;
   always @(*) begin
      progress$d = progress$q;
      dw0$d = dw0$q;
      dw1$d = dw1$q;
      low_address$d = low_address$q;
      payload0$d = payload0$q;
      payload1$d = payload1$q;
      four$d = four$q;
      poisoned$d = poisoned$q;
      write$d = write$q;
      read$d = read$q;
      answered$d = answered$q;
      is_short$d = is_short$q;
      is_two$d = is_two$q;
      case (progress$q)
         Progress$First: begin
            if (valid) begin
               dw0$d = low;
               dw1$d = high;
               four$d = low[29];
               poisoned$d = low[14];
               write$d = memory & carries_data;
               read$d = memory & (~carries_data);
               answered$d = (memory & (~carries_data)) | ((~memory) & (~posted));
               is_two$d = low[9:0] == 10'h2;
               is_short$d = (low[9:0] == 10'h1) | (low[9:0] == 10'h2);
               if (~last) begin
                  progress$d = Progress$Second;
               end
            end
         end
         Progress$Second: begin
            if (valid) begin
               if (four$q) begin
                  low_address$d = high[17:0];
               end else begin
                  low_address$d = low[17:0];
                  payload0$d = high;
               end
               if (~last) begin
                  if ((write$q & is_short$q) & needs_third) begin
                     progress$d = Progress$Third;
                  end else begin
                     progress$d = Progress$Rest;
                  end
               end else if (answered$q | (((write$q & is_short$q) & (~needs_third)) & (~poisoned$q))) begin
                  progress$d = Progress$Full;
               end else begin
                  progress$d = Progress$First;
               end
            end
         end
         Progress$Third: begin
            if (valid) begin
               if (four$q) begin
                  payload0$d = low;
                  payload1$d = high;
               end else begin
                  payload1$d = low;
               end
               if (~last) begin
                  progress$d = Progress$Rest;
               end else if (poisoned$q) begin
                  progress$d = Progress$First;
               end else begin
                  progress$d = Progress$Full;
               end
            end
         end
         Progress$Rest: begin
            if (valid & last) begin
               if (answered$q | ((write$q & is_short$q) & (~poisoned$q))) begin
                  progress$d = Progress$Full;
               end else begin
                  progress$d = Progress$First;
               end
            end
         end
         Progress$Forgotten: begin
            if (valid & last) begin
               progress$d = Progress$First;
            end
         end
         Progress$Full: begin
            if (taken) begin
               progress$d = Progress$First;
            end
         end
         default: begin
            progress$d = Progress$First;
         end
      endcase
      if (reset) begin
         progress$d = Progress$First;
         if (more_to_come) begin
            progress$d = Progress$Forgotten;
         end
      end
      if (power_reset) begin
         progress$d = Progress$First;
      end
   end
   assign low = data[31:0];
   assign high = data[63:32];
   assign kind = low[28:24];
   assign carries_data = low[30];
   assign prefix = low[31];
   assign memory = (kind == 5'h0) & (~prefix);
   assign posted = ((kind[4:3] == 2'h2) | (kind[4:1] == 4'h5)) | prefix;
   assign needs_third = write$q & (four$q | is_two$q);
   assign ready = progress$q != Progress$Full;
   assign record = progress$q == Progress$Full;
   assign is_write = write$q;
   assign is_read = read$q;
   assign address = low_address$q;
   assign length = dw0$q[9:0];
   assign one_or_two = is_short$q;
   assign two = is_two$q;
   assign first_enables = dw1$q[3:0];
   assign last_enables = dw1$q[7:4];
   assign payload = {32'h0, payload0$q} | ({32'h0, payload1$q} << 32);
   assign echo = dw0$q & echo_mask$mask;
   assign requester = dw1$q[31:16];
   assign tag = dw1$q[15:8];
   always @(*) begin
      more_to_come = (progress$q != Progress$First) & ready;
      if (valid & ready) begin
         more_to_come = ~last;
      end
   end
   always @(posedge clock) begin
      progress$q <= progress$d;
      dw0$q <= dw0$d;
      dw1$q <= dw1$d;
      low_address$q <= low_address$d;
      payload0$q <= payload0$d;
      payload1$q <= payload1$d;
      four$q <= four$d;
      poisoned$q <= poisoned$d;
      write$q <= write$d;
      read$q <= read$d;
      answered$q <= answered$d;
      is_short$q <= is_short$d;
      is_two$q <= is_two$d;
   end
endmodule

// Carries out the host's requests on the register bus, a DW written a clock, and queues the answers to reads.
// 
// The bus is registered, and a read waits until its answer has come through the registers of all who share the bus.
// A request of two DW is two accesses, the lower address first; that is how an 8-byte write rings a doorbell. The
// answer holds what the registers were at that moment. Writes never wait; a read waits for room in the queue.
module redundancy_unit_3_host (
   input wire clock,
   input wire reset,
   input wire [15:0] completer_id,
   input wire record,
   output reg taken,
   input wire is_write,
   input wire is_read,
   input wire [17:0] address,
   input wire [9:0] length,
   input wire one_or_two,
   input wire two,
   input wire [3:0] first_enables,
   input wire [3:0] last_enables,
   input wire [63:0] payload,
   input wire [31:0] echo,
   input wire [15:0] requester,
   input wire [7:0] tag,
   output wire [15:0] bus_address,
   output wire bus_write,
   output wire [31:0] bus_data,
   input wire [31:0] bus_read,
   input wire room,
   output reg put,
   output reg [31:0] dw0,
   output wire [31:0] dw1,
   output reg [31:0] dw2,
   output wire [63:0] answer
);
   localparam [31:0] words$with_data = 32'h4a000000;
   localparam [31:0] words$without_data = 32'ha000000;
   localparam [2:0] words$unsupported = 3'b1;
   localparam [2:0] words$abort = 3'b100;
   localparam [3:0] words$all = 4'hf;
   localparam [11:0] words$dw_bytes = 12'h4;
   localparam [2:0] words$settled = 3'b101;
   localparam [1:0] Step$First = 2'd0;
   localparam [1:0] Step$Second = 2'd1;
   localparam [1:0] Step$Count = 2'd2;
   localparam [1:0] Step$Answer = 2'd3;
   wire settled;
   wire [2:0] next_waited;
   wire [15:0] dw;
   wire [15:0] next_dw;
   reg [3:0] end_enables;
   reg [1:0] skipped;
   reg [1:0] cut;
   wire [11:0] bytes;
   wire [2:0] absent;
   wire [11:0] counted;
   reg [2:0] status;
   wire good;
   wire [6:0] lower;
   reg [1:0] step$d;
   reg [1:0] step$q = 2'h0;
   reg [15:0] at$d;
   reg [15:0] at$q = 16'h0;
   reg writing$d;
   reg writing$q = 1'h0;
   reg [31:0] written$d;
   reg [31:0] written$q = 32'h0;
   reg [2:0] waited$d;
   reg [2:0] waited$q = 3'h0;
   reg [31:0] low$d;
   reg [31:0] low$q = 32'h0;
   reg [31:0] high$d;
   reg [31:0] high$q = 32'h0;
   reg [11:0] count$d;
   reg [11:0] count$q = 12'h0;
   reg [2:0] less$d;
   reg [2:0] less$q = 3'h0;
   always @(*) begin
      step$d = step$q;
      low$d = low$q;
      high$d = high$q;
      count$d = count$q;
      at$d = at$q;
      writing$d = writing$q;
      written$d = written$q;
      waited$d = waited$q;
      at$d = dw;
      written$d = payload[31:0];
      writing$d = ((record & is_write) & (step$q == Step$First)) & (first_enables == words$all);
      if (step$q == Step$Second) begin
         at$d = next_dw;
         written$d = payload[63:32];
         writing$d = is_write & (last_enables == words$all);
      end
      waited$d = 3'h0;
      taken = 1'h0;
      put = 1'h0;
      case (step$q)
         Step$First: begin
            if (record) begin
               low$d = bus_read;
               high$d = 32'h0;
               if (is_write & (~two)) begin
                  taken = 1'h1;
               end else if (~settled) begin
                  waited$d = next_waited;
               end else if (two & (is_write | is_read)) begin
                  step$d = Step$Second;
               end else begin
                  step$d = Step$Count;
               end
            end
         end
         Step$Second: begin
            high$d = bus_read;
            if (is_write) begin
               taken = 1'h1;
               step$d = Step$First;
            end else if (~settled) begin
               waited$d = next_waited;
            end else begin
               step$d = Step$Count;
            end
         end
         Step$Count: begin
            count$d = counted;
            if (~is_read) begin
               count$d = words$dw_bytes;
            end
            step$d = Step$Answer;
         end
         Step$Answer: begin
            if (room) begin
               put = 1'h1;
               taken = 1'h1;
               step$d = Step$First;
            end
         end
         default: begin
            step$d = Step$First;
         end
      endcase
      if (reset) begin
         writing$d = 1'h0;
         waited$d = 3'h0;
         step$d = Step$First;
      end
   end
   always @(*) begin
      less$d = less$q;
      less$d = absent;
   end
   assign good = is_read & one_or_two;
   assign dw = address[17:2];
   assign next_dw = dw + 16'h1;
   assign bus_address = at$q;
   assign bus_data = written$q;
   assign bus_write = writing$q;
   assign settled = ((waited$q == words$settled) | (~is_read)) | (~good);
   assign next_waited = waited$q + 3'h1;
   always @(*) begin
      end_enables = last_enables;
      if (one_or_two & (~two)) begin
         end_enables = first_enables;
      end
   end
   always @(*) begin
      skipped = 2'h0;
      if (~first_enables[0]) begin
         if (first_enables[1]) begin
            skipped = 2'h1;
         end else if (first_enables[2]) begin
            skipped = 2'h2;
         end else if (first_enables[3]) begin
            skipped = 2'h3;
         end
      end
   end
   always @(*) begin
      cut = 2'h0;
      if (~end_enables[3]) begin
         if (end_enables[2]) begin
            cut = 2'h1;
         end else if (end_enables[1]) begin
            cut = 2'h2;
         end else begin
            cut = 2'h3;
         end
      end
   end
   assign bytes = {2'h0, length} << 2;
   assign absent = {1'h0, skipped} + {1'h0, cut};
   assign counted = bytes - {9'h0, less$q};
   assign lower = ({2'h0, address[6:2]} << 2) | {5'h0, skipped};
   always @(*) begin
      status = 3'h0;
      dw0 = (words$with_data | echo) | {22'h0, length};
      dw2 = (({16'h0, requester} << 16) | ({24'h0, tag} << 8)) | {25'h0, lower};
      if (~good) begin
         dw0 = words$without_data | echo;
         if (is_read) begin
            status = words$abort;
         end else begin
            status = words$unsupported;
            dw2 = ({16'h0, requester} << 16) | ({24'h0, tag} << 8);
         end
      end
   end
   assign dw1 = (({16'h0, completer_id} << 16) | ({29'h0, status} << 13)) | {20'h0, count$q};
   assign answer = {32'h0, low$q} | ({32'h0, high$q} << 32);
   always @(posedge clock) begin
      step$q <= step$d;
      at$q <= at$d;
      writing$q <= writing$d;
      written$q <= written$d;
      waited$q <= waited$d;
      low$q <= low$d;
      high$q <= high$d;
      count$q <= count$d;
      less$q <= less$d;
   end
endmodule

module redundancy_unit_3_csr_decoder (
   input wire [15:0] address,
   output reg [5:0] number,
   output reg [4:0] index
);
   always @(*) begin
      number = 6'd0;
      index = 5'd0;
      case (address)
         16'h0000: begin number = 6'd1; index = 5'd0; end
         16'h0001: begin number = 6'd2; index = 5'd0; end
         16'h0002: begin number = 6'd3; index = 5'd0; end
         16'h0003: begin number = 6'd4; index = 5'd0; end
         16'h0004: begin number = 6'd5; index = 5'd0; end
         16'h0005: begin number = 6'd6; index = 5'd0; end
         16'h0006: begin number = 6'd7; index = 5'd0; end
         16'h0007: begin number = 6'd8; index = 5'd0; end
         16'h0008: begin number = 6'd9; index = 5'd0; end
         16'h0010: begin number = 6'd10; index = 5'd0; end
         16'h0012: begin number = 6'd11; index = 5'd0; end
         16'h0013: begin number = 6'd12; index = 5'd0; end
         16'h0014: begin number = 6'd13; index = 5'd0; end
         16'h0015: begin number = 6'd14; index = 5'd0; end
         16'h0016: begin number = 6'd15; index = 5'd0; end
         16'h0017: begin number = 6'd16; index = 5'd0; end
         16'h0018: begin number = 6'd17; index = 5'd0; end
         16'h0019: begin number = 6'd18; index = 5'd0; end
         16'h001a: begin number = 6'd19; index = 5'd0; end
         16'h0040: begin number = 6'd20; index = 5'd0; end
         16'h0041: begin number = 6'd21; index = 5'd0; end
         16'h0042: begin number = 6'd22; index = 5'd0; end
         16'h0043: begin number = 6'd23; index = 5'd0; end
         16'h0044: begin number = 6'd24; index = 5'd0; end
         16'h0045: begin number = 6'd25; index = 5'd0; end
         16'h0046: begin number = 6'd26; index = 5'd0; end
         16'h0047: begin number = 6'd27; index = 5'd0; end
         16'h0048: begin number = 6'd28; index = 5'd0; end
         16'h0049: begin number = 6'd29; index = 5'd0; end
         16'h004a: begin number = 6'd30; index = 5'd0; end
         16'h004b: begin number = 6'd31; index = 5'd0; end
         16'h004c: begin number = 6'd32; index = 5'd0; end
         16'h0200: begin number = 6'd33; index = 5'd0; end
         16'h0201: begin number = 6'd34; index = 5'd0; end
         16'h0202: begin number = 6'd35; index = 5'd0; end
         16'h0203: begin number = 6'd36; index = 5'd0; end
         16'h0204: begin number = 6'd37; index = 5'd0; end
         16'h0205: begin number = 6'd38; index = 5'd0; end
         16'h0206: begin number = 6'd39; index = 5'd0; end
         16'h0208: begin number = 6'd40; index = 5'd0; end
         16'h0209: begin number = 6'd41; index = 5'd0; end
         16'h020a: begin number = 6'd42; index = 5'd0; end
         16'h020b: begin number = 6'd43; index = 5'd0; end
         16'h0210: begin number = 6'd33; index = 5'd1; end
         16'h0211: begin number = 6'd34; index = 5'd1; end
         16'h0212: begin number = 6'd35; index = 5'd1; end
         16'h0213: begin number = 6'd36; index = 5'd1; end
         16'h0214: begin number = 6'd37; index = 5'd1; end
         16'h0215: begin number = 6'd38; index = 5'd1; end
         16'h0216: begin number = 6'd39; index = 5'd1; end
         16'h0218: begin number = 6'd40; index = 5'd1; end
         16'h0219: begin number = 6'd41; index = 5'd1; end
         16'h021a: begin number = 6'd42; index = 5'd1; end
         16'h021b: begin number = 6'd43; index = 5'd1; end
         16'h0220: begin number = 6'd33; index = 5'd2; end
         16'h0221: begin number = 6'd34; index = 5'd2; end
         16'h0222: begin number = 6'd35; index = 5'd2; end
         16'h0223: begin number = 6'd36; index = 5'd2; end
         16'h0224: begin number = 6'd37; index = 5'd2; end
         16'h0225: begin number = 6'd38; index = 5'd2; end
         16'h0226: begin number = 6'd39; index = 5'd2; end
         16'h0228: begin number = 6'd40; index = 5'd2; end
         16'h0229: begin number = 6'd41; index = 5'd2; end
         16'h022a: begin number = 6'd42; index = 5'd2; end
         16'h022b: begin number = 6'd43; index = 5'd2; end
         default: begin end
      endcase
   end
endmodule

// The control page: identification, and the registers of card, group and lanes.
// 
// Addresses, names and field widths come from the tables in `covert_abi::registers`; the decoder is made from
// them. What a register does is the business of the block that reads it.
module redundancy_unit_3_csr (
   input wire clock,
   input wire reset,
   input wire [15:0] bus_address,
   input wire bus_write,
   input wire [31:0] bus_data,
   output wire [31:0] bus_read,
   input wire [31:0] fault_tail,
   input wire [31:0] faults_dropped,
   input wire [31:0] stale_doorbells,
   input wire [31:0] late_completions,
   input wire [31:0] tags_quarantined,
   input wire [31:0] generation,
   input wire [31:0] verdict_tail,
   input wire [3:0] group_state,
   input wire group_live$0,
   input wire group_live$1,
   input wire group_live$2,
   input wire flush_busy,
   input wire [3:0] lane_state$0,
   input wire [3:0] lane_state$1,
   input wire [3:0] lane_state$2,
   input wire [7:0] lane_cause$0,
   input wire [7:0] lane_cause$1,
   input wire [7:0] lane_cause$2,
   input wire [31:0] lane_head$0,
   input wire [31:0] lane_head$1,
   input wire [31:0] lane_head$2,
   input wire [31:0] lane_tail$0,
   input wire [31:0] lane_tail$1,
   input wire [31:0] lane_tail$2,
   input wire lane_resetting$0,
   input wire lane_resetting$1,
   input wire lane_resetting$2,
   input wire lane_clear$0,
   input wire lane_clear$1,
   input wire lane_clear$2,
   output wire enable,
   output wire [63:0] fault_base,
   output wire [4:0] fault_size,
   output wire [31:0] fault_read,
   output wire flush,
   output wire [3:0] member_lanes,
   output wire [63:0] start_seq,
   output wire [63:0] verdict_base,
   output wire [4:0] verdict_size,
   output wire [31:0] verdict_read,
   output wire [31:0] watchdog_limit,
   output wire [31:0] longest,
   output wire lane_reset$0,
   output wire lane_reset$1,
   output wire lane_reset$2,
   output wire [63:0] ring_base$0,
   output wire [63:0] ring_base$1,
   output wire [63:0] ring_base$2,
   output wire [4:0] ring_size$0,
   output wire [4:0] ring_size$1,
   output wire [4:0] ring_size$2,
   output wire [63:0] window_base$0,
   output wire [63:0] window_base$1,
   output wire [63:0] window_base$2,
   output wire [63:0] window_limit$0,
   output wire [63:0] window_limit$1,
   output wire [63:0] window_limit$2
);
   localparam [31:0] rtl_hash$lo = 32'h996fec81;
   localparam [31:0] rtl_hash$hi = 32'h759ad675;
   localparam [31:0] bits$lane0 = 32'h10;
   localparam [31:0] bits$lane1 = 32'h20;
   localparam [31:0] bits$lane2 = 32'h40;
   localparam [63:0] bits$ring_mask = 64'hffffffffffffffc0;
   localparam [5:0] k$magic = 6'b1;
   localparam [5:0] k$version = 6'b10;
   localparam [5:0] k$size = 6'b11;
   localparam [5:0] k$limits = 6'b100;
   localparam [5:0] k$features = 6'b101;
   localparam [5:0] k$tick_rate = 6'b110;
   localparam [5:0] k$rtl_hash_lo = 6'b111;
   localparam [5:0] k$rtl_hash_hi = 6'b1000;
   localparam [5:0] k$control = 6'b1010;
   localparam [5:0] k$fault_base_lo = 6'b1011;
   localparam [5:0] k$fault_base_hi = 6'b1100;
   localparam [5:0] k$fault_log2 = 6'b1101;
   localparam [5:0] k$fault_head = 6'b1110;
   localparam [5:0] k$fault_tail = 6'b1111;
   localparam [5:0] k$faults_dropped = 6'b10000;
   localparam [5:0] k$stale_doorbells = 6'b10001;
   localparam [5:0] k$late_completions = 6'b10010;
   localparam [5:0] k$tags_quarantined = 6'b10011;
   localparam [5:0] k$group_command = 6'b10100;
   localparam [5:0] k$group_status = 6'b10101;
   localparam [5:0] k$generation = 6'b10110;
   localparam [5:0] k$members = 6'b10111;
   localparam [5:0] k$start_lo = 6'b11000;
   localparam [5:0] k$start_hi = 6'b11001;
   localparam [5:0] k$verdict_base_lo = 6'b11010;
   localparam [5:0] k$verdict_base_hi = 6'b11011;
   localparam [5:0] k$verdict_log2 = 6'b11100;
   localparam [5:0] k$verdict_head = 6'b11101;
   localparam [5:0] k$verdict_tail = 6'b11110;
   localparam [5:0] k$watchdog = 6'b11111;
   localparam [5:0] k$payload_max = 6'b100000;
   localparam [5:0] k$lane_command = 6'b100001;
   localparam [5:0] k$lane_status = 6'b100010;
   localparam [5:0] k$ring_base_lo = 6'b100011;
   localparam [5:0] k$ring_base_hi = 6'b100100;
   localparam [5:0] k$ring_log2 = 6'b100101;
   localparam [5:0] k$head = 6'b100110;
   localparam [5:0] k$tail = 6'b100111;
   localparam [5:0] k$window_base_lo = 6'b101000;
   localparam [5:0] k$window_base_hi = 6'b101001;
   localparam [5:0] k$window_limit_lo = 6'b101010;
   localparam [5:0] k$window_limit_hi = 6'b101011;
   localparam [31:0] k$magic_value = 32'h54525643;
   localparam [31:0] k$version_value = 32'h10000;
   localparam [31:0] k$size_value = 32'h400301;
   localparam [31:0] k$limits_value = 32'h10100404;
   localparam [31:0] k$features_value = 32'h4;
   localparam [31:0] k$tick_rate_value = 32'hf4240;
   localparam [31:0] k$control_mask = 32'h1;
   localparam [31:0] k$members_mask = 32'hf;
   wire [5:0] number;
   wire mine$0;
   wire mine$1;
   wire mine$2;
   reg [31:0] live;
   wire [15:0] decoder$address;
   wire [5:0] decoder$number;
   wire [4:0] decoder$index;
   reg [31:0] control$d;
   reg [31:0] control$q = 32'h0;
   reg [31:0] fault_base_lo$d;
   reg [31:0] fault_base_lo$q = 32'h0;
   reg [31:0] fault_base_hi$d;
   reg [31:0] fault_base_hi$q = 32'h0;
   reg [31:0] fault_log2$d;
   reg [31:0] fault_log2$q = 32'h0;
   reg [31:0] fault_head$d;
   reg [31:0] fault_head$q = 32'h0;
   reg [31:0] members$d;
   reg [31:0] members$q = 32'h0;
   reg [31:0] start_lo$d;
   reg [31:0] start_lo$q = 32'h0;
   reg [31:0] start_hi$d;
   reg [31:0] start_hi$q = 32'h0;
   reg [31:0] verdict_base_lo$d;
   reg [31:0] verdict_base_lo$q = 32'h0;
   reg [31:0] verdict_base_hi$d;
   reg [31:0] verdict_base_hi$q = 32'h0;
   reg [31:0] verdict_log2$d;
   reg [31:0] verdict_log2$q = 32'h0;
   reg [31:0] verdict_head$d;
   reg [31:0] verdict_head$q = 32'h0;
   reg [31:0] watchdog$d;
   reg [31:0] watchdog$q = 32'h0;
   reg [31:0] payload_max$d;
   reg [31:0] payload_max$q = 32'h0;
   reg [31:0] ring_base_lo$0$d;
   reg [31:0] ring_base_lo$0$q = 32'h0;
   reg [31:0] ring_base_lo$1$d;
   reg [31:0] ring_base_lo$1$q = 32'h0;
   reg [31:0] ring_base_lo$2$d;
   reg [31:0] ring_base_lo$2$q = 32'h0;
   reg [31:0] ring_base_hi$0$d;
   reg [31:0] ring_base_hi$0$q = 32'h0;
   reg [31:0] ring_base_hi$1$d;
   reg [31:0] ring_base_hi$1$q = 32'h0;
   reg [31:0] ring_base_hi$2$d;
   reg [31:0] ring_base_hi$2$q = 32'h0;
   reg [31:0] ring_log2$0$d;
   reg [31:0] ring_log2$0$q = 32'h0;
   reg [31:0] ring_log2$1$d;
   reg [31:0] ring_log2$1$q = 32'h0;
   reg [31:0] ring_log2$2$d;
   reg [31:0] ring_log2$2$q = 32'h0;
   reg [31:0] window_base_lo$0$d;
   reg [31:0] window_base_lo$0$q = 32'h0;
   reg [31:0] window_base_lo$1$d;
   reg [31:0] window_base_lo$1$q = 32'h0;
   reg [31:0] window_base_lo$2$d;
   reg [31:0] window_base_lo$2$q = 32'h0;
   reg [31:0] window_base_hi$0$d;
   reg [31:0] window_base_hi$0$q = 32'h0;
   reg [31:0] window_base_hi$1$d;
   reg [31:0] window_base_hi$1$q = 32'h0;
   reg [31:0] window_base_hi$2$d;
   reg [31:0] window_base_hi$2$q = 32'h0;
   reg [31:0] window_limit_lo$0$d;
   reg [31:0] window_limit_lo$0$q = 32'h0;
   reg [31:0] window_limit_lo$1$d;
   reg [31:0] window_limit_lo$1$q = 32'h0;
   reg [31:0] window_limit_lo$2$d;
   reg [31:0] window_limit_lo$2$q = 32'h0;
   reg [31:0] window_limit_hi$0$d;
   reg [31:0] window_limit_hi$0$q = 32'h0;
   reg [31:0] window_limit_hi$1$d;
   reg [31:0] window_limit_hi$1$q = 32'h0;
   reg [31:0] window_limit_hi$2$d;
   reg [31:0] window_limit_hi$2$q = 32'h0;
   reg disabled$d;
   reg disabled$q = 1'h0;
   reg [5:0] decoded$d;
   reg [5:0] decoded$q = 6'h0;
   wire for_lane$0$d;
   reg for_lane$0$q = 1'h0;
   wire for_lane$1$d;
   reg for_lane$1$q = 1'h0;
   wire for_lane$2$d;
   reg for_lane$2$q = 1'h0;
   reg writing$d;
   reg writing$q = 1'h0;
   reg [31:0] written$d;
   reg [31:0] written$q = 32'h0;
   reg flushing$d;
   reg flushing$q = 1'h0;
   reg resetting$0$d;
   reg resetting$0$q = 1'h0;
   reg resetting$1$d;
   reg resetting$1$q = 1'h0;
   reg resetting$2$d;
   reg resetting$2$q = 1'h0;
   reg [31:0] of_card$d;
   reg [31:0] of_card$q = 32'h0;
   reg [31:0] of_group$d;
   reg [31:0] of_group$q = 32'h0;
   reg [31:0] of_lane$0$d;
   reg [31:0] of_lane$0$q = 32'h0;
   reg [31:0] of_lane$1$d;
   reg [31:0] of_lane$1$q = 32'h0;
   reg [31:0] of_lane$2$d;
   reg [31:0] of_lane$2$q = 32'h0;
   redundancy_unit_3_csr_decoder decoder (
      .address(decoder$address),
      .number(decoder$number),
      .index(decoder$index)
   );
   always @(*) begin
      disabled$d = disabled$q;
      control$d = control$q;
      fault_base_lo$d = fault_base_lo$q;
      fault_base_hi$d = fault_base_hi$q;
      fault_log2$d = fault_log2$q;
      fault_head$d = fault_head$q;
      flushing$d = flushing$q;
      flushing$d = ((writing$q & (number == k$group_command)) & written$q[0]) & control$q[0];
      if (writing$q & (number == k$control)) begin
         control$d = written$q & k$control_mask;
      end
      if (writing$q & (number == k$fault_base_lo)) begin
         fault_base_lo$d = written$q;
      end
      if (writing$q & (number == k$fault_base_hi)) begin
         fault_base_hi$d = written$q;
      end
      if (writing$q & (number == k$fault_log2)) begin
         fault_log2$d = written$q;
      end
      if (writing$q & (number == k$fault_head)) begin
         fault_head$d = written$q;
      end
      resetting$0$d = (((writing$q & mine$0) & (number == k$lane_command)) & written$q[0]) & control$q[0];
      resetting$1$d = (((writing$q & mine$1) & (number == k$lane_command)) & written$q[0]) & control$q[0];
      resetting$2$d = (((writing$q & mine$2) & (number == k$lane_command)) & written$q[0]) & control$q[0];
      disabled$d = ((writing$q & (number == k$control)) & control$q[0]) & (~written$q[0]);
      if (reset) begin
         control$d = 32'h0;
         fault_base_lo$d = 32'h0;
         fault_base_hi$d = 32'h0;
         fault_log2$d = 32'h0;
         fault_head$d = 32'h0;
         disabled$d = 1'h0;
         flushing$d = 1'h0;
         resetting$0$d = 1'h0;
         resetting$1$d = 1'h0;
         resetting$2$d = 1'h0;
      end
   end
   always @(*) begin
      members$d = members$q;
      start_lo$d = start_lo$q;
      start_hi$d = start_hi$q;
      verdict_base_lo$d = verdict_base_lo$q;
      verdict_base_hi$d = verdict_base_hi$q;
      verdict_log2$d = verdict_log2$q;
      verdict_head$d = verdict_head$q;
      watchdog$d = watchdog$q;
      payload_max$d = payload_max$q;
      if (writing$q & (number == k$members)) begin
         members$d = written$q & k$members_mask;
      end
      if (writing$q & (number == k$start_lo)) begin
         start_lo$d = written$q;
      end
      if (writing$q & (number == k$start_hi)) begin
         start_hi$d = written$q;
      end
      if (writing$q & (number == k$verdict_base_lo)) begin
         verdict_base_lo$d = written$q;
      end
      if (writing$q & (number == k$verdict_base_hi)) begin
         verdict_base_hi$d = written$q;
      end
      if (writing$q & (number == k$verdict_log2)) begin
         verdict_log2$d = written$q;
      end
      if (writing$q & (number == k$verdict_head)) begin
         verdict_head$d = written$q;
      end
      if (writing$q & (number == k$watchdog)) begin
         watchdog$d = written$q;
      end
      if (writing$q & (number == k$payload_max)) begin
         payload_max$d = written$q;
      end
      if (disabled$q | reset) begin
         members$d = 32'h0;
         start_lo$d = 32'h0;
         start_hi$d = 32'h0;
         verdict_base_lo$d = 32'h0;
         verdict_base_hi$d = 32'h0;
         verdict_log2$d = 32'h0;
         verdict_head$d = 32'h0;
         watchdog$d = 32'h0;
         payload_max$d = 32'h0;
      end
   end
   always @(*) begin
      decoded$d = decoded$q;
      decoded$d = decoder$number;
   end
   always @(*) begin
      writing$d = writing$q;
      writing$d = bus_write & (~reset);
   end
   always @(*) begin
      written$d = written$q;
      written$d = bus_data;
   end
   always @(*) begin
      of_card$d = of_card$q;
      of_card$d = 32'h0;
      if (number == k$magic) begin
         of_card$d = k$magic_value;
      end else if (number == k$version) begin
         of_card$d = k$version_value;
      end else if (number == k$size) begin
         of_card$d = k$size_value;
      end else if (number == k$limits) begin
         of_card$d = k$limits_value;
      end else if (number == k$features) begin
         of_card$d = k$features_value;
      end else if (number == k$tick_rate) begin
         of_card$d = k$tick_rate_value;
      end else if (number == k$rtl_hash_lo) begin
         of_card$d = rtl_hash$lo;
      end else if (number == k$rtl_hash_hi) begin
         of_card$d = rtl_hash$hi;
      end else if (number == k$control) begin
         of_card$d = control$q;
      end else if (number == k$fault_base_lo) begin
         of_card$d = fault_base_lo$q;
      end else if (number == k$fault_base_hi) begin
         of_card$d = fault_base_hi$q;
      end else if (number == k$fault_log2) begin
         of_card$d = fault_log2$q;
      end else if (number == k$fault_head) begin
         of_card$d = fault_head$q;
      end else if (number == k$fault_tail) begin
         of_card$d = fault_tail;
      end else if (number == k$faults_dropped) begin
         of_card$d = faults_dropped;
      end else if (number == k$stale_doorbells) begin
         of_card$d = stale_doorbells;
      end else if (number == k$late_completions) begin
         of_card$d = late_completions;
      end else if (number == k$tags_quarantined) begin
         of_card$d = tags_quarantined;
      end
   end
   always @(*) begin
      of_group$d = of_group$q;
      of_group$d = 32'h0;
      if (number == k$members) begin
         of_group$d = members$q;
      end else if (number == k$start_lo) begin
         of_group$d = start_lo$q;
      end else if (number == k$start_hi) begin
         of_group$d = start_hi$q;
      end else if (number == k$verdict_base_lo) begin
         of_group$d = verdict_base_lo$q;
      end else if (number == k$verdict_base_hi) begin
         of_group$d = verdict_base_hi$q;
      end else if (number == k$verdict_log2) begin
         of_group$d = verdict_log2$q;
      end else if (number == k$verdict_head) begin
         of_group$d = verdict_head$q;
      end else if (number == k$watchdog) begin
         of_group$d = watchdog$q;
      end else if (number == k$payload_max) begin
         of_group$d = payload_max$q;
      end else if (number == k$generation) begin
         of_group$d = generation;
      end else if (number == k$verdict_tail) begin
         of_group$d = verdict_tail;
      end else if (number == k$group_status) begin
         of_group$d = live;
      end else if ((number == k$group_command) & flush_busy) begin
         of_group$d = 32'h1;
      end
   end
   always @(*) begin
      ring_base_lo$0$d = ring_base_lo$0$q;
      ring_base_hi$0$d = ring_base_hi$0$q;
      ring_log2$0$d = ring_log2$0$q;
      window_base_lo$0$d = window_base_lo$0$q;
      window_base_hi$0$d = window_base_hi$0$q;
      window_limit_lo$0$d = window_limit_lo$0$q;
      window_limit_hi$0$d = window_limit_hi$0$q;
      if ((writing$q & mine$0) & (number == k$ring_base_lo)) begin
         ring_base_lo$0$d = written$q;
      end
      if ((writing$q & mine$0) & (number == k$ring_base_hi)) begin
         ring_base_hi$0$d = written$q;
      end
      if ((writing$q & mine$0) & (number == k$ring_log2)) begin
         ring_log2$0$d = written$q;
      end
      if ((writing$q & mine$0) & (number == k$window_base_lo)) begin
         window_base_lo$0$d = written$q;
      end
      if ((writing$q & mine$0) & (number == k$window_base_hi)) begin
         window_base_hi$0$d = written$q;
      end
      if ((writing$q & mine$0) & (number == k$window_limit_lo)) begin
         window_limit_lo$0$d = written$q;
      end
      if ((writing$q & mine$0) & (number == k$window_limit_hi)) begin
         window_limit_hi$0$d = written$q;
      end
      if ((disabled$q | reset) | lane_clear$0) begin
         ring_base_lo$0$d = 32'h0;
         ring_base_hi$0$d = 32'h0;
         ring_log2$0$d = 32'h0;
         window_base_lo$0$d = 32'h0;
         window_base_hi$0$d = 32'h0;
         window_limit_lo$0$d = 32'h0;
         window_limit_hi$0$d = 32'h0;
      end
   end
   always @(*) begin
      ring_base_lo$1$d = ring_base_lo$1$q;
      ring_base_hi$1$d = ring_base_hi$1$q;
      ring_log2$1$d = ring_log2$1$q;
      window_base_lo$1$d = window_base_lo$1$q;
      window_base_hi$1$d = window_base_hi$1$q;
      window_limit_lo$1$d = window_limit_lo$1$q;
      window_limit_hi$1$d = window_limit_hi$1$q;
      if ((writing$q & mine$1) & (number == k$ring_base_lo)) begin
         ring_base_lo$1$d = written$q;
      end
      if ((writing$q & mine$1) & (number == k$ring_base_hi)) begin
         ring_base_hi$1$d = written$q;
      end
      if ((writing$q & mine$1) & (number == k$ring_log2)) begin
         ring_log2$1$d = written$q;
      end
      if ((writing$q & mine$1) & (number == k$window_base_lo)) begin
         window_base_lo$1$d = written$q;
      end
      if ((writing$q & mine$1) & (number == k$window_base_hi)) begin
         window_base_hi$1$d = written$q;
      end
      if ((writing$q & mine$1) & (number == k$window_limit_lo)) begin
         window_limit_lo$1$d = written$q;
      end
      if ((writing$q & mine$1) & (number == k$window_limit_hi)) begin
         window_limit_hi$1$d = written$q;
      end
      if ((disabled$q | reset) | lane_clear$1) begin
         ring_base_lo$1$d = 32'h0;
         ring_base_hi$1$d = 32'h0;
         ring_log2$1$d = 32'h0;
         window_base_lo$1$d = 32'h0;
         window_base_hi$1$d = 32'h0;
         window_limit_lo$1$d = 32'h0;
         window_limit_hi$1$d = 32'h0;
      end
   end
   always @(*) begin
      ring_base_lo$2$d = ring_base_lo$2$q;
      ring_base_hi$2$d = ring_base_hi$2$q;
      ring_log2$2$d = ring_log2$2$q;
      window_base_lo$2$d = window_base_lo$2$q;
      window_base_hi$2$d = window_base_hi$2$q;
      window_limit_lo$2$d = window_limit_lo$2$q;
      window_limit_hi$2$d = window_limit_hi$2$q;
      if ((writing$q & mine$2) & (number == k$ring_base_lo)) begin
         ring_base_lo$2$d = written$q;
      end
      if ((writing$q & mine$2) & (number == k$ring_base_hi)) begin
         ring_base_hi$2$d = written$q;
      end
      if ((writing$q & mine$2) & (number == k$ring_log2)) begin
         ring_log2$2$d = written$q;
      end
      if ((writing$q & mine$2) & (number == k$window_base_lo)) begin
         window_base_lo$2$d = written$q;
      end
      if ((writing$q & mine$2) & (number == k$window_base_hi)) begin
         window_base_hi$2$d = written$q;
      end
      if ((writing$q & mine$2) & (number == k$window_limit_lo)) begin
         window_limit_lo$2$d = written$q;
      end
      if ((writing$q & mine$2) & (number == k$window_limit_hi)) begin
         window_limit_hi$2$d = written$q;
      end
      if ((disabled$q | reset) | lane_clear$2) begin
         ring_base_lo$2$d = 32'h0;
         ring_base_hi$2$d = 32'h0;
         ring_log2$2$d = 32'h0;
         window_base_lo$2$d = 32'h0;
         window_base_hi$2$d = 32'h0;
         window_limit_lo$2$d = 32'h0;
         window_limit_hi$2$d = 32'h0;
      end
   end
   assign decoder$address = bus_address;
   assign for_lane$0$d = decoder$index == 5'h0;
   assign for_lane$1$d = decoder$index == 5'h1;
   assign for_lane$2$d = decoder$index == 5'h2;
   assign number = decoded$q;
   assign mine$0 = for_lane$0$q;
   assign mine$1 = for_lane$1$q;
   assign mine$2 = for_lane$2$q;
   always @(*) begin
      live = {28'h0, group_state};
      if (group_live$0) begin
         live = live | bits$lane0;
      end
      if (group_live$1) begin
         live = live | bits$lane1;
      end
      if (group_live$2) begin
         live = live | bits$lane2;
      end
   end
   always @(*) begin
      of_lane$0$d = 32'h0;
      if (mine$0) begin
         if (number == k$ring_base_lo) begin
            of_lane$0$d = ring_base_lo$0$q;
         end else if (number == k$ring_base_hi) begin
            of_lane$0$d = ring_base_hi$0$q;
         end else if (number == k$ring_log2) begin
            of_lane$0$d = ring_log2$0$q;
         end else if (number == k$window_base_lo) begin
            of_lane$0$d = window_base_lo$0$q;
         end else if (number == k$window_base_hi) begin
            of_lane$0$d = window_base_hi$0$q;
         end else if (number == k$window_limit_lo) begin
            of_lane$0$d = window_limit_lo$0$q;
         end else if (number == k$window_limit_hi) begin
            of_lane$0$d = window_limit_hi$0$q;
         end else if (number == k$head) begin
            of_lane$0$d = lane_head$0;
         end else if (number == k$tail) begin
            of_lane$0$d = lane_tail$0;
         end else if (number == k$lane_status) begin
            of_lane$0$d = {28'h0, lane_state$0} | ({24'h0, lane_cause$0} << 8);
         end else if ((number == k$lane_command) & lane_resetting$0) begin
            of_lane$0$d = 32'h1;
         end
      end
   end
   always @(*) begin
      of_lane$1$d = 32'h0;
      if (mine$1) begin
         if (number == k$ring_base_lo) begin
            of_lane$1$d = ring_base_lo$1$q;
         end else if (number == k$ring_base_hi) begin
            of_lane$1$d = ring_base_hi$1$q;
         end else if (number == k$ring_log2) begin
            of_lane$1$d = ring_log2$1$q;
         end else if (number == k$window_base_lo) begin
            of_lane$1$d = window_base_lo$1$q;
         end else if (number == k$window_base_hi) begin
            of_lane$1$d = window_base_hi$1$q;
         end else if (number == k$window_limit_lo) begin
            of_lane$1$d = window_limit_lo$1$q;
         end else if (number == k$window_limit_hi) begin
            of_lane$1$d = window_limit_hi$1$q;
         end else if (number == k$head) begin
            of_lane$1$d = lane_head$1;
         end else if (number == k$tail) begin
            of_lane$1$d = lane_tail$1;
         end else if (number == k$lane_status) begin
            of_lane$1$d = {28'h0, lane_state$1} | ({24'h0, lane_cause$1} << 8);
         end else if ((number == k$lane_command) & lane_resetting$1) begin
            of_lane$1$d = 32'h1;
         end
      end
   end
   always @(*) begin
      of_lane$2$d = 32'h0;
      if (mine$2) begin
         if (number == k$ring_base_lo) begin
            of_lane$2$d = ring_base_lo$2$q;
         end else if (number == k$ring_base_hi) begin
            of_lane$2$d = ring_base_hi$2$q;
         end else if (number == k$ring_log2) begin
            of_lane$2$d = ring_log2$2$q;
         end else if (number == k$window_base_lo) begin
            of_lane$2$d = window_base_lo$2$q;
         end else if (number == k$window_base_hi) begin
            of_lane$2$d = window_base_hi$2$q;
         end else if (number == k$window_limit_lo) begin
            of_lane$2$d = window_limit_lo$2$q;
         end else if (number == k$window_limit_hi) begin
            of_lane$2$d = window_limit_hi$2$q;
         end else if (number == k$head) begin
            of_lane$2$d = lane_head$2;
         end else if (number == k$tail) begin
            of_lane$2$d = lane_tail$2;
         end else if (number == k$lane_status) begin
            of_lane$2$d = {28'h0, lane_state$2} | ({24'h0, lane_cause$2} << 8);
         end else if ((number == k$lane_command) & lane_resetting$2) begin
            of_lane$2$d = 32'h1;
         end
      end
   end
   assign bus_read = (((of_card$q | of_group$q) | of_lane$0$q) | of_lane$1$q) | of_lane$2$q;
   assign flush = flushing$q;
   assign lane_reset$0 = resetting$0$q;
   assign lane_reset$1 = resetting$1$q;
   assign lane_reset$2 = resetting$2$q;
   assign enable = control$q[0];
   assign fault_base = {32'h0, fault_base_lo$q} | ({32'h0, fault_base_hi$q} << 32);
   assign fault_size = fault_log2$q[4:0];
   assign fault_read = fault_head$q;
   assign member_lanes = members$q[3:0];
   assign start_seq = {32'h0, start_lo$q} | ({32'h0, start_hi$q} << 32);
   assign verdict_base = {32'h0, verdict_base_lo$q} | ({32'h0, verdict_base_hi$q} << 32);
   assign verdict_size = verdict_log2$q[4:0];
   assign verdict_read = verdict_head$q;
   assign watchdog_limit = watchdog$q;
   assign longest = payload_max$q;
   assign ring_base$0 = ({32'h0, ring_base_lo$0$q} | ({32'h0, ring_base_hi$0$q} << 32)) & bits$ring_mask;
   assign ring_size$0 = ring_log2$0$q[4:0];
   assign window_base$0 = {32'h0, window_base_lo$0$q} | ({32'h0, window_base_hi$0$q} << 32);
   assign window_limit$0 = {32'h0, window_limit_lo$0$q} | ({32'h0, window_limit_hi$0$q} << 32);
   assign ring_base$1 = ({32'h0, ring_base_lo$1$q} | ({32'h0, ring_base_hi$1$q} << 32)) & bits$ring_mask;
   assign ring_size$1 = ring_log2$1$q[4:0];
   assign window_base$1 = {32'h0, window_base_lo$1$q} | ({32'h0, window_base_hi$1$q} << 32);
   assign window_limit$1 = {32'h0, window_limit_lo$1$q} | ({32'h0, window_limit_hi$1$q} << 32);
   assign ring_base$2 = ({32'h0, ring_base_lo$2$q} | ({32'h0, ring_base_hi$2$q} << 32)) & bits$ring_mask;
   assign ring_size$2 = ring_log2$2$q[4:0];
   assign window_base$2 = {32'h0, window_base_lo$2$q} | ({32'h0, window_base_hi$2$q} << 32);
   assign window_limit$2 = {32'h0, window_limit_lo$2$q} | ({32'h0, window_limit_hi$2$q} << 32);
   always @(posedge clock) begin
      control$q <= control$d;
      fault_base_lo$q <= fault_base_lo$d;
      fault_base_hi$q <= fault_base_hi$d;
      fault_log2$q <= fault_log2$d;
      fault_head$q <= fault_head$d;
      members$q <= members$d;
      start_lo$q <= start_lo$d;
      start_hi$q <= start_hi$d;
      verdict_base_lo$q <= verdict_base_lo$d;
      verdict_base_hi$q <= verdict_base_hi$d;
      verdict_log2$q <= verdict_log2$d;
      verdict_head$q <= verdict_head$d;
      watchdog$q <= watchdog$d;
      payload_max$q <= payload_max$d;
      ring_base_lo$0$q <= ring_base_lo$0$d;
      ring_base_lo$1$q <= ring_base_lo$1$d;
      ring_base_lo$2$q <= ring_base_lo$2$d;
      ring_base_hi$0$q <= ring_base_hi$0$d;
      ring_base_hi$1$q <= ring_base_hi$1$d;
      ring_base_hi$2$q <= ring_base_hi$2$d;
      ring_log2$0$q <= ring_log2$0$d;
      ring_log2$1$q <= ring_log2$1$d;
      ring_log2$2$q <= ring_log2$2$d;
      window_base_lo$0$q <= window_base_lo$0$d;
      window_base_lo$1$q <= window_base_lo$1$d;
      window_base_lo$2$q <= window_base_lo$2$d;
      window_base_hi$0$q <= window_base_hi$0$d;
      window_base_hi$1$q <= window_base_hi$1$d;
      window_base_hi$2$q <= window_base_hi$2$d;
      window_limit_lo$0$q <= window_limit_lo$0$d;
      window_limit_lo$1$q <= window_limit_lo$1$d;
      window_limit_lo$2$q <= window_limit_lo$2$d;
      window_limit_hi$0$q <= window_limit_hi$0$d;
      window_limit_hi$1$q <= window_limit_hi$1$d;
      window_limit_hi$2$q <= window_limit_hi$2$d;
      disabled$q <= disabled$d;
      decoded$q <= decoded$d;
      for_lane$0$q <= for_lane$0$d;
      for_lane$1$q <= for_lane$1$d;
      for_lane$2$q <= for_lane$2$d;
      writing$q <= writing$d;
      written$q <= written$d;
      flushing$q <= flushing$d;
      resetting$0$q <= resetting$0$d;
      resetting$1$q <= resetting$1$d;
      resetting$2$q <= resetting$2$d;
      of_card$q <= of_card$d;
      of_group$q <= of_group$d;
      of_lane$0$q <= of_lane$0$d;
      of_lane$1$q <= of_lane$1$d;
      of_lane$2$q <= of_lane$2$d;
   end
endmodule

// The doorbell pages: a tail, then the generation it belongs to, which rings.
// 
// A ring is passed on when it names the group's generation and its lane is live; any other is counted and
// dropped. Both words of an 8-byte write arrive in this order, one a clock. The address is looked at one clock before the
// generation, so that a ring is compared with the generation of the clock in which it is passed on.
module redundancy_unit_3_doorbell (
   input wire clock,
   input wire reset,
   input wire [15:0] bus_address,
   input wire bus_write,
   input wire [31:0] bus_data,
   input wire [31:0] generation,
   input wire live$0,
   input wire live$1,
   input wire live$2,
   output wire ring$0,
   output wire ring$1,
   output wire ring$2,
   output wire [31:0] tail$0,
   output wire [31:0] tail$1,
   output wire [31:0] tail$2,
   output wire [31:0] stale
);
   localparam [15:0] k$lane0 = 16'h4000;
   localparam [15:0] k$lane1 = 16'h4400;
   localparam [15:0] k$lane2 = 16'h4800;
   localparam [15:0] k$ring0 = 16'h4001;
   localparam [15:0] k$ring1 = 16'h4401;
   localparam [15:0] k$ring2 = 16'h4801;
   wire fresh;
   wire [31:0] next_dropped;
   reg [31:0] tails$0$d;
   reg [31:0] tails$0$q = 32'h0;
   reg [31:0] tails$1$d;
   reg [31:0] tails$1$q = 32'h0;
   reg [31:0] tails$2$d;
   reg [31:0] tails$2$q = 32'h0;
   reg [31:0] dropped$d;
   reg [31:0] dropped$q = 32'h0;
   reg hit$0$d;
   reg hit$0$q = 1'h0;
   reg hit$1$d;
   reg hit$1$q = 1'h0;
   reg hit$2$d;
   reg hit$2$q = 1'h0;
   reg [31:0] named$d;
   reg [31:0] named$q = 32'h0;
   always @(*) begin
      dropped$d = dropped$q;
      tails$0$d = tails$0$q;
      tails$1$d = tails$1$q;
      tails$2$d = tails$2$q;
      if (bus_write & (bus_address == k$lane0)) begin
         tails$0$d = bus_data;
      end
      if (bus_write & (bus_address == k$lane1)) begin
         tails$1$d = bus_data;
      end
      if (bus_write & (bus_address == k$lane2)) begin
         tails$2$d = bus_data;
      end
      hit$0$d = bus_write & (bus_address == k$ring0);
      hit$1$d = bus_write & (bus_address == k$ring1);
      hit$2$d = bus_write & (bus_address == k$ring2);
      if (hit$0$q & ((~fresh) | (~live$0))) begin
         dropped$d = next_dropped;
      end
      if (hit$1$q & ((~fresh) | (~live$1))) begin
         dropped$d = next_dropped;
      end
      if (hit$2$q & ((~fresh) | (~live$2))) begin
         dropped$d = next_dropped;
      end
      if (reset) begin
         dropped$d = 32'h0;
         tails$0$d = 32'h0;
         hit$0$d = 1'h0;
         tails$1$d = 32'h0;
         hit$1$d = 1'h0;
         tails$2$d = 32'h0;
         hit$2$d = 1'h0;
      end
   end
   always @(*) begin
      named$d = named$q;
      named$d = bus_data;
   end
   assign fresh = named$q == generation;
   assign next_dropped = dropped$q + 32'h1;
   assign ring$0 = (hit$0$q & fresh) & live$0;
   assign tail$0 = tails$0$q;
   assign ring$1 = (hit$1$q & fresh) & live$1;
   assign tail$1 = tails$1$q;
   assign ring$2 = (hit$2$q & fresh) & live$2;
   assign tail$2 = tails$2$q;
   assign stale = dropped$q;
   always @(posedge clock) begin
      tails$0$q <= tails$0$d;
      tails$1$q <= tails$1$d;
      tails$2$q <= tails$2$d;
      dropped$q <= dropped$d;
      hit$0$q <= hit$0$d;
      hit$1$q <= hit$1$d;
      hit$2$q <= hit$2$d;
      named$q <= named$d;
   end
endmodule

// MSI-X: the table and the pending bits of two vectors, 0 for verdicts and 1 for faults.
// 
// An event sets its pending bit; as soon as MSI-X is enabled and neither vector nor function is masked, the message is sent
// and the bit cleared. So no event is lost to whoever enables or unmasks late. After reset both vectors are masked, as PCI
// wants it.
module redundancy_unit_3_msix (
   input wire clock,
   input wire reset,
   input wire enable,
   input wire function_mask,
   input wire [15:0] bus_address,
   input wire bus_write,
   input wire [31:0] bus_data,
   output wire [31:0] bus_read,
   input wire happened$0,
   input wire happened$1,
   output wire write,
   input wire write_accepted,
   output wire [63:0] address,
   output wire [63:0] message
);
   localparam [13:0] k$table0 = 14'b100000000;
   localparam [13:0] k$table1 = 14'b100000001;
   localparam [15:0] k$pending = 16'h600;
   wire hit$0;
   wire hit$1;
   reg [31:0] found;
   wire [1:0] field;
   wire [13:0] row;
   wire fire$0;
   wire fire$1;
   wire chosen$0;
   wire chosen$1;
   reg [31:0] low$0$d;
   reg [31:0] low$0$q = 32'h0;
   reg [31:0] low$1$d;
   reg [31:0] low$1$q = 32'h0;
   reg [31:0] high$0$d;
   reg [31:0] high$0$q = 32'h0;
   reg [31:0] high$1$d;
   reg [31:0] high$1$q = 32'h0;
   reg [31:0] data$0$d;
   reg [31:0] data$0$q = 32'h0;
   reg [31:0] data$1$d;
   reg [31:0] data$1$q = 32'h0;
   reg masked$0$d;
   reg masked$0$q = 1'h0;
   reg masked$1$d;
   reg masked$1$q = 1'h0;
   reg pending$0$d;
   reg pending$0$q = 1'h0;
   reg pending$1$d;
   reg pending$1$q = 1'h0;
   reg sending$d;
   reg sending$q = 1'h0;
   reg [63:0] to$d;
   reg [63:0] to$q = 64'h0;
   reg [31:0] what$d;
   reg [31:0] what$q = 32'h0;
   reg [31:0] answer$d;
   reg [31:0] answer$q = 32'h0;
   always @(*) begin
      sending$d = sending$q;
      to$d = to$q;
      what$d = what$q;
      low$0$d = low$0$q;
      high$0$d = high$0$q;
      data$0$d = data$0$q;
      masked$0$d = masked$0$q;
      pending$0$d = pending$0$q;
      low$1$d = low$1$q;
      high$1$d = high$1$q;
      data$1$d = data$1$q;
      masked$1$d = masked$1$q;
      pending$1$d = pending$1$q;
      found = 32'h0;
      if (hit$0) begin
         if (field == 2'h0) begin
            found = low$0$q;
         end else if (field == 2'h1) begin
            found = high$0$q;
         end else if (field == 2'h2) begin
            found = data$0$q;
         end else if (masked$0$q) begin
            found = 32'h1;
         end
         if (bus_write) begin
            if (field == 2'h0) begin
               low$0$d = bus_data;
            end else if (field == 2'h1) begin
               high$0$d = bus_data;
            end else if (field == 2'h2) begin
               data$0$d = bus_data;
            end else begin
               masked$0$d = bus_data[0];
            end
         end
      end
      if (hit$1) begin
         if (field == 2'h0) begin
            found = low$1$q;
         end else if (field == 2'h1) begin
            found = high$1$q;
         end else if (field == 2'h2) begin
            found = data$1$q;
         end else if (masked$1$q) begin
            found = 32'h1;
         end
         if (bus_write) begin
            if (field == 2'h0) begin
               low$1$d = bus_data;
            end else if (field == 2'h1) begin
               high$1$d = bus_data;
            end else if (field == 2'h2) begin
               data$1$d = bus_data;
            end else begin
               masked$1$d = bus_data[0];
            end
         end
      end
      if (bus_address == k$pending) begin
         if (pending$0$q & pending$1$q) begin
            found = 32'h3;
         end else if (pending$1$q) begin
            found = 32'h2;
         end else if (pending$0$q) begin
            found = 32'h1;
         end
      end
      if (write_accepted) begin
         sending$d = 1'h0;
      end
      if (chosen$0) begin
         sending$d = 1'h1;
         pending$0$d = 1'h0;
         to$d = {32'h0, low$0$q} | ({32'h0, high$0$q} << 32);
         what$d = data$0$q;
      end
      if (happened$0) begin
         pending$0$d = 1'h1;
      end
      if (chosen$1) begin
         sending$d = 1'h1;
         pending$1$d = 1'h0;
         to$d = {32'h0, low$1$q} | ({32'h0, high$1$q} << 32);
         what$d = data$1$q;
      end
      if (happened$1) begin
         pending$1$d = 1'h1;
      end
      if (reset) begin
         sending$d = 1'h0;
         pending$0$d = 1'h0;
         masked$0$d = 1'h1;
         pending$1$d = 1'h0;
         masked$1$d = 1'h1;
      end
   end
   always @(*) begin
      answer$d = answer$q;
      answer$d = found;
   end
   assign row = bus_address[15:2];
   assign field = bus_address[1:0];
   assign hit$0 = row == k$table0;
   assign hit$1 = row == k$table1;
   assign bus_read = answer$q;
   assign fire$0 = (((pending$0$q & (~masked$0$q)) & enable) & (~function_mask)) & (~sending$q);
   assign fire$1 = (((pending$1$q & (~masked$1$q)) & enable) & (~function_mask)) & (~sending$q);
   assign chosen$0 = fire$0;
   assign chosen$1 = fire$1 & (~fire$0);
   assign write = sending$q;
   assign address = to$q;
   assign message = {32'h0, what$q};
   always @(posedge clock) begin
      low$0$q <= low$0$d;
      low$1$q <= low$1$d;
      high$0$q <= high$0$d;
      high$1$q <= high$1$d;
      data$0$q <= data$0$d;
      data$1$q <= data$1$d;
      masked$0$q <= masked$0$d;
      masked$1$q <= masked$1$d;
      pending$0$q <= pending$0$d;
      pending$1$q <= pending$1$d;
      sending$q <= sending$d;
      to$q <= to$d;
      what$q <= what$d;
      answer$q <= answer$d;
   end
endmodule

module redundancy_unit_3_lut_ram_64x32 (
   input wire clock,
   input wire write,
   input wire [4:0] write_address,
   input wire [63:0] write_data,
   input wire [4:0] address,
   output reg [63:0] data
);
   reg [63:0] words [0:31];
   integer i;
   initial for (i = 0; i < 32; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_heads (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] put_data,
   output wire full,
   output wire valid,
   output wire [63:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h20;
   wire [4:0] next_head;
   wire [4:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [4:0] words$write_address;
   wire [63:0] words$write_data;
   wire [4:0] words$address;
   wire [63:0] words$data;
   reg [4:0] head$d;
   reg [4:0] head$q = 5'h0;
   reg [4:0] tail$d;
   reg [4:0] tail$q = 5'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_64x32 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 5'h0;
         tail$d = 5'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 5'h1;
   assign next_tail = tail$q + 5'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module redundancy_unit_3_lut_ram_32x32 (
   input wire clock,
   input wire write,
   input wire [4:0] write_address,
   input wire [31:0] write_data,
   input wire [4:0] address,
   output reg [31:0] data
);
   reg [31:0] words [0:31];
   integer i;
   initial for (i = 0; i < 32; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_tails (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [31:0] put_data,
   output wire full,
   output wire valid,
   output wire [31:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h20;
   wire [4:0] next_head;
   wire [4:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [4:0] words$write_address;
   wire [31:0] words$write_data;
   wire [4:0] words$address;
   wire [31:0] words$data;
   reg [4:0] head$d;
   reg [4:0] head$q = 5'h0;
   reg [4:0] tail$d;
   reg [4:0] tail$q = 5'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_32x32 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 5'h0;
         tail$d = 5'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 5'h1;
   assign next_tail = tail$q + 5'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

// Answers the host's reads: a queue of completions and the builder that sends them on `tx_cpl`.
// 
// Order: a completion is not offered before the posted write on `tx_req`, if there is one, has been accepted; while
// it waits for that, no new posted write starts (`hold`), so it cannot be overtaken for ever.
module redundancy_unit_3_completer (
   input wire clock,
   input wire reset,
   input wire enable,
   input wire put,
   input wire [31:0] dw0,
   input wire [31:0] dw1,
   input wire [31:0] dw2,
   input wire [63:0] payload,
   output wire room,
   input wire posted_busy,
   output wire hold,
   output wire busy,
   output wire valid,
   output reg [63:0] data,
   output reg [1:0] keep,
   output reg last,
   input wire ready
);
   localparam [1:0] Sending$Idle = 2'd0;
   localparam [1:0] Sending$First = 2'd1;
   localparam [1:0] Sending$Second = 2'd2;
   localparam [1:0] Sending$Third = 2'd3;
   wire with_data;
   wire two;
   reg take;
   wire [31:0] low_payload;
   wire [31:0] high_payload;
   wire heads$clear;
   wire heads$put;
   wire [63:0] heads$put_data;
   wire heads$full;
   wire heads$valid;
   wire [63:0] heads$data;
   wire heads$take;
   wire [7:0] heads$count;
   wire tails$clear;
   wire tails$put;
   wire [31:0] tails$put_data;
   wire tails$full;
   wire tails$valid;
   wire [31:0] tails$data;
   wire tails$take;
   wire [7:0] tails$count;
   wire payloads$clear;
   wire payloads$put;
   wire [63:0] payloads$put_data;
   wire payloads$full;
   wire payloads$valid;
   wire [63:0] payloads$data;
   wire payloads$take;
   wire [7:0] payloads$count;
   reg [1:0] sending$d;
   reg [1:0] sending$q = 2'h0;
   reg waiting$d;
   reg waiting$q = 1'h0;
   redundancy_unit_3_heads heads (
      .clock(clock),
      .clear(heads$clear),
      .put(heads$put),
      .put_data(heads$put_data),
      .full(heads$full),
      .valid(heads$valid),
      .data(heads$data),
      .take(heads$take),
      .count(heads$count)
   );
   redundancy_unit_3_tails tails (
      .clock(clock),
      .clear(tails$clear),
      .put(tails$put),
      .put_data(tails$put_data),
      .full(tails$full),
      .valid(tails$valid),
      .data(tails$data),
      .take(tails$take),
      .count(tails$count)
   );
   redundancy_unit_3_heads payloads (
      .clock(clock),
      .clear(payloads$clear),
      .put(payloads$put),
      .put_data(payloads$put_data),
      .full(payloads$full),
      .valid(payloads$valid),
      .data(payloads$data),
      .take(payloads$take),
      .count(payloads$count)
   );
   always @(*) begin
      sending$d = sending$q;
      waiting$d = waiting$q;
      data = heads$data;
      keep = 2'h3;
      last = 1'h0;
      take = 1'h0;
      waiting$d = 1'h0;
      case (sending$q)
         Sending$Idle: begin
            if (heads$valid & enable) begin
               if (waiting$q & (~posted_busy)) begin
                  sending$d = Sending$First;
               end else begin
                  waiting$d = 1'h1;
               end
            end
         end
         Sending$First: begin
            if (ready) begin
               sending$d = Sending$Second;
            end
         end
         Sending$Second: begin
            data = {32'h0, tails$data} | ({32'h0, low_payload} << 32);
            if (~with_data) begin
               keep = 2'h1;
            end
            last = ~two;
            if (ready) begin
               if (two) begin
                  sending$d = Sending$Third;
               end else begin
                  take = 1'h1;
                  sending$d = Sending$Idle;
               end
            end
         end
         Sending$Third: begin
            data = {32'h0, high_payload};
            keep = 2'h1;
            last = 1'h1;
            if (ready) begin
               take = 1'h1;
               sending$d = Sending$Idle;
            end
         end
         default: begin
            sending$d = Sending$Idle;
         end
      endcase
      if (reset) begin
         sending$d = Sending$Idle;
         waiting$d = 1'h0;
      end
   end
   assign heads$clear = reset;
   assign tails$clear = reset;
   assign payloads$clear = reset;
   assign heads$put = put;
   assign tails$put = put;
   assign payloads$put = put;
   assign heads$put_data = {32'h0, dw0} | ({32'h0, dw1} << 32);
   assign tails$put_data = dw2;
   assign payloads$put_data = payload;
   assign room = ~heads$full;
   assign with_data = heads$data[30];
   assign two = with_data & heads$data[1];
   assign low_payload = payloads$data[31:0];
   assign high_payload = payloads$data[63:32];
   assign hold = waiting$q;
   assign busy = sending$q != Sending$Idle;
   assign valid = sending$q != Sending$Idle;
   assign heads$take = take;
   assign tails$take = take;
   assign payloads$take = take;
   always @(posedge clock) begin
      sending$q <= sending$d;
      waiting$q <= waiting$d;
   end
endmodule

// Does a range lie inside the lane's window?
// 
// `base <= first` and `first + length <= limit`, without wrapping. The answer is there two clocks after the question
// was put and holds as long as the question does.
module redundancy_unit_3_window (
   input wire clock,
   input wire [63:0] base,
   input wire [63:0] limit,
   input wire [63:0] first,
   input wire [16:0] length,
   output wire lies_inside
);
   wire [63:0] sum;
   reg [63:0] end$d;
   reg [63:0] end$q = 64'h0;
   reg above$d;
   reg above$q = 1'h0;
   reg unwrapped$d;
   reg unwrapped$q = 1'h0;
   reg below$d;
   reg below$q = 1'h0;
   always @(*) begin
      end$d = end$q;
      end$d = sum;
   end
   always @(*) begin
      above$d = above$q;
      above$d = base <= first;
   end
   always @(*) begin
      unwrapped$d = unwrapped$q;
      unwrapped$d = first <= end$q;
   end
   always @(*) begin
      below$d = below$q;
      below$d = end$q <= limit;
   end
   assign sum = first + {47'h0, length};
   assign lies_inside = (above$q & unwrapped$q) & below$q;
   always @(posedge clock) begin
      end$q <= end$d;
      above$q <= above$d;
      unwrapped$q <= unwrapped$d;
      below$q <= below$d;
   end
endmodule

// Fetches the entries of a lane's submission ring, in order, as far as there is room for them.
// 
// An entry is asked for when the doorbell has announced it, the store has a free slot and the vote is less than
// the skew depth behind. Its 64 bytes must lie inside the window; if not, the lane is `blocked` at this entry.
module redundancy_unit_3_fetch (
   input wire clock,
   input wire clear,
   input wire halt,
   input wire room,
   input wire [31:0] tail,
   input wire [31:0] finished,
   input wire [63:0] ring_base,
   input wire [4:0] ring_log2,
   input wire [63:0] window_base,
   input wire [63:0] window_limit,
   output wire job,
   input wire job_taken,
   output wire [63:0] job_address,
   output wire [31:0] fetched,
   output wire blocked,
   output wire lacks
);
   localparam [16:0] k$bytes = 17'b1000000;
   localparam [31:0] k$one = 32'h1;
   localparam [2:0] Fetching$Idle = 3'd0;
   localparam [2:0] Fetching$Check = 3'd1;
   localparam [2:0] Fetching$Answer = 3'd2;
   localparam [2:0] Fetching$Ask = 3'd3;
   localparam [2:0] Fetching$Blocked = 3'd4;
   wire [31:0] ahead;
   wire announced;
   wire [3:0] stored;
   wire [31:0] next_count;
   wire [31:0] length;
   wire [31:0] mask;
   wire [31:0] slot;
   wire [63:0] offset;
   wire [63:0] address;
   reg [2:0] fetching$d;
   reg [2:0] fetching$q = 3'h0;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg [63:0] at$d;
   reg [63:0] at$q = 64'h0;
   reg [31:0] part$d;
   reg [31:0] part$q = 32'h0;
   reg more$d;
   reg more$q = 1'h0;
   wire [63:0] window$base;
   wire [63:0] window$limit;
   wire [63:0] window$first;
   wire [16:0] window$length;
   wire window$lies_inside;
   redundancy_unit_3_window window (
      .clock(clock),
      .base(window$base),
      .limit(window$limit),
      .first(window$first),
      .length(window$length),
      .lies_inside(window$lies_inside)
   );
   always @(*) begin
      fetching$d = fetching$q;
      count$d = count$q;
      at$d = at$q;
      more$d = more$q;
      more$d = announced;
      case (fetching$q)
         Fetching$Idle: begin
            at$d = address;
            if ((more$q & room) & (~stored[3])) begin
               fetching$d = Fetching$Check;
            end
         end
         Fetching$Check: begin
            fetching$d = Fetching$Answer;
         end
         Fetching$Answer: begin
            fetching$d = Fetching$Ask;
         end
         Fetching$Ask: begin
            if (~window$lies_inside) begin
               fetching$d = Fetching$Blocked;
            end else if (job_taken) begin
               count$d = next_count;
               more$d = 1'h0;
               fetching$d = Fetching$Idle;
            end
         end
         default: begin
         end
      endcase
      if (halt) begin
         fetching$d = Fetching$Idle;
      end
      if (clear) begin
         fetching$d = Fetching$Idle;
         more$d = 1'h0;
         count$d = 32'h0;
      end
   end
   always @(*) begin
      part$d = part$q;
      part$d = mask;
   end
   assign ahead = tail - count$q;
   assign announced = (ahead != 32'h0) & (~ahead[31]);
   assign stored = count$q[3:0] - finished[3:0];
   assign next_count = count$q + 32'h1;
   assign length = k$one << ring_log2;
   assign mask = length - 32'h1;
   assign slot = count$q & part$q;
   assign offset = {32'h0, slot} << 6;
   assign address = ring_base + offset;
   assign window$base = window_base;
   assign window$limit = window_limit;
   assign window$first = at$q;
   assign window$length = k$bytes;
   assign job = ((fetching$q == Fetching$Ask) & window$lies_inside) & (~halt);
   assign job_address = at$q;
   assign fetched = count$q;
   assign blocked = fetching$q == Fetching$Blocked;
   assign lacks = (~more$q) & (fetching$q == Fetching$Idle);
   always @(posedge clock) begin
      fetching$q <= fetching$d;
      count$q <= count$d;
      at$q <= at$d;
      part$q <= part$d;
      more$q <= more$d;
   end
endmodule

// Cuts a read of a lane into requests that PCIe allows and that fit a tag's buffer.
// 
// A request never crosses a multiple of its largest size (128, 256 or 512 bytes, by Max_Read_Request_Size), hence never
// 4 KiB. Five clocks for each request; when the lane is halted, what has not left is forgotten.
module redundancy_unit_3_split (
   input wire clock,
   input wire halt,
   input wire [2:0] max_read_request,
   input wire job,
   output reg job_taken,
   input wire [63:0] job_address,
   input wire [16:0] job_length,
   output wire request,
   input wire request_taken,
   output wire [63:0] address,
   output wire [9:0] bytes,
   output wire [7:0] dws,
   output wire [6:0] words,
   output wire [3:0] first_enables,
   output wire [3:0] last_enables,
   output wire last
);
   localparam [8:0] k$small = 9'b1111111;
   localparam [8:0] k$medium = 9'b11111111;
   localparam [8:0] k$large = 9'b111111111;
   localparam [10:0] k$dw_round = 11'b11;
   localparam [10:0] k$word_round = 11'b111;
   localparam [3:0] k$all = 4'hf;
   localparam [2:0] Cut$Idle = 3'd0;
   localparam [2:0] Cut$Room = 3'd1;
   localparam [2:0] Cut$Measure = 3'd2;
   localparam [2:0] Cut$Shape = 3'd3;
   localparam [2:0] Cut$Enable = 3'd4;
   localparam [2:0] Cut$Offer = 3'd5;
   localparam [2:0] Cut$Advance = 3'd6;
   reg [8:0] mask;
   wire [8:0] short;
   wire [9:0] most;
   wire fits;
   wire [1:0] dw_end;
   wire [10:0] dw_lead;
   wire [10:0] dw_rounded;
   wire [10:0] word_lead;
   wire [10:0] word_rounded;
   wire [3:0] head;
   reg [3:0] tail;
   wire [63:0] next_at;
   wire [16:0] next_left;
   reg [2:0] cut$d;
   reg [2:0] cut$q = 3'h0;
   reg [63:0] at$d;
   reg [63:0] at$q = 64'h0;
   reg [16:0] left$d;
   reg [16:0] left$q = 17'h0;
   reg [9:0] room$d;
   reg [9:0] room$q = 10'h0;
   reg [9:0] size$d;
   reg [9:0] size$q = 10'h0;
   reg is_last$d;
   reg is_last$q = 1'h0;
   reg [7:0] dw_count$d;
   reg [7:0] dw_count$q = 8'h0;
   reg [6:0] word_count$d;
   reg [6:0] word_count$q = 7'h0;
   reg [3:0] first$d;
   reg [3:0] first$q = 4'h0;
   reg [3:0] final_enables$d;
   reg [3:0] final_enables$q = 4'h0;
   always @(*) begin
      cut$d = cut$q;
      at$d = at$q;
      left$d = left$q;
      size$d = size$q;
      is_last$d = is_last$q;
      dw_count$d = dw_count$q;
      word_count$d = word_count$q;
      first$d = first$q;
      final_enables$d = final_enables$q;
      job_taken = 1'h0;
      case (cut$q)
         Cut$Idle: begin
            at$d = job_address;
            left$d = job_length;
            if (job) begin
               job_taken = 1'h1;
               cut$d = Cut$Room;
            end
         end
         Cut$Room: begin
            cut$d = Cut$Measure;
         end
         Cut$Measure: begin
            size$d = room$q;
            if (fits) begin
               size$d = left$q[9:0];
            end
            is_last$d = fits;
            cut$d = Cut$Shape;
         end
         Cut$Shape: begin
            dw_count$d = dw_rounded[9:2];
            word_count$d = word_rounded[9:3];
            cut$d = Cut$Enable;
         end
         Cut$Enable: begin
            first$d = head;
            final_enables$d = tail;
            if (dw_count$q == 8'h1) begin
               first$d = head & tail;
               final_enables$d = 4'h0;
            end
            cut$d = Cut$Offer;
         end
         Cut$Offer: begin
            if (request_taken) begin
               cut$d = Cut$Advance;
            end
         end
         Cut$Advance: begin
            at$d = next_at;
            left$d = next_left;
            cut$d = Cut$Room;
            if (is_last$q) begin
               cut$d = Cut$Idle;
            end
         end
         default: begin
            cut$d = Cut$Idle;
         end
      endcase
      if (halt) begin
         cut$d = Cut$Idle;
      end
   end
   always @(*) begin
      room$d = room$q;
      room$d = most;
   end
   always @(*) begin
      mask = k$large;
      if ((max_read_request == 3'h0) | (max_read_request >= 3'h6)) begin
         mask = k$small;
      end else if (max_read_request == 3'h1) begin
         mask = k$medium;
      end
   end
   assign short = (~at$q[8:0]) & mask;
   assign most = {1'h0, short} + 10'h1;
   assign fits = left$q <= {7'h0, room$q};
   assign dw_end = at$q[1:0] + size$q[1:0];
   assign dw_lead = {9'h0, at$q[1:0]} + k$dw_round;
   assign dw_rounded = dw_lead + {1'h0, size$q};
   assign word_lead = {8'h0, at$q[2:0]} + k$word_round;
   assign word_rounded = word_lead + {1'h0, size$q};
   assign head = k$all << at$q[1:0];
   always @(*) begin
      tail = k$all;
      if (dw_end == 2'h1) begin
         tail = 4'h1;
      end else if (dw_end == 2'h2) begin
         tail = 4'h3;
      end else if (dw_end == 2'h3) begin
         tail = 4'h7;
      end
   end
   assign next_at = at$q + {54'h0, size$q};
   assign next_left = left$q - {7'h0, size$q};
   assign request = (cut$q == Cut$Offer) & (~halt);
   assign address = at$q;
   assign bytes = size$q;
   assign dws = dw_count$q;
   assign words = word_count$q;
   assign first_enables = first$q;
   assign last_enables = final_enables$q;
   assign last = is_last$q;
   always @(posedge clock) begin
      cut$q <= cut$d;
      at$q <= at$d;
      left$q <= left$d;
      room$q <= room$d;
      size$q <= size$d;
      is_last$q <= is_last$d;
      dw_count$q <= dw_count$d;
      word_count$q <= word_count$d;
      first$q <= first$d;
      final_enables$q <= final_enables$d;
   end
endmodule

module redundancy_unit_3_lut_ram_64x8 (
   input wire clock,
   input wire write,
   input wire [2:0] write_address,
   input wire [63:0] write_data,
   input wire [2:0] address,
   output reg [63:0] data
);
   reg [63:0] words [0:7];
   integer i;
   initial for (i = 0; i < 8; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_queue (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] put_data,
   output wire full,
   output wire valid,
   output wire [63:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h8;
   wire [2:0] next_head;
   wire [2:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [2:0] words$write_address;
   wire [63:0] words$write_data;
   wire [2:0] words$address;
   wire [63:0] words$data;
   reg [2:0] head$d;
   reg [2:0] head$q = 3'h0;
   reg [2:0] tail$d;
   reg [2:0] tail$q = 3'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_64x8 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 3'h0;
         tail$d = 3'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 3'h1;
   assign next_tail = tail$q + 3'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module redundancy_unit_3_lut_ram_10x8 (
   input wire clock,
   input wire write,
   input wire [2:0] write_address,
   input wire [9:0] write_data,
   input wire [2:0] address,
   output reg [9:0] data
);
   reg [9:0] words [0:7];
   integer i;
   initial for (i = 0; i < 8; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_flags (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [9:0] put_data,
   output wire full,
   output wire valid,
   output wire [9:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h8;
   wire [2:0] next_head;
   wire [2:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [2:0] words$write_address;
   wire [9:0] words$write_data;
   wire [2:0] words$address;
   wire [9:0] words$data;
   reg [2:0] head$d;
   reg [2:0] head$q = 3'h0;
   reg [2:0] tail$d;
   reg [2:0] tail$q = 3'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_10x8 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 3'h0;
         tail$d = 3'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 3'h1;
   assign next_tail = tail$q + 3'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module redundancy_unit_3_lut_ram_2x32 (
   input wire clock,
   input wire write,
   input wire [4:0] write_address,
   input wire [1:0] write_data,
   input wire [4:0] address,
   output reg [1:0] data
);
   reg [1:0] words [0:31];
   integer i;
   initial for (i = 0; i < 32; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_kinds (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [1:0] put_data,
   output wire full,
   output wire valid,
   output wire [1:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h20;
   wire [4:0] next_head;
   wire [4:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [4:0] words$write_address;
   wire [1:0] words$write_data;
   wire [4:0] words$address;
   wire [1:0] words$data;
   reg [4:0] head$d;
   reg [4:0] head$q = 5'h0;
   reg [4:0] tail$d;
   reg [4:0] tail$q = 5'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_2x32 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 5'h0;
         tail$d = 5'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 5'h1;
   assign next_tail = tail$q + 5'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module redundancy_unit_3_lut_ram_2_64x64 (
   input wire clock,
   input wire write,
   input wire [5:0] write_address,
   input wire [63:0] write_data,
   input wire [5:0] address,
   output reg [63:0] data,
   input wire [5:0] second_address,
   output reg [63:0] second_data
);
   reg [63:0] words [0:63];
   integer i;
   initial for (i = 0; i < 64; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
   always @(*) second_data = words[second_address];
endmodule

module redundancy_unit_3_lut_ram_8x8 (
   input wire clock,
   input wire write,
   input wire [2:0] write_address,
   input wire [7:0] write_data,
   input wire [2:0] address,
   output reg [7:0] data
);
   reg [7:0] words [0:7];
   integer i;
   initial for (i = 0; i < 8; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_check_code_step (
   input wire [31:0] state,
   input wire [63:0] data,
   output reg [31:0] after
);
   wire [63:0] word = data ^ {32'h0, state};
   always @(*) begin
      after[0] = ^(word & 64'h1f91caf6386f2c25);
      after[1] = ^(word & 64'h3f2395ec70de584b);
      after[2] = ^(word & 64'h7e472bd8e1bcb097);
      after[3] = ^(word & 64'hfc8e57b1c379612e);
      after[4] = ^(word & 64'he68d6595be9dee78);
      after[5] = ^(word & 64'hd28b01dd4554f0d5);
      after[6] = ^(word & 64'hba87c94cb2c6cd8e);
      after[7] = ^(word & 64'h6a9e586f5de2b738);
      after[8] = ^(word & 64'hd53cb0debbc56e71);
      after[9] = ^(word & 64'hb5e8ab4b4fe5f0c6);
      after[10] = ^(word & 64'h74409c60a7a4cda9);
      after[11] = ^(word & 64'he88138c14f499b53);
      after[12] = ^(word & 64'hce93bb74a6fc1a83);
      after[13] = ^(word & 64'h82b6bc1f75971923);
      after[14] = ^(word & 64'h1afcb2c8d3411e63);
      after[15] = ^(word & 64'h35f96591a6823cc6);
      after[16] = ^(word & 64'h6bf2cb234d04798c);
      after[17] = ^(word & 64'hd7e596469a08f318);
      after[18] = ^(word & 64'hb05ae67b0c7eca15);
      after[19] = ^(word & 64'h7f2406002092b80f);
      after[20] = ^(word & 64'hfe480c004125701f);
      after[21] = ^(word & 64'he301d2f6ba25cc1b);
      after[22] = ^(word & 64'hd9926f1b4c24b412);
      after[23] = ^(word & 64'hacb514c0a0264400);
      after[24] = ^(word & 64'h46fbe3777823a425);
      after[25] = ^(word & 64'h8df7c6eef047484a);
      after[26] = ^(word & 64'h047e472bd8e1bcb0);
      after[27] = ^(word & 64'h08fc8e57b1c37961);
      after[28] = ^(word & 64'h11f91caf6386f2c2);
      after[29] = ^(word & 64'h23f2395ec70de584);
      after[30] = ^(word & 64'h47e472bd8e1bcb09);
      after[31] = ^(word & 64'h8fc8e57b1c379612);
   end
endmodule

module redundancy_unit_3_check (
   input wire clock,
   input wire put,
   input wire first,
   input wire [63:0] word,
   output wire [31:0] code
);
   localparam [31:0] k$ones = 32'hffffffff;
   reg [31:0] step$state;
   wire [63:0] step$data;
   wire [31:0] step$after;
   reg [31:0] state$d;
   reg [31:0] state$q = 32'h0;
   reg waiting$d;
   reg waiting$q = 1'h0;
   reg starting$d;
   reg starting$q = 1'h0;
   reg [63:0] held$d;
   reg [63:0] held$q = 64'h0;
   redundancy_unit_3_check_code_step step (
      .state(step$state),
      .data(step$data),
      .after(step$after)
   );
   always @(*) begin
      state$d = state$q;
      if (waiting$q) begin
         state$d = step$after;
      end
   end
   always @(*) begin
      waiting$d = waiting$q;
      waiting$d = put;
   end
   always @(*) begin
      starting$d = starting$q;
      starting$d = first;
   end
   always @(*) begin
      held$d = held$q;
      held$d = word;
   end
   always @(*) begin
      step$state = state$q;
      if (starting$q) begin
         step$state = k$ones;
      end
   end
   assign step$data = held$q;
   assign code = ~state$q;
   always @(posedge clock) begin
      state$q <= state$d;
      waiting$q <= waiting$d;
      starting$q <= starting$d;
      held$q <= held$d;
   end
endmodule

// Sorts the words that come back for a lane: entries into the store, payload to the fingerprint.
// 
// Words come in the order in which the lane asked, so a queue of kinds tells which is which. While an entry
// passes, its check code is computed; what became of the entry is noted beside its slot. The next entry waits for that, three
// clocks.
module redundancy_unit_3_intake (
   input wire clock,
   input wire clear,
   input wire power_reset,
   input wire halt,
   input wire asked,
   input wire asked_payload,
   input wire word,
   input wire [63:0] word_data,
   input wire word_ends_request,
   input wire word_ends_job,
   input wire [7:0] word_fault,
   output wire ready,
   output wire request_over,
   output wire [31:0] arrived,
   input wire [5:0] address$0,
   input wire [5:0] address$1,
   output wire [63:0] data$0,
   output wire [63:0] data$1,
   input wire [2:0] status_slot,
   output wire [7:0] status,
   output wire payload,
   input wire payload_taken,
   output wire [63:0] payload_data,
   output wire payload_ends,
   output wire [7:0] payload_fault
);
   localparam [7:0] k$check = 8'h33;
   localparam [7:0] k$nearly_full = 8'h4;
   localparam [1:0] k$payload = 2'b1;
   localparam [63:0] k$low_half = 64'hffffffff;
   localparam [9:0] k$ends_request = 10'b100000000;
   localparam [9:0] k$ends_job = 10'b1000000000;
   wire between;
   wire [31:0] next_count;
   wire [2:0] next_index;
   wire [2:0] slot;
   wire is_payload;
   wire entry_word;
   wire take;
   wire ends;
   wire queue$clear;
   wire queue$put;
   wire [63:0] queue$put_data;
   wire queue$full;
   wire queue$valid;
   wire [63:0] queue$data;
   wire queue$take;
   wire [7:0] queue$count;
   wire flags$clear;
   wire flags$put;
   reg [9:0] flags$put_data;
   wire flags$full;
   wire flags$valid;
   wire [9:0] flags$data;
   wire flags$take;
   wire [7:0] flags$count;
   wire kinds$clear;
   wire kinds$put;
   reg [1:0] kinds$put_data;
   wire kinds$full;
   wire kinds$valid;
   wire [1:0] kinds$data;
   wire kinds$take;
   wire [7:0] kinds$count;
   wire store$write;
   wire [5:0] store$write_address;
   wire [63:0] store$write_data;
   wire [5:0] store$address;
   wire [63:0] store$data;
   wire [5:0] store$second_address;
   wire [63:0] store$second_data;
   wire fates$write;
   wire [2:0] fates$write_address;
   reg [7:0] fates$write_data;
   wire [2:0] fates$address;
   wire [7:0] fates$data;
   wire check$put;
   wire check$first;
   reg [63:0] check$word;
   wire [31:0] check$code;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg [2:0] index$d;
   reg [2:0] index$q = 3'h0;
   reg free$d;
   reg free$q = 1'h0;
   reg stores$d;
   reg stores$q = 1'h0;
   reg [63:0] stored$d;
   reg [63:0] stored$q = 64'h0;
   reg [7:0] stored_fault$d;
   reg [7:0] stored_fault$q = 8'h0;
   reg stored_ends$d;
   reg stored_ends$q = 1'h0;
   reg ended$d;
   reg ended$q = 1'h0;
   reg whole$d;
   reg whole$q = 1'h0;
   reg [31:0] found$d;
   reg [31:0] found$q = 32'h0;
   reg [7:0] fault$d;
   reg [7:0] fault$q = 8'h0;
   reg judging$d;
   reg judging$q = 1'h0;
   reg wrong$d;
   reg wrong$q = 1'h0;
   reg noting$d;
   reg noting$q = 1'h0;
   redundancy_unit_3_queue queue (
      .clock(clock),
      .clear(queue$clear),
      .put(queue$put),
      .put_data(queue$put_data),
      .full(queue$full),
      .valid(queue$valid),
      .data(queue$data),
      .take(queue$take),
      .count(queue$count)
   );
   redundancy_unit_3_flags flags (
      .clock(clock),
      .clear(flags$clear),
      .put(flags$put),
      .put_data(flags$put_data),
      .full(flags$full),
      .valid(flags$valid),
      .data(flags$data),
      .take(flags$take),
      .count(flags$count)
   );
   redundancy_unit_3_kinds kinds (
      .clock(clock),
      .clear(kinds$clear),
      .put(kinds$put),
      .put_data(kinds$put_data),
      .full(kinds$full),
      .valid(kinds$valid),
      .data(kinds$data),
      .take(kinds$take),
      .count(kinds$count)
   );
   redundancy_unit_3_lut_ram_2_64x64 store (
      .clock(clock),
      .write(store$write),
      .write_address(store$write_address),
      .write_data(store$write_data),
      .address(store$address),
      .data(store$data),
      .second_address(store$second_address),
      .second_data(store$second_data)
   );
   redundancy_unit_3_lut_ram_8x8 fates (
      .clock(clock),
      .write(fates$write),
      .write_address(fates$write_address),
      .write_data(fates$write_data),
      .address(fates$address),
      .data(fates$data)
   );
   redundancy_unit_3_check check (
      .clock(clock),
      .put(check$put),
      .first(check$first),
      .word(check$word),
      .code(check$code)
   );
   always @(*) begin
      count$d = count$q;
      index$d = index$q;
      if (stores$q) begin
         index$d = next_index;
         if (stored_ends$q) begin
            index$d = 3'h0;
         end
      end
      if (noting$q) begin
         count$d = next_count;
      end
      if (clear) begin
         index$d = 3'h0;
         count$d = 32'h0;
      end
   end
   always @(*) begin
      free$d = free$q;
      free$d = queue$count <= k$nearly_full;
   end
   always @(*) begin
      stores$d = stores$q;
      stores$d = entry_word & (~clear);
   end
   always @(*) begin
      stored$d = stored$q;
      stored$d = queue$data;
   end
   always @(*) begin
      stored_fault$d = stored_fault$q;
      stored_fault$d = flags$data[7:0];
   end
   always @(*) begin
      stored_ends$d = stored_ends$q;
      stored_ends$d = flags$data[9];
   end
   always @(*) begin
      ended$d = ended$q;
      ended$d = (stores$q & stored_ends$q) & (~clear);
   end
   always @(*) begin
      whole$d = whole$q;
      found$d = found$q;
      fault$d = fault$q;
      if (stores$q) begin
         found$d = stored$q[63:32];
         fault$d = stored_fault$q;
         whole$d = index$q == 3'h7;
      end
   end
   always @(*) begin
      judging$d = judging$q;
      judging$d = ended$q & (~clear);
   end
   always @(*) begin
      wrong$d = wrong$q;
      wrong$d = (found$q != check$code) | (~whole$q);
   end
   always @(*) begin
      noting$d = noting$q;
      noting$d = judging$q & (~clear);
   end
   assign queue$clear = power_reset;
   assign flags$clear = power_reset;
   assign kinds$clear = clear;
   assign queue$put = word;
   assign queue$put_data = word_data;
   assign flags$put = word;
   always @(*) begin
      flags$put_data = {2'h0, word_fault};
      if (word_ends_job) begin
         flags$put_data = ({2'h0, word_fault} | k$ends_request) | k$ends_job;
      end else if (word_ends_request) begin
         flags$put_data = {2'h0, word_fault} | k$ends_request;
      end
   end
   assign ready = free$q;
   assign kinds$put = asked;
   always @(*) begin
      kinds$put_data = 2'h0;
      if (asked_payload) begin
         kinds$put_data = k$payload;
      end
   end
   assign is_payload = kinds$data[0];
   assign between = ((stores$q & stored_ends$q) | ended$q) | judging$q;
   assign payload = (queue$valid & is_payload) & (~halt);
   assign payload_data = queue$data;
   assign payload_ends = flags$data[9];
   assign payload_fault = flags$data[7:0];
   assign entry_word = ((queue$valid & (~is_payload)) & (~halt)) & (~between);
   assign take = queue$valid & ((halt | entry_word) | (is_payload & payload_taken));
   assign queue$take = take;
   assign flags$take = take;
   assign ends = take & flags$data[9];
   assign request_over = take & flags$data[8];
   assign kinds$take = (ends & kinds$valid) & (~halt);
   assign slot = count$q[2:0];
   assign next_index = index$q + 3'h1;
   assign store$write = stores$q;
   assign store$write_address = ({3'h0, slot} << 3) | {3'h0, index$q};
   assign store$write_data = stored$q;
   assign store$address = address$0;
   assign store$second_address = address$1;
   assign data$0 = store$data;
   assign data$1 = store$second_data;
   assign check$put = stores$q;
   assign check$first = index$q == 3'h0;
   always @(*) begin
      check$word = stored$q;
      if (index$q == 3'h7) begin
         check$word = stored$q & k$low_half;
      end
   end
   assign next_count = count$q + 32'h1;
   assign fates$write = noting$q;
   assign fates$write_address = slot;
   always @(*) begin
      fates$write_data = 8'h0;
      if (fault$q != 8'h0) begin
         fates$write_data = fault$q;
      end else if (wrong$q) begin
         fates$write_data = k$check;
      end
   end
   assign fates$address = status_slot;
   assign status = fates$data;
   assign arrived = count$q;
   always @(posedge clock) begin
      count$q <= count$d;
      index$q <= index$d;
      free$q <= free$d;
      stores$q <= stores$d;
      stored$q <= stored$d;
      stored_fault$q <= stored_fault$d;
      stored_ends$q <= stored_ends$d;
      ended$q <= ended$d;
      whole$q <= whole$d;
      found$q <= found$d;
      fault$q <= fault$d;
      judging$q <= judging$d;
      wrong$q <= wrong$d;
      noting$q <= noting$d;
   end
endmodule

module redundancy_unit_3_lut_ram_32x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [31:0] write_data,
   input wire [3:0] address,
   output reg [31:0] data
);
   reg [31:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_findings (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [31:0] put_data,
   output wire full,
   output wire valid,
   output wire [31:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h10;
   wire [3:0] next_head;
   wire [3:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [3:0] words$write_address;
   wire [31:0] words$write_data;
   wire [3:0] words$address;
   wire [31:0] words$data;
   reg [3:0] head$d;
   reg [3:0] head$q = 4'h0;
   reg [3:0] tail$d;
   reg [3:0] tail$q = 4'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_32x16 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 4'h0;
         tail$d = 4'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 4'h1;
   assign next_tail = tail$q + 4'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module redundancy_unit_3_keep_bytes (
   input wire [63:0] data,
   input wire [3:0] count,
   output reg [63:0] word
);
   always @(*) begin
      word[7:0] = (count > 0) ? data[7:0] : 8'h0;
      word[15:8] = (count > 1) ? data[15:8] : 8'h0;
      word[23:16] = (count > 2) ? data[23:16] : 8'h0;
      word[31:24] = (count > 3) ? data[31:24] : 8'h0;
      word[39:32] = (count > 4) ? data[39:32] : 8'h0;
      word[47:40] = (count > 5) ? data[47:40] : 8'h0;
      word[55:48] = (count > 6) ? data[55:48] : 8'h0;
      word[63:56] = (count > 7) ? data[63:56] : 8'h0;
   end
endmodule

// Examines the entries of a lane one after the other and asks for their payloads.
// 
// It runs ahead of the fingerprint: what it finds is queued, a fault as well as a record, so that faults are
// reported in the order of the records. Seven words of an entry are looked at in seven clocks, then the first of
// the checks of `docs/src/unit.md` that fails decides. A word is read from the store one clock before it is looked at.
module redundancy_unit_3_examine (
   input wire clock,
   input wire clear,
   input wire halt,
   input wire [63:0] start_seq,
   input wire [31:0] generation,
   input wire [31:0] payload_max,
   input wire [63:0] window_base,
   input wire [63:0] window_limit,
   input wire [31:0] fetched,
   input wire blocked,
   input wire [31:0] arrived,
   output wire [5:0] address,
   input wire [63:0] data,
   output wire [2:0] status_slot,
   input wire [7:0] status,
   output wire job,
   input wire job_taken,
   output wire [63:0] job_address,
   output wire [16:0] job_length,
   output wire finding,
   output wire [31:0] finding_data,
   input wire finding_taken
);
   localparam [7:0] k$reserved = 8'h3c;
   localparam [7:0] k$group = 8'h55;
   localparam [7:0] k$generation = 8'h5a;
   localparam [7:0] k$sequence = 8'h66;
   localparam [7:0] k$length = 8'h69;
   localparam [7:0] k$isolation = 8'h96;
   localparam [7:0] k$check = 8'h33;
   localparam [31:0] k$inline_max = 32'h18;
   localparam [31:0] k$payload_max = 32'h10000;
   localparam [15:0] k$own_group = 16'h0;
   localparam [31:0] k$at_entry = 32'h20000000;
   localparam [31:0] k$at_payload = 32'h40000000;
   localparam [31:0] k$inline = 32'h10000000;
   localparam [3:0] Look$Idle = 4'd0;
   localparam [3:0] Look$Flags = 4'd1;
   localparam [3:0] Look$Length = 4'd2;
   localparam [3:0] Look$Seq = 4'd3;
   localparam [3:0] Look$Group = 4'd4;
   localparam [3:0] Look$Body0 = 4'd5;
   localparam [3:0] Look$Body1 = 4'd6;
   localparam [3:0] Look$Body2 = 4'd7;
   localparam [3:0] Look$Weigh = 4'd8;
   localparam [3:0] Look$Inside = 4'd9;
   localparam [3:0] Look$Ask = 4'd10;
   localparam [3:0] Look$Stopped = 4'd11;
   wire [2:0] slot;
   wire [31:0] next_count;
   wire [63:0] next_seq;
   wire [1:0] whole;
   wire [3:0] part;
   wire dirty;
   wire here;
   wire no_more;
   reg [7:0] fault;
   reg [7:0] weighed;
   reg report;
   reg [31:0] origin;
   wire [31:0] fields;
   wire findings$clear;
   wire findings$put;
   reg [31:0] findings$put_data;
   wire findings$full;
   wire findings$valid;
   wire [31:0] findings$data;
   wire findings$take;
   wire [7:0] findings$count;
   reg [3:0] look$d;
   reg [3:0] look$q = 4'h0;
   reg [2:0] index$d;
   reg [2:0] index$q = 3'h0;
   reg [63:0] word$d;
   reg [63:0] word$q = 64'h0;
   reg [7:0] fate$d;
   reg [7:0] fate$q = 8'h0;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg [63:0] seq$d;
   reg [63:0] seq$q = 64'h0;
   reg [31:0] length$d;
   reg [31:0] length$q = 32'h0;
   reg [63:0] at$d;
   reg [63:0] at$q = 64'h0;
   reg is_inline$d;
   reg is_inline$q = 1'h0;
   reg bad_flags$d;
   reg bad_flags$q = 1'h0;
   reg bad_group$d;
   reg bad_group$q = 1'h0;
   reg bad_generation$d;
   reg bad_generation$q = 1'h0;
   reg bad_seq$d;
   reg bad_seq$q = 1'h0;
   reg bad_padding$d;
   reg bad_padding$q = 1'h0;
   reg over_inline$d;
   reg over_inline$q = 1'h0;
   reg over_max$d;
   reg over_max$q = 1'h0;
   reg no_bytes$d;
   reg no_bytes$q = 1'h0;
   wire [63:0] window$base;
   wire [63:0] window$limit;
   wire [63:0] window$first;
   wire [16:0] window$length;
   wire window$lies_inside;
   wire [63:0] keep$data;
   reg [3:0] keep$count;
   wire [63:0] keep$word;
   redundancy_unit_3_findings findings (
      .clock(clock),
      .clear(findings$clear),
      .put(findings$put),
      .put_data(findings$put_data),
      .full(findings$full),
      .valid(findings$valid),
      .data(findings$data),
      .take(findings$take),
      .count(findings$count)
   );
   redundancy_unit_3_window window (
      .clock(clock),
      .base(window$base),
      .limit(window$limit),
      .first(window$first),
      .length(window$length),
      .lies_inside(window$lies_inside)
   );
   redundancy_unit_3_keep_bytes keep (
      .data(keep$data),
      .count(keep$count),
      .word(keep$word)
   );
   always @(*) begin
      look$d = look$q;
      count$d = count$q;
      seq$d = seq$q;
      length$d = length$q;
      at$d = at$q;
      is_inline$d = is_inline$q;
      bad_flags$d = bad_flags$q;
      bad_group$d = bad_group$q;
      bad_generation$d = bad_generation$q;
      bad_seq$d = bad_seq$q;
      bad_padding$d = bad_padding$q;
      index$d = index$q;
      index$d = 3'h7;
      report = 1'h0;
      fault = 8'h0;
      origin = 32'h0;
      case (look$q)
         Look$Idle: begin
            if (here) begin
               index$d = 3'h1;
               look$d = Look$Flags;
            end else if (blocked & no_more) begin
               report = 1'h1;
               fault = k$isolation;
               origin = k$at_entry;
               look$d = Look$Stopped;
            end
         end
         Look$Flags: begin
            index$d = 3'h0;
            is_inline$d = word$q[0];
            bad_flags$d = word$q[31:1] != 31'h0;
            look$d = Look$Length;
            if (fate$q != 8'h0) begin
               report = 1'h1;
               fault = fate$q;
               if (fate$q != k$check) begin
                  origin = k$at_entry;
               end
               look$d = Look$Stopped;
            end
         end
         Look$Length: begin
            index$d = 3'h3;
            length$d = word$q[63:32];
            bad_generation$d = word$q[31:0] != generation;
            look$d = Look$Seq;
         end
         Look$Seq: begin
            index$d = 3'h4;
            bad_seq$d = word$q != seq$q;
            look$d = Look$Group;
         end
         Look$Group: begin
            index$d = 3'h5;
            bad_group$d = word$q[15:0] != k$own_group;
            look$d = Look$Body0;
         end
         Look$Body0: begin
            index$d = 3'h6;
            at$d = word$q;
            bad_padding$d = dirty;
            look$d = Look$Body1;
         end
         Look$Body1: begin
            bad_padding$d = bad_padding$q | dirty;
            look$d = Look$Body2;
         end
         Look$Body2: begin
            bad_padding$d = bad_padding$q | dirty;
            look$d = Look$Weigh;
         end
         Look$Weigh: begin
            if (weighed != 8'h0) begin
               report = 1'h1;
               fault = weighed;
               look$d = Look$Stopped;
            end else if (is_inline$q | no_bytes$q) begin
               report = 1'h1;
               look$d = Look$Idle;
            end else begin
               look$d = Look$Inside;
            end
         end
         Look$Inside: begin
            if (window$lies_inside) begin
               look$d = Look$Ask;
            end else begin
               report = 1'h1;
               fault = k$isolation;
               origin = k$at_payload;
               look$d = Look$Stopped;
            end
         end
         Look$Ask: begin
            if (job_taken) begin
               report = 1'h1;
               look$d = Look$Idle;
            end
         end
         default: begin
         end
      endcase
      if (report) begin
         count$d = next_count;
         seq$d = next_seq;
      end
      if (halt) begin
         look$d = Look$Stopped;
      end
      if (clear) begin
         look$d = Look$Idle;
         count$d = 32'h0;
         seq$d = start_seq;
      end
   end
   always @(*) begin
      over_inline$d = over_inline$q;
      over_inline$d = is_inline$q & (length$q > k$inline_max);
   end
   always @(*) begin
      over_max$d = over_max$q;
      over_max$d = (length$q > payload_max) | (length$q > k$payload_max);
   end
   always @(*) begin
      no_bytes$d = no_bytes$q;
      no_bytes$d = length$q == 32'h0;
   end
   always @(*) begin
      word$d = word$q;
      word$d = data;
   end
   always @(*) begin
      fate$d = fate$q;
      fate$d = status;
   end
   assign slot = count$q[2:0];
   assign status_slot = slot;
   assign next_count = count$q + 32'h1;
   assign next_seq = seq$q + 64'h1;
   assign whole = length$q[4:3];
   assign part = {1'h0, length$q[2:0]};
   assign keep$data = word$q;
   always @(*) begin
      keep$count = 4'h0;
      if (look$q == Look$Body0) begin
         keep$count = part;
         if ((whole != 2'h0) | (~is_inline$q)) begin
            keep$count = 4'h8;
         end
      end else if (look$q == Look$Body1) begin
         if (is_inline$q) begin
            if (whole == 2'h1) begin
               keep$count = part;
            end else if (whole != 2'h0) begin
               keep$count = 4'h8;
            end
         end
      end else if (is_inline$q) begin
         if (whole == 2'h2) begin
            keep$count = part;
         end else if (whole == 2'h3) begin
            keep$count = 4'h8;
         end
      end
   end
   assign dirty = keep$word != word$q;
   assign window$base = window_base;
   assign window$limit = window_limit;
   assign window$first = at$q;
   assign window$length = length$q[16:0];
   always @(*) begin
      weighed = 8'h0;
      if (bad_flags$q) begin
         weighed = k$reserved;
      end else if (over_inline$q) begin
         weighed = k$length;
      end else if (bad_padding$q) begin
         weighed = k$reserved;
      end else if (bad_group$q) begin
         weighed = k$group;
      end else if (bad_generation$q) begin
         weighed = k$generation;
      end else if (bad_seq$q) begin
         weighed = k$sequence;
      end else if (over_max$q) begin
         weighed = k$length;
      end
   end
   assign here = arrived[3:0] != count$q[3:0];
   assign no_more = fetched[3:0] == count$q[3:0];
   assign address = ({3'h0, slot} << 3) | {3'h0, index$q};
   assign job = (look$q == Look$Ask) & (~halt);
   assign job_address = at$q;
   assign job_length = length$q[16:0];
   assign fields = ({15'h0, length$q[16:0]} << 8) | ({29'h0, at$q[2:0]} << 25);
   assign findings$clear = clear;
   assign findings$put = report & (~halt);
   always @(*) begin
      findings$put_data = (fields | origin) | {24'h0, fault};
      if ((is_inline$q | no_bytes$q) & (fault == 8'h0)) begin
         findings$put_data = fields | k$inline;
      end
   end
   assign finding = findings$valid;
   assign finding_data = findings$data;
   assign findings$take = finding_taken;
   always @(posedge clock) begin
      look$q <= look$d;
      index$q <= index$d;
      word$q <= word$d;
      fate$q <= fate$d;
      count$q <= count$d;
      seq$q <= seq$d;
      length$q <= length$d;
      at$q <= at$d;
      is_inline$q <= is_inline$d;
      bad_flags$q <= bad_flags$d;
      bad_group$q <= bad_group$d;
      bad_generation$q <= bad_generation$d;
      bad_seq$q <= bad_seq$d;
      bad_padding$q <= bad_padding$d;
      over_inline$q <= over_inline$d;
      over_max$q <= over_max$d;
      no_bytes$q <= no_bytes$d;
   end
endmodule

module redundancy_unit_3_fingerprint_step (
   input wire [63:0] state,
   input wire [63:0] data,
   output reg [63:0] after
);
   wire [63:0] word = data ^ state;
   always @(*) begin
      after[0] = ^(word & 64'hddf3eeb298be6fc8);
      after[1] = ^(word & 64'h661433d7a9c2b058);
      after[2] = ^(word & 64'hcc2867af538560b1);
      after[3] = ^(word & 64'h45a321ec3fb4aeab);
      after[4] = ^(word & 64'h8b4643d87f695d56);
      after[5] = ^(word & 64'hcb7f6902666cd565);
      after[6] = ^(word & 64'h4b0d3cb65467c502);
      after[7] = ^(word & 64'h961a796ca8cf8a05);
      after[8] = ^(word & 64'hf1c71c6bc9217bc3);
      after[9] = ^(word & 64'h3e7dd6650afc984e);
      after[10] = ^(word & 64'h7cfbacca15f9309c);
      after[11] = ^(word & 64'hf9f759942bf26138);
      after[12] = ^(word & 64'h2e1d5d9acf5aadb8);
      after[13] = ^(word & 64'h5c3abb359eb55b71);
      after[14] = ^(word & 64'hb875766b3d6ab6e2);
      after[15] = ^(word & 64'had190264e26b020c);
      after[16] = ^(word & 64'h87c1ea7b5c686bd0);
      after[17] = ^(word & 64'hd2703a44206eb869);
      after[18] = ^(word & 64'h79139a3ad8631f1b);
      after[19] = ^(word & 64'hf2273475b0c63e36);
      after[20] = ^(word & 64'h39bd8659f93213a4);
      after[21] = ^(word & 64'h737b0cb3f2642749);
      after[22] = ^(word & 64'he6f61967e4c84e92);
      after[23] = ^(word & 64'h101fdc7d512ef2ec);
      after[24] = ^(word & 64'h203fb8faa25de5d9);
      after[25] = ^(word & 64'h407f71f544bbcbb2);
      after[26] = ^(word & 64'h80fee3ea89779765);
      after[27] = ^(word & 64'hdc0e29678a514102);
      after[28] = ^(word & 64'h65efbc7d8c1cedcc);
      after[29] = ^(word & 64'hcbdf78fb1839db99);
      after[30] = ^(word & 64'h4a4d1f44a8cdd8fa);
      after[31] = ^(word & 64'h949a3e89519bb1f4);
      after[32] = ^(word & 64'hf4c793a03b890c20);
      after[33] = ^(word & 64'h347cc9f2efac7789);
      after[34] = ^(word & 64'h68f993e5df58ef13);
      after[35] = ^(word & 64'hd1f327cbbeb1de27);
      after[36] = ^(word & 64'h7e15a125e5ddd387);
      after[37] = ^(word & 64'hfc2b424bcbbba70e);
      after[38] = ^(word & 64'h25a56a250fc921d4);
      after[39] = ^(word & 64'h4b4ad44a1f9243a8);
      after[40] = ^(word & 64'h9695a8943f248750);
      after[41] = ^(word & 64'hf0d8bf9ae6f76169);
      after[42] = ^(word & 64'h3c4291875550ad1b);
      after[43] = ^(word & 64'h7885230eaaa15a36);
      after[44] = ^(word & 64'hf10a461d5542b46d);
      after[45] = ^(word & 64'h3fe76288323b0713);
      after[46] = ^(word & 64'h7fcec51064760e27);
      after[47] = ^(word & 64'hff9d8a20c8ec1c4e);
      after[48] = ^(word & 64'h22c8faf309665755);
      after[49] = ^(word & 64'h4591f5e612ccaeaa);
      after[50] = ^(word & 64'h8b23ebcc25995d54);
      after[51] = ^(word & 64'hcbb4392ad38cd561);
      after[52] = ^(word & 64'h4a9b9ce73fa7c50a);
      after[53] = ^(word & 64'h953739ce7f4f8a15);
      after[54] = ^(word & 64'hf79d9d2e66217be3);
      after[55] = ^(word & 64'h32c8d4ee54fc980f);
      after[56] = ^(word & 64'h6591a9dca9f9301f);
      after[57] = ^(word & 64'hcb2353b953f2603e);
      after[58] = ^(word & 64'h4bb549c03f5aafb4);
      after[59] = ^(word & 64'h976a93807eb55f68);
      after[60] = ^(word & 64'hf326c9b265d4d118);
      after[61] = ^(word & 64'h3bbe7dd65317cdf9);
      after[62] = ^(word & 64'h777cfbaca62f9bf2);
      after[63] = ^(word & 64'heef9f7594c5f37e4);
   end
endmodule

module redundancy_unit_3_engine (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] word,
   output wire [63:0] value
);
   localparam [63:0] k$ones = 64'hffffffffffffffff;
   wire [63:0] step$state;
   wire [63:0] step$data;
   wire [63:0] step$after;
   reg [63:0] state$d;
   reg [63:0] state$q = 64'h0;
   reg waiting$d;
   reg waiting$q = 1'h0;
   reg [63:0] held$d;
   reg [63:0] held$q = 64'h0;
   redundancy_unit_3_fingerprint_step step (
      .state(step$state),
      .data(step$data),
      .after(step$after)
   );
   always @(*) begin
      state$d = state$q;
      if (waiting$q) begin
         state$d = step$after;
      end
      if (clear) begin
         state$d = k$ones;
      end
   end
   always @(*) begin
      waiting$d = waiting$q;
      waiting$d = put;
   end
   always @(*) begin
      held$d = held$q;
      held$d = word;
   end
   assign step$state = state$q;
   assign step$data = held$q;
   assign value = ~state$q;
   always @(posedge clock) begin
      state$q <= state$d;
      waiting$q <= waiting$d;
      held$q <= held$d;
   end
endmodule

module redundancy_unit_3_byte_align (
   input wire [63:0] low,
   input wire [63:0] high,
   input wire [2:0] offset,
   output reg [63:0] word
);
   always @(*) begin
      case (offset)
         3'd0: word = low;
         3'd1: word = {high[7:0], low[63:8]};
         3'd2: word = {high[15:0], low[63:16]};
         3'd3: word = {high[23:0], low[63:24]};
         3'd4: word = {high[31:0], low[63:32]};
         3'd5: word = {high[39:0], low[63:40]};
         3'd6: word = {high[47:0], low[63:48]};
         3'd7: word = {high[55:0], low[63:56]};
      endcase
   end
endmodule

// Forms the fingerprint of a lane's records, in order, from payload and header.
// 
// Payload comes as words of memory and is shifted to start at its first byte, cut at its last and padded with zeros to a
// multiple of 16 bytes; then come the four words of the header, as they lie in the entry. A fault ends the lane.
module redundancy_unit_3_finish (
   input wire clock,
   input wire clear,
   input wire halt,
   input wire [63:0] start_seq,
   input wire [63:0] ring_base,
   input wire [4:0] ring_log2,
   input wire finding,
   input wire [31:0] finding_data,
   output reg finding_taken,
   output wire [5:0] address,
   input wire [63:0] data,
   input wire payload,
   output reg payload_taken,
   input wire [63:0] payload_data,
   input wire payload_ends,
   input wire [7:0] payload_fault,
   output wire closing,
   output reg deliver,
   output wire [63:0] fingerprint,
   output reg fault,
   output wire [7:0] fault_cause,
   output wire [63:0] fault_address,
   output wire fault_taken,
   output wire [31:0] finished,
   output wire [63:0] seq
);
   localparam [16:0] k$word = 17'b1000;
   localparam [31:0] k$one = 32'h1;
   localparam [16:0] k$sixteen = 17'b10000;
   localparam [3:0] Part$Idle = 4'd0;
   localparam [3:0] Part$Inline = 4'd1;
   localparam [3:0] Part$Payload = 4'd2;
   localparam [3:0] Part$Tail = 4'd3;
   localparam [3:0] Part$Last = 4'd4;
   localparam [3:0] Part$Pad = 4'd5;
   localparam [3:0] Part$Header = 4'd6;
   localparam [3:0] Part$Through = 4'd7;
   localparam [3:0] Part$Settle = 4'd8;
   localparam [3:0] Part$Deliver = 4'd9;
   localparam [3:0] Part$Fault = 4'd10;
   localparam [3:0] Part$Blame = 4'd11;
   localparam [3:0] Part$Report = 4'd12;
   localparam [3:0] Part$Stopped = 4'd13;
   wire [2:0] slot;
   reg [2:0] at;
   wire [16:0] length;
   wire [7:0] found;
   wire is_inline;
   wire [1:0] origin;
   wire [31:0] next_count;
   wire [63:0] next_due;
   wire [2:0] next_index;
   wire [16:0] rest;
   reg [16:0] next_left;
   reg put;
   reg [63:0] word;
   wire [31:0] ring_length;
   wire [31:0] mask;
   wire [31:0] ring_slot;
   wire [63:0] offset;
   wire [63:0] entry;
   reg engine$clear;
   wire engine$put;
   wire [63:0] engine$word;
   wire [63:0] engine$value;
   wire [63:0] align$low;
   reg [63:0] align$high;
   wire [2:0] align$offset;
   wire [63:0] align$word;
   wire [63:0] keep$data;
   reg [3:0] keep$count;
   wire [63:0] keep$word;
   reg [3:0] part$d;
   reg [3:0] part$q = 4'h0;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg [63:0] due$d;
   reg [63:0] due$q = 64'h0;
   reg [2:0] index$d;
   reg [2:0] index$q = 3'h0;
   reg [16:0] left$d;
   reg [16:0] left$q = 17'h0;
   reg is_odd$d;
   reg is_odd$q = 1'h0;
   reg [63:0] held$d;
   reg [63:0] held$q = 64'h0;
   reg holding$d;
   reg holding$q = 1'h0;
   reg [63:0] aligned$d;
   reg [63:0] aligned$q = 64'h0;
   reg emitting$d;
   reg emitting$q = 1'h0;
   reg [63:0] stored$d;
   reg [63:0] stored$q = 64'h0;
   reg putting$d;
   reg putting$q = 1'h0;
   reg blank$d;
   reg blank$q = 1'h0;
   reg [7:0] broken$d;
   reg [7:0] broken$q = 8'h0;
   reg [31:0] wrap$d;
   reg [31:0] wrap$q = 32'h0;
   reg [63:0] origin_entry$d;
   reg [63:0] origin_entry$q = 64'h0;
   reg [7:0] cause$d;
   reg [7:0] cause$q = 8'h0;
   reg [63:0] culprit$d;
   reg [63:0] culprit$q = 64'h0;
   redundancy_unit_3_engine engine (
      .clock(clock),
      .clear(engine$clear),
      .put(engine$put),
      .word(engine$word),
      .value(engine$value)
   );
   redundancy_unit_3_byte_align align (
      .low(align$low),
      .high(align$high),
      .offset(align$offset),
      .word(align$word)
   );
   redundancy_unit_3_keep_bytes keep (
      .data(keep$data),
      .count(keep$count),
      .word(keep$word)
   );
   always @(*) begin
      part$d = part$q;
      count$d = count$q;
      due$d = due$q;
      index$d = index$q;
      left$d = left$q;
      is_odd$d = is_odd$q;
      held$d = held$q;
      holding$d = holding$q;
      emitting$d = emitting$q;
      putting$d = putting$q;
      blank$d = blank$q;
      broken$d = broken$q;
      at = index$q;
      emitting$d = 1'h0;
      putting$d = 1'h0;
      blank$d = 1'h0;
      payload_taken = 1'h0;
      finding_taken = 1'h0;
      deliver = 1'h0;
      fault = 1'h0;
      engine$clear = 1'h0;
      case (part$q)
         Part$Idle: begin
            engine$clear = 1'h1;
            index$d = 3'h0;
            left$d = length;
            is_odd$d = 1'h0;
            holding$d = 1'h0;
            broken$d = 8'h0;
            if (finding) begin
               if (found != 8'h0) begin
                  part$d = Part$Fault;
               end else if (length == 17'h0) begin
                  part$d = Part$Header;
               end else if (is_inline) begin
                  index$d = 3'h4;
                  part$d = Part$Inline;
               end else begin
                  part$d = Part$Payload;
               end
            end
         end
         Part$Inline: begin
            putting$d = 1'h1;
            blank$d = index$q == 3'h7;
            index$d = next_index;
            if ((index$q == 3'h7) | ((index$q == 3'h5) & (length <= k$sixteen))) begin
               index$d = 3'h0;
               part$d = Part$Header;
            end
         end
         Part$Payload: begin
            payload_taken = 1'h1;
            if (payload) begin
               emitting$d = holding$q;
               held$d = payload_data;
               holding$d = 1'h1;
               if ((payload_fault != 8'h0) & (broken$q == 8'h0)) begin
                  broken$d = payload_fault;
               end
               if (payload_ends) begin
                  part$d = Part$Tail;
               end
            end
         end
         Part$Tail: begin
            emitting$d = 1'h1;
            part$d = Part$Last;
            if (broken$q != 8'h0) begin
               part$d = Part$Fault;
            end
         end
         Part$Last: begin
            part$d = Part$Pad;
         end
         Part$Pad: begin
            putting$d = is_odd$q;
            blank$d = 1'h1;
            part$d = Part$Header;
         end
         Part$Header: begin
            putting$d = 1'h1;
            index$d = next_index;
            if (index$q == 3'h3) begin
               index$d = 3'h0;
               part$d = Part$Through;
            end
         end
         Part$Through: begin
            part$d = Part$Settle;
         end
         Part$Settle: begin
            part$d = Part$Deliver;
         end
         Part$Deliver: begin
            deliver = 1'h1;
            finding_taken = 1'h1;
            count$d = next_count;
            due$d = next_due;
            part$d = Part$Idle;
         end
         Part$Fault: begin
            at = 3'h4;
            part$d = Part$Blame;
         end
         Part$Blame: begin
            part$d = Part$Report;
         end
         Part$Report: begin
            fault = 1'h1;
            part$d = Part$Stopped;
         end
         default: begin
         end
      endcase
      put = putting$q;
      word = stored$q;
      if (blank$q) begin
         word = 64'h0;
      end
      if (emitting$q & (left$q != 17'h0)) begin
         put = 1'h1;
         word = keep$word;
         left$d = next_left;
         is_odd$d = ~is_odd$q;
      end
      if (halt) begin
         part$d = Part$Stopped;
      end
      if (clear) begin
         part$d = Part$Idle;
         count$d = 32'h0;
         due$d = start_seq;
      end
   end
   always @(*) begin
      aligned$d = aligned$q;
      aligned$d = align$word;
   end
   always @(*) begin
      stored$d = stored$q;
      stored$d = data;
   end
   always @(*) begin
      wrap$d = wrap$q;
      wrap$d = mask;
   end
   always @(*) begin
      origin_entry$d = origin_entry$q;
      origin_entry$d = entry;
   end
   always @(*) begin
      cause$d = cause$q;
      culprit$d = culprit$q;
      cause$d = found;
      culprit$d = 64'h0;
      if (broken$q != 8'h0) begin
         cause$d = broken$q;
         culprit$d = stored$q;
      end else if (origin == 2'h1) begin
         culprit$d = origin_entry$q;
      end else if (origin == 2'h2) begin
         culprit$d = stored$q;
      end
   end
   assign slot = count$q[2:0];
   assign found = finding_data[7:0];
   assign length = finding_data[24:8];
   assign is_inline = finding_data[28];
   assign origin = finding_data[30:29];
   assign next_count = count$q + 32'h1;
   assign next_due = due$q + 64'h1;
   assign next_index = index$q + 3'h1;
   assign align$low = held$q;
   always @(*) begin
      align$high = payload_data;
      if (part$q == Part$Tail) begin
         align$high = 64'h0;
      end
   end
   assign align$offset = finding_data[27:25];
   assign keep$data = aligned$q;
   always @(*) begin
      keep$count = 4'h8;
      next_left = rest;
      if (left$q < k$word) begin
         keep$count = left$q[3:0];
         next_left = 17'h0;
      end
   end
   assign rest = left$q - k$word;
   assign engine$put = put;
   assign engine$word = word;
   assign address = ({3'h0, slot} << 3) | {3'h0, at};
   assign fingerprint = engine$value;
   assign closing = (part$q == Part$Settle) | (part$q == Part$Deliver);
   assign finished = count$q;
   assign seq = due$q;
   assign ring_length = k$one << ring_log2;
   assign mask = ring_length - 32'h1;
   assign ring_slot = count$q & wrap$q;
   assign offset = {32'h0, ring_slot} << 6;
   assign entry = ring_base + offset;
   assign fault_cause = cause$q;
   assign fault_address = culprit$q;
   assign fault_taken = origin != 2'h1;
   always @(posedge clock) begin
      part$q <= part$d;
      count$q <= count$d;
      due$q <= due$d;
      index$q <= index$d;
      left$q <= left$d;
      is_odd$q <= is_odd$d;
      held$q <= held$d;
      holding$q <= holding$d;
      aligned$q <= aligned$d;
      emitting$q <= emitting$d;
      stored$q <= stored$d;
      putting$q <= putting$d;
      blank$q <= blank$d;
      broken$q <= broken$d;
      wrap$q <= wrap$d;
      origin_entry$q <= origin_entry$d;
      cause$q <= cause$d;
      culprit$q <= culprit$d;
   end
endmodule

module redundancy_unit_3_lut_ram_64x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [63:0] write_data,
   input wire [3:0] address,
   output reg [63:0] data
);
   reg [63:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_waiting (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] put_data,
   output wire full,
   output wire valid,
   output wire [63:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h10;
   wire [3:0] next_head;
   wire [3:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [3:0] words$write_address;
   wire [63:0] words$write_data;
   wire [3:0] words$address;
   wire [63:0] words$data;
   reg [3:0] head$d;
   reg [3:0] head$q = 4'h0;
   reg [3:0] tail$d;
   reg [3:0] tail$q = 4'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_64x16 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 4'h0;
         tail$d = 4'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 4'h1;
   assign next_tail = tail$q + 4'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

// A lane: the port of one replica, from its ring to the fingerprints that wait for the vote.
// 
// Emitted once, instantiated once a replica. It fetches, examines and fingerprints up to `SLOTS` records at a
// time and is at most `1 << SKEW_LOG2` ahead of the vote. A fault locks it at the record that was due.
module redundancy_unit_3_lane (
   input wire clock,
   input wire reset,
   input wire power_reset,
   input wire [63:0] ring_base,
   input wire [4:0] ring_log2,
   input wire [63:0] window_base,
   input wire [63:0] window_limit,
   input wire [31:0] payload_max,
   input wire [2:0] max_read_request,
   input wire [31:0] generation,
   input wire start,
   input wire joining,
   input wire [63:0] start_seq,
   input wire stop,
   input wire reset_command,
   input wire timeout,
   input wire ring,
   input wire [31:0] ring_tail,
   output wire live,
   output wire locked,
   output wire dead,
   output wire [7:0] dead_cause,
   output wire lacks,
   output wire drained,
   output wire idle,
   output wire resetting,
   output wire clear_registers,
   output reg [3:0] state,
   output reg [7:0] cause,
   output wire [31:0] head,
   output wire [31:0] tail,
   output wire vote,
   output wire [63:0] vote_fingerprint,
   input wire vote_taken,
   output wire report,
   input wire report_taken,
   output wire [7:0] report_cause,
   output wire [63:0] report_address,
   output wire [63:0] report_seq,
   output wire [31:0] report_generation,
   output wire request,
   input wire request_taken,
   output wire [63:0] request_address,
   output wire [9:0] request_bytes,
   output wire [7:0] request_dws,
   output wire [6:0] request_words,
   output wire [3:0] request_first_enables,
   output wire [3:0] request_last_enables,
   output wire request_last,
   output wire ready,
   input wire word,
   input wire [63:0] word_data,
   input wire word_ends_request,
   input wire word_ends_job,
   input wire [7:0] word_fault
);
   localparam [16:0] entry_bytes$length = 17'b1000000;
   localparam [7:0] k$doorbell = 8'hf;
   localparam [7:0] k$timeout = 8'hcc;
   localparam [7:0] k$reset = 8'hf0;
   localparam [7:0] k$skew = 8'h10;
   localparam [31:0] k$one = 32'h1;
   wire halt;
   wire clear;
   wire active;
   wire fetched_one;
   wire [7:0] more_ahead;
   wire [7:0] less_ahead;
   wire [7:0] more_under_way;
   wire [7:0] less_under_way;
   reg [31:0] head_now;
   wire [31:0] next_head;
   wire [31:0] distance;
   wire lock;
   wire still;
   wire quiet;
   wire reset_done;
   wire fetch$clear;
   wire fetch$halt;
   wire fetch$room;
   wire [31:0] fetch$tail;
   wire [31:0] fetch$finished;
   wire [63:0] fetch$ring_base;
   wire [4:0] fetch$ring_log2;
   wire [63:0] fetch$window_base;
   wire [63:0] fetch$window_limit;
   wire fetch$job;
   wire fetch$job_taken;
   wire [63:0] fetch$job_address;
   wire [31:0] fetch$fetched;
   wire fetch$blocked;
   wire fetch$lacks;
   wire split$halt;
   wire [2:0] split$max_read_request;
   wire split$job;
   wire split$job_taken;
   reg [63:0] split$job_address;
   reg [16:0] split$job_length;
   wire split$request;
   wire split$request_taken;
   wire [63:0] split$address;
   wire [9:0] split$bytes;
   wire [7:0] split$dws;
   wire [6:0] split$words;
   wire [3:0] split$first_enables;
   wire [3:0] split$last_enables;
   wire split$last;
   wire intake$clear;
   wire intake$power_reset;
   wire intake$halt;
   wire intake$asked;
   wire intake$asked_payload;
   wire intake$word;
   wire [63:0] intake$word_data;
   wire intake$word_ends_request;
   wire intake$word_ends_job;
   wire [7:0] intake$word_fault;
   wire intake$ready;
   wire intake$request_over;
   wire [31:0] intake$arrived;
   wire [5:0] intake$address$0;
   wire [5:0] intake$address$1;
   wire [63:0] intake$data$0;
   wire [63:0] intake$data$1;
   wire [2:0] intake$status_slot;
   wire [7:0] intake$status;
   wire intake$payload;
   wire intake$payload_taken;
   wire [63:0] intake$payload_data;
   wire intake$payload_ends;
   wire [7:0] intake$payload_fault;
   wire examine$clear;
   wire examine$halt;
   wire [63:0] examine$start_seq;
   wire [31:0] examine$generation;
   wire [31:0] examine$payload_max;
   wire [63:0] examine$window_base;
   wire [63:0] examine$window_limit;
   wire [31:0] examine$fetched;
   wire examine$blocked;
   wire [31:0] examine$arrived;
   wire [5:0] examine$address;
   wire [63:0] examine$data;
   wire [2:0] examine$status_slot;
   wire [7:0] examine$status;
   wire examine$job;
   wire examine$job_taken;
   wire [63:0] examine$job_address;
   wire [16:0] examine$job_length;
   wire examine$finding;
   wire [31:0] examine$finding_data;
   wire examine$finding_taken;
   wire finish$clear;
   wire finish$halt;
   wire [63:0] finish$start_seq;
   wire [63:0] finish$ring_base;
   wire [4:0] finish$ring_log2;
   wire finish$finding;
   wire [31:0] finish$finding_data;
   wire finish$finding_taken;
   wire [5:0] finish$address;
   wire [63:0] finish$data;
   wire finish$payload;
   wire finish$payload_taken;
   wire [63:0] finish$payload_data;
   wire finish$payload_ends;
   wire [7:0] finish$payload_fault;
   wire finish$closing;
   wire finish$deliver;
   wire [63:0] finish$fingerprint;
   wire finish$fault;
   wire [7:0] finish$fault_cause;
   wire [63:0] finish$fault_address;
   wire finish$fault_taken;
   wire [31:0] finish$finished;
   wire [63:0] finish$seq;
   wire waiting$clear;
   wire waiting$put;
   wire [63:0] waiting$put_data;
   wire waiting$full;
   wire waiting$valid;
   wire [63:0] waiting$data;
   wire waiting$take;
   wire [7:0] waiting$count;
   reg is_live$d;
   reg is_live$q = 1'h0;
   reg is_locked$d;
   reg is_locked$q = 1'h0;
   reg is_dead$d;
   reg is_dead$q = 1'h0;
   reg [7:0] why$d;
   reg [7:0] why$q = 8'h0;
   reg [31:0] rung$d;
   reg [31:0] rung$q = 32'h0;
   reg rings$d;
   reg rings$q = 1'h0;
   reg [31:0] rings_for$d;
   reg [31:0] rings_for$q = 32'h0;
   reg weighed$d;
   reg weighed$q = 1'h0;
   reg [31:0] weighed_tail$d;
   reg [31:0] weighed_tail$q = 32'h0;
   reg too_far$d;
   reg too_far$q = 1'h0;
   reg closing$d;
   reg closing$q = 1'h0;
   reg without$d;
   reg without$q = 1'h0;
   reg halted$d;
   reg halted$q = 1'h0;
   reg [31:0] away$d;
   reg [31:0] away$q = 32'h0;
   reg [31:0] passed$d;
   reg [31:0] passed$q = 32'h0;
   reg [31:0] ring_length$d;
   reg [31:0] ring_length$q = 32'h0;
   reg taken_entry$d;
   reg taken_entry$q = 1'h0;
   reg [7:0] ahead$d;
   reg [7:0] ahead$q = 8'h0;
   reg [7:0] under_way$d;
   reg [7:0] under_way$q = 8'h0;
   reg lock_waits$d;
   reg lock_waits$q = 1'h0;
   reg [7:0] lock_cause$d;
   reg [7:0] lock_cause$q = 8'h0;
   reg [63:0] lock_address$d;
   reg [63:0] lock_address$q = 64'h0;
   reg in_reset$d;
   reg in_reset$q = 1'h0;
   reg logging$d;
   reg logging$q = 1'h0;
   reg [7:0] log_cause$d;
   reg [7:0] log_cause$q = 8'h0;
   reg [63:0] log_address$d;
   reg [63:0] log_address$q = 64'h0;
   reg [63:0] log_seq$d;
   reg [63:0] log_seq$q = 64'h0;
   reg [31:0] log_generation$d;
   reg [31:0] log_generation$q = 32'h0;
   redundancy_unit_3_fetch fetch (
      .clock(clock),
      .clear(fetch$clear),
      .halt(fetch$halt),
      .room(fetch$room),
      .tail(fetch$tail),
      .finished(fetch$finished),
      .ring_base(fetch$ring_base),
      .ring_log2(fetch$ring_log2),
      .window_base(fetch$window_base),
      .window_limit(fetch$window_limit),
      .job(fetch$job),
      .job_taken(fetch$job_taken),
      .job_address(fetch$job_address),
      .fetched(fetch$fetched),
      .blocked(fetch$blocked),
      .lacks(fetch$lacks)
   );
   redundancy_unit_3_split split (
      .clock(clock),
      .halt(split$halt),
      .max_read_request(split$max_read_request),
      .job(split$job),
      .job_taken(split$job_taken),
      .job_address(split$job_address),
      .job_length(split$job_length),
      .request(split$request),
      .request_taken(split$request_taken),
      .address(split$address),
      .bytes(split$bytes),
      .dws(split$dws),
      .words(split$words),
      .first_enables(split$first_enables),
      .last_enables(split$last_enables),
      .last(split$last)
   );
   redundancy_unit_3_intake intake (
      .clock(clock),
      .clear(intake$clear),
      .power_reset(intake$power_reset),
      .halt(intake$halt),
      .asked(intake$asked),
      .asked_payload(intake$asked_payload),
      .word(intake$word),
      .word_data(intake$word_data),
      .word_ends_request(intake$word_ends_request),
      .word_ends_job(intake$word_ends_job),
      .word_fault(intake$word_fault),
      .ready(intake$ready),
      .request_over(intake$request_over),
      .arrived(intake$arrived),
      .address$0(intake$address$0),
      .address$1(intake$address$1),
      .data$0(intake$data$0),
      .data$1(intake$data$1),
      .status_slot(intake$status_slot),
      .status(intake$status),
      .payload(intake$payload),
      .payload_taken(intake$payload_taken),
      .payload_data(intake$payload_data),
      .payload_ends(intake$payload_ends),
      .payload_fault(intake$payload_fault)
   );
   redundancy_unit_3_examine examine (
      .clock(clock),
      .clear(examine$clear),
      .halt(examine$halt),
      .start_seq(examine$start_seq),
      .generation(examine$generation),
      .payload_max(examine$payload_max),
      .window_base(examine$window_base),
      .window_limit(examine$window_limit),
      .fetched(examine$fetched),
      .blocked(examine$blocked),
      .arrived(examine$arrived),
      .address(examine$address),
      .data(examine$data),
      .status_slot(examine$status_slot),
      .status(examine$status),
      .job(examine$job),
      .job_taken(examine$job_taken),
      .job_address(examine$job_address),
      .job_length(examine$job_length),
      .finding(examine$finding),
      .finding_data(examine$finding_data),
      .finding_taken(examine$finding_taken)
   );
   redundancy_unit_3_finish finish (
      .clock(clock),
      .clear(finish$clear),
      .halt(finish$halt),
      .start_seq(finish$start_seq),
      .ring_base(finish$ring_base),
      .ring_log2(finish$ring_log2),
      .finding(finish$finding),
      .finding_data(finish$finding_data),
      .finding_taken(finish$finding_taken),
      .address(finish$address),
      .data(finish$data),
      .payload(finish$payload),
      .payload_taken(finish$payload_taken),
      .payload_data(finish$payload_data),
      .payload_ends(finish$payload_ends),
      .payload_fault(finish$payload_fault),
      .closing(finish$closing),
      .deliver(finish$deliver),
      .fingerprint(finish$fingerprint),
      .fault(finish$fault),
      .fault_cause(finish$fault_cause),
      .fault_address(finish$fault_address),
      .fault_taken(finish$fault_taken),
      .finished(finish$finished),
      .seq(finish$seq)
   );
   redundancy_unit_3_waiting waiting (
      .clock(clock),
      .clear(waiting$clear),
      .put(waiting$put),
      .put_data(waiting$put_data),
      .full(waiting$full),
      .valid(waiting$valid),
      .data(waiting$data),
      .take(waiting$take),
      .count(waiting$count)
   );
   always @(*) begin
      is_live$d = is_live$q;
      is_locked$d = is_locked$q;
      is_dead$d = is_dead$q;
      why$d = why$q;
      rung$d = rung$q;
      taken_entry$d = taken_entry$q;
      ahead$d = ahead$q;
      lock_waits$d = lock_waits$q;
      lock_cause$d = lock_cause$q;
      lock_address$d = lock_address$q;
      in_reset$d = in_reset$q;
      logging$d = logging$q;
      log_cause$d = log_cause$q;
      log_address$d = log_address$q;
      log_seq$d = log_seq$q;
      log_generation$d = log_generation$q;
      rings$d = rings$q;
      weighed$d = weighed$q;
      without$d = without$q;
      passed$d = passed$q;
      if (fetched_one & (~vote_taken)) begin
         ahead$d = more_ahead;
      end
      if ((~fetched_one) & vote_taken) begin
         ahead$d = less_ahead;
      end
      passed$d = head_now;
      rings$d = ring;
      weighed$d = rings$q;
      if ((weighed$q & active) & (~too_far$q)) begin
         rung$d = weighed_tail$q;
      end
      if (active & (~lock_waits$q)) begin
         if (weighed$q & too_far$q) begin
            lock_waits$d = 1'h1;
            lock_cause$d = k$doorbell;
            lock_address$d = {32'h0, weighed_tail$q};
         end else if (timeout) begin
            lock_waits$d = 1'h1;
            lock_cause$d = k$timeout;
            lock_address$d = 64'h0;
         end else if (reset_command) begin
            lock_waits$d = 1'h1;
            lock_cause$d = k$reset;
            lock_address$d = 64'h0;
         end
      end
      if (report_taken) begin
         logging$d = 1'h0;
      end
      if (lock) begin
         is_locked$d = 1'h1;
         is_dead$d = 1'h1;
         lock_waits$d = 1'h0;
         logging$d = 1'h1;
         log_seq$d = finish$seq;
         log_generation$d = generation;
         why$d = lock_cause$q;
         log_cause$d = lock_cause$q;
         log_address$d = lock_address$q;
         if (finish$fault) begin
            why$d = finish$fault_cause;
            log_cause$d = finish$fault_cause;
            log_address$d = finish$fault_address;
            taken_entry$d = finish$fault_taken;
         end
      end
      if (reset_command) begin
         in_reset$d = 1'h1;
      end
      if (reset_done) begin
         in_reset$d = reset_command;
         is_live$d = 1'h0;
         is_locked$d = 1'h0;
      end
      without$d = (active & fetch$lacks) & (fetch$fetched[3:0] == finish$finished[3:0]);
      if (start) begin
         is_live$d = joining;
         is_dead$d = 1'h0;
         rung$d = 32'h0;
         rings$d = 1'h0;
         weighed$d = 1'h0;
         without$d = 1'h0;
         passed$d = 32'h0;
         taken_entry$d = 1'h0;
         ahead$d = 8'h0;
      end
      if (reset) begin
         is_live$d = 1'h0;
         is_locked$d = 1'h0;
         is_dead$d = 1'h0;
         rung$d = 32'h0;
         rings$d = 1'h0;
         weighed$d = 1'h0;
         without$d = 1'h0;
         passed$d = 32'h0;
         taken_entry$d = 1'h0;
         ahead$d = 8'h0;
         lock_waits$d = 1'h0;
         in_reset$d = 1'h0;
         logging$d = 1'h0;
      end
   end
   always @(*) begin
      under_way$d = under_way$q;
      if (request_taken & (~intake$request_over)) begin
         under_way$d = more_under_way;
      end
      if ((~request_taken) & intake$request_over) begin
         under_way$d = less_under_way;
      end
      if (power_reset) begin
         under_way$d = 8'h0;
      end
   end
   always @(*) begin
      rings_for$d = rings_for$q;
      rings_for$d = ring_tail;
   end
   always @(*) begin
      weighed_tail$d = weighed_tail$q;
      weighed_tail$d = rings_for$q;
   end
   always @(*) begin
      too_far$d = too_far$q;
      too_far$d = away$q > ring_length$q;
   end
   always @(*) begin
      closing$d = closing$q;
      closing$d = reset_done;
   end
   always @(*) begin
      halted$d = halted$q;
      halted$d = halt & (~start);
   end
   always @(*) begin
      away$d = away$q;
      away$d = distance;
   end
   always @(*) begin
      ring_length$d = ring_length$q;
      ring_length$d = k$one << ring_log2;
   end
   assign active = is_live$q & (~is_locked$q);
   assign halt = ((stop | reset) | (~active)) | in_reset$q;
   assign clear = start | reset;
   assign fetch$clear = clear;
   assign fetch$halt = halted$q;
   assign fetch$room = ahead$q < k$skew;
   assign fetch$tail = rung$q;
   assign fetch$finished = finish$finished;
   assign fetch$ring_base = ring_base;
   assign fetch$ring_log2 = ring_log2;
   assign fetch$window_base = window_base;
   assign fetch$window_limit = window_limit;
   assign fetch$job_taken = split$job_taken & (~examine$job);
   assign split$halt = halted$q;
   assign split$max_read_request = max_read_request;
   assign split$job = examine$job | fetch$job;
   always @(*) begin
      split$job_address = fetch$job_address;
      split$job_length = entry_bytes$length;
      if (examine$job) begin
         split$job_address = examine$job_address;
         split$job_length = examine$job_length;
      end
   end
   assign split$request_taken = request_taken;
   assign request = split$request;
   assign request_address = split$address;
   assign request_bytes = split$bytes;
   assign request_dws = split$dws;
   assign request_words = split$words;
   assign request_first_enables = split$first_enables;
   assign request_last_enables = split$last_enables;
   assign request_last = split$last;
   assign intake$clear = clear;
   assign intake$power_reset = power_reset;
   assign intake$halt = halted$q;
   assign intake$asked = split$job_taken;
   assign intake$asked_payload = examine$job;
   assign intake$word = word;
   assign intake$word_data = word_data;
   assign intake$word_ends_request = word_ends_request;
   assign intake$word_ends_job = word_ends_job;
   assign intake$word_fault = word_fault;
   assign ready = intake$ready;
   assign intake$address$0 = examine$address;
   assign intake$address$1 = finish$address;
   assign intake$status_slot = examine$status_slot;
   assign intake$payload_taken = finish$payload_taken & intake$payload;
   assign examine$clear = clear;
   assign examine$halt = halted$q;
   assign examine$start_seq = start_seq;
   assign examine$generation = generation;
   assign examine$payload_max = payload_max;
   assign examine$window_base = window_base;
   assign examine$window_limit = window_limit;
   assign examine$fetched = fetch$fetched;
   assign examine$blocked = fetch$blocked;
   assign examine$arrived = intake$arrived;
   assign examine$data = intake$data$0;
   assign examine$status = intake$status;
   assign examine$job_taken = split$job_taken & examine$job;
   assign examine$finding_taken = finish$finding_taken;
   assign finish$clear = clear;
   assign finish$halt = halt;
   assign finish$start_seq = start_seq;
   assign finish$ring_base = ring_base;
   assign finish$ring_log2 = ring_log2;
   assign finish$finding = examine$finding;
   assign finish$finding_data = examine$finding_data;
   assign finish$data = intake$data$1;
   assign finish$payload = intake$payload;
   assign finish$payload_data = intake$payload_data;
   assign finish$payload_ends = intake$payload_ends;
   assign finish$payload_fault = intake$payload_fault;
   assign waiting$clear = clear;
   assign waiting$put = finish$deliver;
   assign waiting$put_data = finish$fingerprint;
   assign waiting$take = vote_taken;
   assign vote = waiting$valid;
   assign vote_fingerprint = waiting$data;
   assign fetched_one = (fetch$job & split$job_taken) & (~examine$job);
   assign more_ahead = ahead$q + 8'h1;
   assign less_ahead = ahead$q - 8'h1;
   assign more_under_way = under_way$q + 8'h1;
   assign less_under_way = under_way$q - 8'h1;
   assign next_head = finish$finished + 32'h1;
   always @(*) begin
      head_now = finish$finished;
      if (taken_entry$q) begin
         head_now = next_head;
      end
   end
   assign distance = ring_tail - passed$q;
   assign lock = active & (finish$fault | (lock_waits$q & (~finish$closing)));
   assign still = halted$q & (under_way$q == 8'h0);
   assign quiet = (still & (~lock_waits$q)) & (~logging$q);
   assign reset_done = (in_reset$q & quiet) & (~active);
   assign clear_registers = closing$q;
   assign live = active;
   assign locked = is_locked$q;
   assign dead = is_dead$q;
   assign dead_cause = why$q;
   assign lacks = without$q;
   assign drained = quiet & (~in_reset$q);
   assign idle = still;
   assign resetting = in_reset$q;
   always @(*) begin
      state = 4'h0;
      cause = 8'h0;
      if (is_locked$q) begin
         state = 4'h2;
         cause = why$q;
      end else if (is_live$q) begin
         state = 4'h1;
      end
   end
   assign head = passed$q;
   assign tail = rung$q;
   assign report = logging$q;
   assign report_cause = log_cause$q;
   assign report_address = log_address$q;
   assign report_seq = log_seq$q;
   assign report_generation = log_generation$q;
   always @(posedge clock) begin
      is_live$q <= is_live$d;
      is_locked$q <= is_locked$d;
      is_dead$q <= is_dead$d;
      why$q <= why$d;
      rung$q <= rung$d;
      rings$q <= rings$d;
      rings_for$q <= rings_for$d;
      weighed$q <= weighed$d;
      weighed_tail$q <= weighed_tail$d;
      too_far$q <= too_far$d;
      closing$q <= closing$d;
      without$q <= without$d;
      halted$q <= halted$d;
      away$q <= away$d;
      passed$q <= passed$d;
      ring_length$q <= ring_length$d;
      taken_entry$q <= taken_entry$d;
      ahead$q <= ahead$d;
      under_way$q <= under_way$d;
      lock_waits$q <= lock_waits$d;
      lock_cause$q <= lock_cause$d;
      lock_address$q <= lock_address$d;
      in_reset$q <= in_reset$d;
      logging$q <= logging$d;
      log_cause$q <= log_cause$d;
      log_address$q <= log_address$d;
      log_seq$q <= log_seq$d;
      log_generation$q <= log_generation$d;
   end
endmodule

module redundancy_unit_3_block_ram_32x1024 (
   input wire clock,
   input wire write,
   input wire [9:0] write_address,
   input wire [31:0] write_data,
   input wire [9:0] address,
   output reg [31:0] data
);
   reg [31:0] words [0:1023];
   integer i;
   initial for (i = 0; i < 1024; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   initial data = 0;
   always @(posedge clock) data <= words[address];
endmodule

module redundancy_unit_3_lut_ram_27x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [26:0] write_data,
   input wire [3:0] address,
   output reg [26:0] data
);
   reg [26:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_lut_ram_26x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [25:0] write_data,
   input wire [3:0] address,
   output reg [25:0] data
);
   reg [25:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_lut_ram_3_8x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [7:0] write_data,
   input wire [3:0] address,
   output reg [7:0] data,
   input wire [3:0] second_address,
   output reg [7:0] second_data,
   input wire [3:0] third_address,
   output reg [7:0] third_data
);
   reg [7:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
   always @(*) second_data = words[second_address];
   always @(*) third_data = words[third_address];
endmodule

// Takes completions off `rx_cpl`, checks each against its request and puts the payload in place.
// 
// Every tag owns 512 bytes of the buffer; a DW lies where its address says, so completions may be cut at any DW and
// come in any order between tags. Four stages: look the tag up, judge the header, write, judge the end. Nothing here ever
// waits.
module redundancy_unit_3_reassembly (
   input wire clock,
   input wire reset,
   input wire valid,
   input wire [63:0] data,
   input wire [1:0] keep,
   input wire last,
   input wire [15:0] requester_id,
   input wire start,
   input wire [3:0] start_tag,
   input wire [8:0] start_offset,
   input wire [9:0] start_bytes,
   input wire [7:0] start_dws,
   input wire [15:0] busy,
   input wire [15:0] quarantined,
   output wire [15:0] done,
   output wire [15:0] begun,
   output wire late,
   input wire [3:0] look$0,
   input wire [3:0] look$1,
   input wire [3:0] look$2,
   output wire [7:0] progress$0,
   output wire [7:0] progress$1,
   output wire [7:0] progress$2,
   output wire [7:0] status$0,
   output wire [7:0] status$1,
   output wire [7:0] status$2,
   input wire [9:0] read_address,
   output wire [63:0] read_data
);
   localparam [7:0] k$refused = 8'h99;
   localparam [7:0] k$poisoned = 8'ha5;
   localparam [7:0] k$malformed = 8'hc3;
   localparam [15:0] k$one = 16'h1;
   localparam [25:0] k$poison_flag = 26'h2000000;
   localparam [1:0] Position$First = 2'd0;
   localparam [1:0] Position$Second = 2'd1;
   localparam [1:0] Position$Payload = 2'd2;
   wire [15:0] hit;
   wire [15:0] busy_hit;
   wire [15:0] stale_hit;
   wire [15:0] pending_hit;
   wire id_matches;
   wire is_completion;
   wire [31:0] low1;
   wire [9:0] length;
   wire [10:0] span;
   wire [7:0] next_dws;
   wire [10:0] taken_bytes;
   wire [10:0] remaining;
   wire is_final;
   wire [25:0] left2;
   wire fits;
   wire [7:0] next_dw;
   wire [6:0] want_lower;
   wire judging;
   wire poisoned;
   wire [31:0] low_dw;
   wire [31:0] high_dw;
   reg [31:0] first_dw;
   reg [1:0] offered;
   reg [1:0] written;
   wire [7:0] after;
   wire [7:0] rest;
   wire [1:0] extra;
   wire [5:0] place;
   wire [5:0] next_cell;
   wire [9:0] base;
   wire [9:0] here;
   wire [9:0] beyond;
   wire working;
   wire ends;
   wire wrong_size;
   wire finish;
   reg [7:0] outcome;
   reg [15:0] mark3;
   wire [15:0] mark4;
   reg [15:0] mark2;
   reg [15:0] mark_start;
   reg even$write;
   reg [9:0] even$write_address;
   reg [31:0] even$write_data;
   wire [9:0] even$address;
   wire [31:0] even$data;
   reg odd$write;
   wire [9:0] odd$write_address;
   reg [31:0] odd$write_data;
   wire [9:0] odd$address;
   wire [31:0] odd$data;
   wire asked$write;
   wire [3:0] asked$write_address;
   wire [26:0] asked$write_data;
   wire [3:0] asked$address;
   wire [26:0] asked$data;
   wire pending$write;
   wire [3:0] pending$write_address;
   reg [25:0] pending$write_data;
   wire [3:0] pending$address;
   wire [25:0] pending$data;
   wire filled$write;
   wire [3:0] filled$write_address;
   wire [7:0] filled$write_data;
   wire [3:0] filled$address;
   wire [7:0] filled$data;
   wire [3:0] filled$second_address;
   wire [7:0] filled$second_data;
   wire [3:0] filled$third_address;
   wire [7:0] filled$third_data;
   wire judged$write;
   wire [3:0] judged$write_address;
   wire [7:0] judged$write_data;
   wire [3:0] judged$address;
   wire [7:0] judged$data;
   wire [3:0] judged$second_address;
   wire [7:0] judged$second_data;
   wire [3:0] judged$third_address;
   wire [7:0] judged$third_data;
   reg [15:0] done_mask$d;
   reg [15:0] done_mask$q = 16'h0;
   reg [15:0] begun_mask$d;
   reg [15:0] begun_mask$q = 16'h0;
   reg [15:0] pending_mask$d;
   reg [15:0] pending_mask$q = 16'h0;
   reg [1:0] position$d;
   reg [1:0] position$q = 2'h0;
   reg valid1$d;
   reg valid1$q = 1'h0;
   reg [63:0] data1$d;
   reg [63:0] data1$q = 64'h0;
   reg [1:0] keep1$d;
   reg [1:0] keep1$q = 2'h0;
   reg last1$d;
   reg last1$q = 1'h0;
   reg [31:0] dw0$d;
   reg [31:0] dw0$q = 32'h0;
   reg [31:0] dw1$d;
   reg [31:0] dw1$q = 32'h0;
   reg valid2$d;
   reg valid2$q = 1'h0;
   reg [63:0] data2$d;
   reg [63:0] data2$q = 64'h0;
   reg [1:0] keep2$d;
   reg [1:0] keep2$q = 2'h0;
   reg last2$d;
   reg last2$q = 1'h0;
   reg first2$d;
   reg first2$q = 1'h0;
   reg second2$d;
   reg second2$q = 1'h0;
   reg [3:0] tag2$d;
   reg [3:0] tag2$q = 4'h0;
   reg [6:0] lower2$d;
   reg [6:0] lower2$q = 7'h0;
   reg known2$d;
   reg known2$q = 1'h0;
   reg stale2$d;
   reg stale2$q = 1'h0;
   reg [9:0] want_bytes2$d;
   reg [9:0] want_bytes2$q = 10'h0;
   reg [7:0] want_dws2$d;
   reg [7:0] want_dws2$q = 8'h0;
   reg [6:0] want_dw2$d;
   reg [6:0] want_dw2$q = 7'h0;
   reg [1:0] want_low2$d;
   reg [1:0] want_low2$q = 2'h0;
   reg was_poisoned2$d;
   reg was_poisoned2$q = 1'h0;
   reg [31:0] head2$d;
   reg [31:0] head2$q = 32'h0;
   reg [15:0] count2$d;
   reg [15:0] count2$q = 16'h0;
   reg valid3$d;
   reg valid3$q = 1'h0;
   reg [63:0] data3$d;
   reg [63:0] data3$q = 64'h0;
   reg [1:0] keep3$d;
   reg [1:0] keep3$q = 2'h0;
   reg last3$d;
   reg last3$q = 1'h0;
   reg first3$d;
   reg first3$q = 1'h0;
   reg second3$d;
   reg second3$q = 1'h0;
   reg [3:0] tag3$d;
   reg [3:0] tag3$q = 4'h0;
   reg active3$d;
   reg active3$q = 1'h0;
   reg [7:0] verdict3$d;
   reg [7:0] verdict3$q = 8'h0;
   reg over3$d;
   reg over3$q = 1'h0;
   reg poison3$d;
   reg poison3$q = 1'h0;
   reg [7:0] pointer3$d;
   reg [7:0] pointer3$q = 8'h0;
   reg [7:0] to_go3$d;
   reg [7:0] to_go3$q = 8'h0;
   reg digest3$d;
   reg digest3$q = 1'h0;
   reg ended4$d;
   reg ended4$q = 1'h0;
   reg [3:0] tag4$d;
   reg [3:0] tag4$q = 4'h0;
   reg [7:0] verdict4$d;
   reg [7:0] verdict4$q = 8'h0;
   reg over4$d;
   reg over4$q = 1'h0;
   reg poison4$d;
   reg poison4$q = 1'h0;
   reg [7:0] rest4$d;
   reg [7:0] rest4$q = 8'h0;
   reg excess4$d;
   reg excess4$q = 1'h0;
   redundancy_unit_3_block_ram_32x1024 even (
      .clock(clock),
      .write(even$write),
      .write_address(even$write_address),
      .write_data(even$write_data),
      .address(even$address),
      .data(even$data)
   );
   redundancy_unit_3_block_ram_32x1024 odd (
      .clock(clock),
      .write(odd$write),
      .write_address(odd$write_address),
      .write_data(odd$write_data),
      .address(odd$address),
      .data(odd$data)
   );
   redundancy_unit_3_lut_ram_27x16 asked (
      .clock(clock),
      .write(asked$write),
      .write_address(asked$write_address),
      .write_data(asked$write_data),
      .address(asked$address),
      .data(asked$data)
   );
   redundancy_unit_3_lut_ram_26x16 pending (
      .clock(clock),
      .write(pending$write),
      .write_address(pending$write_address),
      .write_data(pending$write_data),
      .address(pending$address),
      .data(pending$data)
   );
   redundancy_unit_3_lut_ram_3_8x16 filled (
      .clock(clock),
      .write(filled$write),
      .write_address(filled$write_address),
      .write_data(filled$write_data),
      .address(filled$address),
      .data(filled$data),
      .second_address(filled$second_address),
      .second_data(filled$second_data),
      .third_address(filled$third_address),
      .third_data(filled$third_data)
   );
   redundancy_unit_3_lut_ram_3_8x16 judged (
      .clock(clock),
      .write(judged$write),
      .write_address(judged$write_address),
      .write_data(judged$write_data),
      .address(judged$address),
      .data(judged$data),
      .second_address(judged$second_address),
      .second_data(judged$second_data),
      .third_address(judged$third_address),
      .third_data(judged$third_data)
   );
   always @(*) begin
      done_mask$d = done_mask$q;
      begun_mask$d = begun_mask$q;
      pending_mask$d = pending_mask$q;
      position$d = position$q;
      valid1$d = valid1$q;
      dw0$d = dw0$q;
      dw1$d = dw1$q;
      valid2$d = valid2$q;
      valid3$d = valid3$q;
      tag3$d = tag3$q;
      active3$d = active3$q;
      verdict3$d = verdict3$q;
      over3$d = over3$q;
      poison3$d = poison3$q;
      pointer3$d = pointer3$q;
      to_go3$d = to_go3$q;
      digest3$d = digest3$q;
      ended4$d = ended4$q;
      valid1$d = valid;
      if (valid1$q) begin
         if (last1$q) begin
            position$d = Position$First;
         end else if (position$q == Position$First) begin
            position$d = Position$Second;
         end else begin
            position$d = Position$Payload;
         end
         if (position$q == Position$First) begin
            dw0$d = low1;
            dw1$d = data1$q[63:32];
         end
      end
      valid2$d = valid1$q;
      valid3$d = valid2$q;
      if (working) begin
         pointer3$d = after;
         to_go3$d = rest;
         if (extra == 2'h1) begin
            digest3$d = 1'h0;
         end
      end
      ended4$d = ends;
      if (judging) begin
         active3$d = known2$q;
         tag3$d = tag2$q;
         pointer3$d = {1'h0, want_dw2$q};
         to_go3$d = length[7:0];
         digest3$d = head2$q[15];
         poison3$d = poisoned;
         over3$d = is_final;
         verdict3$d = 8'h0;
         if (count2$q[15:13] != 3'h0) begin
            verdict3$d = k$refused;
            to_go3$d = 8'h0;
         end else if (~fits) begin
            verdict3$d = k$malformed;
            to_go3$d = 8'h0;
         end
      end
      pending_mask$d = (pending_mask$q | mark2) & (~mark_start);
      begun_mask$d = (begun_mask$q | mark3) & (~mark_start);
      done_mask$d = done_mask$q & (~mark_start);
      if (finish) begin
         done_mask$d = (done_mask$q | mark4) & (~mark_start);
      end
      if (reset) begin
         position$d = Position$First;
         valid1$d = 1'h0;
         valid2$d = 1'h0;
         valid3$d = 1'h0;
         active3$d = 1'h0;
         ended4$d = 1'h0;
         done_mask$d = 16'h0;
         begun_mask$d = 16'h0;
         pending_mask$d = 16'h0;
      end
   end
   always @(*) begin
      data1$d = data1$q;
      data1$d = data;
   end
   always @(*) begin
      keep1$d = keep1$q;
      keep1$d = keep;
   end
   always @(*) begin
      last1$d = last1$q;
      last1$d = last;
   end
   always @(*) begin
      data2$d = data2$q;
      data2$d = data1$q;
   end
   always @(*) begin
      keep2$d = keep2$q;
      keep2$d = keep1$q;
   end
   always @(*) begin
      last2$d = last2$q;
      last2$d = last1$q;
   end
   always @(*) begin
      first2$d = first2$q;
      first2$d = position$q == Position$First;
   end
   always @(*) begin
      second2$d = second2$q;
      second2$d = position$q == Position$Second;
   end
   always @(*) begin
      tag2$d = tag2$q;
      lower2$d = lower2$q;
      known2$d = known2$q;
      stale2$d = stale2$q;
      want_bytes2$d = want_bytes2$q;
      want_dws2$d = want_dws2$q;
      want_dw2$d = want_dw2$q;
      want_low2$d = want_low2$q;
      was_poisoned2$d = was_poisoned2$q;
      head2$d = head2$q;
      count2$d = count2$q;
      if (valid1$q & (position$q == Position$Second)) begin
         head2$d = dw0$q;
         count2$d = dw1$q[15:0];
         tag2$d = low1[11:8];
         lower2$d = low1[6:0];
         known2$d = ((|busy_hit) & id_matches) & is_completion;
         stale2$d = ((|stale_hit) & id_matches) & is_completion;
         want_bytes2$d = asked$data[18:9];
         want_dws2$d = asked$data[26:19];
         want_dw2$d = asked$data[8:2];
         want_low2$d = asked$data[1:0];
         was_poisoned2$d = 1'h0;
         if (|pending_hit) begin
            want_bytes2$d = pending$data[9:0];
            want_dw2$d = pending$data[16:10];
            want_dws2$d = pending$data[24:17];
            want_low2$d = 2'h0;
            was_poisoned2$d = pending$data[25];
         end
      end
   end
   always @(*) begin
      data3$d = data3$q;
      data3$d = data2$q;
   end
   always @(*) begin
      keep3$d = keep3$q;
      keep3$d = keep2$q;
   end
   always @(*) begin
      last3$d = last3$q;
      last3$d = last2$q;
   end
   always @(*) begin
      first3$d = first3$q;
      first3$d = first2$q;
   end
   always @(*) begin
      second3$d = second3$q;
      second3$d = second2$q;
   end
   always @(*) begin
      tag4$d = tag4$q;
      tag4$d = tag3$q;
   end
   always @(*) begin
      verdict4$d = verdict4$q;
      verdict4$d = verdict3$q;
   end
   always @(*) begin
      over4$d = over4$q;
      over4$d = over3$q;
   end
   always @(*) begin
      poison4$d = poison4$q;
      poison4$d = poison3$q;
   end
   always @(*) begin
      rest4$d = rest4$q;
      rest4$d = rest;
   end
   always @(*) begin
      excess4$d = excess4$q;
      excess4$d = (extra == 2'h2) | ((extra == 2'h1) & (~digest3$q));
   end
   assign asked$write = start;
   assign asked$write_address = start_tag;
   assign asked$write_data = ({18'h0, start_offset} | ({17'h0, start_bytes} << 9)) | ({19'h0, start_dws} << 19);
   always @(*) begin
      mark_start = 16'h0;
      if (start) begin
         mark_start = k$one << start_tag;
      end
   end
   assign low1 = data1$q[31:0];
   assign asked$address = low1[11:8];
   assign pending$address = low1[11:8];
   assign hit = k$one << low1[11:8];
   assign busy_hit = hit & busy;
   assign stale_hit = hit & quarantined;
   assign pending_hit = hit & pending_mask$q;
   assign id_matches = (low1[31:16] == requester_id) & (low1[15:12] == 4'h0);
   assign is_completion = (dw0$q[29:24] == 6'ha) & (~dw0$q[31]);
   assign judging = valid2$q & second2$q;
   assign length = head2$q[9:0];
   assign poisoned = head2$q[14] | was_poisoned2$q;
   assign span = {1'h0, want_bytes2$q} + {9'h0, want_low2$q};
   assign is_final = {2'h0, want_dws2$q} == length;
   assign next_dws = want_dws2$q - length[7:0];
   assign taken_bytes = {1'h0, length} << 2;
   assign remaining = span - taken_bytes;
   assign next_dw = {1'h0, want_dw2$q} + length[7:0];
   assign want_lower = ({2'h0, want_dw2$q[4:0]} << 2) | {5'h0, want_low2$q};
   assign fits = ((((length <= {2'h0, want_dws2$q}) & (length != 10'h0)) & (count2$q[11:0] == {2'h0, want_bytes2$q})) & (lower2$q == want_lower)) & head2$q[30];
   assign pending$write = judging;
   assign pending$write_address = tag2$q;
   assign left2 = ({16'h0, remaining[9:0]} | ({19'h0, next_dw[6:0]} << 10)) | ({18'h0, next_dws} << 17);
   always @(*) begin
      pending$write_data = left2;
      if (poisoned) begin
         pending$write_data = left2 | k$poison_flag;
      end
   end
   always @(*) begin
      mark2 = 16'h0;
      if (judging & known2$q) begin
         mark2 = k$one << tag2$q;
      end
   end
   assign late = judging & stale2$q;
   assign low_dw = data3$q[31:0];
   assign high_dw = data3$q[63:32];
   always @(*) begin
      first_dw = low_dw;
      offered = 2'h1;
      if (second3$q) begin
         first_dw = high_dw;
         if (~keep3$q[1]) begin
            offered = 2'h0;
         end
      end else if (keep3$q[1]) begin
         offered = 2'h2;
      end
   end
   assign working = (valid3$q & (~first3$q)) & active3$q;
   always @(*) begin
      written = offered;
      if (to_go3$q < {6'h0, offered}) begin
         written = to_go3$q[1:0];
      end
   end
   assign extra = offered - written;
   assign after = pointer3$q + {6'h0, written};
   assign rest = to_go3$q - {6'h0, written};
   assign place = pointer3$q[6:1];
   assign next_cell = place + 6'h1;
   assign base = {6'h0, tag3$q} << 6;
   assign here = base | {4'h0, place};
   assign beyond = base | {4'h0, next_cell};
   always @(*) begin
      even$write = 1'h0;
      odd$write = 1'h0;
      even$write_address = here;
      even$write_data = first_dw;
      odd$write_data = high_dw;
      if (pointer3$q[0]) begin
         even$write_address = beyond;
         even$write_data = high_dw;
         odd$write_data = first_dw;
         odd$write = working & (written != 2'h0);
         even$write = working & (written == 2'h2);
      end else begin
         even$write = working & (written != 2'h0);
         odd$write = working & (written == 2'h2);
      end
   end
   assign odd$write_address = here;
   assign even$address = read_address;
   assign odd$address = read_address;
   assign read_data = {32'h0, even$data} | ({32'h0, odd$data} << 32);
   assign ends = working & last3$q;
   assign wrong_size = (rest4$q != 8'h0) | excess4$q;
   always @(*) begin
      outcome = verdict4$q;
      if ((verdict4$q == 8'h0) & wrong_size) begin
         outcome = k$malformed;
      end else if (((verdict4$q == 8'h0) & poison4$q) & over4$q) begin
         outcome = k$poisoned;
      end
   end
   assign finish = ended4$q & ((over4$q | wrong_size) | (verdict4$q != 8'h0));
   assign filled$write = working;
   assign filled$write_address = tag3$q;
   assign filled$write_data = after;
   assign judged$write = finish;
   assign judged$write_address = tag4$q;
   assign judged$write_data = outcome;
   always @(*) begin
      mark3 = 16'h0;
      if (working) begin
         mark3 = k$one << tag3$q;
      end
   end
   assign mark4 = k$one << tag4$q;
   assign done = done_mask$q;
   assign begun = begun_mask$q;
   assign filled$address = look$0;
   assign filled$second_address = look$1;
   assign filled$third_address = look$2;
   assign judged$address = look$0;
   assign judged$second_address = look$1;
   assign judged$third_address = look$2;
   assign progress$0 = filled$data;
   assign progress$1 = filled$second_data;
   assign progress$2 = filled$third_data;
   assign status$0 = judged$data;
   assign status$1 = judged$second_data;
   assign status$2 = judged$third_data;
   always @(posedge clock) begin
      done_mask$q <= done_mask$d;
      begun_mask$q <= begun_mask$d;
      pending_mask$q <= pending_mask$d;
      position$q <= position$d;
      valid1$q <= valid1$d;
      data1$q <= data1$d;
      keep1$q <= keep1$d;
      last1$q <= last1$d;
      dw0$q <= dw0$d;
      dw1$q <= dw1$d;
      valid2$q <= valid2$d;
      data2$q <= data2$d;
      keep2$q <= keep2$d;
      last2$q <= last2$d;
      first2$q <= first2$d;
      second2$q <= second2$d;
      tag2$q <= tag2$d;
      lower2$q <= lower2$d;
      known2$q <= known2$d;
      stale2$q <= stale2$d;
      want_bytes2$q <= want_bytes2$d;
      want_dws2$q <= want_dws2$d;
      want_dw2$q <= want_dw2$d;
      want_low2$q <= want_low2$d;
      was_poisoned2$q <= was_poisoned2$d;
      head2$q <= head2$d;
      count2$q <= count2$d;
      valid3$q <= valid3$d;
      data3$q <= data3$d;
      keep3$q <= keep3$d;
      last3$q <= last3$d;
      first3$q <= first3$d;
      second3$q <= second3$d;
      tag3$q <= tag3$d;
      active3$q <= active3$d;
      verdict3$q <= verdict3$d;
      over3$q <= over3$d;
      poison3$q <= poison3$d;
      pointer3$q <= pointer3$d;
      to_go3$q <= to_go3$d;
      digest3$q <= digest3$d;
      ended4$q <= ended4$d;
      tag4$q <= tag4$d;
      verdict4$q <= verdict4$d;
      over4$q <= over4$d;
      poison4$q <= poison4$d;
      rest4$q <= rest4$d;
      excess4$q <= excess4$d;
   end
endmodule

module redundancy_unit_3_lut_ram_18x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [17:0] write_data,
   input wire [3:0] address,
   output reg [17:0] data
);
   reg [17:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module redundancy_unit_3_order (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [17:0] put_data,
   output wire full,
   output wire valid,
   output wire [17:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h10;
   wire [3:0] next_head;
   wire [3:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [3:0] words$write_address;
   wire [17:0] words$write_data;
   wire [3:0] words$address;
   wire [17:0] words$data;
   reg [3:0] head$d;
   reg [3:0] head$q = 4'h0;
   reg [3:0] tail$d;
   reg [3:0] tail$q = 4'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   redundancy_unit_3_lut_ram_18x16 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   always @(*) begin
      head$d = head$q;
      tail$d = tail$q;
      used$d = used$q;
      some$d = some$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (take) begin
         head$d = next_head;
      end
      if (put & (~take)) begin
         used$d = more;
         some$d = 1'h1;
      end
      if ((~put) & take) begin
         used$d = fewer;
         some$d = used$q != 8'h1;
      end
      if (clear) begin
         head$d = 4'h0;
         tail$d = 4'h0;
         used$d = 8'h0;
         some$d = 1'h0;
      end
   end
   assign words$write = put;
   assign words$write_address = tail$q;
   assign words$write_data = put_data;
   assign words$address = head$q;
   assign data = words$data;
   assign valid = some$q;
   assign full = used$q == depth$words;
   assign count = used$q;
   assign next_head = head$q + 4'h1;
   assign next_tail = tail$q + 4'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module redundancy_unit_3_lut_ram_16x16 (
   input wire clock,
   input wire write,
   input wire [3:0] write_address,
   input wire [15:0] write_data,
   input wire [3:0] address,
   output reg [15:0] data
);
   reg [15:0] words [0:15];
   integer i;
   initial for (i = 0; i < 16; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

// The one read engine that all lanes share: tags, reads on `tx_req`, and the words back to each lane in order.
// 
// A lane's request is granted when a tag is free; the tag owns a buffer for everything it asks for. Words go
// to a lane as soon as they are there, in the order of the lane's requests; a lane that waits holds up no other. A lane's
// request rests two clocks before its first word, while its tag is looked up; the other lane has the buffer then.
// A read without answer for `COMPLETION_TIMEOUT` ticks ends as `DmaTimeout` and its tag is quarantined.
module redundancy_unit_3_dma_read (
   input wire clock,
   input wire reset,
   input wire tick,
   input wire [15:0] requester_id,
   input wire request$0,
   input wire request$1,
   input wire request$2,
   output wire request_taken$0,
   output wire request_taken$1,
   output wire request_taken$2,
   input wire [63:0] address$0,
   input wire [63:0] address$1,
   input wire [63:0] address$2,
   input wire [9:0] bytes$0,
   input wire [9:0] bytes$1,
   input wire [9:0] bytes$2,
   input wire [7:0] dws$0,
   input wire [7:0] dws$1,
   input wire [7:0] dws$2,
   input wire [6:0] words$0,
   input wire [6:0] words$1,
   input wire [6:0] words$2,
   input wire [3:0] first_enables$0,
   input wire [3:0] first_enables$1,
   input wire [3:0] first_enables$2,
   input wire [3:0] last_enables$0,
   input wire [3:0] last_enables$1,
   input wire [3:0] last_enables$2,
   input wire last$0,
   input wire last$1,
   input wire last$2,
   input wire lane_ready$0,
   input wire lane_ready$1,
   input wire lane_ready$2,
   output wire word$0,
   output wire word$1,
   output wire word$2,
   output wire [63:0] word_data,
   output wire word_ends_request,
   output wire word_ends_job,
   output wire [7:0] word_fault,
   output wire read,
   input wire read_taken,
   output wire [63:0] read_address,
   output wire [7:0] read_dws,
   output wire [3:0] read_first_enables,
   output wire [3:0] read_last_enables,
   output wire [3:0] read_tag,
   input wire cpl_valid,
   input wire [63:0] cpl_data,
   input wire [1:0] cpl_keep,
   input wire cpl_last,
   output wire [31:0] late_completions,
   output wire [31:0] tags_quarantined
);
   localparam [15:0] k$limit = 16'hc350;
   localparam [7:0] k$timeout = 8'haa;
   localparam [15:0] k$one = 16'h1;
   localparam [17:0] k$last_flag = 18'b100000000000000000;
   wire [15:0] unusable;
   wire [15:0] candidate_mark;
   wire [15:0] candidate_hit;
   wire candidate_free;
   wire [3:0] next_candidate;
   wire grant$0;
   wire grant$1;
   wire grant$2;
   wire granted;
   wire can_grant;
   wire [15:0] scan_mark;
   wire [15:0] scan_hit;
   wire [15:0] scanned_mark;
   wire [15:0] under_way;
   wire [15:0] stamp_age;
   wire [3:0] next_scan;
   wire [15:0] next_now;
   wire [31:0] next_late;
   wire [31:0] next_lost;
   wire [15:0] mark$0;
   wire [15:0] mark$1;
   wire [15:0] mark$2;
   wire [15:0] done_hit$0;
   wire [15:0] done_hit$1;
   wire [15:0] done_hit$2;
   wire [15:0] begun_hit$0;
   wire [15:0] begun_hit$1;
   wire [15:0] begun_hit$2;
   wire [15:0] dead_hit$0;
   wire [15:0] dead_hit$1;
   wire [15:0] dead_hit$2;
   wire load$0;
   wire load$1;
   wire load$2;
   wire [6:0] next_index$0;
   wire [6:0] next_index$1;
   wire [6:0] next_index$2;
   wire [6:0] next_left$0;
   wire [6:0] next_left$1;
   wire [6:0] next_left$2;
   wire is_last$0;
   wire is_last$1;
   wire is_last$2;
   wire can$0;
   wire can$1;
   wire can$2;
   wire serve$0;
   wire serve$1;
   wire serve$2;
   wire retire$0;
   wire retire$1;
   wire retire$2;
   reg [15:0] retired;
   reg [15:0] started;
   wire [15:0] expired;
   wire reassembly$reset;
   wire reassembly$valid;
   wire [63:0] reassembly$data;
   wire [1:0] reassembly$keep;
   wire reassembly$last;
   wire [15:0] reassembly$requester_id;
   wire reassembly$start;
   wire [3:0] reassembly$start_tag;
   reg [8:0] reassembly$start_offset;
   reg [9:0] reassembly$start_bytes;
   reg [7:0] reassembly$start_dws;
   wire [15:0] reassembly$busy;
   wire [15:0] reassembly$quarantined;
   wire [15:0] reassembly$done;
   wire [15:0] reassembly$begun;
   wire reassembly$late;
   wire [3:0] reassembly$look$0;
   wire [3:0] reassembly$look$1;
   wire [3:0] reassembly$look$2;
   wire [7:0] reassembly$progress$0;
   wire [7:0] reassembly$progress$1;
   wire [7:0] reassembly$progress$2;
   wire [7:0] reassembly$status$0;
   wire [7:0] reassembly$status$1;
   wire [7:0] reassembly$status$2;
   wire [9:0] reassembly$read_address;
   wire [63:0] reassembly$read_data;
   wire order$0$clear;
   wire order$0$put;
   reg [17:0] order$0$put_data;
   wire order$0$full;
   wire order$0$valid;
   wire [17:0] order$0$data;
   wire order$0$take;
   wire [7:0] order$0$count;
   wire order$1$clear;
   wire order$1$put;
   reg [17:0] order$1$put_data;
   wire order$1$full;
   wire order$1$valid;
   wire [17:0] order$1$data;
   wire order$1$take;
   wire [7:0] order$1$count;
   wire order$2$clear;
   wire order$2$put;
   reg [17:0] order$2$put_data;
   wire order$2$full;
   wire order$2$valid;
   wire [17:0] order$2$data;
   wire order$2$take;
   wire [7:0] order$2$count;
   wire stamps$write;
   wire [3:0] stamps$write_address;
   wire [15:0] stamps$write_data;
   wire [3:0] stamps$address;
   wire [15:0] stamps$data;
   reg [15:0] busy$d;
   reg [15:0] busy$q = 16'h0;
   reg [15:0] quarantined$d;
   reg [15:0] quarantined$q = 16'h0;
   reg [3:0] candidate$d;
   reg [3:0] candidate$q = 4'h0;
   reg [3:0] scan$d;
   reg [3:0] scan$q = 4'h0;
   reg [15:0] now$d;
   reg [15:0] now$q = 16'h0;
   reg [31:0] late$d;
   reg [31:0] late$q = 32'h0;
   reg [31:0] lost$d;
   reg [31:0] lost$q = 32'h0;
   reg grant_turn_1$d;
   reg grant_turn_1$q = 1'h0;
   reg grant_turn_2$d;
   reg grant_turn_2$q = 1'h0;
   reg drain_turn_1$d;
   reg drain_turn_1$q = 1'h0;
   reg drain_turn_2$d;
   reg drain_turn_2$q = 1'h0;
   reg pending$d;
   reg pending$q = 1'h0;
   reg [63:0] out_address$d;
   reg [63:0] out_address$q = 64'h0;
   reg [7:0] out_dws$d;
   reg [7:0] out_dws$q = 8'h0;
   reg [3:0] out_first$d;
   reg [3:0] out_first$q = 4'h0;
   reg [3:0] out_last$d;
   reg [3:0] out_last$q = 4'h0;
   reg [3:0] out_tag$d;
   reg [3:0] out_tag$q = 4'h0;
   reg usable$d;
   reg usable$q = 1'h0;
   reg [3:0] scanned$d;
   reg [3:0] scanned$q = 4'h0;
   reg watched$d;
   reg watched$q = 1'h0;
   reg [15:0] age$d;
   reg [15:0] age$q = 16'h0;
   reg [15:0] doomed$d;
   reg [15:0] doomed$q = 16'h0;
   reg gave_up$d;
   reg gave_up$q = 1'h0;
   reg current$0$d;
   reg current$0$q = 1'h0;
   reg current$1$d;
   reg current$1$q = 1'h0;
   reg current$2$d;
   reg current$2$q = 1'h0;
   reg [3:0] tag$0$d;
   reg [3:0] tag$0$q = 4'h0;
   reg [3:0] tag$1$d;
   reg [3:0] tag$1$q = 4'h0;
   reg [3:0] tag$2$d;
   reg [3:0] tag$2$q = 4'h0;
   reg [6:0] index$0$d;
   reg [6:0] index$0$q = 7'h0;
   reg [6:0] index$1$d;
   reg [6:0] index$1$q = 7'h0;
   reg [6:0] index$2$d;
   reg [6:0] index$2$q = 7'h0;
   reg [6:0] left$0$d;
   reg [6:0] left$0$q = 7'h0;
   reg [6:0] left$1$d;
   reg [6:0] left$1$q = 7'h0;
   reg [6:0] left$2$d;
   reg [6:0] left$2$q = 7'h0;
   reg ends$0$d;
   reg ends$0$q = 1'h0;
   reg ends$1$d;
   reg ends$1$q = 1'h0;
   reg ends$2$d;
   reg ends$2$q = 1'h0;
   reg looked$0$d;
   reg looked$0$q = 1'h0;
   reg looked$1$d;
   reg looked$1$q = 1'h0;
   reg looked$2$d;
   reg looked$2$q = 1'h0;
   wire over$0$d;
   reg over$0$q = 1'h0;
   wire over$1$d;
   reg over$1$q = 1'h0;
   wire over$2$d;
   reg over$2$q = 1'h0;
   reg [6:0] filled$0$d;
   reg [6:0] filled$0$q = 7'h0;
   reg [6:0] filled$1$d;
   reg [6:0] filled$1$q = 7'h0;
   reg [6:0] filled$2$d;
   reg [6:0] filled$2$q = 7'h0;
   reg broken$0$d;
   reg broken$0$q = 1'h0;
   reg broken$1$d;
   reg broken$1$q = 1'h0;
   reg broken$2$d;
   reg broken$2$q = 1'h0;
   reg [7:0] code$0$d;
   reg [7:0] code$0$q = 8'h0;
   reg [7:0] code$1$d;
   reg [7:0] code$1$q = 8'h0;
   reg [7:0] code$2$d;
   reg [7:0] code$2$q = 8'h0;
   reg sent$0$d;
   reg sent$0$q = 1'h0;
   reg sent$1$d;
   reg sent$1$q = 1'h0;
   reg sent$2$d;
   reg sent$2$q = 1'h0;
   reg [9:0] place$d;
   reg [9:0] place$q = 10'h0;
   reg sent_ends_request$d;
   reg sent_ends_request$q = 1'h0;
   reg sent_ends_job$d;
   reg sent_ends_job$q = 1'h0;
   reg [7:0] sent_fault$d;
   reg [7:0] sent_fault$q = 8'h0;
   reg freed$d;
   reg freed$q = 1'h0;
   reg [3:0] freed_tag$d;
   reg [3:0] freed_tag$q = 4'h0;
   reg to_lane$0$d;
   reg to_lane$0$q = 1'h0;
   reg to_lane$1$d;
   reg to_lane$1$q = 1'h0;
   reg to_lane$2$d;
   reg to_lane$2$q = 1'h0;
   reg ends_request$d;
   reg ends_request$q = 1'h0;
   reg ends_job$d;
   reg ends_job$q = 1'h0;
   reg [7:0] fault$d;
   reg [7:0] fault$q = 8'h0;
   redundancy_unit_3_reassembly reassembly (
      .clock(clock),
      .reset(reassembly$reset),
      .valid(reassembly$valid),
      .data(reassembly$data),
      .keep(reassembly$keep),
      .last(reassembly$last),
      .requester_id(reassembly$requester_id),
      .start(reassembly$start),
      .start_tag(reassembly$start_tag),
      .start_offset(reassembly$start_offset),
      .start_bytes(reassembly$start_bytes),
      .start_dws(reassembly$start_dws),
      .busy(reassembly$busy),
      .quarantined(reassembly$quarantined),
      .done(reassembly$done),
      .begun(reassembly$begun),
      .late(reassembly$late),
      .look$0(reassembly$look$0),
      .look$1(reassembly$look$1),
      .look$2(reassembly$look$2),
      .progress$0(reassembly$progress$0),
      .progress$1(reassembly$progress$1),
      .progress$2(reassembly$progress$2),
      .status$0(reassembly$status$0),
      .status$1(reassembly$status$1),
      .status$2(reassembly$status$2),
      .read_address(reassembly$read_address),
      .read_data(reassembly$read_data)
   );
   redundancy_unit_3_order order$0 (
      .clock(clock),
      .clear(order$0$clear),
      .put(order$0$put),
      .put_data(order$0$put_data),
      .full(order$0$full),
      .valid(order$0$valid),
      .data(order$0$data),
      .take(order$0$take),
      .count(order$0$count)
   );
   redundancy_unit_3_order order$1 (
      .clock(clock),
      .clear(order$1$clear),
      .put(order$1$put),
      .put_data(order$1$put_data),
      .full(order$1$full),
      .valid(order$1$valid),
      .data(order$1$data),
      .take(order$1$take),
      .count(order$1$count)
   );
   redundancy_unit_3_order order$2 (
      .clock(clock),
      .clear(order$2$clear),
      .put(order$2$put),
      .put_data(order$2$put_data),
      .full(order$2$full),
      .valid(order$2$valid),
      .data(order$2$data),
      .take(order$2$take),
      .count(order$2$count)
   );
   redundancy_unit_3_lut_ram_16x16 stamps (
      .clock(clock),
      .write(stamps$write),
      .write_address(stamps$write_address),
      .write_data(stamps$write_data),
      .address(stamps$address),
      .data(stamps$data)
   );
   always @(*) begin
      busy$d = busy$q;
      quarantined$d = quarantined$q;
      late$d = late$q;
      lost$d = lost$q;
      grant_turn_1$d = grant_turn_1$q;
      grant_turn_2$d = grant_turn_2$q;
      pending$d = pending$q;
      out_address$d = out_address$q;
      out_dws$d = out_dws$q;
      out_first$d = out_first$q;
      out_last$d = out_last$q;
      out_tag$d = out_tag$q;
      usable$d = usable$q;
      doomed$d = doomed$q;
      gave_up$d = gave_up$q;
      freed$d = freed$q;
      current$0$d = current$0$q;
      tag$0$d = tag$0$q;
      index$0$d = index$0$q;
      left$0$d = left$0$q;
      ends$0$d = ends$0$q;
      current$1$d = current$1$q;
      tag$1$d = tag$1$q;
      index$1$d = index$1$q;
      left$1$d = left$1$q;
      ends$1$d = ends$1$q;
      current$2$d = current$2$q;
      tag$2$d = tag$2$q;
      index$2$d = index$2$q;
      left$2$d = left$2$q;
      ends$2$d = ends$2$q;
      if (read_taken) begin
         pending$d = 1'h0;
      end
      if (granted) begin
         pending$d = 1'h1;
         out_tag$d = candidate$q;
         grant_turn_1$d = grant$0;
         grant_turn_2$d = grant$1;
         out_address$d = address$0;
         out_dws$d = dws$0;
         out_first$d = first_enables$0;
         out_last$d = last_enables$0;
         if (grant$1) begin
            out_address$d = address$1;
            out_dws$d = dws$1;
            out_first$d = first_enables$1;
            out_last$d = last_enables$1;
         end
         if (grant$2) begin
            out_address$d = address$2;
            out_dws$d = dws$2;
            out_first$d = first_enables$2;
            out_last$d = last_enables$2;
         end
      end
      if (~usable$q) begin
         usable$d = candidate_free;
      end
      if (granted) begin
         usable$d = 1'h0;
      end
      doomed$d = 16'h0;
      if (watched$q & (age$q >= k$limit)) begin
         doomed$d = scanned_mark;
      end
      quarantined$d = quarantined$q | expired;
      gave_up$d = |expired;
      if (gave_up$q) begin
         lost$d = next_lost;
      end
      if (reassembly$late) begin
         late$d = next_late;
      end
      if (load$0) begin
         current$0$d = 1'h1;
         tag$0$d = order$0$data[3:0];
         index$0$d = {1'h0, order$0$data[9:4]};
         left$0$d = order$0$data[16:10];
         ends$0$d = order$0$data[17];
      end
      if (load$1) begin
         current$1$d = 1'h1;
         tag$1$d = order$1$data[3:0];
         index$1$d = {1'h0, order$1$data[9:4]};
         left$1$d = order$1$data[16:10];
         ends$1$d = order$1$data[17];
      end
      if (load$2) begin
         current$2$d = 1'h1;
         tag$2$d = order$2$data[3:0];
         index$2$d = {1'h0, order$2$data[9:4]};
         left$2$d = order$2$data[16:10];
         ends$2$d = order$2$data[17];
      end
      if (serve$0) begin
         index$0$d = next_index$0;
         left$0$d = next_left$0;
      end
      looked$0$d = current$0$q;
      if (retire$0) begin
         current$0$d = 1'h0;
         looked$0$d = 1'h0;
      end
      sent$0$d = serve$0;
      to_lane$0$d = sent$0$q;
      if (serve$1) begin
         index$1$d = next_index$1;
         left$1$d = next_left$1;
      end
      looked$1$d = current$1$q;
      if (retire$1) begin
         current$1$d = 1'h0;
         looked$1$d = 1'h0;
      end
      sent$1$d = serve$1;
      to_lane$1$d = sent$1$q;
      if (serve$2) begin
         index$2$d = next_index$2;
         left$2$d = next_left$2;
      end
      looked$2$d = current$2$q;
      if (retire$2) begin
         current$2$d = 1'h0;
         looked$2$d = 1'h0;
      end
      sent$2$d = serve$2;
      to_lane$2$d = sent$2$q;
      freed$d = (retire$0 | retire$1) | retire$2;
      busy$d = (busy$q & (~retired)) | started;
      if (reset) begin
         busy$d = 16'h0;
         quarantined$d = 16'h0;
         pending$d = 1'h0;
         usable$d = 1'h0;
         freed$d = 1'h0;
         doomed$d = 16'h0;
         gave_up$d = 1'h0;
         late$d = 32'h0;
         lost$d = 32'h0;
         current$0$d = 1'h0;
         looked$0$d = 1'h0;
         sent$0$d = 1'h0;
         to_lane$0$d = 1'h0;
         current$1$d = 1'h0;
         looked$1$d = 1'h0;
         sent$1$d = 1'h0;
         to_lane$1$d = 1'h0;
         current$2$d = 1'h0;
         looked$2$d = 1'h0;
         sent$2$d = 1'h0;
         to_lane$2$d = 1'h0;
      end
   end
   always @(*) begin
      candidate$d = candidate$q;
      if (granted | ((~usable$q) & (~candidate_free))) begin
         candidate$d = next_candidate;
      end
   end
   always @(*) begin
      scan$d = scan$q;
      scan$d = next_scan;
   end
   always @(*) begin
      now$d = now$q;
      if (tick) begin
         now$d = next_now;
      end
   end
   always @(*) begin
      drain_turn_1$d = drain_turn_1$q;
      drain_turn_2$d = drain_turn_2$q;
      if ((serve$0 | serve$1) | serve$2) begin
         drain_turn_1$d = serve$0;
         drain_turn_2$d = serve$1;
      end
   end
   always @(*) begin
      scanned$d = scanned$q;
      scanned$d = scan$q;
   end
   always @(*) begin
      watched$d = watched$q;
      watched$d = (|scan_hit) & (~reset);
   end
   always @(*) begin
      age$d = age$q;
      age$d = stamp_age;
   end
   always @(*) begin
      place$d = place$q;
      sent_ends_job$d = sent_ends_job$q;
      sent_fault$d = sent_fault$q;
      freed_tag$d = freed_tag$q;
      place$d = ({6'h0, tag$0$q} << 6) | {4'h0, index$0$q[5:0]};
      sent_ends_job$d = retire$0 & ends$0$q;
      sent_fault$d = code$0$q;
      freed_tag$d = tag$0$q;
      if (serve$1) begin
         place$d = ({6'h0, tag$1$q} << 6) | {4'h0, index$1$q[5:0]};
         sent_ends_job$d = retire$1 & ends$1$q;
         sent_fault$d = code$1$q;
         freed_tag$d = tag$1$q;
      end
      if (serve$2) begin
         place$d = ({6'h0, tag$2$q} << 6) | {4'h0, index$2$q[5:0]};
         sent_ends_job$d = retire$2 & ends$2$q;
         sent_fault$d = code$2$q;
         freed_tag$d = tag$2$q;
      end
   end
   always @(*) begin
      sent_ends_request$d = sent_ends_request$q;
      sent_ends_request$d = (retire$0 | retire$1) | retire$2;
   end
   always @(*) begin
      ends_request$d = ends_request$q;
      ends_request$d = sent_ends_request$q;
   end
   always @(*) begin
      ends_job$d = ends_job$q;
      ends_job$d = sent_ends_job$q;
   end
   always @(*) begin
      fault$d = fault$q;
      fault$d = sent_fault$q;
   end
   assign unusable = busy$q | quarantined$q;
   assign candidate_mark = k$one << candidate$q;
   assign candidate_hit = candidate_mark & unusable;
   assign candidate_free = ~(|candidate_hit);
   assign next_candidate = candidate$q + 4'h1;
   assign can_grant = usable$q & (~pending$q);
   assign grant$0 = ((can_grant & request$0) & ((~grant_turn_1$q) | ((~request$1) & (~request$2)))) & ((~grant_turn_2$q) | (~request$2));
   assign grant$1 = ((can_grant & request$1) & (grant_turn_1$q | (~request$0))) & ((~grant_turn_2$q) | ((~request$2) & (grant_turn_1$q | (~request$0))));
   assign grant$2 = ((can_grant & request$2) & (~grant$0)) & (~grant$1);
   assign granted = (grant$0 | grant$1) | grant$2;
   assign request_taken$0 = grant$0;
   assign request_taken$1 = grant$1;
   assign request_taken$2 = grant$2;
   assign reassembly$start = granted;
   assign reassembly$start_tag = candidate$q;
   always @(*) begin
      reassembly$start_offset = address$0[8:0];
      reassembly$start_bytes = bytes$0;
      reassembly$start_dws = dws$0;
      if (grant$1) begin
         reassembly$start_offset = address$1[8:0];
         reassembly$start_bytes = bytes$1;
         reassembly$start_dws = dws$1;
      end
      if (grant$2) begin
         reassembly$start_offset = address$2[8:0];
         reassembly$start_bytes = bytes$2;
         reassembly$start_dws = dws$2;
      end
   end
   assign order$0$clear = reset;
   assign order$0$put = grant$0;
   always @(*) begin
      order$0$put_data = ({14'h0, candidate$q} | ({12'h0, address$0[8:3]} << 4)) | ({11'h0, words$0} << 10);
      if (last$0) begin
         order$0$put_data = (({14'h0, candidate$q} | ({12'h0, address$0[8:3]} << 4)) | ({11'h0, words$0} << 10)) | k$last_flag;
      end
   end
   assign order$1$clear = reset;
   assign order$1$put = grant$1;
   always @(*) begin
      order$1$put_data = ({14'h0, candidate$q} | ({12'h0, address$1[8:3]} << 4)) | ({11'h0, words$1} << 10);
      if (last$1) begin
         order$1$put_data = (({14'h0, candidate$q} | ({12'h0, address$1[8:3]} << 4)) | ({11'h0, words$1} << 10)) | k$last_flag;
      end
   end
   assign order$2$clear = reset;
   assign order$2$put = grant$2;
   always @(*) begin
      order$2$put_data = ({14'h0, candidate$q} | ({12'h0, address$2[8:3]} << 4)) | ({11'h0, words$2} << 10);
      if (last$2) begin
         order$2$put_data = (({14'h0, candidate$q} | ({12'h0, address$2[8:3]} << 4)) | ({11'h0, words$2} << 10)) | k$last_flag;
      end
   end
   assign read = pending$q;
   assign read_address = out_address$q;
   assign read_dws = out_dws$q;
   assign read_first_enables = out_first$q;
   assign read_last_enables = out_last$q;
   assign read_tag = out_tag$q;
   assign reassembly$reset = reset;
   assign reassembly$valid = cpl_valid;
   assign reassembly$data = cpl_data;
   assign reassembly$keep = cpl_keep;
   assign reassembly$last = cpl_last;
   assign reassembly$requester_id = requester_id;
   assign reassembly$busy = busy$q & (~quarantined$q);
   assign reassembly$quarantined = quarantined$q;
   assign next_now = now$q + 16'h1;
   assign stamps$write = granted;
   assign stamps$write_address = candidate$q;
   assign stamps$write_data = now$q;
   assign next_scan = scan$q + 4'h1;
   assign stamps$address = scan$q;
   assign under_way = (busy$q & (~reassembly$done)) & (~quarantined$q);
   assign scan_mark = k$one << scan$q;
   assign scan_hit = scan_mark & under_way;
   assign stamp_age = now$q - stamps$data;
   assign scanned_mark = k$one << scanned$q;
   assign expired = doomed$q & under_way;
   assign next_lost = lost$q + 32'h1;
   assign next_late = late$q + 32'h1;
   assign late_completions = late$q;
   assign tags_quarantined = lost$q;
   assign mark$0 = k$one << tag$0$q;
   assign done_hit$0 = mark$0 & reassembly$done;
   assign begun_hit$0 = mark$0 & reassembly$begun;
   assign dead_hit$0 = mark$0 & quarantined$q;
   assign reassembly$look$0 = tag$0$q;
   assign over$0$d = |done_hit$0;
   always @(*) begin
      filled$0$d = 7'h0;
      if (|begun_hit$0) begin
         filled$0$d = reassembly$progress$0[7:1];
      end
   end
   always @(*) begin
      code$0$d = 8'h0;
      broken$0$d = 1'h0;
      if (|dead_hit$0) begin
         code$0$d = k$timeout;
         broken$0$d = 1'h1;
      end else if (|done_hit$0) begin
         code$0$d = reassembly$status$0;
         broken$0$d = reassembly$status$0 != 8'h0;
      end
   end
   assign load$0 = order$0$valid & (~current$0$q);
   assign mark$1 = k$one << tag$1$q;
   assign done_hit$1 = mark$1 & reassembly$done;
   assign begun_hit$1 = mark$1 & reassembly$begun;
   assign dead_hit$1 = mark$1 & quarantined$q;
   assign reassembly$look$1 = tag$1$q;
   assign over$1$d = |done_hit$1;
   always @(*) begin
      filled$1$d = 7'h0;
      if (|begun_hit$1) begin
         filled$1$d = reassembly$progress$1[7:1];
      end
   end
   always @(*) begin
      code$1$d = 8'h0;
      broken$1$d = 1'h0;
      if (|dead_hit$1) begin
         code$1$d = k$timeout;
         broken$1$d = 1'h1;
      end else if (|done_hit$1) begin
         code$1$d = reassembly$status$1;
         broken$1$d = reassembly$status$1 != 8'h0;
      end
   end
   assign load$1 = order$1$valid & (~current$1$q);
   assign mark$2 = k$one << tag$2$q;
   assign done_hit$2 = mark$2 & reassembly$done;
   assign begun_hit$2 = mark$2 & reassembly$begun;
   assign dead_hit$2 = mark$2 & quarantined$q;
   assign reassembly$look$2 = tag$2$q;
   assign over$2$d = |done_hit$2;
   always @(*) begin
      filled$2$d = 7'h0;
      if (|begun_hit$2) begin
         filled$2$d = reassembly$progress$2[7:1];
      end
   end
   always @(*) begin
      code$2$d = 8'h0;
      broken$2$d = 1'h0;
      if (|dead_hit$2) begin
         code$2$d = k$timeout;
         broken$2$d = 1'h1;
      end else if (|done_hit$2) begin
         code$2$d = reassembly$status$2;
         broken$2$d = reassembly$status$2 != 8'h0;
      end
   end
   assign load$2 = order$2$valid & (~current$2$q);
   assign is_last$0 = left$0$q == 7'h1;
   assign can$0 = (looked$0$q & lane_ready$0) & ((broken$0$q | over$0$q) | ((~is_last$0) & (index$0$q < filled$0$q)));
   assign is_last$1 = left$1$q == 7'h1;
   assign can$1 = (looked$1$q & lane_ready$1) & ((broken$1$q | over$1$q) | ((~is_last$1) & (index$1$q < filled$1$q)));
   assign is_last$2 = left$2$q == 7'h1;
   assign can$2 = (looked$2$q & lane_ready$2) & ((broken$2$q | over$2$q) | ((~is_last$2) & (index$2$q < filled$2$q)));
   assign serve$0 = (can$0 & ((~drain_turn_1$q) | ((~can$1) & (~can$2)))) & ((~drain_turn_2$q) | (~can$2));
   assign serve$1 = (can$1 & (drain_turn_1$q | (~can$0))) & ((~drain_turn_2$q) | ((~can$2) & (drain_turn_1$q | (~can$0))));
   assign serve$2 = (can$2 & (~serve$0)) & (~serve$1);
   assign retire$0 = serve$0 & (is_last$0 | broken$0$q);
   assign next_index$0 = index$0$q + 7'h1;
   assign next_left$0 = left$0$q - 7'h1;
   assign order$0$take = load$0;
   assign word$0 = to_lane$0$q;
   assign retire$1 = serve$1 & (is_last$1 | broken$1$q);
   assign next_index$1 = index$1$q + 7'h1;
   assign next_left$1 = left$1$q - 7'h1;
   assign order$1$take = load$1;
   assign word$1 = to_lane$1$q;
   assign retire$2 = serve$2 & (is_last$2 | broken$2$q);
   assign next_index$2 = index$2$q + 7'h1;
   assign next_left$2 = left$2$q - 7'h1;
   assign order$2$take = load$2;
   assign word$2 = to_lane$2$q;
   assign reassembly$read_address = place$q;
   assign word_data = reassembly$read_data;
   assign word_ends_request = ends_request$q;
   assign word_ends_job = ends_job$q;
   assign word_fault = fault$q;
   always @(*) begin
      retired = 16'h0;
      if (freed$q) begin
         retired = k$one << freed_tag$q;
      end
   end
   always @(*) begin
      started = 16'h0;
      if (granted) begin
         started = candidate_mark;
      end
   end
   always @(posedge clock) begin
      busy$q <= busy$d;
      quarantined$q <= quarantined$d;
      candidate$q <= candidate$d;
      scan$q <= scan$d;
      now$q <= now$d;
      late$q <= late$d;
      lost$q <= lost$d;
      grant_turn_1$q <= grant_turn_1$d;
      grant_turn_2$q <= grant_turn_2$d;
      drain_turn_1$q <= drain_turn_1$d;
      drain_turn_2$q <= drain_turn_2$d;
      pending$q <= pending$d;
      out_address$q <= out_address$d;
      out_dws$q <= out_dws$d;
      out_first$q <= out_first$d;
      out_last$q <= out_last$d;
      out_tag$q <= out_tag$d;
      usable$q <= usable$d;
      scanned$q <= scanned$d;
      watched$q <= watched$d;
      age$q <= age$d;
      doomed$q <= doomed$d;
      gave_up$q <= gave_up$d;
      current$0$q <= current$0$d;
      current$1$q <= current$1$d;
      current$2$q <= current$2$d;
      tag$0$q <= tag$0$d;
      tag$1$q <= tag$1$d;
      tag$2$q <= tag$2$d;
      index$0$q <= index$0$d;
      index$1$q <= index$1$d;
      index$2$q <= index$2$d;
      left$0$q <= left$0$d;
      left$1$q <= left$1$d;
      left$2$q <= left$2$d;
      ends$0$q <= ends$0$d;
      ends$1$q <= ends$1$d;
      ends$2$q <= ends$2$d;
      looked$0$q <= looked$0$d;
      looked$1$q <= looked$1$d;
      looked$2$q <= looked$2$d;
      over$0$q <= over$0$d;
      over$1$q <= over$1$d;
      over$2$q <= over$2$d;
      filled$0$q <= filled$0$d;
      filled$1$q <= filled$1$d;
      filled$2$q <= filled$2$d;
      broken$0$q <= broken$0$d;
      broken$1$q <= broken$1$d;
      broken$2$q <= broken$2$d;
      code$0$q <= code$0$d;
      code$1$q <= code$1$d;
      code$2$q <= code$2$d;
      sent$0$q <= sent$0$d;
      sent$1$q <= sent$1$d;
      sent$2$q <= sent$2$d;
      place$q <= place$d;
      sent_ends_request$q <= sent_ends_request$d;
      sent_ends_job$q <= sent_ends_job$d;
      sent_fault$q <= sent_fault$d;
      freed$q <= freed$d;
      freed_tag$q <= freed_tag$d;
      to_lane$0$q <= to_lane$0$d;
      to_lane$1$q <= to_lane$1$d;
      to_lane$2$q <= to_lane$2$d;
      ends_request$q <= ends_request$d;
      ends_job$q <= ends_job$d;
      fault$q <= fault$d;
   end
endmodule

// Sends the unit's requests on `tx_req`: posted writes of 4 or 32 bytes first, then reads.
// 
// A request is taken over whole when it is granted, so its first beat never waits for anything but `ready`. Fixed
// order among the writes: verdict, fault, interrupt. `accepted` tells a writer, one clock later, that its last beat has
// been taken.
module redundancy_unit_3_tlp_tx (
   input wire clock,
   input wire reset,
   input wire enable,
   input wire hold,
   input wire [15:0] requester_id,
   input wire write$0,
   input wire write$1,
   input wire write$2,
   input wire [63:0] write_address$0,
   input wire [63:0] write_address$1,
   input wire [63:0] write_address$2,
   input wire [63:0] word0$0,
   input wire [63:0] word0$1,
   input wire [63:0] word0$2,
   input wire [63:0] word1$0,
   input wire [63:0] word1$1,
   input wire [63:0] word1$2,
   input wire [63:0] word2$0,
   input wire [63:0] word2$1,
   input wire [63:0] word2$2,
   input wire [63:0] word3$0,
   input wire [63:0] word3$1,
   input wire [63:0] word3$2,
   output wire accepted$0,
   output wire accepted$1,
   output wire accepted$2,
   input wire read,
   output reg read_taken,
   input wire [63:0] read_address,
   input wire [7:0] read_dws,
   input wire [3:0] read_first_enables,
   input wire [3:0] read_last_enables,
   input wire [3:0] read_tag,
   output wire posted_busy,
   output wire busy,
   output wire valid,
   output reg [63:0] data,
   output reg [1:0] keep,
   output reg last,
   input wire ready
);
   localparam [31:0] word$read = 32'h0;
   localparam [31:0] word$write = 32'h40000000;
   localparam [31:0] word$four = 32'h20000000;
   localparam [31:0] word$one_dw = 32'hf;
   localparam [31:0] word$many_dw = 32'hff;
   localparam [31:0] word$long = 32'h8;
   localparam [31:0] word$short = 32'h1;
   localparam [63:0] word$dw_mask = 64'hfffffffffffffffc;
   localparam [2:0] Beat$Idle = 3'd0;
   localparam [2:0] Beat$Shape = 3'd1;
   localparam [2:0] Beat$First = 3'd2;
   localparam [2:0] Beat$Second = 3'd3;
   localparam [2:0] Beat$Third = 3'd4;
   localparam [2:0] Beat$Fourth = 3'd5;
   localparam [2:0] Beat$Fifth = 3'd6;
   localparam [2:0] Beat$Sixth = 3'd7;
   wire asks$0;
   wire asks$1;
   wire asks$2;
   wire four;
   wire [63:0] swapped;
   wire [31:0] upper;
   wire [31:0] lower;
   reg [1:0] pick;
   wire any;
   wire may_post;
   reg [63:0] new_address;
   reg [31:0] base0;
   reg done;
   wire [31:0] tag_field;
   wire [31:0] id_field;
   reg [2:0] beat$d;
   reg [2:0] beat$q = 3'h0;
   reg posted$d;
   reg posted$q = 1'h0;
   reg long$d;
   reg long$q = 1'h0;
   reg [1:0] source$d;
   reg [1:0] source$q = 2'h0;
   reg [63:0] address$d;
   reg [63:0] address$q = 64'h0;
   reg [31:0] dw0$d;
   reg [31:0] dw0$q = 32'h0;
   reg [31:0] dw1$d;
   reg [31:0] dw1$q = 32'h0;
   reg [63:0] payload0$d;
   reg [63:0] payload0$q = 64'h0;
   reg [63:0] payload1$d;
   reg [63:0] payload1$q = 64'h0;
   reg [63:0] payload2$d;
   reg [63:0] payload2$q = 64'h0;
   reg [63:0] payload3$d;
   reg [63:0] payload3$q = 64'h0;
   reg through$0$d;
   reg through$0$q = 1'h0;
   reg through$1$d;
   reg through$1$q = 1'h0;
   reg through$2$d;
   reg through$2$q = 1'h0;
   always @(*) begin
      beat$d = beat$q;
      posted$d = posted$q;
      long$d = long$q;
      source$d = source$q;
      address$d = address$q;
      dw0$d = dw0$q;
      dw1$d = dw1$q;
      payload0$d = payload0$q;
      payload1$d = payload1$q;
      payload2$d = payload2$q;
      payload3$d = payload3$q;
      through$0$d = 1'h0;
      through$1$d = 1'h0;
      through$2$d = 1'h0;
      read_taken = 1'h0;
      done = 1'h0;
      data = {32'h0, dw0$q} | ({32'h0, dw1$q} << 32);
      keep = 2'h3;
      last = 1'h0;
      case (beat$q)
         Beat$Idle: begin
            if (may_post | (read & enable)) begin
               beat$d = Beat$Shape;
               address$d = new_address;
               posted$d = may_post;
               source$d = pick;
               long$d = may_post & (pick != 2'h2);
               dw0$d = base0;
               if (may_post) begin
                  dw1$d = id_field | word$many_dw;
                  if (pick == 2'h2) begin
                     dw1$d = id_field | word$one_dw;
                  end
               end else begin
                  read_taken = 1'h1;
                  dw1$d = ((id_field | tag_field) | ({28'h0, read_last_enables} << 4)) | {28'h0, read_first_enables};
               end
               payload0$d = word0$2;
               if (asks$0) begin
                  payload0$d = word0$0;
                  payload1$d = word1$0;
                  payload2$d = word2$0;
                  payload3$d = word3$0;
               end else if (asks$1) begin
                  payload0$d = word0$1;
                  payload1$d = word1$1;
                  payload2$d = word2$1;
                  payload3$d = word3$1;
               end
            end
         end
         Beat$Shape: begin
            if (upper != 32'h0) begin
               dw0$d = dw0$q | word$four;
            end
            beat$d = Beat$First;
         end
         Beat$First: begin
            if (ready) begin
               beat$d = Beat$Second;
            end
         end
         Beat$Second: begin
            if (four) begin
               data = swapped;
            end else begin
               data = {32'h0, lower} | (payload0$q << 32);
               if (~posted$q) begin
                  data = {32'h0, lower};
                  keep = 2'h1;
               end
            end
            if ((~posted$q) | ((~long$q) & (~four))) begin
               last = 1'h1;
            end
            if (ready) begin
               beat$d = Beat$Third;
               done = last;
            end
         end
         Beat$Third: begin
            data = payload0$q;
            if (~four) begin
               data = (payload0$q >> 32) | (payload1$q << 32);
            end
            if (~long$q) begin
               data = {32'h0, payload0$q[31:0]};
               keep = 2'h1;
               last = 1'h1;
            end
            if (ready) begin
               beat$d = Beat$Fourth;
               done = last;
            end
         end
         Beat$Fourth: begin
            data = payload1$q;
            if (~four) begin
               data = (payload1$q >> 32) | (payload2$q << 32);
            end
            if (ready) begin
               beat$d = Beat$Fifth;
            end
         end
         Beat$Fifth: begin
            data = payload2$q;
            if (~four) begin
               data = (payload2$q >> 32) | (payload3$q << 32);
            end
            if (ready) begin
               beat$d = Beat$Sixth;
            end
         end
         Beat$Sixth: begin
            data = payload3$q;
            if (~four) begin
               data = payload3$q >> 32;
               keep = 2'h1;
            end
            last = 1'h1;
            done = ready;
         end
         default: begin
            beat$d = Beat$Idle;
         end
      endcase
      if (done) begin
         beat$d = Beat$Idle;
      end
      if (done & posted$q) begin
         if (source$q == 2'h0) begin
            through$0$d = 1'h1;
         end else if (source$q == 2'h1) begin
            through$1$d = 1'h1;
         end else begin
            through$2$d = 1'h1;
         end
      end
      if (reset) begin
         beat$d = Beat$Idle;
         through$0$d = 1'h0;
         through$1$d = 1'h0;
         through$2$d = 1'h0;
      end
   end
   assign accepted$0 = through$0$q;
   assign asks$0 = write$0 & (~through$0$q);
   assign accepted$1 = through$1$q;
   assign asks$1 = write$1 & (~through$1$q);
   assign accepted$2 = through$2$q;
   assign asks$2 = write$2 & (~through$2$q);
   assign any = (asks$0 | asks$1) | asks$2;
   assign may_post = (any & enable) & (~hold);
   always @(*) begin
      pick = 2'h2;
      if (asks$0) begin
         pick = 2'h0;
      end else if (asks$1) begin
         pick = 2'h1;
      end
   end
   always @(*) begin
      new_address = read_address & word$dw_mask;
      if (may_post) begin
         new_address = write_address$2;
         if (asks$0) begin
            new_address = write_address$0;
         end else if (asks$1) begin
            new_address = write_address$1;
         end
      end
   end
   assign id_field = {16'h0, requester_id} << 16;
   assign tag_field = {28'h0, read_tag} << 8;
   always @(*) begin
      base0 = word$read | {24'h0, read_dws};
      if (may_post) begin
         base0 = word$write | word$long;
         if (pick == 2'h2) begin
            base0 = word$write | word$short;
         end
      end
   end
   assign four = dw0$q[29];
   assign upper = address$q[63:32];
   assign lower = address$q[31:0];
   assign swapped = {32'h0, upper} | ({32'h0, lower} << 32);
   assign valid = (beat$q != Beat$Idle) & (beat$q != Beat$Shape);
   assign busy = beat$q != Beat$Idle;
   assign posted_busy = busy & posted$q;
   always @(posedge clock) begin
      beat$q <= beat$d;
      posted$q <= posted$d;
      long$q <= long$d;
      source$q <= source$d;
      address$q <= address$d;
      dw0$q <= dw0$d;
      dw1$q <= dw1$d;
      payload0$q <= payload0$d;
      payload1$q <= payload1$d;
      payload2$q <= payload2$d;
      payload3$q <= payload3$d;
      through$0$q <= through$0$d;
      through$1$q <= through$1$d;
      through$2$q <= through$2$d;
   end
endmodule

// The comparator of a group: votes on one record at a time and forms its verdict, or the `Flushed` that ends a
// generation.
// 
// It is there twice. The first copy works on the fingerprints as they came, the second on their complements, with
// complemented results; the entry is written from the first and its check code is formed from the second, so a
// difference between them is a verdict that its reader refuses. A release needs both.
module redundancy_unit_3_vote (
   input wire clock,
   input wire reset,
   input wire running,
   input wire room,
   input wire member$0,
   input wire member$1,
   input wire member$2,
   input wire delivered$0,
   input wire delivered$1,
   input wire delivered$2,
   input wire [63:0] fingerprint$0,
   input wire [63:0] fingerprint$1,
   input wire [63:0] fingerprint$2,
   input wire dead$0,
   input wire dead$1,
   input wire dead$2,
   input wire [7:0] cause$0,
   input wire [7:0] cause$1,
   input wire [7:0] cause$2,
   input wire simplex,
   input wire [63:0] seq,
   input wire [63:0] seq_n,
   input wire [31:0] generation,
   input wire [31:0] generation_n,
   input wire flush,
   input wire live$0,
   input wire live$1,
   input wire live$2,
   output wire taken$0,
   output wire taken$1,
   output wire taken$2,
   output wire voted,
   output wire busy,
   output wire done,
   output wire releasable,
   output wire flushed,
   output wire failed$0,
   output wire failed$1,
   output wire failed$2,
   output wire write,
   input wire write_accepted,
   input wire phase,
   output wire [63:0] word0,
   output wire [63:0] word1,
   output wire [63:0] word2,
   output reg [63:0] word3
);
   localparam [7:0] bits$second = 8'h2;
   localparam [7:0] bits$third = 8'h4;
   localparam [7:0] bits$but_first = 8'h6;
   localparam [7:0] bits$but_second = 8'h5;
   localparam [7:0] bits$but_third = 8'h3;
   localparam [7:0] bits$all = 8'h7;
   localparam [7:0] k$matched = 8'h69;
   localparam [7:0] k$mismatched = 8'h96;
   localparam [7:0] k$isolation = 8'h33;
   localparam [7:0] k$dma = 8'hcc;
   localparam [7:0] k$timeout = 8'h3c;
   localparam [7:0] k$bad_entry = 8'h55;
   localparam [7:0] k$flushed = 8'hf;
   localparam [7:0] k$matched_n = 8'h96;
   localparam [7:0] k$mismatched_n = 8'h69;
   localparam [7:0] k$isolation_n = 8'hcc;
   localparam [7:0] k$dma_n = 8'h33;
   localparam [7:0] k$timeout_n = 8'hc3;
   localparam [7:0] k$bad_entry_n = 8'haa;
   localparam [7:0] k$flushed_n = 8'hf0;
   localparam [7:0] k$cause_isolation = 8'h96;
   localparam [7:0] k$cause_refused = 8'h99;
   localparam [7:0] k$cause_poisoned = 8'ha5;
   localparam [7:0] k$cause_dma_timeout = 8'haa;
   localparam [7:0] k$cause_malformed = 8'hc3;
   localparam [7:0] k$cause_timeout = 8'hcc;
   localparam [63:0] k$ones = 64'hffffffffffffffff;
   localparam [63:0] k$phase = 64'h100000000;
   localparam [7:0] divided$majority = 8'h5a;
   localparam [7:0] divided$no_majority = 8'ha5;
   localparam [7:0] divided$majority_n = 8'ha5;
   localparam [7:0] divided$no_majority_n = 8'h5a;
   localparam [3:0] Voting$Idle = 4'd0;
   localparam [3:0] Voting$Compare = 4'd1;
   localparam [3:0] Voting$Decide = 4'd2;
   localparam [3:0] Voting$Seal0 = 4'd3;
   localparam [3:0] Voting$Seal1 = 4'd4;
   localparam [3:0] Voting$Seal2 = 4'd5;
   localparam [3:0] Voting$Seal3 = 4'd6;
   localparam [3:0] Voting$Settle = 4'd7;
   localparam [3:0] Voting$Write = 4'd8;
   wire ready$0;
   wire ready$1;
   wire ready$2;
   wire go;
   wire [63:0] difference_01;
   wire [63:0] difference_02;
   wire [63:0] difference_12;
   reg [7:0] why;
   wire pair_01;
   wire pair_02;
   wire pair_12;
   wire several;
   wire only_two;
   wire matched;
   wire apart_01;
   wire apart_02;
   wire apart_12;
   wire few;
   wire only_two_b;
   wire matched_b;
   reg [7:0] live_votes;
   reg [7:0] agree;
   reg [7:0] present;
   reg [7:0] lost;
   reg [7:0] present_b;
   reg [7:0] lost_b;
   reg [63:0] sealed;
   wire [7:0] outcome_b;
   wire [7:0] votes_b;
   wire [31:0] generation_b;
   reg [7:0] shifted;
   reg sealing;
   reg over;
   wire [7:0] not_agree;
   wire [7:0] blamed;
   reg [7:0] agree_b;
   wire [7:0] not_agree_b;
   wire [7:0] blamed_b;
   reg [7:0] voted_b;
   reg [3:0] voting$d;
   reg [3:0] voting$q = 4'h0;
   reg is_flush$d;
   reg is_flush$q = 1'h0;
   reg [63:0] a0$d;
   reg [63:0] a0$q = 64'h0;
   reg [63:0] a1$d;
   reg [63:0] a1$q = 64'h0;
   reg [63:0] a2$d;
   reg [63:0] a2$q = 64'h0;
   reg here$0$d;
   reg here$0$q = 1'h0;
   reg here$1$d;
   reg here$1$q = 1'h0;
   reg here$2$d;
   reg here$2$q = 1'h0;
   reg gone$0$d;
   reg gone$0$q = 1'h0;
   reg gone$1$d;
   reg gone$1$q = 1'h0;
   reg gone$2$d;
   reg gone$2$q = 1'h0;
   reg equal_01$d;
   reg equal_01$q = 1'h0;
   reg equal_02$d;
   reg equal_02$q = 1'h0;
   reg equal_12$d;
   reg equal_12$q = 1'h0;
   reg [7:0] outcome$d;
   reg [7:0] outcome$q = 8'h0;
   reg [7:0] votes$d;
   reg [7:0] votes$q = 8'h0;
   reg [63:0] agreed$d;
   reg [63:0] agreed$q = 64'h0;
   reg releases$d;
   reg releases$q = 1'h0;
   reg [7:0] family$d;
   reg [7:0] family$q = 8'h0;
   reg [63:0] b0$d;
   reg [63:0] b0$q = 64'h0;
   reg [63:0] b1$d;
   reg [63:0] b1$q = 64'h0;
   reg [63:0] b2$d;
   reg [63:0] b2$q = 64'h0;
   reg here_n$0$d;
   reg here_n$0$q = 1'h0;
   reg here_n$1$d;
   reg here_n$1$q = 1'h0;
   reg here_n$2$d;
   reg here_n$2$q = 1'h0;
   reg gone_n$0$d;
   reg gone_n$0$q = 1'h0;
   reg gone_n$1$d;
   reg gone_n$1$q = 1'h0;
   reg gone_n$2$d;
   reg gone_n$2$q = 1'h0;
   reg differ_01$d;
   reg differ_01$q = 1'h0;
   reg differ_02$d;
   reg differ_02$q = 1'h0;
   reg differ_12$d;
   reg differ_12$q = 1'h0;
   reg [7:0] outcome_n$d;
   reg [7:0] outcome_n$q = 8'h0;
   reg [7:0] votes_n$d;
   reg [7:0] votes_n$q = 8'h0;
   reg [63:0] agreed_n$d;
   reg [63:0] agreed_n$q = 64'h0;
   reg releases_n$d;
   reg releases_n$q = 1'h0;
   reg [7:0] family_n$d;
   reg [7:0] family_n$q = 8'h0;
   wire check$put;
   wire check$first;
   wire [63:0] check$word;
   wire [31:0] check$code;
   redundancy_unit_3_check check (
      .clock(clock),
      .put(check$put),
      .first(check$first),
      .word(check$word),
      .code(check$code)
   );
   always @(*) begin
      voting$d = voting$q;
      is_flush$d = is_flush$q;
      a0$d = a0$q;
      a1$d = a1$q;
      a2$d = a2$q;
      equal_01$d = equal_01$q;
      equal_02$d = equal_02$q;
      equal_12$d = equal_12$q;
      outcome$d = outcome$q;
      votes$d = votes$q;
      agreed$d = agreed$q;
      releases$d = releases$q;
      b0$d = b0$q;
      b1$d = b1$q;
      b2$d = b2$q;
      differ_01$d = differ_01$q;
      differ_02$d = differ_02$q;
      differ_12$d = differ_12$q;
      outcome_n$d = outcome_n$q;
      votes_n$d = votes_n$q;
      agreed_n$d = agreed_n$q;
      releases_n$d = releases_n$q;
      here$0$d = here$0$q;
      gone$0$d = gone$0$q;
      here_n$0$d = here_n$0$q;
      gone_n$0$d = gone_n$0$q;
      here$1$d = here$1$q;
      gone$1$d = gone$1$q;
      here_n$1$d = here_n$1$q;
      gone_n$1$d = gone_n$1$q;
      here$2$d = here$2$q;
      gone$2$d = gone$2$q;
      here_n$2$d = here_n$2$q;
      gone_n$2$d = gone_n$2$q;
      sealing = 1'h0;
      over = 1'h0;
      sealed = ~agreed_n$q;
      case (voting$q)
         Voting$Idle: begin
            is_flush$d = 1'h0;
            a0$d = fingerprint$0;
            a1$d = fingerprint$1;
            a2$d = fingerprint$2;
            b0$d = ~fingerprint$0;
            b1$d = ~fingerprint$1;
            b2$d = ~fingerprint$2;
            here$0$d = member$0 & delivered$0;
            here_n$0$d = ~(member$0 & delivered$0);
            gone$0$d = (member$0 & (~delivered$0)) & dead$0;
            gone_n$0$d = ~((member$0 & (~delivered$0)) & dead$0);
            here$1$d = member$1 & delivered$1;
            here_n$1$d = ~(member$1 & delivered$1);
            gone$1$d = (member$1 & (~delivered$1)) & dead$1;
            gone_n$1$d = ~((member$1 & (~delivered$1)) & dead$1);
            here$2$d = member$2 & delivered$2;
            here_n$2$d = ~(member$2 & delivered$2);
            gone$2$d = (member$2 & (~delivered$2)) & dead$2;
            gone_n$2$d = ~((member$2 & (~delivered$2)) & dead$2);
            if (go) begin
               voting$d = Voting$Compare;
            end else if (flush) begin
               is_flush$d = 1'h1;
               voting$d = Voting$Decide;
            end
         end
         Voting$Compare: begin
            equal_01$d = a0$q == a1$q;
            equal_02$d = a0$q == a2$q;
            equal_12$d = a1$q == a2$q;
            differ_01$d = |difference_01;
            differ_02$d = |difference_02;
            differ_12$d = |difference_12;
            voting$d = Voting$Decide;
         end
         Voting$Decide: begin
            voting$d = Voting$Seal0;
            agreed$d = 64'h0;
            agreed_n$d = k$ones;
            releases$d = 1'h0;
            releases_n$d = 1'h1;
            if (is_flush$q) begin
               outcome$d = k$flushed;
               outcome_n$d = k$flushed_n;
               votes$d = live_votes;
               votes_n$d = ~live_votes;
            end else begin
               if (matched) begin
                  outcome$d = k$matched;
                  if (|blamed) begin
                     outcome$d = divided$majority;
                  end
                  votes$d = agree | (blamed << 4);
                  releases$d = 1'h1;
                  agreed$d = a2$q;
                  if (agree[1]) begin
                     agreed$d = a1$q;
                  end
                  if (agree[0]) begin
                     agreed$d = a0$q;
                  end
               end else if (several) begin
                  outcome$d = divided$no_majority;
                  if (only_two) begin
                     outcome$d = k$mismatched;
                  end
                  votes$d = blamed << 4;
               end else begin
                  outcome$d = family$q;
                  votes$d = lost << 4;
               end
               votes_n$d = ~voted_b;
               if (matched_b) begin
                  outcome_n$d = k$matched_n;
                  if (|blamed_b) begin
                     outcome_n$d = divided$majority_n;
                  end
                  releases_n$d = 1'h0;
                  agreed_n$d = b0$q;
                  if (agree_b[1]) begin
                     agreed_n$d = b1$q;
                  end
                  if (agree_b[2]) begin
                     agreed_n$d = b2$q;
                  end
               end else if (~few) begin
                  outcome_n$d = divided$no_majority_n;
                  if (only_two_b) begin
                     outcome_n$d = k$mismatched_n;
                  end
               end else begin
                  outcome_n$d = family_n$q;
               end
            end
         end
         Voting$Seal0: begin
            sealing = 1'h1;
            voting$d = Voting$Seal1;
         end
         Voting$Seal1: begin
            sealing = 1'h1;
            sealed = ~seq_n;
            voting$d = Voting$Seal2;
         end
         Voting$Seal2: begin
            sealing = 1'h1;
            sealed = ({32'h0, generation_b} | ({56'h0, outcome_b} << 32)) | ({56'h0, votes_b} << 40);
            voting$d = Voting$Seal3;
         end
         Voting$Seal3: begin
            sealing = 1'h1;
            sealed = 64'h0;
            if (phase) begin
               sealed = k$phase;
            end
            voting$d = Voting$Settle;
         end
         Voting$Settle: begin
            voting$d = Voting$Write;
         end
         Voting$Write: begin
            if (write_accepted) begin
               over = 1'h1;
               voting$d = Voting$Idle;
            end
         end
         default: begin
            voting$d = Voting$Idle;
         end
      endcase
      if (reset) begin
         voting$d = Voting$Idle;
      end
   end
   always @(*) begin
      family$d = family$q;
      family_n$d = family_n$q;
      family$d = k$bad_entry;
      family_n$d = k$bad_entry_n;
      if (why == k$cause_isolation) begin
         family$d = k$isolation;
         family_n$d = k$isolation_n;
      end else if ((((why == k$cause_refused) | (why == k$cause_poisoned)) | (why == k$cause_dma_timeout)) | (why == k$cause_malformed)) begin
         family$d = k$dma;
         family_n$d = k$dma_n;
      end else if (why == k$cause_timeout) begin
         family$d = k$timeout;
         family_n$d = k$timeout_n;
      end
   end
   assign ready$0 = ((~member$0) | delivered$0) | dead$0;
   assign ready$1 = ((~member$1) | delivered$1) | dead$1;
   assign ready$2 = ((~member$2) | delivered$2) | dead$2;
   assign go = (((((running & room) & (voting$q == Voting$Idle)) & ready$0) & ready$1) & ready$2) & ((member$0 | member$1) | member$2);
   assign voted = go;
   assign taken$0 = (go & member$0) & delivered$0;
   assign taken$1 = (go & member$1) & delivered$1;
   assign taken$2 = (go & member$2) & delivered$2;
   always @(*) begin
      why = cause$2;
      if (gone$1$q) begin
         why = cause$1;
      end
      if (gone$0$q) begin
         why = cause$0;
      end
   end
   assign pair_01 = (here$0$q & here$1$q) & equal_01$q;
   assign pair_02 = (here$0$q & here$2$q) & equal_02$q;
   assign pair_12 = (here$1$q & here$2$q) & equal_12$q;
   assign matched = ((pair_01 | pair_02) | pair_12) | (simplex & ((here$0$q | here$1$q) | here$2$q));
   assign several = (here$0$q & here$1$q) | ((here$0$q | here$1$q) & here$2$q);
   assign only_two = (~((here$0$q & here$1$q) & here$2$q)) & (~((gone$0$q | gone$1$q) | gone$2$q));
   always @(*) begin
      present = 8'h0;
      if (here$0$q) begin
         present = 8'h1;
      end
      if (here$1$q) begin
         present = present | bits$second;
      end
      if (here$2$q) begin
         present = present | bits$third;
      end
   end
   always @(*) begin
      lost = 8'h0;
      if (gone$0$q) begin
         lost = 8'h1;
      end
      if (gone$1$q) begin
         lost = lost | bits$second;
      end
      if (gone$2$q) begin
         lost = lost | bits$third;
      end
   end
   always @(*) begin
      live_votes = 8'h0;
      if (live$0) begin
         live_votes = 8'h1;
      end
      if (live$1) begin
         live_votes = live_votes | bits$second;
      end
      if (live$2) begin
         live_votes = live_votes | bits$third;
      end
   end
   always @(*) begin
      agree = present;
      if (~simplex) begin
         agree = 8'h0;
         if (pair_01 | pair_02) begin
            agree = 8'h1;
         end
         if (pair_01 | pair_12) begin
            agree = agree | bits$second;
         end
         if (pair_02 | pair_12) begin
            agree = agree | bits$third;
         end
      end
   end
   assign not_agree = ~agree;
   assign blamed = (present | lost) & not_agree;
   assign difference_01 = b0$q ^ b1$q;
   assign difference_02 = b0$q ^ b2$q;
   assign difference_12 = b1$q ^ b2$q;
   assign apart_01 = (here_n$0$q | here_n$1$q) | differ_01$q;
   assign apart_02 = (here_n$0$q | here_n$2$q) | differ_02$q;
   assign apart_12 = (here_n$1$q | here_n$2$q) | differ_12$q;
   assign matched_b = ~(((apart_01 & apart_02) & apart_12) & ((~simplex) | ((here_n$0$q & here_n$1$q) & here_n$2$q)));
   assign few = (here_n$0$q & here_n$1$q) | ((here_n$0$q | here_n$1$q) & here_n$2$q);
   assign only_two_b = ((here_n$0$q | here_n$1$q) | here_n$2$q) & ((gone_n$0$q & gone_n$1$q) & gone_n$2$q);
   always @(*) begin
      present_b = bits$all;
      if (here_n$0$q) begin
         present_b = present_b & bits$but_first;
      end
      if (here_n$1$q) begin
         present_b = present_b & bits$but_second;
      end
      if (here_n$2$q) begin
         present_b = present_b & bits$but_third;
      end
   end
   always @(*) begin
      lost_b = bits$all;
      if (gone_n$0$q) begin
         lost_b = lost_b & bits$but_first;
      end
      if (gone_n$1$q) begin
         lost_b = lost_b & bits$but_second;
      end
      if (gone_n$2$q) begin
         lost_b = lost_b & bits$but_third;
      end
   end
   always @(*) begin
      agree_b = bits$all;
      if (simplex) begin
         agree_b = present_b;
      end else begin
         if (apart_01 & apart_02) begin
            agree_b = agree_b & bits$but_first;
         end
         if (apart_01 & apart_12) begin
            agree_b = agree_b & bits$but_second;
         end
         if (apart_02 & apart_12) begin
            agree_b = agree_b & bits$but_third;
         end
      end
   end
   assign not_agree_b = ~agree_b;
   assign blamed_b = (present_b | lost_b) & not_agree_b;
   always @(*) begin
      shifted = lost_b << 4;
      if (matched_b | (~few)) begin
         shifted = blamed_b << 4;
      end
   end
   always @(*) begin
      voted_b = shifted;
      if (matched_b) begin
         voted_b = shifted | agree_b;
      end
   end
   assign outcome_b = ~outcome_n$q;
   assign votes_b = ~votes_n$q;
   assign generation_b = ~generation_n;
   assign check$put = sealing;
   assign check$first = voting$q == Voting$Seal0;
   assign check$word = sealed;
   assign write = voting$q == Voting$Write;
   assign word0 = agreed$q;
   assign word1 = seq;
   assign word2 = ({32'h0, generation} | ({56'h0, outcome$q} << 32)) | ({56'h0, votes$q} << 40);
   always @(*) begin
      word3 = {32'h0, check$code};
      if (phase) begin
         word3 = {32'h0, check$code} | k$phase;
      end
   end
   assign busy = voting$q != Voting$Idle;
   assign done = over & (~is_flush$q);
   assign flushed = over & is_flush$q;
   assign releasable = releases$q & (~releases_n$q);
   assign failed$0 = gone$0$q;
   assign failed$1 = gone$1$q;
   assign failed$2 = gone$2$q;
   always @(posedge clock) begin
      voting$q <= voting$d;
      is_flush$q <= is_flush$d;
      a0$q <= a0$d;
      a1$q <= a1$d;
      a2$q <= a2$d;
      here$0$q <= here$0$d;
      here$1$q <= here$1$d;
      here$2$q <= here$2$d;
      gone$0$q <= gone$0$d;
      gone$1$q <= gone$1$d;
      gone$2$q <= gone$2$d;
      equal_01$q <= equal_01$d;
      equal_02$q <= equal_02$d;
      equal_12$q <= equal_12$d;
      outcome$q <= outcome$d;
      votes$q <= votes$d;
      agreed$q <= agreed$d;
      releases$q <= releases$d;
      family$q <= family$d;
      b0$q <= b0$d;
      b1$q <= b1$d;
      b2$q <= b2$d;
      here_n$0$q <= here_n$0$d;
      here_n$1$q <= here_n$1$d;
      here_n$2$q <= here_n$2$d;
      gone_n$0$q <= gone_n$0$d;
      gone_n$1$q <= gone_n$1$d;
      gone_n$2$q <= gone_n$2$d;
      differ_01$q <= differ_01$d;
      differ_02$q <= differ_02$d;
      differ_12$q <= differ_12$d;
      outcome_n$q <= outcome_n$d;
      votes_n$q <= votes_n$d;
      agreed_n$q <= agreed_n$d;
      releases_n$q <= releases_n$d;
      family_n$q <= family_n$d;
   end
endmodule

// The skew watchdog of a group.
// 
// Armed while a lane has delivered the record that is voted on next and another one has no entry for it. It
// counts ticks from zero for each record; at a tick that finds `limit` reached it locks every lane that lacks an entry. Ticks are far apart,
// so the compare and the lock take clocks of their own; between ticks nothing expires, also not under a limit that was lowered.
module redundancy_unit_3_watchdog (
   input wire clock,
   input wire tick,
   input wire running,
   input wire voted,
   input wire [31:0] limit,
   input wire delivered$0,
   input wire delivered$1,
   input wire delivered$2,
   input wire lacks$0,
   input wire lacks$1,
   input wire lacks$2,
   output wire timeout$0,
   output wire timeout$1,
   output wire timeout$2
);
   wire [31:0] next_count;
   wire missing$0;
   wire missing$1;
   wire missing$2;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg armed$d;
   reg armed$q = 1'h0;
   reg ticked$d;
   reg ticked$q = 1'h0;
   reg reached$d;
   reg reached$q = 1'h0;
   reg expired$d;
   reg expired$q = 1'h0;
   always @(*) begin
      count$d = count$q;
      reached$d = reached$q;
      reached$d = (ticked$q & (limit != 32'h0)) & (count$q >= limit);
      if (tick) begin
         count$d = next_count;
      end
      if ((~armed$q) | reached$q) begin
         count$d = 32'h0;
         reached$d = 1'h0;
      end
   end
   always @(*) begin
      armed$d = armed$q;
      armed$d = ((running & ((delivered$0 | delivered$1) | delivered$2)) & ((missing$0 | missing$1) | missing$2)) & (~voted);
   end
   always @(*) begin
      ticked$d = ticked$q;
      ticked$d = tick;
   end
   always @(*) begin
      expired$d = expired$q;
      expired$d = armed$q & reached$q;
   end
   assign missing$0 = lacks$0 & (~delivered$0);
   assign missing$1 = lacks$1 & (~delivered$1);
   assign missing$2 = lacks$2 & (~delivered$2);
   assign next_count = count$q + 32'h1;
   assign timeout$0 = expired$q & missing$0;
   assign timeout$1 = expired$q & missing$1;
   assign timeout$2 = expired$q & missing$2;
   always @(posedge clock) begin
      count$q <= count$d;
      armed$q <= armed$d;
      ticked$q <= ticked$d;
      reached$q <= reached$d;
      expired$q <= expired$d;
   end
endmodule

// The group: its generation, its position, whether it runs, and the order of a flush.
// 
// Flush: stop the lanes and await their reads, write `Flushed`, then start the next generation with the members
// that are not locked. Position and generation are counted twice, once complemented, for the two copies of the vote.
module redundancy_unit_3_generation (
   input wire clock,
   input wire reset,
   input wire enabled,
   input wire command,
   input wire [3:0] members,
   input wire [63:0] start_seq,
   input wire locked$0,
   input wire locked$1,
   input wire locked$2,
   input wire drained$0,
   input wire drained$1,
   input wire drained$2,
   input wire vote_busy,
   input wire vote_done,
   input wire vote_release,
   input wire vote_failed$0,
   input wire vote_failed$1,
   input wire vote_failed$2,
   input wire vote_flushed,
   output wire running,
   output wire stop,
   output reg start,
   output wire joining$0,
   output wire joining$1,
   output wire joining$2,
   output wire flush,
   output wire member$0,
   output wire member$1,
   output wire member$2,
   output wire simplex,
   output wire [63:0] seq,
   output wire [63:0] seq_n,
   output wire [31:0] generation,
   output wire [31:0] generation_n,
   output reg [3:0] state,
   output wire busy
);
   localparam [63:0] k$ones = 64'hffffffffffffffff;
   localparam [31:0] k$ones32 = 32'hffffffff;
   localparam [63:0] k$one = 64'h1;
   localparam [31:0] k$one32 = 32'h1;
   localparam [2:0] Phase$Idle = 3'd0;
   localparam [2:0] Phase$Running = 3'd1;
   localparam [2:0] Phase$Halted = 3'd2;
   localparam [2:0] Phase$Drain = 3'd3;
   localparam [2:0] Phase$Flush = 3'd4;
   localparam [2:0] Phase$Start = 3'd5;
   wire named$0;
   wire named$1;
   wire named$2;
   wire joins$0;
   wire joins$1;
   wire joins$2;
   wire single;
   wire enough;
   wire stay$0;
   wire stay$1;
   wire stay$2;
   wire still_enough;
   wire [63:0] next_at;
   wire [63:0] next_at_n;
   wire [31:0] next_count;
   wire [31:0] next_count_n;
   reg [2:0] phase$d;
   reg [2:0] phase$q = 3'h0;
   reg asked$d;
   reg asked$q = 1'h0;
   reg [63:0] at$d;
   reg [63:0] at$q = 64'h0;
   reg [63:0] at_n$d;
   reg [63:0] at_n$q = 64'h0;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg [31:0] count_n$d;
   reg [31:0] count_n$q = 32'h0;
   reg voters$0$d;
   reg voters$0$q = 1'h0;
   reg voters$1$d;
   reg voters$1$q = 1'h0;
   reg voters$2$d;
   reg voters$2$q = 1'h0;
   reg alone$d;
   reg alone$q = 1'h0;
   always @(*) begin
      phase$d = phase$q;
      asked$d = asked$q;
      at$d = at$q;
      at_n$d = at_n$q;
      count$d = count$q;
      count_n$d = count_n$q;
      alone$d = alone$q;
      voters$0$d = voters$0$q;
      voters$1$d = voters$1$q;
      voters$2$d = voters$2$q;
      if (command) begin
         asked$d = 1'h1;
      end
      start = 1'h0;
      case (phase$q)
         Phase$Drain: begin
            if (((drained$0 & drained$1) & drained$2) & (~vote_busy)) begin
               phase$d = Phase$Flush;
            end
         end
         Phase$Flush: begin
            if (vote_flushed) begin
               phase$d = Phase$Start;
            end
         end
         Phase$Start: begin
            start = 1'h1;
            asked$d = command;
            count$d = next_count;
            count_n$d = next_count_n;
            at$d = start_seq;
            at_n$d = ~start_seq;
            alone$d = single;
            voters$0$d = joins$0;
            voters$1$d = joins$1;
            voters$2$d = joins$2;
            if (enough) begin
               phase$d = Phase$Running;
            end else if ((named$0 | named$1) | named$2) begin
               phase$d = Phase$Halted;
            end else begin
               phase$d = Phase$Idle;
            end
         end
         default: begin
            if (asked$q) begin
               phase$d = Phase$Drain;
            end else if (vote_done & ((~vote_release) | (~still_enough))) begin
               phase$d = Phase$Halted;
            end
         end
      endcase
      if (vote_done) begin
         at$d = next_at;
         at_n$d = next_at_n;
         voters$0$d = stay$0;
         voters$1$d = stay$1;
         voters$2$d = stay$2;
      end
      if (reset) begin
         phase$d = Phase$Idle;
         asked$d = enabled & (command | asked$q);
         count$d = 32'h0;
         count_n$d = k$ones32;
         at$d = 64'h0;
         at_n$d = k$ones;
         voters$0$d = 1'h0;
         voters$1$d = 1'h0;
         voters$2$d = 1'h0;
      end
   end
   assign named$0 = members[0];
   assign joins$0 = named$0 & (~locked$0);
   assign stay$0 = voters$0$q & (~vote_failed$0);
   assign named$1 = members[1];
   assign joins$1 = named$1 & (~locked$1);
   assign stay$1 = voters$1$q & (~vote_failed$1);
   assign named$2 = members[2];
   assign joins$2 = named$2 & (~locked$2);
   assign stay$2 = voters$2$q & (~vote_failed$2);
   assign single = ((named$0 ^ named$1) ^ named$2) & (~((named$0 & named$1) & named$2));
   assign enough = ((joins$0 & joins$1) | ((joins$0 | joins$1) & joins$2)) | (single & ((joins$0 | joins$1) | joins$2));
   assign still_enough = ((stay$0 & stay$1) | ((stay$0 | stay$1) & stay$2)) | (alone$q & ((stay$0 | stay$1) | stay$2));
   assign next_at = at$q + 64'h1;
   assign next_at_n = at_n$q - k$one;
   assign next_count = count$q + 32'h1;
   assign next_count_n = count_n$q - k$one32;
   assign running = phase$q == Phase$Running;
   assign stop = phase$q != Phase$Running;
   assign flush = phase$q == Phase$Flush;
   assign joining$0 = joins$0;
   assign member$0 = voters$0$q;
   assign joining$1 = joins$1;
   assign member$1 = voters$1$q;
   assign joining$2 = joins$2;
   assign member$2 = voters$2$q;
   assign simplex = alone$q;
   assign seq = at$q;
   assign seq_n = at_n$q;
   assign generation = count$q;
   assign generation_n = count_n$q;
   always @(*) begin
      state = 4'h3;
      if (phase$q == Phase$Idle) begin
         state = 4'h0;
      end else if (phase$q == Phase$Running) begin
         state = 4'h1;
      end else if (phase$q == Phase$Halted) begin
         state = 4'h2;
      end
   end
   assign busy = asked$q;
   always @(posedge clock) begin
      phase$q <= phase$d;
      asked$q <= asked$d;
      at$q <= at$d;
      at_n$q <= at_n$d;
      count$q <= count$d;
      count_n$q <= count_n$d;
      voters$0$q <= voters$0$d;
      voters$1$q <= voters$1$d;
      voters$2$q <= voters$2$d;
      alone$q <= alone$d;
   end
endmodule

module redundancy_unit_3_verdict_ring (
   input wire clock,
   input wire reset,
   input wire [63:0] base,
   input wire [4:0] log2,
   input wire [31:0] head,
   input wire accepted,
   output wire room,
   output wire [63:0] address,
   output wire phase,
   output wire [31:0] tail
);
   localparam [31:0] k$one = 32'h1;
   localparam [63:0] k$aligned = 64'hffffffffffffffe0;
   wire [31:0] next_count;
   wire [31:0] used;
   wire [31:0] length;
   wire [31:0] mask;
   wire [31:0] slot;
   wire [31:0] lap;
   wire [63:0] offset;
   wire [63:0] start;
   reg [31:0] count$d;
   reg [31:0] count$q = 32'h0;
   reg has_room$d;
   reg has_room$q = 1'h0;
   reg moved$d;
   reg moved$q = 1'h0;
   reg [31:0] taken$d;
   reg [31:0] taken$q = 32'h0;
   reg [31:0] whole$d;
   reg [31:0] whole$q = 32'h0;
   reg [31:0] part$d;
   reg [31:0] part$q = 32'h0;
   reg [63:0] place$d;
   reg [63:0] place$q = 64'h0;
   reg first_lap$d;
   reg first_lap$q = 1'h0;
   always @(*) begin
      count$d = count$q;
      has_room$d = has_room$q;
      if (accepted) begin
         count$d = next_count;
      end
      has_room$d = ((taken$q < whole$q) & (~accepted)) & (~moved$q);
      if (reset) begin
         count$d = 32'h0;
         has_room$d = 1'h0;
      end
   end
   always @(*) begin
      moved$d = moved$q;
      moved$d = accepted | reset;
   end
   always @(*) begin
      taken$d = taken$q;
      taken$d = used;
   end
   always @(*) begin
      whole$d = whole$q;
      whole$d = length;
   end
   always @(*) begin
      part$d = part$q;
      part$d = mask;
   end
   always @(*) begin
      place$d = place$q;
      place$d = start + offset;
   end
   always @(*) begin
      first_lap$d = first_lap$q;
      first_lap$d = ~lap[0];
   end
   assign next_count = count$q + 32'h1;
   assign used = count$q - head;
   assign length = k$one << log2;
   assign mask = length - 32'h1;
   assign room = has_room$q;
   assign slot = count$q & part$q;
   assign offset = {32'h0, slot} << 5;
   assign start = base & k$aligned;
   assign address = place$q;
   assign lap = count$q >> log2;
   assign phase = first_lap$q;
   assign tail = count$q;
   always @(posedge clock) begin
      count$q <= count$d;
      has_room$q <= has_room$d;
      moved$q <= moved$d;
      taken$q <= taken$d;
      whole$q <= whole$d;
      part$q <= part$d;
      place$q <= place$d;
      first_lap$q <= first_lap$d;
   end
endmodule

// Logs faults: takes the lanes' reports, lowest lane first, seals and writes them.
// 
// A report that finds the ring full or absent is counted and gone; no lane waits for the log.
module redundancy_unit_3_fault_ring (
   input wire clock,
   input wire reset,
   input wire power_reset,
   input wire [63:0] base,
   input wire [4:0] log2,
   input wire [31:0] head,
   output wire [31:0] tail,
   output wire [31:0] dropped,
   input wire report$0,
   input wire report$1,
   input wire report$2,
   output wire report_taken$0,
   output wire report_taken$1,
   output wire report_taken$2,
   input wire [7:0] cause$0,
   input wire [7:0] cause$1,
   input wire [7:0] cause$2,
   input wire [63:0] address$0,
   input wire [63:0] address$1,
   input wire [63:0] address$2,
   input wire [63:0] seq$0,
   input wire [63:0] seq$1,
   input wire [63:0] seq$2,
   input wire [31:0] generation$0,
   input wire [31:0] generation$1,
   input wire [31:0] generation$2,
   output wire write,
   input wire write_accepted,
   output wire [63:0] write_address,
   output wire [63:0] word0,
   output wire [63:0] word1,
   output wire [63:0] word2,
   output reg [63:0] word3
);
   localparam [63:0] k$phase = 64'h100000000;
   localparam [63:0] k$lane1 = 64'h10000000000;
   localparam [63:0] k$lane2 = 64'h20000000000;
   localparam [31:0] k$ones = 32'hffffffff;
   localparam [2:0] Logging$Idle = 3'd0;
   localparam [2:0] Logging$Seal0 = 3'd1;
   localparam [2:0] Logging$Seal1 = 3'd2;
   localparam [2:0] Logging$Seal2 = 3'd3;
   localparam [2:0] Logging$Seal3 = 3'd4;
   localparam [2:0] Logging$Settle = 3'd5;
   localparam [2:0] Logging$Write = 3'd6;
   wire take$0;
   wire take$1;
   wire take$2;
   wire [31:0] next_lost;
   reg sealing;
   reg [63:0] sealed;
   wire ring$reset;
   wire [63:0] ring$base;
   wire [4:0] ring$log2;
   wire [31:0] ring$head;
   wire ring$accepted;
   wire ring$room;
   wire [63:0] ring$address;
   wire ring$phase;
   wire [31:0] ring$tail;
   wire check$put;
   wire check$first;
   wire [63:0] check$word;
   wire [31:0] check$code;
   reg [2:0] logging$d;
   reg [2:0] logging$q = 3'h0;
   reg [63:0] first$d;
   reg [63:0] first$q = 64'h0;
   reg [63:0] second$d;
   reg [63:0] second$q = 64'h0;
   reg [63:0] third$d;
   reg [63:0] third$q = 64'h0;
   reg [31:0] lost$d;
   reg [31:0] lost$q = 32'h0;
   wire written$d;
   reg written$q = 1'h0;
   wire rested$d;
   reg rested$q = 1'h0;
   redundancy_unit_3_verdict_ring ring (
      .clock(clock),
      .reset(ring$reset),
      .base(ring$base),
      .log2(ring$log2),
      .head(ring$head),
      .accepted(ring$accepted),
      .room(ring$room),
      .address(ring$address),
      .phase(ring$phase),
      .tail(ring$tail)
   );
   redundancy_unit_3_check check (
      .clock(clock),
      .put(check$put),
      .first(check$first),
      .word(check$word),
      .code(check$code)
   );
   always @(*) begin
      logging$d = logging$q;
      first$d = first$q;
      second$d = second$q;
      third$d = third$q;
      lost$d = lost$q;
      sealing = 1'h0;
      sealed = first$q;
      case (logging$q)
         Logging$Idle: begin
            first$d = address$0;
            second$d = seq$0;
            third$d = {32'h0, generation$0} | ({56'h0, cause$0} << 32);
            if (take$1) begin
               first$d = address$1;
               second$d = seq$1;
               third$d = ({32'h0, generation$1} | ({56'h0, cause$1} << 32)) | k$lane1;
            end
            if (take$2) begin
               first$d = address$2;
               second$d = seq$2;
               third$d = ({32'h0, generation$2} | ({56'h0, cause$2} << 32)) | k$lane2;
            end
            if ((take$0 | take$1) | take$2) begin
               if (ring$room & (log2 != 5'h0)) begin
                  logging$d = Logging$Seal0;
               end else if (lost$q != k$ones) begin
                  lost$d = next_lost;
               end
            end
         end
         Logging$Seal0: begin
            sealing = 1'h1;
            logging$d = Logging$Seal1;
         end
         Logging$Seal1: begin
            sealing = 1'h1;
            sealed = second$q;
            logging$d = Logging$Seal2;
         end
         Logging$Seal2: begin
            sealing = 1'h1;
            sealed = third$q;
            logging$d = Logging$Seal3;
         end
         Logging$Seal3: begin
            sealing = 1'h1;
            sealed = 64'h0;
            if (ring$phase) begin
               sealed = k$phase;
            end
            logging$d = Logging$Settle;
         end
         Logging$Settle: begin
            logging$d = Logging$Write;
         end
         Logging$Write: begin
            if (write_accepted) begin
               logging$d = Logging$Idle;
            end
         end
         default: begin
            logging$d = Logging$Idle;
         end
      endcase
      if (reset) begin
         logging$d = Logging$Idle;
      end
      if (power_reset) begin
         lost$d = 32'h0;
      end
   end
   assign ring$reset = reset;
   assign ring$base = base;
   assign ring$log2 = log2;
   assign ring$head = head;
   assign ring$accepted = write_accepted;
   assign tail = ring$tail;
   assign write_address = ring$address;
   assign written$d = write_accepted;
   assign rested$d = written$q;
   assign take$0 = ((report$0 & (logging$q == Logging$Idle)) & (~written$q)) & (~rested$q);
   assign take$1 = (((report$1 & (~report$0)) & (logging$q == Logging$Idle)) & (~written$q)) & (~rested$q);
   assign take$2 = ((((report$2 & (~report$1)) & (~report$0)) & (logging$q == Logging$Idle)) & (~written$q)) & (~rested$q);
   assign report_taken$0 = take$0;
   assign report_taken$1 = take$1;
   assign report_taken$2 = take$2;
   assign next_lost = lost$q + 32'h1;
   assign check$put = sealing;
   assign check$first = logging$q == Logging$Seal0;
   assign check$word = sealed;
   assign write = logging$q == Logging$Write;
   assign word0 = first$q;
   assign word1 = second$q;
   assign word2 = third$q;
   always @(*) begin
      word3 = {32'h0, check$code};
      if (ring$phase) begin
         word3 = {32'h0, check$code} | k$phase;
      end
   end
   assign dropped = lost$q;
   always @(posedge clock) begin
      logging$q <= logging$d;
      first$q <= first$d;
      second$q <= second$d;
      third$q <= third$d;
      lost$q <= lost$d;
      written$q <= written$d;
      rested$q <= rested$d;
   end
endmodule

// The top: every block, and the order in which they are reset.
// 
// `reset` and a link that is down reset everything at once. `CONTROL_ENABLE` = 0 and a function-level reset first stop
// the lanes, then await their reads and the packet on `tx_req`; only then may the unit run (or be reset) again, so
// that nothing from before can be taken for something from after.
module redundancy_unit_3 (
   input wire clock,
   input wire reset,
   input wire rx_req_valid,
   output wire rx_req_ready,
   input wire [63:0] rx_req_data,
   input wire [1:0] rx_req_keep,
   input wire rx_req_last,
   input wire rx_cpl_valid,
   output wire rx_cpl_ready,
   input wire [63:0] rx_cpl_data,
   input wire [1:0] rx_cpl_keep,
   input wire rx_cpl_last,
   output wire tx_req_valid,
   input wire tx_req_ready,
   output wire [63:0] tx_req_data,
   output wire [1:0] tx_req_keep,
   output wire tx_req_last,
   output wire tx_cpl_valid,
   input wire tx_cpl_ready,
   output wire [63:0] tx_cpl_data,
   output wire [1:0] tx_cpl_keep,
   output wire tx_cpl_last,
   input wire [15:0] completer_id,
   input wire [2:0] max_payload,
   input wire [2:0] max_read_request,
   input wire rcb,
   input wire bus_master_enable,
   input wire msix_enable,
   input wire msix_function_mask,
   input wire flr_request,
   output wire flr_done,
   input wire link_up,
   input wire tick,
   output wire config_error
);
   localparam [1:0] Flr$Idle = 2'd0;
   localparam [1:0] Flr$Drain = 2'd1;
   localparam [1:0] Flr$Reset = 2'd2;
   localparam [1:0] Flr$Done = 2'd3;
   wire power_reset;
   wire full_reset;
   wire quiet;
   wire off;
   wire lanes_quiet;
   wire may_send;
   wire tlp_rx$reset;
   wire tlp_rx$power_reset;
   wire tlp_rx$valid;
   wire [63:0] tlp_rx$data;
   wire tlp_rx$last;
   wire tlp_rx$ready;
   wire tlp_rx$record;
   wire tlp_rx$taken;
   wire tlp_rx$is_write;
   wire tlp_rx$is_read;
   wire [17:0] tlp_rx$address;
   wire [9:0] tlp_rx$length;
   wire tlp_rx$one_or_two;
   wire tlp_rx$two;
   wire [3:0] tlp_rx$first_enables;
   wire [3:0] tlp_rx$last_enables;
   wire [63:0] tlp_rx$payload;
   wire [31:0] tlp_rx$echo;
   wire [15:0] tlp_rx$requester;
   wire [7:0] tlp_rx$tag;
   wire host$reset;
   wire [15:0] host$completer_id;
   wire host$record;
   wire host$taken;
   wire host$is_write;
   wire host$is_read;
   wire [17:0] host$address;
   wire [9:0] host$length;
   wire host$one_or_two;
   wire host$two;
   wire [3:0] host$first_enables;
   wire [3:0] host$last_enables;
   wire [63:0] host$payload;
   wire [31:0] host$echo;
   wire [15:0] host$requester;
   wire [7:0] host$tag;
   wire [15:0] host$bus_address;
   wire host$bus_write;
   wire [31:0] host$bus_data;
   wire [31:0] host$bus_read;
   wire host$room;
   wire host$put;
   wire [31:0] host$dw0;
   wire [31:0] host$dw1;
   wire [31:0] host$dw2;
   wire [63:0] host$answer;
   wire csr$reset;
   wire [15:0] csr$bus_address;
   wire csr$bus_write;
   wire [31:0] csr$bus_data;
   wire [31:0] csr$bus_read;
   wire [31:0] csr$fault_tail;
   wire [31:0] csr$faults_dropped;
   wire [31:0] csr$stale_doorbells;
   wire [31:0] csr$late_completions;
   wire [31:0] csr$tags_quarantined;
   wire [31:0] csr$generation;
   wire [31:0] csr$verdict_tail;
   wire [3:0] csr$group_state;
   wire csr$group_live$0;
   wire csr$group_live$1;
   wire csr$group_live$2;
   wire csr$flush_busy;
   wire [3:0] csr$lane_state$0;
   wire [3:0] csr$lane_state$1;
   wire [3:0] csr$lane_state$2;
   wire [7:0] csr$lane_cause$0;
   wire [7:0] csr$lane_cause$1;
   wire [7:0] csr$lane_cause$2;
   wire [31:0] csr$lane_head$0;
   wire [31:0] csr$lane_head$1;
   wire [31:0] csr$lane_head$2;
   wire [31:0] csr$lane_tail$0;
   wire [31:0] csr$lane_tail$1;
   wire [31:0] csr$lane_tail$2;
   wire csr$lane_resetting$0;
   wire csr$lane_resetting$1;
   wire csr$lane_resetting$2;
   wire csr$lane_clear$0;
   wire csr$lane_clear$1;
   wire csr$lane_clear$2;
   wire csr$enable;
   wire [63:0] csr$fault_base;
   wire [4:0] csr$fault_size;
   wire [31:0] csr$fault_read;
   wire csr$flush;
   wire [3:0] csr$member_lanes;
   wire [63:0] csr$start_seq;
   wire [63:0] csr$verdict_base;
   wire [4:0] csr$verdict_size;
   wire [31:0] csr$verdict_read;
   wire [31:0] csr$watchdog_limit;
   wire [31:0] csr$longest;
   wire csr$lane_reset$0;
   wire csr$lane_reset$1;
   wire csr$lane_reset$2;
   wire [63:0] csr$ring_base$0;
   wire [63:0] csr$ring_base$1;
   wire [63:0] csr$ring_base$2;
   wire [4:0] csr$ring_size$0;
   wire [4:0] csr$ring_size$1;
   wire [4:0] csr$ring_size$2;
   wire [63:0] csr$window_base$0;
   wire [63:0] csr$window_base$1;
   wire [63:0] csr$window_base$2;
   wire [63:0] csr$window_limit$0;
   wire [63:0] csr$window_limit$1;
   wire [63:0] csr$window_limit$2;
   wire doorbell$reset;
   wire [15:0] doorbell$bus_address;
   wire doorbell$bus_write;
   wire [31:0] doorbell$bus_data;
   wire [31:0] doorbell$generation;
   wire doorbell$live$0;
   wire doorbell$live$1;
   wire doorbell$live$2;
   wire doorbell$ring$0;
   wire doorbell$ring$1;
   wire doorbell$ring$2;
   wire [31:0] doorbell$tail$0;
   wire [31:0] doorbell$tail$1;
   wire [31:0] doorbell$tail$2;
   wire [31:0] doorbell$stale;
   wire msix$reset;
   wire msix$enable;
   wire msix$function_mask;
   wire [15:0] msix$bus_address;
   wire msix$bus_write;
   wire [31:0] msix$bus_data;
   wire [31:0] msix$bus_read;
   wire msix$happened$0;
   wire msix$happened$1;
   wire msix$write;
   wire msix$write_accepted;
   wire [63:0] msix$address;
   wire [63:0] msix$message;
   wire completer$reset;
   wire completer$enable;
   wire completer$put;
   wire [31:0] completer$dw0;
   wire [31:0] completer$dw1;
   wire [31:0] completer$dw2;
   wire [63:0] completer$payload;
   wire completer$room;
   wire completer$posted_busy;
   wire completer$hold;
   wire completer$busy;
   wire completer$valid;
   wire [63:0] completer$data;
   wire [1:0] completer$keep;
   wire completer$last;
   wire completer$ready;
   wire lane$0$reset;
   wire lane$0$power_reset;
   wire [63:0] lane$0$ring_base;
   wire [4:0] lane$0$ring_log2;
   wire [63:0] lane$0$window_base;
   wire [63:0] lane$0$window_limit;
   wire [31:0] lane$0$payload_max;
   wire [2:0] lane$0$max_read_request;
   wire [31:0] lane$0$generation;
   wire lane$0$start;
   wire lane$0$joining;
   wire [63:0] lane$0$start_seq;
   wire lane$0$stop;
   wire lane$0$reset_command;
   wire lane$0$timeout;
   wire lane$0$ring;
   wire [31:0] lane$0$ring_tail;
   wire lane$0$live;
   wire lane$0$locked;
   wire lane$0$dead;
   wire [7:0] lane$0$dead_cause;
   wire lane$0$lacks;
   wire lane$0$drained;
   wire lane$0$idle;
   wire lane$0$resetting;
   wire lane$0$clear_registers;
   wire [3:0] lane$0$state;
   wire [7:0] lane$0$cause;
   wire [31:0] lane$0$head;
   wire [31:0] lane$0$tail;
   wire lane$0$vote;
   wire [63:0] lane$0$vote_fingerprint;
   wire lane$0$vote_taken;
   wire lane$0$report;
   wire lane$0$report_taken;
   wire [7:0] lane$0$report_cause;
   wire [63:0] lane$0$report_address;
   wire [63:0] lane$0$report_seq;
   wire [31:0] lane$0$report_generation;
   wire lane$0$request;
   wire lane$0$request_taken;
   wire [63:0] lane$0$request_address;
   wire [9:0] lane$0$request_bytes;
   wire [7:0] lane$0$request_dws;
   wire [6:0] lane$0$request_words;
   wire [3:0] lane$0$request_first_enables;
   wire [3:0] lane$0$request_last_enables;
   wire lane$0$request_last;
   wire lane$0$ready;
   wire lane$0$word;
   wire [63:0] lane$0$word_data;
   wire lane$0$word_ends_request;
   wire lane$0$word_ends_job;
   wire [7:0] lane$0$word_fault;
   wire lane$1$reset;
   wire lane$1$power_reset;
   wire [63:0] lane$1$ring_base;
   wire [4:0] lane$1$ring_log2;
   wire [63:0] lane$1$window_base;
   wire [63:0] lane$1$window_limit;
   wire [31:0] lane$1$payload_max;
   wire [2:0] lane$1$max_read_request;
   wire [31:0] lane$1$generation;
   wire lane$1$start;
   wire lane$1$joining;
   wire [63:0] lane$1$start_seq;
   wire lane$1$stop;
   wire lane$1$reset_command;
   wire lane$1$timeout;
   wire lane$1$ring;
   wire [31:0] lane$1$ring_tail;
   wire lane$1$live;
   wire lane$1$locked;
   wire lane$1$dead;
   wire [7:0] lane$1$dead_cause;
   wire lane$1$lacks;
   wire lane$1$drained;
   wire lane$1$idle;
   wire lane$1$resetting;
   wire lane$1$clear_registers;
   wire [3:0] lane$1$state;
   wire [7:0] lane$1$cause;
   wire [31:0] lane$1$head;
   wire [31:0] lane$1$tail;
   wire lane$1$vote;
   wire [63:0] lane$1$vote_fingerprint;
   wire lane$1$vote_taken;
   wire lane$1$report;
   wire lane$1$report_taken;
   wire [7:0] lane$1$report_cause;
   wire [63:0] lane$1$report_address;
   wire [63:0] lane$1$report_seq;
   wire [31:0] lane$1$report_generation;
   wire lane$1$request;
   wire lane$1$request_taken;
   wire [63:0] lane$1$request_address;
   wire [9:0] lane$1$request_bytes;
   wire [7:0] lane$1$request_dws;
   wire [6:0] lane$1$request_words;
   wire [3:0] lane$1$request_first_enables;
   wire [3:0] lane$1$request_last_enables;
   wire lane$1$request_last;
   wire lane$1$ready;
   wire lane$1$word;
   wire [63:0] lane$1$word_data;
   wire lane$1$word_ends_request;
   wire lane$1$word_ends_job;
   wire [7:0] lane$1$word_fault;
   wire lane$2$reset;
   wire lane$2$power_reset;
   wire [63:0] lane$2$ring_base;
   wire [4:0] lane$2$ring_log2;
   wire [63:0] lane$2$window_base;
   wire [63:0] lane$2$window_limit;
   wire [31:0] lane$2$payload_max;
   wire [2:0] lane$2$max_read_request;
   wire [31:0] lane$2$generation;
   wire lane$2$start;
   wire lane$2$joining;
   wire [63:0] lane$2$start_seq;
   wire lane$2$stop;
   wire lane$2$reset_command;
   wire lane$2$timeout;
   wire lane$2$ring;
   wire [31:0] lane$2$ring_tail;
   wire lane$2$live;
   wire lane$2$locked;
   wire lane$2$dead;
   wire [7:0] lane$2$dead_cause;
   wire lane$2$lacks;
   wire lane$2$drained;
   wire lane$2$idle;
   wire lane$2$resetting;
   wire lane$2$clear_registers;
   wire [3:0] lane$2$state;
   wire [7:0] lane$2$cause;
   wire [31:0] lane$2$head;
   wire [31:0] lane$2$tail;
   wire lane$2$vote;
   wire [63:0] lane$2$vote_fingerprint;
   wire lane$2$vote_taken;
   wire lane$2$report;
   wire lane$2$report_taken;
   wire [7:0] lane$2$report_cause;
   wire [63:0] lane$2$report_address;
   wire [63:0] lane$2$report_seq;
   wire [31:0] lane$2$report_generation;
   wire lane$2$request;
   wire lane$2$request_taken;
   wire [63:0] lane$2$request_address;
   wire [9:0] lane$2$request_bytes;
   wire [7:0] lane$2$request_dws;
   wire [6:0] lane$2$request_words;
   wire [3:0] lane$2$request_first_enables;
   wire [3:0] lane$2$request_last_enables;
   wire lane$2$request_last;
   wire lane$2$ready;
   wire lane$2$word;
   wire [63:0] lane$2$word_data;
   wire lane$2$word_ends_request;
   wire lane$2$word_ends_job;
   wire [7:0] lane$2$word_fault;
   wire dma_read$reset;
   wire dma_read$tick;
   wire [15:0] dma_read$requester_id;
   wire dma_read$request$0;
   wire dma_read$request$1;
   wire dma_read$request$2;
   wire dma_read$request_taken$0;
   wire dma_read$request_taken$1;
   wire dma_read$request_taken$2;
   wire [63:0] dma_read$address$0;
   wire [63:0] dma_read$address$1;
   wire [63:0] dma_read$address$2;
   wire [9:0] dma_read$bytes$0;
   wire [9:0] dma_read$bytes$1;
   wire [9:0] dma_read$bytes$2;
   wire [7:0] dma_read$dws$0;
   wire [7:0] dma_read$dws$1;
   wire [7:0] dma_read$dws$2;
   wire [6:0] dma_read$words$0;
   wire [6:0] dma_read$words$1;
   wire [6:0] dma_read$words$2;
   wire [3:0] dma_read$first_enables$0;
   wire [3:0] dma_read$first_enables$1;
   wire [3:0] dma_read$first_enables$2;
   wire [3:0] dma_read$last_enables$0;
   wire [3:0] dma_read$last_enables$1;
   wire [3:0] dma_read$last_enables$2;
   wire dma_read$last$0;
   wire dma_read$last$1;
   wire dma_read$last$2;
   wire dma_read$lane_ready$0;
   wire dma_read$lane_ready$1;
   wire dma_read$lane_ready$2;
   wire dma_read$word$0;
   wire dma_read$word$1;
   wire dma_read$word$2;
   wire [63:0] dma_read$word_data;
   wire dma_read$word_ends_request;
   wire dma_read$word_ends_job;
   wire [7:0] dma_read$word_fault;
   wire dma_read$read;
   wire dma_read$read_taken;
   wire [63:0] dma_read$read_address;
   wire [7:0] dma_read$read_dws;
   wire [3:0] dma_read$read_first_enables;
   wire [3:0] dma_read$read_last_enables;
   wire [3:0] dma_read$read_tag;
   wire dma_read$cpl_valid;
   wire [63:0] dma_read$cpl_data;
   wire [1:0] dma_read$cpl_keep;
   wire dma_read$cpl_last;
   wire [31:0] dma_read$late_completions;
   wire [31:0] dma_read$tags_quarantined;
   wire tlp_tx$reset;
   wire tlp_tx$enable;
   wire tlp_tx$hold;
   wire [15:0] tlp_tx$requester_id;
   wire tlp_tx$write$0;
   wire tlp_tx$write$1;
   wire tlp_tx$write$2;
   wire [63:0] tlp_tx$write_address$0;
   wire [63:0] tlp_tx$write_address$1;
   wire [63:0] tlp_tx$write_address$2;
   wire [63:0] tlp_tx$word0$0;
   wire [63:0] tlp_tx$word0$1;
   wire [63:0] tlp_tx$word0$2;
   wire [63:0] tlp_tx$word1$0;
   wire [63:0] tlp_tx$word1$1;
   wire [63:0] tlp_tx$word1$2;
   wire [63:0] tlp_tx$word2$0;
   wire [63:0] tlp_tx$word2$1;
   wire [63:0] tlp_tx$word2$2;
   wire [63:0] tlp_tx$word3$0;
   wire [63:0] tlp_tx$word3$1;
   wire [63:0] tlp_tx$word3$2;
   wire tlp_tx$accepted$0;
   wire tlp_tx$accepted$1;
   wire tlp_tx$accepted$2;
   wire tlp_tx$read;
   wire tlp_tx$read_taken;
   wire [63:0] tlp_tx$read_address;
   wire [7:0] tlp_tx$read_dws;
   wire [3:0] tlp_tx$read_first_enables;
   wire [3:0] tlp_tx$read_last_enables;
   wire [3:0] tlp_tx$read_tag;
   wire tlp_tx$posted_busy;
   wire tlp_tx$busy;
   wire tlp_tx$valid;
   wire [63:0] tlp_tx$data;
   wire [1:0] tlp_tx$keep;
   wire tlp_tx$last;
   wire tlp_tx$ready;
   wire vote$reset;
   wire vote$running;
   wire vote$room;
   wire vote$member$0;
   wire vote$member$1;
   wire vote$member$2;
   wire vote$delivered$0;
   wire vote$delivered$1;
   wire vote$delivered$2;
   wire [63:0] vote$fingerprint$0;
   wire [63:0] vote$fingerprint$1;
   wire [63:0] vote$fingerprint$2;
   wire vote$dead$0;
   wire vote$dead$1;
   wire vote$dead$2;
   wire [7:0] vote$cause$0;
   wire [7:0] vote$cause$1;
   wire [7:0] vote$cause$2;
   wire vote$simplex;
   wire [63:0] vote$seq;
   wire [63:0] vote$seq_n;
   wire [31:0] vote$generation;
   wire [31:0] vote$generation_n;
   wire vote$flush;
   wire vote$live$0;
   wire vote$live$1;
   wire vote$live$2;
   wire vote$taken$0;
   wire vote$taken$1;
   wire vote$taken$2;
   wire vote$voted;
   wire vote$busy;
   wire vote$done;
   wire vote$releasable;
   wire vote$flushed;
   wire vote$failed$0;
   wire vote$failed$1;
   wire vote$failed$2;
   wire vote$write;
   wire vote$write_accepted;
   wire vote$phase;
   wire [63:0] vote$word0;
   wire [63:0] vote$word1;
   wire [63:0] vote$word2;
   wire [63:0] vote$word3;
   wire watchdog$tick;
   wire watchdog$running;
   wire watchdog$voted;
   wire [31:0] watchdog$limit;
   wire watchdog$delivered$0;
   wire watchdog$delivered$1;
   wire watchdog$delivered$2;
   wire watchdog$lacks$0;
   wire watchdog$lacks$1;
   wire watchdog$lacks$2;
   wire watchdog$timeout$0;
   wire watchdog$timeout$1;
   wire watchdog$timeout$2;
   wire generation$reset;
   wire generation$enabled;
   wire generation$command;
   wire [3:0] generation$members;
   wire [63:0] generation$start_seq;
   wire generation$locked$0;
   wire generation$locked$1;
   wire generation$locked$2;
   wire generation$drained$0;
   wire generation$drained$1;
   wire generation$drained$2;
   wire generation$vote_busy;
   wire generation$vote_done;
   wire generation$vote_release;
   wire generation$vote_failed$0;
   wire generation$vote_failed$1;
   wire generation$vote_failed$2;
   wire generation$vote_flushed;
   wire generation$running;
   wire generation$stop;
   wire generation$start;
   wire generation$joining$0;
   wire generation$joining$1;
   wire generation$joining$2;
   wire generation$flush;
   wire generation$member$0;
   wire generation$member$1;
   wire generation$member$2;
   wire generation$simplex;
   wire [63:0] generation$seq;
   wire [63:0] generation$seq_n;
   wire [31:0] generation$generation;
   wire [31:0] generation$generation_n;
   wire [3:0] generation$state;
   wire generation$busy;
   wire verdict_ring$reset;
   wire [63:0] verdict_ring$base;
   wire [4:0] verdict_ring$log2;
   wire [31:0] verdict_ring$head;
   wire verdict_ring$accepted;
   wire verdict_ring$room;
   wire [63:0] verdict_ring$address;
   wire verdict_ring$phase;
   wire [31:0] verdict_ring$tail;
   wire fault_ring$reset;
   wire fault_ring$power_reset;
   wire [63:0] fault_ring$base;
   wire [4:0] fault_ring$log2;
   wire [31:0] fault_ring$head;
   wire [31:0] fault_ring$tail;
   wire [31:0] fault_ring$dropped;
   wire fault_ring$report$0;
   wire fault_ring$report$1;
   wire fault_ring$report$2;
   wire fault_ring$report_taken$0;
   wire fault_ring$report_taken$1;
   wire fault_ring$report_taken$2;
   wire [7:0] fault_ring$cause$0;
   wire [7:0] fault_ring$cause$1;
   wire [7:0] fault_ring$cause$2;
   wire [63:0] fault_ring$address$0;
   wire [63:0] fault_ring$address$1;
   wire [63:0] fault_ring$address$2;
   wire [63:0] fault_ring$seq$0;
   wire [63:0] fault_ring$seq$1;
   wire [63:0] fault_ring$seq$2;
   wire [31:0] fault_ring$generation$0;
   wire [31:0] fault_ring$generation$1;
   wire [31:0] fault_ring$generation$2;
   wire fault_ring$write;
   wire fault_ring$write_accepted;
   wire [63:0] fault_ring$write_address;
   wire [63:0] fault_ring$word0;
   wire [63:0] fault_ring$word1;
   wire [63:0] fault_ring$word2;
   wire [63:0] fault_ring$word3;
   reg [1:0] flr$d;
   reg [1:0] flr$q = 2'h0;
   reg renew$d;
   reg renew$q = 1'h0;
   reg run$d;
   reg run$q = 1'h0;
   reg stopped$d;
   reg stopped$q = 1'h0;
   redundancy_unit_3_tlp_rx tlp_rx (
      .clock(clock),
      .reset(tlp_rx$reset),
      .power_reset(tlp_rx$power_reset),
      .valid(tlp_rx$valid),
      .data(tlp_rx$data),
      .last(tlp_rx$last),
      .ready(tlp_rx$ready),
      .record(tlp_rx$record),
      .taken(tlp_rx$taken),
      .is_write(tlp_rx$is_write),
      .is_read(tlp_rx$is_read),
      .address(tlp_rx$address),
      .length(tlp_rx$length),
      .one_or_two(tlp_rx$one_or_two),
      .two(tlp_rx$two),
      .first_enables(tlp_rx$first_enables),
      .last_enables(tlp_rx$last_enables),
      .payload(tlp_rx$payload),
      .echo(tlp_rx$echo),
      .requester(tlp_rx$requester),
      .tag(tlp_rx$tag)
   );
   redundancy_unit_3_host host (
      .clock(clock),
      .reset(host$reset),
      .completer_id(host$completer_id),
      .record(host$record),
      .taken(host$taken),
      .is_write(host$is_write),
      .is_read(host$is_read),
      .address(host$address),
      .length(host$length),
      .one_or_two(host$one_or_two),
      .two(host$two),
      .first_enables(host$first_enables),
      .last_enables(host$last_enables),
      .payload(host$payload),
      .echo(host$echo),
      .requester(host$requester),
      .tag(host$tag),
      .bus_address(host$bus_address),
      .bus_write(host$bus_write),
      .bus_data(host$bus_data),
      .bus_read(host$bus_read),
      .room(host$room),
      .put(host$put),
      .dw0(host$dw0),
      .dw1(host$dw1),
      .dw2(host$dw2),
      .answer(host$answer)
   );
   redundancy_unit_3_csr csr (
      .clock(clock),
      .reset(csr$reset),
      .bus_address(csr$bus_address),
      .bus_write(csr$bus_write),
      .bus_data(csr$bus_data),
      .bus_read(csr$bus_read),
      .fault_tail(csr$fault_tail),
      .faults_dropped(csr$faults_dropped),
      .stale_doorbells(csr$stale_doorbells),
      .late_completions(csr$late_completions),
      .tags_quarantined(csr$tags_quarantined),
      .generation(csr$generation),
      .verdict_tail(csr$verdict_tail),
      .group_state(csr$group_state),
      .group_live$0(csr$group_live$0),
      .group_live$1(csr$group_live$1),
      .group_live$2(csr$group_live$2),
      .flush_busy(csr$flush_busy),
      .lane_state$0(csr$lane_state$0),
      .lane_state$1(csr$lane_state$1),
      .lane_state$2(csr$lane_state$2),
      .lane_cause$0(csr$lane_cause$0),
      .lane_cause$1(csr$lane_cause$1),
      .lane_cause$2(csr$lane_cause$2),
      .lane_head$0(csr$lane_head$0),
      .lane_head$1(csr$lane_head$1),
      .lane_head$2(csr$lane_head$2),
      .lane_tail$0(csr$lane_tail$0),
      .lane_tail$1(csr$lane_tail$1),
      .lane_tail$2(csr$lane_tail$2),
      .lane_resetting$0(csr$lane_resetting$0),
      .lane_resetting$1(csr$lane_resetting$1),
      .lane_resetting$2(csr$lane_resetting$2),
      .lane_clear$0(csr$lane_clear$0),
      .lane_clear$1(csr$lane_clear$1),
      .lane_clear$2(csr$lane_clear$2),
      .enable(csr$enable),
      .fault_base(csr$fault_base),
      .fault_size(csr$fault_size),
      .fault_read(csr$fault_read),
      .flush(csr$flush),
      .member_lanes(csr$member_lanes),
      .start_seq(csr$start_seq),
      .verdict_base(csr$verdict_base),
      .verdict_size(csr$verdict_size),
      .verdict_read(csr$verdict_read),
      .watchdog_limit(csr$watchdog_limit),
      .longest(csr$longest),
      .lane_reset$0(csr$lane_reset$0),
      .lane_reset$1(csr$lane_reset$1),
      .lane_reset$2(csr$lane_reset$2),
      .ring_base$0(csr$ring_base$0),
      .ring_base$1(csr$ring_base$1),
      .ring_base$2(csr$ring_base$2),
      .ring_size$0(csr$ring_size$0),
      .ring_size$1(csr$ring_size$1),
      .ring_size$2(csr$ring_size$2),
      .window_base$0(csr$window_base$0),
      .window_base$1(csr$window_base$1),
      .window_base$2(csr$window_base$2),
      .window_limit$0(csr$window_limit$0),
      .window_limit$1(csr$window_limit$1),
      .window_limit$2(csr$window_limit$2)
   );
   redundancy_unit_3_doorbell doorbell (
      .clock(clock),
      .reset(doorbell$reset),
      .bus_address(doorbell$bus_address),
      .bus_write(doorbell$bus_write),
      .bus_data(doorbell$bus_data),
      .generation(doorbell$generation),
      .live$0(doorbell$live$0),
      .live$1(doorbell$live$1),
      .live$2(doorbell$live$2),
      .ring$0(doorbell$ring$0),
      .ring$1(doorbell$ring$1),
      .ring$2(doorbell$ring$2),
      .tail$0(doorbell$tail$0),
      .tail$1(doorbell$tail$1),
      .tail$2(doorbell$tail$2),
      .stale(doorbell$stale)
   );
   redundancy_unit_3_msix msix (
      .clock(clock),
      .reset(msix$reset),
      .enable(msix$enable),
      .function_mask(msix$function_mask),
      .bus_address(msix$bus_address),
      .bus_write(msix$bus_write),
      .bus_data(msix$bus_data),
      .bus_read(msix$bus_read),
      .happened$0(msix$happened$0),
      .happened$1(msix$happened$1),
      .write(msix$write),
      .write_accepted(msix$write_accepted),
      .address(msix$address),
      .message(msix$message)
   );
   redundancy_unit_3_completer completer (
      .clock(clock),
      .reset(completer$reset),
      .enable(completer$enable),
      .put(completer$put),
      .dw0(completer$dw0),
      .dw1(completer$dw1),
      .dw2(completer$dw2),
      .payload(completer$payload),
      .room(completer$room),
      .posted_busy(completer$posted_busy),
      .hold(completer$hold),
      .busy(completer$busy),
      .valid(completer$valid),
      .data(completer$data),
      .keep(completer$keep),
      .last(completer$last),
      .ready(completer$ready)
   );
   redundancy_unit_3_lane lane$0 (
      .clock(clock),
      .reset(lane$0$reset),
      .power_reset(lane$0$power_reset),
      .ring_base(lane$0$ring_base),
      .ring_log2(lane$0$ring_log2),
      .window_base(lane$0$window_base),
      .window_limit(lane$0$window_limit),
      .payload_max(lane$0$payload_max),
      .max_read_request(lane$0$max_read_request),
      .generation(lane$0$generation),
      .start(lane$0$start),
      .joining(lane$0$joining),
      .start_seq(lane$0$start_seq),
      .stop(lane$0$stop),
      .reset_command(lane$0$reset_command),
      .timeout(lane$0$timeout),
      .ring(lane$0$ring),
      .ring_tail(lane$0$ring_tail),
      .live(lane$0$live),
      .locked(lane$0$locked),
      .dead(lane$0$dead),
      .dead_cause(lane$0$dead_cause),
      .lacks(lane$0$lacks),
      .drained(lane$0$drained),
      .idle(lane$0$idle),
      .resetting(lane$0$resetting),
      .clear_registers(lane$0$clear_registers),
      .state(lane$0$state),
      .cause(lane$0$cause),
      .head(lane$0$head),
      .tail(lane$0$tail),
      .vote(lane$0$vote),
      .vote_fingerprint(lane$0$vote_fingerprint),
      .vote_taken(lane$0$vote_taken),
      .report(lane$0$report),
      .report_taken(lane$0$report_taken),
      .report_cause(lane$0$report_cause),
      .report_address(lane$0$report_address),
      .report_seq(lane$0$report_seq),
      .report_generation(lane$0$report_generation),
      .request(lane$0$request),
      .request_taken(lane$0$request_taken),
      .request_address(lane$0$request_address),
      .request_bytes(lane$0$request_bytes),
      .request_dws(lane$0$request_dws),
      .request_words(lane$0$request_words),
      .request_first_enables(lane$0$request_first_enables),
      .request_last_enables(lane$0$request_last_enables),
      .request_last(lane$0$request_last),
      .ready(lane$0$ready),
      .word(lane$0$word),
      .word_data(lane$0$word_data),
      .word_ends_request(lane$0$word_ends_request),
      .word_ends_job(lane$0$word_ends_job),
      .word_fault(lane$0$word_fault)
   );
   redundancy_unit_3_lane lane$1 (
      .clock(clock),
      .reset(lane$1$reset),
      .power_reset(lane$1$power_reset),
      .ring_base(lane$1$ring_base),
      .ring_log2(lane$1$ring_log2),
      .window_base(lane$1$window_base),
      .window_limit(lane$1$window_limit),
      .payload_max(lane$1$payload_max),
      .max_read_request(lane$1$max_read_request),
      .generation(lane$1$generation),
      .start(lane$1$start),
      .joining(lane$1$joining),
      .start_seq(lane$1$start_seq),
      .stop(lane$1$stop),
      .reset_command(lane$1$reset_command),
      .timeout(lane$1$timeout),
      .ring(lane$1$ring),
      .ring_tail(lane$1$ring_tail),
      .live(lane$1$live),
      .locked(lane$1$locked),
      .dead(lane$1$dead),
      .dead_cause(lane$1$dead_cause),
      .lacks(lane$1$lacks),
      .drained(lane$1$drained),
      .idle(lane$1$idle),
      .resetting(lane$1$resetting),
      .clear_registers(lane$1$clear_registers),
      .state(lane$1$state),
      .cause(lane$1$cause),
      .head(lane$1$head),
      .tail(lane$1$tail),
      .vote(lane$1$vote),
      .vote_fingerprint(lane$1$vote_fingerprint),
      .vote_taken(lane$1$vote_taken),
      .report(lane$1$report),
      .report_taken(lane$1$report_taken),
      .report_cause(lane$1$report_cause),
      .report_address(lane$1$report_address),
      .report_seq(lane$1$report_seq),
      .report_generation(lane$1$report_generation),
      .request(lane$1$request),
      .request_taken(lane$1$request_taken),
      .request_address(lane$1$request_address),
      .request_bytes(lane$1$request_bytes),
      .request_dws(lane$1$request_dws),
      .request_words(lane$1$request_words),
      .request_first_enables(lane$1$request_first_enables),
      .request_last_enables(lane$1$request_last_enables),
      .request_last(lane$1$request_last),
      .ready(lane$1$ready),
      .word(lane$1$word),
      .word_data(lane$1$word_data),
      .word_ends_request(lane$1$word_ends_request),
      .word_ends_job(lane$1$word_ends_job),
      .word_fault(lane$1$word_fault)
   );
   redundancy_unit_3_lane lane$2 (
      .clock(clock),
      .reset(lane$2$reset),
      .power_reset(lane$2$power_reset),
      .ring_base(lane$2$ring_base),
      .ring_log2(lane$2$ring_log2),
      .window_base(lane$2$window_base),
      .window_limit(lane$2$window_limit),
      .payload_max(lane$2$payload_max),
      .max_read_request(lane$2$max_read_request),
      .generation(lane$2$generation),
      .start(lane$2$start),
      .joining(lane$2$joining),
      .start_seq(lane$2$start_seq),
      .stop(lane$2$stop),
      .reset_command(lane$2$reset_command),
      .timeout(lane$2$timeout),
      .ring(lane$2$ring),
      .ring_tail(lane$2$ring_tail),
      .live(lane$2$live),
      .locked(lane$2$locked),
      .dead(lane$2$dead),
      .dead_cause(lane$2$dead_cause),
      .lacks(lane$2$lacks),
      .drained(lane$2$drained),
      .idle(lane$2$idle),
      .resetting(lane$2$resetting),
      .clear_registers(lane$2$clear_registers),
      .state(lane$2$state),
      .cause(lane$2$cause),
      .head(lane$2$head),
      .tail(lane$2$tail),
      .vote(lane$2$vote),
      .vote_fingerprint(lane$2$vote_fingerprint),
      .vote_taken(lane$2$vote_taken),
      .report(lane$2$report),
      .report_taken(lane$2$report_taken),
      .report_cause(lane$2$report_cause),
      .report_address(lane$2$report_address),
      .report_seq(lane$2$report_seq),
      .report_generation(lane$2$report_generation),
      .request(lane$2$request),
      .request_taken(lane$2$request_taken),
      .request_address(lane$2$request_address),
      .request_bytes(lane$2$request_bytes),
      .request_dws(lane$2$request_dws),
      .request_words(lane$2$request_words),
      .request_first_enables(lane$2$request_first_enables),
      .request_last_enables(lane$2$request_last_enables),
      .request_last(lane$2$request_last),
      .ready(lane$2$ready),
      .word(lane$2$word),
      .word_data(lane$2$word_data),
      .word_ends_request(lane$2$word_ends_request),
      .word_ends_job(lane$2$word_ends_job),
      .word_fault(lane$2$word_fault)
   );
   redundancy_unit_3_dma_read dma_read (
      .clock(clock),
      .reset(dma_read$reset),
      .tick(dma_read$tick),
      .requester_id(dma_read$requester_id),
      .request$0(dma_read$request$0),
      .request$1(dma_read$request$1),
      .request$2(dma_read$request$2),
      .request_taken$0(dma_read$request_taken$0),
      .request_taken$1(dma_read$request_taken$1),
      .request_taken$2(dma_read$request_taken$2),
      .address$0(dma_read$address$0),
      .address$1(dma_read$address$1),
      .address$2(dma_read$address$2),
      .bytes$0(dma_read$bytes$0),
      .bytes$1(dma_read$bytes$1),
      .bytes$2(dma_read$bytes$2),
      .dws$0(dma_read$dws$0),
      .dws$1(dma_read$dws$1),
      .dws$2(dma_read$dws$2),
      .words$0(dma_read$words$0),
      .words$1(dma_read$words$1),
      .words$2(dma_read$words$2),
      .first_enables$0(dma_read$first_enables$0),
      .first_enables$1(dma_read$first_enables$1),
      .first_enables$2(dma_read$first_enables$2),
      .last_enables$0(dma_read$last_enables$0),
      .last_enables$1(dma_read$last_enables$1),
      .last_enables$2(dma_read$last_enables$2),
      .last$0(dma_read$last$0),
      .last$1(dma_read$last$1),
      .last$2(dma_read$last$2),
      .lane_ready$0(dma_read$lane_ready$0),
      .lane_ready$1(dma_read$lane_ready$1),
      .lane_ready$2(dma_read$lane_ready$2),
      .word$0(dma_read$word$0),
      .word$1(dma_read$word$1),
      .word$2(dma_read$word$2),
      .word_data(dma_read$word_data),
      .word_ends_request(dma_read$word_ends_request),
      .word_ends_job(dma_read$word_ends_job),
      .word_fault(dma_read$word_fault),
      .read(dma_read$read),
      .read_taken(dma_read$read_taken),
      .read_address(dma_read$read_address),
      .read_dws(dma_read$read_dws),
      .read_first_enables(dma_read$read_first_enables),
      .read_last_enables(dma_read$read_last_enables),
      .read_tag(dma_read$read_tag),
      .cpl_valid(dma_read$cpl_valid),
      .cpl_data(dma_read$cpl_data),
      .cpl_keep(dma_read$cpl_keep),
      .cpl_last(dma_read$cpl_last),
      .late_completions(dma_read$late_completions),
      .tags_quarantined(dma_read$tags_quarantined)
   );
   redundancy_unit_3_tlp_tx tlp_tx (
      .clock(clock),
      .reset(tlp_tx$reset),
      .enable(tlp_tx$enable),
      .hold(tlp_tx$hold),
      .requester_id(tlp_tx$requester_id),
      .write$0(tlp_tx$write$0),
      .write$1(tlp_tx$write$1),
      .write$2(tlp_tx$write$2),
      .write_address$0(tlp_tx$write_address$0),
      .write_address$1(tlp_tx$write_address$1),
      .write_address$2(tlp_tx$write_address$2),
      .word0$0(tlp_tx$word0$0),
      .word0$1(tlp_tx$word0$1),
      .word0$2(tlp_tx$word0$2),
      .word1$0(tlp_tx$word1$0),
      .word1$1(tlp_tx$word1$1),
      .word1$2(tlp_tx$word1$2),
      .word2$0(tlp_tx$word2$0),
      .word2$1(tlp_tx$word2$1),
      .word2$2(tlp_tx$word2$2),
      .word3$0(tlp_tx$word3$0),
      .word3$1(tlp_tx$word3$1),
      .word3$2(tlp_tx$word3$2),
      .accepted$0(tlp_tx$accepted$0),
      .accepted$1(tlp_tx$accepted$1),
      .accepted$2(tlp_tx$accepted$2),
      .read(tlp_tx$read),
      .read_taken(tlp_tx$read_taken),
      .read_address(tlp_tx$read_address),
      .read_dws(tlp_tx$read_dws),
      .read_first_enables(tlp_tx$read_first_enables),
      .read_last_enables(tlp_tx$read_last_enables),
      .read_tag(tlp_tx$read_tag),
      .posted_busy(tlp_tx$posted_busy),
      .busy(tlp_tx$busy),
      .valid(tlp_tx$valid),
      .data(tlp_tx$data),
      .keep(tlp_tx$keep),
      .last(tlp_tx$last),
      .ready(tlp_tx$ready)
   );
   redundancy_unit_3_vote vote (
      .clock(clock),
      .reset(vote$reset),
      .running(vote$running),
      .room(vote$room),
      .member$0(vote$member$0),
      .member$1(vote$member$1),
      .member$2(vote$member$2),
      .delivered$0(vote$delivered$0),
      .delivered$1(vote$delivered$1),
      .delivered$2(vote$delivered$2),
      .fingerprint$0(vote$fingerprint$0),
      .fingerprint$1(vote$fingerprint$1),
      .fingerprint$2(vote$fingerprint$2),
      .dead$0(vote$dead$0),
      .dead$1(vote$dead$1),
      .dead$2(vote$dead$2),
      .cause$0(vote$cause$0),
      .cause$1(vote$cause$1),
      .cause$2(vote$cause$2),
      .simplex(vote$simplex),
      .seq(vote$seq),
      .seq_n(vote$seq_n),
      .generation(vote$generation),
      .generation_n(vote$generation_n),
      .flush(vote$flush),
      .live$0(vote$live$0),
      .live$1(vote$live$1),
      .live$2(vote$live$2),
      .taken$0(vote$taken$0),
      .taken$1(vote$taken$1),
      .taken$2(vote$taken$2),
      .voted(vote$voted),
      .busy(vote$busy),
      .done(vote$done),
      .releasable(vote$releasable),
      .flushed(vote$flushed),
      .failed$0(vote$failed$0),
      .failed$1(vote$failed$1),
      .failed$2(vote$failed$2),
      .write(vote$write),
      .write_accepted(vote$write_accepted),
      .phase(vote$phase),
      .word0(vote$word0),
      .word1(vote$word1),
      .word2(vote$word2),
      .word3(vote$word3)
   );
   redundancy_unit_3_watchdog watchdog (
      .clock(clock),
      .tick(watchdog$tick),
      .running(watchdog$running),
      .voted(watchdog$voted),
      .limit(watchdog$limit),
      .delivered$0(watchdog$delivered$0),
      .delivered$1(watchdog$delivered$1),
      .delivered$2(watchdog$delivered$2),
      .lacks$0(watchdog$lacks$0),
      .lacks$1(watchdog$lacks$1),
      .lacks$2(watchdog$lacks$2),
      .timeout$0(watchdog$timeout$0),
      .timeout$1(watchdog$timeout$1),
      .timeout$2(watchdog$timeout$2)
   );
   redundancy_unit_3_generation generation (
      .clock(clock),
      .reset(generation$reset),
      .enabled(generation$enabled),
      .command(generation$command),
      .members(generation$members),
      .start_seq(generation$start_seq),
      .locked$0(generation$locked$0),
      .locked$1(generation$locked$1),
      .locked$2(generation$locked$2),
      .drained$0(generation$drained$0),
      .drained$1(generation$drained$1),
      .drained$2(generation$drained$2),
      .vote_busy(generation$vote_busy),
      .vote_done(generation$vote_done),
      .vote_release(generation$vote_release),
      .vote_failed$0(generation$vote_failed$0),
      .vote_failed$1(generation$vote_failed$1),
      .vote_failed$2(generation$vote_failed$2),
      .vote_flushed(generation$vote_flushed),
      .running(generation$running),
      .stop(generation$stop),
      .start(generation$start),
      .joining$0(generation$joining$0),
      .joining$1(generation$joining$1),
      .joining$2(generation$joining$2),
      .flush(generation$flush),
      .member$0(generation$member$0),
      .member$1(generation$member$1),
      .member$2(generation$member$2),
      .simplex(generation$simplex),
      .seq(generation$seq),
      .seq_n(generation$seq_n),
      .generation(generation$generation),
      .generation_n(generation$generation_n),
      .state(generation$state),
      .busy(generation$busy)
   );
   redundancy_unit_3_verdict_ring verdict_ring (
      .clock(clock),
      .reset(verdict_ring$reset),
      .base(verdict_ring$base),
      .log2(verdict_ring$log2),
      .head(verdict_ring$head),
      .accepted(verdict_ring$accepted),
      .room(verdict_ring$room),
      .address(verdict_ring$address),
      .phase(verdict_ring$phase),
      .tail(verdict_ring$tail)
   );
   redundancy_unit_3_fault_ring fault_ring (
      .clock(clock),
      .reset(fault_ring$reset),
      .power_reset(fault_ring$power_reset),
      .base(fault_ring$base),
      .log2(fault_ring$log2),
      .head(fault_ring$head),
      .tail(fault_ring$tail),
      .dropped(fault_ring$dropped),
      .report$0(fault_ring$report$0),
      .report$1(fault_ring$report$1),
      .report$2(fault_ring$report$2),
      .report_taken$0(fault_ring$report_taken$0),
      .report_taken$1(fault_ring$report_taken$1),
      .report_taken$2(fault_ring$report_taken$2),
      .cause$0(fault_ring$cause$0),
      .cause$1(fault_ring$cause$1),
      .cause$2(fault_ring$cause$2),
      .address$0(fault_ring$address$0),
      .address$1(fault_ring$address$1),
      .address$2(fault_ring$address$2),
      .seq$0(fault_ring$seq$0),
      .seq$1(fault_ring$seq$1),
      .seq$2(fault_ring$seq$2),
      .generation$0(fault_ring$generation$0),
      .generation$1(fault_ring$generation$1),
      .generation$2(fault_ring$generation$2),
      .write(fault_ring$write),
      .write_accepted(fault_ring$write_accepted),
      .write_address(fault_ring$write_address),
      .word0(fault_ring$word0),
      .word1(fault_ring$word1),
      .word2(fault_ring$word2),
      .word3(fault_ring$word3)
   );
   always @(*) begin
      flr$d = flr$q;
      renew$d = renew$q;
      run$d = run$q;
      run$d = ((csr$enable & (run$q | quiet)) & (flr$q == Flr$Idle)) & (~full_reset);
      renew$d = 1'h0;
      case (flr$q)
         Flr$Idle: begin
            if (flr_request) begin
               flr$d = Flr$Drain;
            end
         end
         Flr$Drain: begin
            if ((quiet & (~completer$busy)) & stopped$q) begin
               flr$d = Flr$Reset;
               renew$d = 1'h1;
            end
         end
         Flr$Reset: begin
            flr$d = Flr$Done;
         end
         Flr$Done: begin
            if (~flr_request) begin
               flr$d = Flr$Idle;
            end
         end
         default: begin
            flr$d = Flr$Idle;
         end
      endcase
      if (power_reset) begin
         flr$d = Flr$Idle;
         renew$d = 1'h0;
         run$d = 1'h0;
      end
   end
   always @(*) begin
      stopped$d = stopped$q;
      stopped$d = ((~run$q) | (~csr$enable)) | full_reset;
   end
   assign power_reset = reset | (~link_up);
   assign full_reset = power_reset | renew$q;
   assign lanes_quiet = (lane$0$idle & lane$1$idle) & lane$2$idle;
   assign quiet = lanes_quiet & (~tlp_tx$busy);
   assign off = stopped$q | power_reset;
   assign flr_done = renew$q;
   assign config_error = (max_payload >= 3'h6) | (max_read_request >= 3'h6);
   assign may_send = bus_master_enable & link_up;
   assign tlp_rx$reset = full_reset;
   assign tlp_rx$power_reset = power_reset;
   assign tlp_rx$valid = rx_req_valid;
   assign tlp_rx$data = rx_req_data;
   assign tlp_rx$last = rx_req_last;
   assign rx_req_ready = tlp_rx$ready;
   assign tlp_rx$taken = host$taken;
   assign host$reset = full_reset;
   assign host$completer_id = completer_id;
   assign host$record = tlp_rx$record;
   assign host$is_write = tlp_rx$is_write;
   assign host$is_read = tlp_rx$is_read;
   assign host$address = tlp_rx$address;
   assign host$length = tlp_rx$length;
   assign host$one_or_two = tlp_rx$one_or_two;
   assign host$two = tlp_rx$two;
   assign host$first_enables = tlp_rx$first_enables;
   assign host$last_enables = tlp_rx$last_enables;
   assign host$payload = tlp_rx$payload;
   assign host$echo = tlp_rx$echo;
   assign host$requester = tlp_rx$requester;
   assign host$tag = tlp_rx$tag;
   assign host$bus_read = csr$bus_read | msix$bus_read;
   assign csr$bus_address = host$bus_address;
   assign csr$bus_write = host$bus_write;
   assign csr$bus_data = host$bus_data;
   assign msix$bus_address = host$bus_address;
   assign msix$bus_write = host$bus_write;
   assign msix$bus_data = host$bus_data;
   assign doorbell$bus_address = host$bus_address;
   assign doorbell$bus_write = host$bus_write;
   assign doorbell$bus_data = host$bus_data;
   assign host$room = completer$room;
   assign completer$reset = full_reset;
   assign completer$enable = link_up & (flr$q != Flr$Drain);
   assign completer$put = host$put;
   assign completer$dw0 = host$dw0;
   assign completer$dw1 = host$dw1;
   assign completer$dw2 = host$dw2;
   assign completer$payload = host$answer;
   assign completer$posted_busy = tlp_tx$posted_busy;
   assign tx_cpl_valid = completer$valid;
   assign tx_cpl_data = completer$data;
   assign tx_cpl_keep = completer$keep;
   assign tx_cpl_last = completer$last;
   assign completer$ready = tx_cpl_ready;
   assign csr$reset = full_reset;
   assign csr$fault_tail = fault_ring$tail;
   assign csr$faults_dropped = fault_ring$dropped;
   assign csr$stale_doorbells = doorbell$stale;
   assign csr$late_completions = dma_read$late_completions;
   assign csr$tags_quarantined = dma_read$tags_quarantined;
   assign csr$generation = generation$generation;
   assign csr$verdict_tail = verdict_ring$tail;
   assign csr$group_state = generation$state;
   assign csr$flush_busy = generation$busy;
   assign csr$group_live$0 = lane$0$live;
   assign csr$lane_state$0 = lane$0$state;
   assign csr$lane_cause$0 = lane$0$cause;
   assign csr$lane_head$0 = lane$0$head;
   assign csr$lane_tail$0 = lane$0$tail;
   assign csr$lane_resetting$0 = lane$0$resetting;
   assign csr$lane_clear$0 = lane$0$clear_registers;
   assign csr$group_live$1 = lane$1$live;
   assign csr$lane_state$1 = lane$1$state;
   assign csr$lane_cause$1 = lane$1$cause;
   assign csr$lane_head$1 = lane$1$head;
   assign csr$lane_tail$1 = lane$1$tail;
   assign csr$lane_resetting$1 = lane$1$resetting;
   assign csr$lane_clear$1 = lane$1$clear_registers;
   assign csr$group_live$2 = lane$2$live;
   assign csr$lane_state$2 = lane$2$state;
   assign csr$lane_cause$2 = lane$2$cause;
   assign csr$lane_head$2 = lane$2$head;
   assign csr$lane_tail$2 = lane$2$tail;
   assign csr$lane_resetting$2 = lane$2$resetting;
   assign csr$lane_clear$2 = lane$2$clear_registers;
   assign doorbell$reset = full_reset;
   assign doorbell$generation = generation$generation;
   assign msix$reset = full_reset;
   assign msix$enable = msix_enable;
   assign msix$function_mask = msix_function_mask;
   assign msix$happened$0 = tlp_tx$accepted$0;
   assign msix$happened$1 = tlp_tx$accepted$1;
   assign msix$write_accepted = tlp_tx$accepted$2;
   assign lane$0$reset = off;
   assign lane$0$power_reset = power_reset;
   assign lane$0$ring_base = csr$ring_base$0;
   assign lane$0$ring_log2 = csr$ring_size$0;
   assign lane$0$window_base = csr$window_base$0;
   assign lane$0$window_limit = csr$window_limit$0;
   assign lane$0$payload_max = csr$longest;
   assign lane$0$max_read_request = max_read_request;
   assign lane$0$generation = generation$generation;
   assign lane$0$start = generation$start;
   assign lane$0$joining = generation$joining$0;
   assign lane$0$start_seq = csr$start_seq;
   assign lane$0$stop = generation$stop;
   assign lane$0$reset_command = csr$lane_reset$0;
   assign lane$0$timeout = watchdog$timeout$0;
   assign lane$0$ring = doorbell$ring$0;
   assign lane$0$ring_tail = doorbell$tail$0;
   assign lane$0$vote_taken = vote$taken$0;
   assign lane$0$report_taken = fault_ring$report_taken$0;
   assign lane$0$request_taken = dma_read$request_taken$0;
   assign lane$0$word = dma_read$word$0;
   assign lane$0$word_data = dma_read$word_data;
   assign lane$0$word_ends_request = dma_read$word_ends_request;
   assign lane$0$word_ends_job = dma_read$word_ends_job;
   assign lane$0$word_fault = dma_read$word_fault;
   assign doorbell$live$0 = lane$0$live;
   assign dma_read$address$0 = lane$0$request_address;
   assign dma_read$bytes$0 = lane$0$request_bytes;
   assign dma_read$dws$0 = lane$0$request_dws;
   assign dma_read$words$0 = lane$0$request_words;
   assign dma_read$first_enables$0 = lane$0$request_first_enables;
   assign dma_read$last_enables$0 = lane$0$request_last_enables;
   assign dma_read$last$0 = lane$0$request_last;
   assign dma_read$request$0 = lane$0$request;
   assign dma_read$lane_ready$0 = lane$0$ready;
   assign lane$1$reset = off;
   assign lane$1$power_reset = power_reset;
   assign lane$1$ring_base = csr$ring_base$1;
   assign lane$1$ring_log2 = csr$ring_size$1;
   assign lane$1$window_base = csr$window_base$1;
   assign lane$1$window_limit = csr$window_limit$1;
   assign lane$1$payload_max = csr$longest;
   assign lane$1$max_read_request = max_read_request;
   assign lane$1$generation = generation$generation;
   assign lane$1$start = generation$start;
   assign lane$1$joining = generation$joining$1;
   assign lane$1$start_seq = csr$start_seq;
   assign lane$1$stop = generation$stop;
   assign lane$1$reset_command = csr$lane_reset$1;
   assign lane$1$timeout = watchdog$timeout$1;
   assign lane$1$ring = doorbell$ring$1;
   assign lane$1$ring_tail = doorbell$tail$1;
   assign lane$1$vote_taken = vote$taken$1;
   assign lane$1$report_taken = fault_ring$report_taken$1;
   assign lane$1$request_taken = dma_read$request_taken$1;
   assign lane$1$word = dma_read$word$1;
   assign lane$1$word_data = dma_read$word_data;
   assign lane$1$word_ends_request = dma_read$word_ends_request;
   assign lane$1$word_ends_job = dma_read$word_ends_job;
   assign lane$1$word_fault = dma_read$word_fault;
   assign doorbell$live$1 = lane$1$live;
   assign dma_read$address$1 = lane$1$request_address;
   assign dma_read$bytes$1 = lane$1$request_bytes;
   assign dma_read$dws$1 = lane$1$request_dws;
   assign dma_read$words$1 = lane$1$request_words;
   assign dma_read$first_enables$1 = lane$1$request_first_enables;
   assign dma_read$last_enables$1 = lane$1$request_last_enables;
   assign dma_read$last$1 = lane$1$request_last;
   assign dma_read$request$1 = lane$1$request;
   assign dma_read$lane_ready$1 = lane$1$ready;
   assign lane$2$reset = off;
   assign lane$2$power_reset = power_reset;
   assign lane$2$ring_base = csr$ring_base$2;
   assign lane$2$ring_log2 = csr$ring_size$2;
   assign lane$2$window_base = csr$window_base$2;
   assign lane$2$window_limit = csr$window_limit$2;
   assign lane$2$payload_max = csr$longest;
   assign lane$2$max_read_request = max_read_request;
   assign lane$2$generation = generation$generation;
   assign lane$2$start = generation$start;
   assign lane$2$joining = generation$joining$2;
   assign lane$2$start_seq = csr$start_seq;
   assign lane$2$stop = generation$stop;
   assign lane$2$reset_command = csr$lane_reset$2;
   assign lane$2$timeout = watchdog$timeout$2;
   assign lane$2$ring = doorbell$ring$2;
   assign lane$2$ring_tail = doorbell$tail$2;
   assign lane$2$vote_taken = vote$taken$2;
   assign lane$2$report_taken = fault_ring$report_taken$2;
   assign lane$2$request_taken = dma_read$request_taken$2;
   assign lane$2$word = dma_read$word$2;
   assign lane$2$word_data = dma_read$word_data;
   assign lane$2$word_ends_request = dma_read$word_ends_request;
   assign lane$2$word_ends_job = dma_read$word_ends_job;
   assign lane$2$word_fault = dma_read$word_fault;
   assign doorbell$live$2 = lane$2$live;
   assign dma_read$address$2 = lane$2$request_address;
   assign dma_read$bytes$2 = lane$2$request_bytes;
   assign dma_read$dws$2 = lane$2$request_dws;
   assign dma_read$words$2 = lane$2$request_words;
   assign dma_read$first_enables$2 = lane$2$request_first_enables;
   assign dma_read$last_enables$2 = lane$2$request_last_enables;
   assign dma_read$last$2 = lane$2$request_last;
   assign dma_read$request$2 = lane$2$request;
   assign dma_read$lane_ready$2 = lane$2$ready;
   assign dma_read$reset = power_reset;
   assign dma_read$tick = tick;
   assign dma_read$requester_id = completer_id;
   assign dma_read$cpl_valid = rx_cpl_valid;
   assign dma_read$cpl_data = rx_cpl_data;
   assign dma_read$cpl_keep = rx_cpl_keep;
   assign dma_read$cpl_last = rx_cpl_last;
   assign rx_cpl_ready = 1'h1;
   assign dma_read$read_taken = tlp_tx$read_taken;
   assign generation$reset = off;
   assign generation$enabled = csr$enable;
   assign generation$command = csr$flush;
   assign generation$members = csr$member_lanes;
   assign generation$start_seq = csr$start_seq;
   assign generation$vote_busy = vote$busy;
   assign generation$vote_done = vote$done;
   assign generation$vote_release = vote$releasable;
   assign generation$vote_flushed = vote$flushed;
   assign vote$reset = off;
   assign vote$running = generation$running;
   assign vote$room = verdict_ring$room;
   assign vote$simplex = generation$simplex;
   assign vote$seq = generation$seq;
   assign vote$seq_n = generation$seq_n;
   assign vote$generation = generation$generation;
   assign vote$generation_n = generation$generation_n;
   assign vote$flush = generation$flush;
   assign vote$phase = verdict_ring$phase;
   assign vote$write_accepted = tlp_tx$accepted$0;
   assign generation$locked$0 = lane$0$locked;
   assign generation$drained$0 = lane$0$drained;
   assign generation$vote_failed$0 = vote$failed$0;
   assign vote$member$0 = generation$member$0;
   assign vote$delivered$0 = lane$0$vote;
   assign vote$fingerprint$0 = lane$0$vote_fingerprint;
   assign vote$dead$0 = lane$0$dead;
   assign vote$cause$0 = lane$0$dead_cause;
   assign vote$live$0 = lane$0$live;
   assign watchdog$delivered$0 = lane$0$vote;
   assign watchdog$lacks$0 = lane$0$lacks;
   assign fault_ring$report$0 = lane$0$report;
   assign fault_ring$cause$0 = lane$0$report_cause;
   assign fault_ring$address$0 = lane$0$report_address;
   assign fault_ring$seq$0 = lane$0$report_seq;
   assign fault_ring$generation$0 = lane$0$report_generation;
   assign generation$locked$1 = lane$1$locked;
   assign generation$drained$1 = lane$1$drained;
   assign generation$vote_failed$1 = vote$failed$1;
   assign vote$member$1 = generation$member$1;
   assign vote$delivered$1 = lane$1$vote;
   assign vote$fingerprint$1 = lane$1$vote_fingerprint;
   assign vote$dead$1 = lane$1$dead;
   assign vote$cause$1 = lane$1$dead_cause;
   assign vote$live$1 = lane$1$live;
   assign watchdog$delivered$1 = lane$1$vote;
   assign watchdog$lacks$1 = lane$1$lacks;
   assign fault_ring$report$1 = lane$1$report;
   assign fault_ring$cause$1 = lane$1$report_cause;
   assign fault_ring$address$1 = lane$1$report_address;
   assign fault_ring$seq$1 = lane$1$report_seq;
   assign fault_ring$generation$1 = lane$1$report_generation;
   assign generation$locked$2 = lane$2$locked;
   assign generation$drained$2 = lane$2$drained;
   assign generation$vote_failed$2 = vote$failed$2;
   assign vote$member$2 = generation$member$2;
   assign vote$delivered$2 = lane$2$vote;
   assign vote$fingerprint$2 = lane$2$vote_fingerprint;
   assign vote$dead$2 = lane$2$dead;
   assign vote$cause$2 = lane$2$dead_cause;
   assign vote$live$2 = lane$2$live;
   assign watchdog$delivered$2 = lane$2$vote;
   assign watchdog$lacks$2 = lane$2$lacks;
   assign fault_ring$report$2 = lane$2$report;
   assign fault_ring$cause$2 = lane$2$report_cause;
   assign fault_ring$address$2 = lane$2$report_address;
   assign fault_ring$seq$2 = lane$2$report_seq;
   assign fault_ring$generation$2 = lane$2$report_generation;
   assign watchdog$tick = tick;
   assign watchdog$running = generation$running;
   assign watchdog$voted = vote$voted;
   assign watchdog$limit = csr$watchdog_limit;
   assign verdict_ring$reset = off;
   assign verdict_ring$base = csr$verdict_base;
   assign verdict_ring$log2 = csr$verdict_size;
   assign verdict_ring$head = csr$verdict_read;
   assign verdict_ring$accepted = tlp_tx$accepted$0;
   assign fault_ring$reset = off;
   assign fault_ring$power_reset = full_reset;
   assign fault_ring$base = csr$fault_base;
   assign fault_ring$log2 = csr$fault_size;
   assign fault_ring$head = csr$fault_read;
   assign fault_ring$write_accepted = tlp_tx$accepted$1;
   assign tlp_tx$reset = power_reset;
   assign tlp_tx$enable = may_send;
   assign tlp_tx$hold = completer$hold;
   assign tlp_tx$requester_id = completer_id;
   assign tlp_tx$write$0 = (vote$write & verdict_ring$room) & (~off);
   assign tlp_tx$write$1 = fault_ring$write & (~off);
   assign tlp_tx$write$2 = msix$write;
   assign tlp_tx$write_address$0 = verdict_ring$address;
   assign tlp_tx$write_address$1 = fault_ring$write_address;
   assign tlp_tx$write_address$2 = msix$address;
   assign tlp_tx$word0$0 = vote$word0;
   assign tlp_tx$word0$1 = fault_ring$word0;
   assign tlp_tx$word1$0 = vote$word1;
   assign tlp_tx$word1$1 = fault_ring$word1;
   assign tlp_tx$word2$0 = vote$word2;
   assign tlp_tx$word2$1 = fault_ring$word2;
   assign tlp_tx$word3$0 = vote$word3;
   assign tlp_tx$word3$1 = fault_ring$word3;
   assign tlp_tx$word0$2 = msix$message;
   assign tlp_tx$word1$2 = 64'h0;
   assign tlp_tx$word2$2 = 64'h0;
   assign tlp_tx$word3$2 = 64'h0;
   assign tlp_tx$read = dma_read$read;
   assign tlp_tx$read_address = dma_read$read_address;
   assign tlp_tx$read_dws = dma_read$read_dws;
   assign tlp_tx$read_first_enables = dma_read$read_first_enables;
   assign tlp_tx$read_last_enables = dma_read$read_last_enables;
   assign tlp_tx$read_tag = dma_read$read_tag;
   assign tx_req_valid = tlp_tx$valid;
   assign tx_req_data = tlp_tx$data;
   assign tx_req_keep = tlp_tx$keep;
   assign tx_req_last = tlp_tx$last;
   assign tlp_tx$ready = tx_req_ready;
   always @(posedge clock) begin
      flr$q <= flr$d;
      renew$q <= renew$d;
      run$q <= run$d;
      stopped$q <= stopped$d;
   end
endmodule
