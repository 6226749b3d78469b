/* Bounded reading of FlatBuffers (little-endian, https://flatbuffers.dev/internals/).
 *
 * Every access is checked against the file's size. The first error sticks in the reader and later reads
 * return zeros, so a caller may read a group of fields and check reader->err once, before it uses any of
 * them. Internal to the core.
 */
#ifndef TG_FLATBUFFER_H
#define TG_FLATBUFFER_H

#include <stdint.h>
#include <string.h>

#include "tg_err.h"

#define TG_MAX_FILE_SIZE (1U << 24) /* bytes */

typedef struct {
    const uint8_t *data; /* 4-byte aligned */
    uint32_t size;
    int err;
} tg_reader;

/* A table of the file; fields == NULL: absent, every field has its default. */
typedef struct {
    const uint8_t *fields; /* the table's first byte */
    const uint8_t *vtable;
    uint16_t vtable_size;
    uint16_t size;
} tg_table;

/* A vector of the file; count 0: absent or empty. */
typedef struct {
    const uint8_t *items;
    uint32_t count;
} tg_vector;

/* Little-endian loads. p is 4-byte (2-byte) aligned. */
static inline uint32_t tg_load32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, __builtin_assume_aligned(p, 4), sizeof value);
    return value;
}

static inline uint16_t tg_load16(const uint8_t *p) {
    uint16_t value;
    memcpy(&value, __builtin_assume_aligned(p, 2), sizeof value);
    return value;
}

/* Item i < count of a vector of 32-bit values. */
static inline uint32_t tg_item32(const tg_vector *vector, uint32_t i) {
    return tg_load32(vector->items + 4U * i);
}

/* The root table of a file with this identifier (4 characters). */
tg_table tg_read_root(tg_reader *reader, const char *identifier);

/* Scalar fields, by the field's number in the schema; `missing` when the table does not hold it. */
uint32_t tg_read_u32(const tg_table *table, unsigned field, uint32_t missing);
uint8_t tg_read_u8(const tg_table *table, unsigned field, uint8_t missing);

/* A table field. Absent: a table without fields. */
tg_table tg_read_table(tg_reader *reader, const tg_table *table, unsigned field);

/* A vector field of items of item_size bytes (1, 4 or 8), aligned to min(item_size, 4). */
tg_vector tg_read_vector(tg_reader *reader, const tg_table *table, unsigned field, uint32_t item_size);

/* Item i < count of a vector of tables. */
tg_table tg_read_item(tg_reader *reader, const tg_vector *vector, uint32_t i);

#endif
