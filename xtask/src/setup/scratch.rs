//! A cache of its own for a test.

use std::fs;
use std::path::PathBuf;

/// An empty cache folder with `bin/`, removed at the end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let root = std::env::temp_dir().join(format!("covert-cache-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("bin")).expect("temporary folder");
        Scratch(root)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
