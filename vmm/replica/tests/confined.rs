//! What a confined replica's process attempts in order to get hold of a card ends it.

use covert_replica::sandbox;
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, RecvAncillaryBuffer, RecvFlags, SocketType};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// Says in a child which attempt it is.
const ATTEMPT: &str = "COVERT_ATTEMPT";
/// The signal of a system call that the filter does not let through.
const SIGSYS: i32 = libc::SIGSYS;

/// What the process has open before it is confined: as a replica, a socket, and here a descriptor of another process too.
struct Open {
    wire: OwnedFd,
    process: OwnedFd,
}

type Attempt = fn(&Open);

fn open(path: &str) {
    let _ = rustix::fs::open(path, OFlags::RDWR, Mode::empty());
}

/// Every way to a card that there is, and what a replica does all the time.
const ATTEMPTS: [(&str, Attempt); 10] = [
    ("what it may", |open| {
        let _ = rustix::net::send(&open.wire, b"", rustix::net::SendFlags::DONTWAIT);
        let _ = rustix::io::write(std::io::stderr(), b"");
    }),
    ("open VFIO's container", |_| self::open("/dev/vfio/vfio")),
    ("open VFIO's group", |_| self::open("/dev/vfio/7")),
    ("open a BAR in sysfs", |_| self::open("/sys/bus/pci/devices/0000:01:00.0/resource0")),
    ("make a socket", |_| drop(rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None))),
    ("connect the socket that it has", |open| {
        let address = rustix::net::SocketAddrUnix::new("/tmp/card.sock").unwrap();
        let _ = rustix::net::connect(&open.wire, &address);
    }),
    ("receive a descriptor", |open| {
        let (mut bytes, mut control) = ([0], RecvAncillaryBuffer::default());
        let into = &mut [IoSliceMut::new(&mut bytes)];
        let _ = rustix::net::recvmsg(&open.wire, into, &mut control, RecvFlags::DONTWAIT);
    }),
    ("take a descriptor of another process", |open| {
        drop(rustix::process::pidfd_getfd(&open.process, 0, PidfdGetfdFlags::empty()));
    }),
    ("find another process", |_| {
        drop(rustix::process::pidfd_open(Pid::INIT, PidfdFlags::empty()));
    }),
    ("ask VFIO with a descriptor that it has", |open| {
        // VFIO_GET_API_VERSION; what the descriptor is comes after the filter.
        // SAFETY: the request has no argument.
        let _ = unsafe { libc::ioctl(open.wire.as_fd().as_raw_fd(), 0x3B64) };
    }),
];

/// The child: confines itself and makes one attempt.
fn attempt(name: &str) -> ! {
    let (wire, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let process = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty()).unwrap();
    let open = Open { wire: wire.into(), process };
    let (_, attempt) = ATTEMPTS.iter().find(|(its, _)| *its == name).unwrap();
    sandbox::enter().unwrap();
    attempt(&open);
    // SAFETY: nothing of this process is needed any more.
    unsafe { libc::_exit(0) }
}

#[test]
fn a_confined_process_that_reaches_for_a_card_is_ended() {
    if let Ok(name) = std::env::var(ATTEMPT) {
        attempt(&name);
    }
    for (name, _) in ATTEMPTS {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_confined_process_that_reaches_for_a_card_is_ended", "--nocapture"])
            .env(ATTEMPT, name)
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        let expected = if name == "what it may" { (Some(0), None) } else { (None, Some(SIGSYS)) };
        assert_eq!((status.code(), status.signal()), expected, "{name}: {status}");
    }
}
