//! Saving, restoring and what memory does by itself.

use crate::support::{Assembled, DATA, MEMORY, Pages, STACK, demand, kvm};
use covert_replica::cpu::Exit;
use covert_replica::guest::{Crash, Demand};
use covert_replica::machine::{Machine, Options};
use covert_replica::memory::PAGE;
use kvm_ioctls::Kvm;

/// Writes a counter to its data page and its stack, to x87 and SSE registers, and puts it out at port 0x410, for ever.
fn counting() -> Assembled {
    let mut code = vec![
        0xba, 0x10, 0x04, 0x00, 0x00, // mov edx, 0x410
        0x31, 0xdb, // xor ebx, ebx
        0xd9, 0xe8, // fld1
    ];
    let top = code.len();
    code.extend([
        0xff, 0xc3, // inc ebx
        0x89, 0x1c, 0x25, 0x00, 0x00, 0x80, 0x00, // mov [DATA], ebx
        0xf3, 0x48, 0x0f, 0x2a, 0xc3, // cvtsi2ss xmm0, rbx
        0xd8, 0xc0, // fadd st0, st0
        0x53, 0x58, // push rbx; pop rax
        0xef, // out dx, eax
        0x0f, 0x05, // syscall
    ]);
    let back = top as i64 - (code.len() as i64 + 2);
    code.extend([0xeb, back as u8]); // jmp top
    Assembled::new(&code)
}

fn saved(kvm: &Kvm, exits: usize) -> (Machine, Vec<u8>, Pages, u64) {
    let mut machine = counting().machine(kvm);
    for _ in 0..exits {
        demand(&mut machine);
    }
    let saved = machine.save().expect("saved");
    let mut pages = Pages::default();
    pages.take(&saved, machine.memory());
    (machine, saved.state, pages, saved.fingerprint)
}

#[test]
fn a_saved_machine_runs_on_identically_in_another_one() {
    let Some(kvm) = kvm() else { return };
    let (mut first, state, pages, fingerprint) = saved(&kvm, 21);
    let mut second = counting().machine(&kvm);
    let restored = second.restore(&state, &pages).expect("restored");
    assert_eq!(restored.scrubbed, 0);
    let again = second.save().expect("saved");
    assert_eq!((&again.state, again.fingerprint), (&state, fingerprint));
    for _ in 0..40 {
        demand(&mut first);
        demand(&mut second);
        let (first, second) = (first.save().expect("saved"), second.save().expect("saved"));
        assert_eq!(first, second);
    }
}

#[test]
fn a_restored_machine_does_not_repeat_an_access() {
    let Some(kvm) = kvm() else { return };
    // Each number of exits, so that the last one was a system call or an access.
    for exits in 1..4 {
        let (_, state, pages, _) = saved(&kvm, exits);
        let guest = counting();
        let seen = guest.seen.clone();
        let mut machine = guest.machine(&kvm);
        for _ in 0..7 {
            demand(&mut machine);
        }
        machine.restore(&state, &pages).expect("restored");
        seen.lock().unwrap().clear();
        for _ in 0..4 {
            demand(&mut machine);
        }
        let values: Vec<u32> = (seen.lock().unwrap().iter())
            .filter_map(|(exit, _)| if let Exit::Out { value, .. } = exit { Some(*value) } else { None })
            .collect();
        let next = exits as u32 / 2 + exits as u32 % 2 + 1;
        assert_eq!(values, [next, next + 1], "after {exits}");
    }
}

#[test]
fn going_back_and_forth_gives_the_same_states() {
    let Some(kvm) = kvm() else { return };
    let (mut machine, state, pages, _) = saved(&kvm, 10);
    let mut runs = Vec::new();
    for _ in 0..3 {
        for _ in 0..25 {
            demand(&mut machine);
        }
        runs.push(machine.save().expect("saved").fingerprint);
        machine.restore(&state, &pages).expect("restored");
        assert_eq!(machine.counted(), 10);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[1], runs[2]);
}

#[test]
fn only_written_pages_belong_to_the_next_checkpoint() {
    let Some(kvm) = kvm() else { return };
    let (mut machine, ..) = saved(&kvm, 4);
    demand(&mut machine);
    let saved = machine.save().expect("saved");
    assert_eq!(saved.dirty, [(DATA / PAGE) as u32, (STACK / PAGE) as u32 - 1]);
    assert!(machine.memory_mut().put(DATA + PAGE, b"by the host"));
    assert_eq!(machine.save().expect("saved").dirty, [(DATA / PAGE) as u32 + 1]);
}

