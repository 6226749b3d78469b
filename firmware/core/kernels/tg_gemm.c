#include "tg_gemm.h"

/* Bytes for patches when there is no room: four groups of patches of 16 values; five outputs of a 3 x 3
 * pooling and patches of 12 values. */
#define BUDGET        384U
#define POOLED_BUDGET 1080U
#define GROUP         TG_GEMM_GROUP

/* Bytes of a patch as pairs of int16, in whole steps of four values. */
static uint32_t patch_size(uint32_t depth) {
    return (depth + 3U) / 4U * 8U;
}

/* Patches, in whole groups, of an output that has several. */
static uint32_t patches_of(uint32_t count, uint32_t runs) {
    return runs * ((count + GROUP - 1U) / GROUP * GROUP);
}

uint32_t tg_gemm_chunk(uint32_t depth, uint32_t count, uint32_t runs, uint32_t outputs, uint32_t room) {
    uint32_t budget = count * runs == 1U ? BUDGET : POOLED_BUDGET;
    uint32_t pair = 2U * patch_size(depth);
    budget = room > budget + pair ? room - pair : budget;
    room = budget / patch_size(depth);
    uint32_t chunk = count * runs == 1U ? room / GROUP * GROUP : room / patches_of(count, runs);
    uint32_t least = count * runs == 1U ? GROUP : 1U;
    chunk = chunk < least ? least : chunk;
    return chunk < outputs ? chunk : outputs;
}

uint32_t tg_gemm_scratch(uint32_t depth, uint32_t count, uint32_t runs, uint32_t outputs) {
    if (count * runs == 1U && outputs == 1U) {
        return depth > 4U ? patch_size(depth) : 16U;
    }
    uint32_t patches =
        count * runs == 1U ? (outputs + GROUP - 1U) / GROUP * GROUP : outputs * patches_of(count, runs);
    return patches * patch_size(depth);
}

uint32_t tg_gemm_pair(uint32_t depth) {
    return 2U * patch_size(depth);
}
