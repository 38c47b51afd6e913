//! The cards that there can be, by the names that people write.

use covert_driver::pci::Address;
use std::path::PathBuf;
use std::str::FromStr;

/// Which card.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum CardName {
    /// None of metal: the unit's own Verilog, simulated in this process by Verilator.
    #[default]
    Verilated,
    /// One that another process serves over vfio-user, on this socket.
    VfioUser(PathBuf),
    /// One on the bus, through the kernel's VFIO.
    Vfio(Address),
}

impl std::fmt::Display for CardName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CardName::Verilated => write!(f, "verilated"),
            CardName::VfioUser(socket) => write!(f, "vfio-user:{}", socket.display()),
            CardName::Vfio(address) => write!(f, "vfio:{address}"),
        }
    }
}

impl TryFrom<String> for CardName {
    type Error = String;

    fn try_from(text: String) -> Result<CardName, String> {
        text.parse()
    }
}

impl FromStr for CardName {
    type Err = String;

    fn from_str(text: &str) -> Result<CardName, String> {
        match text.split_once(':') {
            None if text == "verilated" => Ok(CardName::Verilated),
            Some(("vfio-user", path)) if !path.is_empty() => Ok(CardName::VfioUser(path.into())),
            Some(("vfio", address)) => {
                address.parse().map(CardName::Vfio).map_err(|error| format!("{error}"))
            }
            _ => Err(format!(
                "`{text}` is no card: write `verilated`, `vfio-user:PATH` with a server's socket, or `vfio:0000:01:00.0` \
                 with a card's PCI address"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["verilated", "vfio-user:/run/card.sock", "vfio:0000:01:00.0"] {
            assert_eq!(name.parse::<CardName>().unwrap().to_string(), name);
        }
        assert_eq!("vfio:01:00.0".parse::<CardName>(), "vfio:0000:01:00.0".parse());
    }

    #[test]
    fn what_is_no_card_is_refused_with_what_to_write() {
        for name in ["", "Verilated", "vfio-user:", "vfio:", "vfio:card", "01:00.0"] {
            let error = name.parse::<CardName>().unwrap_err();
            assert!(error.contains("write"), "{error}");
        }
    }
}
