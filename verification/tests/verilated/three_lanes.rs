//! What only a unit with three lanes has: its sizes, and every vote that three lanes can give.

use crate::running::{Running, running_with_three_lanes};
use covert_abi::registers::{doorbell, group, lane};
use covert_abi::{Body, FaultCause, Header, Identity, LaneSet, Outcome, Submission, Verdict, fingerprint};
use covert_driver::LanePlace;
use covert_driver::group::State;
use covert_verification::model::vote::Ballot;
use covert_verification::root_complex::Link;
use covert_verification::scenario::Setup;

const LANES: usize = 3;

/// What a lane brings to a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    /// A payload of this one byte.
    Payload(u8),
    /// Bytes that are no entry.
    Garbage,
    /// An entry whose payload lies outside of its window.
    Stray,
}

const ALL: [Brings; 5] =
    [Brings::Payload(1), Brings::Payload(2), Brings::Payload(3), Brings::Garbage, Brings::Stray];

impl Brings {
    /// Why the lane fails, if it does.
    fn cause(self) -> Option<FaultCause> {
        match self {
            Brings::Payload(_) => None,
            Brings::Garbage => Some(FaultCause::Check),
            Brings::Stray => Some(FaultCause::Isolation),
        }
    }
}

/// Everything that these many lanes can bring.
fn combinations(lanes: usize) -> Vec<Vec<Brings>> {
    (0..lanes).fold(vec![Vec::new()], |rows, _| {
        rows.iter().flat_map(|row| ALL.map(|one| [row.as_slice(), &[one]].concat())).collect()
    })
}

impl Running {
    fn header(&self, lane: usize, length: u32) -> Header {
        let seq = u64::from(self.written[lane]);
        Header { seq, generation: self.generation, length, ..Header::default() }
    }

    fn bring(&mut self, lane: usize, brings: Brings) {
        match brings {
            Brings::Payload(byte) => self.submit(lane, &[byte]),
            Brings::Garbage => self.enter(lane, &[0xFF; 64]),
            Brings::Stray => {
                let header = self.header(lane, 64);
                self.enter(lane, &Submission { header, body: Body::At(0x7_0000_0000) }.seal());
            }
        }
    }

    fn verdicts(&mut self) -> Vec<Verdict> {
        self.bench.group.advance(0).unwrap();
        std::iter::from_fn(|| self.bench.group.poll().unwrap()).collect()
    }

    /// A generation of these lanes, all of them live, whatever became of them in the one before.
    fn begin(&mut self, members: LaneSet) {
        for lane in 0..LANES {
            self.bench.group.reset_lane(lane).unwrap();
            self.bench.group.place(lane, &LanePlace::of(&Setup::geometry(lane)).unwrap()).unwrap();
        }
        self.bench.group.flush(members, 0).unwrap();
        assert_eq!(self.verdicts().pop().map(|verdict| verdict.outcome), Some(Outcome::Flushed));
        self.causes();
        self.written.fill(0);
        self.generation += 1;
    }
}

#[test]
fn it_says_that_it_has_three_lanes_and_has_the_registers_of_no_fourth() {
    let Some(it) = running_with_three_lanes(Link::default()) else { return };
    let mut rc = it.rc.lock().unwrap();
    let identity = Identity::parse(|address| rc.read_word(address.into()).unwrap()).unwrap();
    assert_eq!((identity.groups, identity.lanes), (1, 3));
    for number in 0..4 {
        let place = u64::from(lane::address(number, lane::RING_BASE_LO));
        rc.post(place, &[0x1000 * (number + 1)]);
        let kept = if number < 3 { 0x1000 * (number + 1) } else { 0 };
        assert_eq!(rc.read_word(place).unwrap(), kept, "lane {number}");
    }
    // A ring of a generation that is over counts for each lane that there is.
    for number in 0..4 {
        rc.post(u64::from(doorbell::address(number, doorbell::TAIL)), &[1, 77]);
    }
    let stale = rc.read_word(covert_abi::registers::card::STALE_DOORBELLS.into()).unwrap();
    assert_eq!(stale, 3);
    let status = rc.read_word(group::address(0, group::STATUS).into()).unwrap();
    assert_eq!(group::STATUS_LIVE.of(status), 7);
}

