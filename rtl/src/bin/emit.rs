//! Writes the Verilog of `rtl/generated`, or with `--check` says whether it is current.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated");
    let mut code = ExitCode::SUCCESS;
    for file in covert_rtl::all_generated() {
        let path = folder.join(file.top).with_extension("v");
        if check {
            if std::fs::read_to_string(&path).is_ok_and(|found| found == file.text) {
                continue;
            }
            eprintln!(
                "{} is not current: run `cargo run -p covert-rtl --bin emit` and commit it",
                path.display()
            );
            code = ExitCode::FAILURE;
            continue;
        }
        match std::fs::write(&path, &file.text) {
            Ok(()) => println!("{}: {} lines", path.display(), file.text.lines().count()),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
