//! Bridges: what stands between the unit's TLP boundary and a board.
//!
//! Each is a module of its own beside the unit, `generated/NAME.v`, and changes nothing of the unit.
//! [`serial_bridge`] carries TLPs over an asynchronous serial line; [`pcie7_shim`] fits the PCI Express block of 7-series FPGAs.

pub mod beat_fifo;
pub mod deframer;
pub mod framer;
pub mod payload_swap;
pub mod pcie7_receive;
pub mod pcie7_shim;
pub mod pcie7_top;
pub mod pcie7_transmit;
pub mod resend_queue;
pub mod serial_bridge;
pub mod serial_rx;
pub mod serial_tx;
