#!/bin/sh
# fetch-fpga.sh FOLDER: what builds and flashes bitstreams, native, unpacked under FOLDER. `cargo xtask setup --fpga` runs it.
#
# yosys, nextpnr for ECP5 and 7-series, Trellis, Project X-Ray and openFPGALoader from the Debian suite that has them all. A package
# manager of its own does it, as in fetch-lab.sh: nothing of this machine changes, and no right to change it is needed. The programs
# are newer than the system's libraries: each is given the loader and the libraries that came with it.
# The versions wanted are in fpga-packages.txt. A mirror that has moved on gives other ones: they are taken, told, and recorded in
# FOLDER/versions; a bitstream is reproduced byte for byte only by the versions in its manifest.
set -eu

folder=$(realpath -m -- "${1:?usage: fetch-fpga.sh FOLDER}")
pins=$(dirname -- "$(realpath -- "$0")")/fpga-packages.txt
[ "$(uname -m)" = x86_64 ] || { echo "the native tools are fetched for x86-64 only"; exit 1; }
suites=sid
. "$(dirname -- "$(realpath -- "$0")")/own-apt.sh"

wanted=
while read -r package version; do
    case $package in '' | '#'*) continue ;; esac
    if apt-cache madison "$package" | grep -qF " $version |"; then
        wanted="$wanted $package=$version"
    else
        wanted="$wanted $package"
    fi
done <"$pins"
# shellcheck disable=SC2086 # words without blanks
apt-get -qq -y --download-only install $wanted >apt/install.log

# The other programs and the databases of other families are not needed, and are the larger part.
for package in apt/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/locale/*' --exclude='./usr/share/zoneinfo/*' --exclude='./usr/share/i18n/*' --exclude='./etc/*' \
        --exclude='./usr/lib/x86_64-linux-gnu/gconv/*' --exclude='./usr/share/prjxray/database/[ksz]*' \
        --exclude='./usr/share/trellis/database/Mach*' --exclude='*/xilinx/chipdb-xc7[sz]*'
done
while read -r package version; do
    case $package in '' | '#'*) continue ;; esac
    for file in apt/archives/"${package}"_*.deb; do
        found=$(dpkg-deb -f "$file" Version)
        echo "$package $found" >>versions
        [ "$found" = "$version" ] ||
            echo "$package: $version is wanted, the mirror has $found: committed bitstreams cannot be reproduced with it"
    done
done <"$pins"

loader=usr/lib64/ld-linux-x86-64.so.2
libraries=usr/lib/x86_64-linux-gnu
for program in yosys yosys-abc nextpnr-ecp5 nextpnr-himbaechel-xilinx ecppack xc7frames2bit bitread openFPGALoader; do
    # The path that a program finds itself by stays its own: it looks for its data beside it. The libraries' own libraries are looked for
    # by the same path, which only the older kind of entry does.
    "$loader" --library-path "$libraries" usr/bin/patchelf --force-rpath --set-interpreter "$folder/$loader" \
        --set-rpath '$ORIGIN/../lib/x86_64-linux-gnu:$ORIGIN/../lib/x86_64-linux-gnu/trellis' "usr/bin/$program"
done
# Debian's nextpnr-ecp5 looks for its databases at one absolute path and has no option for another. That path becomes a file
# descriptor, as long as the old name; the program in .cache/bin opens it on the folder here.
LC_ALL=C sed -i 's|/usr/share/nextpnr/|/proc/self/fd/9////|' usr/bin/nextpnr-ecp5

rm -rf apt var usr/share/lintian usr/share/perl5
rm -rf "$folder"
mv "$new" "$folder"
cat "$folder/versions"
