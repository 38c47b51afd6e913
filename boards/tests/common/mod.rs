//! What the tests of this crate share.

use covert_boards::ports::ports;
use covert_boards::top::Parts;
use std::path::Path;

/// The ports of the emitted unit and bridge.
pub(crate) fn parts() -> Parts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("it is committed");
    Parts {
        unit: ports(&read(covert_boards::UNIT_VERILOG), "redundancy_unit").expect("the unit"),
        bridge: ports(&read(covert_boards::BRIDGE_VERILOG), "serial_bridge").expect("the bridge"),
    }
}

/// Whether a skip of what this machine can run is a failure.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
