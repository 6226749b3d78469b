/* Wires board, model and application together. */
#include "gesture_model.h"
#include "tg_app.h"

static _Alignas(8) uint8_t arena[GESTURE_MODEL_ARENA_SIZE];
static tg_app app;

int main(void) {
    const tg_app_model model = {
        .data = gesture_model,
        .size = gesture_model_size,
        .ops = gesture_model_ops,
        .model_id = gesture_model_id,
        .interface_id = gesture_interface_id,
    };
    tg_board_init();
    tg_app_run(&app, &model, arena, sizeof arena);
}
