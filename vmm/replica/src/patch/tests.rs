use super::{Findings, Kind, Map, Region, analyse, analyse_bare};
use crate::process::Elf;
use std::process::Command;

const BASE: u64 = 0x40_0000;
const RDTSC: [u8; 2] = [0x0f, 0x31];
const RET: u8 = 0xc3;

fn program<'a>(code: &'a [u8], data: &'a [u8], functions: &[u64]) -> Findings {
    analyse(&Map {
        code: vec![Region { start: BASE, bytes: code }],
        data: vec![Region { start: BASE + 0x10_0000, bytes: data }],
        functions: functions.to_vec(),
        bias: 0,
    })
}

fn addresses(found: &std::collections::BTreeMap<u64, super::Site>) -> Vec<u64> {
    found.keys().map(|at| at - BASE).collect()
}

#[test]
fn every_kind_is_found_with_its_register_and_length() {
    let cases: [(&[u8], Kind, u8, u8); 9] = [
        (&[0x0f, 0xa2], Kind::Cpuid, 0, 8),
        (&[0x0f, 0x31], Kind::Rdtsc, 0, 8),
        (&[0x0f, 0x01, 0xf9], Kind::Rdtscp, 0, 8),
        (&[0xf3, 0x0f, 0xc7, 0xf8], Kind::Rdpid, 0, 8),
        (&[0xf3, 0x41, 0x0f, 0xc7, 0xfc], Kind::Rdpid, 12, 8),
        (&[0x0f, 0xc7, 0xf1], Kind::Rdrand, 1, 4),
        (&[0x66, 0x0f, 0xc7, 0xf2], Kind::Rdrand, 2, 2),
        (&[0x49, 0x0f, 0xc7, 0xf7], Kind::Rdrand, 15, 8),
        (&[0x48, 0x0f, 0xc7, 0xfb], Kind::Rdseed, 3, 8),
    ];
    for (bytes, kind, register, width) in cases {
        let code = [bytes, &[RET]].concat();
        let found = program(&code, &[], &[BASE]);
        let site = found.certain[&BASE];
        assert_eq!(
            (site.kind, site.length as usize, site.register, site.width),
            (kind, bytes.len(), register, width)
        );
    }
}

#[test]
fn neighbours_in_the_encoding_are_left_alone() {
    // CMPXCHG16B, RDPMC, XGETBV, BT, VMPTRLD.
    let code =
        [0xf0, 0x48, 0x0f, 0xc7, 0x0f, 0x0f, 0x33, 0x0f, 0x01, 0xd0, 0x0f, 0xa3, 0xc0, 0x0f, 0xc7, 0x30, RET];
    assert_eq!(program(&code, &[], &[BASE]), Findings::default());
}

#[test]
fn what_a_branch_or_call_leads_to_is_certain() {
    // jz +3; ret; nop; nop; rdtsc; ret
    let code = [0x74, 0x03, RET, 0x90, 0x90, 0x0f, 0x31, RET];
    assert_eq!(addresses(&program(&code, &[], &[BASE]).certain), [5]);
    // call +1; ret; rdtsc; ret
    let code = [0xe8, 1, 0, 0, 0, RET, 0x0f, 0x31, RET];
    assert_eq!(addresses(&program(&code, &[], &[BASE]).certain), [6]);
}

#[test]
fn what_a_pointer_leads_to_is_certain_if_decoding_meets_it() {
    let code = [RET, 0x90, 0x0f, 0x31, RET];
    // In the data, in an immediate (mov edi, imm32), relative to the instruction (lea), and in a table of distances.
    let pointer = (BASE + 2).to_le_bytes();
    assert_eq!(addresses(&program(&code, &pointer, &[BASE]).certain), [2]);

    let code = [0xbf, 7, 0, 0x40, 0, RET, 0x90, 0x0f, 0x31, RET];
    assert_eq!(addresses(&program(&code, &[], &[BASE]).certain), [7]);

    let code = [0x48, 0x8d, 0x3d, 2, 0, 0, 0, RET, 0x90, 0x0f, 0x31, RET];
    assert_eq!(addresses(&program(&code, &[], &[BASE]).certain), [9]);

    let code = [0x48, 0x8d, 0x3d, 0xf9, 0xff, 0x0f, 0, RET, 0x90, 0x0f, 0x31, RET];
    let distance = (-0x10_0000_i32 + 9).to_le_bytes();
    assert_eq!(addresses(&program(&code, &distance, &[BASE]).certain), [9]);
}

