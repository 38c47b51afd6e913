//! A copy of the packages that a mutant needs, as a workspace of its own.

use crate::workspace::{Package, Workspace};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The copy, and what it is a copy of.
pub(crate) struct Tree<'a> {
    /// Where the copy stands.
    pub(crate) root: PathBuf,
    workspace: &'a Workspace,
    packages: Vec<&'a Package>,
}

impl<'a> Tree<'a> {
    /// A copy, at `root`, of a package with all members it depends on. Nothing is written yet.
    pub(crate) fn new(workspace: &'a Workspace, package: &'a Package, root: PathBuf) -> Tree<'a> {
        Tree { root, workspace, packages: workspace.with_dependencies(package) }
    }

    /// Where a package stands in the copy.
    pub(crate) fn folder(&self, package: &Package) -> Result<PathBuf> {
        if !self.packages.iter().any(|known| known.id == package.id) {
            bail!("package `{}` is not one that the tests depend on", package.name);
        }
        Ok(self.root.join(self.inside(package)?))
    }

    /// Makes the copy equal to the original. Files that already are keep their time, so cargo builds only the rest.
    pub(crate) fn restore(&self) -> Result<()> {
        let mut members = Vec::new();
        for package in &self.packages {
            let inside = self.inside(package)?;
            mirror(package.dir(), &self.root.join(inside))?;
            members.push(toml::Value::from(inside.display().to_string()));
        }
        let manifest = self.workspace.root.join("Cargo.toml");
        let text =
            fs::read_to_string(&manifest).with_context(|| format!("cannot read `{}`", manifest.display()))?;
        update(&self.root.join("Cargo.toml"), reduced(&text, members)?.as_bytes())?;
        // Cargo takes what the reduced workspace does not need out of the lock; versions stay as they are.
        let lock = self.workspace.root.join("Cargo.lock");
        let locked = fs::read(&lock).with_context(|| format!("cannot read `{}`", lock.display()))?;
        update(&self.root.join("Cargo.lock"), &locked)
    }

    fn inside<'p>(&self, package: &'p Package) -> Result<&'p Path> {
        let inside = package.dir().strip_prefix(&self.workspace.root);
        inside.with_context(|| format!("package `{}` stands outside the workspace", package.name))
    }
}

/// The workspace's manifest with other members.
fn reduced(manifest: &str, members: Vec<toml::Value>) -> Result<String> {
    let mut manifest: toml::Table = manifest.parse().context("cannot read the workspace's Cargo.toml")?;
    let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut);
    let workspace = workspace.context("Cargo.toml has no [workspace]")?;
    workspace.insert("members".into(), members.into());
    for other in ["default-members", "exclude"] {
        workspace.remove(other);
    }
    toml::to_string(&manifest).context("cannot write the reduced Cargo.toml")
}

/// Makes folder `to` equal to folder `from`; packages inside that are workspaces of their own are left out.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make `{}`", to.display()))?;
    let mut kept = BTreeSet::new();
    for entry in fs::read_dir(from).with_context(|| format!("cannot list `{}`", from.display()))? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if source.join("Cargo.toml").exists() || entry.file_name() == "target" {
            continue;
        }
        kept.insert(entry.file_name());
        if entry.file_type()?.is_dir() {
            mirror(&source, &copy)?;
        } else {
            let bytes = fs::read(&source).with_context(|| format!("cannot read `{}`", source.display()))?;
            update(&copy, &bytes)?;
        }
    }
    for entry in fs::read_dir(to).with_context(|| format!("cannot list `{}`", to.display()))? {
        let entry = entry?;
        let path = entry.path();
        if kept.contains(&entry.file_name()) || path.join("Cargo.toml").exists() {
            continue;
        }
        let removed =
            if entry.file_type()?.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    Ok(())
}

/// Writes a file unless that is what it holds.
fn update(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_manifest_keeps_all_but_the_members() {
        let manifest = "[workspace]\nmembers = ['a', 'b']\ndefault-members = ['b']\n\
                        [workspace.lints.rust]\nmissing_docs = 'warn'\n[profile.test]\nopt-level = 2\n";
        let reduced: toml::Table =
            reduced(manifest, vec!["a".into()]).expect("valid").parse().expect("valid");
        let expected: toml::Table =
            "[workspace]\nmembers = ['a']\n[workspace.lints.rust]\nmissing_docs = 'warn'\n\
                                     [profile.test]\nopt-level = 2\n"
                .parse()
                .expect("valid");
        assert_eq!(reduced, expected);
    }

    #[test]
    fn a_mirror_takes_back_every_change_and_touches_nothing_else() {
        let scratch = std::env::temp_dir().join(format!("covert-mirror-{}", std::process::id()));
        let (from, to) = (scratch.join("from"), scratch.join("to"));
        fs::create_dir_all(from.join("src")).expect("folder");
        fs::write(from.join("src/lib.rs"), "a == b").expect("file");
        fs::write(from.join("src/log.rs"), "same").expect("file");
        mirror(&from, &to).expect("first copy");
        let time = |name: &str| to.join(name).metadata().and_then(|m| m.modified()).expect("time");
        let untouched = time("src/log.rs");

        fs::write(to.join("src/lib.rs"), "a != b").expect("mutation");
        fs::write(to.join("src/left-behind"), "seed").expect("leftover");
        mirror(&from, &to).expect("restored");
        assert_eq!(fs::read_to_string(to.join("src/lib.rs")).expect("file"), "a == b");
        assert!(!to.join("src/left-behind").exists());
        assert_eq!(time("src/log.rs"), untouched);
        fs::remove_dir_all(&scratch).expect("removed");
    }
}
