//! Lock-step of a block's native simulation with its Verilated Verilog.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test program uses its part of this module"
)]

mod native;
mod pools;
mod random;
mod root;
mod verilated;

pub use native::{Native, Value};
pub use pools::{COMPLETIONS, REGISTERS};
pub use random::Random;
pub use root::{ARENA, ARENA_BYTES, FAULTS, RING_LOG2, Root, Sabotage, VERDICTS};
pub use verilated::{Model, build, skip, tool, tools, workspace};

/// The ports of a block by name, with what a harness needs to drive and read them.
pub struct Port<B> {
    pub name: &'static str,
    pub width: usize,
    /// Sets an input.
    pub set: Option<fn(&mut B, u64)>,
    /// Reads the port.
    pub get: fn(&B) -> u64,
}

/// Lists a block's ports: `ports!(Fifo<8, 2>; clear, put, put_data => full, valid, data)`.
#[macro_export]
macro_rules! ports {
    ($block:ty; $($input:ident $([$i:literal])?),+ => $($output:ident $([$o:literal])?),*) => {
        vec![
            $( $crate::common::Port::<$block> {
                name: concat!(stringify!($input) $(, "$", $i)?),
                width: 0,
                set: Some(|block, value| block.$input $([$i])? .next = $crate::common::Value::from_u64(value)),
                get: |block| $crate::common::Value::to_u64(block.$input $([$i])? .val()),
            }, )+
            $( $crate::common::Port::<$block> {
                name: concat!(stringify!($output) $(, "$", $o)?),
                width: 0,
                set: None,
                get: |block| $crate::common::Value::to_u64(block.$output $([$o])? .val()),
            }, )*
        ]
    };
}

/// The clock of a clocked block, as [`lockstep`] wants it.
#[macro_export]
macro_rules! clock_of {
    ($block:ty) => {
        Some(
            (|block, level| block.clock.next = rust_hdl::prelude::Clock { clk: level })
                as fn(&mut $block, bool),
        )
    };
}

/// Runs one random stimulus through both simulators and compares every output at every clock.
///
/// `stimulus` sets the inputs of the coming clock: it is given the clock's number, the random source, what
/// the outputs were after the previous clock, and a setter by name.
pub fn lockstep<B: rust_hdl::prelude::Block + Default>(
    name: &str,
    clock: Option<fn(&mut B, bool)>,
    ports: Vec<Port<B>>,
    clocks: u64,
    mut stimulus: impl FnMut(u64, &mut Random, &dyn Fn(&str) -> u64, &mut dyn FnMut(&str, u64)),
) {
    let Some(tools) = tools() else { return };
    let mut native = Native::<B>::new(&ports, clock);
    let verilog = covert_rtl::emit::verilog(native.block(), name);
    let mut model = build(&tools, name, &verilog);
    let declared: Vec<String> = model.ports().iter().map(|port| port.name.clone()).collect();
    for port in &ports {
        assert!(
            declared.iter().any(|name| name == port.name),
            "{name} has no port {}: {declared:?}",
            port.name
        );
    }
    assert_eq!(
        declared.len(),
        ports.len() + usize::from(native.clocked()),
        "{name}: not all ports are listed"
    );
    let seed = Random::seed();
    println!("{name}: seed {seed}");
    let mut random = Random::new(seed);
    let mut last: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    for clock in 0..clocks {
        let mut wanted = Vec::new();
        stimulus(clock, &mut random, &|name| last.get(name).copied().unwrap_or(0), &mut |name, value| {
            wanted.push((name.to_owned(), value));
        });
        for (input, value) in wanted {
            let port =
                ports.iter().find(|port| port.name == input).unwrap_or_else(|| panic!("no port {input}"));
            let width = model.width(&input);
            let value = if width >= 64 { value } else { value & ((1 << width) - 1) };
            (port.set.expect("an input"))(native.block_mut(), value);
            model.set(&input, value);
        }
        native.settle();
        model.eval();
        let compare = |when: &str, native: &Native<B>, model: &Model| {
            for port in ports.iter().filter(|port| port.set.is_none()) {
                let (here, there) = ((port.get)(native.block()), model.get(port.name));
                assert_eq!(
                    here, there,
                    "{name}.{} {when} the edge of clock {clock}: native {here:#x}, Verilog {there:#x} (seed {seed})",
                    port.name
                );
            }
        };
        compare("before", &native, &model);
        native.edge();
        if native.clocked() {
            model.edge();
        }
        compare("after", &native, &model);
        for port in ports.iter().filter(|port| port.set.is_none()) {
            last.insert(port.name.to_owned(), model.get(port.name));
        }
    }
}

/// For some inputs, values that mean something to the block.
pub type Pools = &'static [(&'static str, &'static [u64])];

/// [`lockstep`] with a random stimulus for every input: held, from its pool, small, or anything.
pub fn random_lockstep<B: rust_hdl::prelude::Block + Default>(
    name: &str,
    clock: Option<fn(&mut B, bool)>,
    ports: Vec<Port<B>>,
    clocks: u64,
    pools: Pools,
) {
    let inputs: Vec<&'static str> =
        ports.iter().filter(|port| port.set.is_some()).map(|port| port.name).collect();
    lockstep(name, clock, ports, clocks, |n, random, _, set| {
        for input in &inputs {
            let rare =
                ["reset", "clear", "power_reset", "halt", "start", "stop", "reset_command"].contains(input);
            if rare {
                set(input, u64::from(n == 0 || random.once_in(60)));
                continue;
            }
            if random.once_in(2) {
                continue;
            }
            let pool = pools.iter().find(|(name, _)| name == input).map_or(&[][..], |(_, values)| *values);
            let value = match random.below(8) {
                0 => random.word(),
                1 => random.below(4),
                _ if !pool.is_empty() => pool[random.below(pool.len() as u64) as usize],
                2 => u64::MAX,
                3 => 0,
                _ => random.word(),
            };
            set(input, value);
        }
    });
}
