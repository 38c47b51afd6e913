//! One rule, one hand-made run: what random schedules would hardly show, or show only by luck.

use covert_abi::{Fingerprint, Header, Kind, LaneSet, Outcome, Verdict, fingerprint};
use covert_core::epoch::state_payload;
use covert_core::limits::LimitsError;
use covert_core::release::CopyError;
use covert_core::stream::OutputError;
use covert_core::watchdog::HangLimits;
use covert_core::{
    Action, Class, End, Event, Limits, Machine, Point, Reason, Record, Request, Stream, Verified,
};

fn limits(replicas: usize) -> Limits {
    Limits {
        replicas,
        group: 1,
        ring: 16,
        window: 8,
        epoch_exits: 100,
        input_max: 64,
        payload_max: 256,
        attempts: 3,
        hang: HangLimits { cpu_ms: 100, clock_ms: 1_000 },
    }
}

/// A machine whose replicas run, in generation 1.
fn running(limits: Limits) -> Machine {
    let (mut machine, _) = Machine::start(limits).unwrap();
    recover(&mut machine, 0);
    machine
}

/// Plays the world's part of a recovery, from the flush on.
fn recover(machine: &mut Machine, generation: u32) -> Vec<Action> {
    let mut actions = Vec::new();
    let marker = Verdict { outcome: Outcome::Flushed, generation, ..verdict(0, 0, LaneSet::EMPTY) };
    machine.handle(Event::Verdict { verdict: marker, copy: None }, &mut actions);
    let restores: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Restore { replica, generation, .. } => Some((*replica, *generation)),
            _ => None,
        })
        .collect();
    for (replica, generation) in restores {
        machine.handle(Event::Restored { replica, generation }, &mut actions);
    }
    actions
}

fn record(kind: Kind, generation: u32, seq: u64, payload: &[u8]) -> Record {
    let length = payload.len() as u32;
    let header = Header { seq, generation, length, target: 0x3f8, group: 1, kind: kind as u16, channel: 0 };
    Record { header, payload: payload.to_vec() }
}

fn verdict(generation: u32, seq: u64, agree: LaneSet) -> Verdict {
    Verdict {
        group: 1,
        generation,
        seq,
        outcome: Outcome::Match,
        agree,
        dissent: LaneSet::EMPTY,
        fingerprint: Fingerprint(0),
    }
}

/// The verdict that belongs to a record on which `agree` lanes agree, with its copy.
fn matched(record: Record, agree: LaneSet) -> Event {
    let Header { generation, seq, .. } = record.header;
    let fingerprint = fingerprint(&record.payload, &record.header);
    Event::Verdict { verdict: Verdict { fingerprint, ..verdict(generation, seq, agree) }, copy: Some(record) }
}

fn handle(machine: &mut Machine, event: Event) -> Vec<Action> {
    let mut actions = Vec::new();
    machine.handle(event, &mut actions);
    actions
}

fn reason(actions: &[Action]) -> Option<Reason> {
    actions.iter().find_map(|action| match action {
        Action::Rollback { reason, .. } => Some(*reason),
        _ => None,
    })
}

fn is_distrusted(actions: &[Action]) -> bool {
    let released = actions.iter().any(|action| matches!(action, Action::Release(_)));
    matches!(reason(actions), Some(Reason::Comparator(_))) && !released
}

const PAIR: LaneSet = LaneSet::first(2);

#[test]
fn a_record_is_released_after_its_verdict_and_not_again() {
    let mut machine = running(limits(2));
    let event = matched(record(Kind::Posted, 1, 0, b"once"), PAIR);
    let actions = handle(&mut machine, event.clone());
    assert!(matches!(&actions[..], [Action::Release(out)] if out.payload() == b"once"));
    assert!(is_distrusted(&handle(&mut machine, event)));
}

#[test]
fn a_comparator_that_lets_a_lone_lane_pass_is_not_believed() {
    let mut machine = running(limits(2));
    let actions = handle(&mut machine, matched(record(Kind::Posted, 1, 0, b"alone"), LaneSet::only(1)));
    assert!(is_distrusted(&actions), "{actions:?}");
}

#[test]
fn verdicts_out_of_sequence_are_not_believed() {
    let mut machine = running(limits(2));
    let actions = handle(&mut machine, matched(record(Kind::Posted, 1, 1, b"second"), PAIR));
    assert!(is_distrusted(&actions), "{actions:?}");
}

#[test]
fn an_unasked_flush_is_not_believed() {
    let mut machine = running(limits(2));
    let marker = Verdict { outcome: Outcome::Flushed, ..verdict(1, 0, LaneSet::EMPTY) };
    assert!(is_distrusted(&handle(&mut machine, Event::Verdict { verdict: marker, copy: None })));
}

#[test]
fn a_verdict_of_an_older_generation_is_dropped_and_counted() {
    let mut machine = running(limits(2));
    handle(&mut machine, Event::ComparatorFault("test"));
    for replica in 0..2 {
        handle(&mut machine, Event::Halted { replica, generation: 1 });
    }
    recover(&mut machine, 1);
    let before = machine.counters().stale;
    let actions = handle(&mut machine, matched(record(Kind::Posted, 1, 0, b"late"), PAIR));
    assert_eq!(actions, []);
    assert_eq!(machine.counters().stale, before + 1);
}

