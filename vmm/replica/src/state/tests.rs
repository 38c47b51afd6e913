//! Each field that is included changes the bytes and comes back; nothing that is excluded does.

use super::xsave::{SSE, X87, XSTATE_BV};
use super::*;

/// As on a processor with AVX and one register more.
const LAYOUT: Layout = Layout([(144, 64), (0, 0), (224, 128), (0, 0)]);

type Change<T> = fn(&mut T);

/// A table of changes, each named as what it changes.
macro_rules! changes {
    ($in:ident: $of:ty; $($place:expr;)*) => {
        [$((stringify!($place), (|$in| $place ^= 1) as Change<$of>),)*]
    };
}

/// A state that has all components of XSAVE and no two fields alike.
fn sample() -> Raw {
    let mut raw = Raw {
        regs: kvm_regs::default(),
        sregs: kvm_sregs::default(),
        xcrs: kvm_xcrs { nr_xcrs: 1, ..Default::default() },
        xsave: [0; 1024],
        events: kvm_vcpu_events::default(),
        msrs: [0; MSRS.len()],
        layout: LAYOUT,
    };
    for (word, value) in raw.xsave.iter_mut().zip(1..) {
        *word = value;
    }
    raw.xsave[XSTATE_BV] = 0x47;
    let mut count = Numbers(0);
    let mut numbered = raw.clone();
    fields(&mut numbered, &mut count);
    numbered.xsave = raw.xsave;
    numbered
}

/// Gives every field another value.
struct Numbers(u8);

impl Fields for Numbers {
    fn bytes(&mut self, field: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        field.fill(self.0);
    }
}

fn is_included(name: &str, change: impl Fn(&mut Raw)) {
    let (before, mut after) = (sample(), sample());
    change(&mut after);
    assert_ne!(encode(&before), encode(&after), "{name} does not count");
    let decoded = decode(&encode(&after), &before).expect("a state");
    assert_eq!(encode(&decoded), encode(&after), "{name} does not come back");
    let rest = decode(&encode(&before), &after).expect("a state");
    assert_eq!(encode(&rest), encode(&before), "{name} is not put back");
}

fn is_noise(name: &str, change: impl Fn(&mut Raw)) {
    let (before, mut after) = (sample(), sample());
    change(&mut after);
    assert_eq!(encode(&before), encode(&after), "{name} counts");
}

#[test]
fn every_general_register_counts() {
    for (name, change) in changes! { raw: Raw;
        raw.regs.rax;
        raw.regs.rbx;
        raw.regs.rcx;
        raw.regs.rdx;
        raw.regs.rsi;
        raw.regs.rdi;
        raw.regs.rsp;
        raw.regs.rbp;
        raw.regs.r8;
        raw.regs.r9;
        raw.regs.r10;
        raw.regs.r11;
        raw.regs.r12;
        raw.regs.r13;
        raw.regs.r14;
        raw.regs.r15;
        raw.regs.rip;
        raw.regs.rflags;
    } {
        is_included(name, change);
    }
}

#[test]
fn every_field_of_every_segment_counts() {
    type Segment = fn(&mut Raw) -> &mut kvm_segment;
    let segments: [(&str, Segment); 8] = [
        ("cs", |raw| &mut raw.sregs.cs),
        ("ds", |raw| &mut raw.sregs.ds),
        ("es", |raw| &mut raw.sregs.es),
        ("fs", |raw| &mut raw.sregs.fs),
        ("gs", |raw| &mut raw.sregs.gs),
        ("ss", |raw| &mut raw.sregs.ss),
        ("tr", |raw| &mut raw.sregs.tr),
        ("ldt", |raw| &mut raw.sregs.ldt),
    ];
    for (segment, of) in segments {
        for (name, change) in changes! { segment: kvm_segment;
            segment.base;
            segment.limit;
            segment.selector;
            segment.type_;
            segment.present;
            segment.dpl;
            segment.db;
            segment.s;
            segment.l;
            segment.g;
            segment.avl;
            segment.unusable;
        } {
            is_included(&format!("{name} of {segment}"), |raw| change(of(raw)));
        }
    }
}

#[test]
fn tables_and_control_registers_count() {
    for (name, change) in changes! { raw: Raw;
        raw.sregs.gdt.base;
        raw.sregs.gdt.limit;
        raw.sregs.idt.base;
        raw.sregs.idt.limit;
        raw.sregs.cr0;
        raw.sregs.cr2;
        raw.sregs.cr4;
        raw.sregs.cr8;
        raw.sregs.efer;
        raw.xcrs.xcrs[0].value;
    } {
        is_included(name, change);
    }
}

#[test]
fn every_listed_msr_counts() {
    for (msr, number) in MSRS.iter().enumerate() {
        is_included(&format!("MSR {number:#x}"), |raw| raw.msrs[msr] ^= 1);
    }
}

#[test]
fn pending_events_count() {
    for (name, change) in changes! { raw: Raw;
        raw.events.exception.injected;
        raw.events.exception.nr;
        raw.events.exception.has_error_code;
        raw.events.exception.pending;
        raw.events.exception.error_code;
        raw.events.interrupt.injected;
        raw.events.interrupt.nr;
        raw.events.interrupt.soft;
        raw.events.interrupt.shadow;
        raw.events.exception_has_payload;
        raw.events.exception_payload;
    } {
        is_included(name, change);
    }
}

#[test]
fn x87_and_sse_count() {
    // FCW and FSW, FTW and FOP, FIP, FDP, MXCSR; every x87 and every SSE register.
    let control = [0, 1, 2, 3, 4, 5, 6];
    let x87 = (0..8).flat_map(|register| (0..3).map(move |word| X87.start + register * 4 + word));
    for word in control.into_iter().chain(x87).chain(SSE) {
        is_included(&format!("word {word} of XSAVE"), |raw| raw.xsave[word] ^= 1);
    }
}

