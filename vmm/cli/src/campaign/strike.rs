//! Making the faults of a campaign, one by one.

use super::Campaign;
use super::compare::{self, Held};
use super::fate::{Case, Fate};
use super::machine::{Guest, Run, Side};
use crate::injection;
use crate::narrate;
use anyhow::Result;
use covert_replica::inject::{Plan, When};

/// How often a fault is drawn before it counts as one that cannot be made.
const DRAWS: u64 = 32;

/// One fault: what became of it on each comparator.
pub struct Struck {
    /// A case for each of the machine's sides.
    pub cases: Vec<Case>,
    /// How often it was drawn again because the guest had ended before.
    pub drawn_again: u64,
    /// The verdicts of both comparators, held against each other, where there are two.
    pub held: Option<Held>,
}

/// Makes one fault of a campaign, on every comparator that the machine is run on.
///
/// # Errors
/// The machine cannot be run.
pub fn strike(guest: &Guest, campaign: &Campaign, number: u64) -> Result<Struck> {
    let seed = campaign.seed;
    let mut random = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (first, others) = guest.sides.split_first().expect("a machine is run on one comparator at least");
    let mut drawn_again = 0;
    let (fault, mut run) = loop {
        let fault = draw(guest, others.is_empty(), number, &mut random);
        let run = first.run(seed, vec![fault])?;
        if run.seen.made.is_some() || drawn_again + 1 == DRAWS {
            break (fault, run);
        }
        drawn_again += 1;
    };
    let sequence = run.take_sequence();
    let mut cases = vec![case(guest, first, number, fault, &run)];
    let mut held = None;
    for side in others {
        let mut other = side.run(seed, vec![fault])?;
        held = Some(if run.seen.fault == other.seen.fault {
            compare::hold(&sequence, &other.take_sequence())
        } else {
            Held::Different(format!("the fault itself: {:?} and {:?}", run.seen.fault, other.seen.fault))
        });
        cases.push(case(guest, side, number, fault, &other));
    }
    Ok(Struck { cases, drawn_again, held })
}

/// Draws a fault. One that is to be the same in several runs is made where the guest's own life says, never at a moment of the
/// host's.
fn draw(guest: &Guest, anywhere: bool, number: u64, random: &mut fastrand::Rng) -> (usize, Plan) {
    let odd = (number / 2) % 2 == 1;
    let when = match (anywhere, odd) {
        (true, false) => When::Micros(random.u64(..guest.micros)),
        (false, false) => When::Output(random.u64(..guest.records.max(1))),
        (_, true) => When::Exit(random.u64(..guest.exits.max(1))),
    };
    let replica = random.usize(..guest.sides[0].replicas());
    (replica, Plan { when, target: injection::any(random) })
}

fn case(guest: &Guest, side: &Side, number: u64, (replica, plan): (usize, Plan), run: &Run) -> Case {
    let (summary, seen) = (&run.ended.summary, &run.seen);
    let right = summary.released_sha256 == guest.sum && summary.status == guest.status;
    let fate = match (run.ended.finished, right, seen.made) {
        (false, ..) => Fate::Stopped,
        (true, false, _) => Fate::WrongOutput,
        (true, true, None) => Fate::NotMade,
        (true, true, Some(_)) => seen.fate.unwrap_or(Fate::Masked),
    };
    Case {
        number,
        machine: guest.name.clone(),
        comparator: side.comparator,
        replica: narrate::name(replica),
        flip: seen.fault.map(|fault| fault.flip.to_string()).unwrap_or_default(),
        asynchronous: matches!(plan.when, When::Micros(_)),
        fate,
        detected_after_ms: seen.detected.zip(seen.made).map(|(detected, made)| detected - made),
        swallowed: summary.swallowed,
        card_lost: seen.card_lost.clone(),
    }
}
