/* What an external delegate of TensorFlow Lite (LiteRT) sees of the runtime: its structs, without its headers.
 *
 * Programs such as benchmark_model and Python's interpreter export no function to a delegate. All that both sides share
 * is the layout of these structs, on which every external delegate relies (Mesa's Teflon, NXP's, VeriSilicon's).
 * Written from tensorflow/lite/core/c/common.h, in LiteRT tflite/core/c/common.h (Apache-2.0). The fields that are used
 * here are at the same place in all of these, which were run: tflite-runtime 2.7, 2.8, 2.11, 2.13 and 2.14, TensorFlow
 * 2.15, LiteRT 1.0, 1.4, 2.0, 2.1 and 2.3 (x86-64; the layout is that of every 64-bit system). TensorFlow 2.5 lacks
 * GetModelMetadata. The assertions at the end hold the fields in place. Those that are not used are `unused_…`.
 */
#ifndef DELEGATE_TFLITE_ABI_H
#define DELEGATE_TFLITE_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TFLITE_OK = 0, TFLITE_ERROR = 1, TFLITE_DELEGATE_ERROR = 2 }; /* TfLiteStatus */
enum { TFLITE_BUILTIN_CUSTOM = 32, TFLITE_BUILTIN_DELEGATE = 51 };   /* TfLiteBuiltinOperator */
enum { TFLITE_MMAP_RO = 1 };                                         /* TfLiteAllocationType of constants */
enum { TFLITE_ALLOW_DYNAMIC_TENSORS = 1 };                           /* TfLiteDelegateFlags */
enum { TFLITE_NO_TENSOR = -1 };                                      /* kTfLiteOptionalTensor */

typedef struct TfLiteContext TfLiteContext;
typedef struct TfLiteDelegate TfLiteDelegate;
typedef struct TfLiteRegistration TfLiteRegistration;

typedef struct TfLiteIntArray {
    int size;
    int data[];
} TfLiteIntArray;

typedef struct TfLiteTensor {
    int type;
    void *data;
    TfLiteIntArray *dims;
    float unused_scale;
    int32_t unused_zero_point;
    int allocation_type;
    size_t bytes;
    const void *unused_allocation;
    const char *name;
    TfLiteDelegate *unused_delegate;
    int unused_buffer_handle;
    bool unused_data_is_stale;
    bool is_variable;
    int unused_quantization_type;
    void *unused_quantization;
    void *unused_sparsity;
    const TfLiteIntArray *unused_dims_signature;
} TfLiteTensor;

typedef struct TfLiteNode {
    TfLiteIntArray *inputs;
    TfLiteIntArray *outputs;
    TfLiteIntArray *unused_intermediates;
    TfLiteIntArray *unused_temporaries;
    void *user_data;
    void *unused_builtin_data;
    const void *unused_custom_initial_data;
    int unused_custom_initial_data_size;
    TfLiteDelegate *delegate;
    bool might_have_side_effect; /* the runtime keeps such nodes in their order */
} TfLiteNode;

/* What the `init` of a delegate's node gets instead of a buffer. */
typedef struct TfLiteDelegateParams {
    TfLiteDelegate *delegate;
    TfLiteIntArray *nodes_to_replace;
    TfLiteIntArray *input_tensors;
    TfLiteIntArray *output_tensors;
} TfLiteDelegateParams;

/* Passed by value. A younger runtime copies more fields than an older one has, so zeros follow the last known field.
 * An older one ignores them: 64-bit systems pass a struct of this size in memory, apart from the other arguments. */
struct TfLiteRegistration {
    void *(*init)(TfLiteContext *context, const char *params, size_t length);
    void (*free)(TfLiteContext *context, void *user_data);
    int (*prepare)(TfLiteContext *context, TfLiteNode *node);
    int (*invoke)(TfLiteContext *context, TfLiteNode *node);
    const char *(*profiling_string)(const TfLiteContext *context, const TfLiteNode *node);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    void *unused_external;
    void *unused_async_kernel;
    uint64_t unused_inplace_operators; /* the last field in LiteRT 2.3 */
    uint64_t unused_in_future[8];
};

