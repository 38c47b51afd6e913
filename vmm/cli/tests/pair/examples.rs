//! The examples of machines run as they stand.

use crate::support::{Events, folder, needs, run};
use std::fs;
use std::path::Path;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

#[test]
fn every_example_of_a_machine_runs_to_its_end() {
    needs!(busybox);
    let mut tried = 0;
    for file in fs::read_dir(EXAMPLES).expect("the examples") {
        let path = file.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        // The one with a unit has a test of its own: it needs more.
        if name.ends_with(".toml") && name != "campaign.toml" && name != "unit.toml" {
            to_its_end(&path, "software");
            tried += 1;
        }
    }
    assert!(tried >= 7, "only {tried} examples were found in {EXAMPLES}");
}

#[test]
fn the_example_with_a_unit_puts_out_what_the_one_without_does() {
    needs!(busybox);
    needs!(verilator);
    let by = |name: &str, comparator: &str| to_its_end(&Path::new(EXAMPLES).join(name), comparator);
    assert!(by("unit.toml", "unit") == by("default.toml", "software"));
}

/// Runs it; gives what it put out, which need not be text.
fn to_its_end(machine: &Path, comparator: &str) -> Vec<u8> {
    let console = folder().join(format!("example-{}", fastrand::u64(..)));
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let output = run(&["run", "--json", "--console", &path(&console), &path(machine)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty(), "{machine:?}: {said}");
    let events = Events::of(&output);
    let summary = events.summary();
    assert_eq!((&summary["end"], &summary["mismatches"]), (&"finished".into(), &0.into()), "{machine:?}");
    assert_eq!(summary["comparator"], comparator, "{machine:?}");
    let written = fs::read(&console).expect("what the guest wrote");
    assert!(!written.is_empty(), "{machine:?} put nothing out");
    written
}
