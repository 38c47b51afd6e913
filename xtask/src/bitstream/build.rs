//! One build: what it reads, the steps, and what came out.

use super::{GOAL, store::Store};
use crate::board;
use crate::fpga::netlist::{self, Module, Pair};
use crate::fpga::timing;
use crate::fpga::tools::{self, Tools, each_seed};
use crate::report::Progress;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, anyhow};
use covert_boards::board::Family;
use covert_boards::manifest::{Placement, Size, sha256};
use covert_boards::top::{TOP, UNIT};
use covert_boards::xray::{Database, assemble, undate};
use covert_boards::{Board, Design};
use covert_boards::{flow, pcie};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A build that can run: its inputs are in its folder.
pub(super) struct Build<'a> {
    board: &'a Board,
    pub(super) design: Design,
    pub(super) folder: PathBuf,
    /// What the tools read, by name and SHA-256.
    pub(super) inputs: BTreeMap<String, String>,
    /// What each tool says of itself.
    pub(super) tools: BTreeMap<String, String>,
    /// The packages that the tools and their databases came in.
    pub(super) packages: BTreeMap<String, String>,
    programs: Tools,
    store: Store,
}

/// What came out.
pub(super) struct Built {
    /// The seed that was packed; none where nothing is placed.
    pub(super) seed: Option<u32>,
    pub(super) placements: Vec<Placement>,
    pub(super) size: Size,
    pub(super) copies: Vec<Pair>,
    /// Names of files in the folder.
    pub(super) outputs: Vec<String>,
}

impl<'a> Build<'a> {
    /// In the board's folder of `target/boards/`. What a `fresh` build makes is stored, but nothing stored is taken.
    pub(super) fn new(
        workspace: &Workspace,
        board: &'a Board,
        design: Design,
        programs: Tools,
        fresh: bool,
    ) -> Result<Build<'a>> {
        let folder = board::folder(workspace, board, design);
        let store = Store::new(programs.cache_folder().join("bitstreams"), fresh);
        Build::at(&workspace.root, board, design, folder, programs, store)
    }

    pub(super) fn at(
        root: &Path,
        board: &'a Board,
        design: Design,
        folder: PathBuf,
        programs: Tools,
        store: Store,
    ) -> Result<Build<'a>> {
        let inputs = inputs(root, board, design, &folder)?;
        let used: &[&str] = match (design, board.device.family) {
            (Design::Pcie, _) => &["yosys"],
            (_, Family::Ecp5) => &["yosys", "nextpnr-ecp5", "ecppack"],
            (_, Family::Artix7) => &["yosys", "nextpnr-himbaechel-xilinx"],
        };
        let tools = programs.versions(used)?;
        let packages = programs.packages()?;
        Ok(Build { board, design, folder, inputs, tools, packages, programs, store })
    }

    /// Synthesises, places from each seed, `jobs` at a time, and packs the fastest placement: of equal ones that of the least seed. What
    /// is a recipe after its synthesis is not placed.
    pub(super) fn run(&self, seeds: &[u32], jobs: usize) -> Result<Built> {
        let family = self.board.device.family;
        let synthesis = flow::synthesis(self.board, self.design);
        let start = format!("{:?}\n{:?}", self.inputs, self.tools);
        let netlist_key = format!("{start}\n{}", flow::shell(&synthesis));
        let name = format!("yosys, {} for {}", self.design, self.board.name);
        self.store.get(&netlist_key, &self.folder, &[flow::NETLIST], || {
            tools::step(&name, &mut self.programs.command(&synthesis, &self.folder)?)
        })?;
        let netlist = self.folder.join(flow::NETLIST);
        let module =
            Module::parse(&read(&netlist)?, TOP).with_context(|| format!("in `{}`", netlist.display()))?;
        let twice = netlist::TWO_LANES;
        let copies = match self.design {
            Design::Alive => Vec::new(),
            Design::Unit => module.copies(twice, family, &format!("{UNIT}.")),
            Design::Pcie => module.copies(twice, family, &format!("{}.", pcie::UNIT)),
        };
        let (size, registers) = (module.size(family), module.registers(family));
        drop(module);
        if self.design == Design::Pcie {
            let outputs = vec![flow::NETLIST.to_owned()];
            return Ok(Built { seed: None, placements: Vec::new(), size, copies, outputs });
        }

        let place = |seed: u32| -> Result<Placement> {
            let step = flow::place(self.board, self.design, seed);
            let (report, placed) = (flow::report_file(seed), flow::placed_file(family, seed));
            let key = format!("{netlist_key}\n{}", flow::shell(&step));
            self.store.get(&key, &self.folder, &[&report, &placed], || {
                workspace::status(&mut self.programs.command(&step, &self.folder)?)
            })?;
            timing::placed(seed, &read(&self.folder.join(&report))?, &registers, GOAL)
                .with_context(|| format!("in `{report}`"))
        };
        let what = format!(
            "{}, {} for {}",
            flow::place(self.board, self.design, 0).program,
            self.design,
            self.board.name
        );
        let placements = each_seed(&what, seeds, jobs, place)?;
        let best = placements.iter().rev().max_by(|a, b| a.fmax_mhz.total_cmp(&b.fmax_mhz));
        let seed = best.context("no seed was given")?.seed;
        let outputs = self.pack(seed)?;
        Ok(Built { seed: Some(seed), placements, size, copies, outputs })
    }

    /// Makes the bitstream of a placement, and gives the names of all that came out, from the placement on.
    fn pack(&self, seed: u32) -> Result<Vec<String>> {
        let device = &self.board.device;
        let (placed, bit) = (flow::placed_file(device.family, seed), flow::bit_file(seed));
        let pack = |part_file: &str| {
            let step = flow::pack(self.board, seed, part_file);
            tools::step(step.program, &mut self.programs.command(&step, &self.folder)?)
        };
        if device.family == Family::Ecp5 {
            pack("")?;
            return Ok(vec![placed, bit]);
        }
        let native = self.programs.native();
        let native =
            native.context("Project X-Ray's database is not here: run `cargo xtask setup --fpga`")?;
        let (database, part) = (Database::artix7(&native), flow::part(device));
        let progress = Progress::start("assembling frames");
        let frames = assemble(&database, &device.part, &part, &read(&self.folder.join(&placed))?)?;
        let name = flow::frames_file(seed);
        write(&self.folder.join(&name), frames.text().as_bytes())?;
        progress.done("done");
        pack(&database.part_file(&part).display().to_string())?;
        let path = self.folder.join(&bit);
        let mut bytes = read_bytes(&path)?;
        undate(&mut bytes).map_err(|why| anyhow!("`{}`: {why}", path.display()))?;
        write(&path, &bytes)?;
        Ok(vec![placed, name, bit])
    }
}

