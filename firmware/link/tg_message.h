/* Messages: what the bodies of frames hold. Each is listed once, here: structure, encoding, decoding and the
 * Python binding are made from the list. docs/protocol.md says what the fields mean.
 *
 * Kinds of fields: u8, u16, u32, u64, i32, little-endian, and blob: a byte of size, then as many bytes. A
 * reader ignores bytes behind the last field it knows: later versions may add some.
 */
#ifndef TG_MESSAGE_H
#define TG_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* Version of the messages; a frame's layout, and the first two fields of both hellos, stay for ever. */
#define TG_PROTOCOL_LOWEST  1U
#define TG_PROTOCOL_HIGHEST 1U

/* Host to board. F(M, kind, field): M is for whoever makes something of the list. */
#define TG_ASK_HELLO_FIELDS(F, M)                                                                            \
    F(M, u8, lowest)                                                                                         \
    F(M, u8, highest)
#define TG_ASK_STREAMS_FIELDS(F, M)  F(M, u8, streams)
#define TG_ASK_LABEL_FIELDS(F, M)    F(M, u8, label)
#define TG_ASK_STATS_FIELDS(F, M)    F(M, u8, token)
#define TG_REPLAY_BEGIN_FIELDS(F, M) F(M, u8, streams)
#define TG_REPLAY_DATA_FIELDS(F, M)                                                                          \
    F(M, u32, first)                                                                                         \
    F(M, blob, samples)
#define TG_REPLAY_END_FIELDS(F, M) F(M, u32, samples)

/* Board to host. */
#define TG_HELLO_FIELDS(F, M)                                                                                \
    F(M, u8, lowest)                                                                                         \
    F(M, u8, highest)                                                                                        \
    F(M, u8, booted)                                                                                         \
    F(M, u8, state)                                                                                          \
    F(M, u32, capabilities)                                                                                  \
    F(M, u32, rate_mhz)                                                                                      \
    F(M, u32, contract_rate_mhz)                                                                             \
    F(M, u16, rate_tolerance_permille)                                                                       \
    F(M, u16, full_scale_mg)                                                                                 \
    F(M, u8, frame)                                                                                          \
    F(M, u16, window)                                                                                        \
    F(M, u16, hop)                                                                                           \
    F(M, u8, labels)                                                                                         \
    F(M, u8, background)                                                                                     \
    F(M, u16, replay_room)                                                                                   \
    F(M, u32, arena)                                                                                         \
    F(M, blob, channels)                                                                                     \
    F(M, blob, interface_id)                                                                                 \
    F(M, blob, model_id)                                                                                     \
    F(M, blob, board)                                                                                        \
    F(M, blob, firmware)                                                                                     \
    F(M, blob, sensor)
#define TG_STREAMS_FIELDS(F, M) F(M, u8, streams)
#define TG_LABEL_FIELDS(F, M)                                                                                \
    F(M, u8, label)                                                                                          \
    F(M, blob, text)
#define TG_SAMPLES_FIELDS(F, M)                                                                              \
    F(M, u8, channels)                                                                                       \
    F(M, u32, seq)                                                                                           \
    F(M, u64, t_us)                                                                                          \
    F(M, blob, records)
#define TG_LOST_FIELDS(F, M)                                                                                 \
    F(M, u32, seq)                                                                                           \
    F(M, u32, samples)
#define TG_EVENT_FIELDS(F, M)                                                                                \
    F(M, u8, source)                                                                                         \
    F(M, u8, label)                                                                                          \
    F(M, u8, score)                                                                                          \
    F(M, u32, start)                                                                                         \
    F(M, u32, end)                                                                                           \
    F(M, u64, t_us)                                                                                          \
    F(M, blob, text)
#define TG_OUTPUTS_FIELDS(F, M)                                                                              \
    F(M, u8, source)                                                                                         \
    F(M, u32, end)                                                                                           \
    F(M, blob, outputs)
