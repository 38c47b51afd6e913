//! Programs that a step runs. What they say goes to the console too, for whoever reads the log.

use anyhow::{Context, Result};
use std::process::{Command, ExitStatus, Stdio};

/// A program that ended.
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ran {
    /// The end of what it said, on one line.
    pub(crate) fn words(&self) -> String {
        let lines: Vec<_> = self.output.lines().chain(self.errors.lines()).collect();
        lines[lines.len().saturating_sub(4)..].join(" | ")
    }
}

/// Runs a program of `/bin` to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<Ran> {
    let path = format!("/bin/{program}");
    let output = Command::new(&path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {path}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ran = Ran { status: output.status, output: text(&output.stdout), errors: text(&output.stderr) };
    print!("{}{}", ran.output, ran.errors);
    Ok(ran)
}

/// What a program said in JSON, an object a line.
pub(crate) fn lines(output: &str) -> Result<Vec<serde_json::Value>> {
    let object = |line| serde_json::from_str(line).with_context(|| format!("this is no JSON: {line}"));
    output.lines().map(object).collect()
}
