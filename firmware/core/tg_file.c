#include "tg_file.h"

#include "tg_quant.h"
#include "tg_schema.h"

enum { ROOT_VERSION, ROOT_OPCODES, ROOT_SUBGRAPHS, ROOT_BUFFERS };
static const uint8_t ROOT[] = {TG_WORD(MODEL_VERSION), TG_WORD(MODEL_OPERATOR_CODES),
                               TG_WORD(MODEL_SUBGRAPHS), TG_WORD(MODEL_BUFFERS), TG_END};

enum { GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS };
static const uint8_t GRAPH[] = {TG_WORD(SUBGRAPH_TENSORS), TG_WORD(SUBGRAPH_INPUTS),
                                TG_WORD(SUBGRAPH_OUTPUTS), TG_WORD(SUBGRAPH_OPERATORS), TG_END};

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

_Static_assert(sizeof(tg_tables) <= TG_TABLES_SIZE, "as an arena has room for");

int tg_file_open(tg_file *f, const uint8_t *data, uint32_t size) {
    tg_reader *r = &f->reader;
    tg_reader_init(r, data, size);
    tg_kind kind = {0};
    const tg_fields *table = tg_open_root(r, TG_TFLITE_IDENTIFIER, ROOT, &kind);
    if (r->err == 0 && tg_word(table, ROOT_VERSION, 0) != TG_TFLITE_VERSION) {
        return TG_ERR_VERSION;
    }
    f->opcodes = tg_open_vector(r, table, ROOT_OPCODES, 2);
    f->buffers = tg_open_vector(r, table, ROOT_BUFFERS, 2);
    tg_vector subgraphs = tg_open_vector(r, table, ROOT_SUBGRAPHS, 2);
    if (r->err != 0) {
        return r->err;
    }
    if (tg_count(subgraphs) != 1) {
        return TG_ERR_GRAPH;
    }
    memset(&kind, 0, sizeof kind); /* other fields are wanted */
    table = tg_open_item(r, subgraphs, 0, GRAPH, &kind);
    f->tensors = tg_open_vector(r, table, GRAPH_TENSORS, 2);
    f->operators = tg_open_vector(r, table, GRAPH_OPERATORS, 2);
    tg_vector inputs = tg_open_vector(r, table, GRAPH_INPUTS, 2);
    tg_vector outputs = tg_open_vector(r, table, GRAPH_OUTPUTS, 2);
    if (r->err != 0) {
        return r->err;
    }
    if (tg_count(inputs) != 1 || tg_count(outputs) != 1 || tg_count(f->operators) == 0) {
        return TG_ERR_GRAPH;
    }
    if (tg_count(f->operators) > TG_MAX_OPS || tg_count(f->tensors) >= UINT16_MAX) {
        return TG_ERR_TOO_BIG;
    }
    f->input = tg_item32(inputs, 0);
    f->output = tg_item32(outputs, 0);
    return 0;
}

int tg_file_call(tg_file *f, uint32_t i, tg_call *call) {
    tg_reader *r = &f->reader;
    const tg_fields *op = tg_open_item(r, f->operators, i, OPERATOR, &f->tables->op);
    call->fields = op;
    call->inputs = tg_open_vector(r, op, OP_INPUTS, 2);
    call->outputs = tg_open_vector(r, op, OP_OUTPUTS, 2);
    call->opcode = UINT32_MAX;
    uint32_t index = tg_word(op, OP_CODE, 0);
    if (index < tg_count(f->opcodes)) {
        const tg_fields *code = tg_open_item(r, f->opcodes, index, CODE, &f->tables->code);
        /* Codes up to 127 are in the older field, which stays set; the schema says to take the larger. */
        uint32_t older = tg_byte(code, CODE_DEPRECATED, 0);
        uint32_t builtin = tg_word(code, CODE_BUILTIN, 0);
        call->opcode = builtin > older ? builtin : older;
    }
    return r->err;
}

void tg_file_options(tg_file *f, const tg_call *call, const uint8_t *wanted, uint32_t *option) {
    if (*wanted == TG_END) {
        return;
    }
    tg_kind kind = {0};
    const tg_fields *fields = tg_open_field(&f->reader, call->fields, OP_OPTIONS, wanted, &kind);
    for (unsigned i = 0; wanted[i] != TG_END; i++) {
        option[i] = (wanted[i] & 1U) != 0 ? tg_byte(fields, i, 0) : tg_word(fields, i, wanted[i] >> 6);
    }
}

