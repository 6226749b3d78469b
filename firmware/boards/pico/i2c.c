#include "i2c.h"

#include "clock.h"
#include "pins.h"
#include "rp2040.h"

/* Section 4.3.14.1, at clk_sys = 48 MHz: 120 cycles a bit, low for 60 % of it. */
#define FS_HCNT        48U
#define FS_LCNT        72U
#define FS_SPKLEN      4U
#define SDA_HOLD       15U /* 300 ns */
#define BIT_US         5U  /* half a bit of a bus that is freed by hand */
#define CLOCKS_TO_FREE 9U

#define BYTE_US       25U  /* nine bits at 400 kHz */
#define ADDRESS_BYTES 2U   /* one before the bytes written, one before those read */
#define PATIENCE_US   500U /* start, stop, a part that stretches the clock */
#define FIFO_SIZE     16U

static void release(unsigned pin) {
    SIO_GPIO_OE_CLR = 1U << pin;
}

static void pull_down(unsigned pin) {
    SIO_GPIO_OUT_CLR = 1U << pin;
    SIO_GPIO_OE_SET = 1U << pin;
}

static void controller_init(void) {
    I2C_ENABLE = 0;
    I2C_CON = I2C_CON_MASTER;
    I2C_FS_HCNT = FS_HCNT;
    I2C_FS_LCNT = FS_LCNT;
    I2C_FS_SPKLEN = FS_SPKLEN;
    I2C_SDA_HOLD = SDA_HOLD;
    IO_CTRL(PIN_SDA) = IO_FUNCTION_I2C;
    IO_CTRL(PIN_SCL) = IO_FUNCTION_I2C;
    I2C_ENABLE = 1;
}

void i2c_init(void) {
    PADS_PIN(PIN_SDA) = PADS_INPUT_PULLUP;
    PADS_PIN(PIN_SCL) = PADS_INPUT_PULLUP;
    controller_init();
}

/* A part that was interrupted while it sends a 0 holds SDA low until it has been clocked to the end of its
 * byte.
 */
void i2c_recover(void *ctx) {
    (void)ctx;
    I2C_ENABLE = 0;
    release(PIN_SDA);
    release(PIN_SCL);
    IO_CTRL(PIN_SDA) = IO_FUNCTION_SIO;
    IO_CTRL(PIN_SCL) = IO_FUNCTION_SIO;
    for (unsigned i = 0; i < CLOCKS_TO_FREE; i++) {
        pull_down(PIN_SCL);
        clock_wait_us(BIT_US);
        release(PIN_SCL);
        clock_wait_us(BIT_US);
    }
    pull_down(PIN_SDA); /* a stop: SDA rises while SCL is high */
    clock_wait_us(BIT_US);
    release(PIN_SDA);
    clock_wait_us(BIT_US);
    controller_init();
}

static int failure(void) {
    int err = I2C_ABRT_SOURCE & I2C_ABRT_NOT_ACKD ? TG_ACCEL_ERR_ABSENT : TG_ACCEL_ERR_BUS;
    (void)I2C_CLR_INTR;
    return err;
}

int i2c_transfer(void *ctx, uint8_t address, const uint8_t *out, size_t out_size, uint8_t *in,
                 size_t in_size) {
    (void)ctx;
    size_t total = out_size + in_size;
    uint64_t end = clock_us() + PATIENCE_US + BYTE_US * (total + ADDRESS_BYTES);
    size_t sent = 0;
    size_t received = 0;
    I2C_ENABLE = 0; /* the address can only be set while it is off: section 4.3.10.2.1 */
    I2C_TAR = address;
    I2C_ENABLE = 1;
    (void)I2C_CLR_INTR;
    while (received < in_size || (I2C_RAW_INTR & I2C_RAW_STOP) == 0) {
        if (I2C_RAW_INTR & I2C_RAW_ABORT) {
            return failure();
        }
        if (clock_us() > end) {
            return TG_ACCEL_ERR_BUS;
        }
        /* Bytes asked for and not yet taken must have room in the receive FIFO. */
        if (sent < total && sent < out_size + received + FIFO_SIZE && (I2C_STATUS & I2C_STATUS_TFNF)) {
            uint32_t command = sent < out_size ? out[sent] : I2C_CMD_READ;
            command |= sent == out_size ? I2C_CMD_RESTART : 0;
            command |= sent + 1 == total ? I2C_CMD_STOP : 0;
            I2C_DATA_CMD = command;
            sent++;
        }
        if (I2C_STATUS & I2C_STATUS_RFNE) {
            in[received++] = (uint8_t)I2C_DATA_CMD;
        }
    }
    return I2C_RAW_INTR & I2C_RAW_ABORT ? failure() : 0;
}
