/* Window: int16 samples in, int8 columns out, kept in a ring until a window is due.
 *
 * Preprocessing lives here and nowhere else: the board, the simulator and the trainer all call
 * these functions. It is integer and causal; a reset returns it to its initial state.
 */
#ifndef TG_WINDOW_H
#define TG_WINDOW_H

#include "tg_contract.h"
#include "tg_level.h"

typedef struct {
    const tg_contract *contract;
    tg_level level;
    int8_t *ring;       /* window x channel_count columns, oldest at head */
    uint16_t head;      /* column that the next sample overwrites */
    uint16_t until_due; /* samples still missing until a window is due */
} tg_window;

/* Bytes of ring that a window needs: window x channels. */
size_t tg_window_size(const tg_contract *contract);

/* Starts empty. contract and ring (tg_window_size bytes) stay owned by the caller and in place. */
void tg_window_init(tg_window *window, const tg_contract *contract, int8_t *ring);

/* Forgets all samples: after a start or a gap no window is due before a full one of unbroken samples. */
void tg_window_reset(tg_window *window);

/* Takes one sample (channel_count values in the contract's units). Returns 1 when a window is due. */
int tg_window_push(tg_window *window, const int16_t *sample);

/* Copies the window's columns, oldest first (tg_window_size bytes). Call when tg_window_push returned 1. */
void tg_window_columns(const tg_window *window, int8_t *columns);

/* Preprocesses one sample into one column (channel_count int8 values). level: what earlier samples left
 * (tg_level_init before the first); the scaling alone leaves nothing. */
void tg_window_preprocess(const tg_contract *contract, tg_level *level, const int16_t *sample,
                          int8_t *column);

#endif
