/* Resets: why a board started, and what a fault leaves behind for the start after it.
 *
 * A fault handler cannot send anything it could rely on. It fills a record in memory that no start clears,
 * and resets the board; the application then sends the record to the host.
 */
#ifndef TG_RESET_H
#define TG_RESET_H

#include <stdint.h>

typedef enum {
    TG_RESET_UNKNOWN = 0,
    TG_RESET_POWER = 1,    /* power came, or fell too low */
    TG_RESET_PIN = 2,      /* the reset button, or a debugger */
    TG_RESET_SOFTWARE = 3, /* asked for */
    TG_RESET_FAULT = 4,    /* a fault, see tg_fault_record */
    TG_RESET_WATCHDOG = 5, /* the application hung, see tg_fault_record if there is one */
} tg_reset_cause;

/* Causes of a fault. What each is called, the host knows (docs/protocol.md). */
typedef enum {
    TG_FAULT_UNKNOWN = 0,         /* an interrupt or exception nobody handles */
    TG_FAULT_FETCH = 1,           /* instruction fetch from a forbidden address */
    TG_FAULT_ACCESS = 2,          /* data access to a forbidden address */
    TG_FAULT_STACKING = 3,        /* fault while entering an exception */
    TG_FAULT_BUS_FETCH = 4,       /* bus error on instruction fetch */
    TG_FAULT_BUS_DATA = 5,        /* bus error on data access */
    TG_FAULT_BUS_LATE = 6,        /* late bus error on data access */
    TG_FAULT_INSTRUCTION = 7,     /* undefined instruction */
    TG_FAULT_NOT_THUMB = 8,       /* jump to code that is no Thumb code */
    TG_FAULT_RETURN = 9,          /* bad return from an exception */
    TG_FAULT_NO_FPU = 10,         /* floating-point instruction without its unit */
    TG_FAULT_UNALIGNED = 11,      /* unaligned access */
    TG_FAULT_DIVISION = 12,       /* division by zero */
    TG_FAULT_STACK_OVERFLOW = 13, /* the stack met its guard */
    TG_FAULT_HARD = 14,           /* a fault of a processor that does not tell more (ARMv6-M) */
    TG_FAULT_HANG = 15,           /* the watchdog was not fed in time */
} tg_fault_cause;

typedef struct {
    uint32_t cause;     /* tg_fault_cause */
    uint32_t exception; /* exception number */
    uint32_t pc;        /* where it happened, 0 when not known */
    uint32_t status;    /* CFSR, 0 where there is none */
    uint32_t address;   /* of the access, 0 when not known */
    uint32_t in_a_row;  /* faults since the application last settled, this one included */
} tg_fault_record;

/* What happened before the last reset; 0 when nothing did. Filled in by the board's start-up code. */
const tg_fault_record *tg_board_fault(void);

/* The application works: a fault from now on is the first in a row. */
void tg_board_settled(void);

#endif
