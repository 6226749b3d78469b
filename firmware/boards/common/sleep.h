/* Sleep: tg_board_sleep() and tg_board_asleep_us() of a board whose interrupts call sleep_wake(). */
#ifndef TG_SLEEP_H
#define TG_SLEEP_H

/* Something has happened that the application is to look at. Called from interrupts. */
void sleep_wake(void);

#endif
