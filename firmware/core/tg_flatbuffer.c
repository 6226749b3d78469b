#include "tg_flatbuffer.h"

static const tg_fields NO_FIELDS;

/* Notes the first error: what an offset leads to, if not to a whole word, is behind the file's end. */
static TG_NOINLINE void fail(tg_reader *reader, uint32_t position) {
    if (reader->err == 0) {
        reader->err = (position & 3U) != 0 ? TG_ERR_ALIGNMENT : TG_ERR_TRUNCATED;
    }
}

/* Position of what the offset stored at `at` leads to, modulo 2^32. */
static inline uint32_t target_of(const tg_reader *reader, uint32_t at) {
    return at + tg_load32(reader->data + at);
}

/* Whether a position is a multiple of 4 and has room for 4 bytes. */
static inline bool has_word(const tg_reader *reader, uint32_t position) {
    /* Its lowest two bits become the highest: when they are not 0 it is beyond any file. */
    return (position >> 2 | position << 30) < reader->words;
}

/* Works out where a vtable puts the wanted fields. It starts with two sizes: its own and the table's. */
static TG_NOINLINE bool read_vtable(const tg_reader *reader, uint32_t vtable, const uint8_t *wanted,
                                    tg_fields *fields) {
    if (vtable > reader->size - 4U || (vtable & 1U) != 0) {
        return false;
    }
    const uint8_t *entries = reader->data + vtable;
    uint32_t size = tg_load16(entries);
    uint32_t table_size = tg_load16(entries + 2);
    if (size < 4U || size > reader->size - vtable || table_size < 4U || table_size > reader->size) {
        return false;
    }
    fields->vtable = vtable;
    fields->last = reader->size - table_size;
    /* Fields further behind than any table of the schema is long read as absent; impossible ones do, too:
     * they have their default, or are refused where they must be there. */
    table_size = table_size > UINT8_MAX + 1U ? UINT8_MAX + 1U : table_size;
    for (uint8_t *at = fields->at; *wanted != TG_END; wanted++, at++) {
        uint32_t slot = *wanted & 62U;
        uint32_t offset = slot + 1U < size ? tg_load16(entries + slot) : 0;
        bool there =
            (*wanted & 1U) != 0 ? offset < table_size : (offset >> 2 | offset << 30) < table_size >> 2;
        *at = (uint8_t)(there ? offset : 0);
    }
    return true;
}

/* The same in place of the vtable that was met longer ago; it is way[0] then. */
static TG_NOINLINE tg_fields *new_vtable(const tg_reader *reader, uint32_t vtable, const uint8_t *wanted,
                                         tg_kind *kind) {
    kind->way[1] = kind->way[0];
    if (!read_vtable(reader, vtable, wanted, &kind->way[0])) {
        kind->way[0].last = 0;
    }
    return &kind->way[0];
}

const tg_fields *tg_open_table(tg_reader *reader, uint32_t at, const uint8_t *wanted, tg_kind *kind) {
    uint32_t position = target_of(reader, at);
    if (has_word(reader, position)) {
        const uint8_t *table = reader->data + position;
        /* A table starts with the signed distance back to its vtable. */
        uint32_t vtable = position - tg_load32(table);
        tg_fields *fields = kind->way;
        if (vtable != fields->vtable && vtable != (++fields)->vtable) {
            fields = new_vtable(reader, vtable, wanted, kind);
        }
        if (position <= fields->last) {
            fields->table = table;
            return fields;
        }
    }
    fail(reader, position);
    return &NO_FIELDS;
}

const tg_fields *tg_open_root(tg_reader *reader, const char *identifier, const uint8_t *wanted,
                              tg_kind *kind) {
    if (reader->size < 16U || memcmp(reader->data + 4, identifier, 4) != 0) {
        reader->err = TG_ERR_NOT_TFLITE;
        return &NO_FIELDS;
    }
    return tg_open_table(reader, 0, wanted, kind);
}

const tg_fields *tg_open_field(tg_reader *reader, const tg_fields *of, unsigned i, const uint8_t *wanted,
                               tg_kind *kind) {
    return of->at[i] == 0
               ? &NO_FIELDS
               : tg_open_table(reader, (uint32_t)(of->table - reader->data) + of->at[i], wanted, kind);
}

tg_vector tg_open_vector(tg_reader *reader, const tg_fields *fields, unsigned i, unsigned shift) {
    static const uint32_t EMPTY = 0;
    if (fields->at[i] != 0) {
        uint32_t position = target_of(reader, (uint32_t)(fields->table - reader->data) + fields->at[i]);
        if (has_word(reader, position)) {
            const uint8_t *start = reader->data + position;
            if (tg_load32(start) <= (reader->size - 4U - position) >> shift) {
                return (tg_vector){start};
            }
        }
        fail(reader, position);
    }
    return (tg_vector){(const uint8_t *)&EMPTY};
}
