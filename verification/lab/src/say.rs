//! The lines by which the lab is judged: `LAB` and an object of JSON, as records of the kernel's log.
//!
//! The log is on the serial console, in order and a record at a time. So a line stands before or after the kernel's own
//! remarks as it happened, and neither can land in the middle of the other, as they would on the console.

use anyhow::{Context, Result};
use serde_json::json;
use std::io::Write;
use std::time::Duration;

/// Bytes of a detail; the kernel takes 1,024 a record, and quoting makes them more.
const DETAIL: usize = 600;

/// How a step ended.
pub(crate) enum Outcome {
    /// As it has to; and what was seen.
    Passed(String),
    /// Not as it has to.
    Failed(String),
}

/// A step that ended.
pub(crate) struct Report {
    pub(crate) step: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

impl Report {
    pub(crate) fn say(&self) -> Result<()> {
        let (result, detail) = match &self.outcome {
            Outcome::Passed(detail) => ("passed", detail),
            Outcome::Failed(detail) => ("failed", detail),
        };
        let detail: String = detail.chars().take(DETAIL).collect();
        let seconds = (self.took.as_secs_f64() * 10.0).round() / 10.0;
        line(&json!({ "step": self.step, "result": result, "detail": detail, "seconds": seconds }))
    }
}

/// Says, before it is tried, what the IOMMU has to refuse to a device and the kernel to report: an access to this address.
pub(crate) fn refusal(address: &str, iova: u64, write: bool) -> Result<()> {
    // The kernel's report names no domain.
    let device = address.split_once(':').map_or(address, |(_, device)| device);
    line(&json!({ "refusal": { "device": device, "address": iova, "write": write } }))
}

/// Says that every step was tried.
pub(crate) fn end() -> Result<()> {
    line(&json!({ "end": true }))
}

fn line(object: &serde_json::Value) -> Result<()> {
    let mut log =
        std::fs::OpenOptions::new().write(true).open("/dev/kmsg").context("cannot open the kernel's log")?;
    // One write is one record. Level 1 is shown on the console however quiet the kernel is.
    log.write_all(format!("<1>LAB {object}\n").as_bytes()).context("cannot write to the kernel's log")
}
