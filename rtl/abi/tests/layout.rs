//! The layout is what other people's hardware relies on: it changes only together with the version.

use covert_abi::layout::Layout;
use covert_abi::{Fault, FaultCause, Header, Outcome, Submission, SubmissionEntry, Verdict, VerdictEntry};
use covert_abi::{fault, identity, registers};
use std::fmt::Write;
use std::path::PathBuf;

const ENTRIES: [&Layout; 4] =
    [&Header::LAYOUT, &SubmissionEntry::LAYOUT, &VerdictEntry::LAYOUT, &fault::FaultEntry::LAYOUT];

/// Everything that hardware and driver must agree on, as text; documentation is left out.
fn layout() -> String {
    let mut text = format!("covert-abi {}\n", identity::VERSION);
    for entry in ENTRIES {
        writeln!(text, "\nentry {} {} bytes", entry.name, entry.bytes).unwrap();
        for field in entry.fields {
            writeln!(text, "  {:3} +{:<2} {}", field.offset, field.bytes, field.name).unwrap();
        }
    }
    writeln!(text, "\noutcomes").unwrap();
    for (outcome, code, _) in Outcome::TABLE {
        writeln!(text, "  {code:#04x} {outcome:?}").unwrap();
    }
    writeln!(text, "\nfault causes").unwrap();
    for (cause, code, _) in FaultCause::TABLE {
        writeln!(text, "  {code:#04x} {cause:?}").unwrap();
    }
    for block in registers::BLOCKS {
        let registers::Block { name, base, stride, count, .. } = block;
        writeln!(text, "\nregisters {name} at {base:#07x}, {count} every {stride:#06x}").unwrap();
        for register in block.registers {
            writeln!(text, "  {:#05x} {:?} {}", register.offset, register.access, register.name).unwrap();
            for field in register.fields {
                writeln!(text, "    {:2} +{:<2} {}", field.low, field.width, field.name).unwrap();
            }
        }
    }
    text
}

#[test]
fn the_layout_changes_only_with_the_version() {
    let version = identity::VERSION;
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests", &format!("layout-{version}.txt")].iter().collect();
    let found = layout();
    let Ok(committed) = std::fs::read_to_string(&path) else {
        std::fs::write(&path, found).unwrap();
        panic!("version {version} had no snapshot; {} is new: look at it and commit it", path.display());
    };
    assert_eq!(
        found, committed,
        "the layout differs from version {version}'s: raise identity::VERSION (minor for an addition, major for a \
         change) and run the test again for a new snapshot"
    );
}

#[test]
fn registers_are_aligned_and_neither_overlap_nor_leave_the_bar() {
    let mut taken = std::collections::BTreeMap::new();
    for block in registers::BLOCKS {
        for index in 0..block.count {
            for register in block.registers {
                let address = block.base + block.stride * index + register.offset;
                assert_eq!(address % 4, 0, "{} is not aligned", register.name);
                assert!(address + 4 <= registers::BAR_BYTES, "{} lies outside the BAR", register.name);
                assert!(
                    !(registers::MSIX_TABLE..registers::MSIX_TABLE + 0x1000).contains(&address),
                    "{} lies in the MSI-X page",
                    register.name
                );
                if let Some(other) = taken.insert(address, (block.name, index, register.name)) {
                    panic!("{address:#x} is both {other:?} and {:?}", (block.name, index, register.name));
                }
            }
        }
    }
}

#[test]
fn only_a_doorbell_page_is_shared_with_a_replica() {
    for block in registers::BLOCKS {
        let pages = (block.base..).step_by(block.stride.max(1) as usize).take(block.count as usize);
        for first in pages {
            assert_eq!(block.name == "doorbell", first >= 0x10000, "{} at {first:#x}", block.name);
        }
    }
    assert_eq!(registers::doorbell::BLOCK.stride, 0x1000, "a replica's page holds one lane and nothing else");
}

#[test]
fn fields_of_a_register_do_not_overlap() {
    for register in registers::BLOCKS.iter().flat_map(|block| block.registers) {
        let mut taken = 0u32;
        for field in register.fields {
            let bits = field.put(u32::MAX);
            assert_eq!(taken & bits, 0, "{} overlaps in {}", field.name, register.name);
            assert_eq!(field.of(bits), u32::MAX >> (32 - field.width));
            taken |= bits;
        }
    }
}

#[test]
fn an_entry_reads_back_as_it_was_written() {
    let verdict = Verdict {
        group: 3,
        generation: 7,
        seq: u64::MAX,
        outcome: Outcome::Majority,
        agree: [0, 2].into_iter().collect(),
        dissent: [1].into_iter().collect(),
        fingerprint: covert_abi::Fingerprint(0x0123_4567_89ab_cdef),
    };
    assert_eq!(Verdict::open(&verdict.seal(true)), Ok(verdict));
    assert_eq!(Verdict::open(&verdict.seal(false)), Ok(verdict));

    let fault =
        Fault { group: 1, lane: 2, generation: 3, seq: 4, cause: FaultCause::Isolation, address: 1 << 63 };
    assert_eq!(Fault::open(&fault.seal(true)), Ok(fault));

    let record =
        Submission::inline(Header { seq: 5, ..Default::default() }, b"twenty-four bytes inside").unwrap();
    assert_eq!(Submission::open(&record.seal()), Ok(record));
    assert_eq!(Submission::inline(Header::default(), b"twenty-five bytes are out").map(|_| ()), None);
}
