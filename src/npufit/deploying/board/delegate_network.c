#define _POSIX_C_SOURCE 200809L

#include "delegate_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define NAME DELEGATE_NAME

enum { CONSTANTS_REGION = 0, SCRATCH_REGION = 1, SRAM_REGION = 2 };
enum { STREAM_INPUT, CONSTANTS_INPUT, SCRATCH_INPUT, SRAM_INPUT, FIRST_DATA_INPUT }; /* of an operator */

/* ---- What the operators of a file say ---------------------------------------------------------------------------- */

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
        const TfLiteTensor *tensor = tflite_tensor(context, index);
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
        stream = tflite_tensor(context, node->inputs->data[STREAM_INPUT]);
        constants = tflite_tensor(context, node->inputs->data[CONSTANTS_INPUT]);
        scratch = tflite_tensor(context, node->inputs->data[SCRATCH_INPUT]);
        sram = tflite_tensor(context, node->inputs->data[SRAM_INPUT]);
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
        if (!tflite_contains(of_later, outputs->data[i]))
            outputs->data[kept++] = outputs->data[i];
    outputs->size = kept;
}

static bool read_network(TfLiteContext *context, network *net, const TfLiteIntArray *nodes)
{
    TfLiteRegistration *registration;
    offsets table;

    if (!read_offsets(context, &table))
        return false;
    for (size_t i = 0; i < net->count; i++) {
        TfLiteNode *node = tflite_node(context, nodes->data[i], &registration);
        net->calls[i].node = nodes->data[i];
        if (!node || !read_call(context, net, &net->calls[i], node))
            return false;
        for (size_t j = 0; j < i; j++)
            leave_to_the_last_writer(tflite_node(context, nodes->data[j], &registration)->outputs, node->outputs);
    }
    for (size_t i = 0; i < net->count; i++) {
        call *made = &net->calls[i];
        TfLiteNode *node = tflite_node(context, made->node, &registration);
        if (!read_places(context, net, made->node, &table, node->inputs, FIRST_DATA_INPUT, true, &made->inputs) ||
            !read_places(context, net, made->node, &table, node->outputs, 0, false, &made->outputs))
            return false;
    }
    return true;
}

/* ---- On the device ----------------------------------------------------------------------------------------------- */

static void report_failure(TfLiteContext *context, const ethosu_error *error)
{
    struct utsname system;

    if (error->code != ETHOSU_STREAM_REFUSED || uname(&system))
        context->ReportError(context, NAME ": %s", error->message);
    else
        context->ReportError(context,
                             NAME ": %s It is Linux %s. Vela's streams are accepted by 6.19.8 and later, 7.0, 7.1 up to "
                                  "7.1.3, and 7.2.7 and later; 7.1.8 to 7.2.6 refuse them.",
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

static ethosu_code load_calls(const TfLiteContext *context, network *net, const char *node, ethosu_error *error)
{
    const TfLiteTensor *constants = tflite_tensor(context, net->constants_tensor);
    ethosu_code code = ethosu_device_open(&net->device, node, error);

    if (!code)
        code = fill_buffer(net, &net->constants, constants->data, constants->bytes, error);
    if (!code)
        code = fill_buffer(net, &net->scratch, NULL, net->scratch_bytes, error);
    for (size_t i = 0; !code && i < net->count; i++)
        code = load_call(net, &net->calls[i], error);
    return code;
}

network *network_share(network *net)
{
    net->users++;
    return net;
}

void network_release(network *net)
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

network *network_load(TfLiteContext *context, const TfLiteIntArray *nodes, const char *node, uint32_t timeout_ms)
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
    net->timeout_ms = timeout_ms;
    net->constants_tensor = TFLITE_NO_TENSOR;
    net->count = count;
    if (read_network(context, net, nodes)) {
        if (!load_calls(context, net, node, &error))
            return net;
        report_failure(context, &error);
    }
    network_release(net);
    return NULL;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static void keep_crossing(places *list, const TfLiteIntArray *crossing)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (tflite_contains(crossing, list->items[i].tensor))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

void network_keep_crossing(network *net, size_t index, const TfLiteIntArray *inputs, const TfLiteIntArray *outputs)
{
    keep_crossing(&net->calls[index].inputs, inputs);
    keep_crossing(&net->calls[index].outputs, outputs);
}

bool network_reads(const network *net, size_t index, int tensor)
{
    return has_place(&net->calls[index].inputs, tensor) || has_place(&net->state, tensor);
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

bool network_check_sizes(TfLiteContext *context, const network *net, size_t index)
{
    return have_planned_sizes(context, &net->calls[index].inputs) &&
           have_planned_sizes(context, &net->calls[index].outputs) && have_planned_sizes(context, &net->state);
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

bool network_run(TfLiteContext *context, network *net, size_t index)
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

