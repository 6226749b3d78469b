#include "tg_file.h"

#include "tg_quant.h"
#include "tg_schema.h"

enum { ROOT_VERSION, ROOT_OPCODES, ROOT_BUFFERS, ROOT_SUBGRAPHS };
static const uint8_t ROOT[] = {TG_WORD(MODEL_VERSION), TG_WORD(MODEL_OPERATOR_CODES), TG_WORD(MODEL_BUFFERS),
                               TG_WORD(MODEL_SUBGRAPHS), TG_END};

enum { GRAPH_TENSORS, GRAPH_OPERATORS, GRAPH_INPUTS, GRAPH_OUTPUTS };
static const uint8_t GRAPH[] = {TG_WORD(SUBGRAPH_TENSORS), TG_WORD(SUBGRAPH_OPERATORS),
                                TG_WORD(SUBGRAPH_INPUTS), TG_WORD(SUBGRAPH_OUTPUTS), TG_END};

enum { OP_CODE, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS };
static const uint8_t OPERATOR[] = {TG_WORD(OPERATOR_OPCODE_INDEX), TG_WORD(OPERATOR_INPUTS),
                                   TG_WORD(OPERATOR_OUTPUTS), TG_WORD(OPERATOR_OPTIONS), TG_END};

enum { CODE_DEPRECATED, CODE_BUILTIN };
static const uint8_t CODE[] = {TG_BYTE(OPERATOR_CODE_DEPRECATED), TG_WORD(OPERATOR_CODE_BUILTIN), TG_END};

enum { SHAPE, TYPE, BUFFER, QUANTIZATION, IS_VARIABLE, SPARSITY };
static const uint8_t TENSOR[] = {TG_WORD(TENSOR_SHAPE),
                                 TG_BYTE(TENSOR_TYPE),
                                 TG_WORD(TENSOR_BUFFER),
                                 TG_WORD(TENSOR_QUANTIZATION),
                                 TG_BYTE(TENSOR_IS_VARIABLE),
                                 TG_WORD(TENSOR_SPARSITY),
                                 TG_END};

enum { SCALES, ZEROS, DIMENSION };
static const uint8_t QUANTIZED[] = {TG_WORD(QUANTIZATION_SCALE), TG_WORD(QUANTIZATION_ZERO_POINT),
                                    TG_WORD(QUANTIZATION_DIMENSION), TG_END};

enum { DATA, OFFSET };
static const uint8_t BUFFERED[] = {TG_WORD(BUFFER_DATA), TG_WORD(BUFFER_OFFSET), TG_END};

/* The vectors of a table's fields 0 .. count - 1 wanted, of 32-bit values. Returns 0 or TG_ERR_TRUNCATED. */
static int read_vectors(const tg_reader *r, const tg_table *table, unsigned first, unsigned count,
                        tg_vector *vectors) {
    for (unsigned i = 0; i < count; i++) {
        if (!tg_open_vector(r, table, first + i, 2, &vectors[i])) {
            return TG_ERR_TRUNCATED;
        }
    }
    return 0;
}

int tg_file_open(tg_file *f, const uint8_t *data, uint32_t size) {
    const tg_reader *r = &f->reader;
    int err = tg_reader_init(&f->reader, data, size, TG_TFLITE_IDENTIFIER);
    if (err != 0) {
        return err;
    }
    tg_fields fields;
    tg_table table;
    if (!tg_open_once(r, data, ROOT, &fields, &table)) {
        return TG_ERR_TRUNCATED;
    }
    if (tg_word(&table, ROOT_VERSION, 0) != TG_TFLITE_VERSION) {
        return TG_ERR_VERSION;
    }
    tg_vector vectors[4];
    err = read_vectors(r, &table, ROOT_OPCODES, 3, vectors);
    if (err != 0) {
        return err;
    }
    f->opcodes = vectors[0];
    f->buffers = vectors[1];
    if (tg_count(vectors[2]) != 1) {
        return TG_ERR_GRAPH;
    }
    if (!tg_open_once(r, tg_item_at(vectors[2], 0), GRAPH, &fields, &table)) {
        return TG_ERR_TRUNCATED;
    }
    err = read_vectors(r, &table, GRAPH_TENSORS, 4, vectors);
    if (err != 0) {
        return err;
    }
    f->tensors = vectors[0];
    f->operators = vectors[1];
    uint32_t operators = tg_count(f->operators);
    uint32_t tensors = tg_count(f->tensors);
    if (tg_count(vectors[2]) != 1 || tg_count(vectors[3]) != 1 || operators == 0) {
        return TG_ERR_GRAPH;
    }
    if (operators > TG_MAX_OPS || tensors >= UINT16_MAX) {
        return TG_ERR_TOO_BIG;
    }
    uint32_t input = tg_item32(vectors[2], 0);
    uint32_t output = tg_item32(vectors[3], 0);
    if (input >= tensors || output >= tensors) {
        return input >= tensors ? TG_ERR_TRUNCATED : TG_ERR_GRAPH;
    }
    f->input = (uint16_t)input;
    f->output = (uint16_t)output;
    return 0;
}

