//! A world that fits a test: a directory of the host, a standard input, and a clock that only demands move.

use covert_replica::guest::{Demand, Input, Output};
use covert_replica::machine::{Machine, Options};
use covert_replica::process::{Process, Program};
use covert_replica::world::{Answer, DirectoryEntry, Handle, Operation, Reply, Status, channel, source};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

/// What a program left behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) status: u64,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) unserved: Vec<String>,
    /// Demands that it made.
    pub(crate) exits: u64,
}

pub(crate) struct SmallWorld {
    root: PathBuf,
    stdin: Vec<u8>,
    read: usize,
    now: u64,
    random: u8,
    files: BTreeMap<u32, (File, String)>,
    opened: u32,
    pub(crate) ended: Ended,
}

impl SmallWorld {
    pub(crate) fn new(root: PathBuf, stdin: &[u8]) -> SmallWorld {
        SmallWorld {
            root,
            stdin: stdin.to_vec(),
            read: 0,
            now: 1_700_000_000_000_000_000,
            random: 0,
            files: BTreeMap::new(),
            opened: 0,
            ended: Ended::default(),
        }
    }

    /// Does what is demanded; the answer, if there is to be one.
    pub(crate) fn serve(&mut self, demand: &Demand) -> Option<Vec<u8>> {
        match demand {
            Demand::Nothing | Demand::End => None,
            Demand::Post(output) => {
                match output.channel {
                    channel::STDOUT => self.ended.stdout.extend(&output.payload),
                    channel::STDERR => self.ended.stderr.extend(&output.payload),
                    channel::EXIT => self.ended.status = output.target,
                    other => panic!("a record on channel {other}"),
                }
                None
            }
            Demand::Input(input) => Some(self.input(input)),
            Demand::Effect(output) => Some(self.effect(output)),
        }
    }

    fn input(&mut self, input: &Input) -> Vec<u8> {
        if input.source & source::FILE != 0 {
            let (file, _) = &self.files[&(input.source & !source::FILE)];
            let mut data = vec![0; input.length as usize - 16];
            let reply: Reply = match file.read_at(&mut data, input.argument) {
                Ok(read) => Ok(Answer::Data(data[..read].to_vec())),
                Err(error) => Err(errno(&error)),
            };
            return postcard::to_stdvec(&reply).expect("bytes");
        }
        match input.source {
            source::STDIN => {
                let rest = &self.stdin[self.read..];
                let taken = &rest[..rest.len().min(input.length as usize)];
                self.read += taken.len();
                taken.to_vec()
            }
            source::CLOCK => {
                self.now += 1000;
                self.now.to_le_bytes().to_vec()
            }
            source::TIMER => {
                self.now = self.now.max(input.argument);
                self.now.to_le_bytes().to_vec()
            }
            source::RANDOM => {
                self.random = self.random.wrapping_add(1);
                vec![self.random; input.length as usize]
            }
            other => panic!("an input from source {other}"),
        }
    }

    fn effect(&mut self, output: &Output) -> Vec<u8> {
        assert_eq!(output.channel, channel::WORLD);
        let operation = postcard::from_bytes(&output.payload).expect("an operation");
        let reply: Reply = self.operation(operation).map_err(|error| errno(&error));
        postcard::to_stdvec(&reply).expect("bytes")
    }

    fn host(&self, path: &str) -> PathBuf {
        assert!(path.starts_with('/') && !path.contains("/../"), "{path} is not normalised");
        self.root.join(path.trim_start_matches('/'))
    }

