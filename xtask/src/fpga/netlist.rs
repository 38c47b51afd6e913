//! A netlist of yosys: cells by kind, and whether both copies of the comparator are still there.

use anyhow::{Context, Result, bail};
use covert_boards::board::Family;
use covert_boards::manifest::{Redundancy, Size};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A register that is there twice, plain and complemented, and the flip-flops that each copy must have.
pub(crate) type Twice = (&'static str, &'static str, usize);

/// Those of the unit with two lanes. Of `votes` only the bits of its lanes exist.
pub(crate) const TWO_LANES: &[Twice] = &[
    ("vote.a0$q", "vote.b0$q", 64),
    ("vote.a1$q", "vote.b1$q", 64),
    ("vote.here$0$q", "vote.here_n$0$q", 1),
    ("vote.here$1$q", "vote.here_n$1$q", 1),
    ("vote.gone$0$q", "vote.gone_n$0$q", 1),
    ("vote.gone$1$q", "vote.gone_n$1$q", 1),
    ("vote.equal$q", "vote.differ$q", 1),
    ("vote.outcome$q", "vote.outcome_n$q", 8),
    ("vote.votes$q", "vote.votes_n$q", 4),
    ("vote.agreed$q", "vote.agreed_n$q", 64),
    ("vote.releases$q", "vote.releases_n$q", 1),
    ("generation.at$q", "generation.at_n$q", 64),
    ("generation.count$q", "generation.count_n$q", 32),
];

/// Those of the unit with three lanes, which compares each lane with each.
pub(crate) const THREE_LANES: &[Twice] = &[
    ("vote.a0$q", "vote.b0$q", 64),
    ("vote.a1$q", "vote.b1$q", 64),
    ("vote.a2$q", "vote.b2$q", 64),
    ("vote.here$0$q", "vote.here_n$0$q", 1),
    ("vote.here$1$q", "vote.here_n$1$q", 1),
    ("vote.here$2$q", "vote.here_n$2$q", 1),
    ("vote.gone$0$q", "vote.gone_n$0$q", 1),
    ("vote.gone$1$q", "vote.gone_n$1$q", 1),
    ("vote.gone$2$q", "vote.gone_n$2$q", 1),
    ("vote.equal_01$q", "vote.differ_01$q", 1),
    ("vote.equal_02$q", "vote.differ_02$q", 1),
    ("vote.equal_12$q", "vote.differ_12$q", 1),
    ("vote.outcome$q", "vote.outcome_n$q", 8),
    ("vote.votes$q", "vote.votes_n$q", 6),
    ("vote.agreed$q", "vote.agreed_n$q", 64),
    ("vote.releases$q", "vote.releases_n$q", 1),
    ("generation.at$q", "generation.at_n$q", 64),
    ("generation.count$q", "generation.count_n$q", 32),
];

/// A netlist as `write_json` of yosys leaves it, as far as it matters here.
#[derive(Deserialize)]
struct Netlist {
    modules: BTreeMap<String, Module>,
}

#[derive(Deserialize)]
pub(crate) struct Module {
    cells: BTreeMap<String, Cell>,
    netnames: BTreeMap<String, Net>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(rename = "type")]
    kind: String,
    connections: BTreeMap<String, Vec<Bit>>,
}

#[derive(Deserialize)]
struct Net {
    bits: Vec<Bit>,
}

/// A net by its number, or a constant.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(from = "serde_json::Value")]
struct Bit(Option<u64>);

impl From<serde_json::Value> for Bit {
    fn from(value: serde_json::Value) -> Bit {
        Bit(value.as_u64())
    }
}

/// A register that is there twice, and how many flip-flops each copy has of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Pair {
    pub(crate) plain: &'static str,
    pub(crate) complemented: &'static str,
    pub(crate) expected: usize,
    pub(crate) plain_found: usize,
    pub(crate) complemented_found: usize,
}

/// What a family's cells are called.
struct Kinds {
    flip_flops: &'static [&'static str],
    block_rams: &'static [&'static str],
    distributed_rams: &'static [&'static str],
}

