#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#include "../../drivers/virtual/tg_virtual_accel.h"
#include "../tg_board.h"

#define US_PER_S  1000000U
#define NS_PER_US 1000U
#define MHZ_NS    1000000000000U /* nanoseconds of a period, times millihertz */
#define IDLE_US   50000U         /* longest sleep while no sensor runs */
#define SPEED_MAX 1000U

const char tg_board_name[] = "host";

/* The log is already in the frame. */
const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {1, 1, 1}};

static uint64_t started_us; /* of the system's clock */
static uint64_t speed = 1;
static uint64_t asleep_us;
static tg_accel accel;
static tg_virtual_accel sensor;
static int sensor_found;
static uint64_t period_ns; /* 0 before the sensor starts */
static uint64_t next_ns;   /* when it takes its next sample */

static uint64_t system_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / NS_PER_US;
}

static uint64_t number_of(const char *variable, uint64_t otherwise, uint64_t most) {
    const char *text = getenv(variable);
    uint64_t value = text == NULL ? otherwise : strtoull(text, NULL, 10);
    return value < 1 ? 1 : value > most ? most : value;
}

static void pace(uint32_t rate_mhz) {
    period_ns = MHZ_NS / rate_mhz;
    next_ns = tg_board_time_us() * NS_PER_US + period_ns;
}

static void find_sensor(void) {
    const char *path = getenv("TINYGESTURE_LOG");
    struct stat facts;
    int file = path == NULL ? -1 : open(path, O_RDONLY);
    if (file < 0) {
        return; /* a board without its accelerometer */
    }
    tg_log_image image;
    if (fstat(file, &facts) == 0 && facts.st_size > 0) {
        const uint8_t *bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes != MAP_FAILED && tg_log_image_read(&image, bytes, (size_t)facts.st_size) == 0) {
            sensor_found = 1;
        }
    }
    (void)close(file);
    if (sensor_found) {
        tg_virtual_accel_init(&sensor, &image, pace, &accel);
    }
}

void tg_board_init(void) {
    (void)signal(SIGPIPE, SIG_IGN);
    started_us = system_us();
    speed = number_of("TINYGESTURE_SPEED", 1, SPEED_MAX);
    reset_init();
    line_init();
    find_sensor();
}

uint64_t tg_board_time_us(void) {
    return (system_us() - started_us) * speed;
}

/* What a timer's interrupt would have done by now. */
static void tick(void) {
    uint64_t now_ns = tg_board_time_us() * NS_PER_US;
    while (period_ns > 0 && next_ns <= now_ns) {
        tg_virtual_accel_tick(&sensor, next_ns / NS_PER_US);
        next_ns += period_ns;
    }
}

void tg_board_sleep(void) {
    uint64_t start = tg_board_time_us();
    uint64_t wait = IDLE_US;
    if (period_ns > 0) {
        uint64_t until = next_ns / NS_PER_US;
        wait = until > start ? (until - start) / speed : 0;
        wait = wait > IDLE_US ? IDLE_US : wait + 1;
    }
    line_pump(wait);
    tick();
    asleep_us += tg_board_time_us() - start;
}

uint64_t tg_board_asleep_us(void) {
    return asleep_us;
}

const tg_accel *tg_board_accel(void) {
    return sensor_found ? &accel : NULL;
}

void tg_board_show_event(unsigned label, const char *text, size_t size) {
    (void)label;
    (void)fprintf(stderr, "%.*s\n", (int)size, text);
}

unsigned tg_board_mode(void) {
    return sensor_found ? sensor.image.flags & TG_IMAGE_MODE : 0;
}

size_t tg_board_stack_used(void) {
    return 0; /* the system's to know */
}

size_t tg_board_stack_size(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < UINT32_MAX ? (size_t)limit.rlim_cur : 0;
}

_Noreturn void tg_board_exit(tg_exit code) {
    line_pump(0);
    exit((int)code);
}
