//! The XSAVE area: x87 and SSE, and what a guest may reach beyond.
//!
//! XCR0 says x87 and SSE, and where KVM enforces that there is no more. KVM_PVM does not: a guest that uses AVX without asking CPUID has it there, so
//! its registers are state like all others. Where nobody used them they are zero.

use crate::cpuid::Layout;
use std::ops::Range;

/// An area in its standard form.
pub(crate) type Area = [u32; 1024];

/// Words of the legacy part (Intel SDM volume 1, 13.4.1): FCW, FSW, FTW, FOP, FIP, FDP, MXCSR; ST0-7; XMM0-15.
pub(super) const CONTROL: Range<usize> = 0..7;
pub(super) const X87: Range<usize> = 8..40;
pub(super) const SSE: Range<usize> = 40..104;
/// What XSTATE_BV says of x87 and SSE.
const X87_BIT: u32 = 1;
const SSE_BIT: u32 = 2;
pub(super) const XSTATE_BV: usize = 128;
const HEADER: Range<usize> = XSTATE_BV..XSTATE_BV + 16;
/// FCW of a processor that has not used it.
const FCW_INITIAL: u32 = 0x37f;

/// The words that are part of a state.
pub(super) fn fields(layout: Layout) -> impl Iterator<Item = Range<usize>> {
    [CONTROL, X87, SSE].into_iter().chain(layout.components().map(|(_, words)| words))
}

/// Writes out what XSTATE_BV says is in its initial state, so that it does not matter whether the processor noticed.
pub(super) fn write_out(area: &mut Area, layout: Layout) {
    let present = area[XSTATE_BV];
    if present & X87_BIT == 0 {
        area[..6].fill(0);
        area[0] = FCW_INITIAL;
        area[X87].fill(0);
    }
    if present & SSE_BIT == 0 {
        // MXCSR is not part of what this bit says.
        area[SSE].fill(0);
    }
    let mut all = X87_BIT | SSE_BIT;
    for (bit, words) in layout.components() {
        if present & bit == 0 {
            area[words].fill(0);
        }
        all |= bit;
    }
    // The bytes behind the ten of each x87 register are reserved.
    for register in X87.step_by(4) {
        area[register + 2] &= 0xffff;
        area[register + 3] = 0;
    }
    // FTW has one byte and a reserved one.
    area[1] &= 0xffff_00ff;
    area[HEADER].fill(0);
    area[XSTATE_BV] = all;
}

/// Says of what is in its initial state that it is: a processor is slower where it believes that upper halves are in use. Not of SSE, without
/// which KVM would not take MXCSR.
pub(super) fn note_initial(area: &mut Area, layout: Layout) {
    let initial_control = area[0] == FCW_INITIAL && area[1..6].iter().all(|word| *word == 0);
    if initial_control && is_zero(&area[X87]) {
        area[XSTATE_BV] &= !X87_BIT;
    }
    for (bit, words) in layout.components() {
        if is_zero(&area[words]) {
            area[XSTATE_BV] &= !bit;
        }
    }
}

fn is_zero(words: &[u32]) -> bool {
    words.iter().all(|word| *word == 0)
}

/// Flips a bit of an SSE register.
pub(crate) fn flip_xmm(area: &mut Area, layout: Layout, xmm: usize, bit: u32) {
    write_out(area, layout);
    area[SSE.start + xmm % 16 * 4 + (bit / 32) as usize % 4] ^= 1 << (bit % 32);
    note_initial(area, layout);
}
