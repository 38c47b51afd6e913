//! However a card's verdicts are waited for, they are the same, and an interrupt that is lost hangs nothing.

use crate::server::Server;
use crate::support::{BUSYBOX, file, needs, observed, run};
use serde_json::Value;

const WAYS: [&str; 3] = ["interrupt", "polled", "adaptive"];

#[test]
fn each_way_of_waiting_gives_the_verdicts_of_software() {
    needs!(kvm);
    needs!(verilator);
    let server = Server::start();
    let card = format!("vfio-user:{}", server.socket().display());
    for way in WAYS {
        file(
            &format!("{way}.toml"),
            format!(
                "program = \"builtin:chatty\"\nkind = \"bare\"\narguments = [\"120\"]\nmemory_mib = 16\n\
                 completion = \"{way}\"\n[checkpoint]\nexits = 20\n"
            ),
        );
        let campaign = format!("faults = 3\nseed = 4\nmachines = [\"{way}.toml\"]\ncomparator = \"both\"\n");
        let campaign = file(&format!("{way}-campaign.toml"), campaign);
        let output = run(&["campaign", "--json", "--card", &card, campaign.to_str().expect("a path")]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{way}: {}", String::from_utf8_lossy(&output.stderr)));
        assert!(output.status.success(), "{way}: {report:#}");
        let count = |name: &str| report["comparison"][name].as_u64().expect("a count");
        assert_eq!(
            (count("different"), count("identical") + count("cut_short")),
            (0, 3),
            "{way}: {report:#}"
        );
    }
}

#[test]
fn lost_interrupts_delay_verdicts_and_hang_nothing() {
    needs!(busybox);
    needs!(verilator);
    let server = Server::start_with(&["--lose-interrupts"]);
    let card = format!("vfio-user:{}", server.socket().display());
    for way in WAYS {
        let machine =
            file(&format!("lost-{way}.toml"), format!("comparator = \"unit\"\ncompletion = \"{way}\"\n"));
        let machine = machine.to_str().expect("a path");
        let guest =
            ["--program", BUSYBOX, "--", "awk", "BEGIN { for (i = 0; i < 200; i++) { print i; fflush() } }"];
        let (events, written, _) = observed(&[&["--card", &card, machine], &guest[..]].concat());
        let expected: String = (0..200).map(|line| format!("{line}\n")).collect();
        assert_eq!(written, expected, "{way}");
        let summary = events.summary();
        assert_eq!(
            (&summary["comparator"], &summary["hangs"]),
            (&"unit".into(), &0.into()),
            "{way}: {summary}"
        );
        assert_eq!(events.all("card_lost").count(), 0, "{way}: {summary}");
    }
}
