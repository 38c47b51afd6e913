//! The inputs of a run, kept in a file: with them the run can be had again, without the world that it was in.
//!
//! ```text
//!  "COVERT inputs 1\n" ┬ Header ┬ Entry, Entry, ... ┬ end mark ┬ Trailer
//! ```
//! Each part is its length in four bytes, little-endian, and that many bytes of postcard. A file that was cut off has no trailer and replays as far as
//! it goes.

use anyhow::{Context, Result, bail};
use covert_core::{Entry, InputIndex, Request};
use covert_replica::start::GuestSetup;
use covert_replica::wire;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

const MAGIC: &[u8] = b"COVERT inputs 1\n";

/// Bytes of the longest part of a file that is believed.
const PART_MAX: u32 = 1 << 20;

/// What the inputs were for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The guest's program, as it was named.
    pub program: String,
    /// SHA-256 of it.
    pub program_sha256: String,
    /// The guest beside it.
    pub guest: GuestSetup,
    /// Bytes of memory.
    pub memory: u64,
}

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// Records released.
    pub outputs: u64,
    /// SHA-256 over them.
    pub released_sha256: String,
    /// The guest's exit status.
    pub status: Option<u8>,
}

#[derive(Serialize, Deserialize)]
struct Part {
    index: InputIndex,
    request: Request,
    value: Vec<u8>,
    fingerprint: u64,
}

/// Writes the inputs of a run as it goes.
#[derive(Debug)]
pub struct Recorder {
    file: BufWriter<File>,
    /// Delivered, but a rollback may still replace them.
    open: BTreeMap<InputIndex, Arc<Entry>>,
}

impl Recorder {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Recorder> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut recorder = Recorder { file: BufWriter::new(file), open: BTreeMap::new() };
        recorder.file.write_all(MAGIC)?;
        recorder.part(header)?;
        Ok(recorder)
    }

    /// Notes an input that a replica is given.
    pub fn delivered(&mut self, entry: &Arc<Entry>) {
        self.open.insert(entry.index, Arc::clone(entry));
    }

    /// Every input before `index` will not change any more.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn settled(&mut self, index: InputIndex) -> Result<()> {
        let later = self.open.split_off(&index);
        for entry in std::mem::replace(&mut self.open, later).into_values() {
            self.part(&Part {
                index: entry.index,
                request: entry.request,
                value: entry.value.clone(),
                fingerprint: entry.fingerprint.0,
            })?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self, trailer: &Trailer) -> Result<()> {
        self.settled(InputIndex::MAX)?;
        self.file.write_all(&u32::MAX.to_le_bytes())?;
        self.part(trailer)?;
        Ok(self.file.flush()?)
    }

    fn part(&mut self, part: &impl Serialize) -> Result<()> {
        let bytes = postcard::to_stdvec(part)?;
        self.file.write_all(&u32::try_from(bytes.len())?.to_le_bytes())?;
        Ok(self.file.write_all(&bytes)?)
    }
}

/// A file of inputs, read.
#[derive(Debug)]
pub struct Recording {
    /// What they were for.
    pub header: Header,
    /// The inputs, in order.
    pub entries: Vec<Entry>,
    /// How the run ended; none if the file was cut off.
    pub trailer: Option<Trailer>,
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read or is no such file.
    pub fn read(path: &Path) -> Result<Recording> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Recording::parse(BufReader::new(file))
            .with_context(|| format!("{} is not a recording that this version can read", path.display()))
    }

    fn parse(mut file: impl Read) -> Result<Recording> {
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic)?;
        if magic != MAGIC {
            bail!("it does not begin like one");
        }
        let header = part(&mut file)?.context("it has no header")?;
        let mut entries = Vec::new();
        let mut trailer = None;
        loop {
            match part::<Part>(&mut file) {
                Ok(Some(part)) => {
                    let Part { index, request, value, fingerprint } = part;
                    let entry = wire::entry(index, request, value, fingerprint);
                    if index != entries.len() as u64 || !entry.is_intact() {
                        bail!("its input {index} is damaged");
                    }
                    entries.push(entry);
                }
                Ok(None) => {
                    trailer = part(&mut file)?;
                    break;
                }
                Err(error) if error.downcast_ref::<std::io::Error>().is_some() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Recording { header, entries, trailer })
    }
}

/// The next part; none at the end mark.
fn part<T: for<'a> Deserialize<'a>>(file: &mut impl Read) -> Result<Option<T>> {
    let mut length = [0; 4];
    file.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length == u32::MAX {
        return Ok(None);
    }
    if length > PART_MAX {
        bail!("a part of it has {length} bytes");
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    Ok(Some(postcard::from_bytes(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_can_make_the_reader_fail_otherwise_than_by_an_error() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let mut bytes = MAGIC.to_vec();
            bytes.extend((0..random.usize(..200)).map(|_| if random.bool() { 0 } else { random.u8(..) }));
            let _ = Recording::parse(&bytes[..]);
        }
    }
}
