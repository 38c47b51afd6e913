// The unit's TLP boundary over a serial line. Written by `cargo run -p covert-rtl --bin emit`; do not edit.
// Frames and signals: docs/src/serial-bridge.md.

// Takes bytes off an asynchronous serial line: 8 data bits, the lowest first, no parity, one stop bit.
// 
// The line goes through two flip-flops and then a majority of three clocks; a bit is read in its middle. After a byte without
// its stop bit (a break, a line error) the receiver waits until the line is idle. So it does after power-up.
module serial_bridge_serial_rx (
   input wire clock,
   input wire reset,
   input wire [7:0] bit_clocks,
   input wire line,
   output reg received,
   output wire [7:0] octet,
   output reg broken
);
   localparam [2:0] Hearing$Silence = 3'd0;
   localparam [2:0] Hearing$Edge = 3'd1;
   localparam [2:0] Hearing$Start = 3'd2;
   localparam [2:0] Hearing$Data = 3'd3;
   localparam [2:0] Hearing$Stop = 3'd4;
   wire level;
   wire [7:0] half;
   wire [7:0] whole;
   wire [7:0] less;
   wire middle;
   wire [2:0] next_number;
   reg meta$d;
   reg meta$q = 1'h0;
   reg settled$d;
   reg settled$q = 1'h0;
   reg earlier$d;
   reg earlier$q = 1'h0;
   reg earliest$d;
   reg earliest$q = 1'h0;
   reg [2:0] hearing$d;
   reg [2:0] hearing$q = 3'h0;
   reg [7:0] left$d;
   reg [7:0] left$q = 8'h0;
   reg [2:0] number$d;
   reg [2:0] number$q = 3'h0;
   reg [7:0] shift$d;
   reg [7:0] shift$q = 8'h0;
   always @(*) begin
      meta$d = meta$q;
      meta$d = line;
   end
   always @(*) begin
      settled$d = settled$q;
      settled$d = meta$q;
   end
   always @(*) begin
      earlier$d = earlier$q;
      earlier$d = settled$q;
   end
   always @(*) begin
      earliest$d = earliest$q;
      earliest$d = earlier$q;
   end
   always @(*) begin
      hearing$d = hearing$q;
      left$d = left$q;
      number$d = number$q;
      shift$d = shift$q;
      received = 1'h0;
      broken = 1'h0;
      left$d = less;
      case (hearing$q)
         Hearing$Silence: begin
            if (level) begin
               hearing$d = Hearing$Edge;
            end
         end
         Hearing$Edge: begin
            left$d = half;
            number$d = 3'h0;
            if (~level) begin
               hearing$d = Hearing$Start;
            end
         end
         Hearing$Start: begin
            if (middle) begin
               left$d = whole;
               hearing$d = Hearing$Data;
               if (level) begin
                  hearing$d = Hearing$Edge;
               end
            end
         end
         Hearing$Data: begin
            if (middle) begin
               left$d = whole;
               shift$d = (shift$q >> 1) | ({7'h0, level} << 7);
               number$d = next_number;
               if (number$q == 3'h7) begin
                  hearing$d = Hearing$Stop;
               end
            end
         end
         Hearing$Stop: begin
            if (middle) begin
               received = level;
               broken = ~level;
               hearing$d = Hearing$Silence;
            end
         end
         default: begin
            hearing$d = Hearing$Silence;
         end
      endcase
      if (reset) begin
         hearing$d = Hearing$Silence;
      end
   end
   assign level = ((settled$q & earlier$q) | (settled$q & earliest$q)) | (earlier$q & earliest$q);
   assign half = bit_clocks >> 1;
   assign whole = bit_clocks - 8'h1;
   assign less = left$q - 8'h1;
   assign middle = left$q == 8'h0;
   assign next_number = number$q + 3'h1;
   assign octet = shift$q;
   always @(posedge clock) begin
      meta$q <= meta$d;
      settled$q <= settled$d;
      earlier$q <= earlier$d;
      earliest$q <= earliest$d;
      hearing$q <= hearing$d;
      left$q <= left$d;
      number$q <= number$d;
      shift$q <= shift$d;
   end
endmodule

// Finds frames among received bytes: flags, escapes and the frame check sequence of RFC 1662.
// 
// A frame has a head of three bytes, and either nothing or eight bytes behind it, then the check sequence: 5 or 13 bytes.
// Any other length, a wrong check sequence or a broken byte makes it `bad`; the next flag begins anew. Fields stay
// until the next frame's bytes arrive, tens of clocks later.
module serial_bridge_deframer (
   input wire clock,
   input wire reset,
   input wire received,
   input wire [7:0] octet,
   input wire broken,
   output wire good,
   output wire bad,
   output wire with_data,
   output wire [7:0] control,
   output wire [7:0] number,
   output wire [7:0] acknowledged,
   output wire [63:0] data
);
   localparam [7:0] hdlc$flag = 8'h7e;
   localparam [7:0] hdlc$escape = 8'h7d;
   localparam [7:0] hdlc$escaped = 8'h20;
   localparam [15:0] hdlc$start = 16'hffff;
   localparam [15:0] sound$residue = 16'hf0b8;
   localparam [3:0] sound$short = 4'h5;
   localparam [3:0] sound$long = 4'hd;
   reg [7:0] plain;
   wire [7:0] mixed;
   wire [7:0] folded;
   wire [15:0] wide;
   wire [15:0] next_fcs;
   wire [3:0] next_count;
   wire fits;
   reg is_good$d;
   reg is_good$q = 1'h0;
   reg is_bad$d;
   reg is_bad$q = 1'h0;
   reg has_data$d;
   reg has_data$q = 1'h0;
   reg framed$d;
   reg framed$q = 1'h0;
   reg escaping$d;
   reg escaping$q = 1'h0;
   reg [3:0] count$d;
   reg [3:0] count$q = 4'h0;
   reg [15:0] fcs$d;
   reg [15:0] fcs$q = 16'h0;
   reg [7:0] control_byte$d;
   reg [7:0] control_byte$q = 8'h0;
   reg [7:0] number_byte$d;
   reg [7:0] number_byte$q = 8'h0;
   reg [7:0] acknowledged_byte$d;
   reg [7:0] acknowledged_byte$q = 8'h0;
   reg [63:0] data_bytes$d;
   reg [63:0] data_bytes$q = 64'h0;
   always @(*) begin
      is_good$d = is_good$q;
      is_bad$d = is_bad$q;
      has_data$d = has_data$q;
      framed$d = framed$q;
      escaping$d = escaping$q;
      count$d = count$q;
      fcs$d = fcs$q;
      control_byte$d = control_byte$q;
      number_byte$d = number_byte$q;
      acknowledged_byte$d = acknowledged_byte$q;
      data_bytes$d = data_bytes$q;
      is_good$d = 1'h0;
      is_bad$d = 1'h0;
      if (received) begin
         if (octet == hdlc$flag) begin
            if (framed$q & ((count$q != 4'h0) | escaping$q)) begin
               has_data$d = count$q == sound$long;
               is_good$d = fits;
               is_bad$d = ~fits;
            end
            framed$d = 1'h1;
            escaping$d = 1'h0;
            count$d = 4'h0;
            fcs$d = hdlc$start;
         end else if (octet == hdlc$escape) begin
            escaping$d = 1'h1;
         end else if (framed$q) begin
            escaping$d = 1'h0;
            fcs$d = next_fcs;
            if (count$q != 4'hf) begin
               count$d = next_count;
            end
            if (count$q == 4'h0) begin
               control_byte$d = plain;
            end
            if (count$q == 4'h1) begin
               number_byte$d = plain;
            end
            if (count$q == 4'h2) begin
               acknowledged_byte$d = plain;
            end
            if ((count$q > 4'h2) & (count$q < 4'hb)) begin
               data_bytes$d = (data_bytes$q >> 8) | ({56'h0, plain} << 56);
            end
         end
      end
      if (broken) begin
         is_bad$d = framed$q;
         framed$d = 1'h0;
         escaping$d = 1'h0;
      end
      if (reset) begin
         framed$d = 1'h0;
         escaping$d = 1'h0;
         is_good$d = 1'h0;
         is_bad$d = 1'h0;
      end
   end
   assign control = control_byte$q;
   assign number = number_byte$q;
   assign acknowledged = acknowledged_byte$q;
   assign data = data_bytes$q;
   assign good = is_good$q;
   assign bad = is_bad$q;
   assign with_data = has_data$q;
   assign fits = (((count$q == sound$long) | (count$q == sound$short)) & (fcs$q == sound$residue)) & (~escaping$q);
   always @(*) begin
      plain = octet;
      if (escaping$q) begin
         plain = octet ^ hdlc$escaped;
      end
   end
   assign mixed = fcs$q[7:0] ^ plain;
   assign folded = mixed ^ (mixed << 4);
   assign wide = {8'h0, folded};
   assign next_fcs = (((fcs$q >> 8) ^ (wide << 8)) ^ (wide << 3)) ^ (wide >> 4);
   assign next_count = count$q + 4'h1;
   always @(posedge clock) begin
      is_good$q <= is_good$d;
      is_bad$q <= is_bad$d;
      has_data$q <= has_data$d;
      framed$q <= framed$d;
      escaping$q <= escaping$d;
      count$q <= count$d;
      fcs$q <= fcs$d;
      control_byte$q <= control_byte$d;
      number_byte$q <= number_byte$d;
      acknowledged_byte$q <= acknowledged_byte$d;
      data_bytes$q <= data_bytes$d;
   end
endmodule

module serial_bridge_lut_ram_64x64 (
   input wire clock,
   input wire write,
   input wire [5:0] write_address,
   input wire [63:0] write_data,
   input wire [5:0] address,
   output reg [63:0] data
);
   reg [63:0] words [0:63];
   integer i;
   initial for (i = 0; i < 64; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module serial_bridge_lut_ram_4x64 (
   input wire clock,
   input wire write,
   input wire [5:0] write_address,
   input wire [3:0] write_data,
   input wire [5:0] address,
   output reg [3:0] data
);
   reg [3:0] words [0:63];
   integer i;
   initial for (i = 0; i < 64; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

// Keeps what was sent until the other side has it: a queue of 64 beats that can be sent again.
// 
// Beats are numbered modulo 256. `head` is the oldest that is not acknowledged, `at` the next to send. An acknowledgement
// names the next number that the other side wants; one that names no beat of the queue is ignored.
module serial_bridge_resend_queue (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] put_data,
   input wire [3:0] put_kind,
   output wire full,
   output wire valid,
   output wire [63:0] data,
   output wire [3:0] kind,
   output wire [7:0] number,
   input wire sent,
   input wire acknowledge,
   input wire [7:0] acknowledged,
   input wire resend
);
   wire [7:0] used;
   wire [7:0] unanswered;
   wire [7:0] done;
   reg [7:0] oldest;
   wire [7:0] next_tail;
   wire [7:0] next_at;
   wire words$write;
   wire [5:0] words$write_address;
   wire [63:0] words$write_data;
   wire [5:0] words$address;
   wire [63:0] words$data;
   wire kinds$write;
   wire [5:0] kinds$write_address;
   wire [3:0] kinds$write_data;
   wire [5:0] kinds$address;
   wire [3:0] kinds$data;
   reg [7:0] head$d;
   reg [7:0] head$q = 8'h0;
   reg [7:0] at$d;
   reg [7:0] at$q = 8'h0;
   reg [7:0] tail$d;
   reg [7:0] tail$q = 8'h0;
   serial_bridge_lut_ram_64x64 words (
      .clock(clock),
      .write(words$write),
      .write_address(words$write_address),
      .write_data(words$write_data),
      .address(words$address),
      .data(words$data)
   );
   serial_bridge_lut_ram_4x64 kinds (
      .clock(clock),
      .write(kinds$write),
      .write_address(kinds$write_address),
      .write_data(kinds$write_data),
      .address(kinds$address),
      .data(kinds$data)
   );
   always @(*) begin
      head$d = head$q;
      at$d = at$q;
      tail$d = tail$q;
      if (put) begin
         tail$d = next_tail;
      end
      if (sent) begin
         at$d = next_at;
      end
      oldest = head$q;
      if (acknowledge & (done <= used)) begin
         oldest = acknowledged;
         if (done > unanswered) begin
            at$d = acknowledged;
         end
      end
      head$d = oldest;
      if (resend) begin
         at$d = oldest;
      end
      if (clear) begin
         head$d = 8'h0;
         at$d = 8'h0;
         tail$d = 8'h0;
      end
   end
   assign used = tail$q - head$q;
   assign unanswered = at$q - head$q;
   assign done = acknowledged - head$q;
   assign next_tail = tail$q + 8'h1;
   assign next_at = at$q + 8'h1;
   assign words$write = put;
   assign words$write_address = tail$q[5:0];
   assign words$write_data = put_data;
   assign words$address = at$q[5:0];
   assign data = words$data;
   assign kinds$write = put;
   assign kinds$write_address = tail$q[5:0];
   assign kinds$write_data = put_kind;
   assign kinds$address = at$q[5:0];
   assign kind = kinds$data;
   assign number = at$q;
   assign valid = at$q != tail$q;
   assign full = used == 8'h40;
   always @(posedge clock) begin
      head$q <= head$d;
      at$q <= at$d;
      tail$q <= tail$d;
   end
endmodule

// Makes frames: flag, three bytes of head, eight of data, check sequence, flag; escapes as in RFC 1662.
// 
// A frame's fields are taken when it begins. See `deframer` for the other direction.
module serial_bridge_framer (
   input wire clock,
   input wire reset,
   input wire put,
   output wire ready,
   input wire [7:0] control,
   input wire [7:0] number,
   input wire [7:0] acknowledged,
   input wire [63:0] data,
   output wire send,
   output reg [7:0] octet,
   input wire sendable
);
   localparam [7:0] hdlc$flag = 8'h7e;
   localparam [7:0] hdlc$escape = 8'h7d;
   localparam [7:0] hdlc$escaped = 8'h20;
   localparam [15:0] hdlc$start = 16'hffff;
   localparam [2:0] Framing$Idle = 3'd0;
   localparam [2:0] Framing$Open = 3'd1;
   localparam [2:0] Framing$Body = 3'd2;
   localparam [2:0] Framing$Escaped = 3'd3;
   localparam [2:0] Framing$Close = 3'd4;
   reg [7:0] plain;
   wire special;
   reg goes;
   wire [7:0] mixed;
   wire [7:0] folded;
   wire [15:0] wide;
   wire [15:0] next_fcs;
   wire [15:0] check;
   wire [3:0] next_count;
   reg [2:0] framing$d;
   reg [2:0] framing$q = 3'h0;
   reg [3:0] count$d;
   reg [3:0] count$q = 4'h0;
   reg [15:0] fcs$d;
   reg [15:0] fcs$q = 16'h0;
   reg [23:0] head$d;
   reg [23:0] head$q = 24'h0;
   reg [63:0] body$d;
   reg [63:0] body$q = 64'h0;
   always @(*) begin
      framing$d = framing$q;
      count$d = count$q;
      fcs$d = fcs$q;
      head$d = head$q;
      body$d = body$q;
      octet = hdlc$flag;
      goes = 1'h0;
      case (framing$q)
         Framing$Idle: begin
            count$d = 4'h0;
            fcs$d = hdlc$start;
            if (put) begin
               head$d = ({16'h0, control} | ({16'h0, number} << 8)) | ({16'h0, acknowledged} << 16);
               body$d = data;
               framing$d = Framing$Open;
            end
         end
         Framing$Open: begin
            if (sendable) begin
               framing$d = Framing$Body;
            end
         end
         Framing$Body: begin
            octet = plain;
            if (special) begin
               octet = hdlc$escape;
            end
            goes = sendable & (~special);
            if (sendable & special) begin
               framing$d = Framing$Escaped;
            end
         end
         Framing$Escaped: begin
            octet = plain ^ hdlc$escaped;
            goes = sendable;
         end
         Framing$Close: begin
            if (sendable) begin
               framing$d = Framing$Idle;
            end
         end
         default: begin
            framing$d = Framing$Idle;
         end
      endcase
      if (goes) begin
         framing$d = Framing$Body;
         count$d = next_count;
         if (count$q < 4'hb) begin
            fcs$d = next_fcs;
            head$d = (head$q >> 8) | ({16'h0, body$q[7:0]} << 16);
            body$d = body$q >> 8;
         end
         if (count$q == 4'hc) begin
            framing$d = Framing$Close;
         end
      end
      if (reset) begin
         framing$d = Framing$Idle;
      end
   end
   assign check = ~fcs$q;
   always @(*) begin
      plain = head$q[7:0];
      if (count$q == 4'hb) begin
         plain = check[7:0];
      end
      if (count$q == 4'hc) begin
         plain = check[15:8];
      end
   end
   assign special = (plain == hdlc$flag) | (plain == hdlc$escape);
   assign mixed = fcs$q[7:0] ^ plain;
   assign folded = mixed ^ (mixed << 4);
   assign wide = {8'h0, folded};
   assign next_fcs = (((fcs$q >> 8) ^ (wide << 8)) ^ (wide << 3)) ^ (wide >> 4);
   assign next_count = count$q + 4'h1;
   assign ready = framing$q == Framing$Idle;
   assign send = framing$q != Framing$Idle;
   always @(posedge clock) begin
      framing$q <= framing$d;
      count$q <= count$d;
      fcs$q <= fcs$d;
      head$q <= head$d;
      body$q <= body$d;
   end
endmodule

// Puts bytes onto an asynchronous serial line: a start bit, 8 data bits, the lowest first, one stop bit.
// 
// The line comes from a flip-flop that holds its complement, so that it is idle from power-up on.
module serial_bridge_serial_tx (
   input wire clock,
   input wire reset,
   input wire [7:0] bit_clocks,
   output wire line,
   input wire put,
   input wire [7:0] octet,
   output wire ready
);
   wire [7:0] whole;
   wire [7:0] less;
   wire [3:0] fewer;
   reg low$d;
   reg low$q = 1'h0;
   reg [7:0] shift$d;
   reg [7:0] shift$q = 8'h0;
   reg [3:0] bits_left$d;
   reg [3:0] bits_left$q = 4'h0;
   reg [7:0] left$d;
   reg [7:0] left$q = 8'h0;
   always @(*) begin
      low$d = low$q;
      shift$d = shift$q;
      bits_left$d = bits_left$q;
      left$d = left$q;
      if (bits_left$q == 4'h0) begin
         if (put) begin
            low$d = 1'h1;
            shift$d = octet;
            bits_left$d = 4'ha;
            left$d = whole;
         end
      end else begin
         left$d = less;
         if (left$q == 8'h0) begin
            left$d = whole;
            bits_left$d = fewer;
            low$d = ~shift$q[0];
            if (fewer < 4'h2) begin
               low$d = 1'h0;
            end
            shift$d = shift$q >> 1;
         end
      end
      if (reset) begin
         low$d = 1'h0;
         bits_left$d = 4'h0;
      end
   end
   assign line = ~low$q;
   assign ready = bits_left$q == 4'h0;
   assign whole = bit_clocks - 8'h1;
   assign less = left$q - 8'h1;
   assign fewer = bits_left$q - 4'h1;
   always @(posedge clock) begin
      low$q <= low$d;
      shift$q <= shift$d;
      bits_left$q <= bits_left$d;
      left$q <= left$d;
   end
endmodule

// Carries the unit's TLP boundary over an asynchronous serial line.
// 
// Each beat of a stream is a numbered frame with a check sequence; what does not arrive is sent again, so a line
// error costs time and nothing else. The sideband is a register that the other side writes; while its `link_up` is 0 the
// bridge forgets everything. The frames: `docs/src/serial-bridge.md`.
module serial_bridge (
   input wire clock,
   input wire reset,
   input wire [7:0] bit_clocks,
   input wire serial_in,
   output wire serial_out,
   output wire rx_req_valid,
   input wire rx_req_ready,
   output wire [63:0] rx_req_data,
   output wire [1:0] rx_req_keep,
   output wire rx_req_last,
   output wire rx_cpl_valid,
   input wire rx_cpl_ready,
   output wire [63:0] rx_cpl_data,
   output wire [1:0] rx_cpl_keep,
   output wire rx_cpl_last,
   input wire tx_req_valid,
   output wire tx_req_ready,
   input wire [63:0] tx_req_data,
   input wire [1:0] tx_req_keep,
   input wire tx_req_last,
   input wire tx_cpl_valid,
   output wire tx_cpl_ready,
   input wire [63:0] tx_cpl_data,
   input wire [1:0] tx_cpl_keep,
   input wire tx_cpl_last,
   output wire [15:0] completer_id,
   output wire [2:0] max_payload,
   output wire [2:0] max_read_request,
   output wire rcb,
   output wire bus_master_enable,
   output wire msix_enable,
   output wire msix_function_mask,
   output wire flr_request,
   input wire flr_done,
   output wire link_up,
   output wire tick,
   input wire config_error
);
   localparam [7:0] words$version = 8'h1;
   localparam [6:0] words$last_clock = 7'b1111100;
   wire down;
   wire [1:0] kind;
   wire [1:0] shape;
   wire shaped;
   wire sound;
   wire poll;
   wire set_sideband;
   wire beat;
   reg room;
   wire accept;
   wire refuse;
   wire spoilt;
   wire [7:0] next_expected;
   wire [7:0] next_bad;
   wire [7:0] next_refused;
   wire [6:0] next_clocks;
   wire take_req;
   wire take_cpl;
   wire say_status;
   wire say_beat;
   wire [7:0] flags;
   wire [63:0] status;
   wire serial_rx$reset;
   wire [7:0] serial_rx$bit_clocks;
   wire serial_rx$line;
   wire serial_rx$received;
   wire [7:0] serial_rx$octet;
   wire serial_rx$broken;
   wire deframer$reset;
   wire deframer$received;
   wire [7:0] deframer$octet;
   wire deframer$broken;
   wire deframer$good;
   wire deframer$bad;
   wire deframer$with_data;
   wire [7:0] deframer$control;
   wire [7:0] deframer$number;
   wire [7:0] deframer$acknowledged;
   wire [63:0] deframer$data;
   wire resend_queue$clear;
   wire resend_queue$put;
   reg [63:0] resend_queue$put_data;
   reg [3:0] resend_queue$put_kind;
   wire resend_queue$full;
   wire resend_queue$valid;
   wire [63:0] resend_queue$data;
   wire [3:0] resend_queue$kind;
   wire [7:0] resend_queue$number;
   wire resend_queue$sent;
   wire resend_queue$acknowledge;
   wire [7:0] resend_queue$acknowledged;
   wire resend_queue$resend;
   wire framer$reset;
   wire framer$put;
   wire framer$ready;
   reg [7:0] framer$control;
   wire [7:0] framer$number;
   wire [7:0] framer$acknowledged;
   reg [63:0] framer$data;
   wire framer$send;
   wire [7:0] framer$octet;
   wire framer$sendable;
   wire serial_tx$reset;
   wire [7:0] serial_tx$bit_clocks;
   wire serial_tx$line;
   wire serial_tx$put;
   wire [7:0] serial_tx$octet;
   wire serial_tx$ready;
   reg [31:0] sideband$d;
   reg [31:0] sideband$q = 32'h0;
   reg [7:0] expected$d;
   reg [7:0] expected$q = 8'h0;
   reg req_full$d;
   reg req_full$q = 1'h0;
   reg [63:0] req_data$d;
   reg [63:0] req_data$q = 64'h0;
   reg [1:0] req_shape$d;
   reg [1:0] req_shape$q = 2'h0;
   reg cpl_full$d;
   reg cpl_full$q = 1'h0;
   reg [63:0] cpl_data$d;
   reg [63:0] cpl_data$q = 64'h0;
   reg [1:0] cpl_shape$d;
   reg [1:0] cpl_shape$q = 2'h0;
   reg reset_done$d;
   reg reset_done$q = 1'h0;
   reg [7:0] bad_frames$d;
   reg [7:0] bad_frames$q = 8'h0;
   reg [7:0] refused$d;
   reg [7:0] refused$q = 8'h0;
   reg owing$d;
   reg owing$q = 1'h0;
   reg yielding$d;
   reg yielding$q = 1'h0;
   reg turn$d;
   reg turn$q = 1'h0;
   reg [6:0] clocks$d;
   reg [6:0] clocks$q = 7'h0;
   serial_bridge_serial_rx serial_rx (
      .clock(clock),
      .reset(serial_rx$reset),
      .bit_clocks(serial_rx$bit_clocks),
      .line(serial_rx$line),
      .received(serial_rx$received),
      .octet(serial_rx$octet),
      .broken(serial_rx$broken)
   );
   serial_bridge_deframer deframer (
      .clock(clock),
      .reset(deframer$reset),
      .received(deframer$received),
      .octet(deframer$octet),
      .broken(deframer$broken),
      .good(deframer$good),
      .bad(deframer$bad),
      .with_data(deframer$with_data),
      .control(deframer$control),
      .number(deframer$number),
      .acknowledged(deframer$acknowledged),
      .data(deframer$data)
   );
   serial_bridge_resend_queue resend_queue (
      .clock(clock),
      .clear(resend_queue$clear),
      .put(resend_queue$put),
      .put_data(resend_queue$put_data),
      .put_kind(resend_queue$put_kind),
      .full(resend_queue$full),
      .valid(resend_queue$valid),
      .data(resend_queue$data),
      .kind(resend_queue$kind),
      .number(resend_queue$number),
      .sent(resend_queue$sent),
      .acknowledge(resend_queue$acknowledge),
      .acknowledged(resend_queue$acknowledged),
      .resend(resend_queue$resend)
   );
   serial_bridge_framer framer (
      .clock(clock),
      .reset(framer$reset),
      .put(framer$put),
      .ready(framer$ready),
      .control(framer$control),
      .number(framer$number),
      .acknowledged(framer$acknowledged),
      .data(framer$data),
      .send(framer$send),
      .octet(framer$octet),
      .sendable(framer$sendable)
   );
   serial_bridge_serial_tx serial_tx (
      .clock(clock),
      .reset(serial_tx$reset),
      .bit_clocks(serial_tx$bit_clocks),
      .line(serial_tx$line),
      .put(serial_tx$put),
      .octet(serial_tx$octet),
      .ready(serial_tx$ready)
   );
   always @(*) begin
      sideband$d = sideband$q;
      reset_done$d = reset_done$q;
      bad_frames$d = bad_frames$q;
      refused$d = refused$q;
      owing$d = owing$q;
      yielding$d = yielding$q;
      if (set_sideband) begin
         sideband$d = deframer$data[31:0];
      end
      if (flr_done) begin
         reset_done$d = 1'h1;
      end
      if (~sideband$q[27]) begin
         reset_done$d = 1'h0;
      end
      if (spoilt) begin
         bad_frames$d = next_bad;
      end
      if (refuse) begin
         refused$d = next_refused;
      end
      if (framer$ready & say_status) begin
         owing$d = 1'h0;
         yielding$d = 1'h1;
      end
      if (framer$ready & say_beat) begin
         yielding$d = 1'h0;
      end
      if ((deframer$good | deframer$bad) | flr_done) begin
         owing$d = 1'h1;
      end
      if (reset) begin
         sideband$d = 32'h0;
         reset_done$d = 1'h0;
         bad_frames$d = 8'h0;
         refused$d = 8'h0;
         owing$d = 1'h0;
         yielding$d = 1'h0;
      end
   end
   always @(*) begin
      expected$d = expected$q;
      req_full$d = req_full$q;
      req_data$d = req_data$q;
      req_shape$d = req_shape$q;
      cpl_full$d = cpl_full$q;
      cpl_data$d = cpl_data$q;
      cpl_shape$d = cpl_shape$q;
      if (rx_req_ready) begin
         req_full$d = 1'h0;
      end
      if (rx_cpl_ready) begin
         cpl_full$d = 1'h0;
      end
      if (accept) begin
         expected$d = next_expected;
         if (kind == 2'h1) begin
            req_full$d = 1'h1;
            req_data$d = deframer$data;
            req_shape$d = shape;
         end else begin
            cpl_full$d = 1'h1;
            cpl_data$d = deframer$data;
            cpl_shape$d = shape;
         end
      end
      if (down) begin
         expected$d = 8'h0;
         req_full$d = 1'h0;
         cpl_full$d = 1'h0;
      end
   end
   always @(*) begin
      turn$d = turn$q;
      turn$d = ~turn$q;
   end
   always @(*) begin
      clocks$d = clocks$q;
      clocks$d = next_clocks;
      if (tick) begin
         clocks$d = 7'h0;
      end
   end
   assign serial_rx$reset = reset;
   assign serial_rx$bit_clocks = bit_clocks;
   assign serial_rx$line = serial_in;
   assign deframer$reset = reset;
   assign deframer$received = serial_rx$received;
   assign deframer$octet = serial_rx$octet;
   assign deframer$broken = serial_rx$broken;
   assign kind = deframer$control[1:0];
   assign shape = deframer$control[3:2];
   assign shaped = shape != 2'h0;
   assign sound = deframer$good & (deframer$control[7:5] == 3'h0);
   assign poll = ((sound & (kind == 2'h0)) & (~shaped)) & (~deframer$with_data);
   assign set_sideband = ((sound & (kind == 2'h3)) & (~shaped)) & deframer$with_data;
   assign beat = ((sound & ((kind == 2'h1) | (kind == 2'h2))) & shaped) & deframer$with_data;
   assign spoilt = deframer$bad | (((deframer$good & (~poll)) & (~set_sideband)) & (~beat));
   assign down = reset | (~sideband$q[31]);
   always @(*) begin
      room = ~req_full$q;
      if (kind == 2'h2) begin
         room = ~cpl_full$q;
      end
   end
   assign accept = ((beat & room) & (deframer$number == expected$q)) & (~down);
   assign refuse = beat & (~accept);
   assign next_expected = expected$q + 8'h1;
   assign rx_req_valid = req_full$q;
   assign rx_req_data = req_data$q;
   assign rx_req_last = req_shape$q[0];
   assign rx_req_keep = ({1'h0, req_shape$q[1]} << 1) | 2'h1;
   assign rx_cpl_valid = cpl_full$q;
   assign rx_cpl_data = cpl_data$q;
   assign rx_cpl_last = cpl_shape$q[0];
   assign rx_cpl_keep = ({1'h0, cpl_shape$q[1]} << 1) | 2'h1;
   assign completer_id = sideband$q[15:0];
   assign max_payload = sideband$q[18:16];
   assign rcb = sideband$q[19];
   assign max_read_request = sideband$q[22:20];
   assign bus_master_enable = sideband$q[24];
   assign msix_enable = sideband$q[25];
   assign msix_function_mask = sideband$q[26];
   assign flr_request = sideband$q[27];
   assign link_up = sideband$q[31];
   assign tx_req_ready = turn$q & (~resend_queue$full);
   assign tx_cpl_ready = (~turn$q) & (~resend_queue$full);
   assign take_req = tx_req_ready & tx_req_valid;
   assign take_cpl = tx_cpl_ready & tx_cpl_valid;
   assign resend_queue$clear = down;
   assign resend_queue$put = take_req | take_cpl;
   always @(*) begin
      resend_queue$put_data = tx_req_data;
      resend_queue$put_kind = (({3'h0, tx_req_keep[1]} << 3) | ({3'h0, tx_req_last} << 2)) | 4'h1;
      if (~turn$q) begin
         resend_queue$put_data = tx_cpl_data;
         resend_queue$put_kind = (({3'h0, tx_cpl_keep[1]} << 3) | ({3'h0, tx_cpl_last} << 2)) | 4'h2;
      end
   end
   assign resend_queue$acknowledge = (poll | set_sideband) | beat;
   assign resend_queue$acknowledged = deframer$acknowledged;
   assign resend_queue$resend = resend_queue$acknowledge & deframer$control[4];
   assign next_bad = bad_frames$q + 8'h1;
   assign next_refused = refused$q + 8'h1;
   assign say_status = owing$q & (~(yielding$q & resend_queue$valid));
   assign say_beat = resend_queue$valid & (~say_status);
   assign resend_queue$sent = say_beat & framer$ready;
   assign flags = ({7'h0, config_error} << 1) | {7'h0, reset_done$q};
   assign status = ((({32'h0, sideband$q} | ({56'h0, flags} << 32)) | ({56'h0, bad_frames$q} << 40)) | ({56'h0, refused$q} << 48)) | ({56'h0, words$version} << 56);
   assign framer$reset = reset;
   assign framer$put = say_status | say_beat;
   assign framer$number = resend_queue$number;
   assign framer$acknowledged = expected$q;
   always @(*) begin
      framer$control = 8'h0;
      framer$data = status;
      if (say_beat) begin
         framer$control = {4'h0, resend_queue$kind};
         framer$data = resend_queue$data;
      end
   end
   assign serial_tx$reset = reset;
   assign serial_tx$bit_clocks = bit_clocks;
   assign serial_tx$put = framer$send;
   assign serial_tx$octet = framer$octet;
   assign framer$sendable = serial_tx$ready;
   assign serial_out = serial_tx$line;
   assign next_clocks = clocks$q + 7'h1;
   assign tick = clocks$q == words$last_clock;
   always @(posedge clock) begin
      sideband$q <= sideband$d;
      expected$q <= expected$d;
      req_full$q <= req_full$d;
      req_data$q <= req_data$d;
      req_shape$q <= req_shape$d;
      cpl_full$q <= cpl_full$d;
      cpl_data$q <= cpl_data$d;
      cpl_shape$q <= cpl_shape$d;
      reset_done$q <= reset_done$d;
      bad_frames$q <= bad_frames$d;
      refused$q <= refused$d;
      owing$q <= owing$d;
      yielding$q <= yielding$d;
      turn$q <= turn$d;
      clocks$q <= clocks$d;
   end
endmodule
