//! A world in memory: a few files and folders, a clock that moves by itself, a standard input.

use covert_replica::guest::{Demand, Input};
use covert_replica::world::{Answer, DirectoryEntry, Handle, Operation, Reply, Status, source};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    File(Vec<u8>),
    Link(String),
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) open: BTreeMap<u32, String>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) now: u64,
    handles: u32,
}

impl World {
    pub(crate) fn new() -> World {
        let mut nodes = BTreeMap::new();
        nodes.insert("/".into(), Node::Folder);
        nodes.insert("/folder".into(), Node::Folder);
        nodes.insert("/folder/file".into(), Node::File((0..200_000_u32).map(|n| (n % 251) as u8).collect()));
        nodes.insert("/folder/link".into(), Node::Link("file".into()));
        nodes.insert("/small".into(), Node::File(b"0123456789".to_vec()));
        World {
            nodes,
            open: BTreeMap::new(),
            stdin: b"from outside".to_vec(),
            now: 1_000_000_007,
            handles: 0,
        }
    }

    /// The answer to a demand; `None` if it wants none.
    pub(crate) fn answer(&mut self, demand: &Demand) -> Option<Vec<u8>> {
        match demand {
            Demand::Input(input) => Some(self.input(input)),
            Demand::Effect(output) => {
                let operation = postcard::from_bytes(&output.payload).expect("an operation");
                Some(pack(&self.operation(operation)))
            }
            _ => None,
        }
    }

    fn input(&mut self, input: &Input) -> Vec<u8> {
        if input.source & source::FILE != 0 {
            return pack(&self.read(
                input.source & !source::FILE,
                input.argument,
                input.length as usize - 16,
            ));
        }
        match input.source {
            source::STDIN => {
                let rest = self.stdin.split_off(self.stdin.len().min(input.length as usize));
                std::mem::replace(&mut self.stdin, rest)
            }
            source::CLOCK => {
                self.now = self.now.wrapping_add(1);
                self.now.to_le_bytes().to_vec()
            }
            source::TIMER => {
                self.now = self.now.max(input.argument);
                self.now.to_le_bytes().to_vec()
            }
            _ => (0..input.length).map(|n| n as u8).collect(),
        }
    }

    fn read(&self, handle: u32, offset: u64, length: usize) -> Reply {
        let path = self.open.get(&handle).ok_or(9_u16)?;
        let Some(Node::File(content)) = self.nodes.get(path) else { return Err(21) };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        Ok(Answer::Data(content[start..content.len().min(start + length)].to_vec()))
    }

    fn operation(&mut self, operation: Operation) -> Reply {
        match operation {
            Operation::Open { path, flags, .. } => {
                if flags & 0o100 != 0 {
                    self.nodes.entry(path.clone()).or_insert(Node::File(Vec::new()));
                }
                let status = self.status(&path)?;
                if let (Some(Node::File(content)), true) = (self.nodes.get_mut(&path), flags & 0o1000 != 0) {
                    content.clear();
                }
                self.handles += 1;
                self.open.insert(self.handles, path);
                Ok(Answer::Opened { handle: Handle(self.handles), status })
            }
            Operation::Close(handle) => self.open.remove(&handle.0).map(|_| Answer::Done).ok_or(9),
            Operation::Write { handle, offset, data } => {
                let count = data.len() as u32;
                let content = self.content(handle)?;
                let offset = usize::try_from(offset).ok().filter(|offset| *offset < 1 << 24).ok_or(27_u16)?;
                content.resize(content.len().max(offset + data.len()), 0);
                content[offset..offset + data.len()].copy_from_slice(&data);
                Ok(Answer::Count(count))
            }
            Operation::Append { handle, data } => {
                let content = self.content(handle)?;
                content.extend(&data);
                Ok(Answer::Appended { count: data.len() as u32, end: content.len() as u64 })
            }
            Operation::Truncate { handle, length } => {
                let length = usize::try_from(length).ok().filter(|length| *length < 1 << 24).ok_or(27_u16)?;
                self.content(handle)?.resize(length, 0);
                Ok(Answer::Done)
            }
            Operation::Sync(_) | Operation::Permit { .. } | Operation::Touch { .. } => Ok(Answer::Done),
            Operation::StatusOf(handle) => {
                let path = self.open.get(&handle.0).ok_or(9_u16)?;
                Ok(Answer::Status(self.status(path)?))
            }
            Operation::Status { path, .. } => Ok(Answer::Status(self.status(&path)?)),
            Operation::Access { path, .. } => self.status(&path).map(|_| Answer::Done),
            Operation::Entries { handle, from } => {
                let path = self.open.get(&handle.0).ok_or(9_u16)?;
                let prefix = format!("{}/", path.trim_end_matches('/'));
                let names = self.nodes.keys().filter_map(|path| path.strip_prefix(&prefix));
                let entries = names
                    .filter(|name| !name.is_empty() && !name.contains('/'))
                    .skip(from as usize)
                    .map(|name| DirectoryEntry { inode: 7, kind: 8, name: name.into() });
                Ok(Answer::Entries(entries.collect()))
            }
            Operation::ReadLink(path) => match self.nodes.get(&path) {
                Some(Node::Link(to)) => Ok(Answer::Data(to.clone().into_bytes())),
                Some(_) => Err(22),
                None => Err(2),
            },
            Operation::MakeDirectory { path, .. } => self.make(path, Node::Folder),
            Operation::Link { content, path } => self.make(path, Node::Link(content)),
            Operation::RemoveDirectory(path) | Operation::Unlink(path) => {
                self.nodes.remove(&path).map(|_| Answer::Done).ok_or(2)
            }
            Operation::Rename { from, to } => {
                let node = self.nodes.remove(&from).ok_or(2_u16)?;
                self.nodes.insert(to, node);
                Ok(Answer::Done)
            }
        }
    }

    fn make(&mut self, path: String, node: Node) -> Reply {
        if self.nodes.contains_key(&path) {
            return Err(17);
        }
        self.nodes.insert(path, node);
        Ok(Answer::Done)
    }

    fn content(&mut self, handle: Handle) -> Result<&mut Vec<u8>, u16> {
        let path = self.open.get(&handle.0).ok_or(9_u16)?;
        match self.nodes.get_mut(path) {
            Some(Node::File(content)) => Ok(content),
            _ => Err(21),
        }
    }

    fn status(&self, path: &str) -> Result<Status, u16> {
        let (mode, size) = match self.nodes.get(path).ok_or(2_u16)? {
            Node::Folder => (0o40755, 0),
            Node::File(content) => (0o100644, content.len() as u64),
            Node::Link(to) => (0o120777, to.len() as u64),
        };
        Ok(Status {
            inode: 7,
            mode,
            links: 1,
            size,
            blocks: size.div_ceil(512),
            modified: 5,
            ..Status::default()
        })
    }
}

pub(crate) fn pack(reply: &Reply) -> Vec<u8> {
    postcard::to_stdvec(reply).expect("bytes")
}
