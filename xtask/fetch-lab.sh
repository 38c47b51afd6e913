#!/bin/sh
# fetch-lab.sh FOLDER: what the lab boots, unpacked under FOLDER. `cargo xtask setup --lab` runs it.
#
# QEMU from Debian 13's backports, as vfio-user-pci needs QEMU 10.1; Debian 13's cloud kernel with its modules; a static busybox.
# A package manager of its own does it: its lists, its cache and its idea of what is installed are under FOLDER, so that it
# takes along every library that QEMU needs, and neither changes nor asks anything of this machine but the mirror it uses.
set -eu

folder=$(realpath -m -- "${1:?usage: fetch-lab.sh FOLDER}")
suite=trixie
key=/usr/share/keyrings/debian-archive-keyring.gpg

for program in apt-get dpkg-deb xz; do
    command -v "$program" >/dev/null || { echo "the lab needs \`$program\`: apt-get install apt dpkg xz-utils"; exit 1; }
done
[ -r "$key" ] || { echo "no $key to trust a Debian mirror by: apt-get install debian-archive-keyring"; exit 1; }
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$') ||
    { echo "this machine's apt names no Debian mirror (an address that ends in /debian): add one to its sources"; exit 1; }

# Whole or not at all: what stands in FOLDER was unpacked to its end.
new=$folder.new
rm -rf "$new"
mkdir -p "$new/apt/lists/partial" "$new/apt/archives/partial" "$new/apt/preferences" "$new/kernel" "$new/qemu" "$new/linux"
cd "$new"
: >apt/status
for suite_or_backports in "$suite" "$suite-backports"; do
    echo "deb [signed-by=$key] $mirror $suite_or_backports main"
done >apt/sources.list
cat >apt/apt.conf <<CONF
Dir::Etc::sourcelist "$new/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "$new/apt/preferences";
Dir::State::lists "$new/apt/lists";
Dir::State::status "$new/apt/status";
Dir::State::extended_states "$new/apt/extended";
Dir::Cache "$new/apt";
Dir::Cache::archives "$new/apt/archives";
Dir::Log "$new/apt";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
CONF
export APT_CONFIG="$new/apt/apt.conf"

apt-get -qq update
apt-get -qq -y --download-only -t "$suite-backports" install qemu-system-x86 busybox-static >apt/install.log
kernel=$(apt-cache depends "linux-image-cloud-amd64/$suite" | awk '/Depends: linux-image/ { print $2; exit }')
(cd kernel && apt-get -qq download "$kernel")

for package in apt/archives/*.deb; do dpkg-deb -x "$package" qemu; done
dpkg-deb -x kernel/*.deb linux
for package in apt/archives/qemu-system-x86_*.deb apt/archives/busybox-static_*.deb kernel/*.deb; do
    dpkg-deb -f "$package" Package Version | paste -sd' ' | sed 's/Package: //; s/Version: //'
done >versions

# Names that do not depend on the version.
mv linux/boot/vmlinuz-* vmlinuz
mv linux/usr/lib/modules/* modules 2>/dev/null || mv linux/lib/modules/* modules
mv qemu/usr/bin/busybox busybox
rm -rf apt kernel linux qemu/usr/share/doc qemu/usr/share/man qemu/usr/share/locale qemu/usr/share/perl qemu/usr/share/i18n \
    qemu/usr/share/zoneinfo qemu/usr/lib/x86_64-linux-gnu/perl qemu/usr/lib/x86_64-linux-gnu/perl-base \
    qemu/usr/lib/x86_64-linux-gnu/gconv
rm -rf "$folder"
mv "$new" "$folder"
cat "$folder/versions"
