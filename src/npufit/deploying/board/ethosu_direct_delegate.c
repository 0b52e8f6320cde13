/* An external delegate for TensorFlow Lite (LiteRT): it runs the `ethos-u` operators that Vela writes into .tflite
 * files on an Ethos-U65, through Linux's own `ethosu` driver.
 *
 *     benchmark_model --graph=model_vela.tflite --external_delegate_path=./libethosu_direct_delegate.so
 *     Interpreter("model_vela.tflite", experimental_delegates=[load_delegate("./libethosu_direct_delegate.so")])
 *
 * Options, all optional: device (a node such as /dev/accel/accel0), timeout_ms (10000), verbose (0 or 1).
 *
 * Vela plans one scratch buffer for all operators of a file and their order: one may find there what an earlier one
 * left, although no tensor says so. So an interpreter has one scratch buffer, and its operators run in file order.
 * A tensor that the CPU or the user sees is copied, because the device's memory is not cached.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "ethosu_direct.h"
#include "delegate_vela.h"
#include "delegate_tflite_abi.h"

#define NAME "ethosu_direct_delegate"
#define DEFAULT_TIMEOUT_MS 10000

enum { CONSTANTS_REGION = 0, SCRATCH_REGION = 1, SRAM_REGION = 2 };
enum { STREAM_INPUT, CONSTANTS_INPUT, SCRATCH_INPUT, SRAM_INPUT, FIRST_DATA_INPUT }; /* of an operator */

/* Where a tensor lies in the scratch buffer. */
typedef struct place {
    int tensor;
    size_t offset;
    size_t bytes;
} place;

typedef struct places {
    size_t count;
    place *items;
} places;

/* An operator: what is copied in before its job, and out after it. */
typedef struct call {
    int node;
    ethosu_vela_stream stream;
    size_t sram_bytes;
    ethosu_job job;
    places inputs;
    places outputs;
} call;

/* All operators of one interpreter, with a device file of their own. */
typedef struct network {
    size_t users; /* partitions, and the delegate while it loads the network */
    ethosu_device device;
    uint32_t timeout_ms;
    int constants_tensor;
    ethosu_buffer constants;
    size_t scratch_bytes;
    ethosu_buffer scratch;
    places state; /* variables: they are the runtime's between inferences, so that it can reset them */
    bool is_busy; /* a job was submitted and did not end in time */
    size_t next;  /* call that is due */
    size_t count;
    call calls[];
} network;

/* Neighbouring operators, which the runtime made one node. */
typedef struct partition {
    network *network;
    size_t count;
    size_t calls[];
} partition;

typedef struct delegate {
    TfLiteDelegate base;
    char *device;
    uint32_t timeout_ms;
    bool is_verbose;
    pthread_mutex_t loading;
    network *loaded; /* for the partitions that the runtime makes while `loading` is held */
} delegate;

/* ---- Network: what the operators of a file say ------------------------------------------------------------------ */

static void release(network *net)
{
    if (--net->users)
        return;
    for (size_t i = 0; i < net->count; i++) {
        ethosu_stream_close(&net->device, &net->calls[i].job.stream);
        free(net->calls[i].inputs.items);
        free(net->calls[i].outputs.items);
    }
    ethosu_buffer_close(&net->device, &net->constants);
    ethosu_buffer_close(&net->device, &net->scratch);
    ethosu_device_close(&net->device);
    free(net->state.items);
    free(net);
}

static const TfLiteTensor *tensor_at(const TfLiteContext *context, int index)
{
    return index >= 0 && (size_t)index < context->tensors_size ? &context->tensors[index] : NULL;
}

static bool contains(const TfLiteIntArray *array, int value)
{
    for (int i = 0; i < array->size; i++)
        if (array->data[i] == value)
            return true;
    return false;
}

static bool has_place(const places *list, int tensor)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].tensor == tensor)
            return true;
    return false;
}

static bool add_place(places *list, place added)
{
    place *items = realloc(list->items, (list->count + 1) * sizeof *items);

    if (!items)
        return false;
    list->items = items;
    items[list->count++] = added;
    return true;
}

/* Offsets of tensors in the scratch buffer, which Vela writes into the file: three words of header, then one offset for
 * each tensor, -1 for those that are not there. */
