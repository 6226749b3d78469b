/* Application: opens the compiled-in model, checks its contract against the board, recognises gestures.
 *
 * It prints lines of `word key=value ...` on the console; a key named label is last and takes the rest of the
 * line:
 *
 *     tinygesture board=qemu_mps2 interface=0011223344556677 model=<64 hex digits>
 *     refused field=rate_mhz expected=50000 found=100000 tolerance_permille=50
 *     refused field=model expected=OK found=ERR_OPERATOR op=3 opcode=22 text=...
 *     ready rate_mhz=50000 full_scale_mg=4000 window=100 hop=10 labels=6 self_tests=4 arena=5076
 *     event score=0.930 start=1234 end=1284 label=shake_left
 *     hop end=1284 outputs=80f10a...
 *     lost samples=12 at=1300
 *     sensor error=ERR_RATE text=...
 *     end samples=5000 hops=490 events=3 lost=0 unsaid=0 asleep_permille=871 stack=412 stack_size=8192
 *
 * Sample numbers count from the start of sampling, lost samples included. `outputs` are the model's int8
 * outputs as hexadecimal bytes. `unsaid` counts lines that a console too slow for them never took.
 */
#ifndef TG_APP_H
#define TG_APP_H

#include "tg_recognizer.h"

#include "../boards/tg_board.h"
#include "tg_text.h"

#define TG_MODEL_ID_SIZE     32
#define TG_INTERFACE_ID_SIZE 8

/* The model compiled in, as the generated gesture_model.h declares it. */
typedef struct {
    const uint8_t *data;
    size_t size;
    const tg_op *const *ops;
    const uint8_t *model_id;     /* TG_MODEL_ID_SIZE bytes */
    const uint8_t *interface_id; /* TG_INTERFACE_ID_SIZE bytes */
} tg_app_model;

typedef struct {
    tg_recognizer recognizer;
    tg_text line;
    uint8_t order[TG_MAX_CHANNELS]; /* frame axis of each of the contract's channels */
    uint32_t base;                  /* sample number at which the recognizer was last reset */
    uint32_t hops;
    uint32_t events;
    uint32_t lost;
    uint32_t unsaid;
} tg_app;

/* Runs until the sensor ends or fails; the board is initialised. The arena is 8-byte aligned. */
tg_exit tg_app_run(tg_app *app, const tg_app_model *model, void *arena, size_t arena_size);

#endif