fn kinds(family: Family) -> Kinds {
    match family {
        Family::Ecp5 => Kinds {
            flip_flops: &["TRELLIS_FF"],
            block_rams: &["DP16KD"],
            distributed_rams: &["TRELLIS_DPR16X4"],
        },
        Family::Artix7 => Kinds {
            flip_flops: &["FDRE", "FDSE", "FDCE", "FDPE"],
            block_rams: &["RAMB18E1", "RAMB36E1"],
            distributed_rams: &[
                "RAM32M",
                "RAM64M",
                "RAM32X1D",
                "RAM64X1D",
                "RAM128X1D",
                "RAM32X1S",
                "RAM64X1S",
            ],
        },
    }
}

fn is_lut(kind: &str) -> bool {
    kind.strip_prefix("LUT").is_some_and(|inputs| matches!(inputs, "1" | "2" | "3" | "4" | "5" | "6"))
}

impl Module {
    /// The module `top` of what `write_json` wrote.
    pub(crate) fn parse(netlist: &str, top: &str) -> Result<Module> {
        let mut netlist: Netlist = serde_json::from_str(netlist).context("not a netlist of yosys")?;
        netlist.modules.remove(top).with_context(|| format!("the netlist has no module `{top}`"))
    }

    /// Its cells by kind.
    pub(crate) fn size(&self, family: Family) -> Size {
        let kinds = kinds(family);
        let count = |is: &dyn Fn(&str) -> bool| self.cells.values().filter(|cell| is(&cell.kind)).count();
        let among = |some: &'static [&'static str]| count(&|kind| some.contains(&kind));
        Size {
            luts: count(&is_lut),
            flip_flops: among(kinds.flip_flops),
            block_rams: among(kinds.block_rams),
            distributed_rams: among(kinds.distributed_rams),
        }
    }

    fn flip_flops(&self, family: Family) -> impl Iterator<Item = (&String, &Cell)> {
        let kinds = kinds(family).flip_flops;
        self.cells.iter().filter(move |(_, cell)| kinds.contains(&cell.kind.as_str()))
    }

    /// Counts the flip-flops of each copy that no other register of the list shares. `prefix` is what stands before the unit's names.
    pub(crate) fn copies(&self, twice: &[Twice], family: Family, prefix: &str) -> Vec<Pair> {
        let outputs: BTreeSet<Bit> = self
            .flip_flops(family)
            .flat_map(|(_, cell)| cell.connections.get("Q").into_iter().flatten())
            .copied()
            .collect();
        let flops = |name: &str| -> BTreeSet<Bit> {
            let bits = self.netnames.get(&format!("{prefix}{name}")).into_iter().flat_map(|net| &net.bits);
            bits.filter(|bit| bit.0.is_some() && outputs.contains(bit)).copied().collect()
        };
        let mut users: BTreeMap<Bit, usize> = BTreeMap::new();
        for &(plain, complemented, _) in twice {
            for bit in flops(plain).into_iter().chain(flops(complemented)) {
                *users.entry(bit).or_default() += 1;
            }
        }
        let own = |name: &str| flops(name).iter().filter(|bit| users[bit] == 1).count();
        let pair = |&(plain, complemented, expected): &Twice| Pair {
            plain,
            complemented,
            expected,
            plain_found: own(plain),
            complemented_found: own(complemented),
        };
        twice.iter().map(pair).collect()
    }

    /// The registers of the RTL by the flip-flops that synthesis made of them.
    pub(crate) fn registers(&self, family: Family) -> BTreeMap<String, String> {
        let named = self.netnames.iter().filter(|(name, _)| !name.starts_with('$'));
        let names: BTreeMap<Bit, &String> =
            named.flat_map(|(name, net)| net.bits.iter().map(move |bit| (*bit, name))).collect();
        let register = |cell: &Cell| Some((*names.get(cell.connections.get("Q")?.first()?)?).clone());
        self.flip_flops(family).filter_map(|(name, cell)| Some((name.clone(), register(cell)?))).collect()
    }
}

