//! Who has the card, as a server of this project says it to a second client.
//!
//! vfio-user has no words for it. A server refuses the second client's `VERSION` with EBUSY, and the refusal goes on as a
//! reply to `VERSION` does: major and minor number, and a JSON text that ends with NUL, here
//! `{"capabilities":{},"holder":{"pid":1234,"program":"covert"}}`. Clients that do not know it, like QEMU, see the error.

use crate::pci::Holder;
use serde_json::{Value, json};

/// What follows the header of a refusal because of this holder.
pub fn notice(holder: &Holder) -> Vec<u8> {
    let text = json!({ "capabilities": {}, "holder": { "pid": holder.pid, "program": holder.name } });
    [&[0; 4], text.to_string().as_bytes(), &[0]].concat()
}

/// The holder that a refusal names, if it names one.
pub fn read(body: &[u8]) -> Option<Holder> {
    let text = body.get(4..)?.strip_suffix(&[0])?;
    let said: Value = serde_json::from_slice(text).ok()?;
    let holder = said.get("holder")?;
    let pid = u32::try_from(holder.get("pid")?.as_u64()?).ok()?;
    // A process names itself as it likes, and this goes to somebody's terminal.
    let clean = |c: char| if c.is_control() { '?' } else { c };
    let name = holder.get("program")?.as_str()?.chars().take(64).map(clean).collect();
    Some(Holder { pid, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read() {
        let holder = Holder { pid: 4711, name: "a \"name\"".into() };
        assert_eq!(read(&notice(&holder)), Some(holder));
    }

    #[test]
    fn no_control_character_reaches_a_terminal() {
        let holder = Holder { pid: 1, name: "\x1b[2J\n".into() };
        assert_eq!(read(&notice(&holder)).unwrap().name, "?[2J?");
    }

    #[test]
    fn what_names_nobody_is_nobody() {
        for body in [
            &b""[..],
            b"\0\0\0\0",
            b"\0\0\0\0{}\0",
            b"\0\0\0\0{\"holder\":{\"pid\":-1,\"program\":\"x\"}}\0",
            b"\0\0\0\0{\"holder\":{\"pid\":1}}\0",
            b"\0\0\0\0{\"holder\":{\"pid\":1,\"program\":\"x\"}}",
            b"\0\0\0\0{\"holder\":\xFF}\0",
        ] {
            assert_eq!(read(body), None, "{body:x?}");
        }
    }
}
