/* Fuzz target: any bytes as a contract; what is accepted keeps the ranges that tg_contract.h promises and can
 * be used: labels, preprocessing, detector.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tg_contract.h"
#include "tg_detector.h"
#include "tg_err.h"
#include "tg_window.h"

static void check_ranges(const tg_contract *c, const uint8_t *data, size_t size) {
    REQUIRE(c->channel_count >= 1 && c->channel_count <= TG_MAX_CHANNELS);
    for (unsigned i = 0; i < c->channel_count; i++) {
        REQUIRE(c->channels[i] >= TG_ACCELERATION_X && c->channels[i] <= TG_ACCELERATION_Z);
    }
    REQUIRE(c->rate_mhz >= 1000 && c->rate_mhz <= 1000000);
    REQUIRE(c->full_scale >= 1 && c->full_scale <= INT16_MAX);
    REQUIRE(c->frame == TG_FRAME_FACE && c->gain >= 1);
    REQUIRE(c->preprocess == TG_PREPROCESS_SCALE || c->preprocess == TG_PREPROCESS_LEVEL);
    REQUIRE(c->preprocess == TG_PREPROCESS_SCALE || c->channel_count == 3);
    REQUIRE(c->level_shift >= TG_LEVEL_LEAST_SHIFT && c->level_shift <= TG_LEVEL_MOST_SHIFT);
    REQUIRE(c->window >= 1 && c->window <= TG_MAX_WINDOW && c->hop >= 1 && c->hop <= c->window);
    REQUIRE(c->label_count >= 2 && c->label_count <= TG_MAX_LABELS && c->hits >= 1);
    REQUIRE(c->background < c->label_count || c->background == TG_NO_BACKGROUND);
    REQUIRE(c->thresholds >= data && c->thresholds + c->label_count <= data + size);
    if (c->self_test != NULL) {
        REQUIRE(c->self_test >= data);
        REQUIRE(c->self_test + c->self_test_count * (4U + c->label_count) <= data + size);
    }
    for (unsigned i = 0; i < c->label_count; i++) {
        size_t length;
        const uint8_t *label = (const uint8_t *)tg_contract_label(c, i, &length);
        REQUIRE(length >= 1 && length <= TG_MAX_LABEL_BYTES);
        REQUIRE(label >= data && label + length <= data + size);
    }
}

/* Feeds the contract's own bytes, in circles, as samples and as outputs. */
static void use(const tg_contract *c, const uint8_t *data, size_t size) {
    int8_t *columns = malloc((size_t)c->hop * c->channel_count);
    REQUIRE(columns != NULL);
    tg_window window;
    tg_detector detector;
    tg_window_init(&window, c, columns);
    tg_detector_init(&detector, c);
    size_t at = 0;
    uint32_t hops = 0;
    for (uint32_t n = 1; n <= c->window + 4U * c->hop; n++) {
        int16_t sample[TG_MAX_CHANNELS];
        for (unsigned i = 0; i < c->channel_count; i++, at++) {
            sample[i] = (int16_t)(data[at % size] << 8 | data[(at + 1) % size]);
        }
        tg_window_state state = tg_window_push(&window, sample);
        bool hop = (n + c->hop - c->window % c->hop) % c->hop == 0;
        REQUIRE(state == (!hop ? TG_WINDOW_NONE : n < c->window ? TG_WINDOW_HOP : TG_WINDOW_DUE));
        if (state != TG_WINDOW_DUE) {
            continue;
        }
        hops++;
        int8_t outputs[TG_MAX_LABELS];
        for (unsigned i = 0; i < c->label_count; i++, at++) {
            outputs[i] = (int8_t)data[at % size];
        }
        tg_event event;
        if (tg_detector_push(&detector, outputs, n, &event) != 0) {
            REQUIRE(event.label < c->label_count && event.label != c->background);
            REQUIRE(event.score >= c->thresholds[event.label] && event.end == n && event.start < n);
        }
    }
    REQUIRE(hops == 5);
    free(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tg_contract contract;
    tg_contract before;
    memset(&contract, 0x5A, sizeof contract);
    memcpy(&before, &contract, sizeof contract);
    int err = tg_contract_read(&contract, data, size);
    if (err != 0) {
        REQUIRE(err == TG_ERR_CONTRACT || err == TG_ERR_VERSION || err == TG_ERR_CRITICAL ||
                (err == TG_ERR_ARGUMENT && data == NULL));
        REQUIRE(memcmp(&before, &contract, sizeof contract) == 0);
        return 0;
    }
    check_ranges(&contract, data, size);
    use(&contract, data, size);
    return 0;
}
