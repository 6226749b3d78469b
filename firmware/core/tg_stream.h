/* Stream: a model that runs every hop and computes only what the hop's new columns add.
 *
 * A window that moved by a hop shares most of its columns with the one before. Where a layer's columns depend
 * on a few input columns only, they are computed once, and what the next hop needs of them is kept: the last
 * columns that a convolution or pooling reaches back to, or the running sums of a mean over time. From the
 * first layer on that cannot work so, its whole input is kept and computed anew at each hop; why, the stream
 * tells. Outputs equal those of tg_model_invoke() on each whole window, byte for byte. The kernels are the
 * same: they see tensors of fewer columns.
 *
 *     tg_stream_open(&stream, &model, ...);
 *     for (;;) {
 *         ... write `hop` new columns to tg_stream_columns(&stream) ...
 *         tg_stream_run(&stream, &model, columns_so_far >= window);
 *     }
 *
 * The first window is fed in the same way. When it is no multiple of the hop long, the first hop brings fewer
 * columns: they go behind those that are missing.
 */
#ifndef TG_STREAM_H
#define TG_STREAM_H

#include <stdbool.h>

#include "tg_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, text): why a layer computes whole windows; text completes "whole windows: ...". */
#define TG_STREAM_LIST(X)                                                                                    \
    X(YES, "no layer")                                                                                       \
    X(ENDS, "the layer joins all of a window's columns")                                                     \
    X(STRIDE, "the hop is no multiple of the total stride")                                                  \
    X(PADDING, "padding along time")                                                                         \
    X(HOP, "the hop is so long that windows share nothing in this layer")                                    \
    X(LAYOUT, "time is not the layer's outermost dimension")                                                 \
    X(BRANCH, "the layer's inputs do not move together in time")                                             \
    X(OPERATOR, "the operator cannot take a window in parts")

typedef enum {
#define TG_STREAM_ENUM(name, text) TG_STREAM_##name,
    TG_STREAM_LIST(TG_STREAM_ENUM)
#undef TG_STREAM_ENUM
} tg_stream_reason;

/* One line about a reason. Static string. */
const char *tg_stream_text(tg_stream_reason reason);

/* Fields are private but for reason and op. */
typedef struct {
    tg_stream_reason reason; /* TG_STREAM_YES or why some layer computes whole windows */
    int16_t op;              /* that layer's index in the graph, or -1 */
    uint16_t always;         /* nodes that must run at every hop, even before the first window is full */
    uint16_t kept_count;
    struct tg_kept *kept;
    int8_t *columns;
    uint32_t state; /* offset of the memory that a reset clears */
    uint32_t kept_size;
} tg_stream;

/* Opens a model as tg_model_open() does, planned to be run every `hop` of the `window` columns that its
 * input holds, 1 <= hop <= window; the model then runs by tg_stream_run() only. Starts reset. */
int tg_stream_open(tg_stream *stream, tg_model *model, const uint8_t *data, size_t size,
                   const tg_op *const *ops, unsigned window, unsigned hop, void *arena, size_t arena_size,
                   tg_fault *fault);

/* Where the `hop` new columns are written before tg_stream_run(). */
int8_t *tg_stream_columns(const tg_stream *stream);

/* Takes the new columns. full: they complete a window; the model's output is then that of the window. */
void tg_stream_run(const tg_stream *stream, const tg_model *model, bool full);

/* Bytes that are kept from hop to hop. */
uint32_t tg_stream_kept(const tg_stream *stream);

/* Forgets all columns. */
void tg_stream_reset(const tg_stream *stream, const tg_model *model);

#ifdef __cplusplus
}
#endif

#endif
