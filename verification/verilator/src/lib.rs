//! From Verilog to a library that tests can load and clock.
//!
//! [`Tools`] finds what that takes, [`Build`] makes the library or finds it in the cache, [`Model`] loads a module with
//! its pins by name. Whatever is missing is an [`Error`] that says what to do; a test that cannot run for that reason
//! says so aloud through [`or_skip`].
#![deny(unsafe_code)]

mod build;
mod model;
mod tools;

pub use build::{Build, library};
pub use model::{Model, ModelPort};
pub use tools::{Tools, cache, or_skip, skip, tool, workspace};

use std::path::PathBuf;

/// Why there is no Verilated model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Verilator is not there.
    #[error("no Verilator in {first} or on PATH: run `cargo xtask setup`", first = first.display())]
    NoVerilator {
        /// Where it was looked for first.
        first: PathBuf,
    },
    /// Verilator's output is C++.
    #[error("no C++ compiler (g++) on PATH, which what Verilator writes needs: run `apt-get install g++`")]
    NoCompiler,
    /// A tool is there and does not work.
    #[error("{tool} does not work: run `cargo xtask setup`; it said:\n{said}", tool = tool.display())]
    Broken {
        /// Which.
        tool: PathBuf,
        /// What it said.
        said: String,
    },
    /// The Verilog is not there.
    #[error("{path} is not there: run `cargo run -p covert-rtl --bin emit`, or name another file", path = path.display())]
    NoVerilog {
        /// Where it should be.
        path: PathBuf,
    },
    /// A step of the build failed. Nothing of it is kept.
    #[error("{step} failed:\n{output}")]
    Failed {
        /// Which.
        step: &'static str,
        /// What it said.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What lies in the cache is no library of this build: of another machine, or cut short.
    #[error("the build cache is stale, {path} cannot be used ({reason}): remove that file and run again", path = path.display())]
    Stale {
        /// The library.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// Whether the machine lacks something, which is a reason to skip a test; anything else is a reason to fail.
    pub fn is_missing(&self) -> bool {
        matches!(self, Error::NoVerilator { .. } | Error::NoCompiler | Error::NoVerilog { .. })
    }
}
