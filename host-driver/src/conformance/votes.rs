//! Who wins, who is blamed, and what the verdict says.

use super::expect::{Failure, Kept, NONE, print_of, same, set};
use super::rig::{Factory, Rig, Shape};
use crate::group::State;
use covert_abi::{Outcome, Verdict};

/// What a lane brings: a payload of this one byte, or a bad entry.
type Brings = Option<u8>;

/// Runs record 0 with what each lane brings; gives its verdict and the rig.
fn vote(factory: &dyn Factory, lanes: &[Brings]) -> Result<(Verdict, Rig), Failure> {
    let mut rig = factory.rig(&Shape::lanes(lanes.len()))?;
    rig.start(set(0..lanes.len()), 0)?;
    for (lane, brings) in lanes.iter().enumerate() {
        match brings {
            Some(byte) => rig.put(lane, 0, rig.header(0), &[*byte]),
            None => rig.store(lane, 0, &[0xFF; 64]),
        }
        rig.ring(lane, 1)?;
    }
    match rig.verdicts()?.as_slice() {
        [verdict] => Ok((*verdict, rig)),
        others => Err(Failure(format!("{lanes:?}: got {others:?}, expected one verdict"))),
    }
}

/// Requires a vote to be won by the lanes that brought `byte`.
fn won(factory: &dyn Factory, lanes: &[Brings], byte: u8) -> Kept {
    let (verdict, rig) = vote(factory, lanes)?;
    let agree = set((0..lanes.len()).filter(|lane| lanes[*lane] == Some(byte)));
    let dissent = set(0..lanes.len()).without(agree);
    let outcome = if dissent.is_empty() { Outcome::Match } else { Outcome::Majority };
    let print = print_of(rig.header(0), &[byte]);
    same(format_args!("{lanes:?}"), verdict, rig.verdict(0, outcome, agree, dissent, print))?;
    let left = lanes.iter().filter(|brings| brings.is_some()).count();
    let state = if left >= lanes.len().min(2) { State::Running } else { State::Halted };
    same(format_args!("state after {lanes:?}"), rig.group.status().state, state)
}

/// Requires a vote to be lost, with these lanes to blame.
fn lost(factory: &dyn Factory, lanes: &[Brings], outcome: Outcome, dissent: &[usize]) -> Kept {
    let (verdict, rig) = vote(factory, lanes)?;
    let expected = rig.bad(0, outcome, set(dissent.iter().copied()));
    same(format_args!("{lanes:?}"), verdict, expected)?;
    same(format_args!("state after {lanes:?}"), rig.group.status().state, State::Halted)
}

pub(super) fn a_lone_lane_is_taken_at_its_word(factory: &dyn Factory) -> Kept {
    won(factory, &[Some(1)], 1)?;
    lost(factory, &[None], Outcome::BadEntry, &[0])?;
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.start(set([2]), 0)?;
    rig.submit(set([2]), 0, 0, b"x")?;
    let verdict = rig.verdict(0, Outcome::Match, set([2]), NONE, print_of(rig.header(0), b"x"));
    rig.expect("one of three lanes", &[verdict])
}

pub(super) fn two_lanes_that_differ_are_both_suspect_and_halt_the_group(factory: &dyn Factory) -> Kept {
    won(factory, &[Some(1), Some(1)], 1)?;
    lost(factory, &[Some(1), Some(2)], Outcome::Mismatch, &[0, 1])
}

pub(super) fn two_of_three_outvote_the_third_wherever_it_is(factory: &dyn Factory) -> Kept {
    won(factory, &[Some(1), Some(1), Some(1)], 1)?;
    for wrong in 0..3 {
        let mut lanes = [Some(1); 3];
        lanes[wrong] = Some(2);
        won(factory, &lanes, 1)?;
    }
    Ok(())
}

pub(super) fn three_that_differ_have_no_majority(factory: &dyn Factory) -> Kept {
    lost(factory, &[Some(1), Some(2), Some(3)], Outcome::NoMajority, &[0, 1, 2])?;
    lost(factory, &[Some(1), Some(2), Some(3), Some(4)], Outcome::NoMajority, &[0, 1, 2, 3])
}

pub(super) fn a_lane_that_failed_is_outvoted(factory: &dyn Factory) -> Kept {
    for wrong in 0..3 {
        let mut lanes = [Some(1); 3];
        lanes[wrong] = None;
        won(factory, &lanes, 1)?;
    }
    won(factory, &[Some(1), None, None, Some(1)], 1)?;
    won(factory, &[Some(1), None, Some(2), Some(1)], 1)
}

pub(super) fn lanes_that_differ_beside_a_failed_one_have_no_majority(factory: &dyn Factory) -> Kept {
    lost(factory, &[Some(1), None, Some(2)], Outcome::NoMajority, &[0, 1, 2])?;
    lost(factory, &[Some(1), Some(2), None, None], Outcome::NoMajority, &[0, 1, 2, 3])
}

pub(super) fn one_lane_is_no_quorum_and_the_lowest_failed_lane_names_the_outcome(factory: &dyn Factory) -> Kept {
    lost(factory, &[Some(1), None], Outcome::BadEntry, &[1])?;
    lost(factory, &[None, Some(1), None], Outcome::BadEntry, &[0, 2])?;
    lost(factory, &[None, None], Outcome::BadEntry, &[0, 1])?;
    // Lane 2 fails first, by a bad entry; lane 1 then by its window: the lower lane's cause counts.
    let mut rig = factory.rig(&Shape::lanes(3))?;
    rig.start(set([0, 1, 2]), 0)?;
    rig.submit(set([0]), 0, 0, b"x")?;
    rig.store(2, 0, &[0xFF; 64]);
    rig.ring(2, 1)?;
    rig.put_at(1, 0, covert_abi::Header { length: 32, ..rig.header(0) }, 64);
    rig.ring(1, 1)?;
    let verdict = rig.bad(0, Outcome::Isolation, set([1, 2]));
    rig.expect("two failed lanes", &[verdict])
}

pub(super) fn two_pairs_of_four_tie(factory: &dyn Factory) -> Kept {
    for lanes in [[1, 1, 2, 2], [1, 2, 1, 2], [1, 2, 2, 1]] {
        lost(factory, &lanes.map(Some), Outcome::NoMajority, &[0, 1, 2, 3])?;
    }
    Ok(())
}

pub(super) fn the_largest_class_of_four_wins(factory: &dyn Factory) -> Kept {
    won(factory, &[Some(1); 4], 1)?;
    won(factory, &[Some(2), Some(1), Some(1), Some(1)], 1)?;
    won(factory, &[Some(1), Some(2), Some(3), Some(1)], 1)?;
    won(factory, &[Some(3), Some(1), Some(1), Some(2)], 1)
}

pub(super) fn a_dissenter_stays_live(factory: &dyn Factory) -> Kept {
    let (_, mut rig) = vote(factory, &[Some(1), Some(2), Some(1)])?;
    let all = set([0, 1, 2]);
    same("live lanes", rig.group.status().live, all)?;
    same("faults", rig.faults()?, vec![])?;
    rig.submit(all, 1, 1, b"again")?;
    let verdict = rig.verdict(1, Outcome::Match, all, NONE, print_of(rig.header(1), b"again"));
    rig.expect("the next record", &[verdict])
}
