//! Frames from FASM, by a database of a few lines.

#[path = "common/edit.rs"]
mod edit;

use covert_boards::xray::{Database, Frames, assemble, parse};
use edit::edited;
use proptest::prelude::*;
use proptest::sample::select;
use std::fs;
use std::path::PathBuf;

/// A database of its own for one test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("covert-xray-{name}-{}", std::process::id()));
        for (path, text) in FILES {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
            fs::write(path, text).expect("a temporary file");
        }
        Scratch(folder)
    }

    fn assemble(&self, fasm: &str) -> Result<Frames, String> {
        assemble(&Database::at(&self.0), "part", "packaged", fasm).map_err(|error| error.to_string())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The database: its files by path.
const FILES: [(&str, &str); 7] = [
    ("part/tilegrid.json", GRID),
    (
        "packaged/package_pins.csv",
        "pin,bank,site,tile,pin_function\nA1,35,IOB_X0Y1,LIOB33_X0Y0,IO\nA2,35,IOB_X0Y3,LIOB33_X0Y2,IO\n",
    ),
    (
        "segbits_clb.db",
        "CLB.FF.ZINI 01_05\nCLB.FF.LATCH !01_05 01_06\nCLB.LUT.INIT[00] 00_31\nCLB.LUT.INIT[01] 00_32\nCLB.OUT 00_64\nCLB.FAR 02_00\n",
    ),
    ("ppips_clb.db", "CLB.WIRE always\n"),
    ("segbits_bram.db", "BRAM.MODE 00_00\n"),
    ("segbits_bram.block_ram.db", "BRAM.INIT_00[000] 03_07\n"),
    ("segbits_liob33.db", "LIOB33.IOB_Y0.A_SSTL15.STEPDOWN 00_00\nLIOB33.IOB_Y1.A_SSTL15.STEPDOWN 00_64\n"),
];

const GRID: &str = r#"{
  "CLB_X0Y0": {"type": "CLB", "bits": {"CLB_IO_CLK": {"baseaddr": "0x00000100", "frames": 2, "offset": 4, "words": 2}}},
  "BRAM_X0Y0": {"type": "BRAM", "bits": {
    "CLB_IO_CLK": {"baseaddr": "0x00000200", "frames": 1, "offset": 0, "words": 10},
    "BLOCK_RAM": {"baseaddr": "0x00C00000", "frames": 4, "offset": 0, "words": 10}}},
  "LIOB33_X0Y0": {"type": "LIOB33", "sites": {"IOB_X0Y0": "IOB33", "IOB_X0Y1": "IOB33"},
    "bits": {"CLB_IO_CLK": {"baseaddr": "0x00000300", "frames": 1, "offset": 0, "words": 4}}},
  "LIOB33_X0Y2": {"type": "LIOB33_SING", "sites": {"IOB_X0Y3": "IOB33"}, "bits": {"CLB_IO_CLK":
    {"baseaddr": "0x00000300", "frames": 1, "offset": 50, "words": 2,
     "alias": {"type": "LIOB33", "start_offset": 2, "sites": {}}}}}
}"#;

/// The bits that are set: frame, word, bit.
fn set(frames: &Frames) -> Vec<(u32, usize, u32)> {
    let bits = |(address, words): (&u32, &[u32; 101])| {
        let address = *address;
        let words = *words;
        (0..101).flat_map(move |word| {
            (0..32).filter(move |bit| words[word] >> bit & 1 == 1).map(move |bit| (address, word, bit))
        })
    };
    frames.0.iter().flat_map(bits).collect()
}

#[test]
fn a_feature_sets_its_bits_in_its_tile() {
    let scratch = Scratch::new("sets");
    let frames = scratch
        .assemble("CLB_X0Y0.FF.ZINI\nCLB_X0Y0.LUT.INIT[1:0] = 2'b11\nBRAM_X0Y0.INIT_00[255:0] = 256'h1\nBRAM_X0Y0.MODE\nCLB_X0Y0.WIRE\n")
        .expect("a design");
    let expected = [(0x100, 4, 31), (0x100, 5, 0), (0x101, 4, 5), (0x200, 0, 0), (0x00C0_0003, 0, 7)];
    assert_eq!(set(&frames), expected);
    // Every frame of the part is there, and has its words.
    assert_eq!(
        frames.0.keys().copied().collect::<Vec<_>>(),
        [0x100, 0x101, 0x200, 0x300, 0xC0_0000, 0xC0_0001, 0xC0_0002, 0xC0_0003]
    );
    let text = frames.text();
    let first = text.lines().next().expect("a frame");
    assert!(first.starts_with("0x00000100 0x00000000,") && first.split(',').count() == 101, "{first}");
}

#[test]
fn a_low_supply_is_told_to_the_unused_pins_of_its_bank() {
    let scratch = Scratch::new("bank");
    let frames = scratch.assemble("LIOB33_X0Y0.IOB_Y0.A_SSTL15.STEPDOWN\n").expect("a design");
    // The used pin, its neighbour, and the single one at the bank's end, which borrows its bits.
    assert_eq!(set(&frames), [(0x300, 0, 0), (0x300, 2, 0), (0x300, 50, 0)]);
}

