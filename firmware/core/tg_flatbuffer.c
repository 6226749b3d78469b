#include "tg_flatbuffer.h"

static void fail(tg_reader *reader, int err) {
    if (reader->err == 0) {
        reader->err = err;
    }
}

/* Position of what the offset stored at `at` leads to, with room for 4 bytes, 4-byte aligned. After a failure
 * it is 0, where there are as many. */
static uint32_t follow(tg_reader *reader, uint32_t at) {
    uint32_t offset = tg_load32(reader->data + at);
    uint32_t position = at + offset;
    if (offset > reader->size - 4U - at) {
        fail(reader, TG_ERR_TRUNCATED);
        return 0;
    }
    if ((position & 3U) != 0) {
        fail(reader, TG_ERR_ALIGNMENT);
        return 0;
    }
    return position;
}

/* Works out where a vtable puts the wanted fields. It starts with two sizes: its own and the table's. */
static bool read_vtable(const tg_reader *reader, uint32_t vtable, const uint8_t *wanted, tg_fields *fields) {
    if (vtable > reader->size - 4U || (vtable & 1U) != 0) {
        return false;
    }
    const uint8_t *entries = reader->data + vtable;
    uint32_t size = tg_load16(entries) & ~1U;
    uint32_t table_size = tg_load16(entries + 2);
    if (size < 4U || size > reader->size - vtable || table_size < 4U) {
        return false;
    }
    fields->vtable = vtable;
    fields->size = (uint16_t)table_size;
    for (uint8_t *at = fields->at; *wanted != TG_END; wanted++, at++) {
        uint32_t slot = *wanted & 62U;
        uint32_t offset = slot < size ? tg_load16(entries + slot) : 0;
        uint32_t rest = (*wanted & 1U) != 0 ? 0 : 3U;
        /* An impossible field reads as absent: its default, or the refusal of a field that must be there. So
         * does one further behind than any table of the schema is long. */
        bool there = (offset & rest) == 0 && offset + rest < table_size && offset <= UINT8_MAX;
        *at = (uint8_t)(there ? offset : 0);
    }
    return true;
}

void tg_open_table(tg_reader *reader, uint32_t at, const uint8_t *wanted, tg_fields *fields) {
    uint32_t table = follow(reader, at);
    fields->table = reader->data + table;
    /* A table starts with the signed distance back to its vtable. */
    uint32_t vtable = table - tg_load32(fields->table);
    if ((vtable != fields->vtable && !read_vtable(reader, vtable, wanted, fields)) ||
        fields->size > reader->size - table) {
        fail(reader, TG_ERR_TRUNCATED);
        memset(fields, 0, sizeof *fields);
    }
}

void tg_open_root(tg_reader *reader, const char *identifier, const uint8_t *wanted, tg_fields *fields) {
    memset(fields, 0, sizeof *fields);
    if (reader->size < 16U || memcmp(reader->data + 4, identifier, 4) != 0) {
        fail(reader, TG_ERR_NOT_TFLITE);
        return;
    }
    tg_open_table(reader, 0, wanted, fields);
}

void tg_open_field(tg_reader *reader, const tg_fields *of, unsigned i, const uint8_t *wanted,
                   tg_fields *fields) {
    if (of->at[i] == 0) {
        memset(fields, 0, sizeof *fields);
        return;
    }
    tg_open_table(reader, (uint32_t)(of->table - reader->data) + of->at[i], wanted, fields);
}

tg_vector tg_open_vector(tg_reader *reader, const tg_fields *fields, unsigned i, unsigned shift) {
    static const uint32_t EMPTY = 0;
    if (fields->at[i] != 0) {
        uint32_t position = follow(reader, (uint32_t)(fields->table - reader->data) + fields->at[i]);
        const uint8_t *start = reader->data + position;
        if (position != 0 && tg_load32(start) <= (reader->size - 4U - position) >> shift) {
            return (tg_vector){start};
        }
        fail(reader, TG_ERR_TRUNCATED);
    }
    return (tg_vector){(const uint8_t *)&EMPTY};
}
