//! The ports of an emitted Verilog module, as far as a top level has to connect them.

use crate::Error;

/// Which way a port goes, seen from its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Into it.
    Input,
    /// Out of it.
    Output,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Which way it goes.
    pub direction: Direction,
    /// How many bits it has.
    pub width: u32,
}

/// The ports of a module, in the order of its head: one a line, as `rtl/src/emit.rs` prints them.
///
/// # Errors
/// The text has no such module, or its head is another kind of head.
pub fn ports(verilog: &str, module: &str) -> Result<Vec<Port>, Error> {
    let head = format!("module {module} (");
    let mut lines = verilog.lines().skip_while(|line| *line != head);
    let none = || Error::Ports(format!("the Verilog has no module `{module}`"));
    lines.next().ok_or_else(none)?;
    let mut ports = Vec::new();
    for line in lines {
        if line.trim() == ");" {
            return Ok(ports);
        }
        let port =
            port(line).ok_or_else(|| Error::Ports(format!("`{}` is no port of `{module}`", line.trim())))?;
        ports.push(port);
    }
    Err(Error::Ports(format!("the head of `{module}` does not end")))
}

fn port(line: &str) -> Option<Port> {
    let words: Vec<&str> = line.trim().trim_end_matches(',').split_whitespace().collect();
    let (direction, kind, range, name) = match words[..] {
        [direction, kind, name] => (direction, kind, None, name),
        [direction, kind, range, name] => (direction, kind, Some(range), name),
        _ => return None,
    };
    let direction = match direction {
        "input" => Direction::Input,
        "output" => Direction::Output,
        _ => return None,
    };
    if !matches!(kind, "wire" | "reg") {
        return None;
    }
    let width = match range {
        None => 1,
        Some(range) => range.strip_prefix('[')?.strip_suffix(":0]")?.parse::<u32>().ok()?.checked_add(1)?,
    };
    Some(Port { name: name.to_owned(), direction, width })
}

/// How many instances of `of` stand in a module, as `rtl/src/emit.rs` prints them.
pub fn instances(verilog: &str, module: &str, of: &str) -> usize {
    let head = format!("module {module} (");
    let body =
        verilog.lines().skip_while(|line| *line != head).skip(1).take_while(|line| *line != "endmodule");
    let is_instance = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], [kind, name, "("] if kind == of && name != "#")
    };
    body.filter(is_instance).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_an_emitted_head() {
        let text = "module other (\n);\nmodule m (\n   input wire clock,\n   output wire [63:0] data\n);\n  wire x;\n";
        let port = |name: &str, direction, width| Port { name: name.into(), direction, width };
        let expected = [port("clock", Direction::Input, 1), port("data", Direction::Output, 64)];
        assert_eq!(ports(text, "m").expect("a head"), expected);
        assert_eq!(ports(text, "other").expect("a head"), []);
    }

    #[test]
    fn instances_are_counted_in_their_module() {
        let text = "module a (\n);\n  lane x (\nendmodule\nmodule m (\n);\n  lane lane$0 (\n  lane lane$1 (\n  vote vote (\nendmodule\n";
        assert_eq!(
            [("m", "lane"), ("m", "vote"), ("a", "lane"), ("n", "lane")]
                .map(|(m, of)| instances(text, m, of)),
            [2, 1, 1, 0]
        );
    }

    #[test]
    fn a_head_of_another_kind_is_refused() {
        for text in [
            "",
            "module m (\n  input wire a",
            "module m (\n  inout wire a\n);",
            "module m (\n  input wire [7:1] a\n);",
        ] {
            assert!(ports(text, "m").is_err(), "{text}");
        }
    }
}
