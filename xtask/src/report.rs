//! Tables for people, JSON for programs, and the progress of long work.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// A table; every row has as many cells as the head.
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&'static str; N]) -> Table {
        Table { head: head.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.head.len());
        self.rows.push(cells.into());
    }

    /// For a terminal: columns padded, numbers to the right.
    pub(crate) fn text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.head[column].chars().count()]).max().unwrap_or(0)
        };
        let numeric = |column: usize| {
            let mut cells = self.rows.iter().map(|row| row[column].as_str());
            cells.all(|cell| cell == "-" || cell.parse::<f64>().is_ok())
        };
        let columns: Vec<_> = (0..self.head.len()).map(|c| (width(c), numeric(c))).collect();
        let line = |cells: Vec<&str>| {
            let padded = cells.iter().zip(&columns).map(|(cell, &(width, numeric))| {
                if numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let rule: Vec<String> = columns.iter().map(|&(width, _)| "-".repeat(width)).collect();
        let mut text = line(self.head.clone()) + &line(rule.iter().map(String::as_str).collect());
        text.extend(self.rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
        text
    }

    /// For a page of the book.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(self.head.iter().map(|&cell| cell.into()).collect());
        text += &line(vec!["---".into(); self.head.len()]).replace(' ', "");
        text.extend(
            self.rows.iter().map(|row| line(row.iter().map(|cell| cell.replace('|', "\\|")).collect())),
        );
        text
    }
}

/// Ends a command: the table on standard output, or with `--json` the report there and the table beside it.
pub(crate) fn emit(json: bool, table: &Table, report: &impl Serialize) -> anyhow::Result<()> {
    if json {
        eprint!("\n{}", table.text());
        println!("{}", serde_json::to_string(report)?);
    } else {
        print!("\n{}", table.text());
    }
    Ok(())
}

/// How a check ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// The machine lacks something.
    Skipped(Skip),
}

/// What a check would have needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skip {
    pub(crate) what: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) install: &'static str,
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SKIPPED {}: missing {}; install with `{}`", self.what, self.missing, self.install)
    }
}

/// Seconds with one decimal.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

/// Something that takes a while: a spinner with the time on a terminal, a line at either end elsewhere.
pub(crate) struct Progress {
    what: String,
    began: Instant,
    spinner: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn start(what: impl Into<String>) -> Progress {
        let what = what.into();
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner().with_message(what.clone());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        if spinner.is_none() {
            eprintln!("{what} ...");
        }
        Progress { what, began: Instant::now(), spinner }
    }

    /// Says something of it that is done, while the rest goes on.
    pub(crate) fn note(&self, text: &str) {
        let line = format!("{}: {text} ({} s)", self.what, seconds(self.began.elapsed()));
        match &self.spinner {
            Some(spinner) => spinner.println(line),
            None => eprintln!("{line}"),
        }
    }

    /// Says how it ended, and gives how long it took.
    pub(crate) fn done(self, result: &str) -> Duration {
        let took = self.began.elapsed();
        if let Some(spinner) = self.spinner {
            spinner.finish_and_clear();
        }
        eprintln!("{}: {result} ({} s)", self.what, seconds(took));
        took
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["step", "seconds"]);
        table.row(["tests".into(), "9.5".into()]);
        table.row(["a|b".into(), "120.0".into()]);
        table
    }

    #[test]
    fn text_pads_columns_and_puts_numbers_to_the_right() {
        assert_eq!(table().text(), "step   seconds\n-----  -------\ntests      9.5\na|b      120.0\n");
    }

    #[test]
    fn markdown_keeps_a_bar_inside_its_cell() {
        assert_eq!(table().markdown(), "| step | seconds |\n|---|---|\n| tests | 9.5 |\n| a\\|b | 120.0 |\n");
    }
}
