//! Traces: written, read back, replayed.

use crate::puppet::*;
use covert_verification::random::Random;
use covert_verification::root_complex::replay::replay;
use covert_verification::root_complex::tlp::{Request, Tlp};
use covert_verification::root_complex::trace::{Event, Trace, TraceError};
use covert_verification::root_complex::*;
use proptest::prelude::*;

/// A puppet that answers every read of the host; the run is nothing but that, and therefore repeats itself.
fn recorded(seed: u64) -> Trace {
    let mut rc = RootComplex::new(
        Puppet::polite(),
        Link { completer_id: 0x0100, ..Link::rough(&mut Random::new(seed)) },
        seed,
    );
    rc.record(seed);
    rc.set_bus_master(true);
    for index in 0..20 {
        rc.post(4 * index, &[index as u32]);
        rc.read_word(8 * index).unwrap();
        rc.tick(1);
    }
    rc.note("half way");
    rc.hard_reset();
    rc.read_pair(64).unwrap();
    rc.take_trace().unwrap()
}

#[test]
fn a_trace_reads_back_as_it_was_written() {
    let trace = recorded(1);
    let again = Trace::parse(trace.bytes()).unwrap();
    assert_eq!(again, trace);
    assert_eq!(again.seed, 1);
    assert!(again.events.iter().any(|(_, event)| *event == Event::Note("half way".into())));
    let packets = again.events.iter().filter(|(_, event)| matches!(event, Event::Packet(..))).count();
    assert_eq!(packets, 21);
}

#[test]
fn a_replay_gives_the_same_packets_at_the_same_clocks() {
    for seed in 0..20 {
        let trace = recorded(seed);
        let mut puppet = Puppet::polite();
        let mut clocks = 0;
        replay(&trace, &mut puppet, |_, _| clocks += 1).unwrap();
        assert_eq!(clocks, trace.clocks);
    }
}

#[test]
fn a_replay_on_a_unit_that_answers_otherwise_says_where() {
    let trace = recorded(3);
    let mut mute = Puppet::default();
    let difference = replay(&trace, &mut mute, |_, _| ()).unwrap_err();
    assert!(difference.recorded.contains("CplD") && difference.now == "nothing", "{difference}");
}

#[test]
fn what_the_host_sent_stands_in_the_trace_beat_by_beat() {
    let trace = recorded(1);
    let beats =
        trace.events.iter().filter(|(_, event)| matches!(event, Event::Inputs(it) if it.rx_req.is_some()));
    assert!(beats.count() >= 80, "20 writes and 21 reads of at least two beats");
}

#[test]
fn a_cut_trace_is_an_error_wherever_it_is_cut() {
    let trace = recorded(1);
    let bytes = trace.bytes();
    for end in 0..bytes.len() {
        let error = Trace::parse(&bytes[..end]).unwrap_err();
        assert!(matches!(error, TraceError::Magic | TraceError::Truncated { .. }), "{end}: {error}");
    }
}

#[test]
fn a_failing_run_leaves_the_clock_of_its_violation_as_the_last_of_the_trace() {
    let mut rc = stage(Link::default(), 1);
    rc.hard_reset();
    rc.record(9);
    rc.unit().send(&Tlp::Read(Request { requester: 0x0100, ..Request::over(0x5000, 4) }));
    let recorded_from = rc.clock();
    let violation = rc.run(100).unwrap_err();
    let trace = rc.take_trace().unwrap();
    assert_eq!(recorded_from + trace.clocks, violation.clock + 1);
}

proptest! {
    #[test]
    fn random_bytes_are_never_more_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut image = b"CVTLP1\n\0".to_vec();
        image.extend(&bytes);
        let _ = Trace::parse(&image);
        let _ = Trace::parse(&bytes);
    }
}
