//! The boards of this repository, and what a wrong description of one gives.

use covert_boards::board::Family;
use covert_boards::check::check;
use covert_boards::manifest::UnitSize;
use covert_boards::package::Package;
use covert_boards::{Board, Design, Manifest, constraints, pcie};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join("boards").join(name).join("board.toml")).expect("it is committed")
}

fn all() -> Vec<Board> {
    let names = Board::names(&root()).expect("there are boards");
    names.iter().map(|name| Board::load(&root(), name).expect("a description")).collect()
}

fn faults(board: &Board) -> Vec<String> {
    check(board, &Package::load(&root(), &board.device).expect("its package is known"))
}

#[test]
fn every_board_is_in_order() {
    let boards = all();
    for name in ["versa-ecp5", "acorn-cle-215-plus", "ax7203"] {
        assert!(boards.iter().any(|board| board.name == name), "{name}");
    }
    for board in boards {
        assert_eq!(faults(&board), Vec::<String>::new(), "{}", board.name);
    }
}

/// One change to a description, and what is said of it.
#[test]
fn each_kind_of_mistake_is_named() {
    let cases = [
        ("versa-ecp5", r#"ball = "E16""#, r#"ball = "E99""#, "leds[0]: CABGA381 has no I/O at E99"),
        ("versa-ecp5", r#"ball = "E16""#, r#"ball = "D17""#, "leds[1]: D17 is leds[0] already"),
        ("versa-ecp5", r#"ball = "P3""#, r#"ball = "E17""#, "oscillator: E17 is no clock input"),
        ("versa-ecp5", r#"negative = "P4""#, r#"negative = "F17""#, "oscillator: its two balls are no pair"),
        ("versa-ecp5", "negative = \"P4\"\n", "", "oscillator: LVDS without a negative ball"),
        ("versa-ecp5", "100_000_000", "100_000_001", "oscillator: no dividers"),
        (
            "versa-ecp5",
            r#""C11", standard = "LVCMOS33""#,
            r#""C11", standard = "LVCMOS18""#,
            "in bank 0, which",
        ),
        (
            "versa-ecp5",
            r#""C11", standard = "LVCMOS33""#,
            r#""C11", standard = "ECL""#,
            "the supply of ECL is not known",
        ),
        (
            "versa-ecp5",
            r#""C11", standard = "LVCMOS33""#,
            r#""C11", standard = "LVCMOS33\n33""#,
            r"the supply of LVCMOS33\n33 is not known",
        ),
        ("versa-ecp5", "Lattice ECP5-5G", r"Lattice\nECP5-5G", "title: it is not one line"),
        ("versa-ecp5", "lanes = 1", "lanes = 2", "pcie.receive: 1 pairs for 2 lanes"),
        ("versa-ecp5", "lanes = 1", "lanes = 3", "pcie: there is no link of 3 lanes"),
        (
            "versa-ecp5",
            r#"positive = "Y5""#,
            r#"positive = "Q5""#,
            "pcie.receive[0], positive: CABGA381 has no ball Q5",
        ),
        ("versa-ecp5", r#"positive = "Y5""#, r#"positive = "A7""#, "A7 is an ordinary I/O of bank 0"),
        ("versa-ecp5", "baud = 1_000_000", "baud = 115_200", "serial: 115200 baud"),
        ("versa-ecp5", "baud = 1_000_000", "baud = 0", "serial: 0 baud"),
        ("versa-ecp5", "amaranth = ", "migen = ", "`amaranth` is no document of [sources]"),
        ("versa-ecp5", "bytes = 16_777_216", "bytes = 0", "flash:"),
        (
            "acorn-cle-215-plus",
            r#"ball = "G3""#,
            r#"ball = "B10""#,
            "leds[0]: B10 is MGTPRXP2_216, a transceiver's",
        ),
        (
            "acorn-cle-215-plus",
            r#"negative = "H19""#,
            r#"negative = "G17""#,
            "oscillator: its two balls are no pair",
        ),
        (
            "acorn-cle-215-plus",
            r#"positive = "B6""#,
            r#"positive = "F10""#,
            "F10 is MGTREFCLK1P_216, no MGTPTX",
        ),
        ("acorn-cle-215-plus", r#"negative = "E6""#, r#"negative = "E10""#, "are no pair"),
        (
            "acorn-cle-215-plus",
            r#""J1", standard = "LVCMOS33""#,
            r#""J1", standard = "LVCMOS15""#,
            "in bank 35, which",
        ),
    ];
    for (name, from, to, expected) in cases {
        let text = text(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        let board = Board::parse(name, &text.replacen(from, to, 1)).expect("still a description");
        let faults = faults(&board);
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{name}, {to}: {faults:?}");
    }
}

#[test]
fn a_description_with_an_unknown_or_missing_field_is_refused() {
    for (from, to) in [
        ("title =", "titel ="),
        ("hertz = 100_000_000\n", ""),
        ("\"ecp5\"", "\"ecp6\""),
        ("lanes = 1", "lanes = \"1\""),
    ] {
        let text = text("versa-ecp5");
        assert!(text.contains(from), "{from}");
        assert!(Board::parse("versa-ecp5", &text.replacen(from, to, 1)).is_err(), "{to}");
    }
    assert!(Board::load(&root(), "../boards/versa-ecp5").is_err());
    assert!(Board::load(&root(), "none").expect_err("none").to_string().contains("versa-ecp5"));
}

#[test]
fn what_is_not_there_is_told_with_what_to_do() {
    let why = Board::load(Path::new("/nowhere"), "versa-ecp5").expect_err("no repository").to_string();
    assert!(why.contains("no folder of boards at `/nowhere/boards`") && why.contains("--root"), "{why}");
    let path = root().join(Manifest::path("none", Design::Unit));
    let why = Manifest::load(&path).expect_err("no such board").to_string();
    assert!(why.contains("none/unit.json") && why.contains("cargo xtask bitstream BOARD"), "{why}");
}

/// A manifest that asked for less than the clock that the board gives the unit.
#[test]
fn a_bitstream_that_misses_the_units_clock_fits_no_board_whatever_was_asked_of_it() {
    let path = root().join("fpga-bitstreams/versa-ecp5/alive");
    let content = std::fs::read(path.with_extension("bit")).expect("committed");
    let mut manifest = Manifest::load(&path.with_extension("json")).expect("committed");
    let board = Board::load(&root(), "versa-ecp5").expect("a board");
    manifest.fits(&board, &content).expect("as committed");
    manifest.constraint_mhz = 100.0;
    manifest.fits(&board, &content).expect("faster than it must be");
    manifest.placements[0].fmax_mhz = 124.9;
    let why = manifest.fits(&board, &content).expect_err("too slow").to_string();
    assert!(why.contains("124.90 of 125 MHz"), "{why}");
}

#[test]
fn every_port_of_a_top_level_is_placed_and_its_clock_constrained() {
    for board in all() {
        for design in [Design::Alive, Design::Unit] {
            let parts = (design == Design::Unit).then(common::parts);
            let top = covert_boards::top::top(&board, parts.as_ref()).expect("a top level");
            let pins = constraints::constraints(&board, design);
            let head: Vec<&str> = top
                .split("\n);")
                .next()
                .expect("a head")
                .lines()
                .skip_while(|l| !l.starts_with("module"))
                .skip(1)
                .collect();
            let mut placed = 0;
            for line in &head {
                let port = line.trim_end_matches(',').rsplit(' ').next().expect("a name");
                let marks = match board.device.family {
                    Family::Ecp5 => {
                        [format!("LOCATE COMP \"{port}\" SITE"), format!("IOBUF PORT \"{port}\" IO_TYPE")]
                    }
                    Family::Artix7 => {
                        ["PACKAGE_PIN", "IOSTANDARD"].map(|property| format!("set_property {property} "))
                    }
                };
                for mark in marks {
                    let found = pins.lines().any(|l| {
                        l.starts_with(&mark)
                            && (l.contains('"') || l.ends_with(&format!("[get_ports {port}]")))
                    });
                    assert!(found, "{}, {design}: {port} has no `{mark}`", board.name);
                }
                placed += 1;
            }
            assert!(placed >= 4, "{placed} ports");
            let clock = match board.device.family {
                Family::Ecp5 => "FREQUENCY PORT \"oscillator\" 100 MHZ;",
                Family::Artix7 => "create_clock -period 5.000 [get_ports oscillator]",
            };
            assert!(pins.lines().any(|line| line == clock), "{}: {pins}", board.name);
        }
    }
}

/// The committed unit, as a manifest has it.
#[test]
fn a_manifest_has_the_configuration_of_the_unit() {
    let verilog = std::fs::read_to_string(root().join(covert_boards::UNIT_VERILOG)).expect("it is committed");
    let unit = UnitSize::of(&verilog).expect("the unit");
    assert_eq!((unit.lanes, unit.groups, unit.width), (2, 1, 64));
    assert!(
        verilog.contains(&format!("32'h{}", &unit.rtl_hash[..8])) && unit.rtl_hash.len() == 16,
        "{unit:?}"
    );
    assert!(UnitSize::of("module other (\n);\nendmodule\n").is_err());
    assert!(UnitSize::of(&verilog.replace("rtl_hash$lo = ", "rtl_hash$lo <= ")).is_err());
}

/// What is brought up needs no PCIe: the link's balls are in the recipe's file alone.
#[test]
fn pcie_is_constrained_in_the_recipe_alone() {
    let mut cards = 0;
    for board in all() {
        let link = board.pcie.as_ref().expect("these boards have a link");
        let balls = link.receive.iter().chain(&link.transmit).chain([&link.reference_clock]);
        let balls = balls.flat_map(|pair| [&pair.positive, &pair.negative]).chain([&link.reset.ball]);
        let bringup = constraints::constraints(&board, Design::Unit);
        let card = board.designs().any(|design| design == Design::Pcie).then(|| {
            cards += 1;
            pcie::constraints(&board).expect("pins")
        });
        for ball in balls {
            let named =
                |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == ball);
            assert!(card.as_deref().is_none_or(named), "{}: {ball} is not in the recipe", board.name);
            assert!(!named(&bringup), "{}: {ball}", board.name);
        }
    }
    assert_eq!(cards, 2);
}

#[test]
fn every_port_of_a_card_behind_pcie_has_its_ball_and_no_other() {
    for board in all() {
        let Ok(top) = pcie::top(&board) else {
            assert_eq!(board.device.family, Family::Ecp5, "{}", board.name);
            assert!(pcie::constraints(&board).is_err());
            continue;
        };
        let head = top.split("module covert_top (\n").nth(1).expect("a head").split("\n);").next();
        let mut expected = Vec::new();
        for line in head.expect("ports").lines() {
            let words: Vec<&str> = line.trim().trim_end_matches(',').split(' ').collect();
            match words[..] {
                [_, "wire", name] => expected.push(name.to_owned()),
                [_, "wire", range, name] => {
                    assert_eq!(range, "[3:0]", "these boards have four lanes");
                    expected.extend((0..4).map(|lane| format!("{name}[{lane}]")));
                }
                _ => panic!("{line}"),
            }
        }
        let pins = pcie::constraints(&board).expect("pins");
        let placed = pins.lines().filter(|line| line.starts_with("set_property PACKAGE_PIN")).map(|line| {
            line.split("get_ports ")
                .nth(1)
                .expect("a port")
                .trim_matches(['{', '}', ']'].as_slice())
                .to_owned()
        });
        // The last bracket of `{a[0]}]` goes with the others.
        let whole = |name: String| if name.contains('[') { name + "]" } else { name };
        let mut placed: Vec<String> = placed.map(whole).collect();
        placed.sort();
        expected.sort();
        assert_eq!(placed, expected, "{}", board.name);
        assert!(pins.ends_with("create_clock -period 10.000 [get_ports sys_clk_p]\n"), "{pins}");
    }
}

/// The committed lists of balls against the database that they came from.
#[test]
fn packages_are_those_of_the_tools_database() {
    let cache = root().join(std::env::var_os("COVERT_CACHE").unwrap_or_else(|| ".cache".into()));
    let tools = cache.join("fpga");
    if !tools.join("versions").is_file() {
        let skip = "SKIPPED comparison of package pins: missing the tools' databases; install with `cargo xtask setup --fpga`";
        assert!(!common::in_ci(), "{skip}");
        eprintln!("{skip}");
        return;
    }
    for board in all() {
        let database = Package::from_database(&tools, &board.device).expect("the database has it");
        assert_eq!(Package::load(&root(), &board.device).expect("committed"), database, "{}", board.name);
    }
}

#[test]
fn a_list_of_balls_that_is_none_is_refused() {
    let good = "# origin\nball,bank,site,function\nA1,35,X,F\n";
    assert_eq!(Package::parse(good).expect("a list").balls.len(), 1);
    for bad in [
        "",
        "A1,35,X,F",
        "ball,bank,site,function\nA1,35",
        "ball,bank,site,function\nA1,x,X,F",
        "ball,bank,site,function\nA1,1,X,F\nA1,1,X,F",
    ] {
        assert!(Package::parse(bad).is_err(), "{bad}");
    }
}

mod common;
