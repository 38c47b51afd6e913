//! The table in `docs/src/bitstreams.md`: every board, configuration and seed that a committed manifest has.

use crate::report::Table;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use covert_boards::{Board, Design, Manifest};
use std::fs;
use std::path::Path;

pub(super) const PAGE: &str = "docs/src/bitstreams.md";
const BEGIN: &str = "<!-- Written by `cargo xtask bitstream --table`; changes down to the next such line are overwritten. -->\n";
const END: &str = "<!-- End of what is written. -->\n";

pub(super) fn write(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read `{PAGE}`"))?;
    let page =
        replaced(&page, &text(&workspace.root)?).with_context(|| format!("`{PAGE}` has lost its marks"))?;
    fs::write(&path, page).with_context(|| format!("cannot write `{PAGE}`"))?;
    eprintln!("wrote {PAGE}");
    Ok(())
}

/// The page with another table between the marks.
fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

/// Every committed manifest.
fn manifests(root: &Path) -> Result<Vec<Manifest>> {
    let mut all = Vec::new();
    for board in Board::names(root)? {
        for design in Design::ALL {
            let path = root.join(Manifest::path(&board, design));
            if path.is_file() {
                all.push(Manifest::load(&path)?);
            }
        }
    }
    Ok(all)
}

fn text(root: &Path) -> Result<String> {
    let mut sizes = Table::new([
        "board",
        "part",
        "design",
        "LUT",
        "flip-flops",
        "block RAM",
        "LUT RAM",
        "comparator, plain",
        "comparator, complemented",
    ]);
    let mut speeds =
        Table::new(["board", "design", "seed", "MHz", "of 125 MHz", "longest path, ns", "through"]);
    for manifest in manifests(root)? {
        let design = match &manifest.unit {
            None => manifest.design.to_string(),
            Some(unit) => format!(
                "{}: {} lanes, {} group, {} bit",
                manifest.design, unit.lanes, unit.groups, unit.width
            ),
        };
        let copy = |of: Option<usize>| of.map_or_else(|| "-".to_owned(), |number| number.to_string());
        sizes.row([
            manifest.board.clone(),
            manifest.device.clone(),
            design,
            manifest.size.luts.to_string(),
            manifest.size.flip_flops.to_string(),
            manifest.size.block_rams.to_string(),
            manifest.size.distributed_rams.to_string(),
            copy(manifest.redundancy.map(|copies| copies.plain)),
            copy(manifest.redundancy.map(|copies| copies.complemented)),
        ]);
        for placement in &manifest.placements {
            let met = placement.fmax_mhz >= manifest.constraint_mhz;
            let packed = if Some(placement.seed) == manifest.seed { ", packed" } else { "" };
            speeds.row([
                manifest.board.clone(),
                manifest.design.to_string(),
                placement.seed.to_string(),
                format!("{:.2}", placement.fmax_mhz),
                format!("{}{packed}", if met { "met" } else { "missed" }),
                format!("{:.2}", placement.worst_ns),
                format!("`{}`", placement.worst_path),
            ]);
        }
    }
    Ok(format!("\n{}\n{}\n", sizes.markdown(), speeds.markdown()))
}

#[cfg(test)]
mod tests {
    use super::super::build::inputs;
    use super::*;
    use std::path::PathBuf;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn the_table_is_of_the_committed_bitstreams() {
        let page = fs::read_to_string(root().join(PAGE)).expect("it is committed");
        let table = text(&root()).expect("manifests");
        let stale = "run `cargo xtask bitstream --table`";
        assert!(replaced(&page, &table).as_deref() == Some(page.as_str()), "{stale}");
    }

    #[test]
    fn the_unit_for_ecp5_meets_its_clock_in_each_of_four_placements_and_is_the_fastest() {
        let path = root().join(Manifest::path("versa-ecp5", Design::Unit));
        let manifest = Manifest::load(&path).expect("it is committed");
        let seeds: Vec<u32> = manifest.placements.iter().map(|placement| placement.seed).collect();
        assert!(seeds.starts_with(&[1, 2, 3, 4]), "placed with seeds {seeds:?}");
        let packed = manifest.placement().expect("the packed one is among them");
        for placement in &manifest.placements {
            assert!(placement.fmax_mhz <= packed.fmax_mhz, "{placement:?}");
            assert!(placement.fmax_mhz >= manifest.constraint_mhz, "{placement:?}");
        }
        assert_eq!(manifest.constraint_mhz, super::super::GOAL);
    }

    #[test]
    fn the_unit_for_artix_7_is_routed_meets_its_clock_and_is_said_to_be_approximate() {
        let path = root().join(Manifest::path("acorn-cle-215-plus", Design::Unit));
        let manifest = Manifest::load(&path).expect("it is committed");
        let packed = manifest.placement().expect("the packed one is among them");
        assert!(packed.fmax_mhz >= super::super::GOAL, "{packed:?}");
        assert!(
            manifest.timing_model.starts_with("approximate open timing model"),
            "{}",
            manifest.timing_model
        );
        for kind in [".fasm", ".frames", ".bit"] {
            assert!(manifest.outputs.iter().any(|output| output.file.ends_with(kind)), "no {kind}");
        }
    }

    /// No card's manifest may look like that of a bitstream.
    #[test]
    fn a_card_behind_pcie_is_said_to_be_a_recipe_and_has_no_bitstream() {
        let cards: Vec<_> = manifests(&root()).expect("manifests");
        let cards: Vec<_> = cards.iter().filter(|manifest| manifest.design == Design::Pcie).collect();
        assert!(!cards.is_empty(), "no card was synthesised");
        for card in cards {
            assert!(card.note.starts_with("Recipe not run here, no hardware run."), "{}", card.note);
            assert!(card.seed.is_none() && card.placements.is_empty() && card.bitstream().is_none());
            assert!(card.redundancy.is_some(), "its copies were not counted");
        }
    }

    /// Placing the unit takes minutes: who changes the RTL is told that its bitstreams are of another one, and CI fails.
    #[test]
    fn every_committed_manifest_is_of_the_sources_as_they_are() {
        let scratch = std::env::temp_dir().join(format!("covert-manifests-{}", std::process::id()));
        for manifest in manifests(&root()).expect("manifests") {
            let board = Board::load(&root(), &manifest.board).expect("a board");
            let now = inputs(&root(), &board, manifest.design, &scratch).expect("inputs");
            if now == manifest.inputs {
                continue;
            }
            let stale = format!(
                "the committed {} of {} is of other sources: build it with `cargo xtask bitstream {1} --design {0} --write`",
                manifest.design, manifest.board
            );
            assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "{stale}");
            eprintln!("SKIPPED comparison of sources: {stale}");
        }
        std::fs::remove_dir_all(&scratch).expect("it was made");
    }

    #[test]
    fn every_bitstream_is_the_one_of_its_manifest_and_may_be_put_onto_its_board() {
        let mut found = 0;
        for manifest in manifests(&root()).expect("manifests") {
            let board = Board::load(&root(), &manifest.board).expect("a board");
            if let Some(redundancy) = manifest.redundancy {
                assert!(redundancy.plain >= redundancy.expected, "{redundancy:?}");
                assert!(redundancy.complemented >= redundancy.expected, "{redundancy:?}");
            }
            for output in manifest.outputs.iter().filter(|output| output.kept) {
                let path = root().join(Manifest::path(&manifest.board, manifest.design));
                let bytes = fs::read(path.with_file_name(&output.file)).expect("it is committed");
                manifest.fits(&board, &bytes).expect("it fits");
                found += 1;
            }
        }
        assert!(found > 0, "no bitstream is committed");
    }
}
