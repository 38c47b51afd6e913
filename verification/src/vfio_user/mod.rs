//! A simulated card served over vfio-user: to this project's driver, and to QEMU's `vfio-user-pci`.
//!
//! - [`served_card`](ServedCard) is what each message does to the card, [`config_space`] who the card says it is.
//! - The card's clock runs beside the messages. Memory is reached only through what was mapped, in its direction.
//! - Interrupts are the unit's own: SET_IRQS programs its MSI-X table, and the write that the root complex then sees
//!   signals the eventfd.

mod clock;
pub mod config_space;
mod files;
mod regions;
mod served_card;

pub use served_card::ServedCard;

use crate::root_complex::UnderTest;
use crate::simulated_card::SimulatedCard;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Why nothing is served any more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket cannot be made.
    #[error("cannot listen on {path}: {source}: remove what is there, or name another path")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: vfio_user::Error,
    },
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(#[from] vfio_user::Error),
    /// The client sent what no client may send.
    #[error("the client does not keep to the protocol: {0}")]
    Protocol(String),
}

/// A socket on which a card will be served.
pub struct Listener(vfio_user::Server);

impl Listener {
    /// Listens on a path where nothing is yet. The socket is removed with this.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(path: &Path) -> Result<Listener, ServeError> {
        vfio_user::Server::new(path, true, regions::interrupts(), regions::regions())
            .map(Listener)
            .map_err(|source| ServeError::Listen { path: path.into(), source })
    }

    /// Serves the card to one client, until it goes.
    ///
    /// # Errors
    /// The connection failed, or the client broke the protocol beyond repair.
    pub fn serve<U: UnderTest + Send + 'static>(&self, card: SimulatedCard<U>) -> Result<(), ServeError> {
        let mut card = ServedCard::new(card);
        // The crate's version handshake unwraps what the client sent. What is left behind is dropped here.
        match catch_unwind(AssertUnwindSafe(|| self.0.run(&mut card))) {
            Ok(result) => Ok(result?),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
                Err(ServeError::Protocol(text.unwrap_or_else(|| "its version message is none".into())))
            }
        }
    }
}
