//! The first and only file system of the lab's machine.

use super::cpio::Archive;
use super::modules;
use super::programs::Built;
use crate::setup::Cache;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// What the steps need of the kernel and what it has not built in.
const MODULES: &[&str] = &["vfio-pci", "vfio_iommu_type1", "kvm-amd"];
/// Folders that the archive has to have: to mount on, and for what is packed.
const FOLDERS: [&str; 8] = ["bin", "dev", "etc", "modules", "proc", "sys", "tmp", "root"];

/// Packs programs, modules and the first script into one file.
pub(super) fn write(workspace: &Workspace, cache: &Cache, built: &Built, image: &Path) -> Result<()> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    let lab = cache.root.join("lab");
    let mut archive = Archive::default();
    for folder in FOLDERS {
        archive.folder(folder);
    }
    archive.program("init", &read(&workspace.package("covert-lab")?.dir().join("init"))?);
    archive.program("bin/busybox", &read(&lab.join("busybox"))?);
    for (name, path) in &built.inside {
        archive.program(&format!("bin/{name}"), &read(path)?);
    }
    let modules = modules::from_folder(&lab.join("modules"), MODULES)?;
    let order: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    archive.file("modules/order", (order.join("\n") + "\n").as_bytes());
    for module in &modules {
        archive.file(&format!("modules/{}.ko", module.name), &module.bytes);
    }
    fs::write(image, archive.finish()).with_context(|| format!("cannot write `{}`", image.display()))
}
