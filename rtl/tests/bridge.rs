//! Each block of the bridges: one stimulus through the native simulation and the Verilated Verilog, compared at every clock.

mod common;

use common::{lockstep, random_lockstep};
use covert_rtl::bridge::beat_fifo::BeatFifo;
use covert_rtl::bridge::deframer::Deframer;
use covert_rtl::bridge::framer::Framer;
use covert_rtl::bridge::payload_swap::PayloadSwap;
use covert_rtl::bridge::pcie7_receive::Pcie7Receive;
use covert_rtl::bridge::pcie7_shim::Pcie7Shim;
use covert_rtl::bridge::pcie7_transmit::Pcie7Transmit;
use covert_rtl::bridge::resend_queue::ResendQueue;
use covert_rtl::bridge::serial_bridge::SerialBridge;
use covert_rtl::bridge::serial_rx::SerialRx;
use covert_rtl::bridge::serial_tx::SerialTx;

/// A frame of RFC 1662 around these bytes; `spoil` flips a bit of its check sequence.
fn frame(bytes: &[u8], spoil: bool) -> Vec<u8> {
    let fcs = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC).checksum(bytes) ^ u16::from(spoil);
    let mut out = vec![0x7E];
    for byte in bytes.iter().copied().chain(fcs.to_le_bytes()) {
        match byte {
            0x7D | 0x7E => out.extend([0x7D, byte ^ 0x20]),
            _ => out.push(byte),
        }
    }
    out.push(0x7E);
    out
}

#[test]
fn serial_rx() {
    let (mut left, mut level, mut seen_one) = (0, 1, false);
    lockstep::<SerialRx>(
        "serial_rx",
        clock_of!(SerialRx),
        ports!(SerialRx; reset, bit_clocks, line => received, octet, broken),
        20_000,
        |_, random, seen, set| {
            seen_one |= seen("received") == 1;
            if left == 0 {
                left = 8;
                level = random.below(2);
            }
            left -= 1;
            set("bit_clocks", 8);
            set("reset", u64::from(random.once_in(3000)));
            set("line", level ^ u64::from(random.once_in(40)));
        },
    );
    assert!(seen_one || common::tools().is_none(), "no byte came");
}

#[test]
fn serial_tx() {
    lockstep::<SerialTx>(
        "serial_tx",
        clock_of!(SerialTx),
        ports!(SerialTx; reset, bit_clocks, put, octet => line, ready),
        10_000,
        |_, random, _, set| {
            set("bit_clocks", 8);
            set("reset", u64::from(random.once_in(1000)));
            set("put", u64::from(!random.once_in(3)));
            set("octet", random.word());
        },
    );
}

#[test]
fn deframer() {
    let mut bytes = std::collections::VecDeque::new();
    let (mut good, mut bad) = (0, 0);
    lockstep::<Deframer>(
        "deframer",
        clock_of!(Deframer),
        ports!(Deframer; reset, received, octet, broken => good, bad, with_data, control, number, acknowledged, data),
        20_000,
        |_, random, seen, set| {
            good += seen("good");
            bad += seen("bad");
            if bytes.is_empty() {
                let length = if random.once_in(3) { random.below(18) } else { 3 + 8 * random.below(2) };
                let content: Vec<u8> =
                    (0..length)
                        .map(|_| {
                            if random.once_in(4) { 0x7C + random.below(4) as u8 } else { random.word() as u8 }
                        })
                        .collect();
                bytes.extend(frame(&content, random.once_in(8)));
                if random.once_in(10) {
                    bytes.push_back(random.word() as u8);
                }
            }
            set("reset", u64::from(random.once_in(2000)));
            set("broken", u64::from(random.once_in(300)));
            let there = random.once_in(2);
            set("received", u64::from(there));
            set("octet", if there { bytes.pop_front().expect("filled").into() } else { random.word() });
        },
    );
    assert!(good > 200 && bad > 50 || common::tools().is_none(), "{good} good, {bad} bad");
}

#[test]
fn framer() {
    lockstep::<Framer>(
        "framer",
        clock_of!(Framer),
        ports!(Framer; reset, put, control, number, acknowledged, data, sendable => ready, send, octet),
        10_000,
        |_, random, _, set| {
            set("reset", u64::from(random.once_in(2000)));
            set("put", random.below(2));
            for field in ["control", "number", "acknowledged", "data"] {
                set(field, if random.once_in(3) { 0x7D7E_7E7D_7C7F_7D7E } else { random.word() });
            }
            set("sendable", random.below(2));
        },
    );
}

