/* Fuzz target: any bytes on a line, and any bodies in good frames. What a receiver gives out is what a sender
 * put in; what is read of a body, written again, is that body.
 */
#include "fuzz.h"

#include <string.h>

#include "../../firmware/link/tg_frame.h"
#include "../../firmware/link/tg_message.h"

typedef union {
#define MEMBER(NAME, type, lower) tg_##lower##_message lower;
    TG_MESSAGE_LIST(MEMBER)
#undef MEMBER
} any_message;

static void check_message(const tg_packet *packet) {
    any_message message;
    any_message before;
    uint8_t again[TG_BODY_MAX];
    size_t fields;
    memset(&message, 0x5A, sizeof message);
    memcpy(&before, &message, sizeof message);
    int known = tg_message_fields(packet->type, &fields) != NULL;
    if (tg_message_read(packet->type, packet->body, packet->size, &message) != 0) {
        REQUIRE(memcmp(&before, &message, sizeof message) == 0);
        return;
    }
    REQUIRE(known);
    int size = tg_message_write(packet->type, &message, again);
    REQUIRE(size >= 0 && size <= packet->size); /* bytes behind the last field are ignored */
    REQUIRE(memcmp(again, packet->body, (size_t)size) == 0);
}

/* Any bytes, as they come. */
static void any_bytes(const uint8_t *data, size_t size) {
    tg_receiver receiver;
    tg_receiver_init(&receiver);
    uint32_t found = 0;
    for (size_t i = 0; i < size; i++) {
        tg_packet packet;
        if (tg_receiver_push(&receiver, data[i], &packet)) {
            uint8_t frame[TG_FRAME_MAX];
            found++;
            REQUIRE(data[i] == 0 && packet.size <= TG_BODY_MAX);
            size_t whole = tg_frame_write(frame, packet.type, packet.sequence, packet.body, packet.size);
            REQUIRE(whole == packet.size + 10U && whole <= i + 1);
            check_message(&packet);
        }
    }
    REQUIRE(receiver.frames == found && receiver.size <= TG_PACKET_MAX);
}

/* type, sequence (2 bytes), size, body; again and again, with a zero or a stray byte between now and then. */
static void good_frames(const uint8_t *data, size_t size) {
    tg_receiver receiver;
    tg_receiver_init(&receiver);
    uint16_t next = 0;
    while (size >= 4) {
        uint8_t frame[TG_FRAME_MAX];
        size_t body = data[3] <= TG_BODY_MAX ? data[3] : TG_BODY_MAX;
        body = body <= size - 4 ? body : size - 4;
        uint16_t sequence = (uint16_t)(next + (data[1] & 0x3F));
        size_t whole = tg_frame_write(frame, data[0], sequence, data + 4, body);
        tg_packet packet;
        REQUIRE(whole == body + 10 && frame[whole - 1] == 0);
        if (data[2] & 1) {
            (void)tg_receiver_push(&receiver, data[2], &packet);
            (void)tg_receiver_push(&receiver, 0, &packet);
        }
        for (size_t i = 0; i + 1 < whole; i++) {
            REQUIRE(frame[i] != 0 && !tg_receiver_push(&receiver, frame[i], &packet));
        }
        REQUIRE(tg_receiver_push(&receiver, 0, &packet));
        REQUIRE(packet.type == data[0] && packet.sequence == sequence && packet.size == body);
        REQUIRE(memcmp(packet.body, data + 4, body) == 0);
        check_message(&packet);
        next = (uint16_t)(sequence + 1);
        size -= 4 + body;
        data += 4 + body;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && (data[0] & 1)) {
        any_bytes(data + 1, size - 1);
    } else if (size > 0) {
        good_frames(data + 1, size - 1);
    }
    return 0;
}
