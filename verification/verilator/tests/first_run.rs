//! What somebody reads on a machine where something is missing: what it is, and the command that gets it.

use covert_verilator::{Build, Error, Tools, library, or_skip};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An empty folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn error_in(folder: &Path) -> Error {
    Tools::find_in(&[folder.to_owned()]).expect_err("something is missing")
}

#[test]
fn without_verilator_the_command_that_installs_it_is_named() {
    let folder = folder("nothing");
    let error = error_in(&folder);
    let text = error.to_string();
    assert!(error.is_missing());
    assert!(text.contains("no Verilator in") && text.contains("`cargo xtask setup`"), "{text}");
    assert!(text.contains(&folder.display().to_string()), "{text}");
}

#[test]
fn without_a_compiler_the_command_that_installs_one_is_named() {
    let folder = folder("no-compiler");
    program(&folder, "verilator", "echo Verilator 5");
    let error = error_in(&folder);
    assert!(error.is_missing());
    let text = error.to_string();
    assert!(text.contains("g++") && text.contains("`apt-get install g++`"), "{text}");
}

#[test]
fn a_verilator_that_does_not_work_is_no_reason_to_skip_and_what_it_said_is_shown() {
    let folder = folder("broken");
    program(&folder, "verilator", "echo no perl here >&2; exit 3");
    program(&folder, "g++", "");
    let error = error_in(&folder);
    assert!(!error.is_missing());
    let text = error.to_string();
    assert!(text.contains("no perl here") && text.contains("`cargo xtask setup`"), "{text}");
}

#[test]
fn a_build_that_failed_leaves_nothing_that_the_next_could_find() {
    let Some(tools) = or_skip(Tools::find()) else { return };
    let build = Build { top: "bad", verilog: "module bad (; endmodule", shim: "", flags: &[], waves: false };
    for _ in 0..2 {
        match library(&tools, &build) {
            Err(Error::Failed { step: "verilator", output }) => assert!(output.contains("syntax error")),
            other => panic!("{other:?}"),
        }
    }
    let left = std::fs::read_dir(covert_verilator::cache().join("verilated")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    let kept = |name: &str| name.starts_with("bad-") && !name.ends_with(".lock");
    assert!(!left.iter().any(|name| kept(&name.to_string_lossy())), "{left:?}");
}
