//! One virtual processor: it runs to its next counted exit and shows the guest's registers there.
//!
//! Between two exits the processor's state is always one of CPL 3 at an instruction's border, whatever way the host took to get out of the
//! guest: a stub that runs at CPL 0 is left by setting the segments, here. What KVM calls an exit and no guest can see (a signal, an
//! interrupt window) is not one.

#![expect(unsafe_code, reason = "memory slots are addresses")]

mod run;

use crate::cpu::Registers;
use crate::cpuid::{self, Layout};
use crate::guest::Crash;
use crate::kick::{Kicker, RunPage};
use crate::memory::{Memory, RESERVED, SPACE};
use crate::platform::{self, Platform};
use crate::state::xsave;
use kvm_bindings::{
    CpuId, KVM_MEM_LOG_DIRTY_PAGES, Msrs, kvm_msr_entry, kvm_regs, kvm_segment, kvm_userspace_memory_region,
    kvm_xsave,
};
use kvm_ioctls::{Cap, Kvm, SyncReg, VcpuFd, VmFd};
use std::sync::Arc;

pub(crate) use run::{Burst, Entered};

const PLATFORM_SLOT: u32 = 0;
const MEMORY_SLOT: u32 = 1;

/// 64-bit user code, 32-bit user code, user data, as Linux has them.
const USER_CODE: u16 = 0x33;
const USER_CODE32: u16 = 0x23;
const USER_DATA: u16 = 0x2b;

/// What a guest can change of RFLAGS: carry, parity, adjust, zero, sign, trap, direction, overflow, nested task, alignment
/// check, CPUID.
pub(crate) const FLAGS_OF_GUEST: u64 = 0x0024_4dd5;
/// Interrupts enabled, and the bit that is always set.
const FLAGS_FIXED: u64 = 0x202;
/// The highest address of user space, where nothing is mapped: where a jump to no address leads.
const NOWHERE: u64 = (1 << 47) - 1;

/// IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK.
pub(crate) const STAR: u32 = 0xc000_0081;
pub(crate) const LSTAR: u32 = 0xc000_0082;
pub(crate) const CSTAR: u32 = 0xc000_0083;
pub(crate) const FMASK: u32 = 0xc000_0084;

/// Why KVM could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvmError {
    /// A request was refused.
    #[error("{what}: {error}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// What the host said.
        error: String,
    },
    /// Something is not there.
    #[error("this host's KVM has no {0}: use a newer kernel")]
    Missing(&'static str),
}

impl KvmError {
    pub(crate) fn refused<E: ToString>(what: &'static str) -> impl FnOnce(E) -> KvmError {
        move |error| KvmError::Refused { what, error: error.to_string() }
    }
}

pub(crate) fn host<E: ToString>(what: &'static str) -> impl FnOnce(E) -> Crash {
    move |error| Crash::Host { what, error: error.to_string() }
}

/// A machine's processor and the VM it is in.
#[derive(Debug)]
pub(crate) struct Vcpu {
    pub(crate) fd: VcpuFd,
    vm: VmFd,
    page: Arc<RunPage>,
    /// KVM still has to finish an access to a port.
    pending: bool,
    logs: bool,
    pub(crate) layout: Layout,
}

impl Vcpu {
    /// A VM with one processor at CPL 3, registers zero.
    ///
    /// # Errors
    /// See [`KvmError`].
    pub(crate) fn new(
        kvm: &Kvm,
        (table, layout): &(CpuId, Layout),
        platform: &Platform,
        memory: &Memory,
        logs: bool,
    ) -> Result<Vcpu, KvmError> {
        for (capability, name) in
            [(Cap::SyncRegs, "KVM_CAP_SYNC_REGS"), (Cap::ImmediateExit, "KVM_CAP_IMMEDIATE_EXIT")]
        {
            if !kvm.check_extension(capability) {
                return Err(KvmError::Missing(name));
            }
        }
        let vm = kvm.create_vm().map_err(KvmError::refused("making a VM"))?;
        let slot = |slot, flags, guest_phys_addr, memory_size, userspace_addr| kvm_userspace_memory_region {
            slot,
            flags,
            guest_phys_addr,
            memory_size,
            userspace_addr,
        };
        let flags = if logs { KVM_MEM_LOG_DIRTY_PAGES } else { 0 };
        let low = slot(PLATFORM_SLOT, 0, 0, RESERVED, platform.host_address());
        let ram = slot(MEMORY_SLOT, flags, RESERVED, SPACE - RESERVED, memory.host_address() + RESERVED);
        for region in [low, ram] {
            // SAFETY: both regions are mapped by `platform` and `memory`, which the machine keeps as long as the VM;
            // the guest's accesses are seen by this process only while the vCPU does not run.
            unsafe { vm.set_user_memory_region(region) }.map_err(KvmError::refused("giving a VM memory"))?;
        }
        let mut fd = vm.create_vcpu(0).map_err(KvmError::refused("making a processor"))?;
        fd.set_cpuid2(table).map_err(KvmError::refused("setting CPUID"))?;
        let page = RunPage::new(&fd).map_err(KvmError::refused("mapping a processor's page"))?;
        for registers in [SyncReg::Register, SyncReg::SystemRegister] {
            fd.set_sync_valid_reg(registers);
        }
        let mut vcpu = Vcpu { fd, vm, page: Arc::new(page), pending: false, logs, layout: *layout };
        vcpu.begin(platform)?;
        Ok(vcpu)
    }

