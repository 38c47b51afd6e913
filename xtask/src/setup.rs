//! `cargo xtask setup`: installs what the machine lacks, and runs each tool to see that it works.

mod cache;
mod plan;
#[cfg(test)]
pub(crate) mod scratch;
mod tools;

pub(crate) use cache::Cache;
pub(crate) use tools::Set;

use crate::report::{self, Progress, Table};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use plan::{Action, Apt, Machine, State, plan};
use serde::Serialize;
use std::fs;
use std::process::{Command, Stdio};
use tools::{TOOLS, Tool};

/// Install what the machine lacks: Debian packages, and everything else in `.cache/`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also what builds bitstreams and flashes them: native where it can be fetched, else slow
    #[arg(long)]
    fpga: bool,
    /// Also what builds the book
    #[arg(long)]
    docs: bool,
    /// Also what fuzzes
    #[arg(long)]
    fuzz: bool,
    /// Also what the lab boots: QEMU and a kernel, in the cache alone
    #[arg(long)]
    lab: bool,
    /// Install nothing; fail if something is missing
    #[arg(long)]
    check: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    tool: &'static str,
    state: &'static str,
    purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    install: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let wanted = |set| match set {
        Set::Base => true,
        Set::Fpga => args.fpga,
        Set::FpgaAnywhere => false,
        Set::Docs => args.docs,
        Set::Fuzz => args.fuzz,
        Set::Lab => args.lab,
    };
    let mut cache = Cache::locate(workspace);
    let selected: Vec<_> = TOOLS.iter().filter(|tool| wanted(tool.set)).collect();
    let mut states = examine(&cache, &selected);
    let mut actions = plan(&states, &machine(workspace, &cache));
    if !args.check && !actions.is_empty() {
        states = perform(&cache, &actions, &selected)?;
        actions = plan(&states, &machine(workspace, &cache));
    }
    if lacks(&states, Set::Fpga) {
        let instead: Vec<_> = TOOLS.iter().filter(|tool| tool.set == Set::FpgaAnywhere).collect();
        let mut found = examine(&cache, &instead);
        let slow = plan(&found, &machine(workspace, &cache));
        if !args.check && !slow.is_empty() {
            eprintln!("the native tools cannot be had here ({}): the slow ones instead", told(&actions));
            found = perform(&cache, &slow, &instead)?;
        }
        // A machine without the native tools is in order with the others.
        if !lacks(&found, Set::FpgaAnywhere) {
            eprintln!(
                "with the slow tools there are bitstreams for ECP5 alone, and `covert card flash` takes the machine's own openFPGALoader"
            );
            states.retain(|(tool, _)| tool.set != Set::Fpga);
            actions.retain(|action| !action.tools.iter().any(|name| is_in(name, Set::Fpga)));
        }
        states.extend(found);
    }
    if !args.check {
        cache.note(&states)?;
    }

    let lines: Vec<_> = states.iter().map(|(tool, state)| line(tool, state, &actions)).collect();
    let mut table = Table::new(["tool", "state", "what for"]);
    for line in &lines {
        table.row([line.tool.into(), line.state.into(), line.purpose.into()]);
    }
    report::emit(args.json, &table, &lines)?;
    for (tool, state) in &states {
        if let State::Broken(why) = state {
            eprintln!("\n{} does not work: {why}", tool.name);
        }
    }
    for action in &actions {
        eprintln!("\nTo install {}:\n    {}", action.tools.join(", "), action.shown());
    }
    let lacking = lines.iter().filter(|line| line.state != "ready").count();
    if lacking > 0 {
        bail!("{lacking} of {} tools are not ready", lines.len());
    }
    Ok(())
}

/// Whether a tool of that set is asked for and not ready.
fn lacks(states: &[(&Tool, State)], set: Set) -> bool {
    states.iter().any(|(tool, state)| tool.set == set && *state != State::Ready)
}

fn is_in(name: &str, set: Set) -> bool {
    TOOLS.iter().any(|tool| tool.name == name && tool.set == set)
}

/// The actions that are left, as a person would type them.
fn told(actions: &[Action]) -> String {
    actions.iter().map(Action::shown).collect::<Vec<_>>().join("; ")
}

/// Makes the tools of one set ready, for a command that cannot do without them.
pub(crate) fn ensure(workspace: &Workspace, set: Set) -> Result<Cache> {
    ensure_those(workspace, |tool| tool.set == set)
}

/// Makes the tools that build the Verilated unit ready, and the program that is run as a guest.
pub(crate) fn ensure_simulation(workspace: &Workspace) -> Result<Cache> {
    ensure_those(workspace, |tool| tools::SIMULATION.contains(&tool.name))
}

