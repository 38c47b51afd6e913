//! What can be wrong with a board's description, found before any tool runs.

use crate::board::{Board, Family, Pair};
use crate::package::{Ball, Package};
use crate::{UNIT_HERTZ, pll};
use std::collections::BTreeMap;

/// One ball that a board uses, and for what.
struct Use<'a> {
    ball: &'a str,
    what: String,
    /// The I/O standard; none for a transceiver's ball.
    standard: Option<&'a str>,
}

/// Everything that is wrong with a board: one sentence each, none if it is in order.
pub fn check(board: &Board, package: &Package) -> Vec<String> {
    let mut faults = Vec::new();
    let uses = uses(board);
    once(&uses, &mut faults);
    exist(board, &uses, package, &mut faults);
    voltages(&uses, package, &mut faults);
    clock(board, package, &mut faults);
    pcie(board, package, &mut faults);
    sources(board, &mut faults);
    serial(board, &mut faults);
    if board.title.trim().is_empty() || board.title.contains(char::is_control) {
        faults.push("title: it is not one line of text".into());
    }
    if board.flash.arguments.is_empty() || board.flash.bytes == 0 {
        faults.push("flash: it names no cable, board or size".into());
    }
    faults
}

/// Whether a ball can be one of the package, where the database does not have it: CABGA381 has 20 rows, A to Y without I, O, Q, S and X,
/// and 20 columns.
fn is_on_grid(ball: &str) -> bool {
    let Some((row, column)) = ball.split_at_checked(1) else { return false };
    "ABCDEFGHJKLMNPRTUVWY".contains(row)
        && column
            .parse::<u32>()
            .is_ok_and(|number| (1..=20).contains(&number) && !column.starts_with(['0', '+']))
}

fn uses(board: &Board) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    let mut add = |ball, what: &str, standard| uses.push(Use { ball, what: what.into(), standard });
    let it = &board.oscillator;
    add(&it.ball, "oscillator", Some(it.standard.as_str()));
    if let Some(negative) = &it.negative {
        add(negative, "oscillator, negative", Some(it.standard.as_str()));
    }
    if let Some(reset) = &board.reset {
        add(&reset.ball, "reset", Some(reset.standard.as_str()));
    }
    for (pin, what) in
        [(&board.serial.receive, "serial.receive"), (&board.serial.transmit, "serial.transmit")]
    {
        add(&pin.ball, what, Some(pin.standard.as_str()));
    }
    for (number, led) in board.leds.iter().enumerate() {
        add(&led.ball, &format!("leds[{number}]"), Some(led.standard.as_str()));
    }
    if let Some(pcie) = &board.pcie {
        add(&pcie.reset.ball, "pcie.reset", Some(pcie.reset.standard.as_str()));
        if let Some(pin) = &pcie.clock_request {
            add(&pin.ball, "pcie.clock_request", Some(pin.standard.as_str()));
        }
        for (pair, what) in pairs(board) {
            add(&pair.positive, &format!("{what}, positive"), None);
            add(&pair.negative, &format!("{what}, negative"), None);
        }
    }
    uses
}

/// The transceiver's pairs.
fn pairs(board: &Board) -> Vec<(&Pair, String)> {
    let Some(pcie) = &board.pcie else { return Vec::new() };
    let lanes = |pairs: &'_ [Pair], what: &str| -> Vec<String> {
        (0..pairs.len()).map(|lane| format!("pcie.{what}[{lane}]")).collect()
    };
    let mut all = vec![(&pcie.reference_clock, "pcie.reference_clock".to_owned())];
    all.extend(pcie.receive.iter().zip(lanes(&pcie.receive, "receive")));
    all.extend(pcie.transmit.iter().zip(lanes(&pcie.transmit, "transmit")));
    all
}

