#include "tg_frame.h"

#include <string.h>

#include "tg_crc32.h"
#include "tg_message.h"

/* A sequence number this far behind is one of a frame that came twice or late; farther, or this far ahead,
 * the sender has begun anew. */
#define BEHIND_MAX 256U
#define AHEAD_MAX  32767U

#define FLAG_STARTED 1U /* a frame has come: `next` means something */
#define FLAG_BROKEN  2U /* the rest of this frame is not worth keeping */
#define FLAG_ZERO    4U /* the block that ends next is followed by a zero */
#define FLAG_BYTES   8U /* bytes have come since the last zero */

static void put_u16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static uint16_t get_u16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

size_t tg_frame_write(uint8_t *frame, uint8_t type, uint16_t sequence, const uint8_t *body, size_t size) {
    uint8_t *packet = frame + 1; /* stuffed in place: shorter than 254 bytes, it moves by one */
    size_t end = TG_HEAD_SIZE + size;
    packet[0] = type;
    packet[1] = (uint8_t)size;
    put_u16(packet + 2, sequence);
    memmove(packet + TG_HEAD_SIZE, body, size);
    uint32_t crc = tg_crc32(packet, end);
    put_u16(packet + end, (uint16_t)crc);
    put_u16(packet + end + 2, (uint16_t)(crc >> 16));
    end += TG_CRC_SIZE;
    packet[end] = 0;
    size_t code = 0; /* where the distance to the next zero goes */
    for (size_t i = 1; i <= end + 1; i++) {
        if (frame[i] == 0) {
            frame[code] = (uint8_t)(i - code);
            code = i;
        }
    }
    return end + 2;
}

void tg_receiver_init(tg_receiver *receiver) {
    memset(receiver, 0, sizeof *receiver);
}

static void keep(tg_receiver *r, uint8_t byte) {
    if (r->size == TG_PACKET_MAX) {
        r->flags |= FLAG_BROKEN;
    } else {
        r->packet[r->size++] = byte;
    }
}

static void unstuff(tg_receiver *r, uint8_t byte) {
    r->flags |= FLAG_BYTES;
    if (r->left > 0) {
        r->left--;
        keep(r, byte);
        return;
    }
    if (r->flags & FLAG_ZERO) {
        keep(r, 0);
    }
    r->left = (uint8_t)(byte - 1);
    r->flags = (uint8_t)(byte == UINT8_MAX ? r->flags & ~FLAG_ZERO : r->flags | FLAG_ZERO);
}

static int whole(const tg_receiver *r) {
    size_t end = r->size - TG_CRC_SIZE;
    return (r->flags & FLAG_BROKEN) == 0 && r->left == 0 && r->size >= TG_HEAD_SIZE + TG_CRC_SIZE &&
           r->packet[1] == end - TG_HEAD_SIZE &&
           tg_crc32(r->packet, end) ==
               (get_u16(r->packet + end) | (uint32_t)get_u16(r->packet + end + 2) << 16);
}

/* Whether a frame is new; counts what its number tells. */
static int is_new(tg_receiver *r, uint8_t type, uint16_t sequence) {
    uint16_t ahead = (uint16_t)(sequence - r->next);
    if ((r->flags & FLAG_STARTED) && ahead != 0) {
        /* Whoever greets may have begun anew, and is to be heard in any case. */
        int greets = type == TG_MESSAGE_HELLO || type == TG_MESSAGE_ASK_HELLO;
        if (ahead <= AHEAD_MAX && !(greets && sequence == 0)) {
            r->missing += ahead;
        } else if (greets || ahead <= UINT16_MAX - BEHIND_MAX) {
            r->restarts++;
        } else {
            r->repeated++;
            return 0;
        }
    }
    r->flags |= FLAG_STARTED;
    r->next = (uint16_t)(sequence + 1);
    return 1;
}

int tg_receiver_push(tg_receiver *r, uint8_t byte, tg_packet *packet) {
    if (byte != 0) {
        unstuff(r, byte);
        return 0;
    }
    int complete = 0;
    if (r->flags & FLAG_BYTES) {
        if (!whole(r)) {
            r->damaged++;
        } else if (is_new(r, r->packet[0], get_u16(r->packet + 2))) {
            r->frames++;
            *packet = (tg_packet){
                .type = r->packet[0],
                .size = r->packet[1],
                .sequence = get_u16(r->packet + 2),
                .body = r->packet + TG_HEAD_SIZE,
            };
            complete = 1;
        }
    }
    r->size = 0;
    r->left = 0;
    r->flags &= FLAG_STARTED;
    return complete;
}
