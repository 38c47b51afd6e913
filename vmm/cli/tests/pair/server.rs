//! A card's server as a process of its own, to be killed or stopped.

use crate::support::covert;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// A running `covert card serve`; ended with this.
pub(crate) struct Server {
    child: Child,
    options: &'static [&'static str],
    socket: PathBuf,
}

impl Server {
    /// Starts one, and waits until it listens.
    pub(crate) fn start() -> Server {
        Server::start_with(&[])
    }

    /// Starts one with these options.
    pub(crate) fn start_with(options: &'static [&'static str]) -> Server {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // A socket's path may have 107 bytes, which a target folder may not fit.
        let socket = std::env::temp_dir().join(format!("covert-pair-{}-{count}.sock", std::process::id()));
        Server { child: serve(&socket, options), options, socket }
    }

    /// Kills it and starts another one in its place, on the same socket.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = serve(&self.socket, self.options);
    }

    /// Kills it; its socket is left behind.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn pid(&self) -> u64 {
        self.child.id().into()
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends it a signal. Gives the moment just before.
    pub(crate) fn signal(&self, signal: Signal) -> Instant {
        let now = Instant::now();
        kill_process(Pid::from_child(&self.child), signal).expect("kill");
        now
    }
}

fn serve(socket: &Path, options: &[&str]) -> Child {
    let mut child = covert()
        .args(["card", "serve", "--socket"])
        .arg(socket)
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .expect("covert starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("listening on "), "the server does not listen: {line}");
    child
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_file(&self.socket);
    }
}
