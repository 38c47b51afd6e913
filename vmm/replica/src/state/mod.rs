//! The processor's state in its one canonical form: what is compared, stored and restored.
//!
//! It is an allow-list, written field by field; equal processors give equal bytes. Left out, with the reason:
//!
//! | what | why |
//! |---|---|
//! | CR3 | belongs to the machine, which alternates it to flush translations |
//! | TSC, TSC_ADJUST, TSC_AUX, kvmclock | the host's time and processor; guests do not get to read them |
//! | APIC base and state | there is no APIC: nothing of it can be reached |
//! | debug registers, SYSENTER and PAT MSRs | no code at CPL 3 can set them |
//! | microcode, feature and other MSRs of the host | the host's |
//! | XSTATE_BV, MXCSR_MASK and reserved bytes of XSAVE | how a processor saved, not what |
//! | protection keys, AMX | no host lets this guest reach them, or KVM does not tell |
//! | padding of segments | nobody's |

pub(crate) mod xsave;

use crate::cpuid::Layout;
use crate::guest::Crash;
use crate::vcpu::{CSTAR, FMASK, LSTAR, STAR, Vcpu, host};
use kvm_bindings::{Msrs, kvm_msr_entry, kvm_regs, kvm_segment, kvm_sregs, kvm_vcpu_events, kvm_xcrs};

/// The MSRs that belong to the guest; the bases of FS and GS are with their segments.
const MSRS: [u32; 5] = [STAR, LSTAR, CSTAR, FMASK, KERNEL_GS_BASE];
const KERNEL_GS_BASE: u32 = 0xc000_0102;

/// Everything that KVM tells of a processor that is looked at here.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) regs: kvm_regs,
    pub(crate) sregs: kvm_sregs,
    pub(crate) xcrs: kvm_xcrs,
    /// An XSAVE area in its standard form.
    pub(crate) xsave: xsave::Area,
    /// Where what is in it.
    pub(crate) layout: Layout,
    pub(crate) events: kvm_vcpu_events,
    pub(crate) msrs: [u64; MSRS.len()],
}

/// Goes through the fields of a state, in their order: once to write it, once to read it.
trait Fields {
    fn bytes(&mut self, field: &mut [u8]);

    fn u8(&mut self, field: &mut u8) {
        self.bytes(std::slice::from_mut(field));
    }

    fn u16(&mut self, field: &mut u16) {
        let mut bytes = field.to_le_bytes();
        self.bytes(&mut bytes);
        *field = u16::from_le_bytes(bytes);
    }

    fn u32(&mut self, field: &mut u32) {
        let mut bytes = field.to_le_bytes();
        self.bytes(&mut bytes);
        *field = u32::from_le_bytes(bytes);
    }

    fn u64(&mut self, field: &mut u64) {
        let mut bytes = field.to_le_bytes();
        self.bytes(&mut bytes);
        *field = u64::from_le_bytes(bytes);
    }
}

struct Writer(Vec<u8>);

impl Fields for Writer {
    fn bytes(&mut self, field: &mut [u8]) {
        self.0.extend_from_slice(field);
    }
}

struct Reader<'a>(Option<&'a [u8]>);

impl Fields for Reader<'_> {
    fn bytes(&mut self, field: &mut [u8]) {
        self.0 = self.0.and_then(|left| left.split_at_checked(field.len())).map(|(bytes, left)| {
            field.copy_from_slice(bytes);
            left
        });
    }
}

/// The list.
fn fields(raw: &mut Raw, f: &mut impl Fields) {
    let regs = &mut raw.regs;
    for register in [
        &mut regs.rax,
        &mut regs.rbx,
        &mut regs.rcx,
        &mut regs.rdx,
        &mut regs.rsi,
        &mut regs.rdi,
        &mut regs.rsp,
        &mut regs.rbp,
        &mut regs.r8,
        &mut regs.r9,
        &mut regs.r10,
        &mut regs.r11,
        &mut regs.r12,
        &mut regs.r13,
        &mut regs.r14,
        &mut regs.r15,
        &mut regs.rip,
        &mut regs.rflags,
    ] {
        f.u64(register);
    }

    let sregs = &mut raw.sregs;
    for segment in [
        &mut sregs.cs,
        &mut sregs.ds,
        &mut sregs.es,
        &mut sregs.fs,
        &mut sregs.gs,
        &mut sregs.ss,
        &mut sregs.tr,
        &mut sregs.ldt,
    ] {
        segment_fields(segment, f);
    }
    for table in [&mut sregs.gdt, &mut sregs.idt] {
        f.u64(&mut table.base);
        f.u16(&mut table.limit);
    }
    for register in [&mut sregs.cr0, &mut sregs.cr2, &mut sregs.cr4, &mut sregs.cr8, &mut sregs.efer] {
        f.u64(register);
    }
    f.u64(&mut raw.xcrs.xcrs[0].value);
    raw.msrs.iter_mut().for_each(|msr| f.u64(msr));
    event_fields(&mut raw.events, f);
    for words in xsave::fields(raw.layout) {
        for word in &mut raw.xsave[words] {
            f.u32(word);
        }
    }
}

