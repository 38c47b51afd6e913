//! The files behind the windows, one descriptor each.
//!
//! A virtual IOMMU maps page by page, and every message brings a descriptor of its own: kept one by one, those of a few MiB are
//! more than a process may have.

use rustix::fs::{OFlags, fcntl_getfl, fstat};
use std::fs::File;
use std::io;
use std::sync::{Arc, Weak};

/// Which file, and what may be done with it.
type Key = (u64, u64, OFlags);

/// The files that windows are over now.
#[derive(Debug, Default)]
pub(super) struct Files(Vec<(Key, Weak<File>)>);

impl Files {
    /// The descriptor that is kept for this one's file, opened for the same: this one itself if it is the first.
    pub(super) fn one(&mut self, file: File) -> io::Result<Arc<File>> {
        let about = fstat(&file)?;
        let key = (about.st_dev, about.st_ino, fcntl_getfl(&file)? & OFlags::RWMODE);
        if let Some(known) = self.0.iter().find(|(its, _)| *its == key).and_then(|(_, file)| file.upgrade()) {
            return Ok(known);
        }
        // Not while a file is in use again and again, as then nothing is added.
        self.0.retain(|(_, file)| file.strong_count() > 0);
        let file = Arc::new(file);
        self.0.push((key, Arc::downgrade(&file)));
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_file_is_kept_once_for_each_thing_that_may_be_done_with_it() {
        let path = std::env::temp_dir().join(format!("covert-files-{}", std::process::id()));
        let both = File::options().create(true).truncate(true).read(true).write(true).open(&path).unwrap();
        let mut files = Files::default();
        let first = files.one(both.try_clone().unwrap()).unwrap();
        let again = files.one(both).unwrap();
        assert_eq!(first.as_raw_fd(), again.as_raw_fd());
        let reading = files.one(File::open(&path).unwrap()).unwrap();
        assert_ne!(first.as_raw_fd(), reading.as_raw_fd());
        drop((first, again, reading));
        files.one(File::open(&path).unwrap()).unwrap();
        assert_eq!(files.0.len(), 1, "what no window is over is forgotten");
        std::fs::remove_file(path).unwrap();
    }
}