typedef struct offsets {
    const char *data;
    size_t count;
} offsets;

static bool read_offsets(TfLiteContext *context, offsets *table)
{
    enum { HEADER_WORDS = 3 };
    size_t bytes = 0;

    if (context->GetModelMetadata(context, "OfflineMemoryAllocation", &table->data, &bytes) != TFLITE_OK ||
        !table->data || bytes < 4 * HEADER_WORDS) {
        context->ReportError(context, NAME ": the file has no metadata OfflineMemoryAllocation, in which Vela says "
                                           "where tensors lie");
        return false;
    }
    table->data += 4 * HEADER_WORDS;
    table->count = bytes / 4 - HEADER_WORDS;
    return true;
}

static int32_t offset_of(const offsets *table, int tensor)
{
    int32_t offset = -1;

    if ((size_t)tensor < table->count)
        memcpy(&offset, table->data + 4 * (size_t)tensor, sizeof offset);
    return offset;
}

/* Add the places of `tensors` from number `first` on to `found`, of variables to the network's state. Constants are in
 * no place; neither is an input that the stream does not read, such as the shape for a TRANSPOSE_CONV. */
static bool read_places(TfLiteContext *context, network *net, int node, const offsets *table,
                        const TfLiteIntArray *tensors, int first, bool are_inputs, places *found)
{
    for (int i = first; i < tensors->size; i++) {
        const int index = tensors->data[i];
        const TfLiteTensor *tensor = tensor_at(context, index);
        places *list = found;
        int32_t offset;
        if (!tensor || tensor->allocation_type == TFLITE_MMAP_RO)
            continue;
        offset = offset_of(table, index);
        if (offset < 0 && are_inputs)
            continue;
        if (offset < 0 || (size_t)offset > net->scratch_bytes || tensor->bytes > net->scratch_bytes - (size_t)offset) {
            context->ReportError(context,
                                 NAME ": operator %d (ethos-u): tensor %d (%s) of %zu bytes lies at %d, outside the "
                                      "scratch memory of %zu bytes",
                                 node, index, tensor->name ? tensor->name : "", tensor->bytes, (int)offset,
                                 net->scratch_bytes);
            return false;
        }
        if (are_inputs && tensor->is_variable)
            list = &net->state;
        if (!has_place(list, index) && !add_place(list, (place){index, (size_t)offset, tensor->bytes})) {
            context->ReportError(context, NAME ": out of memory");
            return false;
        }
    }
    return true;
}

static bool read_call(TfLiteContext *context, network *net, call *made, const TfLiteNode *node)
{
    const TfLiteTensor *stream = NULL, *constants = NULL, *scratch = NULL, *sram = NULL;
    ethosu_error error;

    if (node->inputs->size >= FIRST_DATA_INPUT) {
        stream = tensor_at(context, node->inputs->data[STREAM_INPUT]);
        constants = tensor_at(context, node->inputs->data[CONSTANTS_INPUT]);
        scratch = tensor_at(context, node->inputs->data[SCRATCH_INPUT]);
        sram = tensor_at(context, node->inputs->data[SRAM_INPUT]);
    }
    if (!stream || !constants || !scratch || !sram || !stream->data || (!constants->data && constants->bytes)) {
        context->ReportError(context,
                             NAME ": operator %d (ethos-u) lacks an input that Vela writes: command stream, constants, "
                                  "scratch, fast scratch",
                             made->node);
        return false;
    }
    if (ethosu_vela_unwrap(stream->data, stream->bytes, &made->stream, &error)) {
        context->ReportError(context, NAME ": operator %d (ethos-u): %s", made->node, error.message);
        return false;
    }
    if (net->constants_tensor == TFLITE_NO_TENSOR)
        net->constants_tensor = node->inputs->data[CONSTANTS_INPUT];
    if (net->constants_tensor != node->inputs->data[CONSTANTS_INPUT]) {
        context->ReportError(context,
                             NAME ": operator %d (ethos-u) has other constants than the one before; Vela writes one "
                                  "tensor of constants for all",
                             made->node);
        return false;
    }
    made->sram_bytes = sram->bytes;
    if (scratch->bytes > net->scratch_bytes)
        net->scratch_bytes = scratch->bytes;
    return true;
}

