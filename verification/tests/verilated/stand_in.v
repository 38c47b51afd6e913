// A stand-in with the unit's pins, to prove the harness on: it takes everything, and answers a read of one
// word with the word's address. It never sends a request.
module redundancy_unit (
    input clock, input reset,
    input rx_req_valid, input [63:0] rx_req_data, input [1:0] rx_req_keep, input rx_req_last, output rx_req_ready,
    input rx_cpl_valid, input [63:0] rx_cpl_data, input [1:0] rx_cpl_keep, input rx_cpl_last, output rx_cpl_ready,
    output tx_req_valid, output [63:0] tx_req_data, output [1:0] tx_req_keep, output tx_req_last, input tx_req_ready,
    output tx_cpl_valid, output [63:0] tx_cpl_data, output [1:0] tx_cpl_keep, output tx_cpl_last, input tx_cpl_ready,
    input [15:0] completer_id, input [2:0] max_payload, input [2:0] max_read_request, input rcb,
    input bus_master_enable, input msix_enable, input msix_function_mask,
    input flr_request, output reg flr_done, input link_up, input tick, output config_error
);
    reg [63:0] header;
    reg [31:0] address;
    reg second, busy, half;

    assign rx_req_ready = !busy;
    assign rx_cpl_ready = 1'b1;
    assign tx_req_valid = 1'b0;
    assign tx_req_data = 64'd0;
    assign tx_req_keep = 2'd0;
    assign tx_req_last = 1'b0;
    assign tx_cpl_valid = busy;
    assign tx_cpl_keep = 2'b11;
    assign tx_cpl_last = half;
    // CplD of one word: header words 0 and 1, then word 2 and the data.
    assign tx_cpl_data = half ? {address, header[63:48], header[47:40], 1'b0, address[6:0]}
                              : {completer_id, 16'd4, 32'h4A000001};
    assign config_error = max_payload > 3'd5 || max_read_request > 3'd5;

    always @(posedge clock) begin
        flr_done <= flr_request && !flr_done;
        if (reset) begin
            second <= 1'b0;
            busy <= 1'b0;
            half <= 1'b0;
            flr_done <= 1'b0;
        end else if (busy) begin
            if (tx_cpl_ready) begin
                half <= !half;
                busy <= !half;
            end
        end else if (rx_req_valid) begin
            second <= !rx_req_last;
            if (!second) header <= rx_req_data;
            else if (header[31:24] == 8'h00 && rx_req_last) begin
                address <= rx_req_data[31:0];
                busy <= 1'b1;
                half <= 1'b0;
            end
        end
    end
endmodule
