/* Bounded reading of FlatBuffers (little-endian, https://flatbuffers.dev/internals/).
 *
 * Every access is checked against the file's size. Tables of one kind nearly always share a vtable: where it
 * puts the fields that are wanted is worked out and checked when it differs from that of the table before.
 * Internal to the core.
 */
#ifndef TG_FLATBUFFER_H
#define TG_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tg_err.h"

/* On functions whose stack would otherwise be that of what they are called beside, and on what is rarely
 * done. */
#if defined(__GNUC__)
#define TG_NOINLINE __attribute__((noinline))
#define TG_INLINE   inline __attribute__((always_inline)) /* also where it takes more code */
#else
#define TG_NOINLINE
#define TG_INLINE inline
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
    uint32_t limit;      /* the last position with 4 bytes behind it */
    uint32_t words;      /* whole words of the file */
} tg_reader;

/* A file that must have this identifier (4 characters). Returns 0 or TG_ERR_NOT_TFLITE. */
static inline int tg_reader_init(tg_reader *reader, const uint8_t *data, uint32_t size, uint32_t identifier) {
    *reader = (tg_reader){data, size - 4U, size / 4U};
    return size < 16U || tg_load32(data + 4) != identifier ? TG_ERR_NOT_TFLITE : 0;
}

/* The wanted fields of a kind of table, ended by TG_END: each the field's number in the schema, as one byte,
 * or as a word (a number of 32 bits, or an offset to a table or vector). */
#define TG_BYTE(field) (TG_WORD(field) | 1U)
#define TG_WORD(field) (4U + 2U * (field))    /* its place in a vtable */
#define TG_ONE(field)  (TG_WORD(field) | 64U) /* a word that is 1 when it is absent, not 0 */
#define TG_END         0xFFU

#define TG_MAX_FIELDS 8U

/* Where a vtable puts the wanted fields. */
typedef struct {
    uint32_t vtable;           /* position in the file */
    uint32_t last;             /* the last position at which a table of it lies within the file */
    uint8_t at[TG_MAX_FIELDS]; /* from a table's start; 0: absent */
} tg_fields;

/* The two vtables of a kind of table that were met last. */
typedef struct {
    tg_fields way[2];
} tg_kind;

/* Before use: no table lies that far ahead. */
static inline void tg_kind_init(tg_kind *kind) {
    for (tg_fields *fields = kind->way; fields < kind->way + 2; fields++) {
        fields->vtable = fields->last = 0;
    }
}

/* An open table. */
typedef struct {
    const uint8_t *start;
    const uint8_t *at; /* tg_fields.at */
} tg_table;

/* Finds what the offset stored at `at`, in the file and 4-byte aligned, leads to: modulo 2^32, to a whole
 * word. Returns false when that is outside the file or not aligned. */
static TG_INLINE bool tg_follow(const tg_reader *reader, const uint8_t *at, uint32_t *position) {
    *position = (uint32_t)(at - reader->data) + tg_load32(at);
    /* Its lowest two bits become the highest: when they are not 0 it is beyond any file. */
    return (*position >> 2 | *position << 30) < reader->words;
}

/* Works out the fields of a kind's new vtable, that of a table at a whole word of the file, in place of the
 * one that was met longer ago. Returns false when something is not within the file. */
bool tg_new_vtable(const tg_reader *reader, uint32_t position, const uint8_t *wanted, tg_kind *kind);

/* Opens the table that the offset at `at` leads to; false when something is not within the file. */
static TG_INLINE bool tg_open_inline(const tg_reader *reader, const uint8_t *at, const uint8_t *wanted,
                                     tg_kind *kind, tg_table *table) {
    uint32_t position;
    if (!tg_follow(reader, at, &position)) {
        return false;
    }
    /* A table starts with the signed distance back to its vtable. */
    table->start = reader->data + position;
    uint32_t vtable = position - tg_load32(table->start);
    const tg_fields *fields = kind->way;
    if ((vtable != fields->vtable && vtable != (++fields)->vtable) || position > fields->last) {
        fields = kind->way;
        if (!tg_new_vtable(reader, position, wanted, kind)) {
            return false;
        }
    }
    table->at = fields->at;
    return true;
}

bool tg_open_table(const tg_reader *reader, const uint8_t *at, const uint8_t *wanted, tg_kind *kind,
                   tg_table *table);

/* The same for a single table; `fields` is memory for what is found. */
bool tg_open_once(const tg_reader *reader, const uint8_t *at, const uint8_t *wanted, tg_fields *fields,
                  tg_table *table);

/* Field i of those wanted; `missing` when it is absent. */
static TG_INLINE uint32_t tg_word(const tg_table *table, unsigned i, uint32_t missing) {
    return table->at[i] == 0 ? missing : tg_load32(table->start + table->at[i]);
}

static TG_INLINE uint8_t tg_byte(const tg_table *table, unsigned i, uint8_t missing) {
    return table->at[i] == 0 ? missing : table->start[table->at[i]];
}

/* Where field i, which is there, lies. */
static TG_INLINE const uint8_t *tg_field(const tg_table *table, unsigned i) {
    return table->start + table->at[i];
}

/* A vector of the file: its count, and behind that its items. */
typedef struct {
    const uint8_t *start;
} tg_vector;

extern const uint32_t tg_no_items;

/* Opens the vector of field i, of items of 1 << shift bytes (1, 4 or 8), aligned to 4 at least. Absent:
 * empty. Returns false when it is not within the file. */
static TG_INLINE bool tg_vector_inline(const tg_reader *reader, const tg_table *table, unsigned i,
                                       unsigned shift, tg_vector *vector) {
    if (table->at[i] == 0) {
        vector->start = (const uint8_t *)&tg_no_items;
        return true;
    }
    uint32_t position;
    if (!tg_follow(reader, tg_field(table, i), &position)) {
        return false;
    }
    vector->start = reader->data + position;
    return tg_load32(vector->start) <= (reader->limit - position) >> shift;
}

bool tg_open_vector(const tg_reader *reader, const tg_table *table, unsigned i, unsigned shift,
                    tg_vector *vector);

static inline uint32_t tg_count(tg_vector vector) {
    return tg_load32(vector.start);
}

static inline const uint8_t *tg_items(tg_vector vector) {
    return vector.start + 4;
}

/* Where item i < count of a vector of 32-bit values or offsets lies. */
static inline const uint8_t *tg_item_at(tg_vector vector, uint32_t i) {
    return vector.start + 4U + 4U * i;
}

static inline uint32_t tg_item32(tg_vector vector, uint32_t i) {
    return tg_load32(tg_item_at(vector, i));
}

#endif