#[test]
fn what_cannot_be_placed_is_refused_by_name() {
    let scratch = Scratch::new("refused");
    for (fasm, expected) in [
        ("CLB_X9Y9.FF.ZINI", "no such tile"),
        ("CLB_X0Y0.FF.NONE", "no such feature"),
        ("CLB_X0Y0.LUT.INIT[2]", "no such feature"),
        ("CLB_X0Y0.OUT", "outside of the tile"),
        ("CLB_X0Y0.FAR", "outside of the tile"),
        ("LIOB33_X0Y2.IOB_Y0.A_SSTL15.STEPDOWN", "outside of the tile"),
        ("CLB_X0Y0.FF.ZINI\nCLB_X0Y0.FF.LATCH", "wants one of its bits otherwise"),
        ("nonsense", "line 1"),
    ] {
        let error = scratch.assemble(fasm).expect_err(fasm);
        assert!(error.contains(expected), "{fasm}: {error}");
    }
}

#[test]
fn a_damaged_database_is_refused_and_nothing_panics() {
    let scratch = Scratch::new("damaged");
    for (file, text) in [
        ("segbits_clb.db", "CLB.FF.ZINI\n"),
        ("segbits_clb.db", "CLB.FF.ZINI x_1\n"),
        ("segbits_clb.db", "CLB.LUT[x] 0_1\n"),
        ("ppips_clb.db", "CLB.WIRE perhaps\n"),
        ("packaged/package_pins.csv", "head\nA1,35\n"),
        ("part/tilegrid.json", "[]"),
        (
            "part/tilegrid.json",
            r#"{"CLB_X0Y0": {"type": "CLB", "bits": {"CLB_IO_CLK": {"baseaddr": "0xZ", "frames": 1, "offset": 0, "words": 1}}}}"#,
        ),
    ] {
        let path = scratch.0.join(file);
        let good = fs::read_to_string(&path).expect("a temporary file");
        fs::write(&path, text).expect("a temporary file");
        assert!(scratch.assemble("CLB_X0Y0.FF.ZINI\n").is_err(), "{file}: {text}");
        fs::write(&path, good).expect("a temporary file");
    }
    // A place that is not within the frames and addresses that there are.
    let wild = GRID.replacen("0x00000100", "0xFFFFFFFF", 1).replacen(r#""offset": 4"#, r#""offset": 100"#, 1);
    fs::write(scratch.0.join("part/tilegrid.json"), wild).expect("a temporary file");
    assert!(scratch.assemble("CLB_X0Y0.FF.ZINI\nCLB_X0Y0.LUT.INIT[1]\n").is_err());
}

/// FASM, and what nearly is: tiles, features, ranges and values that there are and that there are not.
fn nearly_fasm() -> impl Strategy<Value = String> {
    let line = (
        select(&["CLB_X0Y0", "BRAM_X0Y0", "LIOB33_X0Y0", "LIOB33_X0Y2", "T", "", "é"][..]),
        select(
            &[
                ".FF.ZINI",
                ".LUT.INIT",
                ".INIT_00",
                ".IOB_Y0.A_SSTL15.STEPDOWN",
                ".IOB_Y1.STEPDOWN",
                ".",
                ".A b",
                "",
            ][..],
        ),
        select(
            &[
                "",
                "[0]",
                "[1:0]",
                "[255:0]",
                "[4294967295:0]",
                "[4294967295:4294967295]",
                "[0:1]",
                "[",
                "[x]",
                "][",
            ][..],
        ),
        select(
            &[
                "",
                "=",
                " = 1",
                " = 2'b11",
                " = 256'h_f",
                " = 'h",
                " = 'é",
                " = 9999999999999999999999999999999999999999",
                "==1",
            ][..],
        ),
    );
    proptest::collection::vec(line, 0..12).prop_map(|lines| {
        lines.into_iter().map(|(tile, name, range, value)| format!("{tile}{name}{range}{value}\n")).collect()
    })
}

proptest! {
    #[test]
    fn any_text_as_fasm_is_read_or_refused_by_its_line(text in prop_oneof![any::<String>(), nearly_fasm(), "[TA.\\[\\]:='bh0-9_ #\n]{0,60}"]) {
        match parse(&text) {
            Ok(features) => prop_assert!(features.iter().all(|feature| !feature.tile.is_empty() && !feature.name.is_empty())),
            Err(why) => prop_assert!(why.starts_with("line "), "{}", why),
        }
    }

    /// Frames, all of the part, or an error: of any design by this database, and of any damaged database.
    #[test]
    fn any_design_and_database_give_frames_or_an_error(
        (path, text) in select(&FILES[..]).prop_flat_map(|(path, text)| (Just(path), prop_oneof![Just(text.to_owned()), edited(text.into())])),
        fasm in prop_oneof![nearly_fasm(), Just(DESIGN.to_owned()), edited(DESIGN.into())],
    ) {
        let scratch = Scratch::new("any");
        fs::write(scratch.0.join(path), &text).expect("a temporary file");
        if let Ok(frames) = scratch.assemble(&fasm) {
            prop_assert!(frames.text().lines().count() == frames.0.len());
        }
    }
}

/// A design that has something in every tile.
const DESIGN: &str = "CLB_X0Y0.FF.ZINI\nCLB_X0Y0.LUT.INIT[1:0] = 2'b11\nBRAM_X0Y0.INIT_00[255:0] = 256'h1\nBRAM_X0Y0.MODE\n\
                      LIOB33_X0Y0.IOB_Y0.A_SSTL15.STEPDOWN\n";
