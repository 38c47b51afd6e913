//! Whether everything happened that has to, and nothing else. QEMU's exit status says nothing: only lines do.

use super::machine::Ran;
use super::serial::{self, Fault, Step};
use serde::Serialize;

/// The steps, in their order.
pub(super) const ALL: [&str; 9] =
    ["boot", "iommu", "card", "edu", "edu-refused", "suite", "kvm", "pair", "pair-card"];
const PAGE: u64 = 4096;
/// What QEMU says without a fault: that a card which is a process has no way to report errors of the bus, and that its
/// IOMMU reports one of several refusals that came of one transfer.
const IDLE_TALK: [&str; 2] = [
    "Could not enable error recovery for the device",
    "New fault is not recorded due to compression of faults",
];

/// What a run comes to.
#[derive(Debug, Serialize)]
pub(super) struct Judgement {
    pub(super) steps: Vec<Step>,
    /// What the IOMMU refused.
    pub(super) refusals: Vec<Fault>,
    /// Why the run is no good; none if it is.
    pub(super) problems: Vec<String>,
}

/// Holds a run against what is expected of it: these steps, each once, and nothing else.
pub(super) fn judge(ran: &Ran, expected: &[&str]) -> Judgement {
    let log = serial::read(&ran.serial);
    let mut problems: Vec<String> = ran.cut.iter().cloned().collect();
    let mut steps = log.steps;
    for &name in expected {
        match steps.iter().filter(|step| step.name == name).count() {
            1 => {}
            0 => {
                problems.push(format!("step `{name}` did not happen"));
                let (result, detail) = ("missing".into(), String::new());
                steps.push(Step { name: name.into(), result, detail, seconds: 0.0 });
            }
            times => problems.push(format!("step `{name}` happened {times} times")),
        }
    }
    for step in &steps {
        if !expected.contains(&step.name.as_str()) {
            problems.push(format!("nobody knows step `{}`", step.name));
        }
        if step.result != "passed" && step.result != "missing" {
            problems.push(format!("step `{}` {}: {}", step.name, step.result, step.detail));
        }
    }
    if !log.ended {
        problems.push("the machine did not come to the end of its steps".into());
    }
    problems.extend(log.trouble.iter().map(|line| format!("the kernel or a step said: {line}")));
    for fault in &log.faults {
        if !log.announced.iter().any(|announced| same(announced, fault)) {
            problems.push(format!("the IOMMU refused what nobody announced: {}", shown(fault)));
        }
    }
    for announced in &log.announced {
        if !log.faults.iter().any(|fault| same(announced, fault)) {
            problems.push(format!("the IOMMU did not report what it had to refuse: {}", shown(announced)));
        }
    }
    let unexpected = |line: &&str| {
        !IDLE_TALK.iter().any(|talk| line.contains(talk))
            && !log.announced.iter().any(|fault| is_about(line, fault))
    };
    problems.extend(ran.qemu.lines().filter(unexpected).map(|line| format!("QEMU said: {line}")));
    problems.extend(ran.card.lines().map(|line| format!("the card said: {line}")));
    Judgement { steps, refusals: log.faults, problems }
}

/// The same access, to the page: a transfer is refused where it begins.
fn same(a: &Fault, b: &Fault) -> bool {
    (a.device.as_str(), a.address / PAGE, a.write) == (b.device.as_str(), b.address / PAGE, b.write)
}

/// Whether a line of QEMU's IOMMU is about that refusal: `... (dev=00:02:00, iova=0x9000000)`.
fn is_about(line: &str, fault: &Fault) -> bool {
    let Some((_, rest)) = line.split_once("vtd_").and_then(|(_, rest)| rest.split_once("iova=0x")) else {
        return false;
    };
    let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    u64::from_str_radix(&digits, 16).is_ok_and(|iova| iova / PAGE == fault.address / PAGE)
}

