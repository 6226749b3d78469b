#include "tg_gemm.h"

#define LANES_BUDGET 640U /* bytes: about what the tensors of small models leave free beside the largest */
#define GROUP        3U   /* patches that the DSP form takes together */

/* Bytes of a patch as pairs of int16, in whole steps of four values. */
static uint32_t patch_size(uint32_t depth) {
    return (depth + 3U) / 4U * 8U;
}

/* Patches, in whole groups, of an output that has several. */
static uint32_t patches_of(uint32_t count, uint32_t runs) {
    return runs * ((count + GROUP - 1U) / GROUP * GROUP);
}

uint32_t tg_gemm_chunk(uint32_t depth, uint32_t count, uint32_t runs, uint32_t outputs) {
    uint32_t room = LANES_BUDGET / patch_size(depth);
    uint32_t chunk = count * runs == 1U ? room / GROUP * GROUP : room / patches_of(count, runs);
    uint32_t least = count * runs == 1U ? GROUP : 1U;
    chunk = chunk < least ? least : chunk;
    return chunk < outputs ? chunk : outputs;
}

uint32_t tg_gemm_scratch(uint32_t depth, uint32_t count, uint32_t runs, uint32_t outputs) {
    if (count * runs == 1U && outputs == 1U) {
        return patch_size(depth);
    }
    uint32_t patches =
        count * runs == 1U ? (outputs + GROUP - 1U) / GROUP * GROUP : outputs * patches_of(count, runs);
    return (patches + 2U) * patch_size(depth); /* and a pair of channels' weights */
}
