#include "twi.h"

#include "clock.h"
#include "nrf5x.h"
#include "pins.h"

#define BIT_US         5U /* half a bit of a bus that is freed by hand */
#define CLOCKS_TO_FREE 9U
#define BYTE_US        25U
#define ADDRESS_BYTES  2U
#define PATIENCE_US    1000U /* start, stop, a part that stretches the clock */

static void level(unsigned pin, int high) {
    if (high) {
        GPIO_OUTSET(pin) = GPIO_BIT(pin);
    } else {
        GPIO_OUTCLR(pin) = GPIO_BIT(pin);
    }
    clock_wait_us(BIT_US);
}

/* A part that was interrupted while it sends a 0 holds SDA low until it has been clocked to the end of its
 * byte.
 */
void twi_recover(void *ctx) {
    (void)ctx;
    const unsigned scl = tg_nrf5x_pins.scl;
    const unsigned sda = tg_nrf5x_pins.sda;
    TWI_ENABLE = 0;
    GPIO_OUTSET(scl) = GPIO_BIT(scl);
    GPIO_OUTSET(sda) = GPIO_BIT(sda);
    GPIO_CNF(scl) = CNF_OPEN_DRAIN_OUT;
    GPIO_CNF(sda) = CNF_OPEN_DRAIN_OUT;
    for (unsigned i = 0; i < CLOCKS_TO_FREE; i++) {
        level(scl, 0);
        level(scl, 1);
    }
    level(sda, 0); /* a stop: SDA rises while SCL is high */
    level(sda, 1);
    GPIO_CNF(scl) = CNF_OPEN_DRAIN;
    GPIO_CNF(sda) = CNF_OPEN_DRAIN;
    TWI_SHORTS = 0;
    TWI_PSELSCL = scl;
    TWI_PSELSDA = sda;
    TWI_FREQUENCY = TWI_400_KHZ;
    TWI_ERRORSRC = TWI_ERRORSRC_ALL;
    TWI_ENABLE = TWI_ENABLED;
}

/* Waits for an event and takes it. Returns 0 or an error, then with the bus stopped. */
static int await(volatile uint32_t *event, uint64_t end) {
    while (*event == 0) {
        if (TWI_ERROR) {
            uint32_t source = TWI_ERRORSRC;
            TWI_ERROR = 0;
            TWI_ERRORSRC = source;
            TWI_STOP = 1;
            return source & TWI_ERRORSRC_NACK ? TG_ACCEL_ERR_ABSENT : TG_ACCEL_ERR_BUS;
        }
        if (clock_us() > end) {
            return TG_ACCEL_ERR_BUS;
        }
    }
    *event = 0;
    return 0;
}

static int receive(uint8_t *in, size_t size, uint64_t end) {
    /* The shortcut says what follows the byte that is being received: hold the clock, or stop. RM 28.8. */
    TWI_SHORTS = size > 1 ? TWI_BB_SUSPEND : TWI_BB_STOP;
    TWI_STARTRX = 1;
    for (size_t i = 0; i < size; i++) {
        int err = await(&TWI_RXDREADY, end);
        if (err < 0) {
            return err;
        }
        in[i] = (uint8_t)TWI_RXD;
        if (i + 2 == size) {
            TWI_SHORTS = TWI_BB_STOP;
        }
        if (i + 1 < size) {
            clock_wait_us(BIT_US); /* the suspend must have taken hold before it is ended */
            TWI_RESUME = 1;
        }
    }
    return 0;
}

int twi_transfer(void *ctx, uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                 size_t in_size) {
    (void)ctx;
    uint64_t end = clock_us() + PATIENCE_US + 2U * BYTE_US * (out_size + in_size + ADDRESS_BYTES);
    TWI_STOPPED = 0;
    TWI_RXDREADY = 0;
    TWI_TXDSENT = 0;
    TWI_ERROR = 0;
    TWI_SHORTS = 0;
    TWI_ADDRESS = address;
    TWI_STARTTX = 1;
    for (size_t i = 0; i < out_size; i++) {
        TWI_TXD = out[i];
        int err = await(&TWI_TXDSENT, end);
        if (err < 0) {
            return err;
        }
    }
    if (in_size > 0) {
        int err = receive(in, in_size, end);
        if (err < 0) {
            return err;
        }
    } else {
        TWI_STOP = 1;
    }
    int err = await(&TWI_STOPPED, end);
    TWI_SHORTS = 0;
    return err;
}