/* A tensor that several operators write in parts is complete after the last of them; only there it is an output. */
static void leave_to_the_last_writer(TfLiteIntArray *outputs, const TfLiteIntArray *of_later)
{
    int kept = 0;

    for (int i = 0; i < outputs->size; i++)
        if (!contains(of_later, outputs->data[i]))
            outputs->data[kept++] = outputs->data[i];
    outputs->size = kept;
}

static bool get_node(TfLiteContext *context, int index, TfLiteNode **node, TfLiteRegistration **registration)
{
    return context->GetNodeAndRegistration(context, index, node, registration) == TFLITE_OK;
}

static bool read_network(TfLiteContext *context, network *net, const TfLiteIntArray *nodes)
{
    TfLiteNode *node, *earlier;
    TfLiteRegistration *registration;
    offsets table;

    if (!read_offsets(context, &table))
        return false;
    for (size_t i = 0; i < net->count; i++) {
        net->calls[i].node = nodes->data[i];
        if (!get_node(context, nodes->data[i], &node, &registration) ||
            !read_call(context, net, &net->calls[i], node))
            return false;
        for (size_t j = 0; j < i; j++)
            if (get_node(context, nodes->data[j], &earlier, &registration))
                leave_to_the_last_writer(earlier->outputs, node->outputs);
    }
    for (size_t i = 0; i < net->count; i++) {
        call *made = &net->calls[i];
        if (!get_node(context, made->node, &node, &registration) ||
            !read_places(context, net, made->node, &table, node->inputs, FIRST_DATA_INPUT, true, &made->inputs) ||
            !read_places(context, net, made->node, &table, node->outputs, 0, false, &made->outputs))
            return false;
    }
    return true;
}

/* ---- Network: on the device ------------------------------------------------------------------------------------- */

static void report_failure(TfLiteContext *context, const ethosu_error *error)
{
    struct utsname system;

    if (error->code != ETHOSU_STREAM_REFUSED || uname(&system))
        context->ReportError(context, NAME ": %s", error->message);
    else
        context->ReportError(context,
                             NAME ": %s It is Linux %s. 6.19, 7.0, 7.1 up to 7.1.3, and 7.2.7 and later accept what "
                                  "Vela compiles; 7.1.8 to 7.2.6 refuse it.",
                             error->message, system.release);
}

static ethosu_code fill_buffer(const network *net, ethosu_buffer *buffer, const void *data, size_t bytes,
                               ethosu_error *error)
{
    ethosu_code code;

    if (!bytes)
        return ETHOSU_OK;
    code = ethosu_buffer_create(&net->device, bytes, buffer, error);
    if (!code && data)
        memcpy(buffer->data, data, bytes);
    return code;
}

static ethosu_code load_call(const network *net, call *loaded, ethosu_error *error)
{
    const uint32_t used = ethosu_vela_regions(loaded->stream.words, loaded->stream.bytes);
    ethosu_code code = ethosu_vela_check_device(&loaded->stream, &net->device, error);

    if (code)
        return code;
    if (used & 1U << CONSTANTS_REGION)
        loaded->job.buffers[CONSTANTS_REGION] = net->constants.handle;
    if (used & 1U << SCRATCH_REGION)
        loaded->job.buffers[SCRATCH_REGION] = net->scratch.handle;
    if (used & 1U << SRAM_REGION) {
        if (loaded->sram_bytes > net->device.sram_bytes) {
            error->code = ETHOSU_WRONG_DEVICE;
            (void)snprintf(error->message, sizeof error->message,
                           "operator %d (ethos-u) needs %zu bytes of SRAM, and Linux gives the NPU %" PRIu32
                           ": compile with Vela's --arena-cache-size %" PRIu32,
                           loaded->node, loaded->sram_bytes, net->device.sram_bytes, net->device.sram_bytes);
            return error->code;
        }
        loaded->job.sram_bytes = (uint32_t)loaded->sram_bytes;
    }
    return ethosu_stream_create(&net->device, loaded->stream.words, loaded->stream.bytes, &loaded->job.stream, error);
}

