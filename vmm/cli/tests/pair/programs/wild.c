// Does what programs must not do, one thing at a run: which one is the argument.
//
// It ends by a signal, or with a status of its own after it saw that it was refused.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSED 7
#define UNMAPPED 0x123456789000

static int jump_to(uint64_t address) {
    ((void (*)(void))address)();
    return 0;
}

static int read_from(uint64_t address) { return *(volatile char *)address; }

static int write_to(uint64_t address) {
    *(volatile char *)address = 1;
    return 0;
}

// ---- Memory ----

static volatile int depth;

__attribute__((noinline)) static int recurse(volatile char *above) {
    volatile char frame[4096];
    frame[0] = *above;
    return ++depth < 0 ? 0 : recurse(frame) + frame[0];
}

static sigjmp_buf back;

static void overflown(int number) {
    (void)number;
    siglongjmp(back, 1);
}

// A stack that overflows is survived by a handler with a stack of its own.
static int recurse_caught(void) {
    static char stack[65536];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = overflown, .sa_flags = SA_ONSTACK};
    volatile char first = 0;
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &action, NULL);
    for (volatile int times = 0; times < 3; times++) {
        if (sigsetjmp(back, 1) == 0) {
            recurse(&first);
        }
    }
    return depth > 100 ? REFUSED : 1;
}

// Every byte that is given out is touched: memory that was promised has to be there.
static int allocate(void) {
    size_t blocks = 0;
    for (size_t bytes = 1 << 20; bytes >= 64; bytes /= 2) {
        for (char *block; (block = malloc(bytes)) != NULL; blocks++) {
            memset(block, 0x5a, bytes);
        }
        if (errno != ENOMEM) {
            return 1;
        }
    }
    return blocks > 10 ? REFUSED : 1;
}

static int map(void) {
    for (size_t bytes = 1ul << 46; bytes >= 4096; bytes /= 2) {
        for (char *block;
             (block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED;) {
            memset(block, 0x5a, bytes);
        }
        if (errno != ENOMEM) {
            return 1;
        }
    }
    // What is given back can be had again.
    return REFUSED;
}

// Addresses alone cost nothing: they are all taken, cut up, and changed.
static int reserve(void) {
    for (size_t bytes = 1ul << 46; bytes >= 1ul << 24; bytes /= 2) {
        for (char *area; (area = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED;) {
            if (mprotect(area, bytes, PROT_NONE) || madvise(area, bytes, MADV_DONTNEED)) {
                return 1;
            }
            if (mprotect(area, bytes, PROT_READ | PROT_WRITE) == 0 && bytes > 1ul << 27) {
                return 2;
            }
            munmap(area + bytes / 2, 4096);
        }
    }
    return errno == ENOMEM ? REFUSED : 1;
}

// ---- Code ----

static int write_code(void) { return write_to((uint64_t)&jump_to); }

static int run_data(void) {
    static unsigned char code[] = {0xc3};
    return jump_to((uint64_t)code);
}

static const unsigned char RETURN_7[] = {0xb8, REFUSED, 0, 0, 0, 0xc3};

__attribute__((noinline)) static int replaced(void) {
    __asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop");
    return 1;
}

// Its own code is the program's to change, if it asks for that.
static int change_code(void) {
    uint64_t page = (uint64_t)replaced & ~4095ul;
    if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC)) {
        return 1;
    }
    memcpy((void *)replaced, RETURN_7, sizeof RETURN_7);
    return ((int (*volatile)(void))replaced)();
}

static int make_code(void) {
    int seven = 0;
    unsigned char *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 1000; i++) {
        memset(code, 0xcc, 4096);
        memcpy(code + i, RETURN_7, sizeof RETURN_7);
        seven = ((int (*)(void))(code + i))();
    }
    return seven;
}

// ---- Instructions ----

#define INSTRUCTION_WITH(text, ...)                        \
    do {                                                   \
        __asm__ volatile(text ::: "memory", __VA_ARGS__);  \
        return 0;                                          \
    } while (0)
#define INSTRUCTION(text) INSTRUCTION_WITH(text, "cc")

static int divide(void) {
    volatile int one = 1, zero = 0;
    return one / zero;
}

