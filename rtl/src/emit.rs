//! Writes a block as Verilog that a person can read and every tool takes.
//!
//! It walks the same syntax tree as rust-hdl's own generator but prints it differently: ANSI ports, flip-flops as
//! clocked processes of their parent, one process for each group of assignments that belong together, each
//! distinct module once, whatever the number of its instances.

use rust_hdl::core::ast::{
    Verilog, VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression, VerilogLiteral,
    VerilogOp, VerilogOpUnary, VerilogStatement,
};
use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::probe::Probe;
use rust_hdl::core::type_descriptor::TypeKind;
use rust_hdl::prelude::Block;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// The first line of a `Verilog::Custom` body may name its module; this is the prefix of such a line.
pub const MODULE_NAME: &str = "// module: ";

/// The Verilog of a block and of everything inside it, with the block itself last.
pub fn verilog<B: Block>(block: &B, name: &str) -> String {
    let mut collector = Collector::default();
    block.accept(name, &mut collector);
    let root = collector.done.expect("a block has a scope");
    let mut writer = Writer::default();
    writer.module(&root, name);
    writer.text
}

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

struct Net {
    name: String,
    kind: AtomKind,
    width: usize,
    value: VerilogLiteral,
}

#[derive(Default)]
struct Module {
    instance: String,
    nets: Vec<Net>,
    enums: BTreeMap<String, Vec<String>>,
    children: Vec<Module>,
    code: Verilog,
}

impl Module {
    /// A flip-flop of rust-hdl; it becomes a clocked process of its parent.
    fn is_flip_flop(&self) -> bool {
        matches!(&self.code, Verilog::Custom(text) if text.contains("q <= d;"))
    }

