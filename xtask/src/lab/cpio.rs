//! An archive as the kernel takes it for its first file system: cpio, "newc" (`Documentation/driver-api/early-userspace/
//! buffer-format.rst` of Linux).
//!
//! It is not compressed: an emulated processor would take longer to unpack it than the emulator to load it.

/// Folders and files, in the order in which they are added: a folder before what is in it.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    count: u32,
}

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
/// The name that ends an archive.
const END: &str = "TRAILER!!!";

impl Archive {
    pub(super) fn folder(&mut self, name: &str) {
        self.add(name, FOLDER, &[]);
    }

    pub(super) fn file(&mut self, name: &str, content: &[u8]) {
        self.add(name, FILE, content);
    }

    pub(super) fn program(&mut self, name: &str, content: &[u8]) {
        self.add(name, PROGRAM, content);
    }

    /// The whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.add(END, 0, &[]);
        self.bytes
    }

    fn add(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.count += 1;
        let links = if mode == FOLDER { 2 } else { 1 };
        // Inode, mode, user, group, links, time, bytes, device (major, minor), device that it is, bytes of the name
        // with its zero, checksum. Times are 0: the same files are the same archive.
        let fields =
            [self.count, mode, 0, 0, links, 0, content.len() as u32, 0, 0, 0, 0, name.len() as u32 + 1, 0];
        self.bytes.extend(b"070701");
        self.bytes.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    /// Names and contents end at multiples of four bytes.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, mode and content of each entry, read as the kernel reads them.
    fn entries(archive: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let (mut at, mut entries) = (0, Vec::new());
        while at < archive.len() {
            assert_eq!(at % 4, 0, "an entry begins at {at}");
            assert_eq!(&archive[at..at + 6], b"070701");
            let field = |index: usize| {
                let start = at + 6 + 8 * index;
                u32::from_str_radix(std::str::from_utf8(&archive[start..start + 8]).unwrap(), 16).unwrap()
            };
            let (name_bytes, bytes) = (field(11) as usize, field(6) as usize);
            let name = &archive[at + 110..at + 110 + name_bytes];
            assert_eq!(name.last(), Some(&0));
            let content = (at + 110 + name_bytes).next_multiple_of(4);
            let name = String::from_utf8(name[..name_bytes - 1].to_vec()).unwrap();
            entries.push((name, field(1), archive[content..content + bytes].to_vec()));
            at = (content + bytes).next_multiple_of(4);
        }
        entries
    }

    #[test]
    fn an_archive_has_its_entries_in_order_and_ends_with_the_trailer() {
        let mut archive = Archive::default();
        archive.folder("bin");
        archive.program("bin/a", b"12345");
        archive.file("order", b"x\n");
        let found = entries(&archive.finish());
        let expected: [(&str, u32, &[u8]); 4] = [
            ("bin", 0o040_755, b""),
            ("bin/a", 0o100_755, b"12345"),
            ("order", 0o100_644, b"x\n"),
            (END, 0, b""),
        ];
        let expected = expected.map(|(name, mode, content)| (name.to_owned(), mode, content.to_vec()));
        assert_eq!(found, expected);
    }

    #[test]
    fn names_and_contents_of_every_length_are_aligned() {
        for length in 0..9 {
            let mut archive = Archive::default();
            let (name, content) = ("n".repeat(length + 1), vec![7; length]);
            archive.file(&name, &content);
            let found = entries(&archive.finish());
            assert_eq!((&found[0].0, &found[0].2), (&name, &content));
            assert_eq!(found[1].0, END);
        }
    }
}
