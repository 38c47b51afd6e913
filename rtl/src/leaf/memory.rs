//! Memories: one write port, one to three read ports.
//!
//! `LutRam` reads in the same clock and becomes distributed RAM; `BlockRam` reads one clock later and becomes block
//! RAM. What is read from a word while it is written is the old content in both. Contents start as zero.

use crate::emit::MODULE_NAME;
use rust_hdl::prelude::*;

macro_rules! memory {
    (
        $(#[$about:meta])+ $leaf:ident, $name:literal, [$($address:ident => $data:ident),+], registered $registered:literal
    ) => {
        $(#[$about])+
        #[derive(LogicBlock)]
        pub struct $leaf<const W: usize, const A: usize> {
            /// Clock of all ports.
            pub clock: Signal<In, Clock>,
            /// Whether to write at the next edge.
            pub write: Signal<In, Bit>,
            /// Where to write.
            pub write_address: Signal<In, Bits<A>>,
            /// What to write.
            pub write_data: Signal<In, Bits<W>>,
            $(
                /// Where to read.
                pub $address: Signal<In, Bits<A>>,
                /// What was read.
                pub $data: Signal<Out, Bits<W>>,
            )+
            _words: Vec<Bits<W>>,
        }

        impl<const W: usize, const A: usize> Default for $leaf<W, A> {
            fn default() -> Self {
                $leaf {
                    clock: Signal::default(),
                    write: Signal::default(),
                    write_address: Signal::default(),
                    write_data: Signal::default(),
                    $( $address: Signal::default(), $data: Signal::default(), )+
                    _words: vec![Bits::default(); 1 << A],
                }
            }
        }

        impl<const W: usize, const A: usize> Logic for $leaf<W, A> {
            fn update(&mut self) {
                let edge = self.clock.pos_edge();
                if $registered && edge {
                    $( self.$data.next = self._words[self.$address.val().to_u64() as usize]; )+
                }
                if edge && self.write.val() {
                    self._words[self.write_address.val().to_u64() as usize] = self.write_data.val();
                }
                if !$registered {
                    $( self.$data.next = self._words[self.$address.val().to_u64() as usize]; )+
                }
            }
            fn connect(&mut self) {
                $( self.$data.connect(); )+
            }
            fn hdl(&self) -> Verilog {
                let mut text = format!(
                    "{MODULE_NAME}{}_{W}x{}\nreg [{}:0] words [0:{}];\ninteger i;\n\
                     initial for (i = 0; i < {}; i = i + 1) words[i] = 0;\n",
                    $name, 1usize << A, W - 1, (1usize << A) - 1, 1usize << A,
                );
                text += "always @(posedge clock) if (write) words[write_address] <= write_data;\n";
                $(
                    text += &if $registered {
                        format!(
                            "initial {0} = 0;\nalways @(posedge clock) {0} <= words[{1}];\n",
                            stringify!($data), stringify!($address)
                        )
                    } else {
                        format!("always @(*) {} = words[{}];\n", stringify!($data), stringify!($address))
                    };
                )+
                Verilog::Custom(text)
            }
        }
    };
}

memory!(
    /// `1 << A` words of `W` bits, read in the same clock.
    LutRam, "lut_ram", [address => data], registered false
);
memory!(
    /// As [`LutRam`], with a second read port.
    LutRam2, "lut_ram_2", [address => data, second_address => second_data], registered false
);
memory!(
    /// As [`LutRam`], with a second and a third read port.
    LutRam3, "lut_ram_3",
    [address => data, second_address => second_data, third_address => third_data], registered false
);
memory!(
    /// `1 << A` words of `W` bits, read one clock later.
    BlockRam, "block_ram", [address => data], registered true
);
