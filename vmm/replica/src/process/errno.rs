//! Linux's error numbers.

/// Why a system call failed, as the guest sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Errno(u16);

/// The largest error number that Linux ever returns.
const MAX: u16 = 4095;

macro_rules! numbers {
    ($($name:ident)*) => {
        impl Errno {
            $(pub(super) const $name: Errno = Errno(libc::$name as u16);)*
        }
    };
}

numbers! {
    EACCES EAGAIN EBADF ECHILD EEXIST EFAULT EFBIG EILSEQ EINVAL EISDIR EMFILE ENAMETOOLONG ENODEV ENOENT ENOMEM ENOSYS
    ENOTDIR ENOTTY EOPNOTSUPP EOVERFLOW EPERM ERANGE ESPIPE ESRCH ETIMEDOUT
}

impl Errno {
    /// An error number from outside; `None` if Linux has no such.
    pub(super) fn new(number: u16) -> Option<Errno> {
        (1..=MAX).contains(&number).then_some(Errno(number))
    }

    /// What the guest finds in `rax`.
    pub(super) fn result(self) -> u64 {
        u64::from(self.0).wrapping_neg()
    }
}
