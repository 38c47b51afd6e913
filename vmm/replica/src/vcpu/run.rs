//! Running to the next exit, and finding out what it was.

#![expect(unsafe_code, reason = "KVM's shared page has unions")]

use super::{NOWHERE, USER_CODE, USER_CODE32, USER_DATA, Vcpu, flags, host, segment};
use crate::cpu::Exit;
use crate::guest::Crash;
use crate::memory::SPACE;
use crate::platform::{Platform, Stub, TRAP_PORT};
use kvm_ioctls::{SyncReg, VcpuExit};
use serde::{Deserialize, Serialize};

const PAGE_FAULT: u8 = 14;
/// What the error code of a page fault says of a page that is not there: write, user, fetch. Beyond the guest's address space
/// hosts that share their own with it (KVM_PVM) have something in their tables, now this, now that.
const NOT_PRESENT: u64 = 0b1_0110;

/// An exit, before it is told what it is.
pub(crate) enum Entered {
    /// A counted one.
    Exit(Exit),
    /// Several accesses of one string instruction to a port.
    Burst(Burst),
    /// A kick.
    Kicked,
}

/// The accesses of a string instruction, which KVM makes at once and a guest one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Burst {
    /// What is still to be written, each `size` bytes, lowest first.
    Out { port: u16, size: u8, values: Vec<u32> },
    /// Where answers still have to go: so many of them, the next to `address`.
    In { port: u16, size: u8, address: u64, backwards: bool, left: u32 },
}

impl Vcpu {
    /// Puts the guest back to CPL 3, where the stub interrupted it.
    fn leave_stub(&mut self, code: u64, rip: u64, rsp: u64, rflags: u64) {
        let shared = self.fd.sync_regs_mut();
        (shared.regs.rip, shared.regs.rsp, shared.regs.rflags) = (rip.min(NOWHERE), rsp, flags(rflags));
        let kernel = shared.sregs.cs.dpl == 0;
        if kernel {
            let code = if code as u16 == USER_CODE32 { USER_CODE32 } else { USER_CODE };
            (shared.sregs.cs, shared.sregs.ss) = (segment(code), segment(USER_DATA));
            self.fd.set_sync_dirty_reg(SyncReg::SystemRegister);
        }
        self.fd.set_sync_dirty_reg(SyncReg::Register);
    }

    /// Runs the guest to its next exit or kick.
    ///
    /// # Errors
    /// [`Crash::Processor`] where no guest code leads.
    pub(crate) fn enter(&mut self, platform: &Platform) -> Result<Entered, Crash> {
        loop {
            let (port, out) = match self.fd.run() {
                Ok(VcpuExit::IoOut(port, data)) => (port, Some(data.to_vec())),
                Ok(VcpuExit::IoIn(port, data)) => {
                    // Finished with zeros; the answer is put in its place when it is known.
                    data.fill(0);
                    (port, None)
                }
                Ok(VcpuExit::Intr | VcpuExit::IrqWindowOpen) => continue,
                Err(error) if [libc::EINTR, libc::EAGAIN].contains(&error.errno()) => {
                    if self.page.take_kick() {
                        return Ok(Entered::Kicked);
                    }
                    continue;
                }
                Ok(exit) => {
                    let exit = format!("{exit:?}");
                    let rip = self.fd.sync_regs().regs.rip;
                    return Err(Crash::Processor(format!("{exit} at {rip:#x}")));
                }
                Err(error) => return Err(host("running the guest")(error)),
            };
            self.pending = true;
            let trap = port == TRAP_PORT && out.is_some();
            if let Some(stub) = Platform::stub(self.fd.sync_regs().regs.rip).filter(|_| trap) {
                return self.trapped(stub, platform).map(Entered::Exit);
            }
            if let Some(accessed) = self.accessed(port, out)? {
                return Ok(accessed);
            }
        }
    }

