//! Which process is at the other end of a socket.
#![expect(unsafe_code, reason = "a socket option that no safe interface reads whatever its value")]

use covert_driver::pci::Holder;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// The process that connected; it may have given the socket to another one since. One that this process cannot see, as it
/// lives in another container, has the number 0.
pub(super) fn peer(stream: &UnixStream) -> io::Result<Holder> {
    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut bytes = size_of_val(&found) as libc::socklen_t;
    // Not rustix's: its process numbers cannot be 0.
    // SAFETY: `found` and `bytes` are writable, and `bytes` says how long `found` is; any bytes make a `ucred`.
    let failed = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut bytes,
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(match u32::try_from(found.pid) {
        Ok(pid) if pid > 0 => Holder::running(pid),
        _ => Holder { pid: 0, name: "in another container".into() },
    })
}
