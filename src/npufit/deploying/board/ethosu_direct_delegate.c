/* An external delegate for TensorFlow Lite (LiteRT): it runs the `ethos-u` operators that Vela writes into .tflite
 * files on an Ethos-U65, through Linux's own `ethosu` driver.
 *
 *     benchmark_model --graph=model_vela.tflite --external_delegate_path=./libethosu_direct_delegate.so
 *     Interpreter("model_vela.tflite", experimental_delegates=[load_delegate("./libethosu_direct_delegate.so")])
 *
 * Options, all optional: device (a node such as /dev/accel/accel0), timeout_ms (10000), verbose (0 or 1).
 *
 * Operators that are neighbours become one node of the runtime, a partition. delegate_network.c loads and runs them.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate_network.h"

#define NAME DELEGATE_NAME
#define DEFAULT_TIMEOUT_MS 10000

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

/* ---- Partitions: nodes of the runtime --------------------------------------------------------------------------- */

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
    part->network = network_share(net);
    part->count = 0;
    for (size_t i = 0; i < net->count; i++) {
        if (!tflite_contains(params->nodes_to_replace, net->calls[i].node))
            continue;
        network_keep_crossing(net, i, params->input_tensors, params->output_tensors);
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
    network_release(part->network);
    free(part);
}

static int prepare_partition(TfLiteContext *context, TfLiteNode *node)
{
    const partition *part = node->user_data;

    if (!part) {
        context->ReportError(context, NAME ": out of memory");
        return TFLITE_ERROR;
    }
    for (size_t i = 0; i < part->count; i++)
        if (!network_check_sizes(context, part->network, part->calls[i]))
            return TFLITE_ERROR;
    return TFLITE_OK;
}

static int invoke_partition(TfLiteContext *context, TfLiteNode *node)
{
    const partition *part = node->user_data;

    for (size_t i = 0; i < part->count; i++)
        if (!network_run(context, part->network, part->calls[i]))
            return TFLITE_ERROR;
    return TFLITE_OK;
}

/* ---- Delegate --------------------------------------------------------------------------------------------------- */

static bool is_ours(const TfLiteRegistration *registration)
{
    return registration->builtin_code == TFLITE_BUILTIN_CUSTOM && registration->custom_name &&
           strcmp(registration->custom_name, "ethos-u") == 0;
}

/* Add `node` to an ascending array with room for it. */
static void insert(TfLiteIntArray *ascending, int node)
{
    int spot = ascending->size++;

    for (; spot > 0 && ascending->data[spot - 1] > node; spot--)
        ascending->data[spot] = ascending->data[spot - 1];
    ascending->data[spot] = node;
}

/* Return the nodes with an `ethos-u` operator in the order of the file, which their numbers are: another delegate may
 * have moved them. The runtime does not move nodes that might have a side effect past each other. NULL if there is no
 * memory. */
static TfLiteIntArray *claim(TfLiteContext *context)
{
    TfLiteIntArray *plan = NULL, *claimed;
    TfLiteRegistration *registration;

    if (context->GetExecutionPlan(context, &plan) != TFLITE_OK)
        return NULL;
    claimed = malloc(sizeof *claimed + (size_t)plan->size * sizeof *claimed->data);
    if (!claimed)
        return NULL;
    claimed->size = 0;
    for (int i = 0; i < plan->size; i++) {
        TfLiteNode *node = tflite_node(context, plan->data[i], &registration);
        if (!node || !is_ours(registration))
            continue;
        node->might_have_side_effect = true;
        insert(claimed, plan->data[i]);
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
        const TfLiteTensor *tensor = tflite_tensor(context, index);
        bool is_read = tensor && tensor->allocation_type == TFLITE_MMAP_RO;
        for (size_t j = 0; j < part->count; j++)
            is_read = is_read || network_reads(part->network, part->calls[j], index);
        if (is_read)
            inputs->data[kept++] = index;
    }
    inputs->size = kept;
}

/* Adapt the nodes that the runtime made of partitions; return their number. They need nothing to stay in order: each
 * one begins with an operator that waits for the CPU, which waits for the partition before it. */
static size_t settle_partitions(TfLiteContext *context, const TfLiteDelegate *base)
{
    TfLiteIntArray *plan = NULL;
    TfLiteRegistration *registration;
    size_t count = 0;

    if (context->GetExecutionPlan(context, &plan) != TFLITE_OK)
        return 0;
    for (int i = 0; i < plan->size; i++) {
        TfLiteNode *node = tflite_node(context, plan->data[i], &registration);
        if (!node || node->delegate != base || !node->user_data)
            continue;
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
    } else if ((net = network_load(context, nodes, self->device, self->timeout_ms)) != NULL) {
        status = replace(context, self, net, nodes);
        const size_t partitions = settle_partitions(context, base);
        if (self->is_verbose)
            (void)fprintf(stderr,
                          NAME ": %s: ethos-u operators: %zu, partitions: %zu, bytes of constants: %zu, of scratch: "
                               "%zu\n",
                          net->device.node, net->count, partitions, net->constants.bytes, net->scratch.bytes);
        network_release(net);
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
        else /* benchmark_model has no function for it */
            (void)fprintf(stderr, "%s\n", message);
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
