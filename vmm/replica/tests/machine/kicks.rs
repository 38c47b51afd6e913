//! Stopping a machine from outside.

use crate::support::{Assembled, alarm, demand, kvm};
use covert_replica::guest::{Crash, Demand};
use covert_replica::machine::Stop;

/// Counts to `rounds` in rbx and puts the number out at port 0x410, for ever.
fn busy(rounds: u32) -> Assembled {
    let mut code = vec![0xba, 0x10, 0x04, 0x00, 0x00, 0x31, 0xdb, 0xb9];
    code.extend(rounds.to_le_bytes()); // mov edx, 0x410; xor ebx, ebx; mov ecx, rounds
    code.extend([0xff, 0xc3, 0xff, 0xc9, 0x75, 0xfa]); // inc ebx; dec ecx; jnz
    code.extend([0x89, 0xd8, 0xef, 0xeb, 0xee]); // mov eax, ebx; out dx, eax; jmp to mov ecx
    Assembled::new(&code)
}

#[test]
fn a_kick_before_running_is_not_forgotten() {
    let Some(kvm) = kvm() else { return };
    let mut machine = busy(10).machine(&kvm);
    machine.kicker().kick();
    assert_eq!(machine.run(), Ok(Stop::Kicked));
    // It may stand anywhere, which is no place for a checkpoint.
    assert!(matches!(machine.save(), Err(Crash::State(_))));
    assert_eq!(machine.run(), Ok(Stop::Demand(Demand::Nothing)));
    // Also while something is settled.
    machine.kicker().kick();
    machine.settle().expect("settled");
    machine.save().expect("saved");
    assert_eq!(machine.run(), Ok(Stop::Kicked));
    assert_eq!(machine.run(), Ok(Stop::Demand(Demand::Nothing)));
}

#[test]
fn kicks_lose_nothing() {
    let Some(kvm) = kvm() else { return };
    let mut quiet = busy(5_000_000).machine(&kvm);
    let mut kicked = busy(5_000_000).machine(&kvm);
    let mut kicks = 0;
    alarm::every(kicked.kicker(), 2_000, || {
        for _ in 0..20 {
            while kicked.run().expect("the guest runs") == Stop::Kicked {
                kicks += 1;
            }
        }
    });
    for _ in 0..20 {
        demand(&mut quiet);
    }
    assert!(kicks > 5, "{kicks} kicks");
    assert_eq!(kicked.counted(), quiet.counted());
    assert_eq!(kicked.save().expect("saved"), quiet.save().expect("saved"));
}

#[test]
fn a_guest_that_makes_no_exit_can_be_stopped() {
    let Some(kvm) = kvm() else { return };
    // jmp to itself
    let mut machine = Assembled::new(&[0xeb, 0xfe]).machine(&kvm);
    alarm::every(machine.kicker(), 2_000, || {
        for _ in 0..3 {
            assert_eq!(machine.run(), Ok(Stop::Kicked));
        }
    });
    assert_eq!(machine.counted(), 0);
}
