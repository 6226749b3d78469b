#include "tg_text.h"

#include <string.h>

#define DIGITS_OF_INT64 19

void tg_text_start(tg_text *line) {
    line->size = 0;
}

void tg_text_bytes(tg_text *line, const char *bytes, size_t size) {
    size_t room = TG_TEXT_SIZE - 1 - line->size; /* one byte is kept for the line feed */
    size_t taken = size < room ? size : room;
    memcpy(line->bytes + line->size, bytes, taken);
    line->size += taken;
}

void tg_text_add(tg_text *line, const char *terminated) {
    tg_text_bytes(line, terminated, strlen(terminated));
}

void tg_text_number(tg_text *line, int64_t value) {
    char digits[DIGITS_OF_INT64 + 1];
    size_t first = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        digits[--first] = '-';
    }
    tg_text_bytes(line, digits + first, sizeof digits - first);
}

void tg_text_hex(tg_text *line, const uint8_t *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 0xF]};
        tg_text_bytes(line, pair, sizeof pair);
    }
}

void tg_text_score(tg_text *line, uint8_t score) {
    unsigned thousandths = (score * 1000U + 128U) / 256U;
    const char text[5] = {'0', '.', (char)('0' + thousandths / 100), (char)('0' + thousandths / 10 % 10),
                          (char)('0' + thousandths % 10)};
    tg_text_bytes(line, text, sizeof text);
}

void tg_text_end(tg_text *line) {
    line->bytes[line->size++] = '\n';
}
