//! Byte shifting: payloads start at any byte, fingerprints take words.
//!
//! `ByteAlign` cuts a word out of two neighbours, `KeepBytes` clears what lies behind the payload's end.

use crate::emit::MODULE_NAME;
use rust_hdl::prelude::*;

/// Eight bytes out of sixteen.
#[derive(LogicBlock, Default)]
pub struct ByteAlign {
    /// The bytes at the lower addresses.
    pub low: Signal<In, Bits<64>>,
    /// The bytes at the higher addresses.
    pub high: Signal<In, Bits<64>>,
    /// How many bytes of `low` to leave out.
    pub offset: Signal<In, Bits<3>>,
    /// The eight bytes from there on.
    pub word: Signal<Out, Bits<64>>,
}

impl Logic for ByteAlign {
    fn update(&mut self) {
        let both = u128::from(self.high.val().to_u64()) << 64 | u128::from(self.low.val().to_u64());
        self.word.next = ((both >> (8 * self.offset.val().to_u64())) as u64).into();
    }
    fn connect(&mut self) {
        self.word.connect();
    }
    fn hdl(&self) -> Verilog {
        let mut text = format!("{MODULE_NAME}byte_align\nalways @(*) begin\n   case (offset)\n");
        text += "      3'd0: word = low;\n";
        for offset in 1..8 {
            text += &format!(
                "      3'd{offset}: word = {{high[{}:0], low[63:{}]}};\n",
                8 * offset - 1,
                8 * offset
            );
        }
        Verilog::Custom(text + "   endcase\nend\n")
    }
}

/// The first bytes of a word, zeros behind them.
#[derive(LogicBlock, Default)]
pub struct KeepBytes {
    /// The word.
    pub data: Signal<In, Bits<64>>,
    /// How many bytes to keep; 8 and more keep all.
    pub count: Signal<In, Bits<4>>,
    /// What is left.
    pub word: Signal<Out, Bits<64>>,
}

impl Logic for KeepBytes {
    fn update(&mut self) {
        let count = self.count.val().to_u64();
        let mask = if count >= 8 { u64::MAX } else { (1u64 << (8 * count)) - 1 };
        self.word.next = (self.data.val().to_u64() & mask).into();
    }
    fn connect(&mut self) {
        self.word.connect();
    }
    fn hdl(&self) -> Verilog {
        let mut text = format!("{MODULE_NAME}keep_bytes\nalways @(*) begin\n");
        for byte in 0..8 {
            let (high, low) = (8 * byte + 7, 8 * byte);
            text += &format!("   word[{high}:{low}] = (count > {byte}) ? data[{high}:{low}] : 8'h0;\n");
        }
        Verilog::Custom(text + "end\n")
    }
}
