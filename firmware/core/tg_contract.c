#include "tg_contract.h"

#include <stdbool.h>

#include "tg_err.h"
#include "tg_flatbuffer.h"
#include "tg_level.h"
#include "tg_schema.h"

#define HEADER_SIZE         8U
#define VERSION             1U
#define SELF_TEST_SEED_SIZE 4U

/* The value of one record. */
typedef struct {
    const uint8_t *bytes;
    uint32_t size;
} value;

static uint16_t load16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t load32(const uint8_t *p) {
    return load16(p) | (uint32_t)load16(p + 2) << 16;
}

static int read_channels(tg_contract *c, value v) {
    uint32_t seen = 0; /* bit n: channel kind n */
    if (v.size == 0 || v.size > TG_MAX_CHANNELS) {
        return TG_ERR_CONTRACT;
    }
    for (uint32_t i = 0; i < v.size; i++) {
        uint8_t kind = v.bytes[i];
        if (kind < TG_ACCELERATION_X || kind > TG_ACCELERATION_Z || (seen >> kind & 1U) != 0) {
            return TG_ERR_CONTRACT;
        }
        seen |= 1U << kind;
        c->channels[i] = kind;
    }
    c->channel_count = (uint8_t)v.size;
    return 0;
}

static int read_rate(tg_contract *c, value v) {
    if (v.size != 6) {
        return TG_ERR_CONTRACT;
    }
    c->rate_mhz = load32(v.bytes);
    c->rate_tolerance_permille = load16(v.bytes + 4);
    bool ok = c->rate_mhz >= 1000U && c->rate_mhz <= 1000000U && c->rate_tolerance_permille <= 500U;
    return ok ? 0 : TG_ERR_CONTRACT;
}

static int read_window(tg_contract *c, value v) {
    if (v.size != 4) {
        return TG_ERR_CONTRACT;
    }
    c->window = load16(v.bytes);
    c->hop = load16(v.bytes + 2);
    return c->window <= TG_MAX_WINDOW && c->hop >= 1U && c->hop <= c->window ? 0 : TG_ERR_CONTRACT;
}

static int read_preprocess(tg_contract *c, value v) {
    c->preprocess = v.size >= 3 ? v.bytes[0] : 0;
    bool level = c->preprocess == TG_PREPROCESS_LEVEL;
    if (v.size != 3U + level || (!level && c->preprocess != TG_PREPROCESS_SCALE)) {
        return TG_ERR_CONTRACT;
    }
    c->gain = load16(v.bytes + 1);
    c->level_shift = level ? v.bytes[3] : TG_LEVEL_LEAST_SHIFT;
    bool ok = c->level_shift >= TG_LEVEL_LEAST_SHIFT && c->level_shift <= TG_LEVEL_MOST_SHIFT;
    return ok && c->gain != 0 ? 0 : TG_ERR_CONTRACT;
}

/* Bytes of the UTF-8 character (RFC 3629) at p, which has room bytes; 0: it is none, or a control character,
 * which would break lines of text. */
static uint32_t character_size(const uint8_t *p, uint32_t room) {
    /* By the number of bytes that follow: the least code that needs so many and is no control character. */
    static const uint32_t LEAST[] = {0x20, 0xA0, 0x800, 0x10000};
    uint32_t more = p[0] < 0x80U ? 0 : p[0] < 0xE0U ? 1 : p[0] < 0xF0U ? 2 : 3;
    uint32_t code = more == 0 ? p[0] : p[0] & (0x3FU >> more);
    if (more >= room || (p[0] & 0xC0U) == 0x80U || p[0] >= 0xF8U) {
        return 0;
    }
    for (uint32_t i = 1; i <= more; i++) {
        if ((p[i] & 0xC0U) != 0x80U) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3FU);
    }
    bool surrogate = code >= 0xD800U && code <= 0xDFFFU;
    return code < LEAST[more] || code == 0x7FU || surrogate || code > 0x10FFFFU ? 0 : 1U + more;
}

static bool is_text(const uint8_t *bytes, uint32_t size) {
    while (size > 0) {
        uint32_t step = character_size(bytes, size);
        if (step == 0) {
            return false;
        }
        bytes += step;
        size -= step;
    }
    return true;
}