#[test]
fn what_no_way_leads_to_is_doubtful_if_it_is_among_code() {
    let code = [RET, 0x90, 0x0f, 0x31, RET, 0x90, RET];
    let found = program(&code, &[], &[BASE, BASE + 5]);
    assert_eq!((addresses(&found.certain), addresses(&found.doubtful)), (vec![], vec![2]));
}

#[test]
fn what_is_among_data_is_left() {
    // An invalid instruction (06), then bytes that look like RDTSC.
    let code = [RET, 0x06, 0x0f, 0x31, 0x06, RET];
    let found = program(&code, &[], &[BASE, BASE + 5]);
    assert_eq!((addresses(&found.doubtful), addresses(&found.left)), (vec![], vec![2]));
}

#[test]
fn the_operand_of_another_instruction_is_no_instruction() {
    // mov eax, 0x310f
    let code = [0xb8, 0x0f, 0x31, 0, 0, RET];
    assert_eq!(program(&code, &[], &[BASE]), Findings::default());
    // Not even if something that may be a pointer leads into it.
    let pointer = (BASE + 1).to_le_bytes();
    assert_eq!(program(&code, &pointer, &[BASE]), Findings::default());
}

#[test]
fn bare_code_is_searched_from_its_beginning() {
    let code = [&[0x90, 0x90][..], &RDTSC, &[RET]].concat();
    let found = analyse_bare(Region { start: BASE, bytes: &code });
    assert_eq!(addresses(&found.doubtful), [2]);
    // And from wherever it begins behind zeros, which would be instructions of two bytes.
    let code = [&[0; 33][..], &code, &[0; 33], &code, &[0; 40]].concat();
    let found = analyse_bare(Region { start: BASE, bytes: &code });
    assert_eq!(addresses(&found.doubtful), [35, 73]);
}

proptest::proptest! {
    #[test]
    fn no_code_upsets_the_search(
        mut code: Vec<u8>,
        data: Vec<u8>,
        functions in proptest::collection::vec(BASE - 2..BASE + 300, 0..4),
        at in 0..200_usize,
    ) {
        // Without such bytes the search ends before it begins.
        code.splice(at.min(code.len())..at.min(code.len()), RDTSC);
        let found = program(&code, &data, &functions);
        for (at, site) in found.certain.iter().chain(&found.doubtful) {
            let offset = (at - BASE) as usize;
            proptest::prop_assert!(offset + usize::from(site.length) <= code.len() && site.length >= 2);
        }
    }
}

/// Programs of the system that are static, of any version: what a disassembler finds in them is what is found.
#[test]
fn a_disassembler_finds_the_same_in_real_programs() {
    const WANTED: [&str; 6] = ["cpuid", "rdtsc", "rdtscp", "rdpid", "rdrand", "rdseed"];
    for path in ["/bin/busybox", "/sbin/ldconfig"] {
        let Ok(image) = std::fs::read(path) else {
            eprintln!("SKIPPED: there is no {path}: apt-get install -y busybox-static libc-bin");
            continue;
        };
        let Ok(elf) = Elf::parse(&image) else {
            eprintln!("SKIPPED: {path} is not static: apt-get install -y busybox-static libc-bin");
            continue;
        };
        let Ok(output) = Command::new("objdump").args(["-d", "--no-show-raw-insn", path]).output() else {
            eprintln!("SKIPPED: there is no objdump: apt-get install -y binutils");
            return;
        };
        let listing = String::from_utf8_lossy(&output.stdout);
        let expected: Vec<u64> = listing
            .lines()
            .filter_map(|line| {
                let (address, instruction) = line.split_once(':')?;
                let name = instruction.split_whitespace().next()?;
                WANTED.contains(&name).then(|| u64::from_str_radix(address.trim(), 16).ok())?
            })
            .collect();
        let found = analyse(&Map::of(&image, &elf));
        let certain: Vec<u64> = found.certain.keys().map(|at| at - elf.bias).collect();
        assert!(!expected.is_empty(), "{path}");
        assert_eq!((certain, found.doubtful.len(), found.left.len()), (expected, 0, 0), "{path}");
    }
}
