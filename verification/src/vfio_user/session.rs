//! One client is served: its requests one after the other, each with its answer.

use super::connection::{Connection, Message};
use super::message::{DATA_MAX, FDS_MAX, Refusal, Request, UNMAP_ALL, VERSION};
use super::served_card::ServedCard;
use super::{ServeError, regions};
use crate::root_complex::UnderTest;
use std::fs::File;
use std::os::fd::OwnedFd;

/// Serves a card to a client until that goes.
///
/// # Errors
/// The client broke the protocol beyond repair, or the socket failed.
pub(super) fn serve<U: UnderTest + Send + 'static>(
    connection: &mut Connection,
    card: &mut ServedCard<U>,
) -> Result<(), ServeError> {
    let mut agreed = false;
    while let Some(message) = connection.next()? {
        let header = message.header;
        let answer = answer(card, agreed, message);
        if let Err(refusal) = &answer {
            eprintln!("card-server: {}: {refusal}", name(header.command));
        }
        // Not even an error: the client would take it for the reply to what it asks next.
        let there = header.no_reply
            || match &answer {
                Ok(body) => connection.reply(&header.reply(body))?,
                Err(refusal) => connection.reply(&header.refusal(refusal.errno))?,
            };
        if !there {
            return Ok(());
        }
        match answer {
            Ok(_) => agreed = true,
            Err(refusal) if !agreed => {
                return Err(ServeError::Protocol(format!("no version was agreed on: {refusal}")));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Does what a message asks; gives the body of its reply.
fn answer<U: UnderTest + Send + 'static>(
    card: &mut ServedCard<U>,
    agreed: bool,
    Message { header, body, fds, fds_lost }: Message,
) -> Result<Vec<u8>, Refusal> {
    if agreed == (header.command == VERSION) {
        return Err(Refusal::invalid(if agreed {
            "a version is agreed on once"
        } else {
            "the version comes first"
        }));
    }
    if fds_lost {
        return Err(Refusal::invalid(format!("more than {FDS_MAX} descriptors came")));
    }
    let request = Request::parse(&header, &body, fds.len())?;
    perform(card, &request, &body, fds).map_err(|refusal| within(&request, refusal))
}

fn perform<U: UnderTest + Send + 'static>(
    card: &mut ServedCard<U>,
    request: &Request<'_>,
    body: &[u8],
    fds: Vec<OwnedFd>,
) -> Result<Vec<u8>, Refusal> {
    let nothing = |()| Vec::new();
    match *request {
        Request::Version => Ok(version()),
        Request::DmaMap { flags, offset, iova, bytes } => {
            let file = fds.into_iter().next().map(File::from);
            card.map(flags, offset, iova, bytes, file).map(nothing)
        }
        Request::DmaUnmap { flags, iova, bytes } => {
            let range = (flags & UNMAP_ALL == 0).then_some((iova, bytes));
            // The request again, with how much was mapped.
            let gone = card.unmap(range)?;
            Ok([&body[..16], &gone.to_ne_bytes()].concat())
        }
        Request::DeviceInfo => Ok(regions::device()),
        Request::RegionInfo { index } => regions::region(index),
        Request::IrqInfo { index } => regions::interrupts(index),
        Request::SetIrqs { index, data, ref vectors } => {
            card.set_irqs(index, data, vectors.clone(), fds).map(nothing)
        }
        Request::Read { region, offset, count } => Ok([body, &card.read(region, offset, count)?].concat()),
        Request::Write { region, offset, data } => {
            card.write(region, offset, data)?;
            Ok(body[..16].to_vec())
        }
        Request::Reset => card.reset().map(nothing),
    }
}

/// The body of the reply to `VERSION`. Everything that is used here has been there since 0.0.
fn version() -> Vec<u8> {
    let text = format!(
        "{{\"capabilities\":{{\"max_msg_fds\":{FDS_MAX},\"max_data_xfer_size\":{DATA_MAX},\"max_dma_maps\":{}}}}}\0",
        super::windows::MAX
    );
    [&[0; 4], text.as_bytes()].concat()
}

/// A refusal with what was to be done.
fn within(request: &Request<'_>, Refusal { errno, why }: Refusal) -> Refusal {
    let what = match request {
        Request::Read { region, offset, count } => {
            format!("{count} bytes at {offset:#x} of region {region}")
        }
        Request::Write { region, offset, data } => {
            format!("{} bytes at {offset:#x} of region {region}", data.len())
        }
        Request::DmaMap { iova, bytes, .. } | Request::DmaUnmap { iova, bytes, .. } => {
            format!("{bytes:#x} bytes at IOVA {iova:#x}")
        }
        Request::SetIrqs { index, vectors, .. } => format!("kind {index}, vectors {vectors:?}"),
        _ => return Refusal { errno, why },
    };
    Refusal { errno, why: format!("{what}: {why}") }
}

fn name(command: u16) -> String {
    let name = match command {
        VERSION => "VERSION",
        2 => "DMA_MAP",
        3 => "DMA_UNMAP",
        4 => "DEVICE_GET_INFO",
        5 => "DEVICE_GET_REGION_INFO",
        7 => "DEVICE_GET_IRQ_INFO",
        8 => "DEVICE_SET_IRQS",
        9 => "REGION_READ",
        10 => "REGION_WRITE",
        13 => "DEVICE_RESET",
        other => return format!("command {other}"),
    };
    name.into()
}
