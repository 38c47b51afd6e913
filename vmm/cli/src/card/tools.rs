//! What `covert doctor` says of the tools that simulate a card, make what goes onto one, and load it. Nobody needs them to run a card
//! that is there.

use crate::doctor::Finding;
use std::path::PathBuf;

/// Programs of one purpose, and how to get them.
struct Purpose {
    what: &'static str,
    programs: &'static [&'static str],
    remedy: &'static str,
}

const PURPOSES: [Purpose; 3] = [
    Purpose {
        what: "tools that simulate a card",
        programs: &["verilator", "g++"],
        remedy: "for `card = \"verilated\"` and `covert card serve`: `cargo xtask setup`",
    },
    Purpose {
        what: "synthesis tools",
        programs: &["yosys", "nextpnr-ecp5", "ecppack"],
        remedy: "for `cargo xtask bitstream`: `cargo xtask setup --fpga`",
    },
    Purpose {
        what: "loader of bitstreams",
        programs: &["openFPGALoader"],
        remedy: "for `covert card flash`: `cargo xtask setup --fpga`",
    },
];

/// How it stands with each purpose; tools are looked for by this.
pub fn examine(find: impl Fn(&str) -> Option<PathBuf>) -> Vec<Finding> {
    let stand = |purpose: &Purpose| {
        let (found, missing): (Vec<&str>, Vec<&str>) =
            purpose.programs.iter().partition(|program| find(program).is_some());
        if missing.is_empty() {
            Finding::good(purpose.what, found.join(", "))
        } else {
            Finding::absent(purpose.what, format!("no {}", missing.join(", ")), purpose.remedy)
        }
    };
    PURPOSES.iter().map(stand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_tool_that_is_missing_is_named_with_the_command_that_gets_it() {
        let findings = examine(|program| (program != "nextpnr-ecp5").then(PathBuf::new));
        let states: Vec<State> = findings.iter().map(|finding| finding.state).collect();
        assert_eq!(states, [State::Good, State::Absent, State::Good]);
        assert_eq!(findings[1].found, "no nextpnr-ecp5");
        assert!(findings[1].remedy.contains("cargo xtask setup --fpga"), "{:?}", findings[1]);
    }
}
