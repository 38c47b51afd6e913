//! What stands in the low [`RESERVED`] bytes of a guest's address space: descriptor tables, stubs, a kernel stack, page tables.
//!
//! Guest code runs at CPL 3 on every kind of host, because there it runs at the processor's speed on all of them. All that there
//! is at CPL 0 is one `out` for each way to get there: it ends KVM_RUN, and the machine takes the guest back
//! to CPL 3 by setting its segments. So no state that is saved is ever one of CPL 0.
//!
//! | address | what | who may use it |
//! |---|---|---|
//! | `0x1000`, `0x2000` | two PML4 with the same content: changing CR3 flushes | the processor |
//! | `0x3000`, `0x4000` | PDPT and PD of the one gibibyte | the processor |
//! | `0x5000`, `0x6000`, `0x7000` | GDT, IDT, TSS with its I/O bitmap | CPL 0 |
//! | `0xb000` | entries of SYSCALL | CPL 3: some hosts (KVM_PVM) do not leave it |
//! | `0xc000` | entry of each exception | CPL 0 |
//! | `0xe000` | kernel stack | CPL 0 |
//! | `0x200000` | the 512 page tables | the processor |
//!
//! It is a memory slot of its own, is part of no checkpoint, and is written anew from [`Memory`]'s protections at every restore.

mod paging;

use crate::memory::{PAGE, RESERVED};
use memmap2::{MmapMut, MmapOptions};
use std::ops::Range;

#[cfg(doc)]
use crate::memory::Memory;

const ROOTS: [u64; 2] = [0x1000, 0x2000];
const PDPT: u64 = 0x3000;
const DIRECTORY: u64 = 0x4000;
/// Linux's selectors, as user code can see them: 64-bit kernel code 0x10, kernel data 0x18, 32-bit user code 0x23, user data
/// 0x2b, user code 0x33, TSS 0x40.
pub(crate) const GDT: u64 = 0x5000;
pub(crate) const GDT_LIMIT: u16 = 0x4f;
pub(crate) const IDT: u64 = 0x6000;
pub(crate) const IDT_LIMIT: u16 = VECTORS * 16 - 1;
pub(crate) const TSS: u64 = 0x7000;
/// The I/O bitmap of all ports and the byte of ones that has to follow it.
pub(crate) const TSS_LIMIT: u32 = BITMAP as u32 + 8192;
/// Where SYSCALL goes in 64-bit code.
pub(crate) const SYSCALL_ENTRY: u64 = 0xb000;
/// Where SYSCALL goes in 32-bit code, on processors that have it.
pub(crate) const SYSCALL32_ENTRY: u64 = 0xb010;
const EXCEPTION_ENTRIES: u64 = 0xc000;
const STACK: Range<u64> = 0xe000..0x1_0000;
const TABLES: u64 = 0x20_0000;

const VECTORS: u16 = 32;
const BITMAP: u64 = 0x68;
/// The port that the stubs write to.
pub(crate) const TRAP_PORT: u16 = 0x99;

const KERNEL_CODE: u16 = 0x10;
/// Vectors that push an error code.
const WITH_ERROR: [u64; 8] = [8, 10, 11, 12, 13, 14, 17, 21];

/// Which stub a guest is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stub {
    SystemCall,
    /// SYSCALL in 32-bit code: there is none, as on Intel's processors.
    SystemCall32,
    Exception(u8),
}

/// What the processor left on the kernel stack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) error: u64,
    pub(crate) rip: u64,
    pub(crate) cs: u64,
    pub(crate) rflags: u64,
    pub(crate) rsp: u64,
}

/// The platform's memory.
#[derive(Debug)]
pub(crate) struct Platform {
    ram: MmapMut,
    ports: Range<u16>,
    root: usize,
}

impl Platform {
    /// A platform whose guest may use some ports. It maps nothing yet.
    pub(crate) fn new(ports: Range<u16>) -> std::io::Result<Platform> {
        let ram = MmapOptions::new().len(RESERVED as usize).map_anon()?;
        let mut platform = Platform { ram, ports, root: 0 };
        platform.write_fixed();
        Ok(platform)
    }

    /// Where it is in this process, for KVM.
    pub(crate) fn host_address(&self) -> u64 {
        self.ram.as_ptr() as u64
    }

