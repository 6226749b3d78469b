#include "tg_flatbuffer.h"

const uint32_t tg_no_items = 0;

/* Works out where a vtable puts the wanted fields, and checks that its table at `position` lies within the
 * file. It starts with two sizes: its own and the table's. */
static bool read_vtable(const tg_reader *reader, uint32_t position, const uint8_t *wanted,
                        tg_fields *fields) {
    uint32_t vtable = position - tg_load32(reader->data + position);
    const uint32_t end = reader->limit + 4U;
    if (vtable > reader->limit || (vtable & 1U) != 0) {
        return false;
    }
    const uint8_t *entries = reader->data + vtable;
    uint32_t size = tg_load16(entries);
    uint32_t table_size = tg_load16(entries + 2);
    if (size < 4U || size > end - vtable || table_size < 4U || table_size > end - position) {
        return false;
    }
    fields->vtable = vtable;
    fields->last = end - table_size;
    /* Fields further behind than any table of the schema is long read as absent; impossible ones do, too:
     * they have their default, or are refused where they must be there. */
    table_size = table_size > UINT8_MAX + 1U ? UINT8_MAX + 1U : table_size;
    for (uint8_t *at = fields->at; *wanted != TG_END; wanted++) {
        uint32_t slot = *wanted & 62U;
        uint32_t offset = slot + 1U < size ? tg_load16(entries + slot) : 0;
        bool there =
            (*wanted & 1U) != 0 ? offset < table_size : (offset >> 2 | offset << 30) < table_size >> 2;
        *at++ = (uint8_t)(there ? offset : 0);
    }
    return true;
}

bool tg_new_vtable(const tg_reader *reader, uint32_t position, const uint8_t *wanted, tg_kind *kind) {
    kind->way[1] = kind->way[0];
    return read_vtable(reader, position, wanted, kind->way);
}

bool tg_open_once(const tg_reader *reader, const uint8_t *at, const uint8_t *wanted, tg_fields *fields,
                  tg_table *table) {
    uint32_t position;
    if (!tg_follow(reader, at, &position) || !read_vtable(reader, position, wanted, fields)) {
        return false;
    }
    table->start = reader->data + position;
    table->at = fields->at;
    return true;
}

bool tg_open_table(const tg_reader *reader, const uint8_t *at, const uint8_t *wanted, tg_kind *kind,
                   tg_table *table) {
    return tg_open_inline(reader, at, wanted, kind, table);
}

bool tg_open_vector(const tg_reader *reader, const tg_table *table, unsigned i, unsigned shift,
                    tg_vector *vector) {
    return tg_vector_inline(reader, table, i, shift, vector);
}
