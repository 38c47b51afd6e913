//! What becomes of an exit.

use crate::support::{Assembled, CODE, DATA, STACK, demand, kvm};
use covert_replica::cpu::Exit;
use covert_replica::guest::{Crash, Demand};
use covert_replica::machine::Stop;

#[test]
fn a_system_call_shows_the_callers_registers() {
    let Some(kvm) = kvm() else { return };
    // mov eax, 39; syscall; mov ebx, eax; syscall
    let guest = Assembled::new(&[0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x89, 0xc3, 0x0f, 0x05]).act(|_, cpu| {
        cpu.registers.rax = 77;
        Demand::Nothing
    });
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    assert_eq!(demand(&mut machine), Demand::Nothing);
    assert_eq!(demand(&mut machine), Demand::Nothing);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0, Exit::SystemCall);
    assert_eq!((seen[0].1.rax, seen[0].1.rip, seen[0].1.rsp), (39, CODE + 7, STACK));
    assert_eq!(seen[0].1.rcx, CODE + 7);
    assert_eq!(seen[0].1.rflags, seen[0].1.r11 & 0xfff);
    assert_eq!((seen[1].1.rax, seen[1].1.rbx, seen[1].1.rip), (77, 77, CODE + 11));
}

#[test]
fn an_exception_shows_the_faulting_instruction_and_can_be_left_elsewhere() {
    let Some(kvm) = kvm() else { return };
    // mov eax, [0x12345678]; (unreached) ud2; at 16: ud2; int3
    let mut code = vec![0x8b, 0x04, 0x25, 0x78, 0x56, 0x34, 0x12, 0x0f, 0x0b];
    code.resize(16, 0x90);
    code.extend([0x0f, 0x0b, 0xcc]);
    let guest = Assembled::new(&code).act(|exit, cpu| {
        match exit {
            Exit::Exception { vector: 14, .. } => cpu.registers.rip = CODE + 16,
            _ => cpu.registers.rip += 2,
        }
        Demand::Nothing
    });
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    for _ in 0..3 {
        demand(&mut machine);
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0, Exit::Exception { vector: 14, error: 4, address: 0x1234_5678 });
    assert_eq!((seen[0].1.rip, seen[0].1.rsp), (CODE, STACK));
    assert_eq!(seen[1].0, Exit::Exception { vector: 6, error: 0, address: 0 });
    assert_eq!(seen[1].1.rip, CODE + 16);
    // A breakpoint shows what follows it.
    assert_eq!(seen[2].0, Exit::Exception { vector: 3, error: 0, address: 0 });
    assert_eq!(seen[2].1.rip, CODE + 19);
}

#[test]
fn port_accesses_have_their_sizes_and_answers() {
    let Some(kvm) = kvm() else { return };
    let code = [
        0xba, 0x10, 0x04, 0x00, 0x00, // mov edx, 0x410
        0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, // mov rax, -1
        0xee, // out dx, al
        0x66, 0xef, // out dx, ax
        0xef, // out dx, eax
        0xec, // in al, dx
        0x66, 0xed, // in ax, dx
        0xed, // in eax, dx
        0x0f, 0x05, // syscall
    ];
    let guest = Assembled::new(&code).act(|exit, cpu| {
        if let Exit::In { .. } = exit {
            *cpu.port_in = Some(0x1122_3344);
        }
        Demand::Nothing
    });
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    for _ in 0..7 {
        demand(&mut machine);
    }
    let seen = seen.lock().unwrap();
    let exits: Vec<Exit> = seen.iter().map(|(exit, _)| *exit).collect();
    assert_eq!(
        exits[..6],
        [
            Exit::Out { port: 0x410, size: 1, value: 0xff },
            Exit::Out { port: 0x410, size: 2, value: 0xffff },
            Exit::Out { port: 0x410, size: 4, value: 0xffff_ffff },
            Exit::In { port: 0x410, size: 1 },
            Exit::In { port: 0x410, size: 2 },
            Exit::In { port: 0x410, size: 4 },
        ]
    );
    assert_eq!(seen[4].1.rax, 0xffff_ffff_ffff_ff44);
    assert_eq!(seen[5].1.rax, 0xffff_ffff_ffff_3344);
    assert_eq!(seen[6].1.rax, 0x1122_3344);
    for pair in seen.windows(2) {
        assert!(pair[0].1.rip < pair[1].1.rip);
    }
}

#[test]
fn a_port_without_a_device_reads_ones() {
    let Some(kvm) = kvm() else { return };
    // mov edx, 0x410; in eax, dx; syscall
    let guest = Assembled::new(&[0xba, 0x10, 0x04, 0x00, 0x00, 0xed, 0x0f, 0x05]);
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    demand(&mut machine);
    assert_eq!(seen.lock().unwrap()[1].1.rax, 0xffff_ffff);
}

#[test]
fn a_port_of_nobody_is_a_protection_fault() {
    let Some(kvm) = kvm() else { return };
    // out 0x80, al
    let guest = Assembled::new(&[0xe6, 0x80]);
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    assert_eq!(seen.lock().unwrap()[0].0, Exit::Exception { vector: 13, error: 0, address: 0 });
}

