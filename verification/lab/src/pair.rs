//! A program of this machine as a redundant pair of guests, on KVM that runs nested: the machine's processor is emulated,
//! with SVM.

use crate::machine::CARD;
use crate::pci::Device;
use crate::program::{self, run};
use crate::say::Outcome;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A flip that both comparators see, in this program: the stack is not where it was.
const FAULT: &str = "replica=B,output=4,reg=rsp,bit=4";

/// KVM is there, and the kit can use it.
pub(crate) fn kvm() -> Result<Outcome> {
    let paging = fs::read_to_string("/sys/module/kvm_amd/parameters/npt").context("kvm_amd is not there")?;
    let ran = run("covert", &["doctor"])?;
    Ok(if ran.status.success() {
        Outcome::Passed(format!(
            "kvm_amd, nested paging {}; `covert doctor` finds what it needs",
            paging.trim()
        ))
    } else {
        Outcome::Failed(ran.words())
    })
}

/// A pair compared in software puts out what the program alone does.
pub(crate) fn in_software() -> Result<Outcome> {
    let ran = pair(&["--comparator", "software"])?;
    let (outputs, mismatches) = (number(&ran.summary, "outputs")?, number(&ran.summary, "mismatches")?);
    ensure!(mismatches == 0, "{mismatches} mismatches, and no fault was made");
    Ok(Outcome::Passed(format!("busybox sort as a pair: {outputs} outputs released, no mismatch")))
}

/// The same compared by the card; a fault in one replica is seen and recovered from, and nobody sees it in the output.
pub(crate) fn on_the_card() -> Result<Outcome> {
    let card = Device::find(CARD)?;
    card.bind()?;
    let name = format!("vfio:{}", card.address);
    let free = huge_pages_free()?;
    let (ran, least) = while_sampling(huge_pages_free, || {
        pair(&["--comparator", "unit", "--card", &name, "--inject", FAULT])
    });
    let (ran, taken) = (ran?, free - least.unwrap_or(free));
    ensure!(taken >= 2, "two arenas were not put into huge pages: {taken} of {free} were used");
    let said = ran.started["card"].as_str().unwrap_or_default().to_owned();
    ensure!(said.contains(&card.address), "it was compared by `{said}`, not by {name}");
    ensure!(!ran.card_lost, "the card was lost and software compared the rest");
    for (what, least) in [("injected", 1), ("mismatches", 1), ("recoveries", 1)] {
        let found = number(&ran.summary, what)?;
        ensure!(found >= least, "{what}: {found}");
    }
    let outputs = number(&ran.summary, "outputs")?;
    Ok(Outcome::Passed(format!(
        "busybox sort as a pair, {outputs} outputs compared by {said}; {FAULT} seen and survived; arenas in {taken} huge pages"
    )))
}

/// Huge pages that nobody uses.
fn huge_pages_free() -> Result<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo")?;
    let count = meminfo.lines().find_map(|line| line.strip_prefix("HugePages_Free:"));
    count.and_then(|count| count.trim().parse().ok()).context("the kernel does not count huge pages")
}

/// Does something, and gives the least that was seen of a number meanwhile.
fn while_sampling<R>(number: impl Fn() -> Result<u64> + Sync, work: impl FnOnce() -> R) -> (R, Option<u64>) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut least = None;
            while !over.load(Ordering::Relaxed) {
                least = least.into_iter().chain(number()).min();
                std::thread::sleep(Duration::from_millis(50));
            }
            least
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (done, sampler.join().unwrap_or_default())
    })
}

/// What a pair told of itself.
struct Pair {
    started: Value,
    summary: Value,
    card_lost: bool,
}

/// Runs a program as a pair, and sees that it put out what the program alone does.
fn pair(arguments: &[&str]) -> Result<Pair> {
    const WORDS: &str = "/tmp/kit/words";
    const CONSOLE: &str = "/tmp/console";
    fs::create_dir_all("/tmp/kit")?;
    fs::write(WORDS, "pear\napple\nfig\nplum\n").context("cannot write the input")?;
    // A simulated card behind an emulated bus is slow, and no measure of one that died.
    fs::write(
        "/tmp/vm.toml",
        "memory_mib = 16\ncard_timeout_ms = 30000\n[hang]\ncpu_ms = 30000\nclock_ms = 60000\n",
    )?;
    let alone = run("busybox", &["sort", WORDS])?;
    let mut all = vec!["run", "--json", "--console", CONSOLE, "--mount", "/tmp/kit:/w"];
    all.extend(arguments);
    all.extend(["--program", "/bin/busybox", "/tmp/vm.toml", "--", "sort", "/w/words"]);
    let ran = run("covert", &all)?;
    ensure!(ran.status.success(), "{}: {}", ran.status, ran.words());
    let events: Vec<Value> = program::lines(&ran.output)?;
    let find = |name: &str| events.iter().find(|event| event["event"] == name).cloned();
    let console = fs::read_to_string(CONSOLE).context("nothing was written")?;
    ensure!(console == alone.output, "the pair wrote `{console}`, the program alone `{}`", alone.output);
    Ok(Pair {
        started: find("started").context("it does not say that it started")?,
        summary: find("summary").context("it does not sum up")?,
        card_lost: find("card_lost").is_some(),
    })
}

fn number(summary: &Value, name: &str) -> Result<u64> {
    summary[name].as_u64().with_context(|| format!("the summary has no `{name}`"))
}