fn shown(fault: &Fault) -> String {
    let way = if fault.write { "a write" } else { "a read" };
    format!("{way} by {} at {:#x}", fault.device, fault.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &str =
        "LAB {\"refusal\":{\"device\":\"00:02.0\",\"address\":150994944,\"write\":true}}\r\n";
    const REFUSED: &str = "DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0x9000000 [fault reason 0x05] PTE\r\n";

    fn step(name: &str, result: &str) -> String {
        format!(
            "[ 1.0] LAB {{\"step\":\"{name}\",\"result\":\"{result}\",\"detail\":\"d\",\"seconds\":0.5}}\r\n"
        )
    }

    /// A run in which everything happened, with these lines before its end.
    fn good(more: &str) -> Ran {
        let steps: String = ALL.iter().map(|name| step(name, "passed")).collect();
        Ran { serial: format!("{steps}{more}[ 2.0] LAB {{\"end\":true}}\r\n"), ..Ran::default() }
    }

    /// The one thing that is wrong with a run.
    fn problem(ran: &Ran) -> String {
        let mut problems = judge(ran, &ALL).problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    #[test]
    fn a_run_in_which_everything_happened_is_good() {
        let judgement = judge(&good(""), &ALL);
        assert_eq!((judgement.problems, judgement.steps.len()), (Vec::<String>::new(), ALL.len()));
    }

    #[test]
    fn a_step_that_is_missing_is_refused_and_shown() {
        let mut ran = good("");
        ran.serial = ran.serial.replace(&step("edu", "passed"), "");
        assert_eq!(problem(&ran), "step `edu` did not happen");
        assert!(judge(&ran, &ALL).steps.iter().any(|step| step.name == "edu" && step.result == "missing"));
    }

    #[test]
    fn a_step_that_failed_or_came_twice_or_is_unknown_is_refused() {
        let mut failed = good("");
        failed.serial = failed.serial.replace(&step("edu", "passed"), &step("edu", "failed"));
        assert_eq!(problem(&failed), "step `edu` failed: d");
        assert_eq!(problem(&good(&step("edu", "passed"))), "step `edu` happened 2 times");
        assert_eq!(problem(&good(&step("tea", "passed"))), "nobody knows step `tea`");
    }

    #[test]
    fn a_machine_that_did_not_come_to_its_end_is_refused() {
        let mut ran = good("");
        ran.serial = ran.serial.replace("LAB {\"end\":true}", "");
        assert_eq!(problem(&ran), "the machine did not come to the end of its steps");
        let cut = Ran { cut: Some("switched off".into()), ..good("") };
        assert_eq!(problem(&cut), "switched off");
    }

    #[test]
    fn a_kernel_that_panics_is_refused() {
        assert!(problem(&good("[ 1.5] Kernel panic - not syncing: x\r\n")).ends_with("not syncing: x"));
    }

    #[test]
    fn a_refusal_of_the_iommu_has_to_be_announced_and_an_announced_one_to_happen() {
        assert_eq!(judge(&good(&format!("{REFUSAL}{REFUSED}")), &ALL).problems, [] as [&str; 0]);
        let unannounced = problem(&good(REFUSED));
        assert_eq!(unannounced, "the IOMMU refused what nobody announced: a write by 00:02.0 at 0x9000000");
        assert!(problem(&good(REFUSAL)).starts_with("the IOMMU did not report"));
        let elsewhere = REFUSED.replace("0x9000000", "0x9001000");
        assert!(problem(&good(&format!("{REFUSAL}{REFUSED}{elsewhere}"))).ends_with("at 0x9001000"));
        let read = REFUSED.replace("DMA Write", "DMA Read");
        assert!(problem(&good(&format!("{REFUSAL}{REFUSED}{read}"))).contains("a read"));
    }

    #[test]
    fn what_qemu_and_the_card_say_is_refused_unless_it_was_announced() {
        let line = "qemu-system-x86_64: vtd_iommu_translate: detected translation failure (dev=00:02:00, iova=0x9000000)";
        let mut ran = good(&format!("{REFUSAL}{REFUSED}"));
        ran.qemu = line.into();
        assert_eq!(judge(&ran, &ALL).problems, [] as [&str; 0]);
        ran.qemu = format!("qemu: warning: {}", IDLE_TALK[0]);
        assert_eq!(judge(&ran, &ALL).problems, [] as [&str; 0]);
        ran.qemu = line.replace("0x9000000", "0x8000000");
        assert!(problem(&ran).starts_with("QEMU said: "));
        let card = Ran { card: "card-server: no".into(), ..good("") };
        assert_eq!(problem(&card), "the card said: card-server: no");
    }
}
