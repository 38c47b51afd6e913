//! Each block: one random stimulus through the native simulation and the Verilated Verilog, compared at every clock.

#![allow(clippy::needless_range_loop, reason = "a lane is a number and indexes several things")]

mod common;

use common::{COMPLETIONS, REGISTERS, lockstep, random_lockstep};
use covert_rtl::fifo::Fifo;
use covert_rtl::leaf::{BlockRam, ByteAlign, CheckCodeStep, FingerprintStep, KeepBytes, LutRam2};

#[test]
fn fifo() {
    type Dut = Fifo<9, 2>;
    lockstep::<Dut>(
        "fifo",
        clock_of!(Dut),
        ports!(Dut; clear, put, put_data, take => full, valid, data, count),
        5000,
        |_, random, seen, set| {
            set("clear", u64::from(random.once_in(50)));
            set("put", u64::from(seen("full") == 0 && !random.once_in(3)));
            set("put_data", random.word());
            set("take", u64::from(seen("valid") == 1 && !random.once_in(3)));
        },
    );
}

#[test]
fn fingerprint_step() {
    lockstep::<FingerprintStep>(
        "fingerprint_step",
        None,
        ports!(FingerprintStep; state, data => after),
        2000,
        |_, random, _, set| {
            set("state", random.word());
            set("data", random.word());
        },
    );
}

#[test]
fn check_code_step() {
    lockstep::<CheckCodeStep>(
        "check_code_step",
        None,
        ports!(CheckCodeStep; state, data => after),
        2000,
        |_, random, _, set| {
            set("state", random.word());
            set("data", random.word());
        },
    );
}

#[test]
fn byte_align() {
    lockstep::<ByteAlign>(
        "byte_align",
        None,
        ports!(ByteAlign; low, high, offset => word),
        500,
        |n, random, _, set| {
            set("low", random.word());
            set("high", random.word());
            set("offset", n);
        },
    );
}

#[test]
fn keep_bytes() {
    lockstep::<KeepBytes>(
        "keep_bytes",
        None,
        ports!(KeepBytes; data, count => word),
        500,
        |n, random, _, set| {
            set("data", random.word());
            set("count", n);
        },
    );
}

#[test]
fn lut_ram() {
    type Dut = LutRam2<40, 3>;
    lockstep::<Dut>(
        "lut_ram",
        clock_of!(Dut),
        ports!(Dut; write, write_address, write_data, address, second_address => data, second_data),
        2000,
        |_, random, _, set| {
            set("write", random.below(2));
            for port in ["write_address", "write_data", "address", "second_address"] {
                set(port, random.word());
            }
        },
    );
}

#[test]
fn block_ram() {
    type Dut = BlockRam<32, 4>;
    lockstep::<Dut>(
        "block_ram",
        clock_of!(Dut),
        ports!(Dut; write, write_address, write_data, address => data),
        2000,
        |_, random, _, set| {
            set("write", random.below(2));
            for port in ["write_address", "write_data", "address"] {
                set(port, random.word());
            }
        },
    );
}

#[test]
fn tlp_rx() {
    type Dut = covert_rtl::tlp_rx::TlpRx;
    random_lockstep::<Dut>(
        "tlp_rx",
        clock_of!(Dut),
        ports!(Dut; reset, power_reset, valid, data, last, taken => ready, record, is_write, is_read, address, length, one_or_two, two, first_enables, last_enables, payload, echo, requester, tag),
        2500,
        &[(
            "data",
            &[
                0x0000_000F_0000_0001,
                0x0000_000F_4000_0001,
                0x0000_00FF_4000_0002,
                0x0000_00FF_6000_0002,
                0x3000_0000,
                0x4000_4001,
                3,
                0x0200_0001,
            ],
        )],
    );
}

#[test]
fn host() {
    type Dut = covert_rtl::host::Host;
    random_lockstep::<Dut>(
        "host",
        clock_of!(Dut),
        ports!(Dut; reset, completer_id, record, is_write, is_read, address, length, one_or_two, two, first_enables, last_enables, payload, echo, requester, tag, bus_read, room => taken, bus_address, bus_write, bus_data, put, dw0, dw1, dw2, answer),
        2500,
        &[("length", &[1, 2, 3]), ("first_enables", &[15, 3, 12, 8, 0]), ("last_enables", &[15, 1, 0])],
    );
}

