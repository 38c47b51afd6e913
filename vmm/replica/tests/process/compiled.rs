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

const SIGNALS: &str = r#"
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static sigjmp_buf back;
static volatile int seen;
static void count(int signal) { seen += signal; }
static void leave(int signal, siginfo_t *info, void *context) {
    siglongjmp(back, info->si_addr == (void *)16 ? 1 : 2);
}
static int deep(int level) { volatile char room[4096]; room[0] = level; return deep(level + 1) + room[0]; }
int main() {
    signal(SIGUSR1, count);
    raise(SIGUSR1);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    printf("blocked: %d\n", seen);
    sigprocmask(SIG_SETMASK, &old, 0);
    printf("released: %d\n", seen);
    static char other[65536];
    stack_t stack = { .ss_sp = other, .ss_size = sizeof other };
    sigaltstack(&stack, 0);
    struct sigaction action = { .sa_sigaction = leave, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaction(SIGSEGV, &action, 0);
    int way = sigsetjmp(back, 1);
    if (way == 0) *(volatile int *)16 = 1;
    printf("fault: %d\n", way);
    way = sigsetjmp(back, 1);
    if (way == 0) deep(0);
    printf("overflow: %d\n", way);
    fflush(stdout);
    signal(SIGTERM, SIG_IGN);
    raise(SIGTERM);
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
    return 0;
}
"#;

#[test]
fn a_program_gets_its_own_signals() {
    let Some(ended) = run("signals", SIGNALS, &["-static", "-w"], b"") else { return };
    let stdout = String::from_utf8(ended.stdout).expect("text");
    assert_eq!(stdout, "blocked: 10\nreleased: 20\nfault: 1\noverflow: 2\n", "{:?}", ended.unserved);
    assert_eq!(ended.status, 128 + 15);
}

const FILES: &str = r#"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define TRY(what) do { if ((what) < 0) printf("%s: %s\n", #what, strerror(errno)); } while (0)
int main() {
    struct stat status;
    char buffer[256];
    TRY(mkdir("folder", 0755));
    TRY(chdir("folder"));
    printf("%s\n", getcwd(buffer, sizeof buffer));
    FILE *file = fopen("b", "w");
    for (int line = 0; line < 30000; line++) fprintf(file, "line %d\n", line);
    fclose(file);
    TRY(rename("b", "a"));
    TRY(symlink("a", "link"));
    file = fopen("link", "a");
    fprintf(file, "the end\n");
    printf("%ld\n", ftell(file));
    fclose(file);
    TRY(stat("a", &status));
    printf("%ld %o\n", (long)status.st_size, status.st_mode);
    TRY(chmod("a", 0600));
    TRY(lstat("link", &status));
    printf("%d\n", S_ISLNK(status.st_mode));
    buffer[readlink("link", buffer, sizeof buffer)] = 0;
    printf("%s\n", buffer);
    int fd = open("a", O_RDWR);
    char *mapped = mmap(0, 400000, PROT_READ, MAP_PRIVATE, fd, 0);
    unsigned sum = 0;
    for (int at = 0; at < 318898; at++) sum = sum * 31 + mapped[at];
    printf("%u\n", sum);
    munmap(mapped, 400000);
    printf("%ld\n", (long)lseek(fd, -8, SEEK_END));
    printf("%ld %.8s", (long)read(fd, buffer, 100), buffer);
    TRY(ftruncate(fd, 5));
    printf("%ld\n", (long)pread(fd, buffer, 100, 2));
    TRY(fsync(fd));
    close(fd);
    DIR *directory = opendir(".");
    for (struct dirent *entry; (entry = readdir(directory));) printf("%s %d\n", entry->d_name, entry->d_type);
    closedir(directory);
    TRY(unlink("link"));
    TRY(rmdir("nothing"));
    TRY(unlink("a"));
    TRY(chdir(".."));
    TRY(rmdir("folder"));
    TRY(access("folder", F_OK));
    printf("%d\n", dup2(1, 7));
    TRY(write(7, "through 7\n", 10));
    return 0;
}
"#;

#[test]
fn a_program_works_with_files_as_on_the_host() {
    let flags = ["-static", "-w"];
    let Some(ended) = run("files", FILES, &flags, b"") else { return };
    let host = folder("files-host");
    let Some(path) = compile(&host, FILES, &flags) else { return };
    let native = Command::new(path).current_dir(&host).output().expect("it runs");
    let expected = String::from_utf8(native.stdout).expect("text");
    let mut expected: Vec<&str> = expected.lines().collect();
    // Where it is differs; a link is not a file to readdir; the world of the test sorts, and has no dots.
    let prefix = host.to_str().expect("text");
    let stripped: Vec<String> = expected.drain(..).map(|line| line.replace(prefix, "")).collect();
    let mut expected: Vec<String> =
        stripped.into_iter().filter(|line| !line.starts_with('.') && !line.starts_with("link ")).collect();
    let stdout = String::from_utf8(ended.stdout).expect("text");
    let mut lines: Vec<String> =
        stdout.lines().filter(|line| !line.starts_with("link ")).map(str::to_owned).collect();
    // What was written past the buffer of stdio comes first or last, as on the host.
    expected.sort();
    lines.sort();
    assert_eq!(lines, expected);
    assert_eq!((ended.status, ended.unserved), (0, vec![]));
}

const PROCESSOR: &str = r#"
#include <cpuid.h>
#include <stdio.h>
int main() {
    for (unsigned base = 0; base < 3; base++)
        for (unsigned leaf = 0; leaf < 0x30; leaf++)
            for (unsigned index = 0; index < 3; index++) {
                unsigned a, b, c, d, first = base == 0 ? 0 : base == 1 ? 0x80000000 : 0x40000000;
                __cpuid_count(first + leaf, index, a, b, c, d);
                printf("%x.%x %x %x %x %x\n", first + leaf, index, a, b, c, d);
            }
    return 0;
}
"#;

#[test]
fn a_program_cannot_tell_which_core_it_runs_on() {
    let mut seen = Vec::new();
    for first in [true, false] {
        crate::replicas::move_to(first);
        let Some(ended) = run("processor", PROCESSOR, &["-static"], b"") else { return };
        seen.push(String::from_utf8(ended.stdout).expect("text"));
    }
    assert!(seen[0].lines().count() > 400);
    for (one, other) in seen[0].lines().zip(seen[1].lines()) {
        assert_eq!(one, other);
    }
    // No hypervisor, and no AVX.
    assert!(seen[0].contains("40000000.0 0 0 0 0\n"));
}

const RUST: &str = r#"
use std::collections::HashMap;
use std::io::Read;
fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let mut words = HashMap::new();
    for word in text.split_whitespace() {
        *words.entry(word).or_insert(0) += 1;
    }
    let mut words: Vec<_> = words.into_iter().collect();
    words.sort();
    println!("{words:?}");
    let begun = std::time::Instant::now();
    std::thread::sleep(std::time::Duration::from_millis(20));
    println!("{}", begun.elapsed().as_millis() >= 20);
    std::fs::write("/written", "content").unwrap();
    println!("{:?}", std::fs::read_to_string("/written"));
    println!("{:?}", std::fs::metadata("/nothing").map_err(|error| error.kind()).err());
    println!("{:?}", std::thread::Builder::new().spawn(|| ()).is_err());
    println!("{:?}", std::process::Command::new("/bin/true").spawn().is_err());
    println!("{:?}", std::net::TcpListener::bind("127.0.0.1:0").is_err());
}
"#;

#[test]
fn a_rust_program_runs_and_is_told_what_it_cannot_have() {
    let folder = folder("rust");
    let (from, to) = (folder.join("program.rs"), folder.join("program"));
    std::fs::write(&from, RUST).expect("a source");
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let flags = ["-O", "-C", "target-feature=+crt-static", "--target", "x86_64-unknown-linux-gnu", "-o"];
    let output = Command::new(compiler).args(flags).arg(&to).arg(&from).output().expect("rustc runs");
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        eprintln!("SKIPPED: no static Rust program can be linked: apt-get install -y gcc libc6-dev\n{error}");
        return;
    }
    let mut world = SmallWorld::new(folder, b"one two one");
    if execute(program(to.to_str().expect("text"), &["program"]), &mut world).is_none() {
        return;
    }
    let stdout = String::from_utf8(world.ended.stdout).expect("text");
    let expected = "[(\"one\", 2), (\"two\", 1)]\ntrue\nOk(\"content\")\nSome(NotFound)\ntrue\ntrue\ntrue\n";
    assert_eq!((stdout.as_str(), world.ended.status), (expected, 0));
    let unserved = world.ended.unserved.join(", ");
    assert!(unserved.contains("(clone)") && unserved.contains("(socket)"), "{unserved}");
}
