/* Runs a fuzz target over every prefix and over single-byte changes of files, without a fuzzer.
 *
 *     exhaustive prefixes FILE...
 *     exhaustive bytes STRIDE FILE...   every byte with 8 values, and each STRIDE-th with all 255 (0: none)
 *
 * Prints how many inputs were run, and how many of them are models that the core opens. Compiled with
 * sanitizers and linked with fuzz_model.c by tests/test_core_safety.py.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tg_model.h"

static unsigned long inputs;
static unsigned long opened;

/* One input in memory of exactly its size. */
static void run(const uint8_t *bytes, size_t size) {
    static uint64_t arena[4096];
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    REQUIRE(copy != NULL);
    memcpy(copy, bytes, size);
    tg_model model;
    inputs++;
    opened += tg_model_open(&model, copy, size, tg_ops_all, arena, sizeof arena, NULL) == 0;
    LLVMFuzzerTestOneInput(copy, size);
    REQUIRE(memcmp(copy, bytes, size) == 0);
    free(copy);
}

static void prefixes(uint8_t *bytes, size_t size) {
    for (size_t n = 0; n <= size; n++) {
        run(bytes, n);
    }
}

static void changes(uint8_t *bytes, size_t size, size_t stride) {
    for (size_t i = 0; i < size; i++) {
        uint8_t kept = bytes[i];
        const uint8_t few[] = {0, 1, 0x7F, 0x80, 0xFF, (uint8_t)(kept + 1), (uint8_t)(kept - 1), kept ^ 4};
        unsigned count = stride != 0 && i % stride == 0 ? 256 : sizeof few;
        for (unsigned k = 0; k < count; k++) {
            bytes[i] = count == 256 ? (uint8_t)k : few[k];
            if (bytes[i] != kept) {
                run(bytes, size);
            }
        }
        bytes[i] = kept;
    }
}

int main(int argc, char **argv) {
    static uint8_t bytes[1 << 16];
    int is_prefixes = argc > 2 && strcmp(argv[1], "prefixes") == 0;
    size_t stride = is_prefixes || argc < 3 ? 0 : (size_t)atoi(argv[2]);
    for (int i = is_prefixes ? 2 : 3; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return 2;
        }
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        if (is_prefixes) {
            prefixes(bytes, size);
        } else {
            changes(bytes, size, stride);
        }
    }
    printf("%lu inputs, %lu opened\n", inputs, opened);
    return inputs > 0 ? 0 : 2;
}
