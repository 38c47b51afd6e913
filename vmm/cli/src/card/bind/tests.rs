//! Sysfs logic on a tree of files made for it.

use super::*;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// A root with the files that sysfs and procfs would have.
pub(in crate::card) struct Tree(PathBuf);

impl Tree {
    pub(in crate::card) fn new() -> Tree {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("covert-tree-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let it = Tree(std::env::temp_dir().join(name));
        for folder in
            ["sys/bus/pci/devices", "sys/bus/pci/drivers", "sys/class/block", "sys/class/net", "proc/self"]
        {
            fs::create_dir_all(it.0.join(folder)).unwrap();
        }
        it.file("sys/bus/pci/drivers_probe", "");
        it
    }

    pub(in crate::card) fn bus(&self) -> Bus {
        Bus::at(&self.0)
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(self.0.join(target), path).unwrap();
    }

    /// A function of this vendor and device, in a group, with a driver.
    pub(in crate::card) fn function(
        &self,
        address: &str,
        vendor: &str,
        device: &str,
        group: Option<u32>,
        driver: Option<&str>,
    ) {
        let folder = format!("sys/devices/pci0000:00/{address}");
        for (name, text) in
            [("vendor", vendor), ("device", device), ("class", "0x120000"), ("driver_override", "(null)")]
        {
            self.file(&format!("{folder}/{name}"), &format!("{text}\n"));
        }
        self.link(&format!("sys/bus/pci/devices/{address}"), &folder);
        if let Some(group) = group {
            let of_group = format!("sys/kernel/iommu_groups/{group}");
            self.link(&format!("{of_group}/devices/{address}"), &folder);
            self.link(&format!("{folder}/iommu_group"), &of_group);
        }
        if let Some(driver) = driver {
            self.driver(address, driver);
        }
    }

    /// Binds a function to a driver.
    pub(in crate::card) fn driver(&self, address: &str, driver: &str) {
        self.file(&format!("sys/bus/pci/drivers/{driver}/unbind"), "");
        self.link(
            &format!("sys/devices/pci0000:00/{address}/driver"),
            &format!("sys/bus/pci/drivers/{driver}"),
        );
    }

    fn plan(&self, address: &str, any: bool) -> Result<Writes, Refusal> {
        let bus = self.bus();
        plan_bind(&bus, &bus.function(address.parse().unwrap()).unwrap(), any)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ONE: &str = "0000:01:00.0";

fn card() -> Tree {
    let tree = Tree::new();
    tree.function(ONE, "0x1234", "0xc09e", Some(3), None);
    tree.file("sys/bus/pci/drivers/vfio-pci/unbind", "");
    tree
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_free_card_is_given_by_its_override_and_a_probe() {
    let tree = card();
    let writes = tree.plan(ONE, false).unwrap();
    carry_out(&writes).unwrap();
    let bus = tree.bus();
    assert!(read(&bus.folder(ONE.parse().unwrap()).join("driver_override")).starts_with("vfio-pci"));
    assert_eq!(read(&bus.path("sys/bus/pci/drivers_probe")), ONE);
}

#[test]
fn a_card_with_another_driver_is_taken_from_it_first() {
    let tree = card();
    tree.driver(ONE, "other");
    let writes = tree.plan(ONE, false).unwrap();
    assert_eq!(writes.len(), 3);
    carry_out(&writes).unwrap();
    assert_eq!(read(&tree.bus().path("sys/bus/pci/drivers/other/unbind")), ONE);
}

#[test]
fn what_is_no_card_is_given_only_when_told_so() {
    let tree = card();
    tree.function("0000:02:00.0", "0x8086", "0x1533", Some(4), Some("igb"));
    let error = tree.plan("0000:02:00.0", false).unwrap_err().to_string();
    assert!(error.contains("8086:1533") && error.contains("--any"), "{error}");
    assert!(tree.plan("0000:02:00.0", true).is_ok());
}

#[test]
fn without_an_iommu_nothing_is_given() {
    let tree = card();
    tree.function("0000:02:00.0", "0x1234", "0xc09e", None, None);
    assert!(matches!(tree.plan("0000:02:00.0", false), Err(Refusal::NoIommu(_))));
}

#[test]
fn who_shares_the_group_is_named() {
    let tree = card();
    tree.function("0000:01:00.1", "0x8086", "0x1533", Some(3), Some("igb"));
    let error = tree.plan(ONE, false).unwrap_err().to_string();
    assert!(error.contains("0000:01:00.1 (8086:1533, igb)"), "{error}");
    tree.driver("0000:01:00.1", "vfio-pci");
    assert!(tree.plan(ONE, false).is_ok());
}

#[test]
fn bridges_stay_and_do_not_count_as_sharing() {
    let tree = card();
    tree.function("0000:00:01.0", "0x8086", "0x0c01", Some(3), Some("pcieport"));
    tree.file("sys/devices/pci0000:00/0000:00:01.0/class", "0x060400\n");
    assert!(tree.plan(ONE, false).is_ok());
    assert!(matches!(tree.plan("0000:00:01.0", true), Err(Refusal::Bridge(_))));
}

#[test]
fn a_mounted_disk_and_the_default_route_stay() {
    let tree = card();
    tree.function("0000:03:00.0", "0x144d", "0xa808", Some(5), Some("nvme"));
    let disk = "sys/devices/pci0000:00/0000:03:00.0/nvme/nvme0/nvme0n1/nvme0n1p2";
    tree.file(&format!("{disk}/partition"), "2\n");
    tree.link("sys/class/block/nvme0n1p2", disk);
    assert!(tree.plan("0000:03:00.0", true).is_ok(), "nobody uses it");
    tree.file("proc/self/mounts", "proc /proc proc rw 0 0\n/dev/nvme0n1p2 / ext4 rw 0 0\n");
    let error = tree.plan("0000:03:00.0", true).unwrap_err().to_string();
    assert!(error.contains("/dev/nvme0n1p2 is mounted on /"), "{error}");

    tree.function("0000:04:00.0", "0x8086", "0x1533", Some(6), Some("igb"));
    let net = "sys/devices/pci0000:00/0000:04:00.0/net/eth0";
    tree.file(&format!("{net}/ifindex"), "2\n");
    tree.link("sys/class/net/eth0", net);
    tree.file("proc/net/route", "Iface\tDestination\tGateway\neth0\t0000A8C0\t00000000\n");
    assert!(tree.plan("0000:04:00.0", true).is_ok(), "another route");
    tree.file("proc/net/route", "Iface\tDestination\tGateway\neth0\t00000000\t0100A8C0\n");
    let error = tree.plan("0000:04:00.0", true).unwrap_err().to_string();
    assert!(error.contains("the default route goes through eth0"), "{error}");
}

#[test]
fn without_the_module_the_message_says_how_to_load_it() {
    let tree = Tree::new();
    tree.function(ONE, "0x1234", "0xc09e", Some(3), None);
    assert_eq!(tree.plan(ONE, false), Err(Refusal::NoDriver));
}

#[test]
fn only_a_card_with_vfio_pci_that_nobody_holds_is_taken_back() {
    let tree = card();
    let bus = tree.bus();
    let plan = || plan_unbind(&bus, &bus.function(ONE.parse().unwrap()).unwrap());
    assert!(matches!(plan(), Err(Refusal::NotBound { .. })));
    tree.driver(ONE, "vfio-pci");
    assert_eq!(plan().unwrap().len(), 3);
    tree.file("dev/vfio/3", "");
    tree.file("proc/4711/comm", "covert\n");
    tree.link("proc/4711/fd/9", "dev/vfio/3");
    let error = plan().unwrap_err().to_string();
    assert!(error.contains("process 4711 (covert)"), "{error}");
}
