#include "tg_ops.h"

#include <stddef.h>

const tg_op *const tg_ops_all[] = {
#define TG_OPS_ENTRY(name, NAME) &tg_hop_##name,
    TG_OPS(TG_OPS_ENTRY)
#undef TG_OPS_ENTRY
        NULL,
};