#[test]
fn csr() {
    type Dut = covert_rtl::csr::two::Csr;
    random_lockstep::<Dut>(
        "csr",
        clock_of!(Dut),
        ports!(Dut; reset, bus_address, bus_write, bus_data, fault_tail, faults_dropped, stale_doorbells, late_completions, tags_quarantined, generation, verdict_tail, group_state, group_live[0], group_live[1], flush_busy, lane_state[0], lane_state[1], lane_cause[0], lane_cause[1], lane_head[0], lane_head[1], lane_tail[0], lane_tail[1], lane_resetting[0], lane_resetting[1], lane_clear[0], lane_clear[1] => bus_read, enable, fault_base, fault_size, fault_read, flush, member_lanes, start_seq, verdict_base, verdict_size, verdict_read, watchdog_limit, longest, lane_reset[0], lane_reset[1], ring_base[0], ring_base[1], ring_size[0], ring_size[1], window_base[0], window_base[1], window_limit[0], window_limit[1]),
        600,
        REGISTERS,
    );
}

#[test]
fn decoder() {
    type Dut = covert_rtl::csr::Decoder<2>;
    random_lockstep::<Dut>("decoder", None, ports!(Dut; address => number, index), 2500, REGISTERS);
}

#[test]
fn doorbell() {
    type Dut = covert_rtl::doorbell::two::Doorbell;
    random_lockstep::<Dut>(
        "doorbell",
        clock_of!(Dut),
        ports!(Dut; reset, bus_address, bus_write, bus_data, generation, live[0], live[1] => ring[0], ring[1], tail[0], tail[1], stale),
        2500,
        &[("bus_address", &[0x4000, 0x4001, 0x4400, 0x4401]), ("bus_data", &[0, 1]), ("generation", &[0, 1])],
    );
}

#[test]
fn msix() {
    type Dut = covert_rtl::msix::Msix;
    random_lockstep::<Dut>(
        "msix",
        clock_of!(Dut),
        ports!(Dut; reset, enable, function_mask, bus_address, bus_write, bus_data, happened[0], happened[1], write_accepted => bus_read, write, address, message),
        2500,
        &[("bus_address", &[0x400, 0x401, 0x402, 0x403, 0x404, 0x405, 0x406, 0x407, 0x600])],
    );
}

#[test]
fn completer() {
    type Dut = covert_rtl::completer::Completer;
    random_lockstep::<Dut>(
        "completer",
        clock_of!(Dut),
        ports!(Dut; reset, enable, put, dw0, dw1, dw2, payload, posted_busy, ready => room, hold, busy, valid, data, keep, last),
        2500,
        &[],
    );
}

#[test]
fn lane() {
    type Dut = covert_rtl::lane::Lane;
    random_lockstep::<Dut>(
        "lane",
        clock_of!(Dut),
        ports!(Dut; reset, power_reset, ring_base, ring_log2, window_base, window_limit, payload_max, max_read_request, generation, start, joining, start_seq, stop, reset_command, timeout, ring, ring_tail, vote_taken, report_taken, request_taken, word, word_data, word_ends_request, word_ends_job, word_fault => live, locked, dead, dead_cause, lacks, drained, idle, resetting, clear_registers, state, cause, head, tail, vote, vote_fingerprint, report, report_cause, report_address, report_seq, report_generation, request, request_address, request_bytes, request_dws, request_words, request_first_enables, request_last_enables, request_last, ready),
        600,
        &[
            ("ring_tail", &[0, 1, 2, 5]),
            ("ring_log2", &[3]),
            ("window_base", &[0]),
            ("window_limit", &[u64::MAX, u64::MAX, 0x1000]),
            ("word_fault", &[0, 0, 0, 0x99]),
            ("start_seq", &[0]),
        ],
    );
}

#[test]
fn dma_read() {
    type Dut = covert_rtl::dma_read::two::DmaRead;
    random_lockstep::<Dut>(
        "dma_read",
        clock_of!(Dut),
        ports!(Dut; reset, tick, requester_id, request[0], request[1], address[0], address[1], bytes[0], bytes[1], dws[0], dws[1], words[0], words[1], first_enables[0], first_enables[1], last_enables[0], last_enables[1], last[0], last[1], lane_ready[0], lane_ready[1], read_taken, cpl_valid, cpl_data, cpl_keep, cpl_last => request_taken[0], request_taken[1], word[0], word[1], word_data, word_ends_request, word_ends_job, word_fault, read, read_address, read_dws, read_first_enables, read_last_enables, read_tag, late_completions, tags_quarantined),
        600,
        COMPLETIONS,
    );
}

