//! What protection costs: the same program natively, in one machine, in two, and as a pair, in rounds.
//!
//! Everything is run anew in each round, in a turning order, and each ratio is taken inside a round: what disturbs the machine
//! disturbs all of it. Times are those of whole commands, from start to end.

use super::event::Event;
use super::judge::sound;
use super::run::Run;
use super::stage::Stage;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::time::Instant;

/// Rounds; enough for a median, too few for an interval.
const ROUNDS: usize = 5;

/// Milliseconds of one round.
#[derive(Clone, Copy, Default)]
struct Round {
    native: f64,
    one: f64,
    two: f64,
    software: f64,
    unit: f64,
    /// From the guest's beginning to the end, in the pair that the unit compared.
    span: f64,
}

/// Medians over the rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Costs {
    pub(super) rounds: usize,
    pub(super) native_ms: f64,
    pub(super) one_machine_ms: f64,
    pub(super) two_machines_ms: f64,
    pub(super) pair_software_ms: f64,
    /// A simulation's time: not a hardware speed.
    pub(super) pair_simulated_unit_ms: f64,
    /// One machine over the program itself.
    pub(super) one_over_native: f64,
    /// A pair over two machines side by side, which do the same work unprotected.
    pub(super) software_over_two: f64,
    /// As above: not a hardware speed.
    pub(super) simulated_unit_over_two: f64,
    /// The shortest span that the guest ran for in a pair that the unit compared.
    pub(super) shortest_span_ms: f64,
}

/// Measures.
///
/// # Errors
/// A run did not go as it should.
pub(super) fn measure(stage: &Stage) -> Result<Costs> {
    let rounds = (0..ROUNDS).map(|number| round(stage, number)).collect::<Result<Vec<_>>>()?;
    Ok(costs(&rounds))
}

fn round(stage: &Stage, number: usize) -> Result<Round> {
    let mut round = Round::default();
    for place in 0..5 {
        let begin = Instant::now();
        let ms = || begin.elapsed().as_secs_f64() * 1e3;
        match (place + number) % 5 {
            0 => {
                let native = stage.native_run().output().context("cannot run the program natively")?;
                round.native = ms();
                ensure!(native.stdout == stage.native, "two native runs put out different things");
            }
            1 => {
                let one = Run::of(stage).simplex().start()?.silently()?;
                round.one = ms();
                sound(&one, &stage.native, "none")?;
            }
            2 => {
                let (first, second) =
                    (Run::of(stage).simplex(), Run::of(stage).simplex().writing("second.txt"));
                let (first, second) = (first.start()?, second.start()?);
                let both = [first.silently()?, second.silently()?];
                round.two = ms();
                for one in &both {
                    sound(one, &stage.native, "none")?;
                }
            }
            3 => {
                let pair = Run::of(stage).start()?.silently()?;
                round.software = ms();
                let summary = sound(&pair, &stage.native, "software")?;
                ensure!(summary.mismatches == 0, "a mismatch without a fault, in software");
            }
            _ => {
                let pair = Run::of(stage).unit().start()?.silently()?;
                round.unit = ms();
                let summary = sound(&pair, &stage.native, "unit")?;
                ensure!(summary.mismatches == 0, "a mismatch without a fault, by the unit");
                let began = pair.events.iter().find_map(|event| match event {
                    Event::Running { ms } => Some(*ms),
                    _ => None,
                });
                round.span = summary.wall_ms - began.context("the pair did not say when its guest began")?;
            }
        }
    }
    Ok(round)
}

fn costs(rounds: &[Round]) -> Costs {
    let over = |of: fn(&Round) -> f64| median(rounds.iter().map(of).collect());
    Costs {
        rounds: rounds.len(),
        native_ms: over(|round| round.native),
        one_machine_ms: over(|round| round.one),
        two_machines_ms: over(|round| round.two),
        pair_software_ms: over(|round| round.software),
        pair_simulated_unit_ms: over(|round| round.unit),
        one_over_native: over(|round| round.one / round.native),
        software_over_two: over(|round| round.software / round.two),
        simulated_unit_over_two: over(|round| round.unit / round.two),
        shortest_span_ms: rounds.iter().map(|round| round.span).fold(f64::INFINITY, f64::min),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_medians_of_those_inside_a_round() {
        let round = |slow: f64| Round {
            native: 10.0 * slow,
            one: 20.0 * slow,
            two: 25.0 * slow,
            software: 30.0 * slow,
            unit: 50.0 * slow,
            span: 40.0 * slow,
        };
        // One round of the five ran while the host did something else for a part of it.
        let mut rounds = [round(1.0), round(1.1), round(3.0), round(1.2), round(1.3)];
        rounds[1].unit = 500.0;
        let costs = costs(&rounds);
        assert_eq!((costs.one_over_native, costs.software_over_two), (2.0, 1.2));
        assert_eq!(costs.simulated_unit_over_two, 2.0);
        assert_eq!((costs.native_ms, costs.shortest_span_ms), (12.0, 40.0));
    }
}
