/* Detector: a score per label and hop in, gesture events out.
 *
 * A hop is a hit for a label when that label has the highest score, is not the background, and
 * scores at least its threshold. `hits` consecutive hits for one label make an event. After an event
 * nothing is reported for refractory_ms, and then only after a hop that was no hit for the same
 * label: one long gesture gives one event.
 */
#ifndef TG_DETECTOR_H
#define TG_DETECTOR_H

#include <stdbool.h>

#include "tg_contract.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint8_t label;  /* index into the contract's labels */
    uint8_t score;  /* 0 .. 255: the score of the hop that completed the event, in 1/256 */
    uint32_t start; /* sample number (since the last reset) of the first sample of the first hit's window */
    uint32_t end;   /* sample number one past the last sample of the window that completed it */
} tg_event;

typedef struct {
    const tg_contract *contract;
    uint32_t refractory; /* samples */
    uint32_t last_event; /* end of the last event */
    uint32_t run_start;  /* first sample of the running hits */
    uint8_t run_label;   /* label of the running hits, or TG_NO_LABEL */
    uint8_t run_length;
    uint8_t held; /* label reported and hitting ever since, or TG_NO_LABEL */
    bool quiet;   /* within the refractory time of last_event */
} tg_detector;

#define TG_NO_LABEL 255U

/* Starts with nothing pending. contract stays owned by the caller and in place. */
void tg_detector_init(tg_detector *detector, const tg_contract *contract);

/* Takes the model's outputs for the window that ends before sample number `end`: label_count int8 values
 * of scale 1/256 and zero point -128. Returns 1 and fills *event, or 0. */
int tg_detector_push(tg_detector *detector, const int8_t *outputs, uint32_t end, tg_event *event);

#ifdef __cplusplus
}
#endif

#endif