#[test]
fn every_vote_of_up_to_three_lanes_is_the_models_and_who_failed_votes_no_more() {
    let Some(mut it) = running_with_three_lanes(Link::default()) else { return };
    let mut counted = std::collections::BTreeMap::<String, u32>::new();
    for members in (1..8).map(|bits| LaneSet::from_bits(bits).unwrap()) {
        let quorum = members.len().min(2);
        for brought in combinations(members.len()) {
            it.begin(members);
            let mut ballot = Ballot { quorum, ..Ballot::default() };
            for (lane, brings) in members.iter().zip(&brought) {
                match brings {
                    Brings::Payload(byte) => {
                        ballot.delivered.push((lane, fingerprint(&[*byte], &it.header(lane, 1)).0));
                    }
                    failed => ballot.failed.push((lane, failed.cause().unwrap())),
                }
                it.bring(lane, *brings);
            }
            let what = format!("{members}: {brought:?}");
            let expected = ballot.count().unwrap();
            let verdicts = it.verdicts();
            let [verdict] = verdicts[..] else { panic!("{what}: {verdicts:?}") };
            assert_eq!((verdict.seq, verdict.generation), (0, it.generation), "{what}");
            assert_eq!(
                (verdict.outcome, verdict.agree, verdict.dissent, verdict.fingerprint.0),
                (expected.outcome, expected.agree, expected.dissent, expected.fingerprint),
                "{what}"
            );
            assert_eq!(it.causes().len(), ballot.failed.len(), "{what}");
            *counted.entry(format!("{:?}", verdict.outcome)).or_default() += 1;

            // Whoever did not fail goes on, one that was outvoted too; as many as are left make the next vote.
            let left: LaneSet = ballot.delivered.iter().map(|(lane, _)| *lane).collect();
            let status = it.bench.group.status();
            let state = if expected.outcome.is_releasable() { State::Running } else { State::Halted };
            assert_eq!((status.state, status.live), (state, left), "{what}");
            if state == State::Halted {
                continue;
            }
            left.iter().for_each(|lane| it.bring(lane, Brings::Payload(9)));
            let verdicts = it.verdicts();
            let [next] = verdicts[..] else { panic!("after {what}: {verdicts:?}") };
            let expected = (Outcome::Match, left, LaneSet::EMPTY);
            assert_eq!((next.outcome, next.agree, next.dissent), expected, "after {what}");
            left.iter().for_each(|lane| it.bring(lane, Brings::Payload(lane as u8)));
            let outcome = match left.len() {
                1 => Outcome::Match,
                2 => Outcome::Mismatch,
                _ => Outcome::NoMajority,
            };
            assert_eq!(it.outcomes(), [outcome], "after {what}");
        }
    }
    println!("{counted:?}");
    assert_eq!(counted.values().sum::<u32>(), 3 * 5 + 3 * 25 + 125);
    for outcome in ["Match", "Majority", "Mismatch", "NoMajority", "BadEntry", "Isolation"] {
        assert!(counted.contains_key(outcome), "no {outcome}: {counted:?}");
    }
}

#[test]
fn a_lane_that_is_reset_leaves_two_that_vote_and_joins_them_at_the_next_flush() {
    for gone in 0..LANES {
        let Some(mut it) = running_with_three_lanes(Link::default()) else { return };
        let all = LaneSet::first(LANES);
        let left = all.without(LaneSet::only(gone));
        all.iter().for_each(|lane| it.bring(lane, Brings::Payload(1)));
        assert_eq!(it.outcomes(), [Outcome::Match]);
        left.iter().for_each(|lane| it.bring(lane, Brings::Payload(2)));
        assert_eq!(it.outcomes(), [], "the third is still awaited");
        it.bench.group.reset_lane(gone).unwrap();
        let verdicts = it.verdicts();
        let [verdict] = verdicts[..] else { panic!("{verdicts:?}") };
        assert_eq!(
            (verdict.outcome, verdict.agree, verdict.dissent),
            (Outcome::Majority, left, LaneSet::only(gone))
        );
        assert_eq!(it.causes(), [FaultCause::Reset]);
        left.iter().for_each(|lane| it.bring(lane, Brings::Payload(3)));
        assert_eq!(it.outcomes(), [Outcome::Match]);
        it.begin(all);
        all.iter().for_each(|lane| it.bring(lane, Brings::Payload(4)));
        let verdicts = it.verdicts();
        assert_eq!(verdicts.iter().map(|verdict| verdict.agree).collect::<Vec<_>>(), [all]);
    }
}
