/* DEPTHWISE_CONV_2D: weights [1, filter_h, filter_w, out_c]; each input channel gives filter_c outputs. */
#include "tg_depthwise.h"

static void run(const tg_model *model, const struct tg_node *node) {
    const tg_conv *c = tg_at(model, node->params);
    const int8_t *input = tg_at(model, node->input);
    const int8_t *weights = tg_at(model, node->input2);
    int8_t *output = tg_at(model, node->output);
    const tg_factors factors = tg_factors_at(model, &c->requant, c->bias, 0);
    for (unsigned y = 0; y < c->h.output; y++) {
        tg_taps taps = {.column_step = (uint32_t)c->w.dilation * c->in_c};
        unsigned top;
        tg_axis_taps(&c->h, y, &top, &taps.rows);
        taps.rows -= top;
        taps.row_step = (uint32_t)c->h.dilation * c->w.input * c->in_c;
        taps.weights_step = (uint32_t)c->w.filter * c->out_c;
        for (unsigned x = 0; x < c->w.output; x++) {
            unsigned left;
            tg_axis_taps(&c->w, x, &left, &taps.columns);
            taps.columns -= left;
            size_t in_y = y * c->h.stride + top * c->h.dilation - c->h.pad;
            size_t in_x = x * c->w.stride + left * c->w.dilation - c->w.pad;
            taps.input = input + (in_y * c->w.input + in_x) * c->in_c;
            taps.weights = weights + ((size_t)top * c->w.filter + left) * c->out_c;
            tg_depthwise_run(c, &factors, &taps, output);
            output += c->out_c;
        }
    }
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    tg_conv *c;
    return tg_conv_prepare(p, node, true, &c);
}

const tg_op tg_op_depthwise_conv_2d = {OP_DEPTHWISE_CONV_2D, prepare, run, NULL};
