//! Whatever the order of events and whatever single fault strikes when: nothing unequal is released, nothing is
//! released twice or out of order, every run ends, and memory stays bounded.

#![allow(unreachable_pub, reason = "the simulated world is a module of this test")]

mod sim;

use covert_core::End;
use proptest::prelude::*;
use sim::{Bytes, Fault, Setup, Sim};

/// How many random schedules: `COVERT_SCHEDULES`, or a million.
fn schedules() -> u64 {
    std::env::var("COVERT_SCHEDULES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

/// Where to start: `COVERT_SEED`, or another place every time.
fn seed() -> u64 {
    std::env::var("COVERT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(|| fastrand::u64(..))
}

fn run(seed: u64) -> sim::Outcome {
    let mut choices = fastrand::Rng::with_seed(seed);
    let setup = Setup::choose(&mut choices);
    Sim::run(&setup, &mut choices)
}

#[test]
fn nothing_wrong_is_ever_released_and_every_run_recovers() {
    let (first, count) = (seed(), schedules());
    println!("{count} schedules from COVERT_SEED={first}");
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let totals = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let mut totals = [0u64; 6];
                    for i in (worker..count).step_by(workers as usize) {
                        let seed = first.wrapping_add(i);
                        let outcome = std::panic::catch_unwind(|| run(seed))
                            .unwrap_or_else(|_| panic!("failed with COVERT_SEED={seed} COVERT_SCHEDULES=1"));
                        assert_eq!(
                            outcome.end,
                            End::Finished,
                            "COVERT_SEED={seed} COVERT_SCHEDULES=1: {:?}",
                            outcome.struck
                        );
                        let c = outcome.counters;
                        totals[0] += outcome.struck.len() as u64;
                        totals[1] += c.rollbacks;
                        totals[2] += c.retired + c.heals;
                        totals[3] += c.swallowed;
                        totals[4] += c.released;
                        totals[5] += c.renewals;
                    }
                    totals
                })
            })
            .collect();
        workers.into_iter().fold([0u64; 6], |mut sum, worker| {
            let totals = worker.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause));
            sum.iter_mut().zip(totals).for_each(|(sum, total)| *sum += total);
            sum
        })
    });
    println!(
        "{} faults struck, {} rollbacks, {} replicas retired or healed, {} records swallowed, {} released, \
         {} comparators renewed",
        totals[0], totals[1], totals[2], totals[3], totals[4], totals[5]
    );
    if count >= 10_000 {
        assert!(totals.iter().all(|total| *total > 0), "the schedules do not reach every part: {totals:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn schedules_that_can_be_shrunk(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut choices = Bytes(bytes.iter());
        let setup = Setup::choose(&mut choices);
        prop_assert_eq!(Sim::run(&setup, &mut choices).end, End::Finished);
    }
}

/// Runs many schedules with one kind of fault only, and gives how often it struck.
fn only(fault: &'static [Fault]) -> usize {
    let first = seed();
    println!("from COVERT_SEED={first}");
    let mut struck = 0;
    for i in 0..5_000 {
        let mut choices = fastrand::Rng::with_seed(first.wrapping_add(i));
        let setup = Setup { faults: fault, budget: 1, ..Setup::choose(&mut choices) };
        if setup.limits.replicas == 1 && !sim::FAULTS_OF_SIMPLEX.contains(&fault[0]) {
            continue;
        }
        let outcome = Sim::run(&setup, &mut choices);
        assert_eq!(outcome.end, End::Finished, "COVERT_SEED={}", first.wrapping_add(i));
        struck += outcome.struck.len();
    }
    struck
}

#[test]
fn a_run_without_faults_never_rolls_back() {
    let first = seed();
    println!("from COVERT_SEED={first}");
    for i in 0..20_000 {
        let mut choices = fastrand::Rng::with_seed(first.wrapping_add(i));
        let setup = Setup { budget: 0, successors: 0, ..Setup::choose(&mut choices) };
        let outcome = Sim::run(&setup, &mut choices);
        let c = outcome.counters;
        assert_eq!((c.rollbacks, c.retired, c.heals), (0, 0, 0), "COVERT_SEED={}", first.wrapping_add(i));
        assert_eq!(c.renewals, 0);
    }
}

#[test]
fn a_comparator_that_takes_anothers_place_is_no_fault() {
    let first = seed();
    println!("from COVERT_SEED={first}");
    let mut renewals = 0;
    for i in 0..20_000 {
        let mut choices = fastrand::Rng::with_seed(first.wrapping_add(i));
        let setup = Setup { budget: 0, successors: 3, ..Setup::choose(&mut choices) };
        let outcome = Sim::run(&setup, &mut choices);
        let c = outcome.counters;
        assert_eq!(outcome.end, End::Finished, "COVERT_SEED={}", first.wrapping_add(i));
        assert_eq!((c.rollbacks, c.retired, c.heals), (0, 0, 0), "COVERT_SEED={}", first.wrapping_add(i));
        renewals += c.renewals;
    }
    assert!(renewals > 5_000, "only {renewals} took another's place");
}

#[test]
fn each_kind_of_fault_is_struck_and_survived() {
    for fault in sim::FAULTS {
        let fault = std::slice::from_ref(fault);
        assert!(only(fault) > 50, "{fault:?} hardly ever struck");
    }
}

#[test]
fn a_core_that_is_broken_for_good_is_left_behind_by_trying_another() {
    for replicas in [2, 3] {
        for i in 0..2_000 {
            let mut choices = fastrand::Rng::with_seed(i);
            let chosen = Setup::choose(&mut choices);
            let limits = sim::limits(replicas, 2, 4);
            let setup = Setup { limits, budget: 0, broken: Some((1, 1, 1)), ..chosen };
            assert_eq!(Sim::run(&setup, &mut choices).end, End::Finished, "seed {i}");
        }
    }
}

#[test]
fn a_core_that_stays_broken_ends_the_pair_and_lets_nothing_wrong_out() {
    let mut given_up = 0;
    for i in 0..2_000 {
        let mut choices = fastrand::Rng::with_seed(i);
        let chosen = Setup::choose(&mut choices);
        let setup =
            Setup { limits: sim::limits(2, 2, 4), budget: 0, broken: Some((1, 1, u32::MAX)), ..chosen };
        let outcome = Sim::run(&setup, &mut choices);
        match outcome.end {
            End::NoProgress { attempts, .. } => {
                assert_eq!(attempts, setup.limits.attempts);
                given_up += 1;
            }
            end => panic!("seed {i}: a wrong state went unnoticed: {end:?}"),
        }
    }
    assert!(given_up > 1_000);
}

#[test]
fn a_guest_that_does_not_repeat_itself_is_stopped_and_not_released_twice() {
    let mut stopped = 0;
    for i in 0..5_000 {
        let mut choices = fastrand::Rng::with_seed(i);
        let chosen = Setup::choose(&mut choices);
        let setup = Setup { faults: &[Fault::Crash], budget: 1, rogue: true, ..chosen };
        // The oracle would reject these runs, whose guest is not the honest one: only how they end counts.
        let end = sim::end_of(&setup, &mut choices);
        assert!(matches!(end, End::Finished | End::ReplayDiffers { .. }), "seed {i}: {end:?}");
        stopped += usize::from(matches!(end, End::ReplayDiffers { .. }));
    }
    assert!(stopped > 100, "only {stopped} runs came to a replay that differs");
}
