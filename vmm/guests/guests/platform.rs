//! What bare guests share: their devices, their entry, and the few functions that the compiler takes for granted.

#![allow(dead_code, reason = "each guest uses some of it")]

#[path = "../../replica/src/bare/ports.rs"]
mod ports;

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU32, Ordering};

// An interrupt comes like a call of this function. It saves what a Rust function may change and the device did not save.
global_asm!(
    "interrupt_entry:",
    "sub rsp, 520",
    "fxsave64 [rsp]",
    "call {handler}",
    "fxrstor64 [rsp]",
    "mov edx, {port}",
    "out dx, al",
    "ud2",
    handler = sym interrupt,
    port = const ports::RETURN,
);

unsafe extern "C" {
    fn interrupt_entry();
}

static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

extern "C" fn interrupt() {
    INTERRUPTS.fetch_add(1, Ordering::Relaxed);
}

fn out8(port: u16, value: u8) {
    // SAFETY: the devices do not write to memory.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nostack, preserves_flags)) };
}

fn out32(port: u16, value: u32) {
    // SAFETY: the devices do not write to memory; they read what is printed, which is why this is not `nomem`.
    unsafe { asm!("out dx, eax", in("dx") port, in("eax") value, options(nostack, preserves_flags)) };
}

fn in32(port: u16) -> u32 {
    let value;
    // SAFETY: the devices do not write to memory.
    unsafe { asm!("in eax, dx", in("dx") port, out("eax") value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Puts out a character.
pub fn put(character: u8) {
    out8(ports::CONSOLE, character);
}

/// Puts out a string at once.
pub fn print(string: &[u8]) {
    out32(ports::STRING, string.as_ptr() as usize as u32);
    out32(ports::PRINT, string.len() as u32);
}

/// The next character of the input.
pub fn get() -> Option<u8> {
    match in32(ports::INPUT) {
        ports::NO_CHARACTER => None,
        character => Some(character as u8),
    }
}

/// Nanoseconds of the monotonic clock.
pub fn clock() -> u64 {
    let low = in32(ports::CLOCK);
    u64::from(in32(ports::CLOCK_HIGH)) << 32 | u64::from(low)
}

/// A random number.
pub fn random() -> u32 {
    in32(ports::RANDOM)
}

/// The number it was started with; `otherwise` for 0.
pub fn argument(otherwise: u32) -> u32 {
    match in32(ports::ARGUMENT) {
        0 => otherwise,
        number => number,
    }
}

/// All free memory, in words. To be called once.
pub fn memory() -> &'static mut [u64] {
    let (address, bytes) = (in32(ports::MEMORY), in32(ports::MEMORY_SIZE));
    // SAFETY: the device says that this memory is there, page-aligned, zeroed and used by nobody else.
    unsafe { core::slice::from_raw_parts_mut(address as usize as *mut u64, bytes as usize / 8) }
}

/// Lets an interrupt come every so many microseconds.
pub fn start_timer(period: u32) {
    out32(ports::HANDLER, interrupt_entry as *const () as usize as u32);
    out32(ports::TIMER, period);
    out8(ports::INTERRUPTS, 1);
}

/// Waits for the timer.
pub fn wait() {
    out8(ports::WAIT, 0);
}

/// Interrupts so far.
pub fn interrupts() -> u32 {
    INTERRUPTS.load(Ordering::Relaxed)
}

/// Ends the guest.
pub fn end(status: u8) -> ! {
    out32(ports::END, status.into());
    loop {
        core::hint::spin_loop();
    }
}

/// A line, put out at once.
pub struct Line {
    text: [u8; 120],
    length: usize,
}

impl Line {
    /// Puts out a line; what is too long is cut off.
    pub fn print(text: fmt::Arguments<'_>) {
        let mut line = Line { text: [0; 120], length: 0 };
        let _ = line.write_fmt(text);
        let _ = line.write_str("\n");
        print(&line.text[..line.length]);
    }
}

impl Write for Line {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for byte in more.bytes() {
            if self.length < self.text.len() {
                self.text[self.length] = byte;
                self.length += 1;
            }
        }
        Ok(())
    }
}

/// A generator of numbers that are the same on every run (xorshift64*, Vigna 2016).
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    super::main();
    end(0)
}

#[panic_handler]
fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    Line::print(format_args!("{info}"));
    end(101)
}

// The core library names these and nothing calls them: no panic unwinds.
global_asm!(".globl rust_eh_personality, _Unwind_Resume", "rust_eh_personality:", "_Unwind_Resume:", "ud2");

// The compiler calls these by name. They are written in assembly so that it does not call them for themselves.
global_asm!(
    ".globl memcpy, memmove, memset, memcmp, bcmp",
    "memmove:",
    "mov rax, rdi",
    "mov rcx, rdi",
    "sub rcx, rsi",
    "cmp rcx, rdx",
    "jae 2f",
    "mov rcx, rdx",
    "lea rdi, [rdi + rdx - 1]",
    "lea rsi, [rsi + rdx - 1]",
    "std",
    "rep movsb",
    "cld",
    "ret",
    "memcpy:",
    "mov rax, rdi",
    "2:",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    "memset:",
    "mov r8, rdi",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    "memcmp:",
    "bcmp:",
    "xor eax, eax",
    "mov rcx, rdx",
    "cmp rcx, rcx",
    "repe cmpsb",
    "je 3f",
    "movzx eax, byte ptr [rdi - 1]",
    "movzx ecx, byte ptr [rsi - 1]",
    "sub ecx, eax",
    "mov eax, ecx",
    "3:",
    "ret",
);