static ethosu_code load_network(const TfLiteContext *context, network *net, const char *node, ethosu_error *error)
{
    const TfLiteTensor *constants = tensor_at(context, net->constants_tensor);
    ethosu_code code = ethosu_device_open(&net->device, node, error);

    if (!code)
        code = fill_buffer(net, &net->constants, constants->data, constants->bytes, error);
    if (!code)
        code = fill_buffer(net, &net->scratch, NULL, net->scratch_bytes, error);
    for (size_t i = 0; !code && i < net->count; i++)
        code = load_call(net, &net->calls[i], error);
    return code;
}

static network *new_network(TfLiteContext *context, const delegate *self, const TfLiteIntArray *nodes)
{
    const size_t count = (size_t)nodes->size;
    network *net = calloc(1, sizeof *net + count * sizeof *net->calls);
    ethosu_error error;

    if (!net) {
        context->ReportError(context, NAME ": out of memory");
        return NULL;
    }
    net->users = 1;
    net->device.descriptor = -1;
    net->timeout_ms = self->timeout_ms;
    net->constants_tensor = TFLITE_NO_TENSOR;
    net->count = count;
    if (read_network(context, net, nodes)) {
        if (!load_network(context, net, self->device, &error))
            return net;
        report_failure(context, &error);
    }
    release(net);
    return NULL;
}

/* ---- Partitions: nodes of the runtime --------------------------------------------------------------------------- */

/* Keep the places whose tensors cross the partition's boundary; the others stay in the scratch buffer. */
static void keep_crossing(places *list, const TfLiteIntArray *crossing)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (contains(crossing, list->items[i].tensor))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

static void *init_partition(TfLiteContext *context, const char *buffer, size_t length)
{
    const TfLiteDelegateParams *params = (const void *)buffer;
    network *net = ((delegate *)params->delegate->data_)->loaded;
    const size_t room = (size_t)params->nodes_to_replace->size;
    partition *part = malloc(sizeof *part + room * sizeof *part->calls);

    (void)context;
    (void)length;
    if (!part)
        return NULL;
    part->network = net;
    part->count = 0;
    net->users++;
    for (size_t i = 0; i < net->count; i++) {
        call *taken = &net->calls[i];
        if (!contains(params->nodes_to_replace, taken->node))
            continue;
        keep_crossing(&taken->inputs, params->input_tensors);
        keep_crossing(&taken->outputs, params->output_tensors);
        part->calls[part->count++] = i;
    }
    return part;
}

static void free_partition(TfLiteContext *context, void *user_data)
{
    partition *part = user_data;

    (void)context;
    if (!part)
        return;
    release(part->network);
    free(part);
}

static bool have_planned_sizes(TfLiteContext *context, const places *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const TfLiteTensor *tensor = &context->tensors[list->items[i].tensor];
        if (tensor->bytes == list->items[i].bytes)
            continue;
        context->ReportError(context,
                             NAME ": tensor %d (%s) was resized from %zu to %zu bytes; Vela compiled the model for one "
                                  "size",
                             list->items[i].tensor, tensor->name ? tensor->name : "", list->items[i].bytes,
                             tensor->bytes);
        return false;
    }
    return true;
}

static int prepare_partition(TfLiteContext *context, TfLiteNode *node)
{
    const partition *part = node->user_data;

    if (!part) {
        context->ReportError(context, NAME ": out of memory");
        return TFLITE_ERROR;
    }
    for (size_t i = 0; i < part->count; i++) {
        const call *prepared = &part->network->calls[part->calls[i]];
        if (!have_planned_sizes(context, &prepared->inputs) || !have_planned_sizes(context, &prepared->outputs))
            return TFLITE_ERROR;
    }
    return have_planned_sizes(context, &part->network->state) ? TFLITE_OK : TFLITE_ERROR;
}

static bool copy(TfLiteContext *context, const network *net, const places *list, bool is_to_device)
{
    for (size_t i = 0; i < list->count; i++) {
        const place *there = &list->items[i];
        void *ours = context->tensors[there->tensor].data, *theirs = (char *)net->scratch.data + there->offset;
        if (!ours) {
            context->ReportError(context, NAME ": tensor %d has no memory", there->tensor);
            return false;
        }
        memcpy(is_to_device ? theirs : ours, is_to_device ? ours : theirs, there->bytes);
    }
    return true;
}

static bool await(TfLiteContext *context, network *net)
{
    ethosu_error error;

    net->is_busy = ethosu_wait(&net->device, &net->scratch, ethosu_deadline(net->timeout_ms), &error) != ETHOSU_OK;
    if (net->is_busy)
        report_failure(context, &error);
    return !net->is_busy;
}

