//! Where a guest's output goes, and the sum over everything that was released.

use covert_replica::world::channel;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};

/// Where standard output and error of a guest go.
pub enum Console {
    /// To those of this process.
    Inherited,
    /// Both to a file.
    File(File),
    /// Kept in memory, standard output alone: for tests and comparisons.
    Kept,
    /// Nowhere.
    Nowhere,
}

type Place = Box<dyn Write + Send>;

/// The sinks of one guest.
pub struct Sinks {
    out: Option<BufWriter<Place>>,
    err: Option<Place>,
    /// What was kept of standard output.
    pub kept: Option<Vec<u8>>,
    sum: Sha256,
    /// Records released.
    pub released: u64,
}

impl Sinks {
    /// Opens the console.
    ///
    /// # Errors
    /// A file cannot be opened a second time.
    pub fn new(console: Console) -> std::io::Result<Sinks> {
        let (mut out, mut err): (Option<Place>, Option<Place>) = (None, None);
        let mut kept = None;
        match console {
            Console::Inherited => {
                out = Some(Box::new(std::io::stdout()));
                err = Some(Box::new(std::io::stderr()));
            }
            Console::File(file) => {
                err = Some(Box::new(file.try_clone()?));
                out = Some(Box::new(file));
            }
            Console::Kept => kept = Some(Vec::new()),
            Console::Nowhere => {}
        }
        Ok(Sinks { out: out.map(BufWriter::new), err, kept, sum: Sha256::new(), released: 0 })
    }

    /// Takes a record that has no other effect than to be written.
    ///
    /// # Errors
    /// The place that it goes to.
    pub fn put(&mut self, channel: u32, target: u64, payload: &[u8]) -> std::io::Result<()> {
        self.note(channel, target, payload);
        match channel {
            channel::STDOUT => self.stdout(payload),
            channel::STDERR => self.stderr(payload),
            _ => Ok(()),
        }
    }

    /// Counts a released record and takes it into the sum: channel, target, length, payload.
    fn note(&mut self, channel: u32, target: u64, payload: &[u8]) {
        self.released += 1;
        self.sum.update(channel.to_le_bytes());
        // Where bytes of a stream go is no property of them.
        let target = if matches!(channel, channel::STDOUT | channel::STDERR) { 0 } else { target };
        self.sum.update(target.to_le_bytes());
        self.sum.update((payload.len() as u64).to_le_bytes());
        self.sum.update(payload);
    }

    fn stdout(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        match &mut self.out {
            Some(out) => out.write_all(bytes),
            None => Ok(()),
        }
    }

    fn stderr(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        // In the order in which the guest wrote, also where both go to one place.
        self.flush()?;
        match &mut self.err {
            Some(err) => err.write_all(bytes),
            None => Ok(()),
        }
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// The place that it goes to.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }

    /// SHA-256 over everything released so far.
    pub fn sum(&self) -> String {
        self.sum.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
