#include "tg_line.h"

#include "../boards/tg_board.h"

#define BYTES_AT_ONCE 64 /* the sensor is to have its turn, however fast the host talks */

void tg_line_init(tg_line *line) {
    static const uint8_t ZERO = 0;
    tg_receiver_init(&line->receiver);
    line->sequence = 0;
    line->sent = 0;
    line->dropped = 0;
    (void)tg_board_write(&ZERO, 1);
}

int tg_line_send(tg_line *line, tg_message_type type, const void *message) {
    uint8_t frame[TG_FRAME_MAX];
    uint8_t *body = tg_frame_body(frame);
    int size = tg_message_write((uint8_t)type, message, body);
    if (size >= 0) {
        size_t whole = tg_frame_write(frame, (uint8_t)type, line->sequence, body, (size_t)size);
        if (tg_board_write(frame, whole) == 0) {
            return 0;
        }
        line->sequence++;
        line->sent++;
    }
    return 1;
}

void tg_line_stream(tg_line *line, tg_message_type type, const void *message) {
    if (!tg_line_send(line, type, message)) {
        tg_line_drop(line);
    }
}

void tg_line_drop(tg_line *line) {
    line->sequence++;
    line->dropped++;
}

int tg_line_receive(tg_line *line, tg_packet *packet) {
    uint8_t byte;
    for (int i = 0; i < BYTES_AT_ONCE && tg_board_read(&byte, 1) == 1; i++) {
        if (tg_receiver_push(&line->receiver, byte, packet)) {
            return 1;
        }
    }
    return 0;
}
