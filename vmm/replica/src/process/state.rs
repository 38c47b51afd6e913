//! What a process is between two exits: everything here is checkpointed and compared.

use super::address_space::AddressSpace;
use super::emulation::Counters;
use super::files::Descriptors;
use super::signals::Signals;
use super::time::{Form, Moment};
use crate::patch::Site;
use crate::world::Handle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a process. Ordered containers only, so that equal states have equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) step: Step,
    pub(super) space: AddressSpace,
    pub(super) descriptors: Descriptors,
    pub(super) directory: String,
    pub(super) signals: Signals,
    pub(super) umask: u32,
    pub(super) name: [u8; 16],
    /// Instructions that were replaced, by address.
    pub(super) sites: BTreeMap<u64, Site>,
    pub(super) counters: Counters,
}

/// Where the process stands with its last exit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Step {
    /// The guest runs.
    #[default]
    Running,
    /// An answer is awaited, and this is what it is for.
    Awaiting(Purpose),
    /// One more thing is to be asked for first.
    Next(Purpose),
    /// The status is out; the end is to be told.
    Ending,
    /// It has ended.
    Ended,
}

/// What an answer from outside is for. Addresses are the guest's, already seen to be writable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// Nothing but whether it worked.
    Done,
    /// Whatever it is, this is returned.
    Whatever(u64),
    /// Bytes of standard input or random ones, to be spread over buffers.
    Stream {
        /// Address and length.
        buffers: Vec<(u64, u64)>,
    },
    /// Bytes of a file, to be spread over buffers.
    File {
        /// Address and length.
        buffers: Vec<(u64, u64)>,
        /// The open file whose offset moves, if it does.
        moves: Option<u32>,
    },
    /// Some of the content of a mapped file.
    Map(Mapping),
    /// How much was written at an offset.
    Written {
        /// The open file whose offset moves, if it does.
        moves: Option<u32>,
        /// How much was to be written.
        length: u32,
    },
    /// A file that is now open.
    Opened {
        /// `O_*`.
        flags: u32,
        /// Where it was found.
        path: String,
    },
    /// A status, to be laid out.
    Status {
        /// Where to.
        address: u64,
        /// As `statx` has it.
        extended: bool,
    },
    /// The size of a file, to set an open file's offset by.
    SeekEnd {
        /// The open file.
        description: u32,
        /// From its end.
        offset: i64,
    },
    /// Whether a path is a directory, to become the current one.
    ChangeDirectory(String),
    /// Entries of a directory.
    Entries {
        /// Where to.
        address: u64,
        /// Room.
        length: u64,
        /// The open directory.
        description: u32,
    },
    /// Where a link leads.
    Link {
        /// Where to.
        address: u64,
        /// Room.
        length: u64,
    },
    /// A file that is now open, only to set its length.
    OpenedToTruncate(u64),
    /// Whether the length of a file that was opened for that could be set.
    Truncated {
        /// Of which file.
        handle: Handle,
        /// To how much.
        length: u64,
    },
    /// A file that was opened for one thing is to be given up; then this is returned.
    Closed {
        /// Which file.
        handle: Handle,
        /// What the call returns.
        value: u64,
    },
    /// The wall clock's time as long as that is needed, then whether the times of a file could be set.
    Touch {
        /// Of what.
        path: String,
        /// Of the last access.
        accessed: Moment,
        /// Of the last change.
        modified: Moment,
    },
    /// A clock's time, to be laid out.
    Clock(Form),
    /// The wall clock's time, to sleep until a time on it.
    SleepUntilWall {
        /// In nanoseconds.
        deadline: u64,
        /// What the call returns.
        value: u64,
    },
    /// The steady clock's time, to sleep from then on.
    SleepFor {
        /// Nanoseconds.
        duration: u64,
        /// What the call returns.
        value: u64,
    },
    /// The steady clock's time, at the end of a sleep.
    SleepUntil {
        /// In nanoseconds.
        deadline: u64,
        /// What the call returns.
        value: u64,
    },
}