#define TG_STATS_FIELDS(F, M)                                                                                \
    F(M, u8, token)                                                                                          \
    F(M, u64, uptime_us)                                                                                     \
    F(M, u64, asleep_us)                                                                                     \
    F(M, u8, reset_cause)                                                                                    \
    F(M, u32, samples)                                                                                       \
    F(M, u32, lost)                                                                                          \
    F(M, u32, overruns)                                                                                      \
    F(M, u32, inferences)                                                                                    \
    F(M, u32, events)                                                                                        \
    F(M, u32, sent)                                                                                          \
    F(M, u32, dropped)                                                                                       \
    F(M, u32, received)                                                                                      \
    F(M, u32, damaged)                                                                                       \
    F(M, u32, missing)                                                                                       \
    F(M, u32, repeated)                                                                                      \
    F(M, u32, bytes_lost)                                                                                    \
    F(M, u32, stack)                                                                                         \
    F(M, u32, stack_size)                                                                                    \
    F(M, blob, label_events)
#define TG_REPLAY_TAKEN_FIELDS(F, M) F(M, u32, samples)
#define TG_REPLAY_DONE_FIELDS(F, M)                                                                          \
    F(M, u32, samples)                                                                                       \
    F(M, u32, inferences)                                                                                    \
    F(M, u32, events)
#define TG_ERROR_FIELDS(F, M)                                                                                \
    F(M, u8, reason)                                                                                         \
    F(M, u8, message)                                                                                        \
    F(M, u32, detail)
#define TG_REFUSED_FIELDS(F, M)                                                                              \
    F(M, u8, what)                                                                                           \
    F(M, i32, expected)                                                                                      \
    F(M, i32, found)                                                                                         \
    F(M, i32, detail)                                                                                        \
    F(M, i32, more)
#define TG_FAULT_FIELDS(F, M)                                                                                \
    F(M, u8, cause)                                                                                          \
    F(M, u32, exception)                                                                                     \
    F(M, u32, pc)                                                                                            \
    F(M, u32, status)                                                                                        \
    F(M, u32, address)
#define TG_END_FIELDS(F, M) F(M, u8, code)

/* X(NAME, type, name) */
#define TG_MESSAGE_LIST(X)                                                                                   \
    X(ASK_HELLO, 0x01, ask_hello)                                                                            \
    X(ASK_STREAMS, 0x02, ask_streams)                                                                        \
    X(ASK_LABEL, 0x03, ask_label)                                                                            \
    X(ASK_STATS, 0x04, ask_stats)                                                                            \
    X(REPLAY_BEGIN, 0x05, replay_begin)                                                                      \
    X(REPLAY_DATA, 0x06, replay_data)                                                                        \
    X(REPLAY_END, 0x07, replay_end)                                                                          \
    X(HELLO, 0x81, hello)                                                                                    \
    X(STREAMS, 0x82, streams)                                                                                \
    X(LABEL, 0x83, label)                                                                                    \
    X(STATS, 0x84, stats)                                                                                    \
    X(REPLAY_TAKEN, 0x85, replay_taken)                                                                      \
    X(REPLAY_DONE, 0x86, replay_done)                                                                        \
    X(SAMPLES, 0x87, samples)                                                                                \
    X(LOST, 0x88, lost)                                                                                      \
    X(EVENT, 0x89, event)                                                                                    \
    X(OUTPUTS, 0x8A, outputs)                                                                                \
    X(ERROR, 0x8B, error)                                                                                    \
    X(REFUSED, 0x8C, refused)                                                                                \
    X(FAULT, 0x8D, fault)                                                                                    \
    X(END, 0x8E, end)

typedef struct {
    const uint8_t *bytes;
    uint8_t size;
} tg_blob;

/* tg_hello_message, tg_samples_message, ... */
#define TG_TYPE_u8                uint8_t
#define TG_TYPE_u16               uint16_t
#define TG_TYPE_u32               uint32_t
#define TG_TYPE_u64               uint64_t
#define TG_TYPE_i32               int32_t
#define TG_TYPE_blob              tg_blob
#define TG_MEMBER(M, kind, field) TG_TYPE_##kind field;
#define TG_MESSAGE_STRUCT(NAME, type, lower)                                                                 \
    typedef struct {                                                                                         \
        TG_##NAME##_FIELDS(TG_MEMBER, NAME)                                                                  \
    } tg_##lower##_message;
