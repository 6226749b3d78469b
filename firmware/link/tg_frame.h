/* Frames: one message each, made of any bytes, that a receiver finds again in any stream of bytes.
 *
 *     type u8, size of the body u8, sequence u16, body, CRC-32 of all that u32    (little-endian)
 *
 * stuffed by COBS (Cheshire and Baker, 1999), so that no byte of it is zero, and ended by a zero. What is
 * damaged on the way is left out and counted; docs/protocol.md has every rule and the odds of an undetected
 * error. No I/O, no heap, no globals; nothing here waits.
 */
#ifndef TG_FRAME_H
#define TG_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define TG_BODY_MAX   240U
#define TG_HEAD_SIZE  4U
#define TG_CRC_SIZE   4U
#define TG_PACKET_MAX (TG_HEAD_SIZE + TG_BODY_MAX + TG_CRC_SIZE) /* less than 254: one byte of stuffing */
#define TG_FRAME_MAX  (TG_PACKET_MAX + 2U)

/* Where a frame's body lies before it is written: a message can be put there at once. */
static inline uint8_t *tg_frame_body(uint8_t *frame) {
    return frame + 1 + TG_HEAD_SIZE;
}

/* Writes a frame of TG_FRAME_MAX bytes at most; size <= TG_BODY_MAX. The body lies at tg_frame_body(frame),
 * or outside the frame. Returns the frame's size. */
size_t tg_frame_write(uint8_t *frame, uint8_t type, uint16_t sequence, const uint8_t *body, size_t size);

/* A receiver's state and what it has counted. All counts wrap. */
typedef struct {
    uint8_t packet[TG_PACKET_MAX]; /* unstuffed so far */
    uint16_t size;                 /* bytes of it */
    uint8_t left;                  /* bytes until the next code byte of COBS */
    uint8_t flags;
    uint16_t next;     /* sequence number expected next */
    uint32_t frames;   /* messages received */
    uint32_t damaged;  /* frames left out: stuffing, length, or CRC wrong */
    uint32_t missing;  /* frames that never came, by the sequence numbers of those that did */
    uint32_t repeated; /* frames left out because they, or later ones, had come before */
    uint32_t restarts; /* times that the sender began to count anew */
} tg_receiver;

/* A message, inside the receiver until its next byte is pushed. */
typedef struct {
    uint8_t type;
    uint8_t size;
    uint16_t sequence;
    const uint8_t *body;
} tg_packet;

void tg_receiver_init(tg_receiver *receiver);

/* Takes one byte. Returns 1 and fills *packet when it completes a message, otherwise 0. */
int tg_receiver_push(tg_receiver *receiver, uint8_t byte, tg_packet *packet);

#endif
