//! The contract between the redundancy unit, its driver and the VMM.
#![no_std]