fn once(uses: &[Use<'_>], faults: &mut Vec<String>) {
    let mut seen = BTreeMap::new();
    for it in uses {
        if let Some(before) = seen.insert(it.ball, &it.what) {
            faults.push(format!("{}: {} is {before} already", it.what, it.ball));
        }
    }
}

fn exist(board: &Board, uses: &[Use<'_>], package: &Package, faults: &mut Vec<String>) {
    let dedicated = |ball: &str| board.device.family == Family::Ecp5 && is_on_grid(ball);
    for Use { ball, what, standard } in uses {
        match (package.balls.get(*ball), standard) {
            (None, Some(_)) => faults.push(format!("{what}: {} has no I/O at {ball}", board.device.package)),
            (None, None) if !dedicated(ball) => {
                faults.push(format!("{what}: {} has no ball {ball}", board.device.package));
            }
            (Some(it), Some(_)) if it.function.starts_with("MGT") => {
                faults.push(format!("{what}: {ball} is {}, a transceiver's", it.function));
            }
            (Some(it), None) if !it.function.starts_with("MGT") => {
                faults.push(format!("{what}: {ball} is an ordinary I/O of bank {}", it.bank));
            }
            _ => {}
        }
    }
}

/// The supply of a bank that a standard needs, in millivolts; none if this is not known. An LVDS input works at any.
fn supply(standard: &str) -> Option<u32> {
    let digits: String = standard.chars().filter(char::is_ascii_digit).collect();
    match (standard, digits.as_str()) {
        ("LVDS", _) => None,
        (_, "33") => Some(3300),
        (_, "25") => Some(2500),
        (_, "18") => Some(1800),
        (_, "15") => Some(1500),
        (_, "135") => Some(1350),
        (_, "12") => Some(1200),
        _ => None,
    }
}

fn voltages(uses: &[Use<'_>], package: &Package, faults: &mut Vec<String>) {
    let mut banks: BTreeMap<u32, (u32, &str)> = BTreeMap::new();
    for Use { ball, what, standard } in uses {
        let Some(standard) = standard else { continue };
        let is_name = standard.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || *standard != "LVDS" && supply(standard).is_none() {
            faults.push(format!("{what}: the supply of {} is not known", standard.escape_debug()));
        }
        let (Some(ball), Some(supply)) = (package.balls.get(*ball), supply(standard)) else { continue };
        let (before, first) = *banks.entry(ball.bank).or_insert((supply, what));
        if before != supply {
            faults
                .push(format!("{what}: {standard} in bank {}, which {first} has at {before} mV", ball.bank));
        }
    }
}

fn clock(board: &Board, package: &Package, faults: &mut Vec<String>) {
    let it = &board.oscillator;
    if let Err(error) = pll::dividers(board.device.family, it.hertz, UNIT_HERTZ) {
        faults.push(format!("oscillator: {error}"));
    }
    let Some(positive) = package.balls.get(&it.ball) else { return };
    if !is_clock(board.device.family, positive) {
        let function = if positive.function.is_empty() { "plain I/O" } else { &positive.function };
        faults.push(format!("oscillator: {} is no clock input ({function})", it.ball));
    }
    match &it.negative {
        None if it.standard == "LVDS" || it.standard.starts_with("DIFF_") => {
            faults.push(format!("oscillator: {} without a negative ball", it.standard));
        }
        Some(negative) => {
            let negative = package.balls.get(negative);
            if negative.is_some_and(|negative| !is_pair(board.device.family, positive, negative)) {
                faults.push("oscillator: its two balls are no pair".into());
            }
        }
        None => {}
    }
}

/// Whether a clock that comes in here reaches a PLL or the clock tree directly.
fn is_clock(family: Family, ball: &Ball) -> bool {
    match family {
        Family::Ecp5 => ball.function.starts_with("PCLKT") || ball.function.ends_with("PLL0T_IN"),
        Family::Artix7 => {
            ball.function.contains("P_") && ["MRCC", "SRCC"].iter().any(|one| ball.function.contains(one))
        }
    }
}

/// Whether two balls are the true and the complementary one of a pair.
fn is_pair(family: Family, positive: &Ball, negative: &Ball) -> bool {
    match family {
        Family::Ecp5 => {
            let place = |ball: &'_ Ball, cell| ball.site.strip_suffix(cell).map(str::to_owned);
            let are = |(p, n)| place(positive, p).is_some_and(|it| Some(it) == place(negative, n));
            [('A', 'B'), ('C', 'D')].into_iter().any(are)
        }
        Family::Artix7 => {
            // IO_L12P_T1_MRCC_15 and IO_L12N_T1_MRCC_15.
            let other = positive.function.replacen("P_", "N_", 1);
            positive.function.starts_with("IO_L") && other == negative.function && other != positive.function
        }
    }
}

fn pcie(board: &Board, package: &Package, faults: &mut Vec<String>) {
    let Some(pcie) = &board.pcie else { return };
    if ![1, 2, 4, 8].contains(&pcie.lanes) {
        faults.push(format!("pcie: there is no link of {} lanes", pcie.lanes));
    }
    for (pairs, what) in [(&pcie.receive, "receive"), (&pcie.transmit, "transmit")] {
        if pairs.len() != pcie.lanes {
            faults.push(format!("pcie.{what}: {} pairs for {} lanes", pairs.len(), pcie.lanes));
        }
    }
    for (pair, what) in pairs(board) {
        let function = |ball: &str| package.balls.get(ball).map(|ball| ball.function.as_str());
        // Only Project X-Ray's database has the transceivers' balls.
        let (Some(positive), Some(negative)) = (function(&pair.positive), function(&pair.negative)) else {
            continue;
        };
        let kind = match what.as_str() {
            "pcie.reference_clock" => "MGTREFCLK",
            what if what.starts_with("pcie.receive") => "MGTPRX",
            _ => "MGTPTX",
        };
        for (function, ball) in [(positive, &pair.positive), (negative, &pair.negative)] {
            if !function.starts_with(kind) {
                faults.push(format!("{what}: {ball} is {function}, no {kind}"));
            }
        }
        // MGTPRXP0_216 and MGTPRXN0_216; MGTREFCLK0P_216 and MGTREFCLK0N_216.
        let turned = |function: &str| {
            let (head, tail) = function.rsplit_once('P').unwrap_or((function, ""));
            format!("{head}N{tail}")
        };
        if turned(positive) != negative {
            faults.push(format!("{what}: {positive} and {negative} are no pair"));
        }
    }
}

fn sources(board: &Board, faults: &mut Vec<String>) {
    let mut named = vec![
        (board.device.source.as_str(), "device"),
        (&board.oscillator.source, "oscillator"),
        (&board.serial.receive.source, "serial.receive"),
        (&board.serial.transmit.source, "serial.transmit"),
        (&board.flash.source, "flash"),
    ];
    named.extend(board.reset.iter().map(|reset| (reset.source.as_str(), "reset")));
    named.extend(board.leds.iter().map(|led| (led.source.as_str(), "leds")));
    if let Some(pcie) = &board.pcie {
        named.extend([(pcie.source.as_str(), "pcie"), (&pcie.reset.source, "pcie.reset")]);
        named.extend(pcie.clock_request.iter().map(|pin| (pin.source.as_str(), "pcie.clock_request")));
    }
    for (source, what) in named {
        if board.sources.get(source).is_none_or(|document| document.trim().is_empty()) {
            faults.push(format!("{what}: `{source}` is no document of [sources]"));
        }
    }
}

/// The bridge counts a bit in clocks, in a byte; a tenth of a bit of error in ten bits is 1 %.
fn serial(board: &Board, faults: &mut Vec<String>) {
    let baud = board.serial.baud;
    let clocks = bit_clocks(board);
    let error = baud.saturating_mul(clocks).abs_diff(UNIT_HERTZ);
    if !(8..=255).contains(&clocks) || error > UNIT_HERTZ / 100 {
        faults.push(format!("serial: {baud} baud is not 8 to 255 clocks of {UNIT_HERTZ} Hz a bit, to 1 %"));
    }
}

/// How many clocks of the unit a bit on the serial line has, to the nearest.
pub fn bit_clocks(board: &Board) -> u64 {
    let baud = board.serial.baud.max(1);
    UNIT_HERTZ.saturating_add(baud / 2) / baud
}
