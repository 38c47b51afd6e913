//! `covert card` on the cards that there can be here: the Verilated unit, and a server's. What needs a bus is told, not tried.

use crate::confinement::{end, sleeping_with};
use crate::server::Server;
use crate::support::{BUSYBOX, covert, needs};
use covert::run::STATUS_ERROR;
use serde_json::Value;
use std::path::Path;

/// What `covert card` says on standard output and on standard error, and its status.
fn card(arguments: &[&str]) -> (String, String, i32) {
    let output = covert().arg("card").args(arguments).output().expect("covert starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code().expect("an exit"))
}

/// What it says as JSON, if it succeeds.
fn json(arguments: &[&str]) -> Value {
    let (out, error, status) = card(&[arguments, &["--json"]].concat());
    assert_eq!(status, 0, "{out}{error}");
    serde_json::from_str(&out).expect("JSON")
}

/// The three commands on a card that works.
fn works(name: &str) {
    let info = json(&["info", name]);
    assert_eq!((&info["unit"]["lanes"], &info["unit"]["board"]), (&2.into(), &0.into()), "{info}");
    let test = json(&["selftest", name]);
    let steps: Vec<&str> =
        test["steps"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(steps, ["identity", "vectors", "records", "interrupts", "reset"]);
    assert_eq!(test["passed"], true, "{test}");
    let records = test["steps"][2]["found"].as_str().unwrap();
    assert!(records.starts_with("288 matches, 12 mismatches"), "{records}");
    assert_eq!(json(&["reset", name])["unit"], info["unit"]["rtl_hash"]);
}

#[test]
fn the_verilated_unit_passes_its_test() {
    needs!(verilator);
    works("verilated");
}

#[test]
fn a_card_of_another_process_passes_its_test() {
    needs!(verilator);
    let server = Server::start();
    works(&format!("vfio-user:{}", server.socket().display()));
}

#[test]
fn a_second_process_is_told_who_has_the_card_and_gets_it_when_that_one_is_gone() {
    needs!(verilator);
    needs!(busybox);
    let server = Server::start();
    let name = format!("vfio-user:{}", server.socket().display());
    let (holder, _) = sleeping_with(&["--comparator", "unit", "--card", &name]);
    let who = format!("in use by process {} (covert)", holder.id());
    for command in ["info", "selftest", "reset"] {
        let (_, error, status) = card(&[command, &name]);
        assert_eq!(status, i32::from(STATUS_ERROR), "{command}: {error}");
        assert!(error.contains(&who) && error.contains(&server.socket().display().to_string()), "{error}");
    }
    let run = ["run", "--comparator", "unit", "--card", &name, "--program", BUSYBOX, "--", "true"];
    let output = covert().args(run).output().expect("covert starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(STATUS_ERROR)), "{error}");
    assert!(error.contains(&who), "{error}");
    end(holder);
    assert_eq!(json(&["info", &name])["unit"]["lanes"], 2, "whoever comes next is served");
}

#[test]
fn a_card_that_is_not_there_is_refused_with_what_to_do() {
    // A bus that no machine has.
    for command in ["info", "selftest", "reset", "bind", "unbind"] {
        let (_, error, status) = card(&[command, "fffe:ff:1f.7"]);
        assert_eq!(status, i32::from(STATUS_ERROR), "{command}: {error}");
        assert!(
            error.contains("there is no PCI function fffe:ff:1f.7") && error.contains("lspci"),
            "{error}"
        );
    }
    let (_, error, status) = card(&["info", "/nowhere/card.sock"]);
    assert_eq!(status, i32::from(STATUS_ERROR));
    assert!(error.contains("covert card serve"), "{error}");
    let (_, error, status) = card(&["info", "card"]);
    assert_eq!(status, i32::from(STATUS_ERROR));
    assert!(error.contains("vfio:0000:01:00.0"), "{error}");
}

#[test]
fn a_machine_may_name_a_card_on_the_bus() {
    let file = crate::support::file(
        "metal.toml",
        "program = \"builtin:compute\"\nkind = \"bare\"\ncomparator = \"unit\"\ncard = \"vfio:fffe:ff:1f.7\"\n",
    );
    needs!(kvm);
    let output = covert().arg("run").arg::<&Path>(&file).output().expect("covert starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("there is no PCI function fffe:ff:1f.7"), "{error}");
    assert_eq!(output.status.code(), Some(i32::from(STATUS_ERROR)));
}
