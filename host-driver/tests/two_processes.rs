//! Replicas as processes of their own: what is shared is really shared, and what is sealed is really sealed.

use covert_abi::{LaneSet, Outcome};
use covert_driver::conformance::{Parts, Shape};
use covert_driver::lane::SubmitError;
use covert_driver::software::SoftwareConfig;
use covert_driver::{
    ArenaDoorbell, ArenaLane, ArenaWriter, Group, Lane, LanePlace, Output, ProgressReader, RecordCopy,
    SoftwareGroup,
};
use std::error::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

type Outcomes = Result<(), Box<dyn Error>>;

const RECORDS: u64 = 2000;

fn shape() -> Shape {
    Shape { ring_log2: 3, ..Shape::lanes(2) }
}

fn payload(seq: u64) -> Vec<u8> {
    (0..seq % 300).map(|at| (at ^ seq) as u8).collect()
}

/// A replica's program: it maps what it was given and submits, waiting for releases as its ring fills.
fn replica(lane: usize, arena: OwnedFd, page: OwnedFd) -> Outcomes {
    let arena = ArenaWriter::map(&arena, shape().geometry(lane))?;
    let mut lane = ArenaLane::new(arena, ProgressReader::map(&page)?, ArenaDoorbell, 0);
    lane.begin(1, 0);
    for seq in 0..RECORDS {
        let payload = payload(seq);
        loop {
            match lane.submit(&Output { kind: 1, channel: 2, target: seq }, &payload) {
                Ok(_) => break,
                Err(SubmitError::Full { .. }) => std::thread::yield_now(),
                Err(error) => return Err(error.into()),
            }
        }
        lane.ring();
    }
    Ok(())
}

/// Opens a descriptor of the parent by its number.
fn inherited(name: &str, write: bool) -> Result<OwnedFd, Box<dyn Error>> {
    let path = std::env::var(name)?;
    Ok(std::fs::File::options().read(true).write(write).open(path)?.into())
}

/// The test binary itself, started by [`records_of_two_processes_match_and_are_released`] with these variables set.
#[test]
fn child_process() -> Outcomes {
    let Ok(lane) = std::env::var("COVERT_TEST_LANE") else { return Ok(()) };
    let lane = lane.parse()?;
    replica(lane, inherited("COVERT_TEST_ARENA", true)?, inherited("COVERT_TEST_PAGE", false)?)
}

/// A child that does not outlive the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(lane: usize, arena: &OwnedFd, page: &OwnedFd) -> std::io::Result<Guarded> {
    let path = |fd: &OwnedFd| format!("/proc/{}/fd/{}", std::process::id(), fd.as_raw_fd());
    Command::new(std::env::current_exe()?)
        .args(["--exact", "child_process"])
        .env("COVERT_TEST_LANE", lane.to_string())
        .env("COVERT_TEST_ARENA", path(arena))
        .env("COVERT_TEST_PAGE", path(page))
        .spawn()
        .map(Guarded)
}

#[test]
fn records_of_two_processes_match_and_are_released() -> Outcomes {
    let parts = Parts::make(&shape())?;
    let config = SoftwareConfig { payload_max: shape().payload_max, ..SoftwareConfig::default() };
    let mut group = SoftwareGroup::new(config, parts.readers, parts.progress)?;
    for lane in 0..2 {
        group.place(lane, &LanePlace::of(&shape().geometry(lane))?)?;
    }
    group.flush(LaneSet::first(2), 0)?;
    assert_eq!(group.poll()?.map(|verdict| verdict.outcome), Some(Outcome::Flushed));
    let mut children = Vec::new();
    for lane in 0..2 {
        children.push(spawn(lane, &parts.memory[lane], &parts.page)?);
    }
    let mut copy = RecordCopy::new(shape().payload_max);
    let begin = Instant::now();
    let mut next = 0;
    while next < RECORDS {
        assert!(begin.elapsed() < Duration::from_secs(60), "no progress after record {next}");
        let Some(verdict) = group.poll()? else {
            std::thread::yield_now();
            continue;
        };
        assert_eq!((verdict.seq, verdict.outcome), (next, Outcome::Match), "{:?}", group.poll_fault());
        group.copy_record((next % 2) as usize, next, &mut copy)?;
        let released = copy.confirm(&verdict)?;
        assert_eq!((released.header.target, released.payload), (next, payload(next).as_slice()));
        next += 1;
        group.release(next)?;
    }
    for child in &mut children {
        assert!(child.0.wait()?.success());
    }
    Ok(())
}

#[test]
fn a_replica_cannot_map_the_progress_page_for_writing() -> Outcomes {
    let parts = Parts::make(&shape())?;
    let path = format!("/proc/self/fd/{}", parts.page.as_raw_fd());
    let again = std::fs::File::options().read(true).write(true).open(path)?;
    let mapped = memmap2::MmapOptions::new().len(4096).map_raw(&again);
    assert!(mapped.is_err(), "the page was mapped for writing a second time");
    assert!(std::io::Write::write(&mut &again, &[1]).is_err(), "the page was written through its file");
    assert!(ProgressReader::map(&parts.page).is_ok(), "it can still be read");
    Ok(())
}

#[test]
fn an_arena_cannot_shrink_under_its_readers() -> Outcomes {
    let parts = Parts::make(&shape())?;
    let path = format!("/proc/self/fd/{}", parts.memory[0].as_raw_fd());
    let again = std::fs::File::options().read(true).write(true).open(path)?;
    assert!(again.set_len(4096).is_err());
    let plain: OwnedFd = std::fs::File::open("/proc/self/exe")?.into();
    assert!(ArenaWriter::map(&plain, shape().geometry(0)).is_err(), "a file without seals was mapped");
    let other = Shape { ring_log2: 9, ..shape() }.geometry(0);
    assert!(
        ArenaWriter::map(&parts.memory[0], other).is_err(),
        "a geometry that is not the file's was mapped"
    );
    Ok(())
}
