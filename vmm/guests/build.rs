//! Compiles each bare guest to a static ELF program for fixed addresses.

use std::path::Path;
use std::process::Command;

const GUESTS: [&str; 4] = ["compute", "chatty", "dirty", "inputs"];

fn main() {
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let rustc = std::env::var("RUSTC").expect("cargo sets RUSTC");
    for guest in GUESTS {
        let mut command = Command::new(&rustc);
        command.args([
            "--edition=2024",
            "--crate-type=bin",
            "--target=x86_64-unknown-linux-gnu",
            "-Dwarnings",
        ]);
        for option in [
            "panic=abort",
            "opt-level=2",
            "overflow-checks=on",
            "relocation-model=static",
            "target-feature=+crt-static",
            "strip=symbols",
            "link-arg=-nostdlib",
            "link-arg=-static",
            "link-arg=-no-pie",
            "link-arg=-Wl,--build-id=none",
            "link-arg=-Wl,--no-eh-frame-hdr",
            "link-arg=-Wl,-z,norelro",
            "link-arg=-Wl,-T,guests/link.ld",
        ] {
            command.args(["-C", option]);
        }
        let output = Path::new(&out).join(guest);
        command.arg(format!("guests/{guest}.rs")).arg("-o").arg(&output);
        let status = command.status().expect("rustc runs");
        assert!(status.success(), "the guest {guest} does not compile");
    }
    for file in ["guests", "../replica/src/bare/ports.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
}
