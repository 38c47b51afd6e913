//! The machine: QEMU, and the card in a process beside it.

use super::programs::Built;
use crate::setup::Cache;
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What went over the serial line.
pub(super) const SERIAL: &str = "serial.log";
const QEMU: &str = "qemu.log";
const CARD: &str = "card.log";

/// MiB of the machine's memory.
const MEMORY: u32 = 768;
/// The kernel: the console; warnings and worse are shown on it; a panic ends the machine; our lines are not thinned out; no
/// time lost on calibrating an emulated clock or on defences of an emulated processor; the IOMMU is used; huge pages for two arenas.
const KERNEL: &str = "hugepages=32 console=ttyS0 loglevel=5 panic=-1 printk.devkmsg=on tsc=reliable no_timer_check mitigations=off intel_iommu=on";

/// What a machine is made of.
pub(super) struct Machine<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) cache: &'a Cache,
    pub(super) built: &'a Built,
    pub(super) image: &'a Path,
    pub(super) logs: &'a Path,
}

/// What a machine left behind.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) serial: String,
    pub(super) qemu: String,
    pub(super) card: String,
    /// How it ended, unless it switched itself off.
    pub(super) cut: Option<String>,
}

impl Machine<'_> {
    /// Runs it to its end, or until the limit in seconds, for the work that the kernel's command line names. Every line that comes
    /// over the serial line is told as it comes.
    pub(super) fn run(&self, work: &str, limit: u64, heard: &mut dyn FnMut(&str)) -> Result<Ran> {
        let card = CardServer::start(self)?;
        let mut qemu = self.qemu(&card, &format!("lab={work}"))?;
        create(&self.logs.join(SERIAL))?;
        let mut line = Lines { file: File::open(self.logs.join(SERIAL))?, begun: Vec::new() };
        qemu.args(["-serial", &format!("file:{}", self.logs.join(SERIAL).display())]);
        let log = create(&self.logs.join(QEMU))?;
        let mut qemu = Process(
            qemu.stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("cannot run QEMU")?,
        );
        let began = Instant::now();
        let cut = loop {
            line.read(heard)?;
            if let Some(status) = qemu.0.try_wait()? {
                break (!status.success()).then(|| format!("QEMU ended with {status}"));
            }
            if began.elapsed() > Duration::from_secs(limit) {
                break Some(format!("the machine was not done after {limit} s and was switched off"));
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        drop(qemu);
        line.read(heard)?;
        let cut = cut.or(card.end()?);
        let read = |name| {
            let path = self.logs.join(name);
            let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            Ok::<_, anyhow::Error>(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Ran { serial: read(SERIAL)?, qemu: read(QEMU)?, card: read(CARD)?, cut })
    }

    /// Gives a person the machine's console.
    pub(super) fn shell(&self) -> Result<()> {
        let card = CardServer::start(self)?;
        workspace::status(self.qemu(&card, "lab=shell")?.args(["-serial", "stdio"]))
    }

    /// QEMU with everything but a serial line.
    fn qemu(&self, card: &CardServer, lab: &str) -> Result<Command> {
        // An emulated IOMMU in which the device's accesses are checked, and of which VFIO is told what is mapped; it reaches no
        // further than that of a desktop. The card
        // is behind a port, as a card is; its messages may take long, as it is simulated.
        let devices = [
            "intel-iommu,intremap=on,caching-mode=on,aw-bits=39".to_owned(),
            "pcie-root-port,id=rp0,slot=1".to_owned(),
            "edu".to_owned(),
            serde_json::json!({
                "driver": "vfio-user-pci",
                "socket": { "type": "unix", "path": card.socket },
                "bus": "rp0",
                "x-msg-timeout": 60_000,
            })
            .to_string(),
        ];
        let mut qemu = Command::new(self.cache.bin().join("qemu-lab"));
        qemu.args(["-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot"])
            .args(["-machine", "q35,kernel-irqchip=off,memory-backend=memory"])
            .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", &format!("{MEMORY}M")])
            // The card's process has to reach the memory: it is a file that both map.
            .args(["-object", &format!("memory-backend-memfd,id=memory,size={MEMORY}M,share=on")]);
        for device in devices {
            qemu.args(["-device", &device]);
        }
        qemu.arg("-kernel").arg(self.cache.root.join("lab/vmlinuz")).arg("-initrd").arg(self.image);
        qemu.args(["-append", &format!("{KERNEL} {lab}")]);
        Ok(qemu)
    }
}

/// The lines of a file that grows.
struct Lines {
    file: File,
    begun: Vec<u8>,
}

impl Lines {
    /// Hands out the lines that were completed since the last call.
    fn read(&mut self, heard: &mut dyn FnMut(&str)) -> Result<()> {
        self.file.read_to_end(&mut self.begun).context("cannot read the serial line's log")?;
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        String::from_utf8_lossy(&whole).lines().for_each(heard);
        Ok(())
    }
}

/// The card: its server, waiting for QEMU.
struct CardServer {
    socket: PathBuf,
    process: Process,
}

impl CardServer {
    fn start(machine: &Machine) -> Result<CardServer> {
        // A socket's path may have 107 bytes, which the target folder may not fit.
        let socket = std::env::temp_dir().join(format!("covert-lab-{}.sock", std::process::id()));
        let mut server = Command::new(&machine.built.card);
        server.arg("--socket").arg(&socket).env("COVERT_CACHE", &machine.cache.root);
        let log = machine.logs.join(CARD);
        server.current_dir(&machine.workspace.root).stdin(Stdio::null());
        server.stdout(Stdio::piped()).stderr(create(&log)?);
        let mut process = Process(server.spawn().context("cannot run the card's server")?);
        let mut line = String::new();
        if let Some(said) = process.0.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        if !line.starts_with("listening on ") {
            let _ = process.0.wait();
            let mut why = String::new();
            File::open(&log).and_then(|mut log| log.read_to_string(&mut why))?;
            bail!("the card does not start: {}", why.trim());
        }
        Ok(CardServer { socket, process })
    }

    /// It ends by itself when its bus is gone; says if it does not, or not well.
    fn end(mut self) -> Result<Option<String>> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            if let Some(status) = self.process.0.try_wait()? {
                return Ok((!status.success()).then(|| format!("the card's server ended with {status}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some("the card's server did not end with its machine".into()))
    }
}

impl Drop for CardServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

/// A child that does not outlive this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("cannot write `{}`", path.display()))
}
