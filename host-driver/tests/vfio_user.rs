//! The vfio-user client against servers that do not behave. One that does is in `covert-verification`.

use covert_driver::pci::Holder;
use covert_driver::vfio_user::{VfioUserCard, VfioUserError, holder};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What a server does with the first message, of which it has read the header.
type Script = fn(&mut UnixStream, [u8; 16]);

/// Connects to a server that does this to every message.
fn connect(name: &str, script: Script) -> Result<VfioUserCard, VfioUserError> {
    let path: PathBuf = std::env::temp_dir().join(format!("covert-{}-{name}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut header = [0; 16];
        while stream.read_exact(&mut header).is_ok() {
            let bytes = u32::from_ne_bytes(header[4..8].try_into().unwrap()) as usize;
            let mut body = vec![0; bytes.saturating_sub(16)];
            if stream.read_exact(&mut body).is_err() {
                return;
            }
            script(&mut stream, header);
        }
    });
    let card = VfioUserCard::connect_with(&path, Duration::from_millis(200));
    let _ = std::fs::remove_file(&path);
    card
}

/// Answers a message with these flags, error and body.
fn answer(stream: &mut UnixStream, header: [u8; 16], flags: u32, error: u32, body: &[u8]) {
    let bytes = 16 + body.len() as u32;
    let parts = [&header[..4], &bytes.to_ne_bytes(), &flags.to_ne_bytes(), &error.to_ne_bytes(), body];
    let _ = stream.write_all(&parts.concat());
}

fn fails(name: &str, script: Script) -> VfioUserError {
    let began = Instant::now();
    let error = connect(name, script).err().unwrap_or_else(|| panic!("{name}: that was no card"));
    assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
    error
}

#[test]
fn a_server_that_does_not_answer_is_given_up_in_time() {
    let error = fails("silent", |_, _| ());
    assert!(matches!(error, VfioUserError::Socket { doing: "receive", .. }), "{error}");
    let error = fails("half", |stream, header| {
        let _ = stream.write_all(&header[..9]);
    });
    assert!(matches!(error, VfioUserError::Socket { doing: "receive", .. }), "{error}");
}

#[test]
fn a_refusal_is_an_error_also_without_a_number() {
    for (name, script) in [
        ("refused", (|stream, header| answer(stream, header, 0x21, 22, &[])) as Script),
        ("refused-0", |stream, header| answer(stream, header, 0x21, 0, &[])),
    ] {
        let error = fails(name, script);
        assert!(matches!(error, VfioUserError::Refused { errno: 0 | 22, .. }), "{error}");
    }
}

#[test]
fn a_card_in_use_names_its_socket_and_its_holder_if_the_server_does() {
    let error = fails("held", |stream, header| {
        let holder = Holder { pid: 4711, name: "qemu".into() };
        answer(stream, header, 0x21, 16, &holder::notice(&holder));
    });
    let said = error.to_string();
    assert!(said.contains("held.sock is in use by process 4711 (qemu)"), "{said}");
    let error = fails("held-by", |stream, header| answer(stream, header, 0x21, 16, &[]));
    assert!(matches!(error, VfioUserError::Held { holder: None, .. }), "{error}");
    assert!(error.to_string().contains("another client"), "{error}");
}

#[test]
fn an_answer_to_something_else_is_not_taken() {
    let error = fails("other", |stream, mut header| {
        header[0] ^= 1;
        answer(stream, header, 1, 0, &[0; 32]);
    });
    assert!(matches!(error, VfioUserError::Protocol(_)), "{error}");
}

#[test]
fn another_major_version_is_refused() {
    let error = fails("version", |stream, header| answer(stream, header, 1, 0, &[9, 0, 0, 0, b'{', b'}', 0]));
    assert!(error.to_string().contains("another major version"), "{error}");
}

#[test]
fn a_device_that_cannot_be_reset_or_says_nothing_of_itself_is_refused() {
    let error = fails("device", |stream, header| answer(stream, header, 1, 0, &[0; 16]));
    assert!(error.to_string().contains("no PCI device that can be reset"), "{error}");
    let error = fails("short", |stream, header| answer(stream, header, 1, 0, &[0; 4]));
    assert!(matches!(error, VfioUserError::Protocol(_)), "{error}");
}

#[test]
fn where_nobody_listens_the_socket_is_named() {
    let error = VfioUserCard::connect("/nowhere/card.sock".as_ref()).unwrap_err();
    assert!(error.to_string().contains("/nowhere/card.sock"), "{error}");
}
