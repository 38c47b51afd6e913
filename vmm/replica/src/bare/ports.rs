//! The ports of a bare guest. The guests' own library is compiled from this file too.

/// Out, 1 byte: a character to the console.
pub const CONSOLE: u16 = 0x400;
/// Out, 4 bytes: the address of a string.
pub const STRING: u16 = 0x404;
/// Out, 4 bytes: the length of the string at [`STRING`]; puts it out to the console.
pub const PRINT: u16 = 0x408;
/// In, 4 bytes: the next character of the console's input, [`NO_CHARACTER`] at its end.
pub const INPUT: u16 = 0x40c;
/// In, 4 bytes: reads the monotonic clock, in nanoseconds, and gives the low half.
pub const CLOCK: u16 = 0x410;
/// In, 4 bytes: the high half of the clock as it was read last.
pub const CLOCK_HIGH: u16 = 0x414;
/// In, 4 bytes: a random number.
pub const RANDOM: u16 = 0x418;
/// In, 4 bytes: the first address of free memory.
pub const MEMORY: u16 = 0x41c;
/// In, 4 bytes: bytes of free memory.
pub const MEMORY_SIZE: u16 = 0x420;
/// In, 4 bytes: a number that whoever starts the guest gives it.
pub const ARGUMENT: u16 = 0x424;
/// Out, 4 bytes: the address of the interrupt handler.
pub const HANDLER: u16 = 0x428;
/// Out, 4 bytes: arms the timer with a period in microseconds, disarms it with 0.
pub const TIMER: u16 = 0x42c;
/// Out, 1 byte: 1 lets interrupts in, 0 holds them.
pub const INTERRUPTS: u16 = 0x430;
/// Out, 1 byte: waits for the timer. Nothing if it is not armed.
pub const WAIT: u16 = 0x434;
/// Out, 1 byte: ends the interrupt handler.
pub const RETURN: u16 = 0x438;
/// Out, 4 bytes: ends the guest; the low byte is its status.
pub const END: u16 = 0x43c;
/// The first port behind them.
pub const BEHIND: u16 = 0x440;

/// What [`INPUT`] reads at the end of the input.
pub const NO_CHARACTER: u32 = u32::MAX;