    /// The page table root to use now.
    pub(crate) fn root(&self) -> u64 {
        ROOTS[self.root]
    }

    fn get(&self, address: u64) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.ram[address as usize..address as usize + 8]);
        u64::from_le_bytes(bytes)
    }

    fn put(&mut self, address: u64, bytes: &[u8]) {
        self.ram[address as usize..address as usize + bytes.len()].copy_from_slice(bytes);
    }

    fn put_u64(&mut self, address: u64, value: u64) {
        self.put(address, &value.to_le_bytes());
    }

    /// Writes everything but the page table entries of guest pages.
    fn write_fixed(&mut self) {
        let descriptors = [
            (0x10, 0x00af_9b00_0000_ffff),
            (0x18, 0x00cf_9300_0000_ffff),
            (0x20, 0x00cf_fb00_0000_ffff),
            (0x28, 0x00cf_f300_0000_ffff),
            (0x30, 0x00af_fb00_0000_ffff),
            (0x40, 0x8b << 40 | TSS << 16 | u64::from(TSS_LIMIT)),
        ];
        for (selector, descriptor) in descriptors {
            self.put_u64(GDT + selector, descriptor);
        }

        self.put(TSS + 4, &STACK.end.to_le_bytes());
        self.put(TSS + 0x66, &(BITMAP as u16).to_le_bytes());
        self.ram[(TSS + BITMAP) as usize..][..8193].fill(0xff);
        for port in self.ports.clone().chain([TRAP_PORT]) {
            self.ram[(TSS + BITMAP) as usize + usize::from(port / 8)] &= !(1 << (port % 8));
        }

        let stub = [0xe6, TRAP_PORT as u8]; // out TRAP_PORT, al
        self.put(SYSCALL_ENTRY, &stub);
        self.put(SYSCALL32_ENTRY, &stub);
        for vector in 0..u64::from(VECTORS) {
            let entry = EXCEPTION_ENTRIES + vector * 16;
            self.put(entry, &stub);
            // User code may raise breakpoints and overflows itself.
            let privilege = if vector == 3 || vector == 4 { 3 } else { 0 };
            let kind = (0x8e | privilege << 5) << 40;
            self.put_u64(IDT + vector * 16, entry | u64::from(KERNEL_CODE) << 16 | kind);
            self.put_u64(IDT + vector * 16 + 8, 0);
        }
        self.write_upper_tables();
    }

    /// The stub that an `out` at `rip` belongs to. KVM shows the `out` itself or what follows it.
    pub(crate) fn stub(rip: u64) -> Option<Stub> {
        let entry = rip & !15;
        if rip & 15 != 0 && rip & 15 != 2 {
            return None;
        }
        match entry {
            SYSCALL_ENTRY => Some(Stub::SystemCall),
            SYSCALL32_ENTRY => Some(Stub::SystemCall32),
            EXCEPTION_ENTRIES.. if entry < EXCEPTION_ENTRIES + u64::from(VECTORS) * 16 => {
                Some(Stub::Exception(((entry - EXCEPTION_ENTRIES) / 16) as u8))
            }
            _ => None,
        }
    }

    /// The frame of an exception of guest code.
    pub(crate) fn frame(&self, vector: u8) -> Frame {
        let top = STACK.end;
        let error = if WITH_ERROR.contains(&u64::from(vector)) { self.get(top - 48) } else { 0 };
        Frame {
            error,
            rip: self.get(top - 40),
            cs: self.get(top - 32),
            rflags: self.get(top - 24),
            rsp: self.get(top - 16),
        }
    }
}

/// The pages of the platform that the page tables map, and how.
fn own_pages() -> impl Iterator<Item = (u64, u64)> {
    use paging::{EXECUTE_NOT, PRESENT, USER, WRITE};
    let data = PRESENT | WRITE | EXECUTE_NOT;
    let tss_end = (TSS + BITMAP + 8193).next_multiple_of(PAGE);
    [(GDT, data), (IDT, data), (SYSCALL_ENTRY, PRESENT | USER), (EXCEPTION_ENTRIES, PRESENT)]
        .into_iter()
        .chain((TSS..tss_end).step_by(PAGE as usize).map(move |page| (page, data)))
        .chain(STACK.step_by(PAGE as usize).map(move |page| (page, data)))
}
