//! The blocks of the unit with three lanes that see all lanes, as `blocks.rs` has those of the unit with two: one random
//! stimulus through the native simulation and the Verilated Verilog, compared at every clock.

mod common;

use common::{COMPLETIONS, REGISTERS, lockstep, random_lockstep};
use covert_rtl::leaf::LutRam3;

#[test]
fn lut_ram() {
    type Dut = LutRam3<8, 4>;
    lockstep::<Dut>(
        "lut_ram_3",
        clock_of!(Dut),
        ports!(Dut; write, write_address, write_data, address, second_address, third_address => data, second_data, third_data),
        2000,
        |_, random, _, set| {
            set("write", random.below(2));
            for port in ["write_address", "write_data", "address", "second_address", "third_address"] {
                set(port, random.word());
            }
        },
    );
}

#[test]
fn decoder() {
    type Dut = covert_rtl::csr::Decoder<3>;
    random_lockstep::<Dut>("decoder_3", None, ports!(Dut; address => number, index), 2500, REGISTERS);
}

#[test]
fn csr() {
    type Dut = covert_rtl::csr::three::Csr;
    random_lockstep::<Dut>(
        "csr_3",
        clock_of!(Dut),
        ports!(Dut; reset, bus_address, bus_write, bus_data, fault_tail, faults_dropped, stale_doorbells, late_completions, tags_quarantined, generation, verdict_tail, group_state, group_live[0], group_live[1], group_live[2], flush_busy, lane_state[0], lane_state[1], lane_state[2], lane_cause[0], lane_cause[1], lane_cause[2], lane_head[0], lane_head[1], lane_head[2], lane_tail[0], lane_tail[1], lane_tail[2], lane_resetting[0], lane_resetting[1], lane_resetting[2], lane_clear[0], lane_clear[1], lane_clear[2] => bus_read, enable, fault_base, fault_size, fault_read, flush, member_lanes, start_seq, verdict_base, verdict_size, verdict_read, watchdog_limit, longest, lane_reset[0], lane_reset[1], lane_reset[2], ring_base[0], ring_base[1], ring_base[2], ring_size[0], ring_size[1], ring_size[2], window_base[0], window_base[1], window_base[2], window_limit[0], window_limit[1], window_limit[2]),
        600,
        REGISTERS,
    );
}

#[test]
fn doorbell() {
    type Dut = covert_rtl::doorbell::three::Doorbell;
    random_lockstep::<Dut>(
        "doorbell_3",
        clock_of!(Dut),
        ports!(Dut; reset, bus_address, bus_write, bus_data, generation, live[0], live[1], live[2] => ring[0], ring[1], ring[2], tail[0], tail[1], tail[2], stale),
        2500,
        &[
            ("bus_address", &[0x4000, 0x4001, 0x4400, 0x4401, 0x4800, 0x4801]),
            ("bus_data", &[0, 1]),
            ("generation", &[0, 1]),
        ],
    );
}

#[test]
fn dma_read() {
    type Dut = covert_rtl::dma_read::three::DmaRead;
    random_lockstep::<Dut>(
        "dma_read_3",
        clock_of!(Dut),
        ports!(Dut; reset, tick, requester_id, request[0], request[1], request[2], address[0], address[1], address[2], bytes[0], bytes[1], bytes[2], dws[0], dws[1], dws[2], words[0], words[1], words[2], first_enables[0], first_enables[1], first_enables[2], last_enables[0], last_enables[1], last_enables[2], last[0], last[1], last[2], lane_ready[0], lane_ready[1], lane_ready[2], read_taken, cpl_valid, cpl_data, cpl_keep, cpl_last => request_taken[0], request_taken[1], request_taken[2], word[0], word[1], word[2], word_data, word_ends_request, word_ends_job, word_fault, read, read_address, read_dws, read_first_enables, read_last_enables, read_tag, late_completions, tags_quarantined),
        600,
        COMPLETIONS,
    );
}

#[test]
fn reassembly() {
    type Dut = covert_rtl::reassembly::three::Reassembly;
    random_lockstep::<Dut>(
        "reassembly_3",
        clock_of!(Dut),
        ports!(Dut; reset, valid, data, keep, last, requester_id, start, start_tag, start_offset, start_bytes, start_dws, busy, quarantined, look[0], look[1], look[2], read_address => done, begun, late, progress[0], progress[1], progress[2], status[0], status[1], status[2], read_data),
        2500,
        COMPLETIONS,
    );
}

#[test]
fn vote() {
    type Dut = covert_rtl::vote::three::Vote;
    random_lockstep::<Dut>(
        "vote_3",
        clock_of!(Dut),
        ports!(Dut; reset, running, room, member[0], member[1], member[2], delivered[0], delivered[1], delivered[2], fingerprint[0], fingerprint[1], fingerprint[2], dead[0], dead[1], dead[2], cause[0], cause[1], cause[2], simplex, seq, seq_n, generation, generation_n, flush, live[0], live[1], live[2], write_accepted, phase => taken[0], taken[1], taken[2], voted, busy, done, releasable, flushed, failed[0], failed[1], failed[2], write, word0, word1, word2, word3),
        2500,
        &[
            ("cause", &[0x96, 0x99, 0xCC, 0xF0, 0x33]),
            ("fingerprint$0", &[5, 6]),
            ("fingerprint$1", &[5, 6]),
            ("fingerprint$2", &[5, 6]),
            ("cause$0", &[0x96, 0x99, 0xCC, 0x33]),
            ("cause$1", &[0x96, 0x99, 0xCC, 0x33]),
            ("cause$2", &[0x96, 0x99, 0xCC, 0x33]),
        ],
    );
}

#[test]
fn watchdog() {
    type Dut = covert_rtl::watchdog::three::Watchdog;
    random_lockstep::<Dut>(
        "watchdog_3",
        clock_of!(Dut),
        ports!(Dut; tick, running, voted, limit, delivered[0], delivered[1], delivered[2], lacks[0], lacks[1], lacks[2] => timeout[0], timeout[1], timeout[2]),
        2500,
        &[("limit", &[0, 3, 10])],
    );
}

#[test]
fn generation() {
    type Dut = covert_rtl::generation::three::Generation;
    random_lockstep::<Dut>(
        "generation_control_3",
        clock_of!(Dut),
        ports!(Dut; reset, enabled, command, members, start_seq, locked[0], locked[1], locked[2], drained[0], drained[1], drained[2], vote_busy, vote_done, vote_release, vote_failed[0], vote_failed[1], vote_failed[2], vote_flushed => running, stop, start, joining[0], joining[1], joining[2], flush, member[0], member[1], member[2], simplex, seq, seq_n, generation, generation_n, state, busy),
        2500,
        &[("members", &[0, 1, 2, 3, 4, 5, 6, 7])],
    );
}

#[test]
fn fault_ring() {
    type Dut = covert_rtl::fault_ring::three::FaultRing;
    random_lockstep::<Dut>(
        "fault_ring_3",
        clock_of!(Dut),
        ports!(Dut; reset, power_reset, base, log2, head, report[0], report[1], report[2], cause[0], cause[1], cause[2], address[0], address[1], address[2], seq[0], seq[1], seq[2], generation[0], generation[1], generation[2], write_accepted => tail, dropped, report_taken[0], report_taken[1], report_taken[2], write, write_address, word0, word1, word2, word3),
        2500,
        &[("log2", &[0, 1, 2]), ("head", &[0, 1, 2, 5])],
    );
}