int tg_file_call(const tg_file *f, uint32_t i, tg_call *call) {
    tg_table table;
    if (!tg_open_table(&f->reader, tg_item_at(f->operators, i), OPERATOR, &f->tables->op, &table) ||
        read_vectors(&f->reader, &table, OP_INPUTS, 2, &call->inputs) != 0) {
        return TG_ERR_TRUNCATED;
    }
    call->options = table.at[OP_OPTIONS] == 0 ? NULL : tg_field(&table, OP_OPTIONS);
    call->opcode = -1;
    uint32_t index = tg_word(&table, OP_CODE, 0);
    if (index < tg_count(f->opcodes)) {
        if (!tg_open_table(&f->reader, tg_item_at(f->opcodes, index), CODE, &f->tables->code, &table)) {
            return TG_ERR_TRUNCATED;
        }
        /* Codes up to 127 are in the older field, which stays set; the schema says to take the larger. */
        int32_t older = tg_byte(&table, CODE_DEPRECATED, 0);
        int32_t builtin = (int32_t)tg_word(&table, CODE_BUILTIN, 0);
        call->opcode = builtin > older ? builtin : older;
    }
    return 0;
}

int tg_file_options(const tg_file *f, const tg_call *call, const uint8_t *wanted, uint32_t *option) {
    tg_fields fields = {.at = {0}};
    tg_table table = {NULL, fields.at};
    if (call->options != NULL && !tg_open_once(&f->reader, call->options, wanted, &fields, &table)) {
        return TG_ERR_TRUNCATED;
    }
    for (const uint8_t *at = fields.at; *wanted != TG_END; wanted++, at++) {
        *option++ = *at == 0              ? *wanted >> 6
                    : (*wanted & 1U) != 0 ? table.start[*at]
                                          : tg_load32(table.start + *at);
    }
    return 0;
}

/* Scales and zero points of an int8 tensor: one pair, or a scale per channel with zero points of 0. */
static inline int read_quantization(const tg_file *f, const tg_table *tensor, tg_view *view) {
    const tg_reader *r = &f->reader;
    if (tensor->at[QUANTIZATION] == 0) {
        return TG_ERR_QUANTIZATION;
    }
    tg_table q;
    if (!tg_open_inline(r, tg_field(tensor, QUANTIZATION), QUANTIZED, &f->tables->quantization, &q)) {
        return TG_ERR_TRUNCATED;
    }
    tg_vector scales;
    tg_vector zeros;
    if (!tg_vector_inline(r, &q, SCALES, 2, &scales) || !tg_vector_inline(r, &q, ZEROS, 3, &zeros)) {
        return TG_ERR_TRUNCATED;
    }
    uint32_t count = tg_count(scales);
    if (count == 0 || tg_count(zeros) != count || !tg_scale_valid(tg_item32(scales, 0))) {
        return TG_ERR_QUANTIZATION;
    }
    int32_t zero = (int32_t)tg_item32(zeros, 0);
    if (zero != (int8_t)zero || (int32_t)tg_item32(zeros, 1) != zero >> 31) {
        return TG_ERR_QUANTIZATION;
    }
    view->zero_point = (int8_t)zero;
    view->scales = tg_items(scales);
    view->scale_count = count;
    view->has |= zero == 0 ? TG_SYMMETRIC : 0;
    if (count == 1U) {
        view->has |= TG_ONE_SCALE;
        return 0;
    }
    uint32_t dimension = tg_word(&q, DIMENSION, 0) + TG_MAX_DIMS - view->dims;
    view->scale_dim = (uint8_t)dimension;
    if (dimension >= TG_MAX_DIMS || view->dim[dimension] != count) {
        return TG_ERR_QUANTIZATION;
    }
    uint32_t others = 0; /* or'ed */
    const uint8_t *other = tg_items(zeros);
    for (const uint8_t *end = other + 8U * count; other != end; other += 8) {
        others |= tg_load32(other) | tg_load32(other + 4);
    }
    return others == 0 ? 0 : TG_ERR_QUANTIZATION;
}

