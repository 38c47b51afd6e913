//! Verilator and a C++ compiler: where they are, and what to do where they are not.

use crate::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The workspace that this crate was built in.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).to_path_buf()
}

/// `.cache` in the workspace's root, or the folder that `COVERT_CACHE` names from there.
pub fn cache() -> PathBuf {
    workspace().join(std::env::var_os("COVERT_CACHE").unwrap_or_else(|| ".cache".into()))
}

/// Where tools are looked for: the workspace's own first, then PATH.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(cache().join("bin")).chain(std::env::split_paths(&path)).collect()
}

/// A tool of the project, by its name.
pub fn tool(name: &str) -> Option<PathBuf> {
    find(name, &folders())
}

fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The tools that a Verilated model takes.
#[derive(Clone, Debug)]
pub struct Tools {
    verilator: PathBuf,
    compiler: PathBuf,
    version: String,
    root: PathBuf,
}

impl Tools {
    /// Finds them, and asks Verilator what it is: once a process, as a test makes hundreds of models.
    ///
    /// # Errors
    /// One is missing, or does not work.
    pub fn find() -> Result<Tools, Error> {
        static FOUND: Mutex<Option<Tools>> = Mutex::new(None);
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tools) = &*found {
            return Ok(tools.clone());
        }
        let tools = Tools::find_in(&folders())?;
        *found = Some(tools.clone());
        Ok(tools)
    }

    /// Finds them in these folders.
    ///
    /// # Errors
    /// One is missing, or does not work.
    pub fn find_in(folders: &[PathBuf]) -> Result<Tools, Error> {
        let first = folders.first().cloned().unwrap_or_default();
        let verilator = find("verilator", folders).ok_or(Error::NoVerilator { first })?;
        let compiler = find("g++", folders).ok_or(Error::NoCompiler)?;
        let ask = |arguments: &[&str]| {
            let broken = |said: String| Error::Broken { tool: verilator.clone(), said };
            let output = Command::new(&verilator)
                .args(arguments)
                .output()
                .map_err(|error| broken(error.to_string()))?;
            if !output.status.success() {
                return Err(broken(String::from_utf8_lossy(&output.stderr).into_owned()));
            }
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let (version, root) = (ask(&["--version"])?, PathBuf::from(ask(&["--getenv", "VERILATOR_ROOT"])?));
        Ok(Tools { compiler, version, root, verilator })
    }

    /// Verilator itself.
    pub fn verilator(&self) -> &Path {
        &self.verilator
    }

    /// The C++ compiler.
    pub fn compiler(&self) -> &Path {
        &self.compiler
    }

    /// What Verilator says of itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder with Verilator's headers and runtime.
    pub fn include(&self) -> PathBuf {
        self.root.join("include")
    }
}

/// What was had, or `None` and a loud line where the machine cannot have it. In CI there is no such machine.
///
/// # Panics
/// Whatever else went wrong, and in CI anything.
pub fn or_skip<T>(had: Result<T, Error>) -> Option<T> {
    match had {
        Ok(it) => Some(it),
        Err(error) if error.is_missing() => {
            skip(&error.to_string());
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Says loudly that a test did not run, and why.
///
/// # Panics
/// In CI, where nothing may be skipped.
pub fn skip(why: &str) {
    let message = format!("SKIPPED {}: {why}", std::thread::current().name().unwrap_or("a test"));
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}");
    // Past the capture of the test harness: a skip must be seen.
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}