    fn ports(&self) -> impl Iterator<Item = &Net> {
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

/// One assignment, condition or selection outside of any loop, with the loops' indices that hold for it.
struct Statement<'a> {
    code: &'a VerilogStatement,
    indices: Vec<(String, usize)>,
    targets: BTreeSet<String>,
}

#[derive(Default)]
struct Writer {
    text: String,
    /// Module bodies already written, by their text without the name.
    written: HashMap<String, String>,
    names: BTreeSet<String>,
    depth: usize,
}

impl Writer {
    /// Writes a module, unless one with the same text is there already, and gives its name.
    fn module(&mut self, module: &Module, parent: &str) -> String {
        self.depth += 1;
        let kinds: Vec<String> = module
            .children
            .iter()
            .map(
                |child| {
                    if child.is_flip_flop() { String::new() } else { self.module(child, &module.instance) }
                },
            )
            .collect();
        self.depth -= 1;
        let body = body(module, &kinds);
        if let Some(name) = self.written.get(&body) {
            return name.clone();
        }
        let plain = match &module.code {
            Verilog::Custom(text) => text.lines().next().and_then(|line| line.strip_prefix(MODULE_NAME)),
            _ => None,
        }
        .unwrap_or_else(|| module.instance.split('$').next().unwrap_or("module"))
        .to_owned();
        let stem = parent.split('$').next().unwrap_or("top");
        let name = [plain.clone(), format!("{stem}_{plain}")]
            .into_iter()
            .chain((2..).map(|n| format!("{stem}_{plain}_{n}")))
            .find(|name| !self.names.contains(name))
            .expect("there is always a next number");
        let name = if self.depth == 0 { parent.to_owned() } else { name };
        self.names.insert(name.clone());
        for line in crate::about(&name).or_else(|| crate::about(&plain)).unwrap_or_default() {
            let _ = writeln!(self.text, "// {line}");
        }
        let _ = writeln!(self.text, "module {name} {body}endmodule\n");
        self.written.insert(body, name.clone());
        name
    }
}

fn range(width: usize) -> String {
    if width == 1 { String::new() } else { format!(" [{}:0]", width - 1) }
}

fn body(module: &Module, kinds: &[String]) -> String {
    let mut out = String::from("(\n");
    let custom = matches!(module.code, Verilog::Custom(_));
    let printer = Printer::new(module);
    let statements = match &module.code {
        Verilog::Combinatorial(code) => flatten(code, &printer),
        _ => Vec::new(),
    };
    let groups = group(&statements);
    let mut continuous = BTreeSet::new();
    for members in &groups {
        if let [only] = members.as_slice()
            && matches!(statements[*only].code, VerilogStatement::Assignment(..))
        {
            continuous.extend(statements[*only].targets.iter().cloned());
        }
    }
    let ports: Vec<&Net> = module.ports().collect();
    for (i, port) in ports.iter().enumerate() {
        let direction = match port.kind {
            AtomKind::InputParameter => "input wire",
            _ if continuous.contains(&port.name) => "output wire",
            _ => "output reg",
        };
        let comma = if i + 1 < ports.len() { "," } else { "" };
        let _ = writeln!(out, "   {direction}{} {}{comma}", range(port.width), port.name);
    }
    out.push_str(");\n");
    if !custom {
        for net in module.nets.iter().filter(|net| net.kind == AtomKind::Constant) {
            let _ = writeln!(out, "   localparam{} {} = {};", range(net.width), net.name, net.value);
        }
        for (name, values) in &module.enums {
            let width = (usize::BITS - (values.len() - 1).leading_zeros()).max(1) as usize;
            for (value, label) in values.iter().enumerate() {
                let label = label.replace("::", "$");
                let label = if label.contains('$') { label } else { format!("{name}${label}") };
                let _ = writeln!(out, "   localparam{} {label} = {width}'d{value};", range(width));
            }
        }
        for net in module.nets.iter().filter(|net| net.kind == AtomKind::LocalSignal) {
            let kind = if continuous.contains(&net.name) { "wire" } else { "reg" };
            let _ = writeln!(out, "   {kind}{} {};", range(net.width), net.name);
        }
        for child in &module.children {
            for port in child.ports().filter(|port| port.name != "clock") {
                let name = format!("{}${}", child.instance, port.name);
                let register = child.is_flip_flop() && port.name == "q";
                let driven_here = port.kind == AtomKind::InputParameter && !continuous.contains(&name);
                let kind = if register || driven_here { "reg" } else { "wire" };
                let start = if register { format!(" = {}'h0", port.width) } else { String::new() };
                let _ = writeln!(out, "   {kind}{} {name}{start};", range(port.width));
            }
        }
        for (child, kind) in module.children.iter().zip(kinds).filter(|(child, _)| !child.is_flip_flop()) {
            let list: Vec<String> = child
                .ports()
                .map(|port| match port.name.as_str() {
                    "clock" => "      .clock(clock)".into(),
                    name => format!("      .{name}({}${name})", child.instance),
                })
                .collect();
            let _ = writeln!(out, "   {kind} {} (\n{}\n   );", child.instance, list.join(",\n"));
        }
    }
    match &module.code {
        Verilog::Combinatorial(_) => {
            for members in &groups {
                process(&mut out, members, &statements, &printer);
            }
        }
        Verilog::Custom(text) => {
            for line in text.lines().filter(|line| !line.starts_with(MODULE_NAME)) {
                let _ = writeln!(out, "   {line}");
            }
        }
        _ => {}
    }
    let flip_flops: Vec<&Module> = module.children.iter().filter(|child| child.is_flip_flop()).collect();
    if !flip_flops.is_empty() {
        out.push_str("   always @(posedge clock) begin\n");
        for child in flip_flops {
            let _ = writeln!(out, "      {0}$q <= {0}$d;", child.instance);
        }
        out.push_str("   end\n");
    }
    out
}

fn process(out: &mut String, members: &[usize], statements: &[Statement<'_>], printer: &Printer) {
    let mut lines = Vec::new();
    for member in members {
        let statement = &statements[*member];
        printer.statement(statement.code, &statement.indices, 2, &mut lines);
    }
    if let ([only], [line]) = (members, lines.as_slice())
        && matches!(statements[*only].code, VerilogStatement::Assignment(..))
    {
        let _ = writeln!(out, "   assign {}", line.trim());
    } else {
        let _ = writeln!(out, "   always @(*) begin\n{}\n   end", lines.join("\n"));
    }
}

/// Takes loops and macros apart and drops what connects clocks: every instance takes its parent's clock.
fn flatten<'a>(code: &'a VerilogBlock, printer: &Printer) -> Vec<Statement<'a>> {
    fn walk<'a>(
        code: &'a VerilogBlock,
        indices: &[(String, usize)],
        printer: &Printer,
        out: &mut Vec<Statement<'a>>,
    ) {
        for statement in code {
            match statement {
                VerilogStatement::Macro(inner) => walk(inner, indices, printer, out),
                VerilogStatement::Loop(each) => {
                    for i in each.from.as_usize()..each.to.as_usize() {
                        let mut indices = indices.to_vec();
                        indices.push((each.index.clone(), i));
                        walk(&each.block, &indices, printer, out);
                    }
                }
                VerilogStatement::Comment(_) => {}
                other => {
                    let mut targets = BTreeSet::new();
                    printer.targets(other, indices, &mut targets);
                    if !targets.iter().all(|target| target.ends_with("$clock")) {
                        out.push(Statement { code: other, indices: indices.to_vec(), targets });
                    }
                }
            }
        }
    }
    let mut out = Vec::new();
    walk(code, &[], printer, &mut out);
    out
}

