/* A .tflite file as the core sees it: one graph of tensors and operators, read where it lies. Internal to the
 * core. */
#ifndef TG_FILE_H
#define TG_FILE_H

#include "tg_flatbuffer.h"
#include "tg_model.h"
#include "tg_schema.h"

#define TG_MAX_OP_INPUTS   3U
#define TG_MAX_TENSOR_SIZE (1U << 20)

/* A tensor as the file describes it. Shapes are padded with leading ones to four dimensions (N, H, W, C). */
typedef struct {
    const uint8_t *data; /* constant contents, or NULL for an activation */
    tg_vector scales; /* of int8: bit patterns of floats, the first one valid; a zero point for each, of 64 */
    tg_vector zeros;  /* bits, the first one of int8. The others are verified where they are used. */
    uint32_t size;    /* elements, at least 1 */
    uint16_t dim[TG_MAX_DIMS];
    uint8_t dims;      /* dimensions in the file */
    uint8_t has;       /* TG_ bits below */
    uint8_t scale_dim; /* of the four: the dimension that several scales run along */
    int8_t zero_point;
} tg_view;

enum { DIM_N, DIM_H, DIM_W, DIM_C };

/* What a tensor has, and what an operator's inputs need. */
#define TG_INT8       ((uint32_t)TYPE_INT8)  /* the bits of its code: 1 and 8 */
#define TG_INT32      ((uint32_t)TYPE_INT32) /* 2 */
#define TG_CONSTANT   4U
#define TG_ONE_SCALE  16U
#define TG_OPTIONAL   128U
#define TG_ACTIVATION (TG_INT8 | TG_ONE_SCALE) /* or a constant alike */

/* The tables that make a tensor: where their fields are. */
enum { TG_BUFFER, TG_QUANTIZATION, TG_TENSOR, TG_SECOND, TG_TABLES }; /* the second: of constants */

typedef struct {
    tg_reader reader;
    tg_vector tensors;
    tg_vector buffers;
    uint32_t opcodes; /* where the lists are: positions */
    uint32_t operators;
    uint32_t input; /* the graph's: a tensor, not yet verified to be in the file */
    uint16_t output;
    uint16_t operator_count;
    tg_kind *tables; /* TG_TABLES, set by the caller, with tg_kinds_init(), before a tensor is read */
} tg_file;

/* An operator as the file describes it. */
typedef struct {
    int32_t opcode;   /* -1: not in the file */
    tg_vector inputs; /* tensors; UINT32_MAX for an optional one left out */
    tg_vector outputs;
    uint32_t options; /* where the offset to them is, or TG_NOWHERE */
} tg_call;

/* Finds the graph in a file. Returns 0 or a negative tg_err. */
int tg_file_open(tg_file *file, const uint8_t *data, uint32_t size);

/* Reads operator i < count of the file's operators; when that fails its opcode is -1. */
int tg_file_call(const tg_file *file, uint32_t i, tg_call *call);

/* Reads an operator's options; those absent are 0, or 1 with TG_ONE(). Returns 0 or TG_ERR_TRUNCATED. */
static inline int tg_file_options(const tg_file *file, const tg_call *call, const uint8_t *wanted,
                                  uint32_t *option) {
    return tg_read_table(&file->reader, call->options, wanted, option) ? 0 : TG_ERR_TRUNCATED;
}

/* Reads and checks tensor `index`, of int8 or int32. kind: TG_TENSOR or TG_SECOND. */
int tg_file_tensor(const tg_file *file, uint32_t index, unsigned kind, tg_view *view);

#endif
