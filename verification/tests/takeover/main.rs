//! A card dies, and software goes on in place.

mod histories;
mod moments;

use covert_abi::Identity;
use covert_abi::identity::VERSION;
use covert_driver::card::CardPort;
use covert_verification::model_card::ModelCard;

fn card(skew_log2: u32, payload_max: u32) -> Box<dyn CardPort> {
    Box::new(ModelCard::new(Identity {
        version: VERSION,
        groups: 2,
        lanes: 4,
        width: 64,
        skew: 1 << skew_log2,
        tags: 16,
        ring_max: 1 << 16,
        payload_max: payload_max.next_power_of_two(),
        push: false,
        checkpoint: false,
        msix: false,
        tick_rate: 1_000_000,
        rtl_hash: 0,
        board: 0,
    }))
}
