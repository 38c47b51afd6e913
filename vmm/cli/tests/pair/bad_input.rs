//! What is wrong is refused, with its name and what to do, and never more than that.

use crate::support::{BUSYBOX, file, needs, run};
use covert::run::STATUS_ERROR;

/// What the command says when it refuses.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(i32::from(STATUS_ERROR)), "{arguments:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn refused_file(name: &str, text: &str) -> String {
    let path = file(name, text);
    refused(&["run", path.to_str().expect("a path")])
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    needs!(kvm);
    let said = refused_file("malformed.toml", "program = \"x\"\nreplicas = = 3\n");
    assert!(said.contains("malformed.toml") && said.contains("line 2"), "{said}");
}

#[test]
fn a_key_that_nobody_knows_is_named_with_its_line() {
    needs!(kvm);
    let said = refused_file("unknown.toml", "program = \"x\"\n\n[checkpoint]\nexit = 3\n");
    assert!(said.contains("line 4") && said.contains("`exit`"), "{said}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    needs!(kvm);
    let said = refused(&["run", "--program", "/no/such/program"]);
    assert!(said.contains("/no/such/program"), "{said}");
}

#[test]
fn a_machine_without_a_program_is_told_how_to_get_one() {
    needs!(kvm);
    assert!(refused(&["run"]).contains("--program"));
}

#[test]
fn a_program_that_is_no_elf_is_refused() {
    needs!(kvm);
    let script = file("script", "#!/bin/sh\necho hello\n");
    let said = refused(&["run", "--program", script.to_str().expect("a path")]);
    assert!(said.contains("ELF"), "{said}");
}

#[test]
fn a_program_for_another_machine_is_refused() {
    needs!(busybox);
    let mut image = std::fs::read(BUSYBOX).expect("busybox");
    // e_machine: 183 is AArch64.
    image[18..20].copy_from_slice(&183u16.to_le_bytes());
    let other = file("aarch64", image);
    let said = refused(&["run", "--program", other.to_str().expect("a path")]);
    assert!(said.contains("x86-64"), "{said}");
}

#[test]
fn a_program_that_is_cut_off_is_refused() {
    needs!(busybox);
    let image = std::fs::read(BUSYBOX).expect("busybox");
    let cut = file("cut", &image[..100_000]);
    assert!(!refused(&["run", "--program", cut.to_str().expect("a path")]).is_empty());
}

#[test]
fn too_little_memory_is_refused_with_what_to_raise() {
    needs!(busybox);
    let said = refused(&["run", "--memory", "1", "--program", BUSYBOX, "--", "true"]);
    assert!(said.contains("memory"), "{said}");
    assert!(refused(&["run", "--memory", "0", "--program", BUSYBOX]).contains("1 to 1000"));
}

#[test]
fn a_register_that_does_not_exist_is_named() {
    needs!(busybox);
    let said = refused(&["run", "--program", BUSYBOX, "--inject", "output=1,reg=rqx,bit=1", "--", "true"]);
    assert!(said.contains("rqx"), "{said}");
}

#[test]
fn a_mount_that_cannot_be_read_is_named() {
    needs!(busybox);
    let said = refused(&["run", "--mount", "/no/such/folder:/w", "--program", BUSYBOX, "--", "true"]);
    assert!(said.contains("/no/such/folder"), "{said}");
}

#[test]
fn an_option_that_nobody_knows_is_refused() {
    assert!(refused(&["run", "--frobnicate"]).contains("--frobnicate"));
}

#[test]
fn a_recording_that_is_none_is_refused() {
    needs!(kvm);
    let other = file("recording", "something else\n");
    let said = refused(&["replay", other.to_str().expect("a path")]);
    assert!(said.contains("not a recording"), "{said}");
}
