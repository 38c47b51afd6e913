//! FASM, as nextpnr writes it: a feature a line, alone or with a range of bits and their value.

/// One enabled bit of a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature<'a> {
    /// The tile: `CLBLM_R_X103Y1`.
    pub tile: &'a str,
    /// What in it: `SLICEM_X0.ALUT.INIT`.
    pub name: &'a str,
    /// Which bit of it; 0 where it has but one.
    pub address: u32,
}

/// The enabled bits of a FASM text, in its order. Bits that are set to 0 are as those that are not there.
///
/// # Errors
/// Says which line is no FASM that this reads.
pub fn parse(text: &str) -> Result<Vec<Feature<'_>>, String> {
    let mut features = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let bare = line.split('#').next().unwrap_or_default().trim();
        if !bare.is_empty() {
            let read = one(bare, &mut features);
            read.ok_or_else(|| format!("line {}, `{line}`, is not a feature", number + 1))?;
        }
    }
    Ok(features)
}

fn one<'a>(line: &'a str, features: &mut Vec<Feature<'a>>) -> Option<()> {
    let (feature, value) = match line.split_once('=') {
        Some((feature, value)) => (feature.trim(), Some(value.trim())),
        None => (line, None),
    };
    let (feature, range) = match feature.split_once('[') {
        Some((feature, range)) => (feature, Some(range.strip_suffix(']')?)),
        None => (feature, None),
    };
    let (tile, name) = feature.split_once('.')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if tile.is_empty() || name.is_empty() || !feature.chars().all(plain) {
        return None;
    }
    let (high, low) = match range {
        None => (0, 0),
        Some(range) => match range.split_once(':') {
            Some((high, low)) => (high.parse().ok()?, low.parse().ok()?),
            None => range.parse().map(|bit: u32| (bit, bit)).ok()?,
        },
    };
    let width = usize::try_from(high.checked_sub(low)?).ok()?.checked_add(1)?;
    let bits = match value {
        None if width == 1 => vec![true],
        None => return None,
        Some(value) => digits(value, width)?,
    };
    let set = bits.into_iter().zip(low..=high).filter(|(bit, _)| *bit);
    features.extend(set.map(|(_, address)| Feature { tile, name, address }));
    Some(())
}

/// The bits of a Verilog number, the lowest first, as many as are wanted; none if it has more that are not 0.
fn digits(value: &str, width: usize) -> Option<Vec<bool>> {
    // The widest feature, a block RAM's INIT, has 256 bits.
    if width > 4096 {
        return None;
    }
    let (bits_a_digit, digits) = match value.split_once('\'') {
        None => {
            let number: u128 = value.parse().ok()?;
            let bits: Vec<bool> = (0..128).map(|bit| number >> bit & 1 == 1).collect();
            return fitted(bits, width);
        }
        Some((_, rest)) => match rest.split_at_checked(1)? {
            ("b", digits) => (1, digits),
            ("h", digits) => (4, digits),
            _ => return None,
        },
    };
    let mut bits = Vec::new();
    for digit in digits.chars().rev().filter(|digit| *digit != '_') {
        let digit = digit.to_digit(1 << bits_a_digit)?;
        bits.extend((0..bits_a_digit).map(|bit| digit >> bit & 1 == 1));
    }
    if bits.is_empty() { None } else { fitted(bits, width) }
}

fn fitted(mut bits: Vec<bool>, width: usize) -> Option<Vec<bool>> {
    if bits.iter().skip(width).any(|bit| *bit) {
        return None;
    }
    bits.resize(width, false);
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(name: &str, address: u32) -> Feature<'_> {
        Feature { tile: "T_X0Y1", name, address }
    }

    #[test]
    fn enabled_bits_are_read_and_others_left() {
        let text = "# a comment\n\nT_X0Y1.A.B\nT_X0Y1.C[2]  # another\nT_X0Y1.D[5:3] = 3'b101\nT_X0Y1.E[7:0] = 8'h0_9\nT_X0Y1.F = 0\nT_X0Y1.G = 1\n";
        let expected = [
            feature("A.B", 0),
            feature("C", 2),
            feature("D", 3),
            feature("D", 5),
            feature("E", 0),
            feature("E", 3),
            feature("G", 0),
        ];
        assert_eq!(parse(text).expect("FASM"), expected);
    }

    #[test]
    fn what_is_no_fasm_is_refused_by_its_line() {
        let wrong = [
            "T",
            ".A",
            "T.",
            "T.A[",
            "T.A[x]",
            "T.A[0:1] = 2'b01",
            "T.A[3:0]",
            "T.A[1:0] = 2'b",
            "T.A[1:0] = 2'o1",
            "T.A[1:0] = 3'b100",
            "T.A = 2",
            "T.A b",
            "T.A[4294967295:0] = 1",
        ];
        for line in wrong {
            let error = parse(&format!("T.GOOD\n{line}\n")).expect_err(line);
            assert!(error.contains("line 2"), "{line}: {error}");
        }
    }
}
