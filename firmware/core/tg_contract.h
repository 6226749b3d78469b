/* The contract: what a model expects of the world around it, carried inside the .tflite file.
 *
 * It lies in a metadata buffer named "tinygesture.contract" and is a sequence of
 * type-length-value records after an 8-byte header (docs/formats.md gives every byte). A type with
 * TG_RECORD_CRITICAL set that is not known here refuses the contract; an unknown optional record
 * is skipped, so later versions can add to it.
 */
#ifndef TG_CONTRACT_H
#define TG_CONTRACT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TG_CONTRACT_NAME "tinygesture.contract"

#define TG_MAX_CHANNELS    6U
#define TG_MAX_LABELS      32U
#define TG_MAX_LABEL_BYTES 32U   /* UTF-8 bytes of one label, without a terminator */
#define TG_MAX_WINDOW      1024U /* samples */
#define TG_NO_BACKGROUND   255U

#define TG_RECORD_CRITICAL 0x8000U

typedef enum {
    TG_RECORD_CHANNELS = 0x8001,
    TG_RECORD_RATE = 0x8002,
    TG_RECORD_RANGE = 0x8003,
    TG_RECORD_FRAME = 0x8004,
    TG_RECORD_WINDOW = 0x8005,
    TG_RECORD_PREPROCESS = 0x8006,
    TG_RECORD_LABELS = 0x8007,
    TG_RECORD_DETECTOR = 0x8008,
    TG_RECORD_STATISTICS = 0x0009,
    TG_RECORD_SELF_TEST = 0x000A,
} tg_record;

/* Channel kinds, with the unit of their int16 samples. */
typedef enum {
    TG_ACCELERATION_X = 1, /* milli-g */
    TG_ACCELERATION_Y = 2,
    TG_ACCELERATION_Z = 3,
} tg_channel;

/* Axis frames. */
typedef enum {
    TG_FRAME_FACE = 1, /* x to the right, y to the top, z out of the face; face up at rest: (0, 0, +1000) */
} tg_frame;

/* Preprocessing kinds. */
typedef enum {
    TG_PREPROCESS_SCALE = 1, /* column = saturate_int8(round(sample * gain / 65536)) */
    TG_PREPROCESS_LEVEL = 2, /* the same of samples in the levelled frame (tg_level.h) */
} tg_preprocess;

/* A contract read from its bytes. Pointers go into those bytes, which must stay in place. */
typedef struct {
    uint8_t channel_count;             /* 1 .. TG_MAX_CHANNELS */
    uint8_t channels[TG_MAX_CHANNELS]; /* tg_channel, in sample order */
    uint32_t rate_mhz;                 /* sampling rate in millihertz, 1000 .. 1000000 */
    uint16_t rate_tolerance_permille;  /* accepted deviation of a sensor's clock */
    uint16_t full_scale;               /* largest magnitude of a sample, in its unit */
    uint8_t frame;                     /* tg_frame */
    uint16_t window;                   /* samples per window, 1 .. TG_MAX_WINDOW */
    uint16_t hop;                      /* samples between windows, 1 .. window */
    uint8_t preprocess;                /* tg_preprocess */
    uint16_t gain;                     /* of the scaling, in 1/65536 */
    uint8_t level_shift;               /* of TG_PREPROCESS_LEVEL: gravity's time constant is 2^this samples */
    uint8_t label_count;               /* 2 .. TG_MAX_LABELS; as many as the model's outputs */
    uint8_t background;                /* index of the label that is no gesture, or TG_NO_BACKGROUND */
    const uint8_t *labels;             /* label_count x {u8 length, UTF-8 bytes} */
    const uint8_t *thresholds;         /* label_count x u8: least score (0..255) of a hit */
    uint8_t hits;                      /* consecutive hits that make an event, 1 .. 255 */
    uint16_t refractory_ms;            /* no second event within this time of the last */
    const uint8_t *self_test;          /* {u32 seed, label_count x int8 output} each, or NULL */
    uint8_t self_test_count;
} tg_contract;

/* Reads and checks a whole contract. Returns 0, TG_ERR_CONTRACT, TG_ERR_VERSION or TG_ERR_CRITICAL. */
int tg_contract_read(tg_contract *contract, const uint8_t *bytes, size_t size);

/* Finds and reads the contract of a .tflite file. Bounded for any bytes.
 * Returns 0, TG_ERR_NO_CONTRACT, or what tg_contract_read or the file's structure gives. */
int tg_contract_of_model(tg_contract *contract, const uint8_t *model, size_t size);

/* UTF-8 bytes of a label (not terminated); length in bytes to *length. index < label_count. */
const char *tg_contract_label(const tg_contract *contract, unsigned index, size_t *length);

#ifdef __cplusplus
}
#endif

#endif