/// Makes the tools ready that build ECP5 bitstreams on any machine, slowly.
pub(crate) fn ensure_fpga_anywhere(workspace: &Workspace) -> Result<Cache> {
    ensure_those(workspace, |tool| {
        tool.set == Set::FpgaAnywhere || ["yosys", "python3-venv"].contains(&tool.name)
    })
}

fn ensure_those(workspace: &Workspace, wanted: impl Fn(&Tool) -> bool) -> Result<Cache> {
    let mut cache = Cache::locate(workspace);
    let selected: Vec<_> = TOOLS.iter().filter(|tool| wanted(tool)).collect();
    let mut states = examine(&cache, &selected);
    let actions = plan(&states, &machine(workspace, &cache));
    if !actions.is_empty() {
        states = perform(&cache, &actions, &selected)?;
        cache.note(&states)?;
    }
    let Some((tool, state)) = states.iter().find(|(_, state)| *state != State::Ready) else {
        return Ok(cache);
    };
    if let State::Broken(why) = state {
        bail!("{} does not work: {why}", tool.name);
    }
    match actions.iter().find(|action| action.tools.contains(&tool.name)) {
        Some(action) if !action.allowed => {
            bail!("missing: {}; install with\n    {}", action.tools.join(", "), action.shown())
        }
        _ => bail!("{} could not be installed: `cargo xtask setup` says more", tool.name),
    }
}

/// The cache, if every tool of that set works.
pub(crate) fn find(workspace: &Workspace, set: Set) -> Option<Cache> {
    let cache = Cache::locate(workspace);
    let mut tools = TOOLS.iter().filter(|tool| tool.set == set);
    let ready = tools.all(|tool| cache.state(tool) == State::Ready);
    ready.then_some(cache)
}

fn examine<'a>(cache: &Cache, tools: &[&'a Tool]) -> Vec<(&'a Tool, State)> {
    tools.iter().map(|&tool| (tool, cache.state(tool))).collect()
}

fn machine(workspace: &Workspace, cache: &Cache) -> Machine {
    let quiet = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
        command.output().ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    let apt = if !workspace::on_path("apt-get") {
        Apt::Absent
    } else if quiet("id", &["-u"]).is_some_and(|id| id.trim_ascii() == b"0") {
        Apt::Root
    } else if quiet("sudo", &["-n", "true"]).is_some() {
        Apt::Sudo
    } else {
        Apt::Forbidden
    };
    Machine {
        apt,
        venv: cache.has_venv(),
        cache: cache.root.display().to_string(),
        constraints: workspace.root.join("xtask/constraints.txt").display().to_string(),
        fetch_lab: workspace.root.join("xtask/fetch-lab.sh").display().to_string(),
        fetch_fpga: workspace.root.join("xtask/fetch-fpga.sh").display().to_string(),
    }
}

/// Runs what may be run, and gives how the tools stand afterwards. What fails is told and left.
fn perform<'a>(cache: &Cache, actions: &[Action], tools: &[&'a Tool]) -> Result<Vec<(&'a Tool, State)>> {
    fs::create_dir_all(cache.bin()).with_context(|| format!("cannot make `{}`", cache.bin().display()))?;
    for action in actions.iter().filter(|action| action.allowed) {
        let progress = Progress::start(format!("installing {}", action.tools.join(", ")));
        match action.commands.iter().try_for_each(|words| install(cache, words)) {
            Ok(()) => progress.done("installed"),
            Err(error) => progress.done(&format!("{error:#}")),
        };
    }
    let slow = tools.iter().any(|tool| tool.name == "yosys");
    let slow = if slow { " (yosys compiles itself once, for minutes)" } else { "" };
    let progress = Progress::start(format!("running each tool to see that it works{slow}"));
    for tool in tools {
        cache.write_shims(tool)?;
    }
    let states = examine(cache, tools);
    let working = states.iter().filter(|(_, state)| *state == State::Ready).count();
    progress.done(&format!("{working} of {} do", tools.len()));
    Ok(states)
}

/// Runs one command, its output to a log; of a failure, the log's end is told.
fn install(cache: &Cache, words: &[String]) -> Result<()> {
    let path = cache.root.join("setup.log");
    let log = fs::File::create(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    workspace::status(&mut command).map_err(|error| {
        let log = fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<_> = log.trim_end().lines().collect();
        error.context(lines[lines.len().saturating_sub(15)..].join("\n"))
    })
}

fn line(tool: &Tool, state: &State, actions: &[Action]) -> Line {
    let action = actions.iter().find(|action| action.tools.contains(&tool.name));
    let (state, why) = match state {
        State::Ready => ("ready", None),
        State::Missing => ("missing", None),
        State::Broken(why) => ("broken", Some(why.clone())),
    };
    Line { tool: tool.name, state, purpose: tool.purpose, why, install: action.map(Action::shown) }
}