    fn begin(&mut self, platform: &Platform) -> Result<(), KvmError> {
        let mut sregs = self.fd.get_sregs().map_err(KvmError::refused("reading segments"))?;
        let data = segment(USER_DATA);
        (sregs.cs, sregs.ss, sregs.ds, sregs.es) = (segment(USER_CODE), data, data, data);
        (sregs.fs, sregs.gs) = (data, data);
        sregs.tr = kvm_segment {
            base: platform::TSS,
            limit: platform::TSS_LIMIT,
            selector: 0x40,
            type_: 11,
            present: 1,
            ..Default::default()
        };
        (sregs.gdt.base, sregs.gdt.limit) = (platform::GDT, platform::GDT_LIMIT);
        (sregs.idt.base, sregs.idt.limit) = (platform::IDT, platform::IDT_LIMIT);
        sregs.cr0 = 0x8005_0033; // PG AM WP NE ET MP PE
        sregs.cr3 = platform.root();
        sregs.cr4 = 0x4_0620; // OSXSAVE OSXMMEXCPT OSFXSR PAE
        sregs.efer = 0xd01; // NXE LMA LME SCE
        self.fd.set_sregs(&sregs).map_err(KvmError::refused("setting segments"))?;

        let mut xcrs = self.fd.get_xcrs().map_err(KvmError::refused("reading XCR0"))?;
        xcrs.nr_xcrs = 1;
        (xcrs.xcrs[0].xcr, xcrs.xcrs[0].value) = (0, cpuid::XCR0);
        self.fd.set_xcrs(&xcrs).map_err(KvmError::refused("setting XCR0"))?;

        let entry = |index, data| kvm_msr_entry { index, data, ..Default::default() };
        let entries = [
            entry(STAR, 0x23 << 48 | 0x10 << 32),
            entry(LSTAR, platform::SYSCALL_ENTRY),
            entry(CSTAR, platform::SYSCALL32_ENTRY),
            // What Linux clears at SYSCALL, IOPL apart: it is 0 here.
            entry(FMASK, 0x4_4700),
        ];
        let msrs = Msrs::from_entries(&entries).map_err(|_| KvmError::Missing("room for four MSRs"))?;
        match self.fd.set_msrs(&msrs).map_err(KvmError::refused("setting MSRs"))? {
            4 => {}
            _ => return Err(KvmError::Missing("SYSCALL")),
        }
        let regs = kvm_regs { rflags: FLAGS_FIXED, ..Default::default() };
        self.fd.set_regs(&regs).map_err(KvmError::refused("setting registers"))?;
        self.resynchronise().map_err(KvmError::refused("reading registers"))
    }

    /// Takes over what was set behind the shared page.
    pub(crate) fn resynchronise(&mut self) -> Result<(), kvm_ioctls::Error> {
        let (regs, sregs) = (self.fd.get_regs()?, self.fd.get_sregs()?);
        let shared = self.fd.sync_regs_mut();
        (shared.regs, shared.sregs) = (regs, sregs);
        self.fd.clear_sync_dirty_reg(SyncReg::Register);
        self.fd.clear_sync_dirty_reg(SyncReg::SystemRegister);
        Ok(())
    }

    pub(crate) fn kicker(&self) -> Kicker {
        Kicker(self.page.clone())
    }

    /// Whether written pages are noted.
    pub(crate) fn logs(&self) -> bool {
        self.logs
    }

