//! The receiver alone, and a host whose clock is not what it should be: how far off it may be, and that a receiver which samples at
//! another point is told from ours by it.

use crate::common::{Model, Random, build, tools};
use crate::line::Line;

/// The receiver's module, as it is in the bridge.
const NAME: &str = "serial_bridge_serial_rx";

/// Where in a bit the receiver samples: this line of it decides.
const HALF: &str = "assign half = bit_clocks >> 1;";

/// Clocks a bit at 3 and at 1 Mbaud.
const RATES: [u64; 2] = [42, 125];
/// How much shorter (a fast host) and longer a host's bits may be at these rates, as parts of a bit.
const OFF: [f64; 2] = [-0.04, 0.05];
/// Clocks a bit, with what may be off: the least, where a clock's delay is an eighth of a bit, and the two rates.
const SETTINGS: [(u64, [f64; 2]); 3] = [(8, [-0.01, 0.05]), (RATES[0], OFF), (RATES[1], OFF)];

fn verilog() -> String {
    let bridge = covert_rtl::serial_bridge();
    let start = bridge.find(&format!("module {NAME} (")).expect("the receiver");
    let end = start + bridge[start..].find("endmodule").expect("its end");
    format!("{}endmodule\n", &bridge[start..end])
}

/// Whether random bytes, some with a pause between them, all come through from a host whose bits are so much longer.
fn understands(mut model: Model, bit_clocks: u64, off: f64, random: &mut Random) -> bool {
    const BYTES: usize = 300;
    let mut line = Line::new(bit_clocks as f64 * (1.0 + off), random.word());
    model.set("bit_clocks", bit_clocks);
    let (mut sent, mut heard, mut pause) = (Vec::new(), Vec::new(), 20);
    let mut clock = |line: &mut Line, heard: &mut Vec<u64>| {
        model.set("line", u64::from(line.level()));
        model.edge();
        if model.get("received") == 1 {
            heard.push(model.get("octet"));
        }
        model.get("broken") == 0
    };
    while sent.len() < BYTES {
        if pause > 0 {
            pause -= 1;
        } else if line.queue.is_empty() {
            let byte = random.word() as u8;
            sent.push(u64::from(byte));
            line.queue.push_back(byte);
            // Two bits more than the byte: now and then the line is idle between two bytes.
            pause = if random.once_in(4) { 12 * bit_clocks } else { 0 };
        }
        if !clock(&mut line, &mut heard) {
            return false;
        }
    }
    (0..30 * bit_clocks).all(|_| clock(&mut line, &mut heard)) && heard == sent
}

/// The settings at which a receiver of that Verilog does not understand a host; `None` where nothing can be simulated.
fn deaf_to(verilog: &str) -> Option<Vec<(u64, f64)>> {
    let (tools, seed) = (tools()?, Random::seed());
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut deaf = Vec::new();
    for (bit_clocks, [short, long]) in SETTINGS {
        let within = short + (long - short) * random.below(1001) as f64 / 1000.0;
        for off in [short, 0.0, within, long] {
            if !understands(build(&tools, NAME, verilog), bit_clocks, off, &mut random) {
                deaf.push((bit_clocks, off));
            }
        }
    }
    Some(deaf)
}

#[test]
fn a_host_whose_clock_is_4_percent_fast_or_5_percent_slow_is_understood() {
    let Some(deaf) = deaf_to(&verilog()) else { return };
    assert_eq!(deaf, [], "clocks a bit, and by what part the host's bits are longer");
}

/// A host with an exact clock understands all of these.
#[test]
fn a_sampling_point_that_is_an_eighth_of_a_bit_off_is_noticed() {
    for (moved, off) in [("-", OFF[1]), ("+", OFF[0])] {
        let receiver = verilog();
        assert_eq!(receiver.matches(HALF).count(), 1);
        let receiver =
            receiver.replace(HALF, &format!("assign half = (bit_clocks >> 1) {moved} (bit_clocks >> 3);"));
        let Some(deaf) = deaf_to(&receiver) else { return };
        for bit_clocks in RATES {
            assert!(deaf.contains(&(bit_clocks, off)), "{moved} at {bit_clocks}: only {deaf:?}");
            assert!(!deaf.contains(&(bit_clocks, 0.0)), "{moved} at {bit_clocks}: {deaf:?}");
        }
    }
}
