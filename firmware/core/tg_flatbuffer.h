/* Bounded reading of FlatBuffers (little-endian, https://flatbuffers.dev/internals/).
 *
 * Every access is checked against the file's size. The first error sticks in the reader and later reads find
 * nothing, so a caller may read a group of fields and check reader->err once, before it uses any of them.
 * Tables of one kind nearly always share a vtable: where it puts the fields that are wanted is worked out and
 * checked when it differs from that of the table before. Internal to the core.
 */
#ifndef TG_FLATBUFFER_H
#define TG_FLATBUFFER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tg_err.h"

/* On functions whose stack would otherwise be that of what they are called beside, and on what is rarely
 * done. */
#if defined(__GNUC__)
#define TG_NOINLINE __attribute__((noinline))
#else
#define TG_NOINLINE
#endif

#define TG_MAX_FILE_SIZE (1U << 24) /* bytes */

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

typedef struct {
    const uint8_t *data; /* 4-byte aligned */
    uint32_t size;
    uint32_t words; /* size / 4 */
    int err;
} tg_reader;

static inline void tg_reader_init(tg_reader *reader, const uint8_t *data, uint32_t size) {
    *reader = (tg_reader){data, size, size / 4U, 0};
}

/* The wanted fields of a kind of table, ended by TG_END: each the field's number in the schema, as one byte,
 * or as a word (a number of 32 bits, or an offset to a table or vector). */
#define TG_BYTE(field) (TG_WORD(field) | 1U)
#define TG_WORD(field) (4U + 2U * (field))    /* its place in a vtable */
#define TG_ONE(field)  (TG_WORD(field) | 64U) /* a word that is 1 when it is absent, not 0 */
#define TG_END         0xFFU

#define TG_MAX_FIELDS 8U

/* A vtable, and the table with it that was opened last. Zeroed before use. */
typedef struct {
    uint32_t vtable; /* position in the file */
    uint32_t last;   /* the last position at which a table of it lies within the file */
    const uint8_t *table;
    uint8_t at[TG_MAX_FIELDS]; /* the wanted fields, from the table's start; 0: absent */
} tg_fields;

/* The two vtables of a kind of table that were met last. */
typedef struct {
    tg_fields way[2];
} tg_kind;

/* Opens the table that the offset at position `at` of the file leads to; at lies within the file, and is a
 * multiple of 4. After a failure all fields are absent. */
const tg_fields *tg_open_table(tg_reader *reader, uint32_t at, const uint8_t *wanted, tg_kind *kind);

/* Opens the root table of a file with this identifier (4 characters). */
const tg_fields *tg_open_root(tg_reader *reader, const char *identifier, const uint8_t *wanted,
                              tg_kind *kind);

/* Opens the table of field i, which may be absent: then all its fields are. */
const tg_fields *tg_open_field(tg_reader *reader, const tg_fields *of, unsigned i, const uint8_t *wanted,
                               tg_kind *kind);

/* Field i of those wanted, of the table opened last; `missing` when it is absent. */
static inline uint32_t tg_word(const tg_fields *fields, unsigned i, uint32_t missing) {
    return fields->at[i] == 0 ? missing : tg_load32(fields->table + fields->at[i]);
}

static inline uint8_t tg_byte(const tg_fields *fields, unsigned i, uint8_t missing) {
    return fields->at[i] == 0 ? missing : fields->table[fields->at[i]];
}

/* A vector of the file: its count, and behind that its items. */
typedef struct {
    const uint8_t *start;
} tg_vector;

/* The vector of field i, of items of 1 << shift bytes (1, 4 or 8), aligned to 4 at least. Absent: empty. */
tg_vector tg_open_vector(tg_reader *reader, const tg_fields *fields, unsigned i, unsigned shift);

static inline uint32_t tg_count(tg_vector vector) {
    return tg_load32(vector.start);
}

static inline const uint8_t *tg_items(tg_vector vector) {
    return vector.start + 4;
}

/* Item i < count of a vector of 32-bit values. */
static inline uint32_t tg_item32(tg_vector vector, uint32_t i) {
    return tg_load32(vector.start + 4U + 4U * i);
}

/* Opens item i < count of a vector of tables. */
static inline const tg_fields *tg_open_item(tg_reader *reader, tg_vector vector, uint32_t i,
                                            const uint8_t *wanted, tg_kind *kind) {
    return tg_open_table(reader, (uint32_t)(vector.start - reader->data) + 4U + 4U * i, wanted, kind);
}

#endif
