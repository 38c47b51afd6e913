//! Devices, and guests that use them wrongly.

use crate::support::{Ask, MEMORY, Ran, kvm, run_simplex};
use covert_replica::bare::{Bare, ports};
use covert_replica::guest::LoadError;
use covert_replica::machine::{Machine, MachineError, Options};
use covert_replica::world::{channel, source};
use kvm_ioctls::Kvm;

/// `mov edx, port; mov eax, value; out dx, eax`
fn out(port: u16, value: u32) -> Vec<u8> {
    let mut code = vec![0xba];
    code.extend(u32::from(port).to_le_bytes());
    code.push(0xb8);
    code.extend(value.to_le_bytes());
    code.push(0xef);
    code
}

/// `mov edx, port; in eax, dx`, and the value as a string of four bytes: `push rax`, its address and length out, `pop rax`.
fn show(port: u16) -> Vec<u8> {
    let mut code = vec![0xba];
    code.extend(u32::from(port).to_le_bytes());
    code.extend([0xed, 0x50, 0x89, 0xe0, 0xba]);
    code.extend(u32::from(ports::STRING).to_le_bytes());
    code.push(0xef);
    code.extend(out(ports::PRINT, 4));
    code.push(0x58);
    code
}

fn run(kvm: &Kvm, code: &[Vec<u8>], input: &[u8]) -> Ran {
    let image = code.concat();
    let mut machine = Machine::new(kvm, Box::new(Bare::new(image, 0x1234_5678)), &MEMORY).expect("a machine");
    let mut input = input.iter();
    let mut time = 0x1_0000_0002u64;
    let world = |ask: Ask<'_>| {
        let Ask::Input(ask) = ask else { panic!("no device has an effect") };
        match ask.source {
            source::STDIN => input.next().copied().into_iter().collect(),
            source::RANDOM => vec![1, 2, 3, 4],
            source::TIMER => {
                time = ask.argument + 1;
                time.to_le_bytes().to_vec()
            }
            _ => {
                time += 0x1_0000_0001;
                time.to_le_bytes().to_vec()
            }
        }
    };
    run_simplex(&mut machine, world, |_| {})
}

fn payloads(ran: &Ran) -> Vec<&[u8]> {
    let out = ran.outputs.iter().filter(|output| output.channel == channel::STDOUT);
    out.map(|output| &output.payload[..]).collect()
}

#[test]
fn every_device_answers_as_its_table_says() {
    let Some(kvm) = kvm() else { return };
    let code = [
        out(ports::CONSOLE, b'!'.into()),
        show(ports::INPUT),
        show(ports::INPUT),
        show(ports::CLOCK),
        show(ports::CLOCK_HIGH),
        show(ports::RANDOM),
        show(ports::ARGUMENT),
        show(ports::MEMORY),
        show(ports::END),
        out(ports::END, 0x107),
    ];
    let ran = run(&kvm, &code, b"c");
    assert_eq!(
        payloads(&ran),
        [
            &b"!"[..],
            &[b'c', 0, 0, 0],
            &[0xff; 4],
            &[3, 0, 0, 0],
            &[2, 0, 0, 0],
            &[1, 2, 3, 4],
            &[0x78, 0x56, 0x34, 0x12],
            &[0x00, 0x10, 0x40, 0x00],
            &[0xff; 4],
        ]
    );
    assert_eq!(ran.status, Some(7));
}