#[test]
fn a_replica_that_asks_for_more_than_any_input_may_be_is_lost() {
    let mut machine = running(limits(2));
    let request = Request { point: Point::default(), class: Class::Pure, source: 0, argument: 0, length: 65 };
    let actions = handle(&mut machine, Event::Request { replica: 1, generation: 1, request });
    assert!(matches!(reason(&actions), Some(Reason::Violation(_))), "{actions:?}");
    assert!(!actions.iter().any(|action| matches!(action, Action::Read { .. })));
}

#[test]
fn a_replica_is_not_handed_an_input_that_answers_another_request() {
    let mut machine = running(limits(2));
    let request =
        |length| Request { point: Point::default(), class: Class::Consuming, source: 0, argument: 0, length };
    let ask = |replica, length| Event::Request { replica, generation: 1, request: request(length) };
    handle(&mut machine, ask(0, 8));
    handle(&mut machine, Event::Answered { index: 0, value: Some(vec![7; 8]) });
    let actions = handle(&mut machine, ask(1, 4));
    assert_eq!(reason(&actions), Some(Reason::InputsDiffer));
    assert!(!actions.iter().any(|action| matches!(action, Action::Deliver { .. })));
}

/// Brings a machine of three, one of them lost, to its next recovery line.
fn lose_one_of_three_and_commit() -> (Machine, Vec<Action>) {
    let mut machine = running(limits(3));
    let actions = handle(&mut machine, Event::Failed { replica: 2, generation: 1 });
    assert_eq!(actions, [Action::Retire { replica: 2 }], "the others run on");
    let actions = handle(&mut machine, matched(record(Kind::State, 1, 0, &state_payload(1, 0, 99)), PAIR));
    assert!(matches!(actions[..], [Action::Store { .. }]), "{actions:?}");
    let actions = handle(&mut machine, Event::Stored { epoch: 1, held: true });
    (machine, actions)
}

#[test]
fn a_lost_replica_is_taken_in_again_at_the_next_recovery_line() {
    let (mut machine, actions) = lose_one_of_three_and_commit();
    assert_eq!(reason(&actions), Some(Reason::Heal));
    let mut actions = Vec::new();
    for replica in 0..2 {
        machine.handle(Event::Halted { replica, generation: 1 }, &mut actions);
    }
    let members = LaneSet::first(3);
    assert_eq!(actions, [Action::Flush { generation: 2, members, start: 1, renewed: false }]);
    let actions = recover(&mut machine, 1);
    let fresh: Vec<bool> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Restore { fresh, line, .. } if line.epoch == 1 => Some(*fresh),
            _ => None,
        })
        .collect();
    assert_eq!(fresh, [false, false, true], "only the lost one is a new process");
    assert_eq!(machine.live(), members);
}

/// Tells a machine of two whether another comparator stands ready, then brings it to its next recovery line.
fn commit_with_successor(machine: &mut Machine, tell: &[bool]) -> Vec<Action> {
    let mut actions: Vec<Action> =
        tell.iter().flat_map(|ready| handle(machine, Event::Successor { ready: *ready })).collect();
    assert_eq!(actions, [], "nothing goes back before the line");
    handle(machine, matched(record(Kind::State, 1, 0, &state_payload(1, 0, 99)), PAIR));
    machine.handle(Event::Stored { epoch: 1, held: true }, &mut actions);
    actions
}

#[test]
fn a_successor_takes_its_place_at_the_next_recovery_line_with_new_replicas_and_is_no_fault() {
    let mut machine = running(limits(2));
    let actions = commit_with_successor(&mut machine, &[true]);
    assert_eq!(reason(&actions), Some(Reason::Renew));
    let mut actions = Vec::new();
    for replica in 0..2 {
        machine.handle(Event::Halted { replica, generation: 1 }, &mut actions);
    }
    assert_eq!(actions, [Action::Flush { generation: 2, members: PAIR, start: 1, renewed: true }]);
    let actions = recover(&mut machine, 1);
    let restored: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Restore { fresh, attempt, line, .. } => Some((*fresh, *attempt, line.epoch)),
            _ => None,
        })
        .collect();
    assert_eq!(restored, [(true, 0, 1); 2], "each is a new process, and nothing counts as an attempt");
    let counters = machine.counters();
    assert_eq!((counters.renewals, counters.rollbacks, counters.heals), (1, 0, 0));
}

#[test]
fn a_successor_that_is_gone_again_is_not_waited_for() {
    let mut machine = running(limits(2));
    let actions = commit_with_successor(&mut machine, &[true, false]);
    assert_eq!(reason(&actions), None, "{actions:?}");
    assert_eq!(machine.counters().renewals, 0);
}

