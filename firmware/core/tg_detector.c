#include "tg_detector.h"

void tg_detector_init(tg_detector *detector, const tg_contract *contract) {
    /* refractory_ms * rate_mhz / 1000000 in 32 bits: both divisions round down, as one would. */
    uint32_t ms = contract->refractory_ms;
    uint32_t samples =
        (ms * (contract->rate_mhz / 1000U) + ms * (contract->rate_mhz % 1000U) / 1000U) / 1000U;
    *detector = (tg_detector){
        .contract = contract,
        .refractory = samples,
        .run_label = TG_NO_LABEL,
        .held = TG_NO_LABEL,
    };
}

static unsigned best_label(const tg_contract *contract, const int8_t *outputs) {
    unsigned best = 0;
    for (unsigned i = 1; i < contract->label_count; i++) {
        best = outputs[i] > outputs[best] ? i : best;
    }
    return best;
}

int tg_detector_push(tg_detector *detector, const int8_t *outputs, uint32_t end, tg_event *event) {
    const tg_contract *c = detector->contract;
    unsigned label = best_label(c, outputs);
    uint8_t score = (uint8_t)(outputs[label] - INT8_MIN);
    if (label == c->background || score < c->thresholds[label]) {
        detector->run_label = TG_NO_LABEL;
        detector->held = TG_NO_LABEL;
        return 0;
    }
    if (label != detector->run_label) {
        detector->run_label = (uint8_t)label;
        detector->run_length = 0;
        detector->run_start = end - c->window;
    }
    if (detector->run_length < c->hits) {
        detector->run_length++;
    }
    if (detector->quiet && end - detector->last_event >= detector->refractory) {
        detector->quiet = false;
    }
    if (label != detector->held) {
        detector->held = TG_NO_LABEL;
    }
    if (detector->run_length < c->hits || detector->quiet || detector->held == label) {
        return 0;
    }
    detector->held = (uint8_t)label;
    detector->quiet = true;
    detector->last_event = end;
    *event = (tg_event){.label = (uint8_t)label, .score = score, .start = detector->run_start, .end = end};
    return 1;
}
