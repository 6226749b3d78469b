#include "tg_err.h"

#include <stddef.h>

typedef struct {
    int err;
    const char *name;
    const char *text;
} entry;

static const entry ENTRIES[] = {
#define TG_ERR_ENTRY(name, value, text) {(value), #name, (text)},
    TG_ERR_LIST(TG_ERR_ENTRY)
#undef TG_ERR_ENTRY
};

static const entry *find(int err) {
    static const entry UNKNOWN = {0, "?", "?"};
    for (size_t i = 0; i < sizeof ENTRIES / sizeof ENTRIES[0]; i++) {
        if (ENTRIES[i].err == err) {
            return &ENTRIES[i];
        }
    }
    return &UNKNOWN;
}

const char *tg_err_name(int err) {
    return find(err)->name;
}

const char *tg_err_text(int err) {
    return find(err)->text;
}
