//! What the host asks of the unit: BAR reads and writes, and whatever else may come down a link.

use super::link::Link;
use super::tlp::{Completion, Request, Status, Tlp};
use std::collections::VecDeque;

/// How a read of the host ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAnswer {
    /// How.
    pub status: Status,
    /// The words, if there are any.
    pub words: Vec<u32>,
}

/// A read of the host that the unit has not completed.
#[derive(Clone, Debug)]
pub(super) struct HostRead {
    pub(super) request: Request,
    /// Clocks since the whole request was taken in which the unit could have answered; `None` before.
    pub(super) waited: Option<u64>,
}

/// A packet on its way to the unit.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) words: Vec<u32>,
    /// The tag of a request that is to be completed.
    pub(super) tag: Option<u8>,
}

/// The requests of the host.
#[derive(Debug, Default)]
pub(super) struct Requester {
    pub(super) queue: VecDeque<Outgoing>,
    pub(super) open: Vec<HostRead>,
    answers: Vec<(u8, HostAnswer)>,
    next_tag: u8,
}

impl Requester {
    fn tag(&mut self) -> u8 {
        let tag = self.next_tag;
        self.next_tag = self.next_tag.wrapping_add(1);
        tag
    }

    pub(super) fn write(&mut self, offset: u64, words: &[u32], link: &Link) {
        let request = Request {
            requester: link.host_id,
            tag: self.tag(),
            ..Request::over(link.bar_base + offset, 4 * words.len() as u32)
        };
        self.queue.push_back(Outgoing { words: Tlp::Write(request, words.to_vec()).encode(), tag: None });
    }

    pub(super) fn read(&mut self, offset: u64, bytes: u32, link: &Link) -> u8 {
        let tag = self.tag();
        let request =
            Request { requester: link.host_id, tag, ..Request::over(link.bar_base + offset, bytes) };
        self.queue.push_back(Outgoing { words: Tlp::Read(request).encode(), tag: Some(tag) });
        self.open.push(HostRead { request, waited: None });
        tag
    }

    /// A packet as it is; with `completed` the unit owes a completion for the request that it stands for.
    pub(super) fn raw(&mut self, words: Vec<u32>, completed: Option<Request>) -> u8 {
        let tag = completed.map_or(0, |request| request.tag);
        if let Some(request) = completed {
            self.open.push(HostRead { request, waited: None });
        }
        self.queue.push_back(Outgoing { words, tag: completed.map(|request| request.tag) });
        tag
    }

    /// The request with this tag has been taken by the unit.
    pub(super) fn delivered(&mut self, tag: u8) {
        if let Some(read) = self.open.iter_mut().find(|it| it.request.tag == tag) {
            read.waited = Some(0);
        }
    }

    pub(super) fn answer(&mut self, tag: u8) -> Option<HostAnswer> {
        let index = self.answers.iter().position(|(it, _)| *it == tag)?;
        Some(self.answers.remove(index).1)
    }

    /// Takes a completion of the unit.
    ///
    /// # Errors
    /// What does not fit an open read.
    pub(super) fn complete(
        &mut self,
        completion: &Completion,
        data: Vec<u32>,
        link: &Link,
    ) -> Result<(), String> {
        let position = self
            .open
            .iter()
            .position(|it| it.request.tag == completion.tag && it.waited.is_some())
            .ok_or_else(|| format!("no read of the host with tag {:#04x} is open", completion.tag))?;
        let request = self.open[position].request;
        let expect = |what: &str, found: u64, expected: u64| {
            if found == expected {
                Ok(())
            } else {
                Err(format!("{what} is {found:#x}, must be {expected:#x}"))
            }
        };
        expect("the requester ID", completion.requester.into(), request.requester.into())?;
        expect("the completer ID", completion.completer.into(), link.completer_id.into())?;
        expect(
            "the traffic class",
            completion.common.traffic_class.into(),
            request.common.traffic_class.into(),
        )?;
        if completion.status == Status::Success {
            // The host reads one or two words; nobody may split those.
            expect("the number of words", data.len() as u64, request.words.into())?;
            expect("the byte count", completion.byte_count.into(), request.byte_count().into())?;
            expect("the lower address", completion.lower_address.into(), request.first_byte() & 0x7F)?;
        } else {
            expect("the number of words", data.len() as u64, 0)?;
        }
        self.open.remove(position);
        self.answers.push((request.tag, HostAnswer { status: completion.status, words: data }));
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        *self = Requester { next_tag: self.next_tag, ..Requester::default() };
    }
}