struct TfLiteContext {
    size_t tensors_size;
    int (*GetExecutionPlan)(TfLiteContext *context, TfLiteIntArray **plan);
    TfLiteTensor *tensors;
    void *unused_impl;
    void (*unused_resize_tensor)(void);
    void (*ReportError)(TfLiteContext *context, const char *format, ...);
    void (*unused_add_tensors)(void);
    int (*GetNodeAndRegistration)(TfLiteContext *context, int index, TfLiteNode **node,
                                  TfLiteRegistration **registration);
    int (*ReplaceNodeSubsetsWithDelegateKernels)(TfLiteContext *context, TfLiteRegistration registration,
                                                 const TfLiteIntArray *nodes, TfLiteDelegate *delegate);
    int unused_recommended_threads;
    void (*unused_external_contexts[2])(void);
    bool unused_allow_fp16;
    void *unused_profiler;
    void (*unused_memory[5])(void);
    void (*unused_preview)(void);
    void (*unused_get_tensors[2])(void);
    int (*GetModelMetadata)(const TfLiteContext *context, const char *name, const char **data, size_t *bytes);
};

struct TfLiteDelegate {
    void *data_;
    int (*Prepare)(TfLiteContext *context, TfLiteDelegate *delegate);
    void (*unused_buffer_handles[3])(void);
    int64_t flags;
    void *unused_opaque_builder; /* the last field in LiteRT 2.3 */
    uint64_t unused_in_future[8];
};

/* Return a tensor, NULL if there is none of that number. */
static inline const TfLiteTensor *tflite_tensor(const TfLiteContext *context, int index)
{
    return index >= 0 && (size_t)index < context->tensors_size ? &context->tensors[index] : NULL;
}

/* Return a node, NULL if there is none of that number. */
static inline TfLiteNode *tflite_node(TfLiteContext *context, int index, TfLiteRegistration **registration)
{
    TfLiteNode *node = NULL;

    return context->GetNodeAndRegistration(context, index, &node, registration) == TFLITE_OK ? node : NULL;
}

static inline bool tflite_contains(const TfLiteIntArray *array, int value)
{
    for (int i = 0; i < array->size; i++)
        if (array->data[i] == value)
            return true;
    return false;
}

/* An assertion is an array type, whose size is negative where it fails. */
#define TFLITE_ABI_HOLDS(name, condition) typedef char tflite_abi_##name[(condition) ? 1 : -1]
TFLITE_ABI_HOLDS(pointers, sizeof(void *) == 8);
TFLITE_ABI_HOLDS(tensor_data, offsetof(TfLiteTensor, data) == 8);
TFLITE_ABI_HOLDS(tensor_allocation_type, offsetof(TfLiteTensor, allocation_type) == 32);
TFLITE_ABI_HOLDS(tensor_bytes, offsetof(TfLiteTensor, bytes) == 40);
TFLITE_ABI_HOLDS(tensor_name, offsetof(TfLiteTensor, name) == 56);
TFLITE_ABI_HOLDS(tensor_is_variable, offsetof(TfLiteTensor, is_variable) == 77);
TFLITE_ABI_HOLDS(tensor, sizeof(TfLiteTensor) == 112);
TFLITE_ABI_HOLDS(node_outputs, offsetof(TfLiteNode, outputs) == 8);
TFLITE_ABI_HOLDS(node_user_data, offsetof(TfLiteNode, user_data) == 32);
TFLITE_ABI_HOLDS(node_delegate, offsetof(TfLiteNode, delegate) == 64);
TFLITE_ABI_HOLDS(node_side_effect, offsetof(TfLiteNode, might_have_side_effect) == 72);
TFLITE_ABI_HOLDS(registration_code, offsetof(TfLiteRegistration, builtin_code) == 40);
TFLITE_ABI_HOLDS(registration_name, offsetof(TfLiteRegistration, custom_name) == 48);
TFLITE_ABI_HOLDS(registration_inplace, offsetof(TfLiteRegistration, unused_inplace_operators) == 80);
TFLITE_ABI_HOLDS(context_tensors, offsetof(TfLiteContext, tensors) == 16);
TFLITE_ABI_HOLDS(context_error, offsetof(TfLiteContext, ReportError) == 40);
TFLITE_ABI_HOLDS(context_nodes, offsetof(TfLiteContext, GetNodeAndRegistration) == 56);
TFLITE_ABI_HOLDS(context_replace, offsetof(TfLiteContext, ReplaceNodeSubsetsWithDelegateKernels) == 64);
TFLITE_ABI_HOLDS(context_metadata, offsetof(TfLiteContext, GetModelMetadata) == 176);
TFLITE_ABI_HOLDS(delegate_prepare, offsetof(TfLiteDelegate, Prepare) == 8);
TFLITE_ABI_HOLDS(delegate_flags, offsetof(TfLiteDelegate, flags) == 40);

#endif
