/* What compilers call on their own. Built with -fno-builtin, or these loops would become calls to themselves.
 */
#include <stdint.h>
#include <string.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen

#define WORD         sizeof(uint32_t)
#define ALIGNED(a)   (((uintptr_t)(a) & (WORD - 1)) == 0)
#define SPREAD_BYTES 0x01010101U

typedef uint32_t __attribute__((may_alias)) word;

static void copy_forward(unsigned char *d, const unsigned char *s, size_t size) {
    if (ALIGNED(d) && ALIGNED(s)) {
        for (; size >= WORD; size -= WORD, d += WORD, s += WORD) {
            *(word *)(void *)d = *(const word *)(const void *)s;
        }
    }
    while (size-- > 0) {
        *d++ = *s++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    copy_forward(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    unsigned char *d = to;
    const unsigned char *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= size) {
        copy_forward(d, s, size); /* overwrites nothing that is still to be read */
        return to;
    }
    while (size-- > 0) {
        d[size] = s[size];
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    unsigned char *d = to;
    const uint32_t spread = (unsigned char)value * SPREAD_BYTES;
    for (; size >= WORD && ALIGNED(d); size -= WORD, d += WORD) {
        *(word *)(void *)d = spread;
    }
    for (; size > 0; size--) {
        *d++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i]) {
            return x[i] - y[i];
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    return size;
}
