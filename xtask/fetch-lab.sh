#!/bin/sh
# fetch-lab.sh FOLDER: what the lab boots, unpacked under FOLDER. `cargo xtask setup --lab` runs it.
#
# QEMU from Debian 13's backports, as vfio-user-pci needs QEMU 10.1; Debian 13's cloud kernel with its modules; a static busybox.
# A package manager of its own does it: its lists, its cache and its idea of what is installed are under FOLDER, so that it
# takes along every library that QEMU needs, and neither changes nor asks anything of this machine but the mirror it uses.
set -eu

folder=$(realpath -m -- "${1:?usage: fetch-lab.sh FOLDER}")
debian=trixie
suites="$debian $debian-backports"
. "$(dirname -- "$(realpath -- "$0")")/own-apt.sh"
mkdir -p kernel qemu linux

apt-get -qq -y --download-only -t "$debian-backports" install qemu-system-x86 busybox-static >apt/install.log
kernel=$(apt-cache depends "linux-image-cloud-amd64/$debian" | awk '/Depends: linux-image/ { print $2; exit }')
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
