//! Windows over shared memory.

use super::memory::Backing;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A range of a memfd. Reads and writes go through the file, so that no memory that others write is ever borrowed;
/// both are coherent with every mapping of the same file.
#[derive(Debug)]
pub struct FileBacking {
    file: Arc<File>,
    offset: u64,
    length: u64,
}

impl FileBacking {
    /// `length` bytes of `file` from `offset` on. The caller has checked that the file is that long and stays so.
    pub fn new(file: impl Into<Arc<File>>, offset: u64, length: u64) -> FileBacking {
        FileBacking { file: file.into(), offset, length }
    }
}

impl Backing for FileBacking {
    fn len(&self) -> u64 {
        self.length
    }

    fn read(&self, offset: u64, bytes: &mut [u8]) {
        // A file shrunk behind our back reads as zeros: the device sees what a wild pointer would find.
        if self.file.read_exact_at(bytes, self.offset + offset).is_err() {
            bytes.fill(0);
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        // A posted write that finds no memory is lost.
        let _ = self.file.write_all_at(bytes, self.offset + offset);
    }
}
