//! One bit to be flipped, as campaigns name it: `reg=rbx,bit=13`, `mem=0x12345,bit=3`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A register of the guest, by its place in the list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Register(u8);

const NAMES: [&str; 34] = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15", "rip", "rflags", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
    "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
];
const RFLAGS: u8 = 17;
const XMM: u8 = 18;

impl Register {
    /// All that can be named.
    pub fn all() -> impl Iterator<Item = Register> {
        (0..NAMES.len() as u8).map(Register)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// How many bits it has.
    pub fn width(self) -> u32 {
        if self.0 < XMM { 64 } else { 128 }
    }

    /// Which SSE register it is, if it is one.
    pub(crate) fn xmm(self) -> Option<usize> {
        self.0.checked_sub(XMM).map(usize::from)
    }

    /// Whether a guest has this bit of it: of RFLAGS it does not have all.
    fn has(self, bit: u32) -> bool {
        bit < self.width() && (self.0 != RFLAGS || crate::vcpu::FLAGS_OF_GUEST >> bit & 1 == 1)
    }
}

impl FromStr for Register {
    type Err = FlipError;

    fn from_str(name: &str) -> Result<Register, FlipError> {
        let place = NAMES.iter().position(|known| *known == name);
        place.map(|place| Register(place as u8)).ok_or_else(|| FlipError::Register(name.to_owned()))
    }
}

/// One bit to be flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Flip {
    /// In a register.
    Register {
        /// Which.
        register: Register,
        /// Which bit; 0 is the lowest.
        bit: u32,
    },
    /// In memory, without anybody noticing that it is written.
    Memory {
        /// The byte's address.
        address: u64,
        /// Which bit, 0 to 7.
        bit: u32,
    },
}

/// A text that names no bit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlipError {
    /// Neither of the two forms.
    #[error("{0:?} names no bit: write reg=NAME,bit=N or mem=0xADDRESS,bit=N")]
    Form(String),
    /// There is no such register.
    #[error("there is no register {0:?}: rax to r15, rip, rflags and xmm0 to xmm15 can be named")]
    Register(String),
    /// There is no such bit there.
    #[error("a guest has no bit {bit} in {place}")]
    Bit {
        /// The bit.
        bit: u32,
        /// Where.
        place: &'static str,
    },
}

impl FromStr for Flip {
    type Err = FlipError;

    fn from_str(text: &str) -> Result<Flip, FlipError> {
        let form = || FlipError::Form(text.to_owned());
        let (place, bit) = text.split_once(",bit=").ok_or_else(form)?;
        let bit = bit.parse().map_err(|_| form())?;
        if let Some(name) = place.strip_prefix("reg=") {
            let register: Register = name.parse()?;
            return match register.has(bit) {
                true => Ok(Flip::Register { register, bit }),
                false => Err(FlipError::Bit { bit, place: register.name() }),
            };
        }
        let address = place.strip_prefix("mem=0x").ok_or_else(form)?;
        let address = u64::from_str_radix(address, 16).map_err(|_| form())?;
        match bit {
            0..8 => Ok(Flip::Memory { address, bit }),
            _ => Err(FlipError::Bit { bit, place: "a byte" }),
        }
    }
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flip::Register { register, bit } => write!(f, "reg={},bit={bit}", register.name()),
            Flip::Memory { address, bit } => write!(f, "mem={address:#x},bit={bit}"),
        }
    }
}

impl TryFrom<String> for Flip {
    type Error = FlipError;

    fn try_from(text: String) -> Result<Flip, FlipError> {
        text.parse()
    }
}

impl From<Flip> for String {
    fn from(flip: Flip) -> String {
        flip.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_is_read_as_it_is_written() {
        for text in ["reg=rbx,bit=13", "mem=0x12345,bit=3", "reg=xmm15,bit=127", "reg=rflags,bit=6"] {
            let flip: Flip = text.parse().expect("a flip");
            assert_eq!(flip.to_string(), text);
            let bytes = postcard::to_stdvec(&flip).expect("written");
            assert_eq!(postcard::from_bytes::<Flip>(&bytes), Ok(flip));
        }
        for register in Register::all() {
            assert_eq!(register.name().parse(), Ok(register));
        }
    }

    #[test]
    fn what_names_no_bit_of_a_guest_is_refused() {
        for text in
            ["", "reg=rbx", "rbx,13", "mem=12,bit=0", "mem=0x,bit=0", "mem=0x1,bit=x", "reg=rax,bit=-1"]
        {
            assert!(matches!(text.parse::<Flip>(), Err(FlipError::Form(_))), "{text}");
        }
        assert_eq!("reg=cr3,bit=0".parse::<Flip>(), Err(FlipError::Register("cr3".into())));
        for (text, bit, place) in [
            ("reg=rax,bit=64", 64, "rax"),
            ("reg=xmm0,bit=128", 128, "xmm0"),
            ("reg=rflags,bit=9", 9, "rflags"),
            ("mem=0x400000,bit=8", 8, "a byte"),
        ] {
            assert_eq!(text.parse::<Flip>(), Err(FlipError::Bit { bit, place }));
        }
    }
}
