/* What faults of all processors share. */
#ifndef TG_FAULT_H
#define TG_FAULT_H

#include "start.h"

/* The processor's: reports a fault whose exception's frame lies at `frame`; runs on an empty stack. */
_Noreturn void tg_fault_report(const uint32_t *frame);

/* Where it happened: a stacked program counter that can be read, otherwise 0. */
uint32_t tg_fault_pc(const uint32_t *frame);

#endif
