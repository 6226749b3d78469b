#include "tg_gemm.h"

/* Bytes for which six patches are rather taken together than three: these of 84 values. */
#define BUDGET 1024U
#define GROUP  TG_GEMM_GROUP

uint32_t tg_gemm_scratch(uint32_t depth, uint32_t channels, uint32_t runs, uint32_t count, uint32_t outputs,
                         uint32_t room) {
    const uint32_t size = (depth + 3U) / 4U * 8U; /* of a patch as pairs of int16, in whole steps */
    uint32_t patches = GROUP;
    if (runs * count > 1U) {
        patches = 2U * GROUP * runs * ((count + GROUP - 1U) / GROUP);
    } else if (outputs == 1U && channels >= TG_GEMM_CHANNELS) {
        patches = 1;
    } else if (outputs >= 2U * GROUP && 2U * GROUP * size <= (room > BUDGET ? room : BUDGET)) {
        patches = 2U * GROUP;
    }
    return (patches * size + 15U) & ~15U;
}
