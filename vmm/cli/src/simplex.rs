//! One guest without protection: one vCPU loop, in this process, without checkpoints and without a comparator.
//!
//! It is what protection is measured against, so it does nothing that running the guest does not need.

use crate::events::Summary;
use crate::host;
use crate::input_log::Recorder;
use crate::world::World;
use anyhow::{Context, Result};
use covert_core::{Class, Entry, Point, Request};
use covert_replica::guest::{Demand, Input, Personality};
use covert_replica::machine::{Machine, Options, Stop};
use covert_replica::world::TRANSFER_MAX;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::time::ClockId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Runs a guest to its end.
///
/// # Errors
/// It cannot be loaded, or crashes in a way that no guest code can bring about.
pub fn run(
    personality: Box<dyn Personality>,
    memory: u64,
    mut world: World,
    mut recorder: Option<Recorder>,
) -> Result<(Summary, World)> {
    let begin = Instant::now();
    let mut machine = Machine::new(&host::kvm()?, personality, &Options { memory, checkpoints: false })?;
    let (mut seq, mut inputs, mut unserved) = (0, 0, BTreeSet::new());
    loop {
        let Stop::Demand(demand) = machine.run()? else { continue };
        unserved.extend(machine.unserved());
        match demand {
            Demand::Nothing => {}
            Demand::Post(output) => {
                world.release(output.channel, output.target, &output.payload)?;
                seq += 1;
            }
            Demand::Effect(output) => {
                let result = world.release(output.channel, output.target, &output.payload)?;
                let (class, point) = (Class::Result(seq), Point { seq: seq + 1, inputs });
                let request = Request { point, class, source: 0, argument: 0, length: TRANSFER_MAX };
                keep(&mut recorder, request, &result)?;
                machine.deliver(&result)?;
                (seq, inputs) = (seq + 1, inputs + 1);
            }
            Demand::Input(Input { class, source, argument, length }) => {
                let request = Request { point: Point { seq, inputs }, class, source, argument, length };
                let value = match world.read(inputs, request) {
                    Some(value) => value,
                    None => wait(&mut world)?,
                };
                keep(&mut recorder, request, &value)?;
                machine.deliver(&value)?;
                inputs += 1;
            }
            Demand::End => break,
        }
    }
    world.sinks.flush()?;
    let own = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    let cpu_ms = own.tv_sec as f64 * 1e3 + own.tv_nsec as f64 / 1e6;
    let summary = Summary {
        end: "finished".into(),
        status: world.exit_status,
        replicas: 1,
        comparator: "none".into(),
        outputs: world.sinks.released,
        inputs,
        released_sha256: world.sinks.sum(),
        exits: machine.counted(),
        wall_ms: begin.elapsed().as_secs_f64() * 1e3,
        host_cpu_ms: cpu_ms,
        unserved: unserved.into_iter().collect(),
        ..Summary::default()
    };
    if let Some(recorder) = recorder {
        recorder.finish(&summary.trailer())?;
    }
    Ok((summary, world))
}

/// Keeps an input, if inputs are kept.
fn keep(recorder: &mut Option<Recorder>, request: Request, value: &[u8]) -> Result<()> {
    let Some(recorder) = recorder else { return Ok(()) };
    let index = request.point.inputs;
    recorder.delivered(&Arc::new(Entry::new(index, request, value.to_vec())));
    recorder.settled(index + 1)
}

/// Waits for the one read that has no answer yet.
fn wait(world: &mut World) -> Result<Vec<u8>> {
    // What the guest wrote before it waits must be seen.
    world.sinks.flush()?;
    loop {
        let timer = world
            .next_timer()
            .map(|wait| Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) });
        let mut polled: Vec<PollFd<'_>> = Vec::new();
        if let Some(input) = world.waits_for_input() {
            polled.push(PollFd::from_borrowed_fd(input, PollFlags::IN));
        }
        let readable = rustix::event::poll(&mut polled, timer.as_ref()).context("cannot wait for input")? > 0;
        if let Some((_, value)) = world.ready(readable).pop() {
            return Ok(value);
        }
    }
}
