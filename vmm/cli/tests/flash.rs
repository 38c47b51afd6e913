//! `covert card flash` with loaders that write down how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own, which is a folder of the search path, with an empty cache; removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    /// With such a loader on the search path, that exits with `status`.
    fn new(name: &str, status: u8) -> Scratch {
        let scratch = Scratch::empty(name);
        scratch.loader("", status);
        scratch
    }

    fn empty(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("covert-flash-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("cache/bin")).expect("a temporary folder");
        Scratch(folder)
    }

    fn loader(&self, folder: &str, status: u8) {
        let loader = self.0.join(folder).join("openFPGALoader");
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$(dirname \"$0\")/called\"\nexit {status}\n");
        fs::write(&loader, text).expect("a program");
        fs::set_permissions(&loader, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    /// Nothing of this machine is found: neither its cache nor its search path.
    fn flash(&self, arguments: &[&str]) -> Output {
        let path = std::env::join_paths([self.0.as_path(), "/usr/bin".as_ref(), "/bin".as_ref()]);
        let mut covert = Command::new(env!("CARGO_BIN_EXE_covert"));
        covert.args(["card", "flash", "--root"]).arg(root()).args(arguments);
        covert.env("PATH", path.expect("a search path")).env("COVERT_CACHE", self.0.join("cache"));
        covert.output().expect("covert runs")
    }

    /// The arguments that the loader was called with; none if it was not.
    fn called(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.0.join("called")).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }

    /// A copy of the committed manifest with one change, and of its bitstream.
    fn manifest(&self, from: &str, to: &str) -> String {
        let committed = root().join("fpga-bitstreams/versa-ecp5");
        let text = fs::read_to_string(committed.join("alive.json")).expect("committed");
        assert!(text.contains(from), "the manifest has no `{from}`");
        let path = self.0.join("alive.json");
        fs::write(&path, text.replacen(from, to, 1)).expect("a temporary file");
        fs::copy(committed.join("alive.bit"), self.0.join("alive.bit")).expect("committed");
        path.display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn error(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const BIT: &str = "fpga-bitstreams/versa-ecp5/alive.bit";

#[test]
fn the_loader_is_called_for_the_board_with_the_bitstream() {
    let scratch = Scratch::new("called", 0);
    let bit = root().join(BIT).display().to_string();
    for (more, expected) in [
        (&[][..], &["--cable", "ft2232", "--write-flash", "--verify", "--file-type", "bit", &bit][..]),
        (&["--volatile"], &["--cable", "ft2232", "--write-sram", "--file-type", "bit", &bit]),
    ] {
        let output = scratch.flash(&[&["versa-ecp5", "--design", "alive"], more].concat());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(scratch.called().expect("it was called"), expected);
    }
}

#[test]
fn a_dry_run_prints_the_command_and_calls_nothing() {
    let scratch = Scratch::new("dry", 0);
    let output = scratch.flash(&["versa-ecp5", "--design", "alive", "--dry-run"]);
    assert!(output.status.success(), "{output:?}");
    let expected = "openFPGALoader --cable ft2232 --write-flash --verify --file-type bit ";
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with(expected) && printed.ends_with(&format!("{BIT}\n")), "{printed}");
    assert_eq!(scratch.called(), None);
    assert!(String::from_utf8_lossy(&output.stderr).contains("was not run on hardware"), "{output:?}");
}

#[test]
fn a_bitstream_that_does_not_fit_is_refused() {
    let scratch = Scratch::new("refused", 0);
    for (from, to, expected) in [
        (
            r#""board": "versa-ecp5""#,
            r#""board": "acorn-cle-215-plus""#,
            "is for acorn-cle-215-plus, not for versa-ecp5",
        ),
        (
            "LFE5UM5G-45F-CABGA381-8",
            "LFE5UM5G-85F-CABGA381-8",
            "is for LFE5UM5G-85F-CABGA381-8; versa-ecp5 has",
        ),
        (r#""constraint_mhz": 125.0"#, r#""constraint_mhz": 999.0"#, "must not be run"),
        (r#""alive.bit""#, r#""alive.config""#, "names no .bit"),
    ] {
        let manifest = scratch.manifest(from, to);
        let said = error(&scratch.flash(&["versa-ecp5", "--design", "alive", "--manifest", &manifest]));
        assert!(said.contains(expected), "{to}: {said}");
    }
    let manifest = scratch.manifest("{", "{");
    let bit = scratch.0.join("alive.bit");
    let mut bytes = fs::read(&bit).expect("a bitstream");
    bytes[1000] ^= 1;
    fs::write(&bit, bytes).expect("a bitstream");
    let said = error(&scratch.flash(&["versa-ecp5", "--manifest", &manifest]));
    assert!(said.contains("it is another one, or damaged"), "{said}");
    let said = error(&scratch.flash(&["none", "--design", "alive"]));
    assert!(said.contains("there is no board `none`"), "{said}");
    assert_eq!(scratch.called(), None);
}

#[test]
fn a_bitstream_that_is_not_here_is_told_with_how_to_get_it_and_a_recipe_as_one() {
    let scratch = Scratch::new("absent", 0);
    let absent = scratch.flash(&["acorn-cle-215-plus"]);
    let told = error(&absent);
    assert!(told.contains("`cargo xtask bitstream acorn-cle-215-plus --design unit --check`"), "{told}");
    assert!(told.contains("`--manifest target/boards/acorn-cle-215-plus/unit/manifest.json`"), "{told}");
    let recipe = error(&scratch.flash(&["acorn-cle-215-plus", "--design", "pcie"]));
    assert!(recipe.contains("Recipe not run here, no hardware run."), "{recipe}");
    assert_eq!(scratch.called(), None);
}

/// As all tools of the project are: the cache's has the version that was tried.
#[test]
fn the_loader_of_the_cache_is_called_before_that_of_the_search_path() {
    let scratch = Scratch::new("which", 3);
    scratch.loader("cache/bin", 0);
    let output = scratch.flash(&["versa-ecp5", "--design", "alive"]);
    assert!(output.status.success(), "{output:?}");
    assert!(scratch.0.join("cache/bin/called").exists() && scratch.called().is_none());
}

#[test]
fn without_a_loader_the_command_that_fetches_it_is_named() {
    let scratch = Scratch::empty("none");
    if ["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join("openFPGALoader").exists()) {
        eprintln!("SKIPPED a machine without a loader: this one has it where every program is");
        return;
    }
    let said = error(&scratch.flash(&["versa-ecp5", "--design", "alive"]));
    assert!(said.contains("`cargo xtask setup --fpga` fetches it"), "{said}");
    let output = scratch.flash(&["versa-ecp5", "--design", "alive", "--dry-run"]);
    assert!(
        output.status.success() && String::from_utf8_lossy(&output.stderr).contains("is not here"),
        "{output:?}"
    );
}

#[test]
fn a_loader_that_fails_is_an_error() {
    let scratch = Scratch::new("fails", 3);
    let said = error(&scratch.flash(&["versa-ecp5", "--design", "alive"]));
    assert!(said.contains("openFPGALoader failed") && said.contains('3'), "{said}");
}