/// Statements that assign a common signal go together, in their order.
fn group(statements: &[Statement<'_>]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..statements.len()).collect();
    fn find(leader: &mut [usize], mut i: usize) -> usize {
        while leader[i] != i {
            leader[i] = leader[leader[i]];
            i = leader[i];
        }
        i
    }
    let mut owner: HashMap<&str, usize> = HashMap::new();
    for (i, statement) in statements.iter().enumerate() {
        for target in &statement.targets {
            let first = *owner.entry(target).or_insert(i);
            let (a, b) = (find(&mut leader, first), find(&mut leader, i));
            leader[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..statements.len() {
        groups.entry(find(&mut leader, i)).or_default().push(i);
    }
    groups.into_values().collect()
}

struct Printer {
    widths: HashMap<String, usize>,
}

impl Printer {
    fn new(module: &Module) -> Printer {
        let mut widths: HashMap<String, usize> =
            module.nets.iter().map(|net| (net.name.clone(), net.width)).collect();
        for child in &module.children {
            widths
                .extend(child.ports().map(|port| (format!("{}${}", child.instance, port.name), port.width)));
        }
        Printer { widths }
    }

    /// The name of a signal as Verilog has it: `[i]` of an array becomes `$3`.
    fn name(&self, raw: &str, indices: &[(String, usize)]) -> String {
        let mut name = raw.trim_start_matches('.').replace('.', "$").replace("::", "$");
        if let Some(short) = name.strip_suffix("$next") {
            name = short.to_owned();
        }
        while let (Some(open), Some(close)) = (name.find('['), name.find(']')) {
            let inner: String = name[open + 1..close].chars().filter(|c| !"() ".contains(*c)).collect();
            let value: usize = inner
                .split('+')
                .map(|term| {
                    let bound = indices.iter().rev().find(|(index, _)| index == term);
                    bound.map(|(_, value)| *value).or_else(|| term.parse().ok()).expect("a constant index")
                })
                .sum();
            name = format!("{}${value}{}", &name[..open], &name[close + 1..]);
        }
        name
    }

    fn width(&self, e: &VerilogExpression, indices: &[(String, usize)]) -> Option<usize> {
        match e {
            VerilogExpression::Signal(name) => self.widths.get(&self.name(name, indices)).copied(),
            VerilogExpression::Paren(inner) => self.width(inner, indices),
            VerilogExpression::Slice(_, width, _) | VerilogExpression::Cast(_, width) => Some(*width),
            VerilogExpression::Index(..) => Some(1),
            VerilogExpression::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, inner) => {
                self.width(inner, indices)
            }
            VerilogExpression::Unary(..) => Some(1),
            VerilogExpression::Binary(l, op, r) => match op {
                VerilogOp::Eq
                | VerilogOp::Ne
                | VerilogOp::Lt
                | VerilogOp::Le
                | VerilogOp::Gt
                | VerilogOp::Ge
                | VerilogOp::LogicalAnd
                | VerilogOp::LogicalOr => Some(1),
                VerilogOp::Shl | VerilogOp::Shr => self.width(l, indices),
                _ => self.width(l, indices).or_else(|| self.width(r, indices)),
            },
            _ => None,
        }
    }

    /// An expression; a literal takes the width of what it meets.
    fn sized(&self, e: &VerilogExpression, width: Option<usize>, indices: &[(String, usize)]) -> String {
        match (e, width) {
            (VerilogExpression::Literal(value), Some(width)) => {
                format!("{width}'h{:x}", LiteralValue(value))
            }
            (VerilogExpression::Paren(inner), _) => self.sized(inner, width, indices),
            _ => self.expression(e, indices),
        }
    }

    fn expression(&self, e: &VerilogExpression, indices: &[(String, usize)]) -> String {
        match e {
            VerilogExpression::Signal(raw) => match indices.iter().rev().find(|(index, _)| index == raw) {
                Some((_, value)) => value.to_string(),
                None => self.name(raw, indices),
            },
            VerilogExpression::Literal(value) => value.to_string(),
            VerilogExpression::Paren(inner) => self.expression(inner, indices),
            VerilogExpression::Signed(inner) => format!("$signed({})", self.expression(inner, indices)),
            VerilogExpression::Unsigned(inner) => format!("$unsigned({})", self.expression(inner, indices)),
            VerilogExpression::Cast(inner, width) => self.cast(inner, *width, indices),
            VerilogExpression::Unary(op, inner) => {
                let sign = match op {
                    VerilogOpUnary::Not => "~",
                    VerilogOpUnary::Neg => "-",
                    VerilogOpUnary::All => "&",
                    VerilogOpUnary::Any => "|",
                    VerilogOpUnary::Xor => "^",
                };
                format!("({sign}{})", self.expression(inner, indices))
            }
            VerilogExpression::Binary(l, op, r) => {
                let sign = match op {
                    VerilogOp::Add => "+",
                    VerilogOp::Sub => "-",
                    VerilogOp::Mul => "*",
                    VerilogOp::LogicalAnd => "&&",
                    VerilogOp::LogicalOr => "||",
                    VerilogOp::BitXor => "^",
                    VerilogOp::BitAnd => "&",
                    VerilogOp::BitOr => "|",
                    VerilogOp::Shl => "<<",
                    VerilogOp::Shr => ">>",
                    VerilogOp::Eq => "==",
                    VerilogOp::Lt => "<",
                    VerilogOp::Le => "<=",
                    VerilogOp::Ne => "!=",
                    VerilogOp::Ge => ">=",
                    VerilogOp::Gt => ">",
                };
                let shift = matches!(op, VerilogOp::Shl | VerilogOp::Shr);
                let (lw, rw) = (self.width(l, indices), self.width(r, indices));
                let left = self.sized(l, if shift { None } else { rw }, indices);
                let right = match (shift, r.as_ref()) {
                    (true, VerilogExpression::Literal(n)) => n.as_usize().to_string(),
                    (true, _) => self.expression(r, indices),
                    (false, _) => self.sized(r, lw, indices),
                };
                format!("({left} {sign} {right})")
            }
            VerilogExpression::Index(base, at) => {
                if self.width(base, indices) == Some(1) {
                    return self.expression(base, indices);
                }
                format!("{}[{}]", self.expression(base, indices), self.index(at, indices))
            }
            VerilogExpression::Slice(base, width, at) => {
                let base = self.expression(base, indices);
                match (self.constant(at, indices), width) {
                    (Some(low), 1) => format!("{base}[{low}]"),
                    (Some(low), _) => format!("{base}[{}:{low}]", low + width - 1),
                    (None, _) => format!("{base}[{} +: {width}]", self.expression(at, indices)),
                }
            }
            VerilogExpression::IndexReplace(base, at, value) => {
                let (base, at) = (self.expression(base, indices), self.index(at, indices));
                format!("(({base} & ~(1 << {at})) | ({} << {at}))", self.expression(value, indices))
            }
        }
    }

    fn constant(&self, e: &VerilogExpression, indices: &[(String, usize)]) -> Option<usize> {
        match e {
            VerilogExpression::Literal(value) => Some(value.as_usize()),
            VerilogExpression::Paren(inner) => self.constant(inner, indices),
            VerilogExpression::Signal(raw) => {
                indices.iter().rev().find(|(index, _)| index == raw).map(|(_, value)| *value)
            }
            _ => None,
        }
    }

    fn index(&self, e: &VerilogExpression, indices: &[(String, usize)]) -> String {
        self.constant(e, indices).map_or_else(|| self.expression(e, indices), |value| value.to_string())
    }

    fn cast(&self, inner: &VerilogExpression, width: usize, indices: &[(String, usize)]) -> String {
        let text = self.expression(inner, indices);
        match self.width(inner, indices) {
            Some(from) if from == width => text,
            Some(from) if from < width => format!("{{{}'h0, {text}}}", width - from),
            Some(_) if matches!(inner, VerilogExpression::Signal(_)) => format!("{text}[{}:0]", width - 1),
            _ => match inner {
                VerilogExpression::Literal(_) => self.sized(inner, Some(width), indices),
                _ => format!("({text} & {{{width}{{1'b1}}}})"),
            },
        }
    }

    fn targets(&self, statement: &VerilogStatement, indices: &[(String, usize)], out: &mut BTreeSet<String>) {
        let mut block = |code: &VerilogBlock| {
            for inner in code {
                self.targets(inner, indices, out);
            }
        };
        match statement {
            VerilogStatement::Assignment(VerilogExpression::Signal(name), _) => {
                out.insert(self.name(name, indices));
            }
            VerilogStatement::If(c) => {
                block(&c.then);
                match &c.otherwise {
                    VerilogBlockOrConditional::Block(code) => block(code),
                    VerilogBlockOrConditional::Conditional(inner) => self.targets(inner, indices, out),
                    VerilogBlockOrConditional::None => {}
                }
            }
            VerilogStatement::Match(m) => m.cases.iter().for_each(|case| block(&case.block)),
            VerilogStatement::Macro(code) => block(code),
            VerilogStatement::Loop(each) => {
                for i in each.from.as_usize()..each.to.as_usize() {
                    let mut indices = indices.to_vec();
                    indices.push((each.index.clone(), i));
                    for inner in &each.block {
                        self.targets(inner, &indices, out);
                    }
                }
            }
            VerilogStatement::Comment(_) => {}
            other => panic!("the house subset has no such statement: {other:?}"),
        }
    }

    fn statement(
        &self,
        statement: &VerilogStatement,
        indices: &[(String, usize)],
        depth: usize,
        out: &mut Vec<String>,
    ) {
        let pad = "   ".repeat(depth);
        match statement {
            VerilogStatement::Assignment(target, value) => {
                let width = self.width(target, indices);
                let target = self.expression(target, indices);
                let value = self.sized(value, width, indices);
                let bare = value.strip_prefix('(').and_then(|v| v.strip_suffix(')'));
                let value = bare.filter(|v| balanced(v)).unwrap_or(&value);
                out.push(format!("{pad}{target} = {value};"));
            }
            VerilogStatement::If(c) => self.conditional(c, indices, depth, "", out),
            VerilogStatement::Match(m) => {
                out.push(format!("{pad}case ({})", self.expression(&m.test, indices)));
                for case in &m.cases {
                    out.push(format!("{pad}   {}: begin", self.name(&case.condition, indices)));
                    self.block(&case.block, indices, depth + 2, out);
                    out.push(format!("{pad}   end"));
                }
                out.push(format!("{pad}endcase"));
            }
            VerilogStatement::Macro(code) => self.block(code, indices, depth, out),
            VerilogStatement::Loop(each) => {
                for i in each.from.as_usize()..each.to.as_usize() {
                    let mut indices = indices.to_vec();
                    indices.push((each.index.clone(), i));
                    self.block(&each.block, &indices, depth, out);
                }
            }
            VerilogStatement::Comment(_) => {}
            other => panic!("the house subset has no such statement: {other:?}"),
        }
    }

    fn block(&self, code: &VerilogBlock, indices: &[(String, usize)], depth: usize, out: &mut Vec<String>) {
        for inner in code {
            self.statement(inner, indices, depth, out);
        }
    }

    fn conditional(
        &self,
        c: &VerilogConditional,
        indices: &[(String, usize)],
        depth: usize,
        lead: &str,
        out: &mut Vec<String>,
    ) {
        let pad = "   ".repeat(depth);
        let test = self.expression(&c.test, indices);
        let test = if test.starts_with('(') { test } else { format!("({test})") };
        out.push(format!("{pad}{lead}if {test} begin"));
        self.block(&c.then, indices, depth + 1, out);
        match &c.otherwise {
            VerilogBlockOrConditional::Block(code) => {
                out.push(format!("{pad}end else begin"));
                self.block(code, indices, depth + 1, out);
                out.push(format!("{pad}end"));
            }
            VerilogBlockOrConditional::Conditional(inner) => match inner.as_ref() {
                VerilogStatement::If(inner) => self.conditional(inner, indices, depth, "end else ", out),
                other => panic!("an else is a block or a condition: {other:?}"),
            },
            VerilogBlockOrConditional::None => out.push(format!("{pad}end")),
        }
    }
}

/// The digits of a literal, whatever width it was given.
struct LiteralValue<'a>(&'a VerilogLiteral);

impl std::fmt::LowerHex for LiteralValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:x}", self.0);
        f.write_str(text.split_once("'h").map_or(text.as_str(), |(_, digits)| digits))
    }
}

fn balanced(text: &str) -> bool {
    let mut depth = 0i32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
