//! A record costs neither an allocation nor a system call, from the submit to the release.

use covert_abi::LaneSet;
use covert_driver::conformance::{Parts, Shape};
use covert_driver::ring::Position;
use covert_driver::software::SoftwareConfig;
use covert_driver::{
    ArenaDoorbell, ArenaLane, ArenaReader, ArenaWriter, Group, Lane, LanePlace, Output, ProgressReader,
    RecordCopy, SoftwareGroup,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::error::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

type Outcomes = Result<(), Box<dyn Error>>;

/// A group, its lanes, and one record of each kind after the other through all of it.
struct Path {
    group: SoftwareGroup,
    lanes: Vec<ArenaLane<ArenaDoorbell>>,
    copy: RecordCopy,
    payload: Vec<u8>,
}

impl Path {
    fn new() -> Result<Path, Box<dyn Error>> {
        let shape = Shape { payload_max: 8192, slot_bytes: 8192, ..Shape::lanes(2) };
        let parts = Parts::make(&shape)?;
        let config = SoftwareConfig { payload_max: shape.payload_max, ..SoftwareConfig::default() };
        let mut group = SoftwareGroup::new(config, parts.readers, parts.progress)?;
        for lane in 0..2 {
            group.place(lane, &LanePlace::of(&shape.geometry(lane))?)?;
        }
        group.flush(LaneSet::first(2), 0)?;
        group.poll()?;
        let mut lanes = Vec::new();
        for arena in parts.writers {
            let mut lane = ArenaLane::new(arena, ProgressReader::map(&parts.page)?, ArenaDoorbell, 0);
            lane.begin(1, 0);
            lanes.push(lane);
        }
        Ok(Path { group, lanes, copy: RecordCopy::new(shape.payload_max), payload: vec![3; 8192] })
    }

    /// False when anything goes wrong; it says nothing, since saying is a system call.
    fn records(&mut self, records: u64) -> bool {
        for record in 0..records {
            let length = [0, 8, 24, 25, 100, 4096, 8192][(record % 7) as usize];
            for lane in &mut self.lanes {
                if lane.submit(&Output::default(), &self.payload[..length]).is_err() {
                    return false;
                }
                lane.ring();
            }
            let Ok(Some(verdict)) = self.group.poll() else { return false };
            let copied = self.group.copy_record(0, verdict.seq, &mut self.copy).is_ok();
            if !copied || self.copy.confirm(&verdict).is_err() || self.group.advance(1).is_err() {
                return false;
            }
            if self.group.release(verdict.seq + 1).is_err() {
                return false;
            }
        }
        true
    }
}

#[test]
fn a_record_allocates_nothing() -> Outcomes {
    let mut path = Path::new()?;
    let mut done = false;
    let counted = allocation_counter::measure(|| done = path.records(10_000));
    assert!(done);
    assert_eq!(counted.count_total, 0);
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0u8; 10])));
    assert_eq!(counted.count_total, 1, "the counter counts");
    Ok(())
}

const DONE: Position = Position { generation: 7, count: 7 };

/// The test binary itself, in which any system call after the filter is the end of the process.
#[test]
fn child_process() -> Outcomes {
    let Ok(marker) = std::env::var("COVERT_TEST_MARKER") else { return Ok(()) };
    let marker: OwnedFd = std::fs::File::options().read(true).write(true).open(marker)?.into();
    let marker = ArenaWriter::map(&marker, Shape::lanes(1).geometry(0))?;
    let mut path = Path::new()?;
    let filter: BpfProgram = SeccompFilter::new(
        Default::default(),
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()?;
    seccompiler::apply_filter(&filter)?;
    if path.records(10_000) {
        marker.ring(DONE);
    }
    // The way out of here is a system call, so the process dies of the filter.
    Ok(())
}

#[test]
fn a_record_makes_no_system_call() -> Outcomes {
    let parts = Parts::make(&Shape::lanes(1))?;
    let marker: &ArenaReader = &parts.readers[0];
    let status = Command::new(std::env::current_exe()?)
        .args(["--exact", "child_process"])
        .env("COVERT_TEST_MARKER", format!("/proc/{}/fd/{}", std::process::id(), parts.memory[0].as_raw_fd()))
        .status()?;
    assert_eq!(marker.rung(), DONE, "a system call, or a record that failed, before the end");
    const SIGSYS: i32 = 31;
    assert_eq!(status.signal(), Some(SIGSYS), "the filter was not there");
    Ok(())
}
