//! What the machine's serial line says: our own lines, and what the kernel has to say beside them.

use serde::{Deserialize, Serialize};

/// A step that ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(rename = "step")]
    pub(super) name: String,
    /// `passed` or `failed`.
    pub(super) result: String,
    pub(super) detail: String,
    /// Seconds of the machine's clock.
    pub(super) seconds: f64,
}

/// An access that the IOMMU refused, or is to refuse.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// Bus, device and function, as `00:02.0`.
    pub(super) device: String,
    pub(super) address: u64,
    pub(super) write: bool,
}

/// One of our lines.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Said {
    Step(Step),
    Announced {
        /// What the IOMMU is about to refuse.
        refusal: Fault,
    },
    End {
        end: bool,
    },
}

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Log {
    pub(super) steps: Vec<Step>,
    pub(super) announced: Vec<Fault>,
    /// What the kernel reported.
    pub(super) faults: Vec<Fault>,
    /// Every step was tried.
    pub(super) ended: bool,
    /// Lines that should not be there: of ours that cannot be read, of the kernel's that mean trouble.
    pub(super) trouble: Vec<String>,
}

/// Words in a line of the kernel that mean trouble wherever they come from.
const TROUBLE: [&str; 13] = [
    "Kernel panic",
    "Oops",
    "BUG:",
    "WARNING:",
    "general protection fault",
    "unable to handle",
    "segfault",
    "traps:",
    "Out of memory",
    "detected stall",
    "blocked for more than",
    "AER:",
    "INTR-REMAP",
];

/// The step that ended with this line, if one did.
pub(super) fn step(line: &str) -> Option<Step> {
    let (_, said) = line.split_once("LAB {")?;
    match serde_json::from_str(&format!("{{{}", said.trim_end())) {
        Ok(Said::Step(step)) => Some(step),
        _ => None,
    }
}

/// Reads everything that came over the line.
pub(super) fn read(text: &str) -> Log {
    let mut log = Log::default();
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        // A record of the kernel's log may begin in the middle of a line that a program had begun on the same console.
        if let Some((_, said)) = line.split_once("LAB {") {
            match serde_json::from_str(&format!("{{{said}")) {
                Ok(Said::Step(step)) => log.steps.push(step),
                Ok(Said::Announced { refusal }) => log.announced.push(refusal),
                Ok(Said::End { end }) => log.ended |= end,
                Err(error) => log.trouble.push(format!("a line that cannot be read ({error}): {line}")),
            }
        } else if line.contains("DMAR: [DMA") || line.contains("[fault reason") {
            match fault(line) {
                Some(fault) => log.faults.push(fault),
                None => log.trouble.push(line.to_owned()),
            }
        } else if TROUBLE.iter().any(|word| line.contains(word)) {
            log.trouble.push(line.to_owned());
        }
    }
    log
}

/// `DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0x9000000 [fault reason 0x05] PTE Write access is not set`.
fn fault(line: &str) -> Option<Fault> {
    let (_, rest) = line.split_once("DMAR: [DMA ")?;
    let (kind, rest) = rest.split_once(']')?;
    let (_, rest) = rest.split_once("device [")?;
    let (device, rest) = rest.split_once(']')?;
    let (_, rest) = rest.split_once("fault addr 0x")?;
    let address = u64::from_str_radix(rest.split_whitespace().next()?, 16).ok()?;
    let write = match kind.split_whitespace().next()? {
        "Write" => true,
        "Read" => false,
        _ => return None,
    };
    Some(Fault { device: device.to_owned(), address, write })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_are_found_behind_the_kernels_time_and_whatever_a_program_had_begun() {
        let text = "SeaBIOS\r\n[    3.25] LAB {\"step\":\"boot\",\"result\":\"passed\",\"detail\":\"a {b}\",\"seconds\":0.1}\r\n\
                    half a li[    4.00] LAB {\"end\":true}\r\n";
        let log = read(text);
        let step =
            Step { name: "boot".into(), result: "passed".into(), detail: "a {b}".into(), seconds: 0.1 };
        assert_eq!(log, Log { steps: vec![step], ended: true, ..Log::default() });
    }

    #[test]
    fn a_line_of_ours_that_cannot_be_read_is_trouble() {
        for line in ["LAB {\"step\":\"boot\"}", "LAB {\"step\":\"boot\",\"res", "LAB {\"ends\":true}"] {
            assert_eq!(read(line).trouble.len(), 1, "{line}");
        }
    }

    #[test]
    fn refusals_of_the_iommu_are_read_and_those_of_another_form_are_trouble() {
        let line = |kind: &str| {
            format!(
                "[    9.1] DMAR: [DMA {kind} NO_PASID] Request device [00:02.0] fault addr 0x9000000 [fault reason 0x05] \
                 PTE {kind} access is not set\r\n"
            )
        };
        let log = read(&(line("Write") + &line("Read")));
        let fault = |write| Fault { device: "00:02.0".into(), address: 0x900_0000, write };
        assert_eq!((log.faults, log.trouble.len()), (vec![fault(true), fault(false)], 0));
        let strange =
            ["[DMA Write] nobody", "[INTR-REMAP] Request device [00:02.0] [fault reason 0x22] Present"];
        for text in strange {
            assert_eq!(read(&format!("DMAR: {text} [fault reason 5]")).trouble.len(), 1, "{text}");
        }
    }

    #[test]
    fn a_kernel_that_panics_or_complains_is_trouble() {
        for text in [
            "Kernel panic - not syncing: Attempted to kill init!",
            "WARNING: CPU: 0 PID: 1 at x.c:1",
            "Oops: 0000 [#1]",
        ] {
            assert_eq!(read(&format!("[    1.0] {text}\r\n")).trouble.len(), 1, "{text}");
        }
    }
}