#[test]
fn a_flip_in_a_clean_page_is_found_by_restore() {
    let Some(kvm) = kvm() else { return };
    let (mut machine, state, pages, fingerprint) = saved(&kvm, 4);
    assert!(machine.memory_mut().flip(DATA + 5 * PAGE + 17, 3));
    // No checkpoint sees it.
    assert_eq!(machine.save().expect("saved").fingerprint, fingerprint);
    let restored = machine.restore(&state, &pages).expect("restored");
    assert_eq!((restored.pages_copied, restored.scrubbed), (1, 1));
    assert_eq!(machine.memory().read(DATA + 5 * PAGE + 17, 1), Some(&[0][..]));
    assert_eq!(machine.restore(&state, &pages).expect("restored").pages_copied, 0);
}

#[test]
fn a_flip_in_a_clean_page_is_found_by_scrub() {
    let Some(kvm) = kvm() else { return };
    let (mut machine, ..) = saved(&kvm, 4);
    for _ in 0..4 {
        // Pages that the guest writes meanwhile are not wrong.
        demand(&mut machine);
        assert_eq!(machine.scrub(11), Ok(None));
    }
    assert!(machine.memory_mut().flip(DATA + 5 * PAGE + 17, 3));
    let found: Vec<u32> = (0..4).filter_map(|_| machine.scrub(11).expect("scrubbed")).collect();
    assert_eq!(found, [(DATA / PAGE) as u32 + 5]);
}

#[test]
fn a_wrong_image_is_refused() {
    let Some(kvm) = kvm() else { return };
    let (mut machine, state, mut pages, _) = saved(&kvm, 4);
    demand(&mut machine);
    pages.0.get_mut(&((DATA / PAGE) as u32)).expect("there").1[8] ^= 1;
    assert!(matches!(machine.restore(&state, &pages), Err(Crash::State(_))));
    for length in [0, 1, state.len() / 2, state.len() - 1] {
        assert!(matches!(machine.restore(&state[..length], &pages), Err(Crash::State(_))), "{length}");
    }
}

#[test]
fn a_reloaded_machine_is_at_its_beginning() {
    let Some(kvm) = kvm() else { return };
    let mut machine = counting().machine(&kvm);
    let beginning = machine.save().expect("saved");
    for _ in 0..9 {
        demand(&mut machine);
    }
    machine.reload().expect("loaded");
    assert_eq!(machine.save().expect("saved"), beginning);
    assert_eq!(machine.counted(), 0);
}

#[test]
fn no_checkpoint_is_made_while_an_answer_is_due() {
    let Some(kvm) = kvm() else { return };
    let guest = counting().act(|_, _| Demand::Effect(Default::default()));
    let mut machine = guest.machine(&kvm);
    demand(&mut machine);
    assert!(matches!(machine.save(), Err(Crash::State(_))));
    assert!(matches!(machine.run(), Err(Crash::Answer(_))));
    machine.deliver(&[0; 4]).expect("an answer");
    machine.save().expect("saved");
}

#[test]
fn a_machine_without_checkpoints_makes_none() {
    let Some(kvm) = kvm() else { return };
    let options = Options { checkpoints: false, ..MEMORY };
    let mut machine = Machine::new(&kvm, Box::new(counting()), &options).expect("a machine");
    demand(&mut machine);
    assert!(matches!(machine.save(), Err(Crash::State(_))));
}

#[test]
fn registers_that_a_guest_was_not_told_of_are_state_if_it_reaches_them() {
    let Some(kvm) = kvm() else { return };
    let code = [
        0xc5, 0xfe, 0x6f, 0x0c, 0x25, 0x00, 0x00, 0x80, 0x00, // vmovdqu ymm1, [DATA]
        0x0f, 0x05, // syscall
        0xc5, 0xfe, 0x7f, 0x0c, 0x25, 0x40, 0x00, 0x80, 0x00, // vmovdqu [DATA + 64], ymm1
        0x0f, 0x05, // syscall
    ];
    let machine = |bytes: [u8; 32]| {
        let guest = Assembled::new(&code);
        let seen = guest.seen.clone();
        let mut machine = guest.machine(&kvm);
        assert!(machine.memory_mut().put(DATA, &bytes));
        demand(&mut machine);
        let reached = seen.lock().unwrap()[0].0 == Exit::SystemCall;
        (machine, reached)
    };
    let bytes = std::array::from_fn(|at| at as u8 + 1);
    let (mut first, reached) = machine(bytes);
    if !reached {
        // Where XCR0 is enforced it is an undefined instruction.
        return;
    }
    let saved = first.save().expect("saved");
    let mut pages = Pages::default();
    pages.take(&saved, first.memory());
    let (mut second, _) = machine([0; 32]);
    let other = second.save().expect("saved");
    second.restore(&saved.state, &pages).expect("restored");
    assert_eq!(second.save().expect("saved").fingerprint, saved.fingerprint);
    assert_ne!(other.state, saved.state);
    demand(&mut second);
    assert_eq!(second.memory().read(DATA + 64, 32), Some(&bytes[..]));
}