#[test]
fn resend_queue() {
    lockstep::<ResendQueue>(
        "resend_queue",
        clock_of!(ResendQueue),
        ports!(ResendQueue; clear, put, put_data, put_kind, sent, acknowledge, acknowledged, resend => full, valid, data, kind, number),
        20_000,
        |n, random, seen, set| {
            set("clear", u64::from(random.once_in(3000)));
            set("put", u64::from(seen("full") == 0 && !random.once_in(3)));
            set("put_data", random.word());
            set("put_kind", random.word());
            set("sent", u64::from(seen("valid") == 1 && random.once_in(2)));
            // For a while nobody acknowledges, so that the queue fills.
            let talks = n % 1000 > 200 && random.once_in(3);
            set("acknowledge", u64::from(talks));
            let most = if random.once_in(10) { 256 } else { 8 };
            let back = random.below(most);
            set("acknowledged", seen("number").wrapping_sub(back));
            set("resend", u64::from(talks && random.once_in(10)));
        },
    );
}

#[test]
fn the_whole_serial_bridge_on_a_noisy_line() {
    let mut bits = std::collections::VecDeque::new();
    let (mut left, mut level, mut number) = (0, 1u64, 0u8);
    let (mut before, mut requests, mut completions) = ((0, 0), 0, 0);
    lockstep::<SerialBridge>(
        "serial_bridge",
        clock_of!(SerialBridge),
        ports!(SerialBridge; reset, bit_clocks, serial_in, rx_req_ready, rx_cpl_ready, tx_req_valid, tx_req_data, tx_req_keep, tx_req_last, tx_cpl_valid, tx_cpl_data, tx_cpl_keep, tx_cpl_last, flr_done, config_error => serial_out, rx_req_valid, rx_req_data, rx_req_keep, rx_req_last, rx_cpl_valid, rx_cpl_data, rx_cpl_keep, rx_cpl_last, tx_req_ready, tx_cpl_ready, completer_id, max_payload, max_read_request, rcb, bus_master_enable, msix_enable, msix_function_mask, flr_request, link_up, tick),
        120_000,
        |n, random, seen, set| {
            // What the bridge expects next is the number of beats that it has shown.
            let shown = (seen("rx_req_valid"), seen("rx_cpl_valid"));
            let beats = (shown.0 & !before.0, shown.1 & !before.1);
            before = shown;
            (requests, completions) = (requests + beats.0, completions + beats.1);
            number = if seen("link_up") == 0 { 0 } else { number.wrapping_add((beats.0 + beats.1) as u8) };
            if bits.is_empty() {
                let sideband = n < 1500 || random.once_in(12);
                let kind = if sideband { 3 } else { random.below(3) as u8 };
                let mut bytes = vec![kind, number, random.below(64) as u8];
                match kind {
                    0 => {}
                    3 => {
                        let up = n < 1500 || !random.once_in(4);
                        bytes.extend((random.word() & 0x7FFF_FFFF | u64::from(up) << 31).to_le_bytes());
                    }
                    _ => {
                        bytes[0] |= [4, 8, 12, 0][random.below(4) as usize];
                        bytes.extend(random.word().to_le_bytes());
                        bytes[1] = number.wrapping_add(u8::from(random.once_in(6)));
                    }
                }
                bytes[0] |= if random.once_in(10) { 16 } else { 0 };
                for byte in frame(&bytes, random.once_in(20)) {
                    bits.push_back(0);
                    bits.extend((0..8).map(|bit| u64::from(byte >> bit & 1)));
                    bits.push_back(u64::from(!random.once_in(200)));
                }
            }
            if left == 0 {
                left = 8;
                level = bits.pop_front().expect("filled");
            }
            left -= 1;
            set("bit_clocks", 8);
            set("reset", u64::from(n < 2));
            set("serial_in", level);
            for ready in ["rx_req_ready", "rx_cpl_ready"] {
                set(ready, u64::from(random.once_in(1500)));
            }
            for stream in ["tx_req", "tx_cpl"] {
                set(&format!("{stream}_valid"), u64::from(random.once_in(800)));
                set(&format!("{stream}_data"), random.word());
                set(&format!("{stream}_keep"), random.word());
                set(&format!("{stream}_last"), random.word());
            }
            set("flr_done", u64::from(random.once_in(500)));
            set("config_error", random.below(2));
        },
    );
    assert!(requests > 4 && completions > 4 || common::tools().is_none(), "{requests} {completions}");
}

