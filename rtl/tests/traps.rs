//! The traps of rust-hdl that the house rules keep us out of: each is shown to be one.
//!
//! `Traps` breaks every rule once. Its native simulation, the Verilog of rust-hdl's own generator and the Verilog of
//! `covert_rtl::emit` are compared: what the first two disagree on is a trap, what the third agrees with the
//! first on is a trap that our emitter has closed.

mod common;

use common::{Model, build, tools};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
struct Traps {
    pub a: Signal<In, Bits<8>>,
    pub b: Signal<In, Bits<8>>,
    pub c: Signal<In, Bits<8>>,
    pub wraps: Signal<Out, Bit>,
    pub binds: Signal<Out, Bit>,
    pub widens: Signal<Out, Bits<16>>,
    pub halves: Signal<Out, Bits<8>>,
    pub obeys: Signal<Out, Bits<8>>,
    pub compares: Signal<Out, Bit>,
    sum: Signal<Local, Bits<8>>,
    turned: Signal<Local, Bits<8>>,
}

impl Logic for Traps {
    #[hdl_gen]
    fn update(&mut self) {
        // A literal in a sum that is compared: the Verilog's sum has 32 bits and does not wrap.
        self.wraps.next = self.a.val() + 1 == self.b.val();
        // Two operators without parentheses: Verilog binds == tighter than &.
        self.binds.next = self.a.val() & self.b.val() == self.c.val();
        // A complement that is widened: the Verilog complements 16 bits.
        self.widens.next = bit_cast::<16, 8>(!self.a.val());
        // A sum that is shifted: the Verilog keeps the carry.
        self.halves.next = (self.a.val() + 1) >> 1;
        // The same as the rules have it: every result in a sized signal first, the literal alone with its signal.
        self.sum.next = self.a.val() + 1;
        self.turned.next = self.sum.val() >> 1;
        self.obeys.next = self.turned.val();
        self.compares.next = self.sum.val() == self.b.val();
    }
}

fn native(a: u64, b: u64, c: u64) -> [u64; 6] {
    let mut traps = Traps::default();
    traps.a.connect();
    traps.b.connect();
    traps.c.connect();
    traps.connect_all();
    traps.a.next = a.into();
    traps.b.next = b.into();
    traps.c.next = c.into();
    assert!(simulate(&mut traps, 100));
    [
        traps.wraps.val().into(),
        traps.binds.val().into(),
        traps.widens.val().to_u64(),
        traps.halves.val().to_u64(),
        traps.obeys.val().to_u64(),
        traps.compares.val().into(),
    ]
}

fn verilated(model: &mut Model, a: u64, b: u64, c: u64) -> [u64; 6] {
    for (name, value) in [("a", a), ("b", b), ("c", c)] {
        model.set(name, value);
    }
    model.eval();
    ["wraps", "binds", "widens", "halves", "obeys", "compares"].map(|name| model.get(name))
}

fn models() -> Option<(Model, Model)> {
    let tools = tools()?;
    let mut traps = Traps::default();
    traps.a.connect();
    traps.b.connect();
    traps.c.connect();
    traps.connect_all();
    let ours = covert_rtl::emit::verilog(&traps, "traps");
    let (_, header) = ours.split_once("(\n").expect("a port list");
    let (ports, _) = header.split_once(");").expect("a port list");
    let wrapper = format!(
        "{}\nmodule plain (\n{}); top inner(.*); endmodule\n",
        generate_verilog(&traps),
        ports.replace("output reg", "output wire")
    );
    Some((build(&tools, "plain", &wrapper), build(&tools, "traps", &ours)))
}

#[test]
fn a_bare_literal_in_a_comparison_does_not_wrap() {
    let Some((mut plain, mut ours)) = models() else { return };
    assert_eq!(native(255, 0, 0)[0], 1);
    assert_eq!(verilated(&mut plain, 255, 0, 0)[0], 0, "the trap");
    assert_eq!(verilated(&mut ours, 255, 0, 0)[0], 1, "closed by sized literals");
}

