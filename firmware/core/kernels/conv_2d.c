/* CONV_2D: weights [out_c, filter_h, filter_w, filter_c]; filter_c < in_c is a grouped convolution. */
#include "tg_conv.h"

static uint32_t accumulate(const tg_conv *c, const int8_t *input, const int8_t *weights, unsigned y,
                           unsigned x, unsigned channel) {
    unsigned filters_per_group = c->out_c / (c->in_c / c->filter_c);
    unsigned first_channel = channel / filters_per_group * c->filter_c;
    weights += (size_t)channel * c->h.filter * c->w.filter * c->filter_c;
    uint32_t sum = 0;
    for (unsigned ky = 0; ky < c->h.filter; ky++) {
        unsigned in_y = y * c->h.stride + ky * c->h.dilation - c->h.pad; /* wraps to huge above the input */
        for (unsigned kx = 0; kx < c->w.filter; kx++) {
            unsigned in_x = x * c->w.stride + kx * c->w.dilation - c->w.pad;
            if (in_y < c->h.input && in_x < c->w.input) {
                const int8_t *values = input + ((size_t)in_y * c->w.input + in_x) * c->in_c + first_channel;
                for (unsigned i = 0; i < c->filter_c; i++) {
                    sum += (uint32_t)((values[i] + c->input_offset) * weights[i]);
                }
            }
            weights += c->filter_c;
        }
    }
    return sum;
}

static void run(const tg_model *model, const struct tg_node *node) {
    const tg_conv *c = tg_at(model, node->params);
    const int8_t *input = tg_at(model, node->input);
    const int8_t *weights = tg_at(model, node->input2);
    int8_t *output = tg_at(model, node->output);
    for (unsigned y = 0; y < c->h.output; y++) {
        for (unsigned x = 0; x < c->w.output; x++) {
            for (unsigned channel = 0; channel < c->out_c; channel++) {
                uint32_t sum =
                    accumulate(c, input, weights, y, x, channel) + (uint32_t)tg_bias(model, c->bias, channel);
                *output++ = tg_requantize(model, &c->requant, (int32_t)sum, channel);
            }
        }
    }
}

static int prepare(tg_prepare *p, struct tg_node *node) {
    return tg_conv_prepare(p, node, false);
}

const tg_op tg_op_conv_2d = {OP_CONV_2D, prepare, run};
