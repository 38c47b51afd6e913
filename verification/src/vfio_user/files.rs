//! The files behind the mappings, each held once.
//!
//! A client sends a descriptor with every mapping, and maps a page at a time where its memory is in pages: behind an IOMMU an
//! arena of 64 MiB is 16,384 descriptors of one file, more than a process may hold.

use rustix::fs::{OFlags, fcntl_getfl};
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Weak};

/// A file: its device, its inode, and how it was opened. One that may only be read is not replaced by one that may be written.
type Identity = (u64, u64, OFlags);

/// The files that mappings hold.
#[derive(Default)]
pub(super) struct Files(HashMap<Identity, Weak<File>>);

impl Files {
    /// The file behind this descriptor, by the descriptor that came first.
    pub(super) fn shared(&mut self, file: File, about: &Metadata) -> std::io::Result<Arc<File>> {
        let identity = (about.dev(), about.ino(), fcntl_getfl(&file)?);
        if let Some(known) = self.0.get(&identity).and_then(Weak::upgrade) {
            return Ok(known);
        }
        self.0.retain(|_, file| file.strong_count() > 0);
        let file = Arc::new(file);
        self.0.insert(identity, Arc::downgrade(&file));
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    fn file(path: &str, write: bool) -> (File, Metadata) {
        let file = File::options().read(true).write(write).open(path).unwrap();
        let about = file.metadata().unwrap();
        (file, about)
    }

    #[test]
    fn one_file_is_held_once_for_as_long_as_it_is_mapped_and_by_its_access() {
        let mut files = Files::default();
        let mut shared = |path, write| {
            let (file, about) = file(path, write);
            files.shared(file, &about).unwrap()
        };
        let first = shared("/dev/null", true);
        assert_eq!(shared("/dev/null", true).as_raw_fd(), first.as_raw_fd());
        assert_ne!(shared("/dev/null", false).as_raw_fd(), first.as_raw_fd());
        assert_ne!(shared("/dev/zero", true).as_raw_fd(), first.as_raw_fd());
        drop(first);
        shared("/dev/zero", true);
        assert_eq!(files.0.len(), 1);
    }
}