    fn operation(&mut self, operation: Operation) -> io::Result<Answer> {
        match operation {
            Operation::Open { path, flags, mode } => {
                let writes = flags & 3 != 0;
                let file = OpenOptions::new()
                    .read(flags & 3 != 1)
                    .write(writes)
                    .mode(mode)
                    .custom_flags((flags & !3) as i32 & !libc_o_append())
                    .create(writes && flags & 0o100 != 0)
                    .truncate(writes && flags & 0o1000 != 0)
                    .open(self.host(&path))?;
                self.opened += 1;
                let status = status(&file.metadata()?);
                self.files.insert(self.opened, (file, path));
                Ok(Answer::Opened { handle: Handle(self.opened), status })
            }
            Operation::Close(Handle(handle)) => {
                self.files.remove(&handle).expect("an open handle");
                Ok(Answer::Done)
            }
            Operation::Write { handle, offset, data } => {
                let written = self.files[&handle.0].0.write_at(&data, offset)?;
                Ok(Answer::Count(written as u32))
            }
            Operation::Append { handle, data } => {
                let file = &self.files[&handle.0].0;
                let end = file.metadata()?.len();
                let count = file.write_at(&data, end)? as u32;
                Ok(Answer::Appended { count, end: end + u64::from(count) })
            }
            Operation::Truncate { handle, length } => {
                self.files[&handle.0].0.set_len(length)?;
                Ok(Answer::Done)
            }
            Operation::Sync(_) | Operation::Touch { .. } => Ok(Answer::Done),
            Operation::StatusOf(handle) => Ok(Answer::Status(status(&self.files[&handle.0].0.metadata()?))),
            Operation::Status { path, follow } => {
                let path = self.host(&path);
                let metadata = if follow { path.metadata()? } else { path.symlink_metadata()? };
                Ok(Answer::Status(status(&metadata)))
            }
            Operation::Access { path, .. } => {
                self.host(&path).metadata()?;
                Ok(Answer::Done)
            }
            Operation::Entries { handle, from } => {
                let path = self.host(&self.files[&handle.0].1);
                let mut entries = Vec::new();
                for entry in std::fs::read_dir(path)? {
                    let entry = entry?;
                    entries.push(DirectoryEntry {
                        inode: entry.metadata()?.ino(),
                        kind: if entry.metadata()?.is_dir() { 4 } else { 8 },
                        name: entry.file_name().into_encoded_bytes(),
                    });
                }
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                Ok(Answer::Entries(entries.split_off((from as usize).min(entries.len()))))
            }
            Operation::ReadLink(path) => {
                Ok(Answer::Data(std::fs::read_link(self.host(&path))?.into_os_string().into_encoded_bytes()))
            }
            Operation::MakeDirectory { path, .. } => {
                std::fs::create_dir(self.host(&path))?;
                Ok(Answer::Done)
            }
            Operation::RemoveDirectory(path) => {
                std::fs::remove_dir(self.host(&path))?;
                Ok(Answer::Done)
            }
            Operation::Unlink(path) => {
                std::fs::remove_file(self.host(&path))?;
                Ok(Answer::Done)
            }
            Operation::Rename { from, to } => {
                std::fs::rename(self.host(&from), self.host(&to))?;
                Ok(Answer::Done)
            }
            Operation::Link { content, path } => {
                std::os::unix::fs::symlink(content, self.host(&path))?;
                Ok(Answer::Done)
            }
            Operation::Permit { path, mode } => {
                std::fs::set_permissions(self.host(&path), PermissionsExt::from_mode(mode))?;
                Ok(Answer::Done)
            }
        }
    }
}

/// `O_APPEND`, which a positional write must not have.
fn libc_o_append() -> i32 {
    0o2000
}

fn errno(error: &io::Error) -> u16 {
    error.raw_os_error().map_or(5, |number| number as u16)
}

fn status(metadata: &std::fs::Metadata) -> Status {
    Status {
        inode: metadata.ino(),
        mode: metadata.mode(),
        links: metadata.nlink() as u32,
        size: metadata.len(),
        blocks: metadata.blocks(),
        modified: metadata.mtime() * 1_000_000_000,
        accessed: metadata.atime() * 1_000_000_000,
        changed: metadata.ctime() * 1_000_000_000,
    }
}

/// A program from a file of the host.
pub(crate) fn program(path: &str, arguments: &[&str]) -> Program {
    Program {
        image: std::fs::read(path).expect("a program").into(),
        path: path.into(),
        arguments: arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect(),
        environment: vec![b"PATH=/bin".to_vec(), b"LC_ALL=C".to_vec()],
        directory: "/".into(),
        seed: 7,
    }
}

/// Most demands of a program in these tests.
const EXITS_MAX: u64 = 200_000;

/// Runs a machine to its guest's end.
pub(crate) fn run(machine: &mut Machine, world: &mut SmallWorld) {
    while machine.counted() < EXITS_MAX {
        let demand = crate::support::demand(machine);
        if let Some(answer) = world.serve(&demand) {
            machine.deliver(&answer).expect("an answer");
        }
        if demand == Demand::End {
            world.ended.exits = machine.counted();
            world.ended.unserved = machine.unserved();
            return;
        }
    }
    panic!("no end after {EXITS_MAX} exits: {:?}", world.ended);
}

/// Runs a program in a new machine; `None` and a line that says why, if there is no KVM.
pub(crate) fn execute(program: Program, world: &mut SmallWorld) -> Option<()> {
    let kvm = crate::support::kvm()?;
    let options = Options { memory: 64 << 20, checkpoints: false };
    let mut machine = Machine::new(&kvm, Box::new(Process::new(program)), &options).expect("a machine");
    run(&mut machine, world);
    Some(())
}
