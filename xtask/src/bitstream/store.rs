//! What was synthesised and placed before, by everything that it depends on: the same call on the same files is not made twice.

use anyhow::{Context, Result};
use covert_boards::manifest::sha256;
use std::fs;
use std::path::{Path, PathBuf};

/// Results in a folder of the cache.
pub(super) struct Store {
    root: PathBuf,
    fresh: bool,
}

impl Store {
    /// A `fresh` one is written and never read.
    pub(super) fn new(root: PathBuf, fresh: bool) -> Store {
        Store { root, fresh }
    }

    /// Sees to it that `folder` has `files`: those stored under `key`, or those that `make` leaves there.
    pub(super) fn get(
        &self,
        key: &str,
        folder: &Path,
        files: &[&str],
        make: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let stored = self.root.join(sha256(key.as_bytes()));
        let copy = |from: &Path, to: &Path| -> Result<()> {
            for file in files {
                let (from, to) = (from.join(file), to.join(file));
                fs::copy(&from, &to)
                    .with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
            }
            Ok(())
        };
        if !self.fresh && stored.is_dir() {
            return copy(&stored, folder);
        }
        make()?;
        // Whole or not at all: a folder of that name was filled to its end.
        let new = stored.with_extension(format!("new-{}", std::process::id()));
        fs::create_dir_all(&new).with_context(|| format!("cannot make `{}`", new.display()))?;
        copy(folder, &new)?;
        let _ = fs::remove_dir_all(&stored);
        fs::rename(&new, &stored).with_context(|| format!("cannot make `{}`", stored.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_same_is_made_once_and_anything_else_is_made_anew() {
        let scratch = std::env::temp_dir().join(format!("covert-store-{}", std::process::id()));
        let folder = scratch.join("build");
        fs::create_dir_all(&folder).expect("a temporary folder");
        let made = Cell::new(0);
        let get = |key: &str, fresh: bool| {
            let store = Store::new(scratch.join("store"), fresh);
            store.get(key, &folder, &["out"], || {
                made.set(made.get() + 1);
                Ok(fs::write(folder.join("out"), format!("{key} {}", made.get()))?)
            })
        };
        let out = || fs::read_to_string(folder.join("out")).expect("it was made");
        for (key, fresh, expected) in [
            ("a", false, "a 1"),
            ("b", false, "b 2"),
            ("a", false, "a 1"),
            ("a", true, "a 3"),
            ("a", false, "a 3"),
        ] {
            get(key, fresh).expect("it can be made");
            assert_eq!(out(), expected);
        }
        let store = Store::new(scratch.join("store"), false);
        assert!(store.get("c", &folder, &["out"], || anyhow::bail!("a tool failed")).is_err());
        get("c", false).expect("a failure is not stored");
        assert_eq!(out(), "c 4");
        fs::remove_dir_all(&scratch).expect("it was made");
    }
}
