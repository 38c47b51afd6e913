//! What is under test, as pins: streams, sideband and a clock.

use super::stream::Beat;

/// What a PCIe core tells beside the streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sideband {
    /// Bus, device and function of the unit.
    pub completer_id: u16,
    /// Max_Payload_Size: 128 << value bytes.
    pub max_payload: u8,
    /// Max_Read_Request_Size: 128 << value bytes.
    pub max_read_request: u8,
    /// Read completion boundary: 64 bytes, or 128 when set.
    pub rcb: bool,
    /// Whether the unit may send requests.
    pub bus_master_enable: bool,
    /// Whether MSI-X is on.
    pub msix_enable: bool,
    /// Whether every vector is masked.
    pub msix_function_mask: bool,
    /// Function-level reset is asked for.
    pub flr_request: bool,
    /// The link is up.
    pub link_up: bool,
    /// A watchdog tick, for one clock.
    pub tick: bool,
}

/// Everything that is driven during one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Inputs {
    /// Requests of the host, `None` when not valid.
    pub rx_req: Option<Beat>,
    /// Completions for the unit's reads.
    pub rx_cpl: Option<Beat>,
    /// The unit's requests are taken.
    pub tx_req_ready: bool,
    /// The unit's completions are taken.
    pub tx_cpl_ready: bool,
    /// The rest.
    pub sideband: Sideband,
}

/// Everything that is seen during one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outputs {
    /// Requests of the host are taken.
    pub rx_req_ready: bool,
    /// Completions are taken.
    pub rx_cpl_ready: bool,
    /// Requests of the unit, `None` when not valid.
    pub tx_req: Option<Beat>,
    /// Completions of the unit.
    pub tx_cpl: Option<Beat>,
    /// The function-level reset is done.
    pub flr_done: bool,
    /// The unit has found an error in itself.
    pub config_error: bool,
}

/// What came of clocks in which nothing was offered from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Idle {
    /// How many passed.
    pub clocks: u64,
    /// Whether the unit's state has come again: with these inputs it will never offer anything.
    pub repeats: bool,
}

/// Something with the unit's pins: Verilated RTL, or a stand-in.
pub trait UnderTest {
    /// Drives the inputs and gives the outputs that follow from them and the registers, without a clock edge.
    fn settle(&mut self, inputs: &Inputs) -> Outputs;

    /// The rising edge, with the inputs of the last [`settle`](Self::settle).
    fn clock(&mut self);

    /// Lets at most `most` clocks pass with these inputs held, which offer nothing, until an output other than the two `ready` changes.
    /// That clock has not passed.
    ///
    /// One call for many clocks; what cannot do that lets none pass.
    fn idle(&mut self, inputs: &Inputs, most: u64) -> Idle {
        let _ = (inputs, most);
        Idle::default()
    }

    /// Back to the state after power-on.
    fn reset(&mut self);
}
