#include "tg_accel.h"

const char *tg_accel_err_name(int err) {
    switch (err) {
#define NAME(name, value, text)                                                                              \
    case (value):                                                                                            \
        return #name;
        TG_ACCEL_ERR_LIST(NAME)
#undef NAME
    default:
        return "?";
    }
}

const char *tg_accel_err_text(int err) {
    switch (err) {
#define TEXT(name, value, text)                                                                              \
    case (value):                                                                                            \
        return text;
        TG_ACCEL_ERR_LIST(TEXT)
#undef TEXT
    default:
        return "?";
    }
}
