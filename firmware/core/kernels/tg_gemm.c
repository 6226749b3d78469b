#include "tg_gemm.h"

/* Bytes for which six patches are rather taken together than three: these of 84 values. */
#define BUDGET 1024U
#define GROUP  TG_GEMM_GROUP

uint32_t tg_gemm_scratch(uint32_t depth, bool pooled, uint32_t outputs, uint32_t room) {
    const uint32_t size = (depth + 3U) / 4U * 8U; /* of a patch as pairs of int16, in whole steps */
    uint32_t patches = GROUP;
    if (pooled || (outputs >= 2U * GROUP && 2U * GROUP * size <= (room > BUDGET ? room : BUDGET))) {
        patches = 2U * GROUP;
    } else if (outputs < GROUP) {
        return TG_GEMM_LEAST;
    }
    return (patches * size + 15U) & ~15U;
}