/// Fails if synthesis made one register of two, by the name of each that is not whole.
pub(crate) fn judge(copies: &[Pair]) -> Result<()> {
    let lost: Vec<_> = copies
        .iter()
        .filter(|pair| pair.plain_found < pair.expected || pair.complemented_found < pair.expected)
        .map(|pair| {
            format!(
                "{} has {} and {} has {} of {} flip-flops",
                pair.plain, pair.plain_found, pair.complemented, pair.complemented_found, pair.expected
            )
        })
        .collect();
    if !lost.is_empty() {
        bail!("synthesis has merged copies of the comparator: {}", lost.join("; "));
    }
    Ok(())
}

/// The copies' flip-flops in sum.
pub(crate) fn redundancy(copies: &[Pair]) -> Redundancy {
    let sum = |of: fn(&Pair) -> usize| copies.iter().map(of).sum();
    Redundancy {
        expected: sum(|pair| pair.expected),
        plain: sum(|pair| pair.plain_found),
        complemented: sum(|pair| pair.complemented_found),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A netlist with one flip-flop a bit of every copy, except that `merged` has its partner's.
    pub(crate) fn netlist(
        twice: &[Twice],
        top: &str,
        prefix: &str,
        family: Family,
        merged: Option<&str>,
    ) -> Module {
        let (mut cells, mut nets, mut next) = (Vec::new(), Vec::new(), 2);
        let flop = kinds(family).flip_flops[0];
        for &(plain, complemented, width) in twice {
            let mut bits = Vec::new();
            for name in [plain, complemented] {
                if merged != Some(name) {
                    bits = (next..next + width).collect();
                    next += width;
                    cells.extend(bits.iter().map(|bit| {
                        format!(r#""f{bit}":{{"type":"{flop}","connections":{{"Q":[{bit}],"D":["0"]}}}}"#)
                    }));
                }
                let bits: Vec<_> = bits.iter().map(usize::to_string).collect();
                nets.push(format!(r#""{prefix}{name}":{{"bits":["0",{}]}}"#, bits.join(",")));
            }
        }
        cells.push(r#""l":{"type":"LUT4","connections":{"Z":[1]}}"#.into());
        let text = format!(
            r#"{{"modules":{{"{top}":{{"cells":{{{}}},"netnames":{{{}}}}}}}}}"#,
            cells.join(","),
            nets.join(",")
        );
        Module::parse(&text, top).expect("as yosys writes it")
    }

    #[test]
    fn cells_are_counted_by_kind() {
        let flip_flops = 2 * TWO_LANES.iter().map(|(_, _, width)| width).sum::<usize>();
        let expected = Size { luts: 1, flip_flops, block_rams: 0, distributed_rams: 0 };
        for family in [Family::Ecp5, Family::Artix7] {
            assert_eq!(netlist(TWO_LANES, "m", "", family, None).size(family), expected);
        }
    }

    #[test]
    fn two_whole_copies_pass_and_a_merged_one_fails_by_name() {
        for (family, prefix) in [(Family::Ecp5, ""), (Family::Artix7, "unit.")] {
            for twice in [TWO_LANES, THREE_LANES] {
                let copies =
                    |merged| netlist(twice, "m", prefix, family, merged).copies(twice, family, prefix);
                assert!(judge(&copies(None)).is_ok());
                for (_, complemented, _) in twice {
                    let error = judge(&copies(Some(complemented))).expect_err("merged");
                    assert!(error.to_string().contains(complemented), "{error}");
                }
            }
        }
    }

    #[test]
    fn every_register_that_must_be_there_twice_is_in_the_verilog() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../rtl/generated");
        for (file, twice) in [("redundancy_unit.v", TWO_LANES), ("redundancy_unit_3.v", THREE_LANES)] {
            let text = std::fs::read_to_string(root.join(file)).expect("it is committed");
            for name in twice.iter().flat_map(|(plain, complemented, _)| [plain, complemented]) {
                let (_, register) = name.split_once('.').expect("a block and its register");
                assert!(text.contains(&format!(" {register} = ")), "{file} has no {name}");
            }
        }
    }
}