static bool run(TfLiteContext *context, network *net, size_t index)
{
    const call *running = &net->calls[index];
    ethosu_error error;

    if (net->is_busy && !await(context, net))
        return false;
    if (index == 0) {
        net->next = 0;
        if (!copy(context, net, &net->state, true))
            return false;
    }
    if (index != net->next) {
        context->ReportError(context,
                             NAME ": the runtime executes operator %d (ethos-u) before operator %d; Vela planned the "
                                  "memory for the order of the file",
                             running->node, net->calls[net->next].node);
        return false;
    }
    if (!copy(context, net, &running->inputs, true))
        return false;
    if (ethosu_submit(&net->device, &running->job, 1, &error)) {
        report_failure(context, &error);
        return false;
    }
    if (!await(context, net) || !copy(context, net, &running->outputs, false))
        return false;
    net->next = (index + 1) % net->count;
    return net->next != 0 || copy(context, net, &net->state, false);
}

static int invoke_partition(TfLiteContext *context, TfLiteNode *node)
{
    const partition *part = node->user_data;

    for (size_t i = 0; i < part->count; i++)
        if (!run(context, part->network, part->calls[i]))
            return TFLITE_ERROR;
    return TFLITE_OK;
}

/* ---- Delegate --------------------------------------------------------------------------------------------------- */

static bool is_ours(const TfLiteRegistration *registration)
{
    return registration->builtin_code == TFLITE_BUILTIN_CUSTOM && registration->custom_name &&
           strcmp(registration->custom_name, "ethos-u") == 0;
}

/* Return the nodes with an `ethos-u` operator in the order of the file. The runtime keeps that order among nodes that
 * might have a side effect. NULL if there is no memory. */
static TfLiteIntArray *claim(TfLiteContext *context)
{
    TfLiteIntArray *plan = NULL, *claimed;
    TfLiteNode *node;
    TfLiteRegistration *registration;

    if (context->GetExecutionPlan(context, &plan) != TFLITE_OK)
        return NULL;
    claimed = malloc(sizeof *claimed + (size_t)plan->size * sizeof *claimed->data);
    if (!claimed)
        return NULL;
    claimed->size = 0;
    for (int i = 0; i < plan->size; i++) {
        if (!get_node(context, plan->data[i], &node, &registration) || !is_ours(registration))
            continue;
        node->might_have_side_effect = true;
        claimed->data[claimed->size++] = plan->data[i];
    }
    return claimed;
}

/* Keep of a partition's inputs what it reads: the runtime refuses to run a node with inputs that have no memory, and
 * nothing writes Vela's scratch tensors. */
static void drop_unread_inputs(const TfLiteContext *context, TfLiteIntArray *inputs, const partition *part)
{
    int kept = 0;

    for (int i = 0; i < inputs->size; i++) {
        const int index = inputs->data[i];
        const TfLiteTensor *tensor = tensor_at(context, index);
        bool is_read = (tensor && tensor->allocation_type == TFLITE_MMAP_RO) || has_place(&part->network->state, index);
        for (size_t j = 0; j < part->count; j++)
            is_read = is_read || has_place(&part->network->calls[part->calls[j]].inputs, index);
        if (is_read)
            inputs->data[kept++] = index;
    }
    inputs->size = kept;
}

/* Adapt the nodes that the runtime made of partitions; another delegate must not reorder them either. Return their
 * number. */
static size_t settle_partitions(TfLiteContext *context, const TfLiteDelegate *base)
{
    TfLiteIntArray *plan = NULL;
    TfLiteNode *node;
    TfLiteRegistration *registration;
    size_t count = 0;

    if (context->GetExecutionPlan(context, &plan) != TFLITE_OK)
        return 0;
    for (int i = 0; i < plan->size; i++) {
        if (!get_node(context, plan->data[i], &node, &registration) || node->delegate != base || !node->user_data)
            continue;
        node->might_have_side_effect = true;
        drop_unread_inputs(context, node->inputs, node->user_data);
        count++;
    }
    return count;
}

