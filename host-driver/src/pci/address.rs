//! Where a PCI function is: domain, bus, device, function.

use std::str::FromStr;

/// Where a PCI function is. Written as the kernel does, `0000:01:00.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The domain, also called segment. Some host bridges have more than 16 bits of them.
    pub domain: u32,
    /// The bus in it.
    pub bus: u8,
    /// The device on the bus, 0 to 31.
    pub device: u8,
    /// The function of the device, 0 to 7.
    pub function: u8,
}

/// It is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no PCI address: write it as lspci does, 01:00.0 or 0000:01:00.0")]
pub struct AddressError(pub String);

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads an address; without a domain it is in domain 0.
    fn from_str(text: &str) -> Result<Address, AddressError> {
        parse(text).ok_or_else(|| AddressError(text.into()))
    }
}

fn parse(text: &str) -> Option<Address> {
    let (place, function) = text.rsplit_once('.')?;
    let (place, device) = place.rsplit_once(':')?;
    let (domain, bus) = place.rsplit_once(':').unwrap_or(("0000", place));
    let it = Address {
        domain: number(domain, 4..=8)?,
        bus: number(bus, 2..=2)?.try_into().ok()?,
        device: number(device, 2..=2)?.try_into().ok()?,
        function: number(function, 1..=1)?.try_into().ok()?,
    };
    (it.device < 32 && it.function < 8).then_some(it)
}

/// So many hexadecimal digits and nothing else.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain && digits.contains(&text.len()) { u32::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_its_domain() {
        let it = Address { domain: 0, bus: 0x3b, device: 0x1f, function: 7 };
        assert_eq!("3b:1f.7".parse(), Ok(it));
        assert_eq!("0000:3b:1f.7".parse(), Ok(it));
        assert_eq!("0000:3B:1F.7".parse(), Ok(it));
        assert_eq!("10000:01:00.0".parse(), Ok(Address { domain: 0x10000, bus: 1, device: 0, function: 0 }));
        assert_eq!(it.to_string(), "0000:3b:1f.7");
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for text in [
            "",
            "01:00",
            "1:00.0",
            "01:20.0",
            "01:00.8",
            "01:0g.0",
            "0:01:00.0",
            "01:00.00",
            "+1:00.0",
            "01:00.0/..",
        ] {
            let found = text.parse::<Address>();
            assert_eq!(found, Err(AddressError(text.into())), "{text}");
        }
    }
}