int tg_file_tensor(const tg_file *f, uint32_t index, tg_view *view) {
    const tg_reader *r = &f->reader;
    if (index >= tg_count(f->tensors)) {
        return TG_ERR_TRUNCATED;
    }
    tg_table tensor;
    if (!tg_open_inline(r, tg_item_at(f->tensors, index), TENSOR, &f->tables->tensor, &tensor)) {
        return TG_ERR_TRUNCATED;
    }
    uint32_t type = tg_byte(&tensor, TYPE, 0);
    if (type != TYPE_INT8 && type != TYPE_INT32) {
        return TG_ERR_TYPE;
    }
    if (tg_byte(&tensor, IS_VARIABLE, 0) != 0 || tg_word(&tensor, SPARSITY, 0) != 0) {
        return TG_ERR_OPTION;
    }
    tg_vector shape;
    if (!tg_vector_inline(r, &tensor, SHAPE, 2, &shape)) {
        return TG_ERR_TRUNCATED;
    }
    uint32_t dims = tg_count(shape);
    if (dims > TG_MAX_DIMS) {
        return TG_ERR_SHAPE;
    }
    view->dims = (uint8_t)dims;
    view->dim[DIM_N] = view->dim[DIM_H] = view->dim[DIM_W] = view->dim[DIM_C] = 1;
    uint32_t size = 1;
    for (uint16_t *to = view->dim + TG_MAX_DIMS; dims > 0; dims--) {
        uint32_t dim = tg_item32(shape, dims - 1U);
        if (dim - 1U >= UINT16_MAX) {
            return TG_ERR_SHAPE;
        }
        *--to = (uint16_t)dim;
        size *= dim; /* at most 2^20 x 2^16 before the check */
        if (size > TG_MAX_TENSOR_SIZE) {
            return TG_ERR_TOO_BIG;
        }
    }
    view->size = size;

    uint32_t number = tg_word(&tensor, BUFFER, 0);
    if (number >= tg_count(f->buffers)) {
        return TG_ERR_TRUNCATED;
    }
    tg_table buffer;
    if (!tg_open_inline(r, tg_item_at(f->buffers, number), BUFFERED, &f->tables->buffer, &buffer)) {
        return TG_ERR_TRUNCATED;
    }
    if (tg_word(&buffer, OFFSET, 0) != 0) {
        return TG_ERR_OPTION; /* data outside the FlatBuffer: files of more than 2 GB */
    }
    tg_vector data;
    if (!tg_vector_inline(r, &buffer, DATA, 0, &data)) {
        return TG_ERR_TRUNCATED;
    }
    uint32_t has = type == TYPE_INT8 ? TG_INT8 : TG_INT32;
    uint32_t count = tg_count(data);
    view->data = NULL;
    if (count != 0) {
        if (count != (type == TYPE_INT32 ? 4U * size : size)) {
            return TG_ERR_SHAPE;
        }
        view->data = tg_items(data);
        has |= TG_CONSTANT;
    }
    view->has = (uint8_t)has;
    view->zero_point = 0;
    view->scale_count = 0;
    return type == TYPE_INT8 ? read_quantization(f, &tensor, view) : 0;
}