#[test]
fn what_a_guest_may_reach_beyond_counts() {
    for word in (144..208).chain(224..352) {
        is_included(&format!("word {word} of XSAVE"), |raw| raw.xsave[word] ^= 1);
    }
}

#[test]
fn components_in_their_initial_state_are_alike_however_they_were_saved() {
    // The processor may say that a component is in its initial state, or write that state out.
    let mut said = sample();
    said.xsave[XSTATE_BV] = 0;
    let mut written = sample();
    written.xsave[..6].copy_from_slice(&[0x37f, 0, 0, 0, 0, 0]);
    written.xsave[X87.start..SSE.end].fill(0);
    written.xsave[144..352].fill(0);
    assert_eq!(encode(&said), encode(&written));
    // It is restored as what it is; SSE is always written out.
    let decoded = decode(&encode(&written), &sample()).expect("a state");
    assert_eq!(decoded.xsave[..SSE.end], written.xsave[..SSE.end]);
    assert_eq!(decoded.xsave[XSTATE_BV], 2);
}

#[test]
fn the_root_of_the_page_tables_is_noise() {
    is_noise("CR3", |raw| raw.sregs.cr3 ^= 0x3000);
    let other = Raw { sregs: kvm_sregs { cr3: 0x2000, ..sample().sregs }, ..sample() };
    let decoded = decode(&encode(&sample()), &other).expect("a state");
    assert_eq!(decoded.sregs.cr3, 0x2000);
}

#[test]
fn interrupt_controllers_are_noise() {
    for (name, change) in changes! { raw: Raw;
        raw.sregs.apic_base;
        raw.sregs.interrupt_bitmap[0];
        raw.events.sipi_vector;
        raw.events.nmi.injected;
        raw.events.nmi.pending;
        raw.events.nmi.masked;
        raw.events.smi.smm;
        raw.events.smi.pending;
        raw.events.smi.smm_inside_nmi;
        raw.events.smi.latched_init;
        raw.events.triple_fault.pending;
        raw.events.flags;
    } {
        is_noise(name, change);
    }
}

#[test]
fn padding_is_noise() {
    for (name, change) in changes! { raw: Raw;
        raw.sregs.cs.padding;
        raw.sregs.tr.padding;
        raw.sregs.gdt.padding[0];
        raw.sregs.idt.padding[2];
        raw.events.nmi.pad;
        raw.events.reserved[0];
        raw.xcrs.flags;
        raw.xcrs.padding[0];
        raw.xcrs.xcrs[1].value;
    } {
        is_noise(name, change);
    }
}

#[test]
fn how_a_processor_saved_is_noise() {
    // MXCSR_MASK, what is behind the ten bytes of an x87 register, FTW's reserved byte, the header, what is behind it.
    is_noise("MXCSR_MASK", |raw| raw.xsave[7] ^= 1);
    is_noise("bytes behind st(2)", |raw| raw.xsave[X87.start + 10] ^= 0x1_0000);
    is_noise("bytes behind st(7)", |raw| raw.xsave[X87.start + 31] ^= 1);
    is_noise("the byte behind FTW", |raw| raw.xsave[1] ^= 0x100);
    is_noise("XCOMP_BV", |raw| raw.xsave[XSTATE_BV + 3] ^= 0x8000_0000);
    is_noise("a component that the host does not have", |raw| {
        raw.xsave[XSTATE_BV] |= 1 << 9;
        raw.xsave[360] ^= 1;
    });
    is_noise("what is free for software", |raw| raw.xsave[120] ^= 1);
}

#[test]
fn bytes_of_another_length_are_refused() {
    let bytes = encode(&sample());
    for wrong in [&bytes[..bytes.len() - 1], &[], &[bytes.clone(), vec![0]].concat()] {
        assert!(matches!(decode(wrong, &sample()), Err(Crash::State(_))));
    }
}

#[test]
fn what_kvm_gives_comes_back_from_it() {
    use crate::{cpuid, memory::Memory, platform::Platform};
    let Ok(kvm) = kvm_ioctls::Kvm::new() else {
        eprintln!("SKIPPED: /dev/kvm cannot be opened: load kvm_intel or kvm_amd and join the group kvm");
        return;
    };
    let memory = Memory::new(1 << 20).expect("memory");
    let platform = Platform::new(0..0).expect("memory");
    let table = cpuid::table(&kvm).expect("CPUID");
    let mut vcpu = Vcpu::new(&kvm, &table, &platform, &memory, false).expect("a processor");
    let mut raw = vcpu.raw().expect("read");
    raw.regs.r13 = 0x1234;
    raw.regs.rflags |= 0x81;
    raw.sregs.gs.base = 0x5678_0000;
    raw.sregs.cr2 = 0x9abc;
    raw.msrs[4] = 0xdef0;
    for word in SSE.chain(vcpu.layout.components().flat_map(|(_, words)| words)) {
        raw.xsave[word] = (word as u32).wrapping_mul(0x0101_0101);
    }
    raw.xsave[XSTATE_BV] = vcpu.layout.components().fold(3, |bits, (bit, _)| bits | bit);
    raw.xsave[X87].copy_from_slice(&sample().xsave[X87]);
    raw.xsave[0] = 0x37f;
    raw.xsave[1] = 0xff;
    raw.xsave[6] = 0x1fa0;
    vcpu.set_raw(&raw).expect("set");
    assert_eq!(encode(&vcpu.raw().expect("read")), encode(&raw));
}
