//! A simulated card served over vfio-user: to this project's driver, and to QEMU's `vfio-user-pci`.
//!
//! - [`message`] is what a client may say, `connection` how it comes, `session` what is answered.
//! - [`served_card`](ServedCard) is what each message does to the card, [`config_space`] who the card says it is.
//! - The card's clock runs beside the messages. Memory is reached only through what was mapped, in its direction.
//! - Interrupts are the unit's own: SET_IRQS programs its MSI-X table, and the write that the root complex then sees
//!   signals the eventfd.
//! - A card has one client at a time; others are told who that is (`refusal`).

mod clock;
pub mod config_space;
mod connection;
mod files;
pub mod hostile;
pub mod message;
mod peer;
mod refusal;
mod regions;
mod served_card;
mod session;
mod windows;

pub use served_card::ServedCard;

use crate::root_complex::UnderTest;
use crate::simulated_card::SimulatedCard;
use connection::Connection;
use refusal::Refuser;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Why nothing is served any more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket cannot be made.
    #[error("cannot listen on {path}: {source}: remove what is there, or name another path")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Socket(#[from] io::Error),
    /// The client sent what no client may send.
    #[error("the client does not keep to the protocol: {0}")]
    Protocol(String),
}

/// A socket on which a card will be served.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
    /// A client that came when the one before had gone and was not yet done with.
    next: Mutex<Option<UnixStream>>,
}

impl Listener {
    /// Listens on a path where nothing is yet. The socket is removed with this.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(path: &Path) -> Result<Listener, ServeError> {
        let listener =
            UnixListener::bind(path).map_err(|source| ServeError::Listen { path: path.into(), source })?;
        Ok(Listener { listener, path: path.into(), next: Mutex::default() })
    }

    /// Serves the card to one client, until it goes. Others that come meanwhile are told who has the card.
    ///
    /// # Errors
    /// The connection failed, or the client broke the protocol beyond repair.
    pub fn serve<U: UnderTest + Send + 'static>(&self, card: SimulatedCard<U>) -> Result<(), ServeError> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stream = match next {
            Some(stream) => stream,
            None => self.listener.accept()?.0,
        };
        let mut card = ServedCard::new(card);
        let refuser = Refuser::new(&stream)?;
        std::thread::scope(|scope| {
            let others = scope.spawn(|| refuser.run(&self.listener));
            let served = session::serve(&mut Connection::new(stream), &mut card);
            refuser.end();
            let next = others.join().unwrap_or_default();
            *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
            served
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