static int instruction(const char *name) {
    if (!strcmp(name, "hlt")) INSTRUCTION("hlt");
    if (!strcmp(name, "cli")) INSTRUCTION("cli");
    if (!strcmp(name, "in")) INSTRUCTION_WITH("inb $0x60, %%al", "rax");
    if (!strcmp(name, "out")) INSTRUCTION("outb %%al, $0x80");
    if (!strcmp(name, "outs")) INSTRUCTION_WITH("movw $0x3f8, %%dx; movl $64, %%ecx; rep outsb", "rcx", "rdx", "rsi");
    if (!strcmp(name, "rdmsr")) INSTRUCTION_WITH("movl $0x10, %%ecx; rdmsr", "rax", "rcx", "rdx");
    if (!strcmp(name, "wrmsr")) INSTRUCTION_WITH("movl $0xc0000082, %%ecx; wrmsr", "rcx");
    if (!strcmp(name, "cr0")) INSTRUCTION_WITH("movq %%cr0, %%rax", "rax");
    if (!strcmp(name, "cr3")) INSTRUCTION_WITH("xorl %%eax, %%eax; movq %%rax, %%cr3", "rax");
    if (!strcmp(name, "dr7")) INSTRUCTION_WITH("movq %%rax, %%dr7", "rax");
    if (!strcmp(name, "lgdt")) INSTRUCTION("lgdt (%%rsp)");
    if (!strcmp(name, "lidt")) INSTRUCTION("lidt (%%rsp)");
    if (!strcmp(name, "ltr")) INSTRUCTION("ltr %%ax");
    if (!strcmp(name, "swapgs")) INSTRUCTION("swapgs");
    if (!strcmp(name, "sysret")) INSTRUCTION("sysretq");
    if (!strcmp(name, "wbinvd")) INSTRUCTION("wbinvd");
    if (!strcmp(name, "invlpg")) INSTRUCTION("invlpg (%%rsp)");
    if (!strcmp(name, "xsetbv")) INSTRUCTION_WITH("xorl %%ecx, %%ecx; xsetbv", "rcx");
    if (!strcmp(name, "ud2")) INSTRUCTION("ud2");
    if (!strcmp(name, "int3")) INSTRUCTION("int3");
    if (!strcmp(name, "int-gate")) INSTRUCTION("int $0x0e");
    if (!strcmp(name, "int-unused")) INSTRUCTION("int $0xf0");
    if (!strcmp(name, "segment")) INSTRUCTION_WITH("movw $0x1b3, %%ax; movw %%ax, %%ds", "rax");
    if (!strcmp(name, "iret")) INSTRUCTION("pushq $0; pushq $0; pushq $2; pushq $8; pushq $0; iretq");
    if (!strcmp(name, "far-return")) INSTRUCTION("pushq $8; pushq $0; lretq");
    if (!strcmp(name, "trap-flag")) INSTRUCTION("pushfq; orl $0x100, (%%rsp); popfq; nop; nop");
    if (!strcmp(name, "noncanonical")) INSTRUCTION_WITH("movabsq $0xdead000000000000, %%rax; movq (%%rax), %%rax", "rax");
    if (!strcmp(name, "unaligned")) INSTRUCTION("movaps 1(%%rsp), %%xmm0");
    if (!strcmp(name, "vmcall")) INSTRUCTION_WITH("movl $99, %%eax; vmcall", "rax");
    if (!strcmp(name, "vmmcall")) INSTRUCTION_WITH("movl $99, %%eax; vmmcall", "rax");
    if (!strcmp(name, "int80")) INSTRUCTION_WITH("movl $1, %%eax; xorl %%ebx, %%ebx; int $0x80", "rax", "rbx");
    if (!strcmp(name, "sysenter")) INSTRUCTION("sysenter");
    return 2;
}

static void trapped(int number) { siglongjmp(back, number); }

#define ASK(text)                                                                 \
    do {                                                                          \
        uint64_t answer[2] = {0, 0};                                              \
        int signal = sigsetjmp(back, 1);                                          \
        if (signal == 0) __asm__ volatile(text : "+m"(answer) : "r"(selector) : "rax", "rcx", "rdx", "cc"); \
        printf("%s %lx: signal %d, %lx %lx\n", text, selector, signal, answer[0], answer[1]); \
    } while (0)

// What a processor tells everybody is often the host's: where its tables are, and on which processor this runs.
static int ask(void) {
    struct sigaction action = {.sa_handler = trapped};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    for (volatile uint64_t selector = 3; selector < 0x100; selector += 8) {
        ASK("xorl %%eax, %%eax; lsl %1, %%rax; movq %%rax, %0");
        ASK("xorl %%eax, %%eax; lar %1, %%rax; movq %%rax, %0");
    }
    for (volatile uint64_t selector = 0; selector < 2; selector++) {
        ASK("sgdt %0");
        ASK("sidt %0");
        ASK("sldt %%rax; movq %%rax, %0");
        ASK("str %%rax; movq %%rax, %0");
        ASK("smsw %%rax; movq %%rax, %0");
        ASK("movl %k1, %%ecx; xgetbv; movq %%rax, %0");
    }
    return REFUSED;
}

