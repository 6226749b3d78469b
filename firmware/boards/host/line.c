#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "host.h"

#include "../common/queue.h"
#include "../tg_board.h"

#define US_PER_S    1000000U
#define CHUNK       256
#define KERNEL_ROOM 4096 /* bytes the system may hold for a slow reader: about what a USB bridge does */

static uint8_t send_room[2048];
static uint8_t receive_room[TG_LINE_RECEIVED];
static tg_queue to_send = TG_QUEUE(send_room);
static tg_queue received = TG_QUEUE(receive_room);
static uint8_t chunk[CHUNK]; /* taken from to_send, not yet written */
static size_t chunk_size;
static size_t chunk_sent;

static void never_wait(int file) {
    if (fcntl(file, F_SETFL, O_NONBLOCK) != 0) {
        host_fail("line");
    }
}

static void open_terminal(host_kept *kept) {
    struct termios settings;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        host_fail("pseudo-terminal");
    }
    /* Opened and closed once, it tells from then on whether somebody has it open. */
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &settings) != 0) {
        host_fail("pseudo-terminal");
    }
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    (void)tcsetattr(slave, TCSANOW, &settings);
    (void)close(slave);
    kept->master = master;
    printf("%s\n", ptsname(master));
}

static void open_tcp(host_kept *kept, const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    socklen_t size = sizeof address;
    const int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        host_fail("TCP port");
    }
    never_wait(listener);
    kept->listener = listener;
    printf("socket://127.0.0.1:%u\n", ntohs(address.sin_port));
}

void line_init(void) {
    host_kept *kept = reset_kept();
    const char *port = getenv("TINYGESTURE_TCP");
    if (kept->listener < 0 && kept->master < 0) {
        if (port != NULL) {
            open_tcp(kept, port);
        } else {
            open_terminal(kept);
        }
        (void)fflush(stdout);
    }
    if (kept->master >= 0) {
        never_wait(kept->master);
    }
}

/* The file that leads to whoever listens, or -1. */
static int peer(void) {
    host_kept *kept = reset_kept();
    if (kept->master >= 0) {
        struct pollfd look = {.fd = kept->master};
        return poll(&look, 1, 0) >= 0 && (look.revents & POLLHUP) == 0 ? kept->master : -1;
    }
    if (kept->client < 0 && (kept->client = accept(kept->listener, NULL, NULL)) >= 0) {
        const int room = KERNEL_ROOM;
        (void)setsockopt(kept->client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        never_wait(kept->client);
    }
    return kept->client;
}

static void hang_up(void) {
    host_kept *kept = reset_kept();
    chunk_size = chunk_sent = 0;
    if (kept->client >= 0) {
        (void)close(kept->client);
        kept->client = -1;
    }
}

static void send_all(int file) {
    for (;;) {
        if (chunk_sent == chunk_size) {
            chunk_sent = 0;
            chunk_size = tg_queue_get(&to_send, chunk, sizeof chunk);
        }
        if (chunk_size == 0) {
            return;
        }
        ssize_t sent =
            file < 0 ? (ssize_t)chunk_size : write(file, chunk + chunk_sent, chunk_size - chunk_sent);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                hang_up();
            }
            return;
        }
        chunk_sent = file < 0 ? chunk_size : chunk_sent + (size_t)sent; /* nobody listens: bytes go nowhere */
    }
}

static void receive_all(int file) {
    uint8_t bytes[CHUNK];
    ssize_t count;
    while (file >= 0 && (count = read(file, bytes, sizeof bytes)) != 0) {
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != EIO) {
                hang_up();
            }
            return;
        }
        for (ssize_t i = 0; i < count; i++) {
            tg_queue_put_byte(&received, bytes[i]);
        }
    }
    if (file >= 0) {
        hang_up();
    }
}

void line_pump(uint64_t wait_us) {
    const host_kept *kept = reset_kept();
    int file = peer();
    send_all(file);
    if (wait_us > 0) {
        fd_set to_read;
        fd_set to_write;
        struct timeval wait = {.tv_sec = (time_t)(wait_us / US_PER_S),
                               .tv_usec = (suseconds_t)(wait_us % US_PER_S)};
        int watched = file >= 0 ? file : kept->listener;
        FD_ZERO(&to_read);
        FD_ZERO(&to_write);
        if (watched >= 0) {
            FD_SET(watched, &to_read);
            if (chunk_size > chunk_sent) {
                FD_SET(watched, &to_write);
            }
        }
        (void)select(watched + 1, &to_read, &to_write, NULL, &wait);
        file = peer();
        send_all(file);
    }
    receive_all(file);
}

size_t tg_board_write(const uint8_t *bytes, size_t size) {
    return tg_queue_put(&to_send, bytes, size);
}

size_t tg_board_read(uint8_t *bytes, size_t capacity) {
    return tg_queue_get(&received, bytes, capacity);
}

uint32_t tg_board_read_lost(void) {
    return received.lost;
}