static int read_labels(tg_contract *c, value v) {
    uint32_t position = 1;
    uint32_t count = 0;
    while (position < v.size) {
        uint32_t length = v.bytes[position];
        if (length == 0 || length > TG_MAX_LABEL_BYTES || length >= v.size - position ||
            !is_text(v.bytes + position + 1, length)) {
            return TG_ERR_CONTRACT;
        }
        position += 1U + length;
        count++;
    }
    if (count < 2U || count > TG_MAX_LABELS || (v.bytes[0] >= count && v.bytes[0] != TG_NO_BACKGROUND)) {
        return TG_ERR_CONTRACT;
    }
    c->background = v.bytes[0];
    c->labels = v.bytes + 1;
    c->label_count = (uint8_t)count;
    return 0;
}

static int read_record(tg_contract *c, uint16_t type, value v, value *detector, value *self_test) {
    switch (type) {
    case TG_RECORD_CHANNELS:
        return read_channels(c, v);
    case TG_RECORD_RATE:
        return read_rate(c, v);
    case TG_RECORD_RANGE:
        c->full_scale = v.size == 2 ? load16(v.bytes) : 0;
        return c->full_scale >= 1U && c->full_scale <= INT16_MAX ? 0 : TG_ERR_CONTRACT;
    case TG_RECORD_FRAME:
        c->frame = v.size == 1 ? v.bytes[0] : 0;
        return c->frame == TG_FRAME_FACE ? 0 : TG_ERR_CONTRACT;
    case TG_RECORD_WINDOW:
        return read_window(c, v);
    case TG_RECORD_PREPROCESS:
        return read_preprocess(c, v);
    case TG_RECORD_LABELS:
        return read_labels(c, v);
    case TG_RECORD_DETECTOR:
        *detector = v;
        return v.size >= 3U && v.bytes[0] >= 1U ? 0 : TG_ERR_CONTRACT;
    case TG_RECORD_SELF_TEST:
        *self_test = v;
        return 0;
    default:
        return (type & TG_RECORD_CRITICAL) != 0 ? TG_ERR_CRITICAL : 0;
    }
}

/* What depends on several records: sizes on the number of labels, the levelled frame on the channels. */
static int read_together(tg_contract *c, value detector, value self_test) {
    if (detector.size != 3U + c->label_count) {
        return TG_ERR_CONTRACT;
    }
    c->hits = detector.bytes[0];
    c->refractory_ms = load16(detector.bytes + 1);
    c->thresholds = detector.bytes + 3;
    for (unsigned i = 0; i < 3 && c->preprocess == TG_PREPROCESS_LEVEL; i++) {
        if (c->channel_count != 3 || c->channels[i] != TG_ACCELERATION_X + i) {
            return TG_ERR_CONTRACT;
        }
    }
    uint32_t test_size = SELF_TEST_SEED_SIZE + c->label_count;
    if (self_test.size % test_size != 0 || self_test.size / test_size > UINT8_MAX) {
        return TG_ERR_CONTRACT;
    }
    c->self_test = self_test.bytes;
    c->self_test_count = (uint8_t)(self_test.size / test_size);
    return 0;
}

int tg_contract_read(tg_contract *contract, const uint8_t *bytes, size_t size) {
    if (contract == NULL || bytes == NULL) {
        return TG_ERR_ARGUMENT;
    }
    if (size < HEADER_SIZE || memcmp(bytes, "TGCT", 4) != 0 || load16(bytes + 6) != size - HEADER_SIZE) {
        return TG_ERR_CONTRACT;
    }
    if (load16(bytes + 4) != VERSION) {
        return TG_ERR_VERSION;
    }
    tg_contract c = {0};
    value detector = {0};
    value self_test = {0};
    uint32_t seen = 0; /* bit n: critical record n */
    for (size_t position = HEADER_SIZE; position < size;) {
        if (size - position < 4U || load16(bytes + position + 2) > size - position - 4U) {
            return TG_ERR_CONTRACT;
        }
        uint16_t type = load16(bytes + position);
        value v = {bytes + position + 4, load16(bytes + position + 2)};
        int err = read_record(&c, type, v, &detector, &self_test);
        if (err != 0) {
            return err;
        }
        if ((type & TG_RECORD_CRITICAL) != 0) { /* known, so 1 .. 8 */
            uint32_t bit = 1U << (type & 31U);
            if ((seen & bit) != 0) {
                return TG_ERR_CONTRACT;
            }
            seen |= bit;
        }
        position += 4U + v.size;
    }
    if (seen != 0x1FEU) { /* all of TG_RECORD_CHANNELS .. TG_RECORD_DETECTOR */
        return TG_ERR_CONTRACT;
    }
    int err = read_together(&c, detector, self_test);
    if (err == 0) {
        *contract = c;
    }
    return err;
}

