//! What a replica may count on from its lane and its arena.

use covert_abi::{Body, LaneSet, Submission};
use covert_driver::conformance::{Parts, Shape};
use covert_driver::lane::SubmitError;
use covert_driver::ring::Position;
use covert_driver::software::SoftwareConfig;
use covert_driver::{
    ArenaDoorbell, ArenaLane, Geometry, Group, Lane, LanePlace, Output, ProgressReader, SoftwareGroup, arena,
};
use std::error::Error;

type Outcomes = Result<(), Box<dyn Error>>;

fn lane(parts: &mut Parts) -> Result<ArenaLane<ArenaDoorbell>, Box<dyn Error>> {
    let progress = ProgressReader::map(&parts.page)?;
    let mut lane = ArenaLane::new(parts.writers.remove(0), progress, ArenaDoorbell, 5);
    lane.begin(1, 100);
    Ok(lane)
}

#[test]
fn a_full_ring_refuses_until_the_coordinator_releases() -> Outcomes {
    let mut parts = Parts::make(&Shape { ring_log2: 2, ..Shape::lanes(1) })?;
    let mut lane = lane(&mut parts)?;
    for seq in 100..104 {
        assert_eq!(lane.submit(&Output::default(), b"x"), Ok(seq));
    }
    assert_eq!(lane.submit(&Output::default(), b"x"), Err(SubmitError::Full { entries: 4 }));
    parts.progress.publish(Position { generation: 1, count: 2 });
    assert_eq!(lane.room(), 2);
    assert_eq!(lane.submit(&Output::default(), b"x"), Ok(104));
    lane.begin(2, 7);
    assert_eq!(lane.room(), 4, "releases of another generation count for nothing");
    assert_eq!(lane.submit(&Output::default(), b"x"), Ok(7));
    Ok(())
}

#[test]
fn a_short_payload_travels_in_the_entry_and_a_long_one_in_its_slot() -> Outcomes {
    let shape = Shape::lanes(1);
    let geometry = shape.geometry(0);
    let mut parts = Parts::make(&shape)?;
    let mut lane = lane(&mut parts)?;
    let output = Output { kind: 1, channel: 2, target: 3 };
    for (index, length) in [0usize, 24, 25, 1024].into_iter().enumerate() {
        let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
        lane.submit(&output, &payload)?;
        let iova = geometry.ring_iova() + index as u64 * 64;
        let entry = parts.readers[0].load_entry(iova).ok_or("the entry cannot be read")?;
        let submission = Submission::open(&entry.to_bytes())?;
        let header = submission.header;
        assert_eq!((header.seq, header.generation, header.group), (100 + index as u64, 1, 5));
        assert_eq!((header.kind, header.channel, header.target, header.length), (1, 2, 3, length as u32));
        match submission.body {
            Body::Inline(body) => assert!(length <= 24 && body[..length] == payload),
            Body::At(at) => {
                assert_eq!(at, geometry.slot_iova(index as u32));
                let mut found = vec![0; length];
                assert!(parts.readers[0].read(at, &mut found) && found == payload);
            }
        }
    }
    let refused = lane.submit(&output, &[0; 1025]);
    assert_eq!(refused, Err(SubmitError::TooLong { length: 1025, slot: 1024 }));
    assert_eq!(lane.submit(&output, b""), Ok(104), "a refused record takes no place");
    Ok(())
}

#[test]
fn the_parts_of_an_arena_do_not_overlap() -> Outcomes {
    for (ring_log2, slot_bytes, staging_bytes) in
        [(0, 64, 0), (4, 1024, 1), (10, 4096, 1 << 20), (3, 0, 4096)]
    {
        let geometry = Geometry { base: 1 << 32, ring_log2, slot_bytes, staging_bytes };
        let entries = geometry.entries();
        let ring_end = geometry.ring_iova() + u64::from(entries) * 64;
        let slots_end = geometry.slot_iova(entries - 1) + u64::from(slot_bytes);
        assert!(geometry.base < geometry.ring_iova() && ring_end <= geometry.slot_iova(0));
        assert!(slots_end <= geometry.staging_iova());
        assert!(geometry.staging_iova() + staging_bytes <= geometry.base + geometry.bytes()? as u64);
        assert_eq!(
            geometry.slot_iova(entries),
            geometry.slot_iova(0),
            "slots are used again with their entries"
        );
    }
    Ok(())
}

#[test]
fn an_impossible_arena_is_refused() {
    let good = Geometry { base: 4096, ring_log2: 4, slot_bytes: 64, staging_bytes: 0 };
    assert!(arena::create(&good).is_ok());
    for bad in [
        Geometry { base: 100, ..good },
        Geometry { ring_log2: 17, ..good },
        Geometry { slot_bytes: 65, ..good },
        Geometry { slot_bytes: (1 << 31) + 64, ..good },
        Geometry { staging_bytes: u64::MAX, ..good },
        Geometry { base: u64::MAX - 4095, ..good },
    ] {
        assert!(arena::create(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_replica_that_takes_anothers_place_brings_its_own_arena() -> Outcomes {
    let shape = Shape::lanes(1);
    let mut old = Parts::make(&shape)?;
    let page = ProgressReader::map(&old.page)?;
    let mut new = Parts::make(&shape)?;
    let config = SoftwareConfig { payload_max: shape.payload_max, ..SoftwareConfig::default() };
    let mut group = SoftwareGroup::new(config, vec![old.readers.remove(0)], old.progress)?;
    let place = LanePlace::of(&shape.geometry(0))?;
    group.place(0, &place)?;
    group.flush(LaneSet::first(1), 0)?;
    assert!(group.place(0, &place).is_err(), "a live lane is not placed anew");
    assert!(group.attach(0, new.readers.remove(0)).is_err(), "a live lane keeps its arena");
    group.reset_lane(0)?;
    group.attach(0, Parts::make(&shape)?.readers.remove(0))?;
    let reader = covert_driver::ArenaReader::map(&new.memory[0], shape.geometry(0))?;
    group.attach(0, reader)?;
    group.place(0, &place)?;
    group.flush(LaneSet::first(1), 10)?;
    let mut lane = ArenaLane::new(new.writers.remove(0), page, ArenaDoorbell, 0);
    lane.begin(group.status().generation, 10);
    lane.submit(&Output::default(), b"from the new one")?;
    lane.ring();
    while let Some(verdict) = group.poll()? {
        if verdict.seq == 10 {
            assert!(verdict.outcome.is_releasable());
            return Ok(());
        }
    }
    Err("no verdict on the new replica's record".into())
}
