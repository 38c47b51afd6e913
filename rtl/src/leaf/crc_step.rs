//! One step of a CRC: the next state from the state and 64 bits of data.
//!
//! Both sides come from the rows of [`crate::crc::Polynomial::matrix`]. Purely combinational: about five levels of
//! four-input tables, the longest path of the unit.

use crate::crc::{CHECK_CODE, FINGERPRINT, Polynomial};
use crate::emit::MODULE_NAME;
use rust_hdl::prelude::*;

fn apply(rows: &[u64], word: u64) -> u64 {
    rows.iter().enumerate().fold(0, |next, (bit, row)| next | u64::from((word & row).count_ones() & 1) << bit)
}

fn emit(name: &str, polynomial: Polynomial, rows: &[u64]) -> Verilog {
    let mut text = format!("{MODULE_NAME}{name}\nwire [63:0] word = data ^ ");
    text += &if polynomial.width == 64 {
        String::from("state;\n")
    } else {
        format!("{{{}'h0, state}};\n", 64 - polynomial.width)
    };
    text += "always @(*) begin\n";
    for (bit, row) in rows.iter().enumerate() {
        text += &format!("   after[{bit}] = ^(word & 64'h{row:016x});\n");
    }
    Verilog::Custom(text + "end\n")
}

macro_rules! step {
    ($(#[$about:meta])+ $leaf:ident, $width:literal, $polynomial:expr, $name:literal) => {
        $(#[$about])+
        #[derive(LogicBlock)]
        pub struct $leaf {
            /// The state before.
            pub state: Signal<In, Bits<$width>>,
            /// 64 bits, the first byte in bits 7..0.
            pub data: Signal<In, Bits<64>>,
            /// The state after.
            pub after: Signal<Out, Bits<$width>>,
            _rows: Vec<u64>,
        }

        impl Default for $leaf {
            fn default() -> Self {
                $leaf {
                    state: Signal::default(),
                    data: Signal::default(),
                    after: Signal::default(),
                    _rows: $polynomial.matrix(),
                }
            }
        }

        impl Logic for $leaf {
            fn update(&mut self) {
                let word = self.state.val().to_u64() ^ self.data.val().to_u64();
                self.after.next = apply(&self._rows, word).into();
            }
            fn connect(&mut self) {
                self.after.connect();
            }
            fn hdl(&self) -> Verilog {
                emit($name, $polynomial, &self._rows)
            }
        }
    };
}

step!(
    /// A step of the fingerprint.
    FingerprintStep, 64, FINGERPRINT, "fingerprint_step"
);
step!(
    /// A step of the check code.
    CheckCodeStep, 32, CHECK_CODE, "check_code_step"
);