// The stack is nowhere. What follows needs one.
static int stack(const char *name) {
    if (!strcmp(name, "zero")) INSTRUCTION("xorl %%esp, %%esp; pushq $1");
    if (!strcmp(name, "unmapped")) INSTRUCTION("movabsq $0x123456789000, %%rsp; pushq $1");
    if (!strcmp(name, "noncanonical")) INSTRUCTION("movabsq $0xdead000000000000, %%rsp; pushq $1");
    if (!strcmp(name, "kernel")) INSTRUCTION("movq $-4096, %%rsp; pushq $1");
    if (!strcmp(name, "misaligned")) INSTRUCTION("subq $3, %%rsp; movaps %%xmm0, (%%rsp)");
    if (!strcmp(name, "undefined")) INSTRUCTION("movabsq $0xdead000000000000, %%rsp; ud2");
    if (!strcmp(name, "exit")) INSTRUCTION("movabsq $0xdead000000000000, %%rsp; movl $7, %%edi; movl $231, %%eax; syscall");
    if (!strcmp(name, "sigreturn")) INSTRUCTION("movabsq $0x123456789000, %%rsp; movl $15, %%eax; syscall");
    return 2;
}

// ---- System calls ----

static long call(long number, const uint64_t a[6]) {
    register uint64_t r10 __asm__("r10") = a[3];
    register uint64_t r8 __asm__("r8") = a[4];
    register uint64_t r9 __asm__("r9") = a[5];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static unsigned char buffer[65536] __attribute__((aligned(4096)));

// Those that end the process, make it wait for ever, or take from it what it stands on, as they would natively.
static int is_an_end(long number) {
    switch (number) {
    case SYS_rt_sigreturn: case SYS_pause: case SYS_clone: case SYS_fork: case SYS_vfork: case SYS_clone3:
    case SYS_exit: case SYS_exit_group: case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigsuspend:
        return 1;
    default:
        return 0;
    }
}

static void bound(long number, uint64_t a[6]) {
    switch (number) {
    case SYS_poll: a[2] = 0; break;
    case SYS_ppoll: a[2] = (uint64_t)buffer; break;
    case SYS_select: case SYS_pselect6: a[4] = (uint64_t)buffer; break;
    case SYS_nanosleep: a[0] = (uint64_t)buffer; break;
    case SYS_clock_nanosleep: a[2] = (uint64_t)buffer; break;
    case SYS_futex: a[3] = UNMAPPED; break;
    case SYS_munmap: case SYS_mprotect: case SYS_mremap: case SYS_madvise: case SYS_mmap: a[0] |= UNMAPPED; break;
    }
}

static int system_calls(void) {
    const uint64_t wild[] = {
        0, 1, 3, 8, 4096, 65536, 65537, 1 << 20, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffff, 0x800000000000,
        0x1000, 0x20000000, 0x20000001, 0x3ffff000, UNMAPPED, UNMAPPED + 1, 0xffff800000000000, 0xdead000000000000, INT64_MAX, 1ul << 63, -100ul, -1ul,
        (uint64_t)buffer, (uint64_t)buffer + 1, (uint64_t)buffer + sizeof buffer - 1, (uint64_t)&jump_to,
    };
    uint64_t state = 88172645463325252, sum = 0;
    dup2(1, 77);
    for (int round = 0; round < 12; round++) {
        for (long number = 0; number <= 470; number++) {
            uint64_t a[6];
            for (int i = 0; i < 6; i++) {
                state ^= state << 13, state ^= state >> 7, state ^= state << 17;
                a[i] = wild[state % (sizeof wild / sizeof *wild)];
            }
            if (is_an_end(number)) {
                continue;
            }
            // As a number, a time or a path it is wrong.
            memset(buffer, 0xff, sizeof buffer);
            bound(number, a);
            sum = sum * 31 + (uint64_t)call(number, a);
            for (size_t i = 0; i < sizeof buffer; i += 8) {
                sum = sum * 31 + *(uint64_t *)(buffer + i);
            }
        }
    }
    // Not by the library, whose memory they may have changed.
    static char text[] = "\nthe end: 0000000000000000\n";
    for (int digit = 0; digit < 16; digit++) {
        text[10 + digit] = "0123456789abcdef"[sum >> (60 - 4 * digit) & 15];
    }
    const uint64_t output[6] = {77, (uint64_t)text, sizeof text - 1}, status[6] = {REFUSED};
    call(SYS_write, output);
    call(SYS_exit_group, status);
    return 1;
}

// ---- Paths ----

static int done;

// Everything here leads out of the directory that the program was given.
static void refused(const char *what, const char *path, long result) {
    if (result >= 0) {
        printf("%s %s was done\n", what, path);
        done++;
    } else {
        printf("%s %s: %d\n", what, path, errno);
    }
}

static int paths(void) {
    static const char *const OUT[] = {
        "/w/../outside/secret", "/w/deep/../../outside/secret", "../outside/secret", "/outside/secret",
        "/w/link/secret", "/w/own/secret", "/w/up", "/w/absolute", "/w/deep/../link/secret", "/../outside/secret",
        "/proc/self/root/outside/secret", "/proc/self/cwd/../outside/secret", "/w/./link/./secret", "link/secret",
    };
    char buffer[4096];
    struct stat status;
    if (chdir("/w") || symlink("../outside", "/w/own") || mkdir("/w/made", 0700)) {
        return 1;
    }
    int inside = open("/w/deep", O_RDONLY | O_DIRECTORY);
    int file = open("/w/file", O_RDWR | O_CREAT, 0600);
    if (inside < 0 || file < 0) {
        return 1;
    }
    for (size_t i = 0; i < sizeof OUT / sizeof *OUT; i++) {
        const char *path = OUT[i];
        int is_link = !strcmp(path, "/w/up") || !strcmp(path, "/w/absolute");
        refused("open", path, open(path, O_RDONLY));
        refused("open for writing", path, open(path, O_WRONLY | O_TRUNC));
        refused("creat", path, creat(path, 0600));
        refused("truncate", path, truncate(path, 0));
        refused("stat", path, stat(path, &status));
        refused("access", path, access(path, F_OK));
        refused("chmod", path, chmod(path, 0));
        refused("chdir", path, chdir(path));
        refused("opendir", path, opendir(path) ? 0 : -1);
        refused("hard link", path, link(path, "/w/hard"));
        // These are about a link itself, which is inside.
        if (!is_link) {
            refused("utimensat", path, utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW));
            refused("readlink", path, readlink(path, buffer, sizeof buffer));
            refused("unlink", path, unlink(path));
            refused("rmdir", path, rmdir(path));
            refused("mkdir", path, mkdir(path, 0700));
            refused("symlink", path, symlink("/w/file", path));
            refused("rename from", path, rename(path, "/w/taken"));
            refused("rename to", path, rename("/w/file", path));
        }
    }
    refused("openat", "..", openat(inside, "../../outside/secret", O_RDONLY));
    refused("openat", "link", openat(inside, "../link/secret", O_RDONLY));
    refused("unlinkat", "..", unlinkat(inside, "../../outside/secret", 0));
    refused("renameat", "..", renameat(inside, "../../outside/secret", inside, "taken"));
    refused("renameat", "link", renameat(AT_FDCWD, "/w/made", inside, "../link/made"));
    refused("mkdirat", "link", mkdirat(inside, "../link/made", 0700));
    refused("rename", "the mount", rename("/w", "/elsewhere"));
    refused("rmdir", "the mount", rmdir("/w"));
    refused("rename", "the mount's parent", rename("/w/made", "/made"));
    return done ? 1 : REFUSED;
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "", *name = count > 2 ? arguments[2] : "";
    uint64_t address = strtoull(name, NULL, 0);
    // The command is tried, not the host's way to keep what crashed.
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    volatile char first = 0;
    if (!strcmp(what, "jump")) return jump_to(address);
    if (!strcmp(what, "read")) return read_from(address);
    if (!strcmp(what, "write")) return write_to(address);
    if (!strcmp(what, "recurse")) return recurse(&first);
    if (!strcmp(what, "recurse-caught")) return recurse_caught();
    if (!strcmp(what, "allocate")) return allocate();
    if (!strcmp(what, "map")) return map();
    if (!strcmp(what, "reserve")) return reserve();
    if (!strcmp(what, "write-code")) return write_code();
    if (!strcmp(what, "run-data")) return run_data();
    if (!strcmp(what, "change-code")) return change_code();
    if (!strcmp(what, "make-code")) return make_code();
    if (!strcmp(what, "divide")) return divide();
    if (!strcmp(what, "raise")) return raise(atoi(name));
    if (!strcmp(what, "abort")) abort();
    if (!strcmp(what, "instruction")) return instruction(name);
    if (!strcmp(what, "ask")) return ask();
    if (!strcmp(what, "stack")) return stack(name);
    if (!strcmp(what, "system-calls")) return system_calls();
    if (!strcmp(what, "paths")) return paths();
    return 2;
}
