//! A program of this machine as a redundant pair of guests, on KVM that runs nested: the machine itself is emulated, with SVM.

use crate::program::run;
use crate::say::Outcome;
use anyhow::{Context, Result};
use std::fs;

/// KVM is there and nested paging is on; what the kit finds out about it.
pub(crate) fn kvm() -> Result<Outcome> {
    let paging = fs::read_to_string("/sys/module/kvm_amd/parameters/npt").context("kvm_amd is not there")?;
    let ran = run("covert", &["doctor"])?;
    let words = ran.output.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(if ran.status.success() {
        Outcome::Passed(format!("kvm_amd, nested paging {}: {words}", paging.trim()))
    } else {
        Outcome::Failed(ran.words())
    })
}

/// A pair of busybox, compared in software, puts out what the program alone does.
pub(crate) fn pair() -> Result<Outcome> {
    fs::write("/tmp/words", "pear\napple\nfig\nplum\n").context("cannot write the input")?;
    let alone = run("busybox", &["sort", "/tmp/words"])?;
    let pair = run(
        "covert",
        &["run", "-v", "--mount", "/tmp:/w", "--program", "/bin/busybox", "--", "sort", "/w/words"],
    )?;
    Ok(if pair.status.success() && pair.output == alone.output {
        Outcome::Passed(pair.errors.lines().last().unwrap_or_default().to_owned())
    } else {
        Outcome::Failed(format!("{}: {}", pair.status, pair.words()))
    })
}
