//! Programs that the host's compiler makes, linked statically in the ways there are.

use crate::small_world::{Ended, SmallWorld, execute, program};
use std::path::PathBuf;
use std::process::Command;

/// A folder of one test, emptied.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an old folder goes");
    }
    std::fs::create_dir_all(&folder).expect("a new folder");
    folder
}

/// Compiles C, or `None` and a line that says what is missing.
fn compile(folder: &std::path::Path, source: &str, flags: &[&str]) -> Option<String> {
    let (from, to) = (folder.join("program.c"), folder.join("program"));
    std::fs::write(&from, source).expect("a source");
    match Command::new("cc").args(flags).arg("-O2").arg(&from).arg("-o").arg(&to).output() {
        Ok(output) if output.status.success() => Some(to.to_str().expect("text").into()),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("SKIPPED: cc cannot be run ({error}): apt-get install -y gcc libc6-dev");
            None
        }
    }
}

fn run(name: &str, source: &str, flags: &[&str], stdin: &[u8]) -> Option<Ended> {
    let folder = folder(name);
    let path = compile(&folder, source, flags)?;
    let mut world = SmallWorld::new(folder, stdin);
    let mut program = program(&path, &["program", "argument"]);
    program.path = "/program".into();
    execute(program, &mut world)?;
    Some(world.ended)
}

const TIME: &str = r#"
#include <stdio.h>
#include <x86intrin.h>
int main(int count, char **arguments) {
    unsigned processor, pages = 0;
    unsigned long long first = __rdtsc(), second = __rdtscp(&processor);
    printf("%s %s: %llu %u\n", arguments[0], arguments[count - 1], second - first, processor);
    volatile char large[1 << 20];
    for (int at = sizeof large - 4096; at >= 0; at -= 4096) large[at] = 1;
    for (int at = 0; at < sizeof large; at += 4096) pages += large[at];
    printf("%u\n", pages);
    return 3;
}
"#;

#[test]
fn every_kind_of_static_program_runs_and_reads_the_same_time() {
    for (name, flags) in [
        ("fixed", &["-static"][..]),
        ("independent", &["-static-pie"]),
        ("stripped", &["-static", "-s"]),
        ("stripped-independent", &["-static-pie", "-s"]),
    ] {
        let Some(ended) = run(name, TIME, flags, b"") else { return };
        let stdout = String::from_utf8(ended.stdout).expect("text");
        assert_eq!(stdout, "program argument: 20000 0\n256\n", "{name}");
        assert_eq!((ended.status, &ended.unserved), (3, &vec![]), "{name}");
    }
}

#[test]
fn a_dynamic_program_is_refused_with_what_to_do() {
    let folder = folder("dynamic");
    let Some(path) = compile(&folder, "int main() { return 0; }", &[]) else { return };
    let Some(kvm) = crate::support::kvm() else { return };
    let process = covert_replica::process::Process::new(program(&path, &["program"]));
    let error = covert_replica::machine::Machine::new(&kvm, Box::new(process), &crate::support::MEMORY)
        .expect_err("it cannot run");
    assert!(error.to_string().contains("link it statically"), "{error}");
}

#[test]
fn a_program_that_does_what_is_not_allowed_ends_as_a_shell_shows_it() {
    let cases = [
        ("segv", "*(volatile int *)8 = 1;", 139, "SIGSEGV"),
        ("text", "*(volatile char *)main = 1;", 139, "SIGSEGV"),
        ("ill", "__builtin_trap();", 132, "SIGILL"),
        ("fpe", "volatile int one = 7, zero = 0; return one / zero;", 136, "SIGFPE"),
        ("trap", "__asm__ volatile(\"int3\");", 133, "SIGTRAP"),
        ("abort", "__builtin_abort();", 134, "SIGABRT"),
        ("port", "__asm__ volatile(\"outb %al, $0x80\");", 139, "SIGSEGV"),
        ("deep", "volatile char deep[64 << 20]; deep[0] = 1; return deep[0];", 139, "SIGSEGV"),
    ];
    for (name, body, status, signal) in cases {
        let source = format!("int main() {{ {body} return 0; }}");
        let Some(ended) = run(name, &source, &["-static", "-w"], b"") else { return };
        assert_eq!(ended.status, status, "{name}: {:?}", ended.unserved);
        assert!(ended.unserved.iter().any(|line| line.contains(signal)), "{name}: {:?}", ended.unserved);
    }
}
