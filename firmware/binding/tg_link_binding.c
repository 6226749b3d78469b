#include "tg_link_binding.h"

#include <string.h>

/* Any message fits one of these. */
typedef union {
#define MEMBER(NAME, type, lower) tg_##lower##_message lower;
    TG_MESSAGE_LIST(MEMBER)
#undef MEMBER
} any_message;

const char *tg_bind_message_name(uint32_t index, uint32_t *facts) {
    static const struct {
        uint8_t type;
        const char *name;
    } MESSAGES[] = {
#define NAME(NAME, type, lower) {(type), #NAME},
        TG_MESSAGE_LIST(NAME)
#undef NAME
    };
    if (index >= sizeof MESSAGES / sizeof MESSAGES[0]) {
        return NULL;
    }
    size_t count;
    (void)tg_message_fields(MESSAGES[index].type, &count);
    facts[0] = MESSAGES[index].type;
    facts[1] = (uint32_t)count;
    return MESSAGES[index].name;
}

static const char *const *names_of(uint32_t type) {
    switch (type) {
#define FIELD(M, kind, field) #field,
#define CASE(NAME, type, lower)                                                                              \
    case (type): {                                                                                           \
        static const char *const NAMES[] = {TG_##NAME##_FIELDS(FIELD, NAME)};                                \
        return NAMES;                                                                                        \
    }
        TG_MESSAGE_LIST(CASE)
#undef CASE
#undef FIELD
    default:
        return NULL;
    }
}

const char *tg_bind_field_name(uint32_t type, uint32_t index, uint32_t *kind) {
    size_t count;
    const tg_field *fields = tg_message_fields((uint8_t)type, &count);
    if (index >= count) {
        return NULL;
    }
    *kind = fields[index].kind;
    return names_of(type)[index];
}

void tg_bind_link_facts(uint32_t *facts) {
    facts[0] = TG_BODY_MAX;
    facts[1] = TG_PROTOCOL_LOWEST;
    facts[2] = TG_PROTOCOL_HIGHEST;
}

/* Number between its place in a structure and an int64. */
static int64_t get_number(uint8_t kind, const uint8_t *at) {
    uint16_t u16;
    uint32_t u32;
    int32_t i32;
    int64_t i64;
    switch (kind) {
    case TG_KIND_u8:
        return *at;
    case TG_KIND_u16:
        memcpy(&u16, at, sizeof u16);
        return u16;
    case TG_KIND_u32:
        memcpy(&u32, at, sizeof u32);
        return u32;
    case TG_KIND_i32:
        memcpy(&i32, at, sizeof i32);
        return i32;
    default:
        memcpy(&i64, at, sizeof i64);
        return i64;
    }
}

static void put_number(uint8_t kind, uint8_t *at, int64_t value) {
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    switch (kind) {
    case TG_KIND_u8:
        *at = (uint8_t)value;
        break;
    case TG_KIND_u16:
        memcpy(at, &u16, sizeof u16);
        break;
    case TG_KIND_u32:
    case TG_KIND_i32:
        memcpy(at, &u32, sizeof u32);
        break;
    default:
        memcpy(at, &value, sizeof value);
        break;
    }
}

int32_t tg_bind_frame_write(uint32_t type, uint32_t sequence, const int64_t *values, const uint8_t *blobs,
                            uint8_t *frame) {
    any_message message;
    uint8_t body[TG_BODY_MAX];
    size_t count;
    const tg_field *fields = tg_message_fields((uint8_t)type, &count);
    memset(&message, 0, sizeof message);
    for (size_t i = 0; i < count; i++) {
        uint8_t *at = (uint8_t *)&message + fields[i].offset;
        if (fields[i].kind == TG_KIND_blob) {
            if (values[i] > UINT8_MAX) {
                return -1;
            }
            tg_blob blob = {blobs, (uint8_t)values[i]};
            memcpy(at, &blob, sizeof blob);
            blobs += blob.size;
        } else {
            put_number(fields[i].kind, at, values[i]);
        }
    }
    int size = tg_message_write((uint8_t)type, &message, body);
    if (size < 0) {
        return -1;
    }
    return (int32_t)tg_frame_write(frame, (uint8_t)type, (uint16_t)sequence, body, (size_t)size);
}

int32_t tg_bind_message_read(uint32_t type, const uint8_t *body, uint32_t size, int64_t *values) {
    any_message message;
    size_t count;
    const tg_field *fields = tg_message_fields((uint8_t)type, &count);
    if (tg_message_read((uint8_t)type, body, size, &message) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = (const uint8_t *)&message + fields[i].offset;
        if (fields[i].kind == TG_KIND_blob) {
            tg_blob blob;
            memcpy(&blob, at, sizeof blob);
            values[i] = (int64_t)(blob.bytes - body) << 32 | blob.size;
        } else {
            values[i] = get_number(fields[i].kind, at);
        }
    }
    return 0;
}

const char *tg_bind_accel_err_text(int32_t err) {
    return tg_accel_err_text(err);
}

uint32_t tg_bind_receiver_size(void) {
    return sizeof(tg_receiver);
}

void tg_bind_receiver_init(tg_receiver *receiver) {
    tg_receiver_init(receiver);
}

uint32_t tg_bind_receiver_push(tg_receiver *receiver, const uint8_t *bytes, uint32_t size, uint32_t *packet,
                               uint8_t *body) {
    packet[0] = 0;
    for (uint32_t i = 0; i < size; i++) {
        tg_packet found;
        if (tg_receiver_push(receiver, bytes[i], &found)) {
            packet[0] = 1;
            packet[1] = found.type;
            packet[2] = found.sequence;
            packet[3] = found.size;
            memcpy(body, found.body, found.size);
            return i + 1;
        }
    }
    return size;
}

void tg_bind_receiver_counts(const tg_receiver *receiver, uint32_t *counts) {
    counts[0] = receiver->frames;
    counts[1] = receiver->damaged;
    counts[2] = receiver->missing;
    counts[3] = receiver->repeated;
    counts[4] = receiver->restarts;
}
