/* Recognizer: contract, window, model and detector wired together; what an application uses.
 *
 *     tg_recognizer r;
 *     int err = tg_recognizer_open(&r, gesture_model, gesture_model_size, gesture_model_ops,
 *                                  arena, sizeof arena, NULL);
 *     ...
 *     if (tg_recognizer_push(&r, sample, &event) & TG_PUSH_EVENT)
 *         act_on(event.label);
 */
#ifndef TG_RECOGNIZER_H
#define TG_RECOGNIZER_H

#include "tg_contract.h"
#include "tg_detector.h"
#include "tg_model.h"
#include "tg_stream.h"
#include "tg_window.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    tg_contract contract;
    tg_model model;
    tg_stream stream;
    tg_window window;
    tg_detector detector;
    uint32_t samples; /* pushed since the last reset */
} tg_recognizer;

#define TG_PUSH_HOP   1 /* a window was run: tg_model_output() holds its scores */
#define TG_PUSH_EVENT 2 /* *event was filled */

/* Opens model and contract and checks them against each other. The model is planned to compute at every hop
 * only what the hop adds (tg_stream.h). The arena's size is asked as in tg_model_open(). The recognizer must
 * not be moved afterwards. */
int tg_recognizer_open(tg_recognizer *r, const uint8_t *data, size_t size, const tg_op *const *ops,
                       void *arena, size_t arena_size, tg_fault *fault);

/* Bytes of the arena in use. */
size_t tg_recognizer_arena_size(const tg_recognizer *r);

/* Runs the contract's self-test. Returns 0 or TG_ERR_SELF_TEST. Resets the recognizer. */
int tg_recognizer_self_test(tg_recognizer *r);

/* Runs one self-test case: window samples of a random walk grown from seed (docs/formats.md), preprocessed,
 * one inference. Outputs are then in tg_model_output(). */
void tg_recognizer_self_test_case(tg_recognizer *r, uint32_t seed);

/* Forgets all samples and pending hits: call after a gap. No event is reported before a full window of
 * unbroken samples. Sample numbers start again at 0. */
void tg_recognizer_reset(tg_recognizer *r);

/* Takes one sample. Returns a set of TG_PUSH_ bits. */
int tg_recognizer_push(tg_recognizer *r, const int16_t *sample, tg_event *event);

#ifdef __cplusplus
}
#endif

#endif