static int replace(TfLiteContext *context, delegate *self, network *net, const TfLiteIntArray *nodes)
{
    TfLiteRegistration registration;
    int status;

    memset(&registration, 0, sizeof registration);
    registration.init = init_partition;
    registration.free = free_partition;
    registration.prepare = prepare_partition;
    registration.invoke = invoke_partition;
    registration.builtin_code = TFLITE_BUILTIN_DELEGATE;
    registration.custom_name = NAME;
    registration.version = 1;
    (void)pthread_mutex_lock(&self->loading);
    self->loaded = net;
    status = context->ReplaceNodeSubsetsWithDelegateKernels(context, registration, nodes, &self->base);
    self->loaded = NULL;
    (void)pthread_mutex_unlock(&self->loading);
    return status;
}

static int prepare_delegate(TfLiteContext *context, TfLiteDelegate *base)
{
    delegate *self = base->data_;
    TfLiteIntArray *nodes = claim(context);
    network *net = NULL;
    int status = TFLITE_DELEGATE_ERROR;

    if (!nodes) {
        context->ReportError(context, NAME ": out of memory");
        return status;
    }
    if (!nodes->size) {
        status = TFLITE_OK;
        if (self->is_verbose)
            (void)fprintf(stderr, NAME ": the model has no ethos-u operator. Was it compiled by Vela?\n");
    } else if ((net = new_network(context, self, nodes)) != NULL) {
        status = replace(context, self, net, nodes);
        const size_t partitions = settle_partitions(context, base);
        if (self->is_verbose)
            (void)fprintf(stderr,
                          NAME ": %s: ethos-u operators: %zu, partitions: %zu, bytes of constants: %zu, of scratch: "
                               "%zu\n",
                          net->device.node, net->count, partitions, net->constants.bytes, net->scratch.bytes);
        release(net);
    }
    free(nodes);
    return status;
}

/* ---- What the runtime calls by name ------------------------------------------------------------------------------ */

#define EXPORTED __attribute__((visibility("default")))

EXPORTED TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                                       void (*report_error)(const char *));
EXPORTED void tflite_plugin_destroy_delegate(TfLiteDelegate *base);

/* Take one option; return NULL, or what is wrong with it. */
static const char *take_option(delegate *self, const char *key, const char *value)
{
    char *end = NULL;

    if (strcmp(key, "device") == 0) {
        free(self->device);
        self->device = strdup(value);
        return self->device ? NULL : "out of memory";
    }
    if (strcmp(key, "timeout_ms") == 0) {
        const unsigned long number = strtoul(value, &end, 10);
        self->timeout_ms = (uint32_t)number;
        return *value >= '0' && *value <= '9' && !*end && number && number <= INT32_MAX
                   ? NULL
                   : "takes milliseconds, such as 500";
    }
    if (strcmp(key, "verbose") == 0) {
        self->is_verbose = strcmp(value, "1") == 0;
        return self->is_verbose || strcmp(value, "0") == 0 ? NULL : "takes 0 or 1";
    }
    return "is unknown; options are device, timeout_ms and verbose";
}

TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                              void (*report_error)(const char *))
{
    delegate *self = calloc(1, sizeof *self);
    char message[160];

    if (!self)
        return NULL;
    self->timeout_ms = DEFAULT_TIMEOUT_MS;
    self->base.data_ = self;
    self->base.Prepare = prepare_delegate;
    /* Otherwise the runtime prepares all operators first, and it has nothing that prepares `ethos-u`. */
    self->base.flags = TFLITE_ALLOW_DYNAMIC_TENSORS;
    (void)pthread_mutex_init(&self->loading, NULL);
    for (size_t i = 0; i < (uint32_t)count; i++) { /* Python hands over an int, whose upper half is undefined here */
        const char *wrong = take_option(self, keys[i], values[i]);
        if (!wrong)
            continue;
        (void)snprintf(message, sizeof message, NAME ": option %.40s %s", keys[i], wrong);
        if (report_error)
            report_error(message);
        tflite_plugin_destroy_delegate(&self->base);
        return NULL;
    }
    return &self->base;
}

void tflite_plugin_destroy_delegate(TfLiteDelegate *base)
{
    delegate *self = base ? base->data_ : NULL;

    if (!self)
        return;
    (void)pthread_mutex_destroy(&self->loading);
    free(self->device);
    free(self);
}