/// A file mapping whose content is being fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mapping {
    /// Of which file.
    pub(super) handle: Handle,
    /// Where the mapping begins.
    pub(super) start: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// Where the next bytes go.
    pub(super) at: u64,
    /// Where in the file they are.
    pub(super) offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, PAGE, Protection};
    use crate::patch::Kind;
    use crate::process::address_space::Area;
    use crate::process::files::Object;

    fn bytes(state: &State) -> Vec<u8> {
        postcard::to_stdvec(state).expect("bytes")
    }

    fn space(heap: u64, stack: u64, areas: &[(u64, u64, Protection, bool)]) -> AddressSpace {
        let mut memory = Memory::new(1 << 24).expect("address space");
        let mut space = AddressSpace::new(heap, stack);
        for &(start, end, protection, file) in areas {
            space.insert(&mut memory, start, Area::new(end, protection, file)).expect("room");
        }
        space
    }

    #[test]
    fn no_part_of_the_state_can_change_unseen() {
        type Change = fn(&mut State);
        const MAPPING: Mapping = Mapping { handle: Handle(1), start: 1, end: 2, at: 3, offset: 4 };
        const SITE: Site = Site { kind: Kind::Rdtsc, length: 2, register: 0, width: 8 };
        const START: u64 = 1 << 24;
        const END: u64 = START + PAGE;
        let area = (START, END, Protection::READ_WRITE, false);
        let changes: &[Change] = &[
            |_| {},
            |s| s.step = Step::Ending,
            |s| s.step = Step::Ended,
            |s| s.step = Step::Awaiting(Purpose::Done),
            |s| s.step = Step::Next(Purpose::Done),
            |s| s.step = Step::Awaiting(Purpose::Whatever(1)),
            |s| s.step = Step::Awaiting(Purpose::Whatever(2)),
            |s| s.step = Step::Awaiting(Purpose::Stream { buffers: vec![(1, 2)] }),
            |s| s.step = Step::Awaiting(Purpose::Stream { buffers: vec![(1, 3)] }),
            |s| s.step = Step::Awaiting(Purpose::File { buffers: vec![(1, 2)], moves: None }),
            |s| s.step = Step::Awaiting(Purpose::File { buffers: vec![(1, 2)], moves: Some(0) }),
            |s| s.step = Step::Awaiting(Purpose::Map(MAPPING)),
            |s| s.step = Step::Awaiting(Purpose::Map(Mapping { handle: Handle(2), ..MAPPING })),
            |s| s.step = Step::Awaiting(Purpose::Map(Mapping { start: 9, ..MAPPING })),
            |s| s.step = Step::Awaiting(Purpose::Map(Mapping { end: 9, ..MAPPING })),
            |s| s.step = Step::Awaiting(Purpose::Map(Mapping { at: 9, ..MAPPING })),
            |s| s.step = Step::Awaiting(Purpose::Map(Mapping { offset: 9, ..MAPPING })),
            |s| s.step = Step::Awaiting(Purpose::Clock(Form::Timespec(1))),
            |s| s.step = Step::Awaiting(Purpose::Clock(Form::Timeval(1))),
            |s| s.step = Step::Awaiting(Purpose::SleepFor { duration: 1, value: 0 }),
            |s| s.step = Step::Awaiting(Purpose::SleepUntil { deadline: 1, value: 0 }),
            |s| s.step = Step::Awaiting(Purpose::SleepUntil { deadline: 1, value: 1 }),
            |s| s.space = AddressSpace::new(1, 0),
            |s| s.space = AddressSpace::new(0, START),
            |s| s.directory.push('x'),
            |s| s.umask = 1,
            |s| s.name[15] = 1,
            |s| _ = s.sites.insert(1, SITE),
            |s| _ = s.sites.insert(2, SITE),
            |s| _ = s.sites.insert(1, Site { kind: Kind::Rdseed, ..SITE }),
            |s| _ = s.sites.insert(1, Site { length: 3, ..SITE }),
            |s| _ = s.sites.insert(1, Site { register: 3, ..SITE }),
            |s| _ = s.sites.insert(1, Site { width: 4, ..SITE }),
            |s| s.counters.tsc = 1,
            |s| _ = s.counters.random.next(),
            |s| s.signals.blocked = 1,
            |s| s.signals.stack.0 = 1,
            |s| s.signals.stack.1 = 1,
            |s| s.signals.stack.2 = 1,
            |s| _ = s.descriptors.close(0),
            |s| _ = s.descriptors.close(1),
            |s| _ = s.descriptors.duplicate(0, 0, false),
            |s| _ = s.descriptors.duplicate(0, 0, true),
            |s| _ = s.descriptors.duplicate(1, 0, false),
            |s| _ = s.descriptors.open(Object::Null, 0, String::new()),
            |s| _ = s.descriptors.open(Object::Zero, 0, String::new()),
            |s| _ = s.descriptors.open(Object::Null, 1, String::new()),
            |s| _ = s.descriptors.open(Object::Null, 0, "/".into()),
            |s| _ = s.descriptors.open(Object::File(Handle(3)), 0, String::new()),
            |s| _ = s.descriptors.open(Object::File(Handle(4)), 0, String::new()),
            |s| _ = s.descriptors.open(Object::Directory(Handle(3)), 0, String::new()),
            |s| s.descriptors.description(2).expect("stderr").offset = 1,
            |s| s.descriptors.description(2).expect("stderr").flags = 0,
        ];
        let spaces = [
            space(0, 0, &[area]),
            space(0, 0, &[(START + PAGE, END + PAGE, area.2, false)]),
            space(0, 0, &[(START, END + PAGE, area.2, false)]),
            space(0, 0, &[(START, END, Protection::NONE, false)]),
            space(0, 0, &[(START, END, area.2, true)]),
        ];
        let base = State { descriptors: Descriptors::standard(), ..State::default() };
        let mut seen = BTreeMap::new();
        for (number, change) in changes.iter().enumerate() {
            let mut state = base.clone();
            change(&mut state);
            let twin = seen.insert(bytes(&state), number);
            assert_eq!(twin, None, "change {number} cannot be told from another");
        }
        for (number, space) in (changes.len()..).zip(spaces) {
            let twin = seen.insert(bytes(&State { space, ..base.clone() }), number);
            assert_eq!(twin, None, "change {number} cannot be told from another");
        }
    }

    #[test]
    fn an_address_space_has_one_form_however_it_came_about() {
        const START: u64 = 1 << 24;
        let (first, last) = (START + PAGE, START + 2 * PAGE);
        let rw = Protection::READ_WRITE;
        let whole = space(0, 0, &[(START, last, rw, false)]);
        assert_eq!(space(0, 0, &[(START, first, rw, false), (first, last, rw, false)]), whole);
        assert_eq!(space(0, 0, &[(first, last, rw, false), (START, first, rw, false)]), whole);
        let mut memory = Memory::new(1 << 24).expect("address space");
        let mut space = AddressSpace::new(0, 0);
        space.insert(&mut memory, START, Area::new(last, rw, false)).expect("room");
        let read = Protection { read: true, write: false, execute: false };
        space.protect(&mut memory, &(first..last), read).expect("there");
        assert_ne!(space, whole);
        space.protect(&mut memory, &(first..last), rw).expect("there");
        assert_eq!(space, whole);
    }
}
