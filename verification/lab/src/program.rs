//! Programs that a step runs. What they say goes to the console too, for whoever reads the log.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read};
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

/// Runs a program of `/bin` to its end. What it says is seen on the console while it says it.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<Ran> {
    let path = format!("/bin/{program}");
    let mut child = Command::new(&path)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {path}"))?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let (output, errors) = std::thread::scope(|scope| {
        let errors = scope.spawn(|| heard(errors));
        (heard(output), errors.join().unwrap_or_default())
    });
    Ok(Ran { status: child.wait()?, output, errors })
}

/// Everything that comes, shown line by line.
fn heard(pipe: Option<impl Read>) -> String {
    let mut all = String::new();
    for line in pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n').map_while(Result::ok)) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        all.push_str(&line);
        all.push('\n');
    }
    all
}

/// What a program said in JSON, an object a line.
pub(crate) fn lines(output: &str) -> Result<Vec<serde_json::Value>> {
    let object = |line| serde_json::from_str(line).with_context(|| format!("this is no JSON: {line}"));
    output.lines().map(object).collect()
}
