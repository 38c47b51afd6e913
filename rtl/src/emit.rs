//! Writes a block as Verilog that a person can read and every tool takes.
//!
//! It walks the same syntax tree as rust-hdl's own generator but prints it differently: ANSI ports, flip-flops as
//! clocked processes of their parent, one process for each group of assignments that belong together, each
//! distinct module once, whatever the number of its instances.

mod design;
mod printer;

use design::{Module, Net};
use printer::Printer;
use rust_hdl::core::ast::{Verilog, VerilogBlock, VerilogStatement};
use rust_hdl::core::atom::AtomKind;
use rust_hdl::prelude::Block;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// The first line of a `Verilog::Custom` body may name its module; this is the prefix of such a line.
pub const MODULE_NAME: &str = "// module: ";

/// The Verilog of a block and of everything inside it, with the block itself last.
pub fn verilog<B: Block>(block: &B, name: &str) -> String {
    let mut writer = Writer::default();
    writer.module(&Module::of(block, name), name);
    writer.text
}

/// As [`verilog`], but every module inside has the block's name in front of its own: two designs so written can go
/// into one board.
pub fn verilog_apart<B: Block>(block: &B, name: &str) -> String {
    let mut writer = Writer { prefix: format!("{name}_"), ..Writer::default() };
    writer.module(&Module::of(block, name), name);
    writer.text
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
    prefix: String,
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
        self.names.insert(name.clone());
        let about = crate::about(if self.depth == 0 { parent } else { &name });
        let name = if self.depth == 0 { parent.to_owned() } else { self.prefix.clone() + &name };
        for line in about.or_else(|| crate::about(&plain)).unwrap_or_default() {
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
