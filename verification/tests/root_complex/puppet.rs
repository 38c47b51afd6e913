//! An endpoint on strings. It sends the words that a test gives it and shows what it was sent.

use covert_verification::root_complex::stream::{Beat, Collector, beats};
use covert_verification::root_complex::tlp::{Completion, Request, Tlp};
use covert_verification::root_complex::{Inputs, Link, Outputs, RootComplex, UnderTest};
use std::collections::VecDeque;

/// What the puppet does wrong when it is told to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Vice {
    #[default]
    None,
    /// Takes its beat back after a clock.
    Fickle,
    /// Changes its beat after a clock.
    Forger,
    /// Holds completions up.
    StuffedUp,
    /// Never takes a request of the host.
    Deaf,
    /// Never finishes a function-level reset.
    Unresettable,
}

#[derive(Clone, Default)]
pub(crate) struct Puppet {
    pub(crate) vice: Vice,
    /// Whether it answers reads of the host with the address read.
    pub(crate) polite: bool,
    pub(crate) requests: VecDeque<Beat>,
    pub(crate) completions: VecDeque<Beat>,
    /// Packets that came.
    pub(crate) heard: Vec<Tlp>,
    pub(crate) answers: Vec<Tlp>,
    pub(crate) broken_answers: usize,
    pub(crate) clocks: u64,
    pub(crate) ticks: u64,
    rx_req: Collector,
    rx_cpl: Collector,
    inputs: Inputs,
    offered: u32,
}

impl Puppet {
    /// One that answers every read of the host.
    pub(crate) fn polite() -> Puppet {
        Puppet { polite: true, ..Puppet::default() }
    }

    pub(crate) fn send(&mut self, tlp: &Tlp) {
        self.requests.extend(beats(&tlp.encode()));
    }

    pub(crate) fn complete(&mut self, tlp: &Tlp) {
        self.completions.extend(beats(&tlp.encode()));
    }

    fn outputs(&self) -> Outputs {
        let hidden = self.vice == Vice::Fickle && self.offered == 1;
        let forged = u64::from(self.vice == Vice::Forger && self.offered == 1) << 40;
        let forge = |beat: &Beat| Beat { data: beat.data ^ forged, ..*beat };
        Outputs {
            rx_req_ready: self.vice != Vice::Deaf,
            rx_cpl_ready: self.vice != Vice::StuffedUp,
            tx_req: self.requests.front().map(forge).filter(|_| !hidden),
            tx_cpl: self.completions.front().copied(),
            flr_done: self.inputs.sideband.flr_request && self.vice != Vice::Unresettable,
            config_error: false,
        }
    }
}

impl UnderTest for Puppet {
    fn settle(&mut self, inputs: &Inputs) -> Outputs {
        self.inputs = *inputs;
        self.outputs()
    }

    fn clock(&mut self) {
        let outputs = self.outputs();
        self.clocks += 1;
        self.ticks += u64::from(self.inputs.sideband.tick);
        if let Some(beat) = self.inputs.rx_req
            && outputs.rx_req_ready
            && let Some(words) = self.rx_req.take(beat).unwrap()
        {
            let tlp = Tlp::decode(&words).unwrap();
            if self.polite
                && let Tlp::Read(request) = &tlp
            {
                self.complete(&completion(request, 0x0100, request.address as u32));
            }
            self.heard.push(tlp);
        }
        if let Some(beat) = self.inputs.rx_cpl
            && outputs.rx_cpl_ready
            && let Some(words) = self.rx_cpl.take(beat).unwrap()
        {
            match Tlp::decode(&words) {
                Ok(tlp) => self.answers.push(tlp),
                Err(_) => self.broken_answers += 1,
            }
        }
        self.offered = if outputs.tx_req.is_some() { self.offered + 1 } else { 0 };
        if outputs.tx_req.is_some() && self.inputs.tx_req_ready {
            self.requests.pop_front();
            self.offered = 0;
        }
        if outputs.tx_cpl.is_some() && self.inputs.tx_cpl_ready {
            self.completions.pop_front();
        }
    }

    fn reset(&mut self) {
        let (vice, polite) = (self.vice, self.polite);
        *self = Puppet { vice, polite, ..Puppet::default() };
    }
}

/// A completion as it must be for a read of the host, every word the same.
pub(crate) fn completion(request: &Request, completer: u16, word: u32) -> Tlp {
    let it = Completion {
        completer,
        byte_count: request.byte_count() as u16,
        requester: request.requester,
        tag: request.tag,
        lower_address: (request.first_byte() & 0x7F) as u8,
        ..Completion::default()
    };
    Tlp::Completion(it, vec![word; request.words.into()])
}

/// A root complex with a puppet, bus mastering and MSI-X on.
pub(crate) fn stage(link: Link, seed: u64) -> RootComplex<Puppet> {
    let mut rc = RootComplex::new(Puppet::polite(), link, seed);
    rc.set_bus_master(true);
    rc.set_interrupts(true, false);
    rc.run(4).unwrap();
    rc
}

/// A read as the unit of the default link may send it.
pub(crate) fn read(address: u64, bytes: u32, tag: u8) -> Request {
    Request { requester: 0x0100, tag, ..Request::over(address, bytes) }
}