    /// A stub was reached.
    fn trapped(&mut self, stub: Stub, platform: &Platform) -> Result<Exit, Crash> {
        let shared = self.fd.sync_regs();
        let (regs, kernel) = (shared.regs, shared.sregs.cs.dpl == 0);
        match stub {
            Stub::SystemCall => {
                self.leave_stub(u64::from(USER_CODE), regs.rcx, regs.rsp, regs.r11);
                Ok(Exit::SystemCall)
            }
            Stub::SystemCall32 => {
                self.leave_stub(u64::from(USER_CODE32), regs.rcx.wrapping_sub(2), regs.rsp, regs.r11);
                Ok(Exit::Exception { vector: 6, error: 0, address: 0 })
            }
            Stub::Exception(vector) => {
                let frame = platform.frame(vector);
                if !kernel || frame.cs & 3 != 3 {
                    let rip = frame.rip;
                    return Err(Crash::Processor(format!(
                        "exception {vector} outside the guest at {rip:#x}"
                    )));
                }
                self.leave_stub(frame.cs, frame.rip, frame.rsp, frame.rflags);
                let (mut error, mut address) = (frame.error, 0);
                if vector == PAGE_FAULT {
                    address = shared.sregs.cr2;
                    if address >= SPACE {
                        error &= NOT_PRESENT;
                    }
                }
                Ok(Exit::Exception { vector, error, address })
            }
        }
    }

    /// A port was accessed by guest code. `None` if in fact it was not.
    fn accessed(&mut self, port: u16, out: Option<Vec<u8>>) -> Result<Option<Entered>, Crash> {
        let run = self.fd.get_kvm_run();
        // SAFETY: the last KVM_RUN ended with KVM_EXIT_IO, for which this is the field.
        let io = unsafe { run.__bindgen_anon_1.io };
        let size = io.size;
        if !matches!(size, 1 | 2 | 4) || io.count == 0 {
            return Err(Crash::Processor(format!("an access of {} times {size} bytes", io.count)));
        }
        let before = self.fd.sync_regs().regs;
        self.settle()?;
        let after = self.fd.sync_regs().regs;
        if let Some(data) = out {
            let mut values: Vec<u32> = data.chunks_exact(usize::from(size)).map(little_endian).collect();
            return Ok(Some(match values.len() {
                1 => Entered::Exit(Exit::Out { port, size, value: values.remove(0) }),
                _ => Entered::Burst(Burst::Out { port, size, values }),
            }));
        }
        let moved = after.rdi.wrapping_sub(before.rdi) as i64;
        if moved == 0 {
            // `ins` raised an exception instead: it did not move, and neither did the guest.
            if after.rip == before.rip {
                return Ok(None);
            }
            self.fd.sync_regs_mut().regs.rax = before.rax;
            self.fd.set_sync_dirty_reg(SyncReg::Register);
            return Ok(Some(Entered::Exit(Exit::In { port, size })));
        }
        let left = u32::try_from(moved.unsigned_abs() / u64::from(size)).unwrap_or(0).min(io.count);
        let backwards = moved < 0;
        Ok(Some(Entered::Burst(Burst::In { port, size, address: before.rdi, backwards, left })))
    }

    /// Finishes an access to a port that KVM has begun and makes it take the registers that were set, without running guest code.
    ///
    /// # Errors
    /// The host's.
    pub(crate) fn settle(&mut self) -> Result<(), Crash> {
        if !self.pending && self.fd.get_kvm_run().kvm_dirty_regs == 0 {
            return Ok(());
        }
        self.page.hold();
        let settled = match self.fd.run() {
            Err(error) if error.errno() == libc::EINTR => Ok(()),
            Err(error) => Err(host("finishing an access to a port")(error)),
            Ok(exit) => Err(Crash::Processor(format!("an access to a port goes on with {exit:?}"))),
        };
        self.page.unhold();
        self.pending = false;
        settled
    }
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}