    /// The pages written since the last call, one bit each, from [`RESERVED`] on.
    pub(crate) fn take_log(&self) -> Result<Vec<u64>, Crash> {
        self.vm
            .get_dirty_log(MEMORY_SLOT, (SPACE - RESERVED) as usize)
            .map_err(host("reading the log of written pages"))
    }

    // ---- Registers ------------------------------------------------------------------------------------

    pub(crate) fn registers(&self) -> Registers {
        let shared = self.fd.sync_regs();
        let regs = &shared.regs;
        Registers {
            rax: regs.rax,
            rbx: regs.rbx,
            rcx: regs.rcx,
            rdx: regs.rdx,
            rsi: regs.rsi,
            rdi: regs.rdi,
            rbp: regs.rbp,
            rsp: regs.rsp,
            r8: regs.r8,
            r9: regs.r9,
            r10: regs.r10,
            r11: regs.r11,
            r12: regs.r12,
            r13: regs.r13,
            r14: regs.r14,
            r15: regs.r15,
            rip: regs.rip,
            rflags: regs.rflags,
            fs_base: shared.sregs.fs.base,
            gs_base: shared.sregs.gs.base,
        }
    }

    /// Sets the registers, made such that guest code can have them.
    pub(crate) fn set_registers(&mut self, registers: &Registers) {
        let regs = kvm_regs {
            rax: registers.rax,
            rbx: registers.rbx,
            rcx: registers.rcx,
            rdx: registers.rdx,
            rsi: registers.rsi,
            rdi: registers.rdi,
            rbp: registers.rbp,
            rsp: registers.rsp,
            r8: registers.r8,
            r9: registers.r9,
            r10: registers.r10,
            r11: registers.r11,
            r12: registers.r12,
            r13: registers.r13,
            r14: registers.r14,
            r15: registers.r15,
            rip: registers.rip.min(NOWHERE),
            rflags: flags(registers.rflags),
        };
        let (fs, gs) = (canonical(registers.fs_base), canonical(registers.gs_base));
        let shared = self.fd.sync_regs_mut();
        let same = shared.regs == regs;
        shared.regs = regs;
        let same_bases = shared.sregs.fs.base == fs && shared.sregs.gs.base == gs;
        (shared.sregs.fs.base, shared.sregs.gs.base) = (fs, gs);
        if !same {
            self.fd.set_sync_dirty_reg(SyncReg::Register);
        }
        if !same_bases {
            self.fd.set_sync_dirty_reg(SyncReg::SystemRegister);
        }
    }

    /// Uses another page table root.
    pub(crate) fn set_root(&mut self, root: u64) {
        self.fd.sync_regs_mut().sregs.cr3 = root;
        self.fd.set_sync_dirty_reg(SyncReg::SystemRegister);
    }

    /// Flips a bit of an SSE register.
    pub(crate) fn flip_xmm(&mut self, xmm: usize, bit: u32) -> Result<(), Crash> {
        let mut xsave = self.fd.get_xsave().map_err(host("reading XSAVE"))?.region;
        xsave::flip_xmm(&mut xsave, self.layout, xmm, bit);
        self.set_xsave(&xsave)
    }

    /// Sets the x87 and SSE registers: an XSAVE area in its standard form.
    pub(crate) fn set_xsave(&self, xsave: &xsave::Area) -> Result<(), Crash> {
        let xsave = kvm_xsave { region: *xsave, ..Default::default() };
        // SAFETY: no state that needs more than these 4096 bytes was ever enabled for this process.
        unsafe { self.fd.set_xsave(&xsave) }.map_err(host("setting XSAVE"))
    }
}

/// A user segment by its selector.
fn segment(selector: u16) -> kvm_segment {
    let (long, type_) = (selector == USER_CODE, if selector == USER_DATA { 3 } else { 11 });
    kvm_segment {
        base: 0,
        limit: 0xffff_ffff,
        selector,
        type_,
        present: 1,
        dpl: 3,
        db: u8::from(!long),
        s: 1,
        l: u8::from(long),
        g: 1,
        ..Default::default()
    }
}

fn flags(rflags: u64) -> u64 {
    rflags & FLAGS_OF_GUEST | FLAGS_FIXED
}

/// The address that a segment base of so many bits stands for.
fn canonical(base: u64) -> u64 {
    ((base << 16) as i64 >> 16) as u64
}
