/* All `ethos-u` operators of one interpreter, loaded into a device file of their own.
 *
 * Vela plans one scratch buffer for all operators of a file and their order: one may find there what an earlier one
 * left, although no tensor says so. So a network has one scratch buffer, and its calls run in the order of the file.
 * A tensor that the CPU or the user sees is copied, because the device's memory is not cached.
 */
#ifndef DELEGATE_NETWORK_H
#define DELEGATE_NETWORK_H

#include "delegate_tflite_abi.h"
#include "delegate_vela.h"
#include "ethosu_direct.h"

#define DELEGATE_NAME "ethosu_direct_delegate"

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

typedef struct network {
    size_t users;
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

/* Read and load the operators `nodes`, in the order of the file, onto `node` or, if NULL, the first device of the
 * driver. Return NULL after an error, which is reported. The caller is the network's first user. */
network *network_load(TfLiteContext *context, const TfLiteIntArray *nodes, const char *node, uint32_t timeout_ms);

/* The last user's release closes the network. */
network *network_share(network *net);
void network_release(network *net);

/* Copy only tensors that cross the boundary of the call's partition; the others stay in the scratch buffer. */
void network_keep_crossing(network *net, size_t index, const TfLiteIntArray *inputs, const TfLiteIntArray *outputs);

/* Return whether the call, or the state, needs the value of `tensor`. */
bool network_reads(const network *net, size_t index, int tensor);

/* Return whether the tensors of a call have the sizes that Vela planned; if not, it is reported. */
bool network_check_sizes(TfLiteContext *context, const network *net, size_t index);

/* Run a call; each inference runs all of them in order. Return whether it succeeded; if not, the error is reported. */
bool network_run(TfLiteContext *context, network *net, size_t index);

#endif
