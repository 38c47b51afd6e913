//! A card dies, software goes on in place, and a card takes up again what software does.

mod again;
mod bus;
mod histories;
#[path = "../vfio_user/history.rs"]
mod history;
mod moments;
#[path = "../verilated/need.rs"]
mod need;
mod patience;

use covert_abi::Identity;
use covert_driver::card::CardPort;
use covert_verification::model_card::{ModelCard, identity};

fn card(skew_log2: u32, payload_max: u32) -> Box<dyn CardPort> {
    Box::new(ModelCard::new(Identity { groups: 2, ..identity(4, skew_log2, payload_max) }))
}
