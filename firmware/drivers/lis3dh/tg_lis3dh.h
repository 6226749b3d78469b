/* Accelerometers of ST's family with identity 0x33: LIS3DH, LIS2DH12, and the one inside the LSM303AGR.
 *
 * Samples wait in the part's FIFO of 32; the processor wakes for a batch of them. Sections are those of the
 * LIS3DH data sheet (DocID17530 Rev 2); LIS2DH12 (DocID025056) and LSM303AGR (DocID027765) have the same
 * registers.
 *
 * Rates: 1, 10, 25, 50, 100, 200 and 400 Hz. Full scales: 2, 4, 8 and 16 g. Resolution: 12 bits.
 */
#ifndef TG_LIS3DH_H
#define TG_LIS3DH_H

#include "../tg_bus.h"
#include "../tg_sample_clock.h"

#define TG_LIS3DH_ADDRESS_LOW  0x18U /* pin SA0 low; section 6.1.1 */
#define TG_LIS3DH_ADDRESS_HIGH 0x19U /* pin SA0 high, and the LSM303AGR */
#define TG_LIS3DH_FIFO         32U   /* samples; section 5.1 */

/* What differs within the family. */
typedef struct {
    const char *name;
    uint16_t ug_per_digit[4]; /* 2, 4, 8 and 16 g at 12 bits: micro-g; section 2.1 */
    int8_t sign_y;            /* -1: the part's axes are left-handed, its y is turned round */
} tg_lis3dh_part;

extern const tg_lis3dh_part tg_lis3dh_part_lis3dh;    /* the LIS2DH12 is the same */
extern const tg_lis3dh_part tg_lis3dh_part_lsm303agr; /* seen from above, its y lies right of its x */

typedef struct {
    const tg_bus *bus;
    const tg_lis3dh_part *part;
    uint8_t address;
    uint8_t range; /* index of the full scale */
    tg_sample_clock clock;
    uint32_t left; /* samples seen in the FIFO and not read */
    uint32_t lost; /* not yet told */
} tg_lis3dh;

/* Makes *accel the part at a 7-bit address; touches nothing yet. self and bus stay in place. */
void tg_lis3dh_init(tg_lis3dh *self, const tg_bus *bus, uint8_t address, const tg_lis3dh_part *part,
                    tg_accel *accel);

/* Looks whether such a part answers. Returns 0, TG_ACCEL_ERR_ABSENT, _ERR_ID or _ERR_BUS. */
int tg_lis3dh_probe(const tg_bus *bus, uint8_t address);

#endif
