//! The register reference: the contract's tables as a page.

use crate::report::Table;
use covert_abi::layout::Layout;
use covert_abi::registers::{Access, BLOCKS, BitField, Block};
use covert_abi::{FaultCause, FaultEntry, Header, Kind, Outcome, SubmissionEntry, VerdictEntry, identity};
use std::fmt::Debug;

/// The whole page.
pub(crate) fn page() -> String {
    let version = identity::VERSION;
    let mut page = format!(
        "# Registers and entries\n\n\
         Version {}.{} of the contract, as `covert-abi` declares it. What a unit does with these is in\n\
         [What the redundancy unit does](../unit.md). All integers are little-endian; reserved bits are zero.\n",
        version.major, version.minor
    );
    page += "\n## Registers in BAR 0\n";
    for block in BLOCKS {
        page += &block_section(block);
    }
    page += "\n## Entries\n";
    for layout in [Header::LAYOUT, SubmissionEntry::LAYOUT, VerdictEntry::LAYOUT, FaultEntry::LAYOUT] {
        page += &layout_section(&layout);
    }
    page += "\n## Kinds of record\n\n";
    let mut kinds = Table::new(["number", "kind"]);
    for kind in Kind::ALL {
        kinds.row([format!("{}", kind as u16), format!("`{kind:?}`")]);
    }
    page += &kinds.markdown();
    page += &code_section("Outcomes of a verdict", Outcome::TABLE);
    page += &code_section("Causes of a fault", FaultCause::TABLE);
    page
}

fn block_section(block: &Block) -> String {
    let place = match block.count {
        1 => format!("At `{:#07x}`.", block.base),
        count => format!("{count} of them, at `{:#07x}` + n × `{:#x}`.", block.base, block.stride),
    };
    let mut table = Table::new(["offset", "bits", "name", "access", "meaning"]);
    for register in block.registers {
        let access = match register.access {
            Access::ReadOnly => "read",
            Access::ReadWrite => "read, write",
            Access::Command => "command",
            Access::WriteOnly => "write",
        };
        let name = format!("**`{}`**", register.name);
        table.row([
            format!("`{:#05x}`", register.offset),
            "".into(),
            name,
            access.into(),
            prose(register.doc),
        ]);
        for field in register.fields {
            let name = format!("`{}`", field.name);
            table.row(["".into(), bits(field), name, "".into(), prose(field.doc)]);
        }
    }
    format!("\n### `{}`\n\n{} {place}\n\n{}", block.name, prose(block.doc), table.markdown())
}

fn bits(field: &BitField) -> String {
    match field.width {
        1 => format!("{}", field.low),
        width => format!("{}:{}", field.low + width - 1, field.low),
    }
}

fn layout_section(layout: &Layout) -> String {
    let mut table = Table::new(["offset", "bytes", "name", "meaning"]);
    for field in layout.fields {
        let name = format!("`{}`", field.name);
        table.row([field.offset.to_string(), field.bytes.to_string(), name, prose(field.doc)]);
    }
    format!(
        "\n### `{}`\n\n{} {} bytes.\n\n{}",
        layout.name,
        prose(layout.doc),
        layout.bytes,
        table.markdown()
    )
}

fn code_section<T: Debug>(title: &str, words: &[(T, u8, &str)]) -> String {
    let mut table = Table::new(["code word", "name", "meaning"]);
    for (value, code, doc) in words {
        table.row([format!("`{code:#04x}`"), format!("`{value:?}`"), prose(doc)]);
    }
    format!("\n## {title}\n\n{}", table.markdown())
}

/// A doc comment as a line of the page: links into the crate become names.
fn prose(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_and_field_of_the_contract_has_a_row() {
        let page = page();
        for block in BLOCKS {
            for register in block.registers {
                let row = format!("| `{:#05x}` |  | **`{}`** |", register.offset, register.name);
                assert!(page.contains(&row), "{} {}", block.name, register.name);
                for field in register.fields {
                    let row = format!("| {} | `{}` |", bits(field), field.name);
                    assert!(page.contains(&row), "{} {}", register.name, field.name);
                }
            }
        }
    }

    #[test]
    fn every_code_word_of_the_contract_has_a_row() {
        let page = page();
        for (outcome, code, _) in Outcome::TABLE {
            assert!(page.contains(&format!("| `{code:#04x}` | `{outcome:?}` |")), "{outcome:?}");
        }
        for (cause, code, _) in FaultCause::TABLE {
            assert!(page.contains(&format!("| `{code:#04x}` | `{cause:?}` |")), "{cause:?}");
        }
    }

    #[test]
    fn a_field_is_shown_with_its_highest_bit_first() {
        let field = |low, width| BitField { name: "F", low, width, doc: "" };
        assert_eq!(bits(&field(8, 8)), "15:8");
        assert_eq!(bits(&field(31, 1)), "31");
    }

    #[test]
    fn links_into_the_crate_become_names() {
        assert_eq!(
            prose(" The lanes, as a [`LaneSet`].\n Two lines."),
            "The lanes, as a `LaneSet`. Two lines."
        );
    }
}
