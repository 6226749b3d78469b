#include "tg_file.h"

#include "tg_quant.h"
#include "tg_schema.h"

enum { ROOT_VERSION, ROOT_OPCODES, ROOT_BUFFERS, ROOT_SUBGRAPHS, ROOT_FIELDS };
static const uint8_t ROOT[] = {TG_WORD(MODEL_VERSION), TG_LIST(MODEL_OPERATOR_CODES), TG_LIST(MODEL_BUFFERS),
                               TG_LIST(MODEL_SUBGRAPHS), TG_END};

enum { GRAPH_TENSORS, GRAPH_OPERATORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_FIELDS };
static const uint8_t GRAPH[] = {TG_LIST(SUBGRAPH_TENSORS), TG_LIST(SUBGRAPH_OPERATORS),
                                TG_LIST(SUBGRAPH_INPUTS), TG_LIST(SUBGRAPH_OUTPUTS), TG_END};

enum { OP_CODE, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS, OP_FIELDS };
static const uint8_t OPERATOR[] = {TG_WORD(OPERATOR_OPCODE_INDEX), TG_LIST(OPERATOR_INPUTS),
                                   TG_LIST(OPERATOR_OUTPUTS), TG_PLACE(OPERATOR_OPTIONS), TG_END};

enum { CODE_DEPRECATED, CODE_BUILTIN, CODE_FIELDS };
static const uint8_t CODE[] = {TG_BYTE(OPERATOR_CODE_DEPRECATED), TG_WORD(OPERATOR_CODE_BUILTIN), TG_END};

enum { SHAPE, TYPE, BUFFER, QUANTIZATION, IS_VARIABLE, SPARSITY };
static const uint8_t TENSOR[] = {TG_PLACE(TENSOR_SHAPE),
                                 TG_BYTE_PLACE(TENSOR_TYPE),
                                 TG_PLACE(TENSOR_BUFFER),
                                 TG_PLACE(TENSOR_QUANTIZATION),
                                 TG_BYTE_PLACE(TENSOR_IS_VARIABLE),
                                 TG_PLACE(TENSOR_SPARSITY),
                                 TG_END};

enum { SCALES, ZEROS, DIMENSION };
static const uint8_t QUANTIZED[] = {TG_PLACE(QUANTIZATION_SCALE), TG_PLACE(QUANTIZATION_ZERO_POINT),
                                    TG_PLACE(QUANTIZATION_DIMENSION), TG_END};

enum { DATA, OFFSET };
static const uint8_t BUFFERED[] = {TG_PLACE(BUFFER_DATA), TG_PLACE(BUFFER_OFFSET), TG_END};

static tg_vector list_at(const tg_file *f, uint32_t position) {
    return (tg_vector){f->reader.data + position};
}

int tg_file_open(tg_file *f, const uint8_t *data, uint32_t size) {
    int err = tg_reader_init(&f->reader, data, size, TG_TFLITE_IDENTIFIER);
    if (err != 0) {
        return err;
    }
    uint32_t root[ROOT_FIELDS];
    if (!tg_read_table(&f->reader, 0, ROOT, root)) {
        return TG_ERR_TRUNCATED;
    }
    if (root[ROOT_VERSION] != TG_TFLITE_VERSION) {
        return TG_ERR_VERSION;
    }
    f->opcodes = root[ROOT_OPCODES];
    f->buffers = list_at(f, root[ROOT_BUFFERS]);
    uint32_t graph[GRAPH_FIELDS];
    if (tg_load32(data + root[ROOT_SUBGRAPHS]) != 1) {
        return TG_ERR_GRAPH;
    }
    if (!tg_read_table(&f->reader, root[ROOT_SUBGRAPHS] + 4U, GRAPH, graph)) {
        return TG_ERR_TRUNCATED;
    }
    f->tensors = list_at(f, graph[GRAPH_TENSORS]);
    f->operators = graph[GRAPH_OPERATORS];
    const uint32_t operators = tg_load32(data + f->operators);
    const tg_vector inputs = list_at(f, graph[GRAPH_INPUTS]);
    const tg_vector outputs = list_at(f, graph[GRAPH_OUTPUTS]);
    uint32_t tensors = tg_count(f->tensors);
    if (tg_count(inputs) != 1 || tg_count(outputs) != 1 || operators == 0) {
        return TG_ERR_GRAPH;
    }
    if (operators > TG_MAX_OPS || tensors >= UINT16_MAX) {
        return TG_ERR_TOO_BIG;
    }
    const uint32_t output = tg_item32(outputs, 0);
    f->input = tg_item32(inputs, 0);
    f->output = (uint16_t)output;
    f->operator_count = (uint16_t)operators;
    return output < tensors ? 0 : TG_ERR_GRAPH;
}

