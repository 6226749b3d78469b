/* Settings: which of a part's rates and ranges comes nearest to what is wanted. */
#ifndef TG_SETTING_H
#define TG_SETTING_H

#include <stddef.h>
#include <stdint.h>

/* Index of the rate nearest to the one wanted; rates in millihertz, ascending, count at least 1. */
unsigned tg_setting_rate(const uint32_t *rates_mhz, size_t count, uint32_t wanted_mhz);

/* Index of the smallest full scale that holds the one wanted, else of the largest; ascending. */
unsigned tg_setting_range(const uint16_t *full_scales_mg, size_t count, uint16_t wanted_mg);

#endif
