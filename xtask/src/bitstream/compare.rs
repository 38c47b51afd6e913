//! What was built, against what is committed.

use anyhow::{Context, Result, bail};
use covert_boards::Manifest;
use std::collections::BTreeMap;

/// What came of building it again, in lines: of which other tools, if so, then one for each committed file.
///
/// # Errors
/// Other bytes came out of the same tools, or none. Of other tools they say nothing of the design, and the line says so.
pub(super) fn outputs(committed: &Manifest, built: &Manifest) -> Result<Vec<String>> {
    let others = others(committed, built);
    let mut lines = Vec::new();
    if !others.is_empty() {
        lines.push(format!(
            "the tools are others than those of what is committed:\n    {}",
            others.join("\n    ")
        ));
    }
    for expected in &committed.outputs {
        // What it is called where it is kept says nothing of the bytes.
        let kind = expected.file.rsplit('.').next();
        let found = built.outputs.iter().find(|output| output.file.rsplit('.').next() == kind);
        let found = found.with_context(|| format!("no {} came out", expected.file))?;
        let file = &expected.file;
        lines.push(match (found.sha256 == expected.sha256, others.is_empty()) {
            (true, true) => format!("{file}: byte for byte what is committed"),
            (true, false) => format!("{file}: byte for byte what is committed, though of other tools"),
            (false, false) => format!(
                "SKIPPED {file} against what is committed: other bytes of other tools, which says nothing of the design"
            ),
            (false, true) => bail!(
                "{file} is not the committed one, and the same tools built it: SHA-256 {}, not {}",
                found.sha256,
                expected.sha256
            ),
        });
    }
    Ok(lines)
}

/// How the tools of a build are others than those of the committed manifest: what they say of themselves, and the packages that they and
/// their databases came in.
fn others(committed: &Manifest, built: &Manifest) -> Vec<String> {
    let tools = differing(&committed.tools, &built.tools);
    let tools = tools.into_iter().map(|name| match built.tools.get(name) {
        // A tool says its name itself, in its way.
        Some(says) => format!("{says} instead of {}", committed.tools.get(name).map_or("none", |says| says)),
        None => format!("no {name}"),
    });
    let packages = match built.packages.is_empty() {
        true => Vec::new(),
        false => differing(&committed.packages, &built.packages),
    };
    let packages = packages.into_iter().map(|name| match built.packages.get(name) {
        Some(version) => format!("{name} {version}"),
        None => format!("no package {name}"),
    });
    let unpackaged = built.packages.is_empty() && !committed.packages.is_empty();
    tools.chain(packages).chain(unpackaged.then(|| "databases that came in no package".into())).collect()
}

/// The names under which two lists differ, those in one alone among them.
pub(super) fn differing<'a>(
    one: &'a BTreeMap<String, String>,
    two: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let missing = two.iter().filter(|(name, _)| !one.contains_key(*name));
    let changed = one.iter().filter(|(name, value)| two.get(*name) != Some(value));
    changed.chain(missing).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use covert_boards::Design;
    use std::path::Path;

    fn committed() -> Manifest {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Manifest::load(&root.join(Manifest::path("versa-ecp5", Design::Alive))).expect("committed")
    }

    #[test]
    fn other_bytes_are_an_error_only_if_the_same_tools_gave_them() {
        let committed = committed();
        assert!(
            outputs(&committed, &committed)
                .expect("the same")
                .iter()
                .all(|line| line.ends_with("what is committed"))
        );

        let mut changed = committed.clone();
        changed.outputs[1].sha256 = "0".repeat(64);
        let why = outputs(&committed, &changed).expect_err("other bytes").to_string();
        assert!(why.starts_with("alive.bit is not the committed one, and the same tools built it"), "{why}");

        for tool in ["yosys", "nextpnr-ecp5", "ecppack"] {
            let mut other = changed.clone();
            other.tools.insert(tool.into(), "another, version 9".into());
            let [tools, config, bit] = &outputs(&committed, &other).expect("no failure")[..] else {
                panic!("not three")
            };
            assert!(tools.contains("another, version 9 instead of"), "{tools}");
            assert!(config.ends_with("byte for byte what is committed, though of other tools"), "{config}");
            assert!(bit.starts_with("SKIPPED alive.bit"), "{bit}");
        }
        let mut other = changed.clone();
        other.packages.insert("fpga-trellis-database".into(), "9".into());
        assert!(outputs(&committed, &other).expect("no failure")[0].contains("fpga-trellis-database 9"));
        other.packages.clear();
        assert!(
            outputs(&committed, &other).expect("no failure")[0].contains("databases that came in no package")
        );

        let mut none = committed.clone();
        none.outputs.pop();
        assert!(outputs(&committed, &none).expect_err("none").to_string().contains("no alive.bit came out"));
    }

    #[test]
    fn what_differs_is_named_whichever_side_it_is_missing_on() {
        let list = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let (one, two) =
            (list(&[("a", "1"), ("b", "1"), ("c", "1")]), list(&[("a", "1"), ("b", "2"), ("d", "1")]));
        assert_eq!(differing(&one, &two), ["b", "c", "d"]);
        assert_eq!(differing(&one, &one), [""; 0]);
    }
}
