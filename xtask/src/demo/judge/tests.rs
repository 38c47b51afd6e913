use super::*;

const CAUGHT: &str = include_str!("../recorded/caught.jsonl");

fn ended(lines: &str) -> Ended {
    let events = lines.lines().map(|line| Event::read(line).expect(line)).collect();
    Ended { events, status: Some(0), output: b"right".into() }
}

/// The recorded run, but for the lines that name one of these events.
fn without(names: &[&str]) -> Ended {
    let named = |line: &&str| names.iter().any(|name| line.contains(&format!("\"event\":\"{name}\"")));
    let lines: Vec<&str> = CAUGHT.lines().filter(|line| !named(line)).collect();
    ended(&lines.join("\n"))
}

/// The recorded run with some text in place of another, which must be there.
fn with(old: &str, new: &str) -> Ended {
    assert!(CAUGHT.contains(old), "{old}");
    ended(&CAUGHT.replace(old, new))
}

fn refused(ended: &Ended, why: &str) {
    let error = judge(ended, b"right").expect_err(why);
    assert!(format!("{error:#}").contains(why), "{error:#}");
}

fn another(ended: &Ended, why: &str) {
    match judge(ended, b"right").unwrap() {
        Outcome::Another(said) => assert!(said.contains(why), "{said}"),
        Outcome::Caught(caught) => panic!("{caught:?}"),
    }
}

#[test]
fn a_run_in_which_all_held_is_a_fault_caught() {
    let Outcome::Caught(caught) = judge(&ended(CAUGHT), b"right").unwrap() else { panic!() };
    assert_eq!((caught.fault.seq, caught.verdict.seq, caught.unit_clocks), (1, 11, 107));
    let moments = [caught.fault.ms, caught.verdict.ms, caught.rolled_back_ms, caught.running_on_ms];
    assert!(moments.is_sorted() && caught.caught_up_ms > caught.running_on_ms, "{caught:?}");
}

#[test]
fn an_output_that_is_not_the_native_one_is_refused_whatever_was_seen() {
    for run in [ended(CAUGHT), without(&["verdict", "rollback", "recovered", "caught_up"])] {
        refused(&Ended { output: b"rigth".into(), ..run }, "NOT what the program puts out");
    }
}

#[test]
fn a_run_that_did_not_come_to_its_end_is_refused() {
    refused(&without(&["summary"]), "without a summary");
    refused(&Ended { status: Some(124), ..ended(CAUGHT) }, "status Some(124)");
    refused(&Ended { status: None, ..ended(CAUGHT) }, "status None");
    refused(&with(r#""end":"finished""#, r#""end":"Stopped""#), "stopped");
    refused(&ended(""), "without a summary");
}

#[test]
fn a_run_that_the_unit_did_not_compare_to_its_end_is_refused() {
    let summary = r#""replicas":2,"comparator":"unit""#;
    refused(&with(summary, r#""replicas":2,"comparator":"software""#), "compared by software");
    let lost = format!("{}\n{CAUGHT}", r#"{"event":"card_lost","ms":1.0,"seq":3,"why":"silent"}"#);
    refused(&ended(&lost), "given up");
    refused(&with(r#""unit_clocks":107"#, r#""unit_clocks":null"#), "without its clocks");
}

#[test]
fn a_mismatch_after_which_the_machine_did_not_recover_is_refused() {
    refused(&without(&["rollback"]), "did not go back");
    refused(&without(&["recovered"]), "did not run on");
    refused(&without(&["caught_up"]), "never came past");
    refused(&with(r#""ms":325.572771,"seq":11"#, r#""ms":325.572771,"seq":10"#), "never came past");
    refused(&with("Verdict(Mismatch)", "Failed"), "another reason");
    refused(&with(r#""recoveries":1"#, r#""recoveries":0"#), "no recovery");
}

#[test]
fn a_mismatch_that_the_fault_cannot_have_brought_about_is_refused() {
    refused(&without(&["fault_injected"]), "without a fault");
    refused(&with(r#""ms":279.393954"#, r#""ms":250.0"#), "before the fault");
    refused(&with(r#""ms":279.393954,"seq":11"#, r#""ms":279.393954,"seq":0"#), "had been produced before");
}

#[test]
fn what_the_summary_counts_and_nobody_told_is_refused() {
    let silent = without(&["verdict", "rollback", "recovered", "caught_up"]);
    refused(&silent, "was not told");
}

/// The recorded run as if nothing had come of its fault.
fn quiet() -> String {
    let kept = |line: &&str| {
        ["verdict", "rollback", "recovered", "caught_up"]
            .iter()
            .all(|name| !line.contains(&format!("\"event\":\"{name}\"")))
    };
    let lines: Vec<&str> = CAUGHT.lines().filter(kept).collect();
    lines
        .join("\n")
        .replace(r#""mismatches":1"#, r#""mismatches":0"#)
        .replace(r#""recoveries":1"#, r#""recoveries":0"#)
}

#[test]
fn a_fault_of_which_nothing_came_asks_for_another() {
    another(&ended(&quiet()), "masked");
    another(&ended(&quiet().replace(r#""made":true"#, r#""made":false"#)), "nothing at that address");
    let late = quiet().lines().filter(|line| !line.contains("fault_injected")).collect::<Vec<_>>().join("\n");
    another(&ended(&late), "had ended");
}

#[test]
fn a_fault_that_something_else_found_first_asks_for_another() {
    let first = |line: &str| ended(&format!("{line}\n{CAUGHT}"));
    another(&first(r#"{"event":"scrub","ms":270.0,"replica":1,"address":4096}"#), "scrub");
    another(&first(r#"{"event":"replica_lost","ms":270.0,"replica":1,"why":"crashed"}"#), "crashed");
    another(
        &first(r#"{"event":"rollback","ms":270.0,"reason":"InputsDiffer","epoch":1,"seq":1}"#),
        "InputsDiffer",
    );
    another(&with(r#""outcome":"Mismatch""#, r#""outcome":"Timeout""#), "Timeout");
}