#[test]
fn reassembly() {
    type Dut = covert_rtl::reassembly::two::Reassembly;
    random_lockstep::<Dut>(
        "reassembly",
        clock_of!(Dut),
        ports!(Dut; reset, valid, data, keep, last, requester_id, start, start_tag, start_offset, start_bytes, start_dws, busy, quarantined, look[0], look[1], read_address => done, begun, late, progress[0], progress[1], status[0], status[1], read_data),
        2500,
        COMPLETIONS,
    );
}

#[test]
fn split() {
    type Dut = covert_rtl::split::Split;
    random_lockstep::<Dut>(
        "split",
        clock_of!(Dut),
        ports!(Dut; halt, max_read_request, job, job_address, job_length, request_taken => job_taken, request, address, bytes, dws, words, first_enables, last_enables, last),
        2500,
        &[("job_length", &[1, 3, 8, 64, 511, 512, 513, 4000])],
    );
}

#[test]
fn fetch() {
    type Dut = covert_rtl::fetch::Fetch;
    random_lockstep::<Dut>(
        "fetch",
        clock_of!(Dut),
        ports!(Dut; clear, halt, room, tail, finished, ring_base, ring_log2, window_base, window_limit, job_taken => job, job_address, fetched, blocked, lacks),
        2500,
        &[
            ("tail", &[0, 1, 3, 9, 40]),
            ("finished", &[0, 1, 2]),
            ("ring_log2", &[0, 3, 16]),
            ("ring_base", &[0, 0x1000]),
            ("window_base", &[0]),
            ("window_limit", &[u64::MAX, 0x1000]),
        ],
    );
}

#[test]
fn intake() {
    type Dut = covert_rtl::intake::Intake;
    random_lockstep::<Dut>(
        "intake",
        clock_of!(Dut),
        ports!(Dut; clear, power_reset, halt, asked, asked_payload, word, word_data, word_ends_request, word_ends_job, word_fault, address[0], address[1], status_slot, payload_taken => ready, request_over, arrived, data[0], data[1], status, payload, payload_data, payload_ends, payload_fault),
        2500,
        &[("word_fault", &[0, 0, 0, 0x99])],
    );
}

#[test]
fn examine() {
    type Dut = covert_rtl::examine::Examine;
    random_lockstep::<Dut>(
        "examine",
        clock_of!(Dut),
        ports!(Dut; clear, halt, start_seq, generation, payload_max, window_base, window_limit, fetched, blocked, arrived, data, status, job_taken, finding_taken => address, status_slot, job, job_address, job_length, finding, finding_data),
        2500,
        &[
            ("status", &[0, 0, 0, 0x33]),
            ("data", &[0, 1, 0x10_0000_0001, 0x8_0000_0001]),
            ("generation", &[1]),
            ("start_seq", &[0, 1]),
            ("arrived", &[1, 2, 9]),
            ("payload_max", &[65536]),
            ("window_limit", &[u64::MAX, 0]),
            ("window_base", &[0]),
        ],
    );
}

#[test]
fn finish() {
    type Dut = covert_rtl::finish::Finish;
    random_lockstep::<Dut>(
        "finish",
        clock_of!(Dut),
        ports!(Dut; clear, halt, start_seq, ring_base, ring_log2, finding, finding_data, data, payload, payload_data, payload_ends, payload_fault => finding_taken, address, payload_taken, closing, deliver, fingerprint, fault, fault_cause, fault_address, fault_taken, finished, seq),
        2500,
        &[
            (
                "finding_data",
                &[0, 0x1000_0500, 0x1000_1000, 0x1000_1800, 0x0A00_2300, 0x2000_0096, 0x4000_0099],
            ),
            ("payload_fault", &[0, 0, 0, 0, 0xA5]),
        ],
    );
}

#[test]
fn window() {
    type Dut = covert_rtl::window::Window;
    random_lockstep::<Dut>(
        "window",
        clock_of!(Dut),
        ports!(Dut; base, limit, first, length => lies_inside),
        2500,
        &[],
    );
}

#[test]
fn fingerprint() {
    type Dut = covert_rtl::fingerprint::Fingerprint;
    random_lockstep::<Dut>("fingerprint", clock_of!(Dut), ports!(Dut; clear, put, word => value), 2500, &[]);
}

