/* CRC-32 of IEEE 802.3: polynomial 0x04C11DB7, reflected, begins and ends with all ones (zlib's crc32). */
#ifndef TG_CRC32_H
#define TG_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t tg_crc32(const uint8_t *bytes, size_t size);

#endif