#[test]
fn an_interrupt_comes_while_it_waits_and_goes_back_to_where_it_was() {
    let Some(kvm) = kvm() else { return };
    // The handler is at 0x400800: it puts out a character, spoils registers and returns.
    let handler =
        [out(ports::CONSOLE, b'i'.into()), vec![0x31, 0xdb, 0x31, 0xe4], out(ports::RETURN, 0)].concat();
    let mut code = [
        out(ports::HANDLER, 0x40_0800),
        out(ports::TIMER, 100),
        out(ports::INTERRUPTS, 1),
        vec![0xbb, b'b', 0, 0, 0], // mov ebx, 'b'
        out(ports::WAIT, 0),
        out(ports::WAIT, 0),
        // mov edx, CONSOLE; mov eax, ebx; out dx, al
        vec![0xba, 0x00, 0x04, 0, 0, 0x89, 0xd8, 0xee],
        out(ports::INTERRUPTS, 0),
        out(ports::WAIT, 0),
        out(ports::CONSOLE, b'h'.into()),
        // Held until they are let in again.
        out(ports::INTERRUPTS, 1),
        out(ports::TIMER, 0),
        out(ports::WAIT, 0),
        out(ports::END, 0),
    ]
    .concat();
    code.resize(0x800, 0x90);
    code.extend(handler);
    let ran = run(&kvm, &[code], &[]);
    assert_eq!(ran.text(channel::STDERR), "");
    assert_eq!(ran.text(channel::STDOUT), "iibhi");
    assert_eq!(ran.status, Some(0));
}

#[test]
fn a_guest_that_uses_its_devices_wrongly_is_ended() {
    let Some(kvm) = kvm() else { return };
    let bad_handler = [out(ports::HANDLER, 0x10), out(ports::TIMER, 1), out(ports::INTERRUPTS, 1)].concat();
    for (name, code, status) in [
        ("a string that is nowhere", [out(ports::STRING, 0x10), out(ports::PRINT, 10)].concat(), 139),
        ("a return without an interrupt", out(ports::RETURN, 0), 139),
        ("a system call", vec![0x0f, 0x05], 159),
        ("a division by zero", vec![0x31, 0xc9, 0xf7, 0xf1], 136),
        ("an undefined instruction", vec![0x0f, 0x0b], 132),
        ("a jump to nowhere", vec![0x31, 0xc0, 0xff, 0xe0], 139),
        ("a handler that is nowhere", [bad_handler.clone(), out(ports::WAIT, 0)].concat(), 139),
        // xor esp, esp first: there is no room for the frame.
        ("an interrupt without a stack", [vec![0x31, 0xe4], bad_handler, out(ports::WAIT, 0)].concat(), 139),
    ] {
        let ran = run(&kvm, &[code], &[]);
        assert_eq!(ran.status, Some(status), "{name}: {}", ran.text(channel::STDERR));
    }
}

#[test]
fn images_that_cannot_run_are_refused() {
    let Some(kvm) = kvm() else { return };
    let refused = |image: &[u8], memory| {
        let options = Options { memory, checkpoints: false };
        let made = Machine::new(&kvm, Box::new(Bare::new(image.to_vec(), 0)), &options);
        match made {
            Err(MachineError::Load(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let good = covert_guests::COMPUTE.image;
    let changed = |at: usize, bytes: &[u8]| {
        let mut image = good.to_vec();
        image[at..at + bytes.len()].copy_from_slice(bytes);
        image
    };
    assert!(matches!(refused(&[], 1 << 20), LoadError::Unsupported(_)));
    assert!(matches!(refused(&good[..40], 1 << 20), LoadError::NotElf(_)));
    assert!(matches!(refused(&good[..0x900], 1 << 20), LoadError::NotElf(_)));
    assert!(matches!(refused(&changed(18, &[0xf3, 0]), 1 << 20), LoadError::WrongMachine(_)));
    assert!(matches!(refused(&changed(16, &[3, 0]), 1 << 20), LoadError::Unsupported(_)));
    // The first segment at 0 and at the end of all addresses.
    assert!(matches!(refused(&changed(64 + 16, &[0; 8]), 1 << 20), LoadError::Unsupported(_)));
    assert!(matches!(refused(&changed(64 + 16, &[0xff; 8]), 1 << 20), LoadError::Unsupported(_)));
    assert!(matches!(refused(good, 4096), LoadError::Memory { .. }));
}