#[test]
fn check_code() {
    type Dut = covert_rtl::check_code::CheckCode;
    random_lockstep::<Dut>("check_code", clock_of!(Dut), ports!(Dut; first, put, word => code), 2500, &[]);
}

#[test]
fn tlp_tx() {
    type Dut = covert_rtl::tlp_tx::TlpTx;
    random_lockstep::<Dut>(
        "tlp_tx",
        clock_of!(Dut),
        ports!(Dut; reset, enable, hold, requester_id, write[0], write[1], write[2], write_address[0], write_address[1], write_address[2], word0[0], word0[1], word0[2], word1[0], word1[1], word1[2], word2[0], word2[1], word2[2], word3[0], word3[1], word3[2], read, read_address, read_dws, read_first_enables, read_last_enables, read_tag, ready => accepted[0], accepted[1], accepted[2], read_taken, posted_busy, busy, valid, data, keep, last),
        2500,
        &[],
    );
}

#[test]
fn vote() {
    type Dut = covert_rtl::vote::two::Vote;
    random_lockstep::<Dut>(
        "vote",
        clock_of!(Dut),
        ports!(Dut; reset, running, room, member[0], member[1], delivered[0], delivered[1], fingerprint[0], fingerprint[1], dead[0], dead[1], cause[0], cause[1], simplex, seq, seq_n, generation, generation_n, flush, live[0], live[1], write_accepted, phase => taken[0], taken[1], voted, busy, done, releasable, flushed, failed[0], failed[1], write, word0, word1, word2, word3),
        2500,
        &[
            ("cause", &[0x96, 0x99, 0xCC, 0xF0, 0x33]),
            ("fingerprint$0", &[5, 6]),
            ("fingerprint$1", &[5, 6]),
            ("cause$0", &[0x96, 0x99, 0xCC, 0x33]),
            ("cause$1", &[0x96, 0x99, 0xCC, 0x33]),
        ],
    );
}

#[test]
fn watchdog() {
    type Dut = covert_rtl::watchdog::two::Watchdog;
    random_lockstep::<Dut>(
        "watchdog",
        clock_of!(Dut),
        ports!(Dut; tick, running, voted, limit, delivered[0], delivered[1], lacks[0], lacks[1] => timeout[0], timeout[1]),
        2500,
        &[("limit", &[0, 3, 10])],
    );
}

#[test]
fn generation() {
    type Dut = covert_rtl::generation::two::Generation;
    random_lockstep::<Dut>(
        "generation_control",
        clock_of!(Dut),
        ports!(Dut; reset, enabled, command, members, start_seq, locked[0], locked[1], drained[0], drained[1], vote_busy, vote_done, vote_release, vote_failed[0], vote_failed[1], vote_flushed => running, stop, start, joining[0], joining[1], flush, member[0], member[1], simplex, seq, seq_n, generation, generation_n, state, busy),
        2500,
        &[("members", &[0, 1, 2, 3])],
    );
}

#[test]
fn ring() {
    type Dut = covert_rtl::ring::Ring;
    random_lockstep::<Dut>(
        "ring",
        clock_of!(Dut),
        ports!(Dut; reset, base, log2, head, accepted => room, address, phase, tail),
        2500,
        &[("log2", &[0, 1, 2]), ("head", &[0, 1, 2, 5])],
    );
}

#[test]
fn fault_ring() {
    type Dut = covert_rtl::fault_ring::two::FaultRing;
    random_lockstep::<Dut>(
        "fault_ring",
        clock_of!(Dut),
        ports!(Dut; reset, power_reset, base, log2, head, report[0], report[1], cause[0], cause[1], address[0], address[1], seq[0], seq[1], generation[0], generation[1], write_accepted => tail, dropped, report_taken[0], report_taken[1], write, write_address, word0, word1, word2, word3),
        2500,
        &[("log2", &[0, 1, 2]), ("head", &[0, 1, 2, 5])],
    );
}

/// The pins of a unit.
macro_rules! pins {
    ($unit:ty) => {
        ports!($unit; reset, rx_req_valid, rx_req_data, rx_req_keep, rx_req_last, rx_cpl_valid, rx_cpl_data, rx_cpl_keep, rx_cpl_last, tx_req_ready, tx_cpl_ready, completer_id, max_payload, max_read_request, rcb, bus_master_enable, msix_enable, msix_function_mask, flr_request, link_up, tick => rx_req_ready, rx_cpl_ready, tx_req_valid, tx_req_data, tx_req_keep, tx_req_last, tx_cpl_valid, tx_cpl_data, tx_cpl_keep, tx_cpl_last, flr_done, config_error)
    };
}