int tg_file_call(const tg_file *f, uint32_t i, tg_call *call) {
    uint32_t op[OP_FIELDS];
    call->opcode = -1;
    if (!tg_read_table(&f->reader, f->operators + 4U + 4U * i, OPERATOR, op)) {
        return TG_ERR_TRUNCATED;
    }
    call->inputs = list_at(f, op[OP_INPUTS]);
    call->outputs = list_at(f, op[OP_OUTPUTS]);
    call->options = op[OP_OPTIONS];
    if (op[OP_CODE] < tg_load32(f->reader.data + f->opcodes)) {
        uint32_t code[CODE_FIELDS];
        if (!tg_read_table(&f->reader, f->opcodes + 4U + 4U * op[OP_CODE], CODE, code)) {
            return TG_ERR_TRUNCATED;
        }
        /* Codes up to 127 are in the older field, which stays set; the schema says to take the larger. */
        int32_t older = (int32_t)code[CODE_DEPRECATED];
        int32_t builtin = (int32_t)code[CODE_BUILTIN];
        call->opcode = builtin > older ? builtin : older;
    }
    return 0;
}

/* Scales and zero points of an int8 tensor of the shape that the view has already. */
static TG_INLINE int read_quantization(const tg_file *f, tg_reader r, const tg_table *tensor, uint32_t has,
                                       tg_view *view) {
    if (tensor->at[QUANTIZATION] == 0) {
        return TG_ERR_QUANTIZATION;
    }
    tg_table q;
    if (!tg_open_table(r, &f->reader, tg_field(tensor, QUANTIZATION), QUANTIZED, &f->tables[TG_QUANTIZATION],
                       &q)) {
        return TG_ERR_TRUNCATED;
    }
    tg_vector scales;
    tg_vector zeros;
    if (q.at[SCALES] == 0 || q.at[ZEROS] == 0) {
        return TG_ERR_QUANTIZATION;
    }
    if (!tg_open_vector(r, &q, SCALES, 2, &scales) || !tg_open_vector(r, &q, ZEROS, 3, &zeros)) {
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
    view->scales = scales;
    view->zeros = zeros;
    if (count == 1U) {
        has |= TG_ONE_SCALE;
    } else {
        uint32_t dimension = tg_word(&q, DIMENSION, 0) + TG_MAX_DIMS - view->dims;
        if (dimension >= TG_MAX_DIMS) {
            return TG_ERR_QUANTIZATION;
        }
        view->scale_dim = (uint8_t)dimension;
    }
    view->zero_point = (int8_t)zero;
    view->has = (uint8_t)has;
    return 0;
}

int tg_file_tensor(const tg_file *f, uint32_t index, unsigned kind, tg_view *view) {
    const tg_reader r = f->reader; /* not read again behind every write */
    if (index >= tg_count(f->tensors)) {
        return TG_ERR_TRUNCATED;
    }
    tg_table tensor;
    if (!tg_open_table(r, &f->reader, tg_item_at(f->tensors, index), TENSOR, &f->tables[kind], &tensor)) {
        return TG_ERR_TRUNCATED;
    }
    uint32_t type = tg_byte(&tensor, TYPE, 0);
    if (type != TYPE_INT8 && type != TYPE_INT32) {
        return TG_ERR_TYPE;
    }
    if (tg_byte(&tensor, IS_VARIABLE, 0) != 0 || tg_word(&tensor, SPARSITY, 0) != 0) {
        return TG_ERR_OPTION;
    }
    tg_vector shape = {NULL};
    uint32_t dims = 0;
    if (tensor.at[SHAPE] != 0) {
        if (!tg_open_vector(r, &tensor, SHAPE, 2, &shape)) {
            return TG_ERR_TRUNCATED;
        }
        dims = tg_count(shape);
        if (dims > TG_MAX_DIMS) {
            return TG_ERR_SHAPE;
        }
    }
    view->dim[DIM_N] = view->dim[DIM_H] = view->dim[DIM_W] = view->dim[DIM_C] = 1;
    uint32_t size = 1;
    uint16_t *to = view->dim + TG_MAX_DIMS;
    for (uint32_t left = dims; left > 0; left--) {
        uint32_t dim = tg_item32(shape, left - 1U);
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
    if (!tg_open_table(r, &f->reader, tg_item_at(f->buffers, number), BUFFERED, &f->tables[TG_BUFFER],
                       &buffer)) {
        return TG_ERR_TRUNCATED;
    }
    if (tg_word(&buffer, OFFSET, 0) != 0) {
        return TG_ERR_OPTION; /* data outside the FlatBuffer: files of more than 2 GB */
    }
    uint32_t has = type;
    const uint8_t *contents = NULL;
    if (buffer.at[DATA] != 0) {
        tg_vector data;
        if (!tg_open_vector(r, &buffer, DATA, 0, &data)) {
            return TG_ERR_TRUNCATED;
        }
        uint32_t count = tg_count(data);
        if (count != 0) {
            if (count != (type == TYPE_INT32 ? 4U * size : size)) {
                return TG_ERR_SHAPE;
            }
            contents = tg_items(data);
            has |= TG_CONSTANT;
        }
    }
    view->data = contents;
    view->dims = (uint8_t)dims;
    if (type == TYPE_INT8) {
        return read_quantization(f, r, &tensor, has, view);
    }
    view->has = (uint8_t)has;
    return 0;
}
