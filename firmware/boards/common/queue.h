/* Queue: bytes between the application and an interrupt, one on each side; bounded, and never waits.
 *
 *     static uint8_t room[512];
 *     static tg_queue queue = TG_QUEUE(room);
 */
#ifndef TG_QUEUE_H
#define TG_QUEUE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes;
    uint32_t size;             /* a power of two */
    volatile uint32_t written; /* written by the writer only; both numbers only grow, and wrap together */
    volatile uint32_t taken;   /* written by the reader only */
    volatile uint32_t lost;    /* bytes that found no room; written by the writer only */
} tg_queue;

#define TG_QUEUE(array) {.bytes = (array), .size = sizeof(array)}

/* The writer's: queues all bytes or none; returns size or 0. */
size_t tg_queue_put(tg_queue *queue, const uint8_t *bytes, size_t size);

/* The writer's: queues a byte, or counts it as lost. */
void tg_queue_put_byte(tg_queue *queue, uint8_t byte);

/* The reader's: takes the oldest bytes, at most capacity; returns how many. */
size_t tg_queue_get(tg_queue *queue, uint8_t *bytes, size_t capacity);

/* The reader's: takes the oldest byte, or returns -1. */
int tg_queue_get_byte(tg_queue *queue);

/* Bytes in the queue. */
size_t tg_queue_used(const tg_queue *queue);

#endif