/* Scales and zero points of an int8 tensor: one pair, or a scale per channel with zero points of 0. */
static int read_quantization(tg_file *f, const tg_fields *tensor, tg_view *view) {
    tg_reader *r = &f->reader;
    const tg_fields *q = tg_open_field(r, tensor, QUANTIZATION, QUANTIZED, &f->tables->quantization);
    tg_vector scales = tg_open_vector(r, q, SCALES, 2);
    tg_vector zeros = tg_open_vector(r, q, ZEROS, 3);
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
    if (count == 1U) {
        view->has |= zero == 0 ? TG_ONE_SCALE | TG_SYMMETRIC : TG_ONE_SCALE;
        return 0;
    }
    view->has |= TG_SYMMETRIC;
    uint32_t dimension = tg_word(q, DIMENSION, 0) + TG_MAX_DIMS - view->dims;
    view->scale_dim = (uint8_t)dimension;
    if (dimension >= TG_MAX_DIMS || view->dim[dimension] != count) {
        return TG_ERR_QUANTIZATION;
    }
    uint32_t others = 0; /* or'ed */
    const uint8_t *other = tg_items(zeros);
    for (const uint8_t *end = other + 8U * count; other < end; other += 8) {
        others |= tg_load32(other) | tg_load32(other + 4);
    }
    return others == 0 ? 0 : TG_ERR_QUANTIZATION;
}

int tg_file_tensor(tg_file *f, uint32_t index, tg_view *view) {
    tg_reader *r = &f->reader;
    view->data = NULL;
    view->zero_point = 0;
    view->scale_count = 0;
    if (index >= tg_count(f->tensors)) {
        return TG_ERR_TRUNCATED;
    }
    const tg_fields *tensor = tg_open_item(r, f->tensors, index, TENSOR, &f->tables->tensor);
    uint32_t type = tg_byte(tensor, TYPE, 0);
    if (type != TYPE_INT8 && type != TYPE_INT32) {
        return TG_ERR_TYPE;
    }
    if (tg_byte(tensor, IS_VARIABLE, 0) != 0 || tg_word(tensor, SPARSITY, 0) != 0) {
        return TG_ERR_OPTION;
    }
    view->has = type == TYPE_INT8 ? TG_INT8 : TG_INT32;

    tg_vector shape = tg_open_vector(r, tensor, SHAPE, 2);
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

    uint32_t number = tg_word(tensor, BUFFER, 0);
    if (number >= tg_count(f->buffers)) {
        return TG_ERR_TRUNCATED;
    }
    const tg_fields *buffer = tg_open_item(r, f->buffers, number, BUFFERED, &f->tables->buffer);
    if (tg_word(buffer, OFFSET, 0) != 0) {
        return TG_ERR_OPTION; /* data outside the FlatBuffer: files of more than 2 GB */
    }
    tg_vector data = tg_open_vector(r, buffer, DATA, 0);
    uint32_t count = tg_count(data);
    if (count != 0) {
        if (count != (type == TYPE_INT32 ? 4U * size : size)) {
            return TG_ERR_SHAPE;
        }
        view->data = tg_items(data);
        view->has |= TG_CONSTANT;
    }
    int err = type == TYPE_INT8 ? read_quantization(f, tensor, view) : 0;
    return r->err != 0 ? r->err : err;
}

bool tg_file_used_after(tg_file *f, uint32_t tensor, uint32_t i) {
    bool used = tensor == f->output;
    for (i++; i < tg_count(f->operators) && !used; i++) {
        const tg_fields *op = tg_open_item(&f->reader, f->operators, i, OPERATOR, &f->tables->op);
        tg_vector inputs = tg_open_vector(&f->reader, op, OP_INPUTS, 2);
        used = tg_count(inputs) > TG_MAX_OP_INPUTS; /* refused at its turn: not worth more time */
        for (unsigned k = 0; k < tg_count(inputs) && !used; k++) {
            used = tg_item32(inputs, k) == tensor;
        }
    }
    return used;
}
