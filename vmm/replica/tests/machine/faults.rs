//! Bits that are flipped on purpose.

use crate::support::{Assembled, CODE, DATA, demand, kvm};
use covert_replica::flip::{Flip, Register};
use covert_replica::guest::Demand;
use covert_replica::machine::InjectError;

fn flip(text: &str) -> Flip {
    text.parse().expect("a flip")
}

#[test]
fn every_register_can_be_flipped() {
    let Some(kvm) = kvm() else { return };
    let mut machine = Assembled::new(&[0x0f, 0x05, 0xeb, 0xfc]).machine(&kvm);
    demand(&mut machine);
    let before = machine.save().expect("saved");
    for register in Register::all() {
        let flip = flip(&format!("reg={},bit=7", register.name()));
        let injected = machine.inject(&flip).expect("flipped");
        assert_eq!((injected.flip, injected.counted, injected.rip), (flip, 1, CODE + 2));
        assert!(machine.save().expect("saved").state != before.state, "{flip}");
        machine.inject(&flip).expect("flipped");
        assert!(machine.save().expect("saved").state == before.state, "{flip}");
    }
}

#[test]
fn a_flipped_register_is_what_the_guest_goes_on_with() {
    let Some(kvm) = kvm() else { return };
    // syscall; mov eax, ebx; cvtss2si ecx, xmm3; syscall
    let code = [0x0f, 0x05, 0x89, 0xd8, 0xf3, 0x0f, 0x2d, 0xcb, 0x89, 0xca, 0x0f, 0x05];
    let guest = Assembled::new(&code);
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    machine.inject(&flip("reg=rbx,bit=13")).expect("flipped");
    // 2.0 has one bit.
    machine.inject(&flip("reg=xmm3,bit=30")).expect("flipped");
    demand(&mut machine);
    let seen = seen.lock().unwrap();
    assert_eq!((seen[1].1.rax, seen[1].1.rdx), (1 << 13, 2));
}

#[test]
fn a_flipped_bit_of_memory_is_what_the_guest_reads() {
    let Some(kvm) = kvm() else { return };
    // syscall; mov eax, [DATA]; syscall
    let code = [0x0f, 0x05, 0x8b, 0x04, 0x25, 0x00, 0x00, 0x80, 0x00, 0x0f, 0x05];
    let guest = Assembled::new(&code).act(|_, _| Demand::Nothing);
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    machine.inject(&flip(&format!("mem={:#x},bit=4", DATA + 1))).expect("flipped");
    demand(&mut machine);
    assert_eq!(seen.lock().unwrap()[1].1.rax, 0x1000);
    let nowhere = machine.inject(&flip("mem=0x3f000000,bit=0"));
    assert_eq!(nowhere, Err(InjectError::NotMapped(0x3f00_0000)));
}
