/* The part of <string.h> that bare-metal code here may use: no C library is linked.
 *
 * The macros let the compiler expand short copies in place, which a freestanding build forbids otherwise.
 */
#ifndef TG_STRING_H
#define TG_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

#define memcpy(to, from, size)  __builtin_memcpy(to, from, size)
#define memmove(to, from, size) __builtin_memmove(to, from, size)
#define memset(to, value, size) __builtin_memset(to, value, size)
#define memcmp(a, b, size)      __builtin_memcmp(a, b, size)
#define strlen(text)            __builtin_strlen(text)

#endif
