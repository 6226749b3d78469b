/* Binding of the link: frames and messages for Python, in the manner of tg_binding.h. Host only. */
#ifndef TG_LINK_BINDING_H
#define TG_LINK_BINDING_H

#include "tg_binding.h"

#include "../drivers/tg_accel.h"
#include "../link/tg_frame.h"
#include "../link/tg_message.h"

/* Message number `index` of the list: its type and number of fields to facts[0..1]; returns its name, or NULL
 * past the last one. */
TG_EXPORT const char *tg_bind_message_name(uint32_t index, uint32_t *facts);

/* Field number `index` of a message: its tg_kind to *kind; returns its name, or NULL past the last one. */
TG_EXPORT const char *tg_bind_field_name(uint32_t type, uint32_t index, uint32_t *kind);

/* Constants: facts[0..2] are TG_BODY_MAX, TG_PROTOCOL_LOWEST, TG_PROTOCOL_HIGHEST. */
TG_EXPORT void tg_bind_link_facts(uint32_t *facts);

/* Writes a frame with a message whose fields are values (a blob: its size, with its bytes next in `blobs`).
 * Returns the frame's size, or -1 when it does not fit. frame: TG_FRAME_MAX bytes. */
TG_EXPORT int32_t tg_bind_frame_write(uint32_t type, uint32_t sequence, const int64_t *values,
                                      const uint8_t *blobs, uint8_t *frame);

/* Reads a body: a value for each field; of a blob offset << 32 | size. Returns 0 or -1. */
TG_EXPORT int32_t tg_bind_message_read(uint32_t type, const uint8_t *body, uint32_t size, int64_t *values);

/* One line about a tg_accel_err. */
TG_EXPORT const char *tg_bind_accel_err_text(int32_t err);

TG_EXPORT uint32_t tg_bind_receiver_size(void);
TG_EXPORT void tg_bind_receiver_init(tg_receiver *receiver);

/* Pushes bytes until one completes a message or all are pushed; returns how many were. Then packet[0..3]: 1
 * when there is a message, type, sequence, size of the body, which goes to `body` (TG_BODY_MAX bytes). */
TG_EXPORT uint32_t tg_bind_receiver_push(tg_receiver *receiver, const uint8_t *bytes, uint32_t size,
                                         uint32_t *packet, uint8_t *body);

/* What it has counted: frames, damaged, missing, repeated, restarts. */
TG_EXPORT void tg_bind_receiver_counts(const tg_receiver *receiver, uint32_t *counts);

#endif