#[test]
fn operators_without_parentheses_bind_differently() {
    let Some((mut plain, mut ours)) = models() else { return };
    // Rust: (6 & 3) == 2. Verilog: 6 & (3 == 2).
    assert_eq!(native(6, 3, 2)[1], 1);
    assert_eq!(verilated(&mut plain, 6, 3, 2)[1], 0, "the trap");
    assert_eq!(verilated(&mut ours, 6, 3, 2)[1], 1, "closed by printing parentheses");
}

#[test]
fn a_complement_is_widened_before_it_is_taken() {
    let Some((mut plain, _)) = models() else { return };
    assert_eq!(native(0x5A, 0, 0)[2], 0x00A5);
    assert_eq!(verilated(&mut plain, 0x5A, 0, 0)[2], 0xFFA5, "the trap");
}

#[test]
fn an_expression_keeps_bits_that_a_signal_would_not() {
    let Some((mut plain, _)) = models() else { return };
    assert_eq!(native(255, 0, 0)[3], 0);
    assert_eq!(verilated(&mut plain, 255, 0, 0)[3], 0x80, "the trap");
}

#[test]
fn sized_signals_and_lone_literals_agree_everywhere() {
    let Some((mut plain, mut ours)) = models() else { return };
    for a in 0..=255 {
        for b in [0, 1, a, (a + 1) & 255] {
            let here = native(a, b, 0);
            assert_eq!(verilated(&mut plain, a, b, 0)[4..], here[4..], "{a} {b}");
            assert_eq!(verilated(&mut ours, a, b, 0)[4..], here[4..], "{a} {b}");
        }
    }
}

#[derive(LogicBlock, Default)]
struct Leak<const N: usize> {
    pub a: Signal<In, Bits<8>>,
    pub low: Signal<Out, Bits<4>>,
}

impl<const N: usize> Logic for Leak<N> {
    #[hdl_gen]
    fn update(&mut self) {
        self.low.next = self.a.val().get_bits::<4>(N);
    }
}

#[test]
fn a_const_generic_in_an_expression_leaks_its_name() {
    let mut leak = Leak::<2>::default();
    leak.a.connect();
    leak.connect_all();
    assert!(generate_verilog(&leak).contains("a[(N)+:(4)]"), "the trap: nothing declares N");
}

#[derive(LogicBlock, Default)]
struct Keyword {
    pub clock: Signal<In, Clock>,
    pub matches: Signal<Out, Bit>,
}

impl Logic for Keyword {
    #[hdl_gen]
    fn update(&mut self) {
        self.matches.next = true;
    }
}

#[test]
#[should_panic(expected = "is a word of SystemVerilog")]
fn a_keyword_as_a_name_is_refused_when_it_is_emitted() {
    let mut keyword = Keyword::default();
    keyword.connect_all();
    covert_rtl::emit::verilog(&keyword, "keyword");
}

#[derive(LogicBlock, Default)]
struct Pair {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bit>,
    pub b: Signal<Out, Bit>,
    state: DFF<Bit>,
    inner: Inverter,
}

#[derive(LogicBlock, Default)]
struct Inverter {
    pub a: Signal<In, Bit>,
    pub b: Signal<Out, Bit>,
}

impl Logic for Inverter {
    #[hdl_gen]
    fn update(&mut self) {
        self.b.next = !self.a.val();
    }
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state);
        self.inner.a.next = self.a.val();
        self.state.d.next = self.inner.b.val();
        self.b.next = self.state.q.val();
    }
}

#[test]
fn an_input_that_changes_with_the_clock_is_a_race() {
    let run = |settle_first: bool| {
        let mut pair = Pair::default();
        pair.a.connect();
        pair.clock.connect();
        pair.connect_all();
        pair.a.next = true;
        assert!(simulate(&mut pair, 100));
        // At the edge `a` has become 0, so the state must become 1.
        pair.a.next = false;
        if settle_first {
            assert!(simulate(&mut pair, 100));
        }
        pair.clock.next = Clock { clk: true };
        assert!(simulate(&mut pair, 100));
        pair.b.val()
    };
    assert!(run(true), "what the harness does");
    assert!(!run(false), "the trap: the edge overtakes the data");
}
