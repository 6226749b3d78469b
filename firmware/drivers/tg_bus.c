#include "tg_bus.h"

static int transfer(const tg_bus *bus, uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                    size_t in_size) {
    int err = 0;
    for (unsigned i = 0; i < TG_BUS_TRIES; i++) {
        err = bus->transfer(bus->ctx, address, out, out_size, in, in_size);
        if (err == 0) {
            return 0;
        }
        bus->recover(bus->ctx);
    }
    return err;
}

int tg_bus_read(const tg_bus *bus, uint8_t address, uint8_t first, uint8_t *in, size_t size) {
    return transfer(bus, address, &first, 1, in, size);
}

int tg_bus_write(const tg_bus *bus, uint8_t address, uint8_t reg, uint8_t value) {
    const uint8_t out[2] = {reg, value};
    return transfer(bus, address, out, sizeof out, NULL, 0);
}

int tg_bus_set_up(const tg_bus *bus, uint8_t address, const uint8_t (*pairs)[2], size_t count) {
    for (size_t i = 0; i < count; i++) {
        int err = tg_bus_write(bus, address, pairs[i][0], pairs[i][1]);
        if (err < 0) {
            return err;
        }
    }
    for (size_t i = 0; i < count; i++) {
        int err = tg_bus_identify(bus, address, pairs[i][0], pairs[i][1]);
        if (err < 0) {
            return err == TG_ACCEL_ERR_ID ? TG_ACCEL_ERR_SETTING : err;
        }
    }
    return 0;
}

int tg_bus_identify(const tg_bus *bus, uint8_t address, uint8_t reg, uint8_t expected) {
    uint8_t found;
    int err = tg_bus_read(bus, address, reg, &found, 1);
    if (err < 0) {
        return err;
    }
    return found == expected ? 0 : TG_ACCEL_ERR_ID;
}
