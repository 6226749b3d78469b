/* Line: messages to and from the host, over the board's bytes. */
#ifndef TG_LINE_H
#define TG_LINE_H

#include "../link/tg_frame.h"
#include "../link/tg_message.h"

typedef struct {
    tg_receiver receiver;
    uint16_t sequence; /* of the next frame */
    uint32_t sent;
    uint32_t dropped;
} tg_line;

/* Begins to count anew, and ends with a zero whatever the host has received before. */
void tg_line_init(tg_line *line);

/* Sends a message when the line has room for it: returns 1, or 0 and has done nothing. */
int tg_line_send(tg_line *line, tg_message_type type, const void *message);

/* Sends a message now or never: without room it is dropped. */
void tg_line_stream(tg_line *line, tg_message_type type, const void *message);

/* Counts a message that found no room; its sequence number is skipped, so that the host counts it too. */
void tg_line_drop(tg_line *line);

/* Takes the next message that has come. Returns 1, or 0 when there is none yet; returns after a bounded
 * number of bytes in any case. The packet holds until the next call. */
int tg_line_receive(tg_line *line, tg_packet *packet);

#endif
