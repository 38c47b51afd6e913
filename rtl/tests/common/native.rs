//! The native simulation, clocked by one blessed sequence: settle the inputs, then the edge, then the other edge.

use super::Port;
use rust_hdl::prelude::*;

/// What a port can carry, as an integer.
pub trait Value: Copy {
    fn from_u64(value: u64) -> Self;
    fn to_u64(self) -> u64;
}

impl<const N: usize> Value for Bits<N> {
    fn from_u64(value: u64) -> Self {
        value.into()
    }
    fn to_u64(self) -> u64 {
        Bits::to_u64(self)
    }
}

impl Value for bool {
    fn from_u64(value: u64) -> Self {
        value != 0
    }
    fn to_u64(self) -> u64 {
        u64::from(self)
    }
}

pub struct Native<B> {
    block: Box<B>,
    clock: Option<fn(&mut B, bool)>,
}

/// Deltas after which a design is taken to oscillate.
const DELTAS: usize = 1000;

impl<B: Block + Default> Native<B> {
    pub fn new(ports: &[Port<B>], clock: Option<fn(&mut B, bool)>) -> Native<B> {
        let mut block = Box::<B>::default();
        for port in ports {
            if let Some(set) = port.set {
                set(&mut block, 0);
            }
        }
        block.connect_all();
        let mut native = Native { block, clock };
        native.settle();
        native
    }
    pub fn clocked(&self) -> bool {
        self.clock.is_some()
    }
    pub fn block(&self) -> &B {
        &self.block
    }
    pub fn block_mut(&mut self) -> &mut B {
        &mut self.block
    }
    pub fn settle(&mut self) {
        assert!(simulate(self.block.as_mut(), DELTAS), "the design does not settle");
    }
    pub fn edge(&mut self) {
        if let Some(clock) = self.clock {
            clock(&mut self.block, true);
            self.settle();
            clock(&mut self.block, false);
            self.settle();
        }
    }
}
