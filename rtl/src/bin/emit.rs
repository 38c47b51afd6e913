//! Writes `rtl/generated/redundancy_unit.v`, or with `--check` says whether it is current.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/redundancy_unit.v");
    let wanted = covert_rtl::generated();
    if check {
        if std::fs::read_to_string(&path).is_ok_and(|found| found == wanted) {
            return ExitCode::SUCCESS;
        }
        eprintln!(
            "{} is not current: run `cargo run -p covert-rtl --bin emit` and commit it",
            path.display()
        );
        return ExitCode::FAILURE;
    }
    match std::fs::write(&path, &wanted) {
        Ok(()) => {
            println!("{}: {} lines", path.display(), wanted.lines().count());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
