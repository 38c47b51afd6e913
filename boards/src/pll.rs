//! The dividers of a PLL.

use crate::Error;
use crate::board::Family;

/// How a PLL makes one clock of another: `in / input * feedback * output / output`, the last two around the oscillator inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dividers {
    /// Divides the incoming clock.
    pub input: u64,
    /// Multiplies it. On an ECP5 the feedback comes from the output, so that the oscillator runs `output` times faster than that.
    pub feedback: u64,
    /// Divides the oscillator inside.
    pub output: u64,
    /// The oscillator inside, in hertz.
    pub oscillator: u64,
}

/// What a family's PLL can do. ECP5: Lattice FPGA-DS-02012, "sysCLOCK PLL Timing". Artix-7: AMD DS181, "PLL Switching Characteristics",
/// the limits of the slowest speed grade.
struct Limits {
    input: u64,
    feedback: u64,
    output: u64,
    detector: std::ops::RangeInclusive<u64>,
    oscillator: std::ops::RangeInclusive<u64>,
}

fn limits(family: Family) -> Limits {
    const MHZ: u64 = 1_000_000;
    match family {
        Family::Ecp5 => Limits {
            input: 128,
            feedback: 80,
            output: 128,
            detector: 10 * MHZ..=400 * MHZ,
            oscillator: 400 * MHZ..=800 * MHZ,
        },
        Family::Artix7 => Limits {
            input: 56,
            feedback: 64,
            output: 128,
            detector: 19 * MHZ..=450 * MHZ,
            oscillator: 800 * MHZ..=1600 * MHZ,
        },
    }
}

/// The dividers that make exactly `wanted` hertz of `from`: with the fastest phase detector that can, as it gives the least jitter, and
/// then with the oscillator nearest to the middle of its range.
///
/// # Errors
/// There are none within the limits of the part.
pub fn dividers(family: Family, from: u64, wanted: u64) -> Result<Dividers, Error> {
    let limits = limits(family);
    let found = (1..=limits.input).find_map(|input| {
        let detector = from / input;
        if !from.is_multiple_of(input) || !limits.detector.contains(&detector) {
            return None;
        }
        let middle = limits.oscillator.start().midpoint(*limits.oscillator.end());
        let possible = (1..=limits.output).filter_map(|output| {
            let oscillator = wanted.checked_mul(output)?;
            let feedback = match family {
                Family::Ecp5 if wanted.is_multiple_of(detector) => wanted / detector,
                Family::Artix7 if oscillator.is_multiple_of(detector) => oscillator / detector,
                _ => return None,
            };
            let fits = limits.oscillator.contains(&oscillator) && (1..=limits.feedback).contains(&feedback);
            fits.then_some(Dividers { input, feedback, output, oscillator })
        });
        possible.min_by_key(|it| it.oscillator.abs_diff(middle))
    });
    found.ok_or(Error::NoClock { family, from, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UNIT_HERTZ;

    #[test]
    fn dividers_give_exactly_the_units_clock() {
        for (family, from) in
            [(Family::Ecp5, 100_000_000), (Family::Ecp5, 12_500_000), (Family::Artix7, 200_000_000)]
        {
            let it = dividers(family, from, UNIT_HERTZ).expect("it is possible");
            let multiplied = from / it.input * it.feedback;
            let (oscillator, out) = match family {
                Family::Ecp5 => (multiplied * it.output, multiplied),
                Family::Artix7 => (multiplied, multiplied / it.output),
            };
            assert_eq!((oscillator, out), (it.oscillator, UNIT_HERTZ), "{it:?}");
            assert!(limits(family).oscillator.contains(&oscillator));
        }
    }

    /// `ecppll -i 100 -o 125` of Trellis writes these.
    #[test]
    fn dividers_of_an_ecp5_are_those_of_trellis() {
        let expected = Dividers { input: 4, feedback: 5, output: 5, oscillator: 625_000_000 };
        assert_eq!(dividers(Family::Ecp5, 100_000_000, UNIT_HERTZ).expect("it is possible"), expected);
    }

    #[test]
    fn a_clock_that_no_dividers_make_is_refused() {
        for from in [99_999_999, 7, 0] {
            assert!(dividers(Family::Ecp5, from, UNIT_HERTZ).is_err(), "{from}");
            assert!(dividers(Family::Artix7, from, UNIT_HERTZ).is_err(), "{from}");
        }
    }
}