#[test]
fn the_whole_unit_on_what_a_root_complex_does_with_it() {
    type Dut = covert_rtl::unit::two::Unit;
    whole_unit::<Dut>(2, clock_of!(Dut), pins!(Dut));
}

#[test]
fn the_whole_unit_with_three_lanes_on_what_a_root_complex_does_with_it() {
    type Dut = covert_rtl::unit::three::Unit;
    whole_unit::<Dut>(3, clock_of!(Dut), pins!(Dut));
}

fn whole_unit<Dut: rust_hdl::prelude::Block + Default>(
    lanes: usize,
    clock: Option<fn(&mut Dut, bool)>,
    ports: Vec<common::Port<Dut>>,
) {
    use common::{ARENA, Native, Root, Sabotage};
    use covert_abi::registers::{card, group, lane};
    let Some(mut root) = Root::with_lanes(lanes) else { return };
    root.trace = Some(Vec::new());
    root.shuffle = true;
    root.tx_ready_in = 3;
    root.tick_every = 7;
    root.configure();
    root.write64(0x1000, 0xFEE0_0000);
    root.write64(0x1008, 0x41);
    root.model.set("msix_enable", 1);
    root.flush((1 << lanes) - 1, 5);
    for index in 0..6u32 {
        for lane in 0..lanes {
            let length = [0, 3, 300, 17, 1030, 40][index as usize];
            let header = Root::header(1, 5 + u64::from(index));
            let entry = match length {
                0..=24 => Root::inline(header, &[7; 24][..length]),
                _ => Root::at(header, length, ARENA[lane] + 0x10000 + 3 * lane as u64),
            };
            root.put(lane, index, &entry);
        }
    }
    (0..lanes).for_each(|lane| root.ring(lane as u32, 1, 6));
    root.verdict(6);
    let poisoned = ARENA[1];
    root.sabotage = Box::new(
        move |address, _| if address > poisoned + 0x10000 { Sabotage::Poison } else { Sabotage::None },
    );
    for lane in 0..lanes {
        let entry = Root::at(Root::header(1, 11), 100, ARENA[lane] + 0x10001);
        root.put(lane, 6, &entry);
        root.ring(lane as u32, 1, 7);
    }
    root.fault(0);
    root.verdict(7);
    root.read(lane::address(1, lane::STATUS));
    root.write(lane::address(1, lane::COMMAND), 1);
    root.write(group::address(0, group::WATCHDOG), 20);
    root.flush(1, 0);
    root.write(card::address(0, card::CONTROL), 0);
    root.run(50);

    let mut native = Native::<Dut>::new(&ports, clock);
    let trace = root.trace.take().expect("it was set");
    // As `Root::new` resets the model: every input as it is at first, `reset` on, two edges.
    for port in ports.iter().filter(|port| port.set.is_some()) {
        (port.set.expect("an input"))(native.block_mut(), 0);
    }
    for (name, value) in [
        ("reset", 1),
        ("link_up", 1),
        ("completer_id", 0x350),
        ("max_payload", 1),
        ("max_read_request", 2),
        ("bus_master_enable", 1),
    ] {
        let port = ports.iter().find(|port| port.name == name).expect("a port");
        (port.set.expect("an input"))(native.block_mut(), value);
    }
    native.settle();
    native.edge();
    native.edge();
    let started = std::time::Instant::now();
    for (clock, values) in trace.iter().enumerate() {
        for port in ports.iter().filter(|port| port.set.is_some()) {
            let value = values[root.model.port(port.name) as usize];
            (port.set.expect("an input"))(native.block_mut(), value);
        }
        native.settle();
        for port in ports.iter().filter(|port| port.set.is_none()) {
            let (here, there) = ((port.get)(native.block()), values[root.model.port(port.name) as usize]);
            assert_eq!(here, there, "{} at clock {clock}: native {here:#x}, Verilog {there:#x}", port.name);
        }
        native.edge();
    }
    let speed = trace.len() as f64 / started.elapsed().as_secs_f64();
    println!("{} clocks, {speed:.0} a second", trace.len());
    assert!(trace.len() > 1000);
}
