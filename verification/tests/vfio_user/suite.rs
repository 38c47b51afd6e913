//! The driver's conformance suite over the socket.

use crate::server::Server;
use covert_abi::Identity;
use covert_driver::card::CardPort;
use covert_driver::conformance::{CASES, Failure};
use covert_verification::unit_rig::{Needs, UnitFactory};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn the_unit_in_its_own_process_passes_the_conformance_suite() {
    let Some(server) = Server::start(1) else { return };
    let mut port = server.connect();
    let identity = Identity::parse(|address| port.read(address).unwrap()).unwrap();
    let (wants_more, servers) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let port = |needs: &Needs| -> Result<Box<dyn CardPort>, String> {
        if needs.lanes > identity.lanes.into() {
            wants_more.store(true, Ordering::Relaxed);
            return Err("the unit is built for fewer lanes".into());
        }
        let server = Server::start(1).ok_or("there is no Verilator any more")?;
        let port = server.connect();
        servers.lock().unwrap().push(server);
        Ok(Box::new(port))
    };
    let (mut failed, mut unfit): (Vec<(&str, Failure)>, Vec<&str>) = Default::default();
    for case in CASES {
        wants_more.store(false, Ordering::Relaxed);
        match (case.run)(&UnitFactory(port)) {
            Ok(()) => {}
            Err(_) if wants_more.load(Ordering::Relaxed) => unfit.push(case.name),
            Err(failure) => failed.push((case.name, failure)),
        }
        for mut server in servers.lock().unwrap().drain(..) {
            let (status, said) = server.end();
            assert!(status.success() && said.is_empty(), "{}: {status}: {said}", case.name);
        }
    }
    println!(
        "{} of {} cases passed; the unit is no fit for {}: {}",
        CASES.len() - failed.len() - unfit.len(),
        CASES.len(),
        unfit.len(),
        unfit.join(", ")
    );
    let text: Vec<String> = failed.iter().map(|(name, failure)| format!("{name}: {failure}")).collect();
    assert!(failed.is_empty(), "{}", text.join("\n"));
}
