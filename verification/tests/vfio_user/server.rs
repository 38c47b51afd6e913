//! A server as a child process.

use crate::need::have;
use covert_driver::vfio_user::VfioUserCard;
use covert_verification::verilated::Verilated;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The exit status of a card that was to die.
pub(crate) const DEAD: i32 = 9;

/// A running `card-server`; killed if it was not seen to end.
pub(crate) struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    /// Starts a server with a link as rough as the seed makes it. `None` where there is no Verilator.
    pub(crate) fn start(seed: u64) -> Option<Server> {
        Server::start_with(seed, &[])
    }

    /// As [`start`](Self::start), with further arguments.
    pub(crate) fn start_with(seed: u64, arguments: &[&str]) -> Option<Server> {
        static THERE: OnceLock<bool> = OnceLock::new();
        // Builds the unit, if need be, before anybody waits for a server.
        if !THERE.get_or_init(|| have(Verilated::unit()).is_some()) {
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("covert-{}-{}.sock", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A socket's path may have 107 bytes, which a target folder may not fit.
        let socket = std::env::temp_dir().join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_card-server"))
            .arg("--socket")
            .arg(&socket)
            .args(["--seed", &seed.to_string(), "--traces", env!("CARGO_TARGET_TMPDIR")])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut it = Server { child, socket };
        if !line.starts_with("listening on ") {
            let (status, said) = it.end();
            panic!("the server ended with {status}: {line}{said}");
        }
        Some(it)
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// How many descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    pub(crate) fn connect(&self) -> VfioUserCard {
        VfioUserCard::connect(&self.socket).unwrap()
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Makes it stand still: its socket stays open, and nothing is answered.
    pub(crate) fn stop(&self) {
        let stop = format!("kill -STOP {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &stop]).status().unwrap().success());
    }

    /// Waits for the end of a server whose client is gone; gives what it said on standard error.
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut said).unwrap();
        }
        let killed = status.code().is_none_or(|code| code == DEAD);
        assert!(killed || !self.socket.exists(), "the socket was left behind");
        (status, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}
