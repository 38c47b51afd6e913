//! What `covert doctor` says of cards: the IOMMU, VFIO, huge pages, and the cards themselves.

use crate::doctor::Finding;
use covert_driver::pci::{Bus, CARD, Function, list};
use std::fs;

/// What a card needs of this host, and which cards there are. A host without any runs pairs with software.
pub fn examine(bus: &Bus) -> Vec<Finding> {
    let mut findings = vec![iommu(bus), vfio(bus), huge_pages(bus)];
    let cards: Vec<Function> = bus.functions().into_iter().filter(|it| it.id == CARD).collect();
    if cards.is_empty() {
        findings.push(Finding::absent(
            "cards",
            format!("none on the bus ({CARD})"),
            "a simulated one: `comparator = \"unit\"`, or `covert card serve`; a flashed card that is not seen may need a \
             reboot, as the bus is scanned then",
        ));
    }
    findings.extend(cards.iter().map(|it| card(bus, it)));
    findings
}

fn iommu(bus: &Bus) -> Finding {
    let groups = fs::read_dir(bus.path("sys/kernel/iommu_groups")).map_or(0, Iterator::count);
    match groups {
        0 => Finding::absent(
            "IOMMU",
            "no groups",
            "for a card: switch VT-d or AMD-Vi on in the firmware, and boot with intel_iommu=on on Intel",
        ),
        _ => Finding::good("IOMMU", format!("on, {groups} groups")),
    }
}

fn vfio(bus: &Bus) -> Finding {
    let device = bus.path("dev/vfio/vfio").exists();
    match (bus.path("sys/bus/pci/drivers/vfio-pci").exists(), device) {
        (true, true) => Finding::good("vfio-pci", "loaded"),
        (true, false) => Finding::absent(
            "vfio-pci",
            "loaded, but there is no /dev/vfio/vfio",
            "for a card: `modprobe vfio`, or inside a container its device files",
        ),
        (false, _) => Finding::absent("vfio-pci", "not loaded", "for a card: `modprobe vfio-pci`"),
    }
}

fn huge_pages(bus: &Bus) -> Finding {
    let meminfo = fs::read_to_string(bus.path("proc/meminfo")).unwrap_or_default();
    let count = meminfo.lines().find_map(|line| line.strip_prefix("HugePages_Total:")).map(str::trim);
    match count {
        None | Some("0") => Finding::absent(
            "huge pages",
            "none reserved",
            "for a card, fewer DMA mappings: `sysctl vm.nr_hugepages=64`",
        ),
        Some(count) => Finding::good("huge pages", count),
    }
}

fn card(bus: &Bus, it: &Function) -> Finding {
    let address = it.address;
    let Some(group) = it.group else {
        return Finding::absent("card", format!("{it}, in no IOMMU group"), "as for the IOMMU above");
    };
    let others = bus.in_the_way(it);
    if !others.is_empty() {
        let found = format!("{it}, IOMMU group {group} shared with {}", list(others));
        return Finding::absent("card", found, "put it into a slot with a group of its own");
    }
    match it.driver.as_deref() {
        Some("vfio-pci") => {
            let holders = bus.holders(&bus.path(&format!("dev/vfio/{group}")));
            let used =
                if holders.is_empty() { String::new() } else { format!(", in use by {}", list(holders)) };
            Finding::good("card", format!("{it}, IOMMU group {group}{used}"))
        }
        _ => Finding::absent("card", it.to_string(), format!("`covert card bind {address}` as root")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::bind::tests::Tree;
    use crate::doctor::State;

    fn find<'a>(findings: &'a [Finding], what: &str) -> &'a Finding {
        findings.iter().find(|finding| finding.what == what).unwrap()
    }

    #[test]
    fn a_host_with_nothing_is_told_what_is_missing() {
        let tree = Tree::new();
        let findings = examine(&tree.bus());
        assert!(findings.iter().all(|finding| finding.state == State::Absent && !finding.remedy.is_empty()));
        assert!(find(&findings, "cards").found.contains("1234:c09e"));
    }

    #[test]
    fn a_card_is_found_by_its_id_with_what_is_to_be_done() {
        let tree = Tree::new();
        tree.function("0000:01:00.0", "0x1234", "0xc09e", Some(7), None);
        let found = examine(&tree.bus());
        let card = find(&found, "card");
        assert!(card.remedy.contains("covert card bind 0000:01:00.0"), "{card:?}");
        tree.driver("0000:01:00.0", "vfio-pci");
        let found = examine(&tree.bus());
        assert_eq!(find(&found, "card").state, State::Good);
        assert_eq!(find(&found, "IOMMU").state, State::Good);
    }
}