/// Writes what the tools read to a folder, and gives the SHA-256 of each file by name.
pub(super) fn inputs(
    root: &Path,
    board: &Board,
    design: Design,
    folder: &Path,
) -> Result<BTreeMap<String, String>> {
    board::write(root, board, design, folder)?;
    let names = flow::sources(design).into_iter().chain([flow::pins_file(board.device.family)]);
    names.map(|name| Ok((name.to_owned(), sha256(&read_bytes(&folder.join(name))?)))).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use covert_boards::Manifest;

    /// Builds the smallest design from one seed where nothing was built before.
    fn build(
        board: &Board,
        seed: u32,
        folder: &Path,
        programs: Tools,
    ) -> (BTreeMap<String, String>, Vec<Vec<u8>>) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let store = Store::new(folder.join("store"), true);
        let build =
            Build::at(&root, board, Design::Alive, folder.join("build"), programs, store).expect("inputs");
        let built = build.run(&[seed], 1).expect("it builds");
        let outputs =
            built.outputs.iter().map(|file| read_bytes(&build.folder.join(file)).expect("it came out"));
        (build.tools.clone(), outputs.collect())
    }

    /// The whole flow, twice, in folders of different names; and against what is committed.
    #[test]
    fn a_bitstream_is_the_same_bytes_when_it_is_built_again() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository");
        let programs = || Tools::at(&root);
        if programs().native().is_none() {
            let skip = "SKIPPED bitstreams built again: missing the native tools; install with `cargo xtask setup --fpga`";
            assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "{skip}");
            eprintln!("{skip}");
            return;
        }
        let scratch = std::env::temp_dir().join(format!("covert-bitstream-{}", std::process::id()));
        for name in ["versa-ecp5", "acorn-cle-215-plus"] {
            let board = Board::load(&root, name).expect("a board");
            let committed =
                Manifest::load(&root.join(Manifest::path(name, Design::Alive))).expect("committed");
            let seed = committed.seed.expect("it was placed");
            let (tools, once) = build(&board, seed, &scratch.join(name).join("one"), programs());
            let (_, again) =
                build(&board, seed, &scratch.join(name).join("another, with a longer name"), programs());
            assert_eq!(hashes(&once), hashes(&again), "{name}: two builds differ");
            if committed.tools == tools {
                assert_eq!(hashes(&once), expected(&committed), "{name}: not what is committed");
            } else {
                eprintln!(
                    "SKIPPED {name} against what is committed: built by {:?}, here {tools:?}",
                    committed.tools
                );
            }
        }
        fs::remove_dir_all(&scratch).expect("it was made");
    }

    fn hashes(outputs: &[Vec<u8>]) -> Vec<String> {
        outputs.iter().map(|bytes| sha256(bytes)).collect()
    }

    fn expected(committed: &Manifest) -> Vec<String> {
        committed.outputs.iter().map(|output| output.sha256.clone()).collect()
    }

    /// Tools of other builds, in WebAssembly: of a design this small nothing depends on the versions of this year.
    #[test]
    fn the_slow_tools_build_the_committed_bytes_of_the_smallest_design() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository");
        let programs = || Tools::at(&root).slow();
        if let Some(why) =
            ["yosys", "nextpnr-ecp5", "ecppack"].iter().find_map(|name| programs().find(name).err())
        {
            let skip = format!("SKIPPED the build by slow tools: {why:#}");
            assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "{skip}");
            eprintln!("{skip}");
            return;
        }
        let scratch = std::env::temp_dir().join(format!("covert-slow-bitstream-{}", std::process::id()));
        let board = Board::load(&root, "versa-ecp5").expect("a board");
        let committed =
            Manifest::load(&root.join(Manifest::path("versa-ecp5", Design::Alive))).expect("committed");
        let seed = committed.seed.expect("it was placed");
        let (tools, built) = build(&board, seed, &scratch, programs());
        assert!(tools["nextpnr-ecp5"].contains("yowasp"), "{tools:?}");
        assert_eq!(
            hashes(&built),
            expected(&committed),
            "built by {tools:?}; no fault if newer ones of either kind were taken on purpose: then compare less here"
        );
        fs::remove_dir_all(&scratch).expect("it was made");
    }
}
