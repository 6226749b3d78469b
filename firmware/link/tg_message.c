#include "tg_message.h"

#include <string.h>

#include "tg_frame.h"

/* The fields of all messages, one message after the other. */
#define FIELD(M, kind, field)        {TG_KIND_##kind, (uint8_t)offsetof(M, field)},
#define FIELDS_OF(NAME, type, lower) TG_##NAME##_FIELDS(FIELD, tg_##lower##_message)
static const tg_field FIELDS[] = {TG_MESSAGE_LIST(FIELDS_OF)};

/* The messages in that order, and how many fields each has. */
#define ONE(M, kind, field)        +1
#define MESSAGE(NAME, type, lower) {(type), TG_##NAME##_FIELDS(ONE, )},
static const struct {
    uint8_t type;
    uint8_t count;
} MESSAGES[] = {TG_MESSAGE_LIST(MESSAGE)};

const tg_field *tg_message_fields(uint8_t type, size_t *count) {
    const tg_field *fields = FIELDS;
    for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
        if (MESSAGES[i].type == type) {
            *count = MESSAGES[i].count;
            return fields;
        }
        fields += MESSAGES[i].count;
    }
    *count = 0;
    return NULL;
}

/* Bytes of a number in a body and in a structure alike; 0 for a blob. */
static size_t size_of(uint8_t kind) {
    static const uint8_t SIZES[] = {
        [TG_KIND_u8] = 1,  [TG_KIND_u16] = 2, [TG_KIND_u32] = 4,
        [TG_KIND_u64] = 8, [TG_KIND_i32] = 4, [TG_KIND_blob] = 0,
    };
    return SIZES[kind];
}

/* Copies a number between a body (little-endian) and a structure (as the processor has it). */
static void copy_number(uint8_t *to, const uint8_t *from, size_t size) {
    static const uint16_t ONE = 1;
    if (*(const uint8_t *)&ONE == 1) {
        memcpy(to, from, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        to[i] = from[size - 1 - i];
    }
}

int tg_message_write(uint8_t type, const void *message, uint8_t *body) {
    size_t count;
    size_t at = 0;
    const tg_field *fields = tg_message_fields(type, &count);
    if (fields == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *field = (const uint8_t *)message + fields[i].offset;
        size_t size = size_of(fields[i].kind);
        tg_blob blob = {field, 0};
        if (fields[i].kind == TG_KIND_blob) {
            memcpy(&blob, field, sizeof blob);
            size = 1U + blob.size;
        }
        if (size > TG_BODY_MAX - at) {
            return -1;
        }
        if (fields[i].kind == TG_KIND_blob) {
            body[at] = blob.size;
            if (blob.size > 0) {
                memcpy(body + at + 1, blob.bytes, blob.size);
            }
        } else {
            copy_number(body + at, field, size);
        }
        at += size;
    }
    return (int)at;
}

/* Size of a field in a body that still has `rest` bytes; more than rest when it does not end there. */
static size_t size_in_body(uint8_t kind, const uint8_t *at, size_t rest) {
    if (kind != TG_KIND_blob) {
        return size_of(kind);
    }
    return rest == 0 ? 1 : 1U + at[0];
}

int tg_message_read(uint8_t type, const uint8_t *body, size_t size, void *message) {
    size_t count;
    const tg_field *fields = tg_message_fields(type, &count);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t taken = size_in_body(fields[i].kind, body + at, size - at);
        if (taken > size - at) {
            return -1;
        }
        at += taken;
    }
    at = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t *field = (uint8_t *)message + fields[i].offset;
        size_t taken = size_in_body(fields[i].kind, body + at, size - at);
        if (fields[i].kind == TG_KIND_blob) {
            tg_blob blob = {body + at + 1, body[at]};
            memcpy(field, &blob, sizeof blob);
        } else {
            copy_number(field, body + at, taken);
        }
        at += taken;
    }
    return fields == NULL ? -1 : 0;
}
