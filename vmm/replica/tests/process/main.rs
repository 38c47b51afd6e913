//! Linux programs as guests of one machine, with a small world around it.

#[path = "../support/mod.rs"]
mod support;

mod busybox;
mod compiled;
mod replicas;
mod small_world;
