#include "tg_accel.h"

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