#[test]
fn payload_swap() {
    lockstep::<PayloadSwap>(
        "payload_swap",
        clock_of!(PayloadSwap),
        ports!(PayloadSwap; reset, taken, data, last => first, turned),
        5000,
        |_, random, _, set| {
            set("reset", u64::from(random.once_in(200)));
            set("taken", random.below(2));
            set("data", random.word());
            set("last", u64::from(random.once_in(4)));
        },
    );
}

#[test]
fn beat_fifo() {
    type Dut = BeatFifo<2>;
    lockstep::<Dut>(
        "beat_fifo",
        clock_of!(Dut),
        ports!(Dut; clear, put, put_data, put_shape, take => full, count, valid, data, shape),
        5000,
        |_, random, seen, set| {
            set("clear", u64::from(random.once_in(100)));
            set("put", u64::from(seen("full") == 0 && !random.once_in(3)));
            set("put_data", random.word());
            set("put_shape", random.word());
            set("take", u64::from(seen("valid") == 1 && !random.once_in(3)));
        },
    );
}

/// First DWs of packets: reads, writes, completions, a message, an I/O read; 3 and 4 DW.
const PACKETS: common::Pools = &[
    ("data", FIRSTS),
    ("m_axis_rx_tdata", FIRSTS),
    ("tx_req_data", &[0x0000_00FF_0000_0001, 0x0000_00FF_2000_0002, 0x0000_00FF_4000_0008, 0x6000_0001]),
    ("tx_cpl_data", &[0x4A00_0001, 0x0A00_0000]),
    ("m_axis_rx_tkeep", &[0xFF, 0x0F]),
    ("m_axis_rx_tuser", &[4, 0]),
    ("fc_nph", &[0, 1, 0x20]),
    ("user_lnk_up", &[1]),
    ("user_reset_out", &[0]),
];
const FIRSTS: &[u64] = &[1, 0x4000_0001, 0x6000_0002, 0x2000_0001, 0x4A00_0002, 0x3000_0000, 0x0200_0001];

#[test]
fn pcie7_receive() {
    random_lockstep::<Pcie7Receive>(
        "pcie7_receive",
        clock_of!(Pcie7Receive),
        ports!(Pcie7Receive; reset, forget, valid, data, upper, last, hit, rx_req_ready, rx_cpl_ready, answered => ready, non_posted_ok, rx_req_valid, rx_req_data, rx_req_keep, rx_req_last, rx_cpl_valid, rx_cpl_data, rx_cpl_keep, rx_cpl_last),
        10_000,
        PACKETS,
    );
}

#[test]
fn pcie7_transmit() {
    random_lockstep::<Pcie7Transmit>(
        "pcie7_transmit",
        clock_of!(Pcie7Transmit),
        ports!(Pcie7Transmit; reset, tx_req_valid, tx_req_data, tx_req_keep, tx_req_last, tx_cpl_valid, tx_cpl_data, tx_cpl_keep, tx_cpl_last, may_read, ready => tx_req_ready, tx_cpl_ready, answered, busy, valid, data, upper, last),
        10_000,
        PACKETS,
    );
}

#[test]
fn the_whole_pcie7_shim() {
    random_lockstep::<Pcie7Shim>(
        "pcie7_shim",
        clock_of!(Pcie7Shim),
        ports!(Pcie7Shim; user_reset_out, user_lnk_up, m_axis_rx_tdata, m_axis_rx_tkeep, m_axis_rx_tlast, m_axis_rx_tvalid, m_axis_rx_tuser, s_axis_tx_tready, tx_err_drop, fc_nph, cfg_bus_number, cfg_device_number, cfg_function_number, cfg_command, cfg_dcommand, cfg_lcommand, cfg_interrupt_msixenable, cfg_interrupt_msixfm, cfg_received_func_lvl_rst, cfg_to_turnoff, rx_req_ready, rx_cpl_ready, tx_req_valid, tx_req_data, tx_req_keep, tx_req_last, tx_cpl_valid, tx_cpl_data, tx_cpl_keep, tx_cpl_last, flr_done => m_axis_rx_tready, rx_np_ok, rx_np_req, s_axis_tx_tdata, s_axis_tx_tkeep, s_axis_tx_tlast, s_axis_tx_tvalid, s_axis_tx_tuser, tx_cfg_gnt, fc_sel, cfg_turnoff_ok, reset, rx_req_valid, rx_req_data, rx_req_keep, rx_req_last, rx_cpl_valid, rx_cpl_data, rx_cpl_keep, rx_cpl_last, tx_req_ready, tx_cpl_ready, completer_id, max_payload, max_read_request, rcb, bus_master_enable, msix_enable, msix_function_mask, flr_request, link_up, tick, packet_dropped),
        10_000,
        PACKETS,
    );
}
