//! Whatever stands in a board's description, a list of balls, a manifest or a bitstream: it is read or refused, and nothing panics.

#[path = "common/edit.rs"]
mod edit;

use covert_boards::check::check;
use covert_boards::package::Package;
use covert_boards::ports::{instances, ports};
use covert_boards::xray::undate;
use covert_boards::{
    BRIDGE_VERILOG, Board, Design, Manifest, UNIT_VERILOG, constraints, flash, flow, pcie, top,
};
use edit::{PIECES, edited};
use proptest::prelude::*;
use proptest::sample::select;
use std::path::Path;
use std::sync::LazyLock;

fn committed(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).expect("it is committed")
}

/// A list of balls with the same in one column of all of them.
fn column(balls: String) -> impl Strategy<Value = String> {
    (1..4usize, select(PIECES)).prop_map(move |(column, piece)| {
        let line = |line: &str| {
            let mut cells: Vec<&str> = line.split(',').collect();
            if let (Some(cell), false) = (cells.get_mut(column), line.starts_with("ball,")) {
                *cell = piece;
            }
            cells.join(",") + "\n"
        };
        balls.lines().map(line).collect()
    })
}

/// Everything that is made of a board that is in order.
fn use_it(board: &Board, package: &Package) {
    static PARTS: LazyLock<top::Parts> = LazyLock::new(|| {
        let of = |path, module| ports(&committed(path), module).expect("its ports");
        let (unit, bridge) = (of(UNIT_VERILOG, "redundancy_unit"), of(BRIDGE_VERILOG, "serial_bridge"));
        top::Parts { unit, bridge }
    });
    let faults = check(board, package);
    for (design, parts) in [(Design::Alive, None), (Design::Unit, Some(&*PARTS))] {
        let made = top::top(board, parts);
        assert!(made.is_ok() || !faults.is_empty(), "in order, and no top level: {:?}", made.err());
        let _ = (constraints::constraints(board, design), flow::script(board, design, 1));
    }
    let _ = (pcie::top(board), pcie::constraints(board), Package::path(&board.device));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_board_and_list_of_balls_is_in_order_or_refused(
        (board, balls) in select(&[
            ("versa-ecp5", "LFE5UM5G-45F-CABGA381"),
            ("acorn-cle-215-plus", "xc7a200t-fbg484"),
            ("ax7203", "xc7a200t-fbg484"),
        ][..]).prop_flat_map(|(board, package)| {
            let (board, package) = (format!("boards/{board}/board.toml"), format!("boards/packages/{package}.csv"));
            (prop_oneof![Just(committed(&board)), edited(committed(&board))], prop_oneof![Just(committed(&package)), edited(committed(&package)), column(committed(&package))])
        })
    ) {
        if let (Ok(board), Ok(package)) = (Board::parse("edited", &board), Package::parse(&balls)) {
            use_it(&board, &package);
        }
    }

    #[test]
    fn any_manifest_is_of_this_bitstream_or_refused(text in edited(committed("fpga-bitstreams/versa-ecp5/alive.json"))) {
        static BOARD: LazyLock<Board> =
            LazyLock::new(|| Board::parse("versa-ecp5", &committed("boards/versa-ecp5/board.toml")).expect("a board"));
        if let Ok(manifest) = Manifest::parse("edited.json", &text) {
            let (file, content) = (Path::new("edited.bit"), b"another one");
            prop_assert!(flash::arguments(&BOARD, &manifest, file, content, flash::Target::Flash).is_err());
            prop_assert_eq!(Manifest::parse("again.json", &manifest.text()).expect("its own text"), manifest);
        }
    }

    #[test]
    fn any_file_as_bitstream_has_a_head_or_is_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..80), head in any::<bool>()) {
        if head {
            // The head of a `.bit`, and then fields that may be longer than what is left.
            let start = [&[0, 9][..], &[0; 9], &[0, 1], b"c\0\x0b2026/11/22\0d"].concat();
            bytes.splice(0..0, start);
        }
        let _ = undate(&mut bytes);
    }

    #[test]
    fn any_verilog_has_ports_or_is_refused(text in prop_oneof![any::<String>(), edited("module m (\n  input wire [7:0] a,\n  output reg b\n);\n  lane x (\nendmodule\n".into())]) {
        let _ = (ports(&text, "m"), instances(&text, "m", "lane"));
    }
}
