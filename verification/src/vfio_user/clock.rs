//! The card's clock: it runs while the card has something to do, beside the messages that come in.
//!
//! So a client sees posted writes, verdicts and interrupts arrive when they do, as with a card of metal, and has to wait for
//! them as it would there. Ticks are another matter: they pass when the client says so, see `covert_driver::vfio_user::time`.

use crate::root_complex::UnderTest;
use crate::simulated_card::SimulatedCard;
use covert_driver::card::CardError;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Clocks between two looks at whether a message wants the card.
const SLICE: u64 = 256;

struct State<U> {
    card: SimulatedCard<U>,
    failed: Option<String>,
}

/// The card, shared between the messages and its clock.
pub(super) struct Shared<U>(Arc<Mutex<State<U>>>);

impl<U> Clone for Shared<U> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<U: UnderTest> Shared<U> {
    /// Does something with the card; a card that broke once stays so.
    pub(super) fn with<R>(
        &self,
        what: impl FnOnce(&mut SimulatedCard<U>) -> Result<R, CardError>,
    ) -> Result<R, CardError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &state.failed {
            return Err(CardError::Broken(why.clone()));
        }
        let result = what(&mut state.card);
        if let Err(CardError::Broken(why)) = &result {
            state.failed = Some(why.clone());
        }
        result
    }
}

/// The thread that clocks the card. It ends with this.
pub(super) struct Clock(Sender<()>);

impl Clock {
    pub(super) fn start<U: UnderTest + Send + 'static>(card: SimulatedCard<U>) -> (Shared<U>, Clock) {
        let shared = Shared(Arc::new(Mutex::new(State { card, failed: None })));
        let (sender, receiver) = channel();
        let its = shared.clone();
        std::thread::spawn(move || run(&its, &receiver));
        (shared, Clock(sender))
    }

    /// There may be something to do.
    pub(super) fn wake(&self) {
        // It is gone only if it panicked; the card then stands still, which every client notices.
        let _ = self.0.send(());
    }
}

fn run<U: UnderTest>(shared: &Shared<U>, wakes: &Receiver<()>) {
    while wakes.recv().is_ok() {
        while wakes.try_recv().is_ok() {}
        loop {
            match shared.with(|card| card.work(SLICE)) {
                Ok(false) => std::thread::yield_now(),
                Ok(true) => break,
                Err(error) => {
                    eprintln!("card-server: {error}");
                    return;
                }
            }
        }
    }
}
