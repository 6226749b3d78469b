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

/* Whether a position is that of a whole word of the file. */
static TG_INLINE bool tg_is_word(uint32_t words, uint32_t position) {
    /* Its lowest two bits become the highest: when they are not 0 it is beyond any file. */
    return (position >> 2 | position << 30) < words;
}

/* The wanted fields of a table, ended by TG_END: each the field's number in the schema, and what is read. */
#define TG_WORD(field)       (4U + 2U * (field))     /* its 32 bits; 0 when it is absent */
#define TG_ONE(field)        (TG_WORD(field) | 64U)  /* its 32 bits; 1 when it is absent */
#define TG_BYTE(field)       (TG_WORD(field) | 1U)   /* its byte; 0 when it is absent */
#define TG_PLACE(field)      (TG_WORD(field) | 128U) /* where it is, in the file; or TG_NOWHERE */
#define TG_BYTE_PLACE(field) (TG_BYTE(field) | 128U) /* the same of a byte */
#define TG_LIST(field)       (TG_WORD(field) | 192U) /* where the vector of 32-bit items is; must be there */
#define TG_END               0xFFU

#define TG_NOWHERE UINT32_MAX

#define TG_MAX_FIELDS 6U

/* Where a vtable puts the wanted fields. */
typedef struct {
    uint32_t vtable;           /* position in the file */
    uint32_t last;             /* the last position at which a table of it lies within the file */
    uint8_t at[TG_MAX_FIELDS]; /* from a table's start; 0: absent */
} tg_fields;

/* Reads the wanted fields of the table that the offset at position `at` leads to, or those of no table at
 * TG_NOWHERE. Returns false when something is not within the file. */
bool tg_read_table(const tg_reader *reader, uint32_t at, const uint8_t *wanted, uint32_t *value);

/* The two vtables of a kind of table that were met last. */
typedef struct {
    tg_fields way[2];
} tg_kind;

/* Before use: no table lies that far ahead. */
static inline void tg_kinds_init(tg_kind *kinds, unsigned count) {
    for (tg_fields *fields = kinds->way; fields < kinds[count].way; fields++) {
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
static TG_INLINE bool tg_follow(tg_reader r, const uint8_t *at, const uint8_t **to, uint32_t *position) {
    const uintptr_t address = (uintptr_t)at + (uintptr_t)(int32_t)tg_load32(at);
    *position = (uint32_t)(address - (uintptr_t)r.data);
    *to = (const uint8_t *)address;
    return tg_is_word(r.words, *position);
}

/* Puts the vtable of the table that the offset at `at` leads to in place of the one that was met longer ago.
 * Wanted are TG_PLACE()s. Returns false when something is not within the file. */
bool tg_new_vtable(const tg_reader *reader, const uint8_t *at, const uint8_t *wanted, tg_kind *kind);

/* Opens the table that the offset at `at` leads to; false when something is not within the file. */
static TG_INLINE bool tg_open_table(tg_reader r, const tg_reader *reader, const uint8_t *at,
                                    const uint8_t *wanted, tg_kind *kind, tg_table *table) {
    uint32_t position;
    if (!tg_follow(r, at, &table->start, &position)) {
        return false;
    }
    /* A table starts with the signed distance back to its vtable. */
    uint32_t vtable = position - tg_load32(table->start);
    const tg_fields *fields = kind->way;
    if ((vtable != fields->vtable && vtable != (++fields)->vtable) || position > fields->last) {
        fields = kind->way;
        if (!tg_new_vtable(reader, at, wanted, kind)) {
            return false;
        }
    }
    table->at = fields->at;
    return true;
}

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

/* Opens the vector of field i, which is there, of items of 1 << shift bytes (1, 4 or 8), aligned to 4 at
 * least. Returns false when it is not within the file. */
static TG_INLINE bool tg_open_vector(tg_reader r, const tg_table *table, unsigned i, unsigned shift,
                                     tg_vector *vector) {
    uint32_t position;
    return tg_follow(r, tg_field(table, i), &vector->start, &position) &&
           tg_load32(vector->start) <= (r.limit - position) >> shift;
}

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