enum { ROOT_METADATA, ROOT_BUFFERS, ROOT_FIELDS };
static const uint8_t ROOT[] = {TG_PLACE(MODEL_METADATA), TG_LIST(MODEL_BUFFERS), TG_END};
enum { ENTRY_NAME, ENTRY_BUFFER, ENTRY_FIELDS };
static const uint8_t ENTRY[] = {TG_PLACE(METADATA_NAME), TG_WORD(METADATA_BUFFER), TG_END};
static const uint8_t BUFFER[] = {TG_PLACE(BUFFER_DATA), TG_END};

static const uint32_t NO_ITEMS = 0;

/* The vector that the offset at a position leads to, of items of 1 << shift bytes; empty for TG_NOWHERE.
 * Returns false when it is not within the file. */
static bool open_vector(const tg_reader *r, uint32_t at, unsigned shift, tg_vector *vector) {
    vector->start = (const uint8_t *)&NO_ITEMS;
    if (at == TG_NOWHERE) {
        return true;
    }
    uint32_t position;
    return tg_follow(*r, r->data + at, &vector->start, &position) &&
           tg_count(*vector) <= (r->limit - position) >> shift;
}

int tg_contract_of_model(tg_contract *contract, const uint8_t *model, size_t size) {
    if (contract == NULL || model == NULL) {
        return TG_ERR_ARGUMENT;
    }
    if (((uintptr_t)model & 3U) != 0) {
        return TG_ERR_ALIGNMENT;
    }
    if (size > TG_MAX_FILE_SIZE) {
        return TG_ERR_TOO_BIG;
    }
    tg_reader r;
    int err = tg_reader_init(&r, model, (uint32_t)size, TG_TFLITE_IDENTIFIER);
    if (err != 0) {
        return err;
    }
    uint32_t root[ROOT_FIELDS];
    tg_vector metadata;
    if (!tg_read_table(&r, 0, ROOT, root) || !open_vector(&r, root[ROOT_METADATA], 2, &metadata)) {
        return TG_ERR_TRUNCATED;
    }
    for (uint32_t i = 0; i < tg_count(metadata); i++) {
        uint32_t entry[ENTRY_FIELDS];
        tg_vector name;
        if (!tg_read_table(&r, (uint32_t)(tg_item_at(metadata, i) - model), ENTRY, entry) ||
            !open_vector(&r, entry[ENTRY_NAME], 0, &name)) {
            return TG_ERR_TRUNCATED;
        }
        if (tg_count(name) != sizeof TG_CONTRACT_NAME - 1 ||
            memcmp(tg_items(name), TG_CONTRACT_NAME, sizeof TG_CONTRACT_NAME - 1) != 0) {
            continue;
        }
        uint32_t data_at;
        tg_vector data;
        if (entry[ENTRY_BUFFER] >= tg_load32(model + root[ROOT_BUFFERS]) ||
            !tg_read_table(&r, root[ROOT_BUFFERS] + 4U + 4U * entry[ENTRY_BUFFER], BUFFER, &data_at) ||
            !open_vector(&r, data_at, 0, &data)) {
            return TG_ERR_TRUNCATED;
        }
        if (tg_count(data) > 0) {
            return tg_contract_read(contract, tg_items(data), tg_count(data));
        }
    }
    return TG_ERR_NO_CONTRACT;
}

const char *tg_contract_label(const tg_contract *contract, unsigned index, size_t *length) {
    const uint8_t *label = contract->labels;
    while (index-- > 0) {
        label += 1U + *label;
    }
    *length = *label;
    return (const char *)label + 1;
}
