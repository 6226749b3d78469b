/* Window: int16 samples in, int8 columns out, a hop at a time.
 *
 * Preprocessing lives here and nowhere else: the board, the simulator and the trainer all call
 * these functions. It is integer and causal; a reset returns it to its initial state.
 */
#ifndef TG_WINDOW_H
#define TG_WINDOW_H

#include "tg_contract.h"
#include "tg_level.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const tg_contract *contract;
    tg_level level;
    int8_t *columns;  /* hop x channel_count */
    uint16_t next;    /* column that the next sample becomes */
    uint16_t missing; /* samples until the first full window; 0 from then on */
} tg_window;

typedef enum {
    TG_WINDOW_NONE,
    TG_WINDOW_HOP, /* a hop's columns are there, but the first window is not full */
    TG_WINDOW_DUE, /* a hop's columns are there, and with those before they make a window */
} tg_window_state;

/* Bytes of a window's columns: window x channels. */
size_t tg_window_size(const tg_contract *contract);

/* Starts empty. contract and columns (hop x channels bytes) stay owned by the caller and in place. */
void tg_window_init(tg_window *window, const tg_contract *contract, int8_t *columns);

/* Forgets all samples: after a start or a gap no window is due before a full one of unbroken samples. Hops
 * are counted so that one ends with the first full window: when the window is no multiple of the hop long,
 * the first hop brings fewer samples. */
void tg_window_reset(tg_window *window);

/* Takes one sample (channel_count values in the contract's units). Returns a tg_window_state; unless NONE,
 * the columns must be taken before the next sample. */
tg_window_state tg_window_push(tg_window *window, const int16_t *sample);

/* Preprocesses one sample into one column (channel_count int8 values). level: what earlier samples left
 * (tg_level_init before the first); the scaling alone leaves nothing. */
void tg_window_preprocess(const tg_contract *contract, tg_level *level, const int16_t *sample,
                          int8_t *column);

#ifdef __cplusplus
}
#endif

#endif
