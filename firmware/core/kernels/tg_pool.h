/* What pooling operators are made of. Internal to the core. */
#ifndef TG_POOL_H
#define TG_POOL_H

#include "tg_conv.h"

typedef struct {
    tg_axis h;
    tg_axis w;
    uint16_t channels;
    int8_t low; /* fused activation */
    int8_t high;
} tg_pool;

/* Reads and verifies a pooling operator into a tg_pool. Returns 0 or a negative tg_err. */
int tg_pool_read(tg_prepare *p, void *pool);

#endif