fn segment_fields(segment: &mut kvm_segment, f: &mut impl Fields) {
    f.u64(&mut segment.base);
    f.u32(&mut segment.limit);
    f.u16(&mut segment.selector);
    for field in [
        &mut segment.type_,
        &mut segment.present,
        &mut segment.dpl,
        &mut segment.db,
        &mut segment.s,
        &mut segment.l,
        &mut segment.g,
        &mut segment.avl,
        &mut segment.unusable,
    ] {
        f.u8(field);
    }
}

/// There are no NMIs, SMIs, SIPIs and nested guests: what the other fields say is always the same.
fn event_fields(events: &mut kvm_vcpu_events, f: &mut impl Fields) {
    for field in [
        &mut events.exception.injected,
        &mut events.exception.nr,
        &mut events.exception.has_error_code,
        &mut events.exception.pending,
        &mut events.interrupt.injected,
        &mut events.interrupt.nr,
        &mut events.interrupt.soft,
        &mut events.interrupt.shadow,
    ] {
        f.u8(field);
    }
    f.u32(&mut events.exception.error_code);
    f.u8(&mut events.exception_has_payload);
    f.u64(&mut events.exception_payload);
}

// ---- Both ways --------------------------------------------------------------------------------------------

/// The canonical bytes of a state.
pub(crate) fn encode(raw: &Raw) -> Vec<u8> {
    let mut raw = raw.clone();
    xsave::write_out(&mut raw.xsave, raw.layout);
    let mut writer = Writer(Vec::with_capacity(1024));
    fields(&mut raw, &mut writer);
    writer.0
}

/// The state of canonical bytes; what they do not have is taken from `rest`.
///
/// # Errors
/// They are not the bytes of a state.
pub(crate) fn decode(bytes: &[u8], rest: &Raw) -> Result<Raw, Crash> {
    let mut raw = rest.clone();
    xsave::write_out(&mut raw.xsave, raw.layout);
    let mut reader = Reader(Some(bytes));
    fields(&mut raw, &mut reader);
    match reader.0 {
        Some([]) => {
            xsave::note_initial(&mut raw.xsave, raw.layout);
            Ok(raw)
        }
        _ => Err(Crash::State("it is not the state of a processor")),
    }
}

impl Vcpu {
    /// Reads everything. The processor has to be settled.
    pub(crate) fn raw(&self) -> Result<Raw, Crash> {
        let entries = MSRS.map(|index| kvm_msr_entry { index, ..Default::default() });
        let mut msrs = Msrs::from_entries(&entries).map_err(|_| Crash::State("too many MSRs"))?;
        let read = self.fd.get_msrs(&mut msrs).map_err(host("reading MSRs"))?;
        let mut values = [0; MSRS.len()];
        if read != values.len() {
            return Err(Crash::State("the host does not show all MSRs"));
        }
        for (value, entry) in values.iter_mut().zip(msrs.as_slice()) {
            *value = entry.data;
        }
        Ok(Raw {
            regs: self.fd.get_regs().map_err(host("reading registers"))?,
            sregs: self.fd.get_sregs().map_err(host("reading segments"))?,
            xcrs: self.fd.get_xcrs().map_err(host("reading XCR0"))?,
            xsave: self.fd.get_xsave().map_err(host("reading XSAVE"))?.region,
            events: self.fd.get_vcpu_events().map_err(host("reading events"))?,
            msrs: values,
            layout: self.layout,
        })
    }

    /// Sets everything. The processor has to be settled.
    pub(crate) fn set_raw(&mut self, raw: &Raw) -> Result<(), Crash> {
        let entries: Vec<_> = MSRS
            .iter()
            .zip(raw.msrs)
            .map(|(index, data)| kvm_msr_entry { index: *index, data, ..Default::default() })
            .collect();
        let msrs = Msrs::from_entries(&entries).map_err(|_| Crash::State("too many MSRs"))?;
        if self.fd.set_msrs(&msrs).map_err(host("setting MSRs"))? != entries.len() {
            return Err(Crash::State("the host does not take all MSRs"));
        }
        self.fd.set_sregs(&raw.sregs).map_err(host("setting segments"))?;
        self.fd.set_xcrs(&raw.xcrs).map_err(host("setting XCR0"))?;
        self.set_xsave(&raw.xsave)?;
        self.fd.set_vcpu_events(&raw.events).map_err(host("setting events"))?;
        self.fd.set_regs(&raw.regs).map_err(host("setting registers"))?;
        self.resynchronise().map_err(host("reading registers"))
    }
}

#[cfg(test)]
mod tests;