#[test]
fn a_machine_that_goes_back_anyway_takes_the_successor_in() {
    let mut machine = running(limits(2));
    handle(&mut machine, Event::Successor { ready: true });
    let mut actions = handle(&mut machine, Event::ComparatorFault("lost"));
    for replica in 0..2 {
        machine.handle(Event::Halted { replica, generation: 1 }, &mut actions);
    }
    assert!(
        matches!(actions.last(), Some(Action::Flush { renewed: true, generation: 2, .. })),
        "{actions:?}"
    );
    handle(&mut machine, Event::ComparatorFault("this one too"));
    let flushes = handle(&mut machine, Event::Successor { ready: false });
    assert_eq!(flushes, []);
    assert_eq!(machine.counters().renewals, 1, "it is put there once");
}

#[test]
fn the_line_does_not_move_before_the_store_holds_the_checkpoint() {
    let mut machine = running(limits(2));
    handle(&mut machine, matched(record(Kind::State, 1, 0, &state_payload(1, 0, 99)), PAIR));
    assert_eq!(machine.line().epoch, 0);
    let actions = handle(&mut machine, Event::Stored { epoch: 1, held: false });
    assert_eq!(reason(&actions), Some(Reason::Store));
    assert_eq!(machine.line().epoch, 0);
}

#[test]
fn the_comparator_is_not_flushed_while_the_line_may_still_move() {
    let mut machine = running(limits(2));
    handle(&mut machine, matched(record(Kind::State, 1, 0, &state_payload(1, 0, 99)), PAIR));
    let mut actions = Vec::new();
    machine.handle(Event::ComparatorFault("test"), &mut actions);
    for replica in 0..2 {
        machine.handle(Event::Halted { replica, generation: 1 }, &mut actions);
    }
    assert!(!actions.iter().any(|action| matches!(action, Action::Flush { .. })), "{actions:?}");
    let actions = handle(&mut machine, Event::Stored { epoch: 1, held: true });
    assert!(
        actions.contains(&Action::Flush { generation: 2, members: PAIR, start: 1, renewed: false }),
        "{actions:?}"
    );
}

#[test]
fn a_bit_flipped_anywhere_between_verdict_and_release_is_caught() {
    let clean = record(Kind::Waiting, 3, 5, b"what was compared and nothing else");
    let verdict = Verdict { fingerprint: fingerprint(&clean.payload, &clean.header), ..verdict(3, 5, PAIR) };
    assert!(Verified::new(&verdict, clean.clone()).is_ok());
    let header = clean.header.to_bytes();
    for bit in 0..header.len() * 8 {
        let mut flipped = header;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let copy = Record { header: Header::from_bytes(&flipped), payload: clean.payload.clone() };
        assert!(Verified::new(&verdict, copy).is_err(), "header bit {bit}");
    }
    for bit in 0..clean.payload.len() * 8 {
        let mut copy = clean.clone();
        copy.payload[bit / 8] ^= 1 << (bit % 8);
        assert!(
            matches!(Verified::new(&verdict, copy), Err(CopyError::Fingerprint { .. })),
            "payload bit {bit}"
        );
    }
    for bit in 0..64 {
        let verdict = Verdict { fingerprint: Fingerprint(verdict.fingerprint.0 ^ 1 << bit), ..verdict };
        assert!(Verified::new(&verdict, clean.clone()).is_err(), "verdict bit {bit}");
    }
}

#[test]
fn limits_under_which_nothing_could_move_are_refused_with_what_to_change() {
    let refused = |change: fn(&mut Limits)| {
        let mut limits = limits(2);
        change(&mut limits);
        Machine::start(limits).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused(|l| l.replicas = 4), LimitsError::Replicas(4));
    assert_eq!(refused(|l| l.replicas = 0), LimitsError::Replicas(0));
    assert_eq!(refused(|l| l.window = 0), LimitsError::NoWindow);
    assert_eq!(refused(|l| l.window = 17), LimitsError::WindowBeyondRing { window: 17, ring: 16 });
    assert_eq!(refused(|l| l.epoch_exits = 0), LimitsError::NoEpoch);
    assert!(refused(|l| l.window = 17).to_string().contains("make the window at most 16"));
}

#[test]
fn a_replica_stops_at_the_window_and_goes_on_after_a_release() {
    let mut stream = Stream::new(&Limits { window: 2, ..limits(2) });
    let mut post = |released| {
        stream.released(released);
        stream.output(Kind::Posted, 0, 0, 1).map(|header| header.seq)
    };
    assert_eq!(post(0), Ok(0));
    assert_eq!(post(0), Ok(1));
    assert_eq!(post(0), Err(OutputError::WindowFull { unreleased: 2 }));
    assert_eq!(post(1), Ok(2), "nothing was used up by the refusal");
}

#[test]
fn replicas_that_end_at_different_points_go_back() {
    let mut machine = running(limits(2));
    let ended = |replica, inputs| Event::Ended { replica, generation: 1, at: Point { seq: 0, inputs } };
    assert_eq!(handle(&mut machine, ended(0, 0)), []);
    assert_eq!(reason(&handle(&mut machine, ended(1, 3))), Some(Reason::EndsDiffer));

    let mut machine = running(limits(2));
    handle(&mut machine, ended(0, 3));
    assert_eq!(handle(&mut machine, ended(1, 3)), [Action::End(End::Finished)]);
}
