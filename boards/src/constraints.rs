//! Where the pins of a top level are, and how fast its clock is: LPF for ECP5, XDC for Artix-7.

use crate::Design;
use crate::board::{Board, Family, Pull};
use std::fmt::Write;

/// The constraints of a bring-up bitstream: the oscillator's frequency, and every port of the top level at its ball.
pub fn constraints(board: &Board, design: Design) -> String {
    let mut text = head(board);
    let it = &board.oscillator;
    let mut place = |port: &str, ball: &str, standard: &str, pull: Option<Pull>| {
        text += &match board.device.family {
            Family::Ecp5 => lpf(port, ball, standard, pull),
            Family::Artix7 => xdc(port, ball, standard, pull),
        };
    };
    place("oscillator", &it.ball, &it.standard, None);
    if let (Family::Artix7, Some(negative)) = (board.device.family, &it.negative) {
        place("oscillator_n", negative, &it.standard, None);
    }
    if let Some(reset) = &board.reset {
        place("reset_line", &reset.ball, &reset.standard, None);
    }
    for (pin, port) in [(&board.serial.receive, "serial_in"), (&board.serial.transmit, "serial_out")] {
        place(port, &pin.ball, &pin.standard, pin.pull);
    }
    for (number, led) in board.leds_of(design) {
        place(&format!("led_{number}"), &led.ball, &led.standard, None);
    }
    let hertz = it.hertz as f64;
    let _ = match board.device.family {
        Family::Ecp5 => writeln!(text, "FREQUENCY PORT \"oscillator\" {} MHZ;", hertz / 1e6),
        Family::Artix7 => {
            writeln!(text, "create_clock -period {:.3} [get_ports oscillator]", 1e9 / hertz)
        }
    };
    text
}

pub(crate) fn head(board: &Board) -> String {
    format!("# {}. Written by covert-boards from boards/{}/board.toml.\n", board.title, board.name)
}

fn lpf(port: &str, ball: &str, standard: &str, pull: Option<Pull>) -> String {
    let pull = match pull {
        None => "",
        Some(Pull::Up) => " PULLMODE=UP",
        Some(Pull::Down) => " PULLMODE=DOWN",
    };
    format!("LOCATE COMP \"{port}\" SITE \"{ball}\";\nIOBUF PORT \"{port}\" IO_TYPE={standard}{pull};\n")
}

pub(crate) fn xdc(port: &str, ball: &str, standard: &str, pull: Option<Pull>) -> String {
    let mut text = format!(
        "set_property PACKAGE_PIN {ball} [get_ports {port}]\nset_property IOSTANDARD {standard} [get_ports {port}]\n"
    );
    let pull = pull.map(|pull| match pull {
        Pull::Up => "PULLUP",
        Pull::Down => "PULLDOWN",
    });
    if let Some(pull) = pull {
        let _ = writeln!(text, "set_property PULLTYPE {pull} [get_ports {port}]");
    }
    text
}
