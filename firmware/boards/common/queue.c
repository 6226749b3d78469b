#include "queue.h"

size_t tg_queue_used(const tg_queue *queue) {
    return queue->written - queue->taken;
}

size_t tg_queue_put(tg_queue *queue, const uint8_t *bytes, size_t size) {
    uint32_t at = queue->written;
    if (size > queue->size - tg_queue_used(queue)) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        queue->bytes[at++ & (queue->size - 1)] = bytes[i];
    }
    queue->written = at; /* last: only now may the reader see them */
    return size;
}

void tg_queue_put_byte(tg_queue *queue, uint8_t byte) {
    if (tg_queue_put(queue, &byte, 1) == 0) {
        queue->lost++;
    }
}

int tg_queue_get_byte(tg_queue *queue) {
    uint32_t at = queue->taken;
    if (at == queue->written) {
        return -1;
    }
    int byte = queue->bytes[at & (queue->size - 1)];
    queue->taken = at + 1; /* last: only now may the writer use its place */
    return byte;
}

size_t tg_queue_get(tg_queue *queue, uint8_t *bytes, size_t capacity) {
    size_t count = 0;
    int byte;
    while (count < capacity && (byte = tg_queue_get_byte(queue)) >= 0) {
        bytes[count++] = (uint8_t)byte;
    }
    return count;
}
