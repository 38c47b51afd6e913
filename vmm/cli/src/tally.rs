//! What is counted and timed while a machine runs, for its summary.

use crate::events::Summary;
use crate::world::World;
use covert_core::{Counters, End};
use rustix::time::ClockId;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The counts and times of one run.
#[derive(Debug)]
pub struct Tally {
    begin: Instant,
    mismatches: u64,
    mismatches_at_epoch: u64,
    /// Pages that were seen to have changed by themselves.
    pub scrubbed: u64,
    /// Replicas that died.
    pub crashes: u64,
    /// Faults made on purpose.
    pub injected: u64,
    /// What the guest asked for in vain.
    pub unserved: BTreeSet<String>,
    /// When each replica's count of exits was last seen to grow, and what it was.
    exits: Vec<(u64, Instant)>,
    longest_exit_free: Duration,
    /// Since when the present epoch has been open.
    epoch_began: Instant,
    longest_epoch: Duration,
    last_epoch: Duration,
    longest_two: Duration,
    stopped_us: u64,
    longest_stop_us: u64,
    /// Since when a recovery has been under way, with pages put back and pages found wrong so far.
    recovering: Option<(Instant, u32, u32)>,
    longest_recovery: Duration,
    restored: u64,
    began: bool,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(replicas: usize, begin: Instant) -> Tally {
        Tally {
            begin,
            mismatches: 0,
            mismatches_at_epoch: 0,
            scrubbed: 0,
            crashes: 0,
            injected: 0,
            unserved: BTreeSet::new(),
            exits: vec![(0, begin); replicas],
            longest_exit_free: Duration::ZERO,
            epoch_began: begin,
            longest_epoch: Duration::ZERO,
            last_epoch: Duration::ZERO,
            longest_two: Duration::ZERO,
            stopped_us: 0,
            longest_stop_us: 0,
            recovering: None,
            longest_recovery: Duration::ZERO,
            restored: 0,
            began: false,
        }
    }

    /// Whether no replica has ever been ready to run.
    pub fn never_ran(&self) -> bool {
        self.restored == 0
    }

    /// Whether this is the first time that the guest runs on.
    pub fn begins(&mut self) -> bool {
        let first = !std::mem::replace(&mut self.began, true);
        if first {
            // Loading is no stretch without exits, and no epoch.
            self.exits.iter_mut().for_each(|(_, since)| *since = Instant::now());
            self.epoch_began = Instant::now();
        }
        first
    }

    /// The comparator saw something else than a match.
    pub fn mismatch(&mut self, at_epoch: bool) {
        self.mismatches += 1;
        self.mismatches_at_epoch += u64::from(at_epoch);
    }

    /// A replica has counted so many exits.
    pub fn sampled(&mut self, replica: usize, exits: u64) {
        let (seen, since) = &mut self.exits[replica];
        if *seen != exits {
            (*seen, *since) = (exits, Instant::now());
        } else {
            self.longest_exit_free = self.longest_exit_free.max(since.elapsed());
        }
    }

    /// A guest stood still while a checkpoint of it was staged.
    pub fn staged(&mut self, stopped_us: u64) {
        self.stopped_us = stopped_us;
        self.longest_stop_us = self.longest_stop_us.max(stopped_us);
    }

    /// A checkpoint became the line. Gives the milliseconds that a guest stood still for it.
    pub fn checkpoint(&mut self) -> f64 {
        self.end_epoch();
        self.stopped_us as f64 / 1e3
    }

    fn end_epoch(&mut self) {
        let epoch = self.epoch_began.elapsed();
        self.epoch_began = Instant::now();
        self.longest_epoch = self.longest_epoch.max(epoch);
        self.longest_two = self.longest_two.max(epoch + self.last_epoch);
        self.last_epoch = epoch;
    }

    /// The machine goes back.
    pub fn rollback(&mut self) {
        self.recovering.get_or_insert((Instant::now(), 0, 0));
    }

    /// A replica is at the line, after so many pages were put back and so many found wrong.
    pub fn restored(&mut self, pages: u32, scrubbed: u32) {
        self.restored += 1;
        self.scrubbed += u64::from(scrubbed);
        if let Some((_, most, wrong)) = &mut self.recovering {
            *most = pages.max(*most);
            *wrong += scrubbed;
        }
    }

    /// A replica is told to run on. If that ends a recovery: its milliseconds, the most pages that a replica put back,
    /// and the pages found wrong.
    pub fn recovered(&mut self) -> Option<(f64, u32, u32)> {
        let (since, pages, scrubbed) = self.recovering.take()?;
        let took = since.elapsed();
        self.longest_recovery = self.longest_recovery.max(took);
        Some((took.as_secs_f64() * 1e3, pages, scrubbed))
    }

    /// Everything together. `replicas_cpu_ms` is what the replicas used.
    pub fn summary(
        &mut self,
        end: End,
        counters: &Counters,
        exits: u64,
        replicas_cpu_ms: f64,
        world: &World,
    ) -> Summary {
        self.end_epoch();
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let own = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
        let coordinator_cpu_ms = own.tv_sec as f64 * 1e3 + own.tv_nsec as f64 / 1e6;
        Summary {
            end: describe(end),
            status: world.exit_status,
            replicas: self.exits.len(),
            outputs: world.sinks.released,
            verdicts: counters.verdicts,
            stale: counters.stale,
            mismatches: self.mismatches,
            mismatches_at_epoch: self.mismatches_at_epoch,
            scrubbed: self.scrubbed,
            recoveries: counters.rollbacks,
            swallowed: counters.swallowed,
            crashes: self.crashes,
            hangs: counters.hangs,
            checkpoints: counters.checkpoints,
            inputs: counters.reads,
            injected: self.injected,
            released_sha256: world.sinks.sum(),
            exits,
            longest_exit_free_ms: ms(self.longest_exit_free),
            longest_epoch_ms: ms(self.longest_epoch),
            worst_detection_ms: ms(self.longest_two),
            longest_stop_ms: self.longest_stop_us as f64 / 1e3,
            longest_recovery_ms: ms(self.longest_recovery),
            wall_ms: ms(self.begin.elapsed()),
            host_cpu_ms: coordinator_cpu_ms + replicas_cpu_ms,
            coordinator_cpu_ms,
            unserved: self.unserved.iter().cloned().collect(),
            ..Summary::default()
        }
    }
}

/// How a machine ended, in words.
pub fn describe(end: End) -> String {
    match end {
        End::Finished => "finished".into(),
        End::ReplayDiffers { seq } => {
            format!(
                "stopped: record {seq} came out differently after a rollback, something wrong may have been released"
            )
        }
        End::NoProgress { attempts, reason } => {
            format!("stopped: the fault came back each of {attempts} times, the last time {reason:?}")
        }
        End::LogCorrupt { index } => format!("stopped: input {index} changed in the coordinator's memory"),
    }
}
