#include "tg_flatbuffer.h"

bool tg_read_table(const tg_reader *r, uint32_t at, const uint8_t *wanted, uint32_t *value) {
    const uint8_t *data = r->data;
    const uint32_t words = r->words;
    const uint8_t *entries = data;
    uint32_t position = 0;
    uint32_t size = 0;
    uint32_t table_size = 0;
    if (at != TG_NOWHERE) {
        /* A vtable starts with two sizes: its own and the table's. */
        const uint32_t end = r->limit + 4U;
        position = at + tg_load32(data + at);
        if (!tg_is_word(words, position)) {
            return false;
        }
        uint32_t vtable = position - tg_load32(data + position);
        if (vtable > r->limit || (vtable & 1U) != 0) {
            return false;
        }
        entries = data + vtable;
        size = tg_load16(entries) & ~1U;
        table_size = tg_load16(entries + 2);
        if (size > end - vtable || table_size > end - position) {
            return false;
        }
    }
    for (uint32_t want; (want = *wanted) != TG_END; wanted++, value++) {
        const uint32_t slot = want & 62U;
        const uint32_t offset = slot < size ? tg_load16(entries + slot) : 0;
        if (offset == 0) {
            *value = want >= TG_PLACE(0) ? TG_NOWHERE : want >> 6;
            if (want >= TG_LIST(0)) {
                return false;
            }
            continue;
        }
        uint32_t v = position + offset;
        if ((want & 1U) != 0) {
            if (offset >= table_size) {
                return false;
            }
            if (want < TG_PLACE(0)) {
                v = data[v];
            }
        } else {
            if (!tg_is_word(table_size >> 2, offset)) {
                return false;
            }
            if (want < TG_PLACE(0)) {
                v = tg_load32(data + v);
            } else if (want >= TG_LIST(0)) {
                v += tg_load32(data + v);
                if (!tg_is_word(words, v) || tg_load32(data + v) > (r->limit - v) >> 2) {
                    return false;
                }
            }
        }
        *value = v;
    }
    return true;
}

bool tg_new_vtable(const tg_reader *r, const uint8_t *at, const uint8_t *wanted, tg_kind *kind) {
    uint32_t place[TG_MAX_FIELDS];
    if (!tg_read_table(r, (uint32_t)(at - r->data), wanted, place)) {
        return false;
    }
    tg_fields *fields = kind->way;
    fields[1] = fields[0];
    const uint8_t *start = at + (int32_t)tg_load32(at);
    const uint8_t *vtable = start - (int32_t)tg_load32(start);
    fields->vtable = (uint32_t)(vtable - r->data);
    fields->last = r->limit + 4U - tg_load16(vtable + 2);
    for (unsigned i = 0; wanted[i] != TG_END; i++) {
        const uint32_t offset = place[i] - (uint32_t)(start - r->data);
        fields->at[i] = (uint8_t)(offset > UINT8_MAX ? 0 : offset); /* no table of the schema is that long */
    }
    return true;
}
