#include "tg_setting.h"

unsigned tg_setting_rate(const uint32_t *rates_mhz, size_t count, uint32_t wanted_mhz) {
    unsigned best = 0;
    while (best + 1 < count && wanted_mhz > (rates_mhz[best] + rates_mhz[best + 1]) / 2) {
        best++;
    }
    return best;
}

unsigned tg_setting_range(const uint16_t *full_scales_mg, size_t count, uint16_t wanted_mg) {
    unsigned best = 0;
    while (best + 1 < count && full_scales_mg[best] < wanted_mg) {
        best++;
    }
    return best;
}