TG_MESSAGE_LIST(TG_MESSAGE_STRUCT)
#undef TG_MESSAGE_STRUCT
#undef TG_MEMBER

typedef enum {
#define TG_MESSAGE_ENUM(NAME, type, lower) TG_MESSAGE_##NAME = (type),
    TG_MESSAGE_LIST(TG_MESSAGE_ENUM)
#undef TG_MESSAGE_ENUM
} tg_message_type;

/* Streams a host can ask for. */
#define TG_STREAM_SAMPLES 1U
#define TG_STREAM_OUTPUTS 2U
#define TG_STREAM_EVENTS  4U
#define TG_STREAM_ALL     7U

/* Capabilities. */
#define TG_CAN_SAMPLES 1U
#define TG_CAN_REPLAY  2U

/* States of a board. */
typedef enum {
    TG_STATE_RUNNING = 0,
    TG_STATE_REFUSED = 1, /* the model does not fit: REFUSED says why */
    TG_STATE_SENSOR = 2,  /* the accelerometer failed, REFUSED says why; it is started again every second */
} tg_state;

/* Where an event or outputs come from. */
typedef enum { TG_SOURCE_SENSOR = 0, TG_SOURCE_REPLAY = 1 } tg_source;

/* Reasons of an ERROR; `message` is the type it answers. */
typedef enum {
    TG_REASON_VERSION = 1, /* no version that both speak; detail: the board's lowest << 8 | highest */
    TG_REASON_TYPE = 2,    /* a message that the board does not know */
    TG_REASON_BODY = 3,    /* a body that its type does not allow */
    TG_REASON_STATE = 4,   /* not while refused, or not in a replay; detail: the board's state */
    TG_REASON_ORDER = 5,   /* replayed samples out of order; detail: the number expected */
    TG_REASON_TIMEOUT = 6, /* the replay was given up: nothing came for it */
} tg_reason;

/* What a REFUSED is about. */
typedef enum {
    TG_REFUSED_MODEL = 1,   /* found: tg_err; detail: operator number; more: its code or the arena needed */
    TG_REFUSED_FRAME = 2,   /* expected, found: tg_frame */
    TG_REFUSED_CHANNEL = 3, /* expected: tg_channel of the contract, found 0 */
    TG_REFUSED_RATE = 4,    /* expected, found: millihertz; detail: tolerance in 1/1000 */
    TG_REFUSED_FULL_SCALE = 5, /* expected, found: milli-g */
    TG_REFUSED_SENSOR = 6,     /* found: tg_accel_err, 0 when the accelerometer does not answer */
    TG_REFUSED_FAULTS = 7,     /* found: tg_fault_cause of the last of several faults at the start */
} tg_refused;

/* Writes a message's body of TG_BODY_MAX bytes at most. message: the structure of that type.
 * Returns the body's size, or -1 when the type is unknown or the body would be too long. */
int tg_message_write(uint8_t type, const void *message, uint8_t *body);

/* Reads a body; blobs of the message point into it. Returns 0, or -1 (and leaves the message alone) when the
 * type is unknown or the body too short for it. */
int tg_message_read(uint8_t type, const uint8_t *body, size_t size, void *message);

/* A field of a message, for whoever handles messages without knowing them. */
typedef enum { TG_KIND_u8, TG_KIND_u16, TG_KIND_u32, TG_KIND_u64, TG_KIND_i32, TG_KIND_blob } tg_kind;
typedef struct {
    uint8_t kind;   /* tg_kind */
    uint8_t offset; /* in the structure */
} tg_field;

/* Fields of a message, *count of them; NULL for an unknown type. */
const tg_field *tg_message_fields(uint8_t type, size_t *count);

#endif
