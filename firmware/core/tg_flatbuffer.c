#include "tg_flatbuffer.h"

static const tg_table NO_TABLE = {0};

static void fail(tg_reader *reader, int err) {
    if (reader->err == 0) {
        reader->err = err;
    }
}

/* Position in the file of what an offset stored at `at` points to, with room for `need` bytes, 4-byte
 * aligned. */
static uint32_t follow(tg_reader *reader, const uint8_t *at, uint32_t need) {
    uint32_t position = (uint32_t)(at - reader->data);
    uint32_t offset = tg_load32(at);
    if (offset > reader->size - position || reader->size - position - offset < need) {
        fail(reader, TG_ERR_TRUNCATED);
        return 0;
    }
    position += offset;
    if ((position & 3U) != 0) {
        fail(reader, TG_ERR_ALIGNMENT);
        return 0;
    }
    return position;
}

static tg_table open_table(tg_reader *reader, uint32_t position) {
    if (position == 0) {
        return NO_TABLE; /* follow() has failed: position 0 holds the root offset, never a table */
    }
    /* A table starts with the signed distance back to its vtable, which starts with two sizes. */
    uint32_t vtable = position - tg_load32(reader->data + position);
    if (vtable > reader->size - 4U || (vtable & 1U) != 0) {
        fail(reader, TG_ERR_TRUNCATED);
        return NO_TABLE;
    }
    tg_table table = {
        .fields = reader->data + position,
        .vtable = reader->data + vtable,
        .vtable_size = tg_load16(reader->data + vtable),
        .size = tg_load16(reader->data + vtable + 2U),
    };
    if (table.vtable_size < 4U || table.vtable_size > reader->size - vtable || table.size < 4U ||
        table.size > reader->size - position) {
        fail(reader, TG_ERR_TRUNCATED);
        return NO_TABLE;
    }
    return table;
}

/* The bytes of a field of `width` bytes, or NULL when the table does not hold it. */
static const uint8_t *field_at(const tg_table *table, unsigned field, uint32_t width) {
    uint32_t slot = 4U + 2U * field;
    if (table->fields == NULL || slot + 2U > table->vtable_size) {
        return NULL;
    }
    uint32_t offset = tg_load16(table->vtable + slot);
    if (offset == 0 || offset + width > table->size || (offset & (width - 1U)) != 0) {
        return NULL; /* an impossible field reads as absent: its default, or the refusal of a field that must
                        be there */
    }
    return table->fields + offset;
}

tg_table tg_read_root(tg_reader *reader, const char *identifier) {
    if (reader->size < 16U || memcmp(reader->data + 4, identifier, 4) != 0) {
        fail(reader, TG_ERR_NOT_TFLITE);
        return NO_TABLE;
    }
    return open_table(reader, follow(reader, reader->data, 4));
}

uint32_t tg_read_u32(const tg_table *table, unsigned field, uint32_t missing) {

    const uint8_t *at = field_at(table, field, 4);
    return at == NULL ? missing : tg_load32(at);
}

uint8_t tg_read_u8(const tg_table *table, unsigned field, uint8_t missing) {
    const uint8_t *at = field_at(table, field, 1);
    return at == NULL ? missing : *at;
}

tg_table tg_read_table(tg_reader *reader, const tg_table *table, unsigned field) {
    const uint8_t *at = field_at(table, field, 4);
    return at == NULL ? NO_TABLE : open_table(reader, follow(reader, at, 4));
}

tg_vector tg_read_vector(tg_reader *reader, const tg_table *table, unsigned field, uint32_t item_size) {
    tg_vector vector = {0};
    const uint8_t *at = field_at(table, field, 4);
    if (at == NULL) {
        return vector;
    }
    uint32_t position = follow(reader, at, 4);
    if (position == 0) {
        return vector;
    }
    uint32_t count = tg_load32(reader->data + position);
    if (count > (reader->size - position - 4U) / item_size) {
        fail(reader, TG_ERR_TRUNCATED);
        return vector;
    }
    vector.items = reader->data + position + 4U;
    vector.count = count;
    return vector;
}

tg_table tg_read_item(tg_reader *reader, const tg_vector *vector, uint32_t i) {
    return open_table(reader, follow(reader, vector->items + 4U * i, 4));
}
