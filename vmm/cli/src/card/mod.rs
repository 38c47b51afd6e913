//! `covert card`: cards looked at, tried, reset, given to VFIO and taken back, flashed, and a simulated one served.

mod bind;
mod config_space;
pub mod find;
mod flash;
mod info;
mod selftest;
mod serve;
pub mod tools;

use crate::config::Card;
use anyhow::{Context, Result, anyhow};
use covert_abi::Identity;
use covert_driver::card::{CardError, CardPort};
use covert_driver::pci::{Address, Bus};
use covert_driver::vfio::VfioCard;
use covert_driver::vfio_user::VfioUserCard;
use covert_verification::settled_card::SettledCard;
use std::sync::Arc;

/// Look at cards, try them, give them to VFIO, and flash boards
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    Serve(serve::Serve),
    /// Say what a card is
    Info(One),
    /// Let a card compare some hundred records, and reset it
    Selftest(One),
    /// Reset a card
    Reset(One),
    /// Give a card to vfio-pci, so that programs can have it
    Bind(bind::Bind),
    /// Take a card back from vfio-pci
    Unbind(bind::Unbind),
    Flash(flash::Flash),
}

/// A card, and how to tell.
#[derive(Clone, Debug, clap::Args)]
struct One {
    /// A PCI address (01:00.0), a server's socket (vfio-user:PATH), or `verilated`
    #[arg(value_parser = which)]
    card: Card,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// The command. Exit status 1 if a card does not pass.
///
/// # Errors
/// There is no such card, or it cannot be had; the message says what to do.
pub fn run(args: &Args) -> Result<u8> {
    match &args.command {
        What::Serve(serve) => serve::run(serve),
        What::Info(one) => info::run(&one.card, one.json),
        What::Selftest(one) => selftest::run(&one.card, one.json),
        What::Reset(one) => reset(&one.card, one.json),
        What::Bind(it) => bind::bind(&Bus::host(), it),
        What::Unbind(it) => bind::unbind(&Bus::host(), it),
        What::Flash(it) => flash::run(it),
    }
}

/// The card that somebody names on the command line: as in a machine's file, or by its bare address or path.
fn which(text: &str) -> Result<Card, String> {
    if let Ok(address) = text.parse::<Address>() {
        return Ok(Card::Vfio(address));
    }
    match text.parse() {
        Err(_) if text.contains('/') => Ok(Card::VfioUser(text.into())),
        named => named.map_err(|error: String| format!("{error}, or that address alone")),
    }
}

/// The card as a port whose driver can wait until it has done what there is to do.
fn open(card: &Card) -> Result<Box<dyn CardPort>> {
    Ok(match card {
        Card::Verilated => Box::new(serve::fresh(None)?),
        Card::VfioUser(socket) => {
            let connected = VfioUserCard::connect(socket);
            Box::new(connected.map_err(|error| crate::comparator::card::refused(socket, &error))?)
        }
        Card::Vfio(address) => Box::new(SettledCard::new(VfioCard::open(*address)?, Arc::default())?),
    })
}

/// What a card says that it is.
fn identify(port: &mut dyn CardPort) -> Result<Identity> {
    let mut failed: Option<CardError> = None;
    let identity = Identity::parse(|register| {
        port.read(register).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            u32::MAX
        })
    });
    match failed {
        Some(error) => Err(error.into()),
        None => identity.map_err(|error| anyhow!("{error}")),
    }
}

fn reset(card: &Card, json: bool) -> Result<u8> {
    let mut port = open(card)?;
    port.reset().with_context(|| format!("cannot reset the card {card}"))?;
    let identity = identify(port.as_mut())?;
    let unit = format!("{:016x}", identity.rtl_hash);
    match json {
        true => println!("{}", serde_json::json!({ "card": card.to_string(), "reset": true, "unit": unit })),
        false => println!("the card {card} was reset and answers: unit {unit}"),
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_named_by_address_path_or_as_in_a_file() {
        let vfio = Card::Vfio("0000:01:00.0".parse().unwrap());
        assert_eq!(which("01:00.0").unwrap(), vfio);
        assert_eq!(which("0000:01:00.0").unwrap(), vfio);
        assert_eq!(which("vfio:01:00.0").unwrap(), vfio);
        assert_eq!(which("/run/card.sock").unwrap(), Card::VfioUser("/run/card.sock".into()));
        assert_eq!(which("vfio-user:card.sock").unwrap(), Card::VfioUser("card.sock".into()));
        assert_eq!(which("verilated").unwrap(), Card::Verilated);
        assert!(which("01:00").unwrap_err().contains("write"));
    }
}
