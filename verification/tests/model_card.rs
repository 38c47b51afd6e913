//! The driver's unit over the reference model: the conformance suite, and histories.

use covert_abi::Identity;
use covert_driver::card::CardPort;
use covert_verification::model::unit::Order;
use covert_verification::model_card::{self, ModelCard};
use covert_verification::random::Random;
use covert_verification::scenario::generate::{Chances, generate, setup};
use covert_verification::scenario::run::{Agreement, Covered, run};
use covert_verification::unit_rig::{Needs, UnitFactory, bench};

fn identity(skew_log2: u32, payload_max: u32) -> Identity {
    Identity { groups: 4, ..model_card::identity(4, skew_log2, payload_max) }
}

fn port(needs: &Needs) -> Result<Box<dyn CardPort>, String> {
    Ok(Box::new(ModelCard::new(identity(needs.skew_log2, needs.payload_max))))
}

mod conformance {
    covert_driver::conformance_tests!(super::UnitFactory(super::port));
}

#[test]
fn the_driver_adds_nothing_and_loses_nothing() {
    let mut covered = Covered::default();
    for seed in 0..300 {
        let setup = setup(&mut Random::new(seed));
        let scenario = generate(seed, setup, Chances { bad: 5, differing: 3, unreadable: 0, odd: 100 }, 150);
        let card = ModelCard::new(identity(setup.skew_log2, setup.payload_max));
        let mut bench = bench(Box::new(card), &setup).unwrap();
        match run(&scenario, Agreement::Exact(Order::FetchFirst), &mut bench) {
            Ok(more) => covered += more,
            Err(divergence) => panic!("seed {seed}: {divergence}"),
        }
    }
    println!("{covered:?}");
    assert!(covered.records > 3000);
}
