//! What a block consists of: its nets and constants, its parts, and its code.

use rust_hdl::core::ast::{Verilog, VerilogLiteral};
use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::probe::Probe;
use rust_hdl::core::type_descriptor::TypeKind;
use rust_hdl::prelude::Block;
use std::collections::BTreeMap;

/// Words of SystemVerilog (IEEE 1800-2017, annex B) that could be taken for the name of a signal.
const KEYWORDS: &[&str] = &[
    "accept_on",
    "alias",
    "always",
    "and",
    "assert",
    "assign",
    "assume",
    "before",
    "begin",
    "bind",
    "bins",
    "bit",
    "break",
    "buf",
    "byte",
    "case",
    "cell",
    "chandle",
    "checker",
    "class",
    "clocking",
    "config",
    "const",
    "constraint",
    "context",
    "continue",
    "cover",
    "cross",
    "default",
    "design",
    "disable",
    "dist",
    "do",
    "edge",
    "else",
    "end",
    "enum",
    "event",
    "eventually",
    "expect",
    "export",
    "extends",
    "extern",
    "final",
    "for",
    "force",
    "forever",
    "fork",
    "function",
    "generate",
    "global",
    "if",
    "iff",
    "implements",
    "implies",
    "import",
    "incdir",
    "include",
    "initial",
    "inout",
    "input",
    "inside",
    "instance",
    "int",
    "integer",
    "interface",
    "intersect",
    "join",
    "large",
    "let",
    "liblist",
    "library",
    "local",
    "logic",
    "longint",
    "matches",
    "medium",
    "module",
    "modport",
    "nand",
    "negedge",
    "new",
    "nexttime",
    "nor",
    "not",
    "null",
    "or",
    "output",
    "package",
    "packed",
    "parameter",
    "posedge",
    "priority",
    "process",
    "program",
    "property",
    "protected",
    "pull0",
    "pure",
    "rand",
    "ref",
    "reg",
    "reject_on",
    "release",
    "repeat",
    "restrict",
    "return",
    "scalared",
    "sequence",
    "shortint",
    "showcancelled",
    "signed",
    "small",
    "soft",
    "solve",
    "specify",
    "specparam",
    "static",
    "string",
    "strong",
    "struct",
    "super",
    "supply0",
    "supply1",
    "table",
    "tagged",
    "task",
    "this",
    "throughout",
    "time",
    "timeunit",
    "tran",
    "tri",
    "type",
    "typedef",
    "union",
    "unique",
    "unsigned",
    "until",
    "untyped",
    "use",
    "var",
    "vectored",
    "virtual",
    "void",
    "wait",
    "wand",
    "weak",
    "while",
    "wildcard",
    "wire",
    "with",
    "within",
    "wor",
    "xor",
];

pub(super) struct Net {
    pub(super) name: String,
    pub(super) kind: AtomKind,
    pub(super) width: usize,
    pub(super) value: VerilogLiteral,
}

#[derive(Default)]
pub(super) struct Module {
    pub(super) instance: String,
    pub(super) nets: Vec<Net>,
    pub(super) enums: BTreeMap<String, Vec<String>>,
    pub(super) children: Vec<Module>,
    pub(super) code: Verilog,
}

impl Module {
    /// A block and everything inside it.
    pub(super) fn of<B: Block>(block: &B, name: &str) -> Module {
        let mut collector = Collector::default();
        block.accept(name, &mut collector);
        collector.done.expect("a block has a scope")
    }

    /// A flip-flop of rust-hdl; it becomes a clocked process of its parent.
    pub(super) fn is_flip_flop(&self) -> bool {
        matches!(&self.code, Verilog::Custom(text) if text.contains("q <= d;"))
    }

    pub(super) fn ports(&self) -> impl Iterator<Item = &Net> {
        self.nets.iter().filter(|net| net.kind.is_parameter())
    }
}

#[derive(Default)]
struct Collector {
    stack: Vec<Module>,
    namespace: Vec<String>,
    done: Option<Module>,
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        self.stack.push(Module { instance: name.into(), code: node.hdl(), ..Module::default() });
    }

    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        self.namespace.push(name.into());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let module = self.stack.last_mut().expect("an atom lies in a scope");
        let mut path = self.namespace.clone();
        path.push(name.into());
        let full = path.join("$");
        assert!(
            !KEYWORDS.contains(&full.as_str()),
            "`{full}` in {} is a word of SystemVerilog",
            module.instance
        );
        module.nets.push(Net {
            name: full,
            kind: signal.kind(),
            width: signal.bits(),
            value: signal.verilog(),
        });
        let descriptor = signal.descriptor();
        if let TypeKind::Enum(values) = descriptor.kind {
            module.enums.insert(descriptor.name, values);
        }
    }

    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        let module = self.stack.pop().expect("scopes nest");
        match self.stack.last_mut() {
            Some(parent) => {
                for (name, values) in &module.enums {
                    if module.is_flip_flop() {
                        parent.enums.insert(name.clone(), values.clone());
                    }
                }
                parent.children.push(module);
            }
            None => self.done = Some(module),
        }
    }
}
