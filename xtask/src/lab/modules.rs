//! Kernel modules in an order in which each finds what it needs already there.
//!
//! Debian's package has no `modules.dep` (installing it would make one), so what a module needs is read from the module.

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and its ELF file.
pub(super) struct Module {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The modules of these names and all that they need, from the folder of a kernel's modules.
pub(super) fn from_folder(folder: &Path, wanted: &[&str]) -> Result<Vec<Module>> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    in_order(wanted, |name| {
        let named = |path: &&PathBuf| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.split_once(".ko").is_some_and(|(stem, _)| plain(stem) == name)
        };
        let path = files
            .iter()
            .find(named)
            .with_context(|| format!("`{}` has no module `{name}`", folder.display()))?;
        unpack(path)
    })
}

/// The same, with the modules from anywhere.
fn in_order(wanted: &[&str], mut read: impl FnMut(&str) -> Result<Vec<u8>>) -> Result<Vec<Module>> {
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for name in wanted {
        add(plain(name), &mut read, &mut seen, &mut order)?;
    }
    Ok(order)
}

fn add(
    name: String,
    read: &mut impl FnMut(&str) -> Result<Vec<u8>>,
    seen: &mut BTreeSet<String>,
    order: &mut Vec<Module>,
) -> Result<()> {
    if !seen.insert(name.clone()) {
        return Ok(());
    }
    let bytes = read(&name)?;
    for needed in needs(&bytes) {
        add(needed, read, seen, order)?;
    }
    order.push(Module { name, bytes });
    Ok(())
}

/// What a module's `.modinfo` says that it needs: a string `depends=a,b` between zeros.
fn needs(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let list = module[at + KEY.len()..].split(|&byte| byte == 0).next().unwrap_or_default();
    let list = String::from_utf8_lossy(list);
    list.split(',').filter(|name| !name.is_empty()).map(plain).collect()
}

/// A module's name as the kernel has it: files and users write it with either.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn unpack(path: &Path) -> Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "xz") {
        return fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    }
    let output = std::process::Command::new("xz")
        .arg("-dc")
        .arg(path)
        .output()
        .context("cannot run `xz`: apt-get install xz-utils")?;
    anyhow::ensure!(output.status.success(), "`xz -dc {}` failed: {}", path.display(), output.status);
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(wanted: &[&str], modules: &[(&str, &str)]) -> Result<Vec<String>> {
        let read = |name: &str| {
            let found = modules.iter().find(|(it, _)| *it == name);
            let (_, needs) = found.with_context(|| format!("no module {name}"))?;
            Ok(format!("\x7fELF\0license=GPL\0depends={needs}\0name={name}\0").into_bytes())
        };
        Ok(in_order(wanted, read)?.into_iter().map(|module| module.name).collect())
    }

    const MODULES: &[(&str, &str)] = &[
        ("vfio", ""),
        ("vfio_iommu_type1", "vfio"),
        ("vfio_pci_core", "vfio,irqbypass"),
        ("vfio_pci", "vfio-pci-core,vfio"),
        ("irqbypass", ""),
        ("a", "b"),
        ("b", "a"),
        ("orphan", "nowhere"),
    ];

    #[test]
    fn every_module_comes_after_what_it_needs_and_once() {
        let order = order(&["vfio-pci", "vfio_iommu_type1", "vfio_pci"], MODULES).unwrap();
        assert_eq!(order, ["vfio", "irqbypass", "vfio_pci_core", "vfio_pci", "vfio_iommu_type1"]);
    }

    #[test]
    fn a_circle_ends_and_a_module_that_is_not_there_is_an_error() {
        assert_eq!(order(&["a"], MODULES).unwrap(), ["b", "a"]);
        let error = order(&["orphan"], MODULES).unwrap_err();
        assert_eq!(error.to_string(), "no module nowhere");
    }

    #[test]
    fn a_module_without_the_string_needs_nothing() {
        assert_eq!(needs(b"\x7fELF no depends=here\0"), [] as [&str; 0]);
    }
}
