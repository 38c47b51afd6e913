//! The suite that every comparator passes: `docs/src/unit.md`, asked case by case.
//!
//! A case is a function over a [`Factory`]; its name is the promise that it holds the comparator to. [`CASES`] lists them
//! all, and [`conformance_tests!`](crate::conformance_tests) makes a `#[test]` of each for one factory.

mod rig;

pub use rig::{Factory, Parts, Port, Rig, Shape, Software};

/// What a comparator did that it must not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl Failure {
    /// A failure to do something that the case needs.
    pub fn because(error: impl core::fmt::Display) -> Failure {
        Failure(error.to_string())
    }
}
