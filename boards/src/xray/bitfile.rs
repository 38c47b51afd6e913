//! The head of a `.bit`: the same bits are the same file only without the time of day.

/// What stands for the time in every file.
const DATE: &[u8] = b"1970/01/01\0";
const TIME: &[u8] = b"00:00:00\0";

/// Puts a fixed date and time into the head of a `.bit` of a 7-series part.
///
/// # Errors
/// It has no such head.
pub fn undate(bit: &mut [u8]) -> Result<(), String> {
    let none = || "the bitstream has no head with a date".to_owned();
    // A field of nine bytes that say nothing, the number 1, then fields of a letter, a length and a text, up to `e`.
    let mut at = 13;
    if bit.get(..2) != Some(&[0, 9]) || bit.get(11..13) != Some(&[0, 1]) {
        return Err(none());
    }
    let mut found = 0;
    loop {
        let &[letter, high, low] = bit.get(at..at + 3).ok_or_else(none)? else { return Err(none()) };
        if letter == b'e' {
            return if found == 2 { Ok(()) } else { Err(none()) };
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let text = bit.get_mut(at + 3..at + 3 + length).ok_or_else(none)?;
        let fixed = match letter {
            b'c' => Some(DATE),
            b'd' => Some(TIME),
            _ => None,
        };
        if let Some(fixed) = fixed {
            if fixed.len() != length {
                return Err(none());
            }
            text.copy_from_slice(fixed);
            found += 1;
        }
        at += 3 + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(date: &str, time: &str) -> Vec<u8> {
        let mut bytes = vec![0, 9, 15, 240, 15, 240, 15, 240, 15, 240, 0, 0, 1];
        for (letter, text) in [(b'a', "top"), (b'b', "part"), (b'c', date), (b'd', time)] {
            bytes.push(letter);
            bytes.extend((text.len() as u16 + 1).to_be_bytes());
            bytes.extend(text.bytes().chain([0]));
        }
        bytes.extend(*b"e\0\0\0\x04bits");
        bytes
    }

    #[test]
    fn two_files_of_different_times_become_one() {
        let [mut a, mut b] = [file("2026/11/22", "11:42:19"), file("2031/01/02", "23:59:59")];
        assert_ne!(a, b);
        undate(&mut a).expect("a head");
        undate(&mut b).expect("a head");
        assert_eq!(a, b);
        assert!(a.ends_with(b"bits"));
    }

    #[test]
    fn what_has_no_head_is_refused_and_nothing_panics() {
        let good = file("2026/11/22", "11:42:19");
        for end in 0..good.len() - 8 {
            assert!(undate(&mut good[..end].to_vec()).is_err(), "{end}");
        }
        assert!(undate(&mut file("22.11.2026 a.d.", "11:42:19")).is_err());
        assert!(undate(&mut [0xFF; 64]).is_err());
    }
}
