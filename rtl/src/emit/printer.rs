//! Prints expressions and statements of one module: every literal sized, every sub-expression in parentheses.

use super::design::Module;
use rust_hdl::core::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression, VerilogLiteral,
    VerilogOp, VerilogOpUnary, VerilogStatement,
};
use std::collections::{BTreeSet, HashMap};

pub(super) struct Printer {
    widths: HashMap<String, usize>,
}

impl Printer {
    pub(super) fn new(module: &Module) -> Printer {
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

    pub(super) fn targets(
        &self,
        statement: &VerilogStatement,
        indices: &[(String, usize)],
        out: &mut BTreeSet<String>,
    ) {
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

    pub(super) fn statement(
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
