#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "host.h"

#include "../tg_board.h"

#define KEPT_VARIABLE "TINYGESTURE_KEPT" /* the descriptor of the memory that resets keep */

extern char **environ;

static host_kept *kept;
static const char *program;
static tg_reset_cause cause;
static tg_fault_record fault;
static volatile sig_atomic_t fed;

_Noreturn void host_fail(const char *what) {
    perror(what);
    exit(2);
}

/* Safe in a signal handler. */
static _Noreturn void reset(tg_reset_cause why) {
    char *const arguments[] = {(char *)(uintptr_t)program, NULL};
    kept->cause = (uint32_t)why;
    (void)execve(program, arguments, environ);
    _exit(2);
}

static void on_button(int number) {
    (void)number;
    memset(&kept->fault, 0, sizeof kept->fault);
    reset(TG_RESET_PIN);
}

/* Every TG_WATCHDOG_MS: a whole turn without food is a hang. */
static void on_watchdog(int number) {
    (void)number;
    if (!fed) {
        kept->fault.cause = TG_FAULT_HANG;
        kept->fault.in_a_row++;
        reset(TG_RESET_WATCHDOG);
    }
    fed = 0;
}

static void catch(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART | SA_NODEFER; /* the handler does not return to unblock it */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    if (sigaction(number, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) != 0) {
        host_fail("signals");
    }
}

static void map_kept(void) {
    const char *before = getenv(KEPT_VARIABLE);
    int file = before != NULL ? atoi(before) : -1;
    if (file < 0) {
        char text[16];
        FILE *unnamed = tmpfile(); /* stays open for ever */
        if (unnamed == NULL || (file = dup(fileno(unnamed))) < 0 || ftruncate(file, sizeof *kept) != 0) {
            host_fail("memory that resets keep");
        }
        (void)snprintf(text, sizeof text, "%d", file);
        (void)setenv(KEPT_VARIABLE, text, 1);
    }
    kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (kept == MAP_FAILED) {
        host_fail("memory that resets keep");
    }
    if (before == NULL) {
        *kept = (host_kept){.cause = TG_RESET_POWER, .listener = -1, .master = -1, .client = -1};
    }
}

void reset_init(void) {
    program = getenv("TINYGESTURE_PROGRAM");
    map_kept();
    cause = (tg_reset_cause)kept->cause;
    fault = kept->fault;
    if (program != NULL) {
        const time_t seconds = TG_WATCHDOG_MS / 1000U;
        const struct itimerval turn = {.it_interval = {.tv_sec = seconds}, .it_value = {.tv_sec = seconds}};
        fed = 1;
        catch(SIGUSR1, on_button);
        catch(SIGALRM, on_watchdog);
        if (setitimer(ITIMER_REAL, &turn, NULL) != 0) {
            host_fail("watchdog");
        }
    }
}

host_kept *reset_kept(void) {
    return kept;
}

void tg_board_feed_watchdog(void) {
    fed = 1;
}

tg_reset_cause tg_board_reset_cause(void) {
    return cause;
}

const tg_fault_record *tg_board_fault(void) {
    return fault.cause != TG_FAULT_UNKNOWN ? &fault : NULL;
}

void tg_board_settled(void) {
    kept->fault.in_a_row = 0;
}
