// The unit's pins as one C structure in and one out: a single call a clock from Rust.
// The layouts are those of `Driven`, `Shown` and `Table` in ffi.rs; the version in the table guards them.
#include "Vtop.h"
#include "Vtop___024root.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

struct Driven {
    uint64_t rx_req_data;
    uint64_t rx_cpl_data;
    uint16_t completer_id;
    uint8_t rx_req_valid, rx_req_keep, rx_req_last;
    uint8_t rx_cpl_valid, rx_cpl_keep, rx_cpl_last;
    uint8_t tx_req_ready, tx_cpl_ready;
    uint8_t max_payload, max_read_request, rcb;
    uint8_t bus_master_enable, msix_enable, msix_function_mask;
    uint8_t flr_request, link_up, tick, reset;
};

struct Shown {
    uint64_t tx_req_data;
    uint64_t tx_cpl_data;
    uint8_t tx_req_valid, tx_req_keep, tx_req_last;
    uint8_t tx_cpl_valid, tx_cpl_keep, tx_cpl_last;
    uint8_t rx_req_ready, rx_cpl_ready;
    uint8_t flr_done, config_error;
};

struct Bench {
    VerilatedContext context;
    std::unique_ptr<Vtop> unit;
#if VM_TRACE
    std::unique_ptr<VerilatedFstC> waves;
#endif
    uint64_t time = 0;
    // Copies of everything that the unit remembers, to recognise a state that comes again.
    std::vector<unsigned char> earlier;

    Bench() {
#if VM_TRACE
        context.traceEverOn(true);
#endif
        unit = std::make_unique<Vtop>(&context);
    }

    void eval() {
        unit->eval();
#if VM_TRACE
        if (waves) waves->dump(time);
#endif
    }
};

static Bench *covert_new() { return new Bench; }

static void covert_free(Bench *bench) {
#if VM_TRACE
    if (bench->waves) bench->waves->close();
#endif
    bench->unit->final();
    delete bench;
}

static void drive(Bench *bench, const Driven *in) {
    auto &u = *bench->unit;
    u.clock = 0;
    u.reset = in->reset;
    u.rx_req_valid = in->rx_req_valid;
    u.rx_req_data = in->rx_req_data;
    u.rx_req_keep = in->rx_req_keep;
    u.rx_req_last = in->rx_req_last;
    u.rx_cpl_valid = in->rx_cpl_valid;
    u.rx_cpl_data = in->rx_cpl_data;
    u.rx_cpl_keep = in->rx_cpl_keep;
    u.rx_cpl_last = in->rx_cpl_last;
    u.tx_req_ready = in->tx_req_ready;
    u.tx_cpl_ready = in->tx_cpl_ready;
    u.completer_id = in->completer_id;
    u.max_payload = in->max_payload;
    u.max_read_request = in->max_read_request;
    u.rcb = in->rcb;
    u.bus_master_enable = in->bus_master_enable;
    u.msix_enable = in->msix_enable;
    u.msix_function_mask = in->msix_function_mask;
    u.flr_request = in->flr_request;
    u.link_up = in->link_up;
    u.tick = in->tick;
    bench->eval();
}

static void covert_settle(Bench *bench, const Driven *in, Shown *out) {
    drive(bench, in);
    const auto &u = *bench->unit;
    out->rx_req_ready = u.rx_req_ready;
    out->rx_cpl_ready = u.rx_cpl_ready;
    out->tx_req_valid = u.tx_req_valid;
    out->tx_req_data = u.tx_req_data;
    out->tx_req_keep = u.tx_req_keep;
    out->tx_req_last = u.tx_req_last;
    out->tx_cpl_valid = u.tx_cpl_valid;
    out->tx_cpl_data = u.tx_cpl_data;
    out->tx_cpl_keep = u.tx_cpl_keep;
    out->tx_cpl_last = u.tx_cpl_last;
    out->flr_done = u.flr_done;
    out->config_error = u.config_error;
}

// One nanosecond of wave time is half a clock.
static void covert_clock(Bench *bench) {
    bench->time += 1;
    bench->unit->clock = 1;
    bench->eval();
    bench->time += 1;
}

// Lets clocks pass with the inputs held, while nothing is offered; gives their number, at most `most`. `repeats` is set
// when the unit is in a state again in which it was before: with the same inputs it will then never do anything else.
static uint64_t covert_idle(Bench *bench, const Driven *in, uint64_t most, uint32_t *repeats) {
    auto &u = *bench->unit;
    const auto *state = reinterpret_cast<const unsigned char *>(u.rootp);
    const size_t bytes = sizeof(*u.rootp);
    const auto error = u.config_error;
    // A counter that runs all the time gives a unit at rest a period: copies reach that far back.
    constexpr uint64_t STEP = 4, COPIES = 16;
    bench->earlier.resize(COPIES * bytes);
    *repeats = 0;
    drive(bench, in);
    for (uint64_t clocks = 0; clocks < most; clocks++) {
        if (u.tx_req_valid || u.tx_cpl_valid || u.flr_done || u.config_error != error) return clocks;
        if (clocks % STEP == 0) {
            const uint64_t made = clocks / STEP;
            for (uint64_t copy = 0; copy < COPIES && copy < made; copy++) {
                if (std::memcmp(state, &bench->earlier[copy * bytes], bytes) == 0) {
                    *repeats = 1;
                    return clocks;
                }
            }
            std::memcpy(&bench->earlier[made % COPIES * bytes], state, bytes);
        }
        covert_clock(bench);
        u.clock = 0;
        bench->eval();
    }
    return most;
}

static int covert_waves(Bench *bench, const char *path) {
#if VM_TRACE
    bench->waves = std::make_unique<VerilatedFstC>();
    bench->unit->trace(bench->waves.get(), 99);
    bench->waves->open(path);
    return bench->waves->isOpen() ? 1 : 0;
#else
    (void)bench;
    (void)path;
    return 0;
#endif
}
struct Table {
    uint32_t version;
    Bench *(*create)();
    void (*free)(Bench *);
    void (*settle)(Bench *, const Driven *, Shown *);
    void (*clock)(Bench *);
    uint64_t (*idle)(Bench *, const Driven *, uint64_t, uint32_t *);
    int (*waves)(Bench *, const char *);
};

extern "C" __attribute__((visibility("default"))) const Table covert_table = {
    2, covert_new, covert_free, covert_settle, covert_clock, covert_idle, covert_waves};
