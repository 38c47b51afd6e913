//! Bridges: what stands between the unit's TLP boundary and a board.
//!
//! Each is a module of its own beside the unit, `generated/NAME.v`, and changes nothing of the unit.
//! [`serial_bridge`] carries TLPs over an asynchronous serial line.

pub mod deframer;
pub mod framer;
pub mod resend_queue;
pub mod serial_bridge;
pub mod serial_rx;
pub mod serial_tx;
