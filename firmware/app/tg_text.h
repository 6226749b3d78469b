/* Text: one line of bounded length, put together piece by piece; what does not fit is cut off. */
#ifndef TG_TEXT_H
#define TG_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TG_TEXT_SIZE 256

typedef struct {
    char bytes[TG_TEXT_SIZE]; /* not terminated */
    size_t size;
} tg_text;

void tg_text_start(tg_text *line);
void tg_text_bytes(tg_text *line, const char *bytes, size_t size);
void tg_text_add(tg_text *line, const char *terminated);
void tg_text_number(tg_text *line, int64_t value);
void tg_text_hex(tg_text *line, const uint8_t *bytes, size_t size);

/* A score of n/256, rounded to three decimals: "0.930". */
void tg_text_score(tg_text *line, uint8_t score);

/* Ends the line: its last byte is a line feed, always. */
void tg_text_end(tg_text *line);

#endif
