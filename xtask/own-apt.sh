# Sourced by fetch-lab.sh and fetch-fpga.sh with $folder and $suites set: a package manager of one's own in $folder.new/apt, to which nothing
# is installed yet, with the suites of the mirror that this machine's apt uses. Leaves the shell in $folder.new, named $new.
# Whole or not at all: what stands in $folder was unpacked to its end.
key=/usr/share/keyrings/debian-archive-keyring.gpg

for program in apt-get dpkg-deb xz; do
    command -v "$program" >/dev/null || { echo "this needs \`$program\`: apt-get install apt dpkg xz-utils"; exit 1; }
done
[ -r "$key" ] || { echo "no $key to trust a Debian mirror by: apt-get install debian-archive-keyring"; exit 1; }
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$') ||
    { echo "this machine's apt names no Debian mirror (an address that ends in /debian): add one to its sources"; exit 1; }

new=$folder.new
rm -rf "$new"
mkdir -p "$new/apt/lists/partial" "$new/apt/archives/partial" "$new/apt/preferences"
cd "$new"
: >apt/status
for suite in $suites; do
    echo "deb [signed-by=$key] $mirror $suite main"
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
