//! What a run needs of the host.

use anyhow::{Context, Result, bail};
use kvm_ioctls::Kvm;
use rustix::fs::{Access, access};
use sha2::{Digest, Sha256};
use std::io::ErrorKind;

/// The device.
pub const KVM: &str = "/dev/kvm";

/// Fails unless `/dev/kvm` can be used, with what to do.
///
/// # Errors
/// See above.
pub fn require_kvm() -> Result<()> {
    match access(KVM, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => Ok(()),
        Err(error) => bail!(kvm_remedy(std::io::Error::from(error).kind())),
    }
}

/// Why KVM cannot be used, and what to do.
pub fn kvm_remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => {
            "there is no /dev/kvm: load the module (`modprobe kvm_intel` or `kvm_amd`), switch virtualisation on in \
             the firmware, or, inside a virtual machine, allow nested virtualisation on its host"
        }
        ErrorKind::PermissionDenied => {
            "/dev/kvm may not be used by this user: join the group (`sudo usermod -aG kvm $USER`) and log in again"
        }
        _ => "/dev/kvm cannot be opened: see `covert doctor`",
    }
}

/// A guest's program, by its path or as `builtin:NAME`.
///
/// # Errors
/// There is none; the message says which there are.
pub fn program(name: &str) -> Result<Vec<u8>> {
    if let Some(builtin) = name.strip_prefix("builtin:") {
        let known = || covert_guests::GUESTS.iter().map(|guest| guest.name).collect::<Vec<_>>().join(", ");
        return match covert_guests::find(builtin) {
            Some(guest) => Ok(guest.image.to_vec()),
            None => bail!("there is no guest `{builtin}` in the kit, only {}", known()),
        };
    }
    std::fs::read(name).with_context(|| format!("cannot read the guest's program {name}"))
}

/// The device, opened.
///
/// # Errors
/// It cannot be; the message says what to do.
pub fn kvm() -> Result<Kvm> {
    require_kvm()?;
    Kvm::new().context("cannot open /dev/kvm")
}

/// SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
