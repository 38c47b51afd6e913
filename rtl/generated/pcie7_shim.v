// The 7-series PCI Express block to the unit's TLP boundary. Written by `cargo run -p covert-rtl --bin emit`;
// do not edit. Signals: docs/src/pcie7-shim.md.

module pcie7_shim_swap (
   input wire clock,
   input wire reset,
   input wire taken,
   input wire [63:0] data,
   input wire last,
   output wire first,
   output wire [63:0] turned
);
   reg [31:0] low;
   reg [31:0] high;
   wire [31:0] low_turned;
   wire [31:0] high_turned;
   reg behind_first$d;
   reg behind_first$q = 1'h0;
   reg behind_second$d;
   reg behind_second$q = 1'h0;
   reg four$d;
   reg four$q = 1'h0;
   always @(*) begin
      behind_first$d = behind_first$q;
      behind_second$d = behind_second$q;
      four$d = four$q;
      if (taken) begin
         if (~behind_first$q) begin
            four$d = data[29];
         end
         behind_second$d = behind_first$q;
         behind_first$d = 1'h1;
         if (last) begin
            behind_first$d = 1'h0;
            behind_second$d = 1'h0;
         end
      end
      if (reset) begin
         behind_first$d = 1'h0;
         behind_second$d = 1'h0;
      end
   end
   always @(*) begin
      low = data[31:0];
      if (behind_second$q) begin
         low = low_turned;
      end
   end
   always @(*) begin
      high = data[63:32];
      if (behind_second$q | (behind_first$q & (~four$q))) begin
         high = high_turned;
      end
   end
   assign low_turned = ((({24'h0, data[7:0]} << 24) | ({24'h0, data[15:8]} << 16)) | ({24'h0, data[23:16]} << 8)) | {24'h0, data[31:24]};
   assign high_turned = ((({24'h0, data[39:32]} << 24) | ({24'h0, data[47:40]} << 16)) | ({24'h0, data[55:48]} << 8)) | {24'h0, data[63:56]};
   assign first = ~behind_first$q;
   assign turned = {32'h0, low} | ({32'h0, high} << 32);
   always @(posedge clock) begin
      behind_first$q <= behind_first$d;
      behind_second$q <= behind_second$d;
      four$q <= four$d;
   end
endmodule

module pcie7_shim_lut_ram_64x64 (
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

module pcie7_shim_contents (
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
   localparam [7:0] depth$words = 8'h40;
   wire [5:0] next_head;
   wire [5:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [5:0] words$write_address;
   wire [63:0] words$write_data;
   wire [5:0] words$address;
   wire [63:0] words$data;
   reg [5:0] head$d;
   reg [5:0] head$q = 6'h0;
   reg [5:0] tail$d;
   reg [5:0] tail$q = 6'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   pcie7_shim_lut_ram_64x64 words (
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
         head$d = 6'h0;
         tail$d = 6'h0;
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
   assign next_head = head$q + 6'h1;
   assign next_tail = tail$q + 6'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module pcie7_shim_lut_ram_3x64 (
   input wire clock,
   input wire write,
   input wire [5:0] write_address,
   input wire [2:0] write_data,
   input wire [5:0] address,
   output reg [2:0] data
);
   reg [2:0] words [0:63];
   integer i;
   initial for (i = 0; i < 64; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module pcie7_shim_shapes (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [2:0] put_data,
   output wire full,
   output wire valid,
   output wire [2:0] data,
   input wire take,
   output wire [7:0] count
);
   localparam [7:0] depth$words = 8'h40;
   wire [5:0] next_head;
   wire [5:0] next_tail;
   wire [7:0] more;
   wire [7:0] fewer;
   wire words$write;
   wire [5:0] words$write_address;
   wire [2:0] words$write_data;
   wire [5:0] words$address;
   wire [2:0] words$data;
   reg [5:0] head$d;
   reg [5:0] head$q = 6'h0;
   reg [5:0] tail$d;
   reg [5:0] tail$q = 6'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   pcie7_shim_lut_ram_3x64 words (
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
         head$d = 6'h0;
         tail$d = 6'h0;
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
   assign next_head = head$q + 6'h1;
   assign next_tail = tail$q + 6'h1;
   assign more = used$q + 8'h1;
   assign fewer = used$q - 8'h1;
   always @(posedge clock) begin
      head$q <= head$d;
      tail$q <= tail$d;
      used$q <= used$d;
      some$q <= some$d;
   end
endmodule

module pcie7_shim_posted (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] put_data,
   input wire [2:0] put_shape,
   output wire full,
   output wire [7:0] count,
   output wire valid,
   output wire [63:0] data,
   output wire [2:0] shape,
   input wire take
);
   wire contents$clear;
   wire contents$put;
   wire [63:0] contents$put_data;
   wire contents$full;
   wire contents$valid;
   wire [63:0] contents$data;
   wire contents$take;
   wire [7:0] contents$count;
   wire shapes$clear;
   wire shapes$put;
   wire [2:0] shapes$put_data;
   wire shapes$full;
   wire shapes$valid;
   wire [2:0] shapes$data;
   wire shapes$take;
   wire [7:0] shapes$count;
   pcie7_shim_contents contents (
      .clock(clock),
      .clear(contents$clear),
      .put(contents$put),
      .put_data(contents$put_data),
      .full(contents$full),
      .valid(contents$valid),
      .data(contents$data),
      .take(contents$take),
      .count(contents$count)
   );
   pcie7_shim_shapes shapes (
      .clock(clock),
      .clear(shapes$clear),
      .put(shapes$put),
      .put_data(shapes$put_data),
      .full(shapes$full),
      .valid(shapes$valid),
      .data(shapes$data),
      .take(shapes$take),
      .count(shapes$count)
   );
   assign contents$clear = clear;
   assign shapes$clear = clear;
   assign contents$put = put;
   assign shapes$put = put;
   assign contents$put_data = put_data;
   assign shapes$put_data = put_shape;
   assign contents$take = take;
   assign shapes$take = take;
   assign full = contents$full;
   assign count = contents$count;
   assign valid = contents$valid;
   assign data = contents$data;
   assign shape = shapes$data;
endmodule

module pcie7_shim_lut_ram_64x32 (
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

module pcie7_shim_waiting_contents (
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
   pcie7_shim_lut_ram_64x32 words (
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

module pcie7_shim_lut_ram_3x32 (
   input wire clock,
   input wire write,
   input wire [4:0] write_address,
   input wire [2:0] write_data,
   input wire [4:0] address,
   output reg [2:0] data
);
   reg [2:0] words [0:31];
   integer i;
   initial for (i = 0; i < 32; i = i + 1) words[i] = 0;
   always @(posedge clock) if (write) words[write_address] <= write_data;
   always @(*) data = words[address];
endmodule

module pcie7_shim_waiting_shapes (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [2:0] put_data,
   output wire full,
   output wire valid,
   output wire [2:0] data,
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
   wire [2:0] words$write_data;
   wire [4:0] words$address;
   wire [2:0] words$data;
   reg [4:0] head$d;
   reg [4:0] head$q = 5'h0;
   reg [4:0] tail$d;
   reg [4:0] tail$q = 5'h0;
   reg [7:0] used$d;
   reg [7:0] used$q = 8'h0;
   reg some$d;
   reg some$q = 1'h0;
   pcie7_shim_lut_ram_3x32 words (
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

module pcie7_shim_waiting (
   input wire clock,
   input wire clear,
   input wire put,
   input wire [63:0] put_data,
   input wire [2:0] put_shape,
   output wire full,
   output wire [7:0] count,
   output wire valid,
   output wire [63:0] data,
   output wire [2:0] shape,
   input wire take
);
   wire contents$clear;
   wire contents$put;
   wire [63:0] contents$put_data;
   wire contents$full;
   wire contents$valid;
   wire [63:0] contents$data;
   wire contents$take;
   wire [7:0] contents$count;
   wire shapes$clear;
   wire shapes$put;
   wire [2:0] shapes$put_data;
   wire shapes$full;
   wire shapes$valid;
   wire [2:0] shapes$data;
   wire shapes$take;
   wire [7:0] shapes$count;
   pcie7_shim_waiting_contents contents (
      .clock(clock),
      .clear(contents$clear),
      .put(contents$put),
      .put_data(contents$put_data),
      .full(contents$full),
      .valid(contents$valid),
      .data(contents$data),
      .take(contents$take),
      .count(contents$count)
   );
   pcie7_shim_waiting_shapes shapes (
      .clock(clock),
      .clear(shapes$clear),
      .put(shapes$put),
      .put_data(shapes$put_data),
      .full(shapes$full),
      .valid(shapes$valid),
      .data(shapes$data),
      .take(shapes$take),
      .count(shapes$count)
   );
   assign contents$clear = clear;
   assign shapes$clear = clear;
   assign contents$put = put;
   assign shapes$put = put;
   assign contents$put_data = put_data;
   assign shapes$put_data = put_shape;
   assign contents$take = take;
   assign shapes$take = take;
   assign full = contents$full;
   assign count = contents$count;
   assign valid = contents$valid;
   assign data = contents$data;
   assign shape = shapes$data;
endmodule

// Sorts what the 7-series block received: completions to `rx_cpl`, requests to `rx_req`.
// 
// Posted and other requests wait in queues of their own. A non-posted request goes on only while the unit owes fewer than 32
// answers, so that one that must wait holds up neither posted writes nor completions; a marker among the posted ones keeps
// it behind those that came before it. Memory requests that miss BAR 0 do not reach the unit's registers: writes are
// dropped, and reads become locked reads, which the unit answers with `unsupported request`.
module pcie7_shim_pcie7_receive (
   input wire clock,
   input wire reset,
   input wire forget,
   input wire valid,
   input wire [63:0] data,
   input wire upper,
   input wire last,
   input wire hit,
   output wire ready,
   output wire non_posted_ok,
   output reg rx_req_valid,
   input wire rx_req_ready,
   output reg [63:0] rx_req_data,
   output reg [1:0] rx_req_keep,
   output reg rx_req_last,
   output wire rx_cpl_valid,
   input wire rx_cpl_ready,
   output wire [63:0] rx_cpl_data,
   output wire [1:0] rx_cpl_keep,
   output wire rx_cpl_last,
   input wire answered
);
   localparam [7:0] levels$enough = 8'h10;
   localparam [5:0] levels$most_owed = 6'b100000;
   localparam [63:0] levels$locked = 64'h1000000;
   localparam [1:0] Giving$Idle = 2'd0;
   localparam [1:0] Giving$Posted = 2'd1;
   localparam [1:0] Giving$NonPosted = 2'd2;
   localparam [2:0] Route$None = 3'd0;
   localparam [2:0] Route$Posted = 3'd1;
   localparam [2:0] Route$NonPosted = 3'd2;
   localparam [2:0] Route$Completion = 3'd3;
   localparam [2:0] Route$Dropped = 3'd4;
   wire taken;
   wire [4:0] kind;
   wire memory;
   wire is_completion;
   wire is_posted;
   reg [2:0] to;
   wire [2:0] shape;
   wire marker;
   wire pass;
   wire starts;
   wire owing;
   wire [4:0] more_released;
   wire [4:0] fewer_released;
   wire [5:0] more_owed;
   wire [5:0] fewer_owed;
   wire swap$reset;
   wire swap$taken;
   wire [63:0] swap$data;
   wire swap$last;
   wire swap$first;
   wire [63:0] swap$turned;
   wire posted$clear;
   wire posted$put;
   wire [63:0] posted$put_data;
   wire [2:0] posted$put_shape;
   wire posted$full;
   wire [7:0] posted$count;
   wire posted$valid;
   wire [63:0] posted$data;
   wire [2:0] posted$shape;
   reg posted$take;
   wire waiting$clear;
   wire waiting$put;
   reg [63:0] waiting$put_data;
   wire [2:0] waiting$put_shape;
   wire waiting$full;
   wire [7:0] waiting$count;
   wire waiting$valid;
   wire [63:0] waiting$data;
   wire [2:0] waiting$shape;
   reg waiting$take;
   reg [2:0] route$d;
   reg [2:0] route$q = 3'h0;
   reg [1:0] giving$d;
   reg [1:0] giving$q = 2'h0;
   reg [4:0] released$d;
   reg [4:0] released$q = 5'h0;
   reg [5:0] owed$d;
   reg [5:0] owed$q = 6'h0;
   reg room_for_more$d;
   reg room_for_more$q = 1'h0;
   reg cpl_full$d;
   reg cpl_full$q = 1'h0;
   reg [63:0] cpl_data$d;
   reg [63:0] cpl_data$q = 64'h0;
   reg [1:0] cpl_shape$d;
   reg [1:0] cpl_shape$q = 2'h0;
   pcie7_shim_swap swap (
      .clock(clock),
      .reset(swap$reset),
      .taken(swap$taken),
      .data(swap$data),
      .last(swap$last),
      .first(swap$first),
      .turned(swap$turned)
   );
   pcie7_shim_posted posted (
      .clock(clock),
      .clear(posted$clear),
      .put(posted$put),
      .put_data(posted$put_data),
      .put_shape(posted$put_shape),
      .full(posted$full),
      .count(posted$count),
      .valid(posted$valid),
      .data(posted$data),
      .shape(posted$shape),
      .take(posted$take)
   );
   pcie7_shim_waiting waiting (
      .clock(clock),
      .clear(waiting$clear),
      .put(waiting$put),
      .put_data(waiting$put_data),
      .put_shape(waiting$put_shape),
      .full(waiting$full),
      .count(waiting$count),
      .valid(waiting$valid),
      .data(waiting$data),
      .shape(waiting$shape),
      .take(waiting$take)
   );
   always @(*) begin
      route$d = route$q;
      giving$d = giving$q;
      released$d = released$q;
      owed$d = owed$q;
      cpl_full$d = cpl_full$q;
      cpl_data$d = cpl_data$q;
      cpl_shape$d = cpl_shape$q;
      if (taken) begin
         route$d = to;
         if (last) begin
            route$d = Route$None;
         end
      end
      if (rx_cpl_ready) begin
         cpl_full$d = 1'h0;
      end
      if (taken & (to == Route$Completion)) begin
         cpl_full$d = 1'h1;
         cpl_data$d = swap$turned;
         cpl_shape$d = shape[1:0];
      end
      rx_req_valid = 1'h0;
      rx_req_data = posted$data;
      rx_req_last = posted$shape[0];
      rx_req_keep = ({1'h0, posted$shape[1]} << 1) | 2'h1;
      posted$take = pass;
      waiting$take = 1'h0;
      case (giving$q)
         Giving$Idle: begin
            if (starts) begin
               giving$d = Giving$NonPosted;
            end else if (posted$valid & (~posted$shape[2])) begin
               giving$d = Giving$Posted;
            end
         end
         Giving$Posted: begin
            rx_req_valid = posted$valid;
            posted$take = posted$valid & rx_req_ready;
            if (posted$take & rx_req_last) begin
               giving$d = Giving$Idle;
            end
         end
         Giving$NonPosted: begin
            rx_req_valid = waiting$valid;
            rx_req_data = waiting$data;
            rx_req_last = waiting$shape[0];
            rx_req_keep = ({1'h0, waiting$shape[1]} << 1) | 2'h1;
            waiting$take = waiting$valid & rx_req_ready;
            if (waiting$take & rx_req_last) begin
               giving$d = Giving$Idle;
            end
         end
         default: begin
            giving$d = Giving$Idle;
         end
      endcase
      if (pass & (~starts)) begin
         released$d = more_released;
      end
      if (starts & (~pass)) begin
         released$d = fewer_released;
      end
      if (starts & (~(answered & owing))) begin
         owed$d = more_owed;
      end
      if ((answered & owing) & (~starts)) begin
         owed$d = fewer_owed;
      end
      if (forget) begin
         owed$d = 6'h0;
      end
      if (reset) begin
         route$d = Route$None;
         giving$d = Giving$Idle;
         released$d = 5'h0;
         owed$d = 6'h0;
         cpl_full$d = 1'h0;
      end
   end
   always @(*) begin
      room_for_more$d = room_for_more$q;
      room_for_more$d = waiting$count < levels$enough;
   end
   assign ready = ((~posted$full) & (~waiting$full)) & ((~cpl_full$q) | rx_cpl_ready);
   assign taken = valid & ready;
   assign non_posted_ok = room_for_more$q;
   assign kind = data[28:24];
   assign memory = (kind == 5'h0) & (~data[31]);
   assign is_completion = kind[4:1] == 4'h5;
   assign is_posted = ((memory & data[30]) | (kind[4:3] == 2'h2)) | data[31];
   always @(*) begin
      to = route$q;
      if (swap$first) begin
         to = Route$NonPosted;
         if (is_posted) begin
            to = Route$Posted;
         end
         if (is_completion) begin
            to = Route$Completion;
         end
         if ((memory & data[30]) & (~hit)) begin
            to = Route$Dropped;
         end
      end
   end
   assign swap$reset = reset;
   assign swap$taken = taken;
   assign swap$data = data;
   assign swap$last = last;
   assign shape = ({2'h0, upper} << 1) | {2'h0, last};
   assign marker = swap$first & (to == Route$NonPosted);
   assign posted$clear = reset;
   assign posted$put = taken & ((to == Route$Posted) | marker);
   assign posted$put_data = swap$turned;
   assign posted$put_shape = shape | ({2'h0, marker} << 2);
   assign waiting$clear = reset;
   assign waiting$put = taken & (to == Route$NonPosted);
   always @(*) begin
      waiting$put_data = swap$turned;
      if ((swap$first & memory) & (~hit)) begin
         waiting$put_data = swap$turned | levels$locked;
      end
   end
   assign waiting$put_shape = shape;
   assign rx_cpl_valid = cpl_full$q;
   assign rx_cpl_data = cpl_data$q;
   assign rx_cpl_last = cpl_shape$q[0];
   assign rx_cpl_keep = ({1'h0, cpl_shape$q[1]} << 1) | 2'h1;
   assign pass = ((giving$q == Giving$Idle) & posted$valid) & posted$shape[2];
   assign starts = ((giving$q == Giving$Idle) & (released$q != 5'h0)) & (owed$q != levels$most_owed);
   assign more_released = released$q + 5'h1;
   assign fewer_released = released$q - 5'h1;
   assign more_owed = owed$q + 6'h1;
   assign fewer_owed = owed$q - 6'h1;
   assign owing = owed$q != 6'h0;
   always @(posedge clock) begin
      route$q <= route$d;
      giving$q <= giving$d;
      released$q <= released$d;
      owed$q <= owed$d;
      room_for_more$q <= room_for_more$d;
      cpl_full$q <= cpl_full$d;
      cpl_data$q <= cpl_data$d;
      cpl_shape$q <= cpl_shape$d;
   end
endmodule

// Merges the unit's requests and completions into the stream that the 7-series block sends.
// 
// Reads wait in a queue with room for all 16 that the unit can have outstanding, so that one without credits holds up
// nothing. Order: posted writes first, then a completion, then a read; but a completion that was offered before a posted write
// was goes before it once, and reads and completions take turns. Packets are never mixed.
module pcie7_shim_pcie7_transmit (
   input wire clock,
   input wire reset,
   input wire tx_req_valid,
   output wire tx_req_ready,
   input wire [63:0] tx_req_data,
   input wire [1:0] tx_req_keep,
   input wire tx_req_last,
   input wire tx_cpl_valid,
   output reg tx_cpl_ready,
   input wire [63:0] tx_cpl_data,
   input wire [1:0] tx_cpl_keep,
   input wire tx_cpl_last,
   input wire may_read,
   output wire answered,
   output wire busy,
   output wire valid,
   output wire [63:0] data,
   output wire upper,
   output wire last,
   input wire ready
);
   localparam [1:0] Passing$Idle = 2'd0;
   localparam [1:0] Passing$Posted = 2'd1;
   localparam [1:0] Passing$Completion = 2'd2;
   localparam [1:0] Passing$Read = 2'd3;
   wire free;
   wire drained;
   wire accept;
   wire posted_waits;
   wire read_waits;
   wire cpl_may;
   reg move_beat;
   reg [63:0] beat;
   reg [1:0] beat_shape;
   wire [1:0] cpl_shape;
   wire swap$reset;
   wire swap$taken;
   wire [63:0] swap$data;
   wire swap$last;
   wire swap$first;
   wire [63:0] swap$turned;
   wire reads$clear;
   wire reads$put;
   wire [63:0] reads$put_data;
   wire [2:0] reads$put_shape;
   wire reads$full;
   wire [7:0] reads$count;
   wire reads$valid;
   wire [63:0] reads$data;
   wire [2:0] reads$shape;
   reg reads$take;
   reg [1:0] passing$d;
   reg [1:0] passing$q = 2'h0;
   reg held$d;
   reg held$q = 1'h0;
   reg [63:0] held_data$d;
   reg [63:0] held_data$q = 64'h0;
   reg [1:0] held_shape$d;
   reg [1:0] held_shape$q = 2'h0;
   reg begins$d;
   reg begins$q = 1'h0;
   reg reading$d;
   reg reading$q = 1'h0;
   reg earlier$d;
   reg earlier$q = 1'h0;
   reg read_next$d;
   reg read_next$q = 1'h0;
   reg full$d;
   reg full$q = 1'h0;
   reg [63:0] out_data$d;
   reg [63:0] out_data$q = 64'h0;
   reg [1:0] out_shape$d;
   reg [1:0] out_shape$q = 2'h0;
   pcie7_shim_swap swap (
      .clock(clock),
      .reset(swap$reset),
      .taken(swap$taken),
      .data(swap$data),
      .last(swap$last),
      .first(swap$first),
      .turned(swap$turned)
   );
   pcie7_shim_waiting reads (
      .clock(clock),
      .clear(reads$clear),
      .put(reads$put),
      .put_data(reads$put_data),
      .put_shape(reads$put_shape),
      .full(reads$full),
      .count(reads$count),
      .valid(reads$valid),
      .data(reads$data),
      .shape(reads$shape),
      .take(reads$take)
   );
   always @(*) begin
      passing$d = passing$q;
      held$d = held$q;
      held_data$d = held_data$q;
      held_shape$d = held_shape$q;
      begins$d = begins$q;
      reading$d = reading$q;
      earlier$d = earlier$q;
      read_next$d = read_next$q;
      full$d = full$q;
      out_data$d = out_data$q;
      out_shape$d = out_shape$q;
      case (passing$q)
         Passing$Idle: begin
            if (~free) begin
               passing$d = Passing$Idle;
            end else if (cpl_may & (~((read_next$q & read_waits) & (~earlier$q)))) begin
               passing$d = Passing$Completion;
               earlier$d = 1'h0;
               read_next$d = 1'h1;
            end else if (posted_waits) begin
               passing$d = Passing$Posted;
               earlier$d = 1'h0;
            end else if (read_waits) begin
               passing$d = Passing$Read;
               read_next$d = 1'h0;
            end
         end
         default: begin
            if (move_beat & beat_shape[0]) begin
               passing$d = Passing$Idle;
            end
         end
      endcase
      if (drained) begin
         held$d = 1'h0;
      end
      if (accept) begin
         held$d = 1'h1;
         held_data$d = tx_req_data;
         held_shape$d = ({1'h0, tx_req_keep[1]} << 1) | {1'h0, tx_req_last};
         begins$d = tx_req_last;
         if (begins$q) begin
            reading$d = ~tx_req_data[30];
            earlier$d = (tx_req_data[30] & tx_cpl_valid) & (passing$q != Passing$Completion);
         end
      end
      if (ready) begin
         full$d = 1'h0;
      end
      if (move_beat) begin
         full$d = 1'h1;
         out_data$d = swap$turned;
         out_shape$d = beat_shape;
      end
      if (reset) begin
         passing$d = Passing$Idle;
         held$d = 1'h0;
         begins$d = 1'h1;
         full$d = 1'h0;
         earlier$d = 1'h0;
         read_next$d = 1'h0;
      end
   end
   assign free = (~full$q) | ready;
   assign posted_waits = held$q & (~reading$q);
   assign read_waits = reads$valid & may_read;
   assign cpl_may = tx_cpl_valid & ((~posted_waits) | earlier$q);
   assign cpl_shape = ({1'h0, tx_cpl_keep[1]} << 1) | {1'h0, tx_cpl_last};
   always @(*) begin
      move_beat = 1'h0;
      beat = held_data$q;
      beat_shape = held_shape$q;
      tx_cpl_ready = 1'h0;
      reads$take = 1'h0;
      case (passing$q)
         Passing$Posted: begin
            move_beat = free & held$q;
         end
         Passing$Completion: begin
            tx_cpl_ready = free;
            move_beat = free & tx_cpl_valid;
            beat = tx_cpl_data;
            beat_shape = cpl_shape;
         end
         Passing$Read: begin
            move_beat = free & reads$valid;
            reads$take = move_beat;
            beat = reads$data;
            beat_shape = reads$shape[1:0];
         end
         default: begin
         end
      endcase
   end
   assign answered = ((passing$q == Passing$Completion) & move_beat) & beat_shape[0];
   assign drained = held$q & (reading$q | ((passing$q == Passing$Posted) & free));
   assign tx_req_ready = (~held$q) | drained;
   assign accept = tx_req_valid & tx_req_ready;
   assign reads$clear = reset;
   assign reads$put = held$q & reading$q;
   assign reads$put_data = held_data$q;
   assign reads$put_shape = {1'h0, held_shape$q};
   assign swap$reset = reset;
   assign swap$taken = move_beat;
   assign swap$data = beat;
   assign swap$last = beat_shape[0];
   assign valid = full$q;
   assign data = out_data$q;
   assign last = out_shape$q[0];
   assign upper = out_shape$q[1];
   assign busy = full$q | (passing$q != Passing$Idle);
   always @(posedge clock) begin
      passing$q <= passing$d;
      held$q <= held$d;
      held_data$q <= held_data$d;
      held_shape$q <= held_shape$d;
      begins$q <= begins$d;
      reading$q <= reading$d;
      earlier$q <= earlier$d;
      read_next$q <= read_next$d;
      full$q <= full$d;
      out_data$q <= out_data$d;
      out_shape$q <= out_shape$d;
   end
endmodule

// From the integrated PCI Express block of the 7-series FPGAs to the unit's TLP boundary.
// 
// The block's ports have its names (Xilinx PG054), with directions seen from here; the unit's have the unit's. What
// each means, and what the shim makes of it: `docs/src/pcie7-shim.md`.
module pcie7_shim (
   input wire clock,
   input wire user_reset_out,
   input wire user_lnk_up,
   input wire [63:0] m_axis_rx_tdata,
   input wire [7:0] m_axis_rx_tkeep,
   input wire m_axis_rx_tlast,
   input wire m_axis_rx_tvalid,
   output wire m_axis_rx_tready,
   input wire [21:0] m_axis_rx_tuser,
   output wire rx_np_ok,
   output wire rx_np_req,
   output wire [63:0] s_axis_tx_tdata,
   output reg [7:0] s_axis_tx_tkeep,
   output wire s_axis_tx_tlast,
   output wire s_axis_tx_tvalid,
   input wire s_axis_tx_tready,
   output wire [3:0] s_axis_tx_tuser,
   input wire tx_err_drop,
   output wire tx_cfg_gnt,
   output wire [2:0] fc_sel,
   input wire [7:0] fc_nph,
   input wire [7:0] cfg_bus_number,
   input wire [4:0] cfg_device_number,
   input wire [2:0] cfg_function_number,
   input wire [15:0] cfg_command,
   input wire [15:0] cfg_dcommand,
   input wire [15:0] cfg_lcommand,
   input wire cfg_interrupt_msixenable,
   input wire cfg_interrupt_msixfm,
   input wire cfg_received_func_lvl_rst,
   input wire cfg_to_turnoff,
   output wire cfg_turnoff_ok,
   output wire reset,
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
   output wire packet_dropped
);
   localparam [2:0] tied$transmit_credits = 3'b100;
   localparam [7:0] tied$both = 8'hff;
   localparam [7:0] tied$lower = 8'hf;
   localparam [6:0] tied$last_clock = 7'b1111100;
   wire down;
   wire [6:0] next_clocks;
   wire pcie7_receive$reset;
   wire pcie7_receive$forget;
   wire pcie7_receive$valid;
   wire [63:0] pcie7_receive$data;
   wire pcie7_receive$upper;
   wire pcie7_receive$last;
   wire pcie7_receive$hit;
   wire pcie7_receive$ready;
   wire pcie7_receive$non_posted_ok;
   wire pcie7_receive$rx_req_valid;
   wire pcie7_receive$rx_req_ready;
   wire [63:0] pcie7_receive$rx_req_data;
   wire [1:0] pcie7_receive$rx_req_keep;
   wire pcie7_receive$rx_req_last;
   wire pcie7_receive$rx_cpl_valid;
   wire pcie7_receive$rx_cpl_ready;
   wire [63:0] pcie7_receive$rx_cpl_data;
   wire [1:0] pcie7_receive$rx_cpl_keep;
   wire pcie7_receive$rx_cpl_last;
   wire pcie7_receive$answered;
   wire pcie7_transmit$reset;
   wire pcie7_transmit$tx_req_valid;
   wire pcie7_transmit$tx_req_ready;
   wire [63:0] pcie7_transmit$tx_req_data;
   wire [1:0] pcie7_transmit$tx_req_keep;
   wire pcie7_transmit$tx_req_last;
   wire pcie7_transmit$tx_cpl_valid;
   wire pcie7_transmit$tx_cpl_ready;
   wire [63:0] pcie7_transmit$tx_cpl_data;
   wire [1:0] pcie7_transmit$tx_cpl_keep;
   wire pcie7_transmit$tx_cpl_last;
   wire pcie7_transmit$may_read;
   wire pcie7_transmit$answered;
   wire pcie7_transmit$busy;
   wire pcie7_transmit$valid;
   wire [63:0] pcie7_transmit$data;
   wire pcie7_transmit$upper;
   wire pcie7_transmit$last;
   wire pcie7_transmit$ready;
   reg resetting$d;
   reg resetting$q = 1'h0;
   reg dropped$d;
   reg dropped$q = 1'h0;
   reg credit$d;
   reg credit$q = 1'h0;
   reg off$d;
   reg off$q = 1'h0;
   reg [6:0] clocks$d;
   reg [6:0] clocks$q = 7'h0;
   pcie7_shim_pcie7_receive pcie7_receive (
      .clock(clock),
      .reset(pcie7_receive$reset),
      .forget(pcie7_receive$forget),
      .valid(pcie7_receive$valid),
      .data(pcie7_receive$data),
      .upper(pcie7_receive$upper),
      .last(pcie7_receive$last),
      .hit(pcie7_receive$hit),
      .ready(pcie7_receive$ready),
      .non_posted_ok(pcie7_receive$non_posted_ok),
      .rx_req_valid(pcie7_receive$rx_req_valid),
      .rx_req_ready(pcie7_receive$rx_req_ready),
      .rx_req_data(pcie7_receive$rx_req_data),
      .rx_req_keep(pcie7_receive$rx_req_keep),
      .rx_req_last(pcie7_receive$rx_req_last),
      .rx_cpl_valid(pcie7_receive$rx_cpl_valid),
      .rx_cpl_ready(pcie7_receive$rx_cpl_ready),
      .rx_cpl_data(pcie7_receive$rx_cpl_data),
      .rx_cpl_keep(pcie7_receive$rx_cpl_keep),
      .rx_cpl_last(pcie7_receive$rx_cpl_last),
      .answered(pcie7_receive$answered)
   );
   pcie7_shim_pcie7_transmit pcie7_transmit (
      .clock(clock),
      .reset(pcie7_transmit$reset),
      .tx_req_valid(pcie7_transmit$tx_req_valid),
      .tx_req_ready(pcie7_transmit$tx_req_ready),
      .tx_req_data(pcie7_transmit$tx_req_data),
      .tx_req_keep(pcie7_transmit$tx_req_keep),
      .tx_req_last(pcie7_transmit$tx_req_last),
      .tx_cpl_valid(pcie7_transmit$tx_cpl_valid),
      .tx_cpl_ready(pcie7_transmit$tx_cpl_ready),
      .tx_cpl_data(pcie7_transmit$tx_cpl_data),
      .tx_cpl_keep(pcie7_transmit$tx_cpl_keep),
      .tx_cpl_last(pcie7_transmit$tx_cpl_last),
      .may_read(pcie7_transmit$may_read),
      .answered(pcie7_transmit$answered),
      .busy(pcie7_transmit$busy),
      .valid(pcie7_transmit$valid),
      .data(pcie7_transmit$data),
      .upper(pcie7_transmit$upper),
      .last(pcie7_transmit$last),
      .ready(pcie7_transmit$ready)
   );
   always @(*) begin
      resetting$d = resetting$q;
      dropped$d = dropped$q;
      credit$d = credit$q;
      off$d = off$q;
      if (flr_done) begin
         resetting$d = 1'h0;
      end
      if (cfg_received_func_lvl_rst) begin
         resetting$d = 1'h1;
      end
      credit$d = fc_nph != 8'h0;
      if (tx_err_drop) begin
         dropped$d = 1'h1;
      end
      off$d = cfg_to_turnoff & (~pcie7_transmit$busy);
      if (down) begin
         resetting$d = 1'h0;
         dropped$d = 1'h0;
         off$d = 1'h0;
         credit$d = 1'h0;
      end
   end
   always @(*) begin
      clocks$d = clocks$q;
      clocks$d = next_clocks;
      if (tick) begin
         clocks$d = 7'h0;
      end
   end
   assign down = user_reset_out | (~user_lnk_up);
   assign reset = user_reset_out;
   assign link_up = ~down;
   assign completer_id = (({8'h0, cfg_bus_number} << 8) | ({11'h0, cfg_device_number} << 3)) | {13'h0, cfg_function_number};
   assign bus_master_enable = cfg_command[2];
   assign max_payload = cfg_dcommand[7:5];
   assign max_read_request = cfg_dcommand[14:12];
   assign rcb = cfg_lcommand[3];
   assign msix_enable = cfg_interrupt_msixenable;
   assign msix_function_mask = cfg_interrupt_msixfm;
   assign flr_request = resetting$q;
   assign pcie7_receive$reset = down;
   assign pcie7_receive$forget = flr_done;
   assign pcie7_receive$valid = m_axis_rx_tvalid;
   assign pcie7_receive$data = m_axis_rx_tdata;
   assign pcie7_receive$upper = m_axis_rx_tkeep[4];
   assign pcie7_receive$last = m_axis_rx_tlast;
   assign pcie7_receive$hit = m_axis_rx_tuser[2];
   assign m_axis_rx_tready = pcie7_receive$ready;
   assign rx_np_ok = pcie7_receive$non_posted_ok;
   assign rx_np_req = 1'h1;
   assign rx_req_valid = pcie7_receive$rx_req_valid;
   assign rx_req_data = pcie7_receive$rx_req_data;
   assign rx_req_keep = pcie7_receive$rx_req_keep;
   assign rx_req_last = pcie7_receive$rx_req_last;
   assign pcie7_receive$rx_req_ready = rx_req_ready;
   assign rx_cpl_valid = pcie7_receive$rx_cpl_valid;
   assign rx_cpl_data = pcie7_receive$rx_cpl_data;
   assign rx_cpl_keep = pcie7_receive$rx_cpl_keep;
   assign rx_cpl_last = pcie7_receive$rx_cpl_last;
   assign pcie7_receive$rx_cpl_ready = rx_cpl_ready;
   assign pcie7_receive$answered = pcie7_transmit$answered;
   assign tx_cfg_gnt = 1'h1;
   assign fc_sel = tied$transmit_credits;
   assign pcie7_transmit$reset = down;
   assign pcie7_transmit$may_read = credit$q & cfg_command[2];
   assign pcie7_transmit$tx_req_valid = tx_req_valid;
   assign pcie7_transmit$tx_req_data = tx_req_data;
   assign pcie7_transmit$tx_req_keep = tx_req_keep;
   assign pcie7_transmit$tx_req_last = tx_req_last;
   assign tx_req_ready = pcie7_transmit$tx_req_ready;
   assign pcie7_transmit$tx_cpl_valid = tx_cpl_valid;
   assign pcie7_transmit$tx_cpl_data = tx_cpl_data;
   assign pcie7_transmit$tx_cpl_keep = tx_cpl_keep;
   assign pcie7_transmit$tx_cpl_last = tx_cpl_last;
   assign tx_cpl_ready = pcie7_transmit$tx_cpl_ready;
   assign s_axis_tx_tvalid = pcie7_transmit$valid;
   assign s_axis_tx_tdata = pcie7_transmit$data;
   assign s_axis_tx_tlast = pcie7_transmit$last;
   always @(*) begin
      s_axis_tx_tkeep = tied$lower;
      if (pcie7_transmit$upper) begin
         s_axis_tx_tkeep = tied$both;
      end
   end
   assign s_axis_tx_tuser = 4'h0;
   assign pcie7_transmit$ready = s_axis_tx_tready;
   assign packet_dropped = dropped$q;
   assign cfg_turnoff_ok = off$q;
   assign next_clocks = clocks$q + 7'h1;
   assign tick = clocks$q == tied$last_clock;
   always @(posedge clock) begin
      resetting$q <= resetting$d;
      dropped$q <= dropped$d;
      credit$q <= credit$d;
      off$q <= off$d;
      clocks$q <= clocks$d;
   end
endmodule