#[test]
fn a_string_instruction_is_one_exit_for_each_element() {
    let Some(kvm) = kvm() else { return };
    let mut code = vec![
        0xba, 0x10, 0x04, 0x00, 0x00, // mov edx, 0x410
        0xbf, 0x00, 0x00, 0x80, 0x00, // mov edi, DATA
        0xb9, 0x05, 0x00, 0x00, 0x00, // mov ecx, 5
        0xf3, 0x66, 0x6d, // rep insw
        0xbe, 0x00, 0x00, 0x80, 0x00, // mov esi, DATA
        0xb9, 0x05, 0x00, 0x00, 0x00, // mov ecx, 5
        0xf3, 0x66, 0x6f, // rep outsw
    ];
    code.extend([0x0f, 0x05]);
    let mut answer = 0x100;
    let guest = Assembled::new(&code).act(move |exit, cpu| {
        if let Exit::In { .. } = exit {
            answer += 1;
            *cpu.port_in = Some(answer);
        }
        Demand::Nothing
    });
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    for _ in 0..11 {
        demand(&mut machine);
    }
    let seen = seen.lock().unwrap();
    for element in 0..5 {
        assert_eq!(seen[element].0, Exit::In { port: 0x410, size: 2 });
        let value = 0x101 + element as u32;
        assert_eq!(seen[5 + element].0, Exit::Out { port: 0x410, size: 2, value });
    }
    assert_eq!(seen[10].0, Exit::SystemCall);
    let (registers, memory) = (&seen[10].1, machine.memory());
    assert_eq!((registers.rdi, registers.rsi), (DATA + 10, DATA + 10));
    assert_eq!(memory.read(DATA, 12), Some(&[1, 1, 2, 1, 3, 1, 4, 1, 5, 1, 0, 0][..]));
}

#[test]
fn a_string_instruction_into_nothing_is_a_page_fault_and_no_access() {
    let Some(kvm) = kvm() else { return };
    // mov edx, 0x410; mov edi, 0x30000000; insd
    let guest = Assembled::new(&[0xba, 0x10, 0x04, 0, 0, 0xbf, 0, 0, 0, 0x30, 0x6d]);
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0, Exit::Exception { vector: 14, error: 6, address: 0x3000_0000 });
    assert_eq!(seen[0].1.rip, CODE + 10);
}

#[test]
fn registers_that_no_guest_can_have_are_made_such() {
    let Some(kvm) = kvm() else { return };
    let guest = Assembled::new(&[0x0f, 0x05]).act(|exit, cpu| {
        if *exit == Exit::SystemCall {
            cpu.registers.rip = 0xdead_0000_0000_0000;
            cpu.registers.rflags = !0;
            cpu.registers.fs_base = 0x7fff_0000_0000_0000;
        }
        Demand::Nothing
    });
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    demand(&mut machine);
    let seen = seen.lock().unwrap();
    assert!(matches!(seen[1].0, Exit::Exception { .. }), "{:x?}", seen[1]);
    assert_eq!(seen[1].1.rflags & 0x3200, 0x200);
}

#[test]
fn taken_away_rights_are_gone_at_once() {
    let Some(kvm) = kvm() else { return };
    // mov [DATA], eax; syscall; mov [DATA], eax; mov ecx, [DATA]; syscall; mov ecx, [DATA]
    let store = [0x89, 0x04, 0x25, 0x00, 0x00, 0x80, 0x00];
    let fetch = [0x8b, 0x0c, 0x25, 0x00, 0x00, 0x80, 0x00];
    let call = [0x0f, 0x05];
    let code: Vec<u8> = [&store[..], &call, &store, &fetch, &call, &fetch].concat();
    let mut calls = 0;
    let guest = Assembled::new(&code).act(move |exit, cpu| {
        let range = DATA..DATA + 0x1000;
        match exit {
            Exit::SystemCall if calls == 0 => {
                let read = covert_replica::memory::Protection { read: true, ..Default::default() };
                cpu.memory.protect(range, read).expect("mapped");
                calls = 1;
            }
            Exit::SystemCall => cpu.memory.unmap(range).expect("mapped"),
            // Skip the store, which has seven bytes.
            _ => cpu.registers.rip += 7,
        }
        Demand::Nothing
    });
    let seen = guest.seen.clone();
    let mut machine = guest.machine(&kvm);
    for _ in 0..4 {
        demand(&mut machine);
    }
    let exits: Vec<Exit> = seen.lock().unwrap().iter().map(|(exit, _)| *exit).collect();
    assert_eq!(exits[1], Exit::Exception { vector: 14, error: 7, address: DATA });
    assert_eq!(exits[2], Exit::SystemCall);
    assert_eq!(exits[3], Exit::Exception { vector: 14, error: 4, address: DATA });
}

#[test]
fn an_answer_has_to_be_asked_for() {
    let Some(kvm) = kvm() else { return };
    let mut machine = Assembled::new(&[0x0f, 0x05]).machine(&kvm);
    assert_eq!(machine.deliver(&[0; 4]), Err(Crash::Answer("nothing was asked")));
    assert_eq!(machine.run(), Ok(Stop::Demand(Demand::Nothing)));
}

#[test]
fn a_frame_is_64_bit_code_after_any_exception() {
    let Some(kvm) = kvm() else { return };
    // A thousand of each way out and in again.
    let mut code = vec![0xb9, 0xe8, 0x03, 0x00, 0x00]; // mov ecx, 1000 -> kept in r12
    code.extend([0x41, 0x89, 0xcc]); // mov r12d, ecx
    let top = code.len();
    code.extend([0x0f, 0x05, 0x0f, 0x0b, 0x41, 0xff, 0xcc]); // syscall; ud2; dec r12d
    let back = top as i64 - (code.len() as i64 + 2);
    code.extend([0x75, back as u8, 0xcc]); // jnz top; int3
    let guest = Assembled::new(&code).act(|exit, cpu| {
        match exit {
            Exit::Exception { vector: 6, .. } => cpu.registers.rip += 2,
            Exit::Exception { .. } => return Demand::End,
            _ => {}
        }
        Demand::Nothing
    });
    let mut machine = guest.machine(&kvm);
    let started = std::time::Instant::now();
    while demand(&mut machine) != Demand::End {}
    assert_eq!(machine.counted(), 2001);
    eprintln!("{:?} an exit", started.elapsed() / 2001);
}
