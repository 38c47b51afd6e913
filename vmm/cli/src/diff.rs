//! `covert diff`: two divergences side by side.

use crate::pair::divergence::Description;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Compare two descriptions of mismatches, or two summaries
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// One `divergence.json`
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another
    #[arg(value_name = "B")]
    b: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// One member that differs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Where, as a path of member names and positions.
    pub at: String,
    /// In the first; none if it is not there.
    pub a: Option<Value>,
    /// In the second; none if it is not there.
    pub b: Option<Value>,
}

/// The command. Exit status 0 if they are equal, 1 if not.
///
/// # Errors
/// A file cannot be read or is no JSON.
pub fn run(args: &Args) -> Result<u8> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let mut differences = Vec::new();
    compare("", Some(&a), Some(&b), &mut differences);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&differences)?);
    } else {
        let show = |value: &Option<Value>| value.as_ref().map_or("-".into(), Value::to_string);
        for Difference { at, a, b } in &differences {
            println!("{at}\n  - {}\n  + {}", show(a), show(b));
        }
    }
    Ok(u8::from(!differences.is_empty()))
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Value =
        serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    // A description is read as such, so that one of another version is refused and not compared wrongly.
    if value.get("last_equal").is_some() {
        let description: Description = serde_json::from_value(value)
            .with_context(|| format!("{} is not a description that this version can read", path.display()))?;
        return Ok(serde_json::to_value(description)?);
    }
    Ok(value)
}

fn compare(at: &str, a: Option<&Value>, b: Option<&Value>, to: &mut Vec<Difference>) {
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                compare(&format!("{at}.{name}"), a.get(name), b.get(name), to);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for place in 0..a.len().max(b.len()) {
                compare(&format!("{at}[{place}]"), a.get(place), b.get(place), to);
            }
        }
        (a, b) if a != b => to.push(Difference { at: at.into(), a: a.cloned(), b: b.cloned() }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_difference_is_found_with_its_place_and_nothing_else() {
        let a = json!({"x": [1, {"y": 2}], "only": 1, "same": "s"});
        let b = json!({"x": [1, {"y": 3}, 4], "same": "s"});
        let mut found = Vec::new();
        compare("", Some(&a), Some(&b), &mut found);
        let places: Vec<&str> = found.iter().map(|difference| difference.at.as_str()).collect();
        assert_eq!(places, [".only", ".x[1].y", ".x[2]"]);
    }
}
