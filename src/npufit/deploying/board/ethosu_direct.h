/* Run a bundle that `npufit deploy` wrote on an Arm Ethos-U, through Linux's own `ethosu` driver.
 *
 * No firmware, no Mesa, no TensorFlow Lite, no other library: C99, POSIX and six ioctls. Linux 6.19 or later. Compile
 * ethosu_direct.c into your program.
 *
 *     ethosu_error error;
 *     ethosu_direct *model;
 *     if (ethosu_direct_open("bundle", NULL, &model, &error) != ETHOSU_OK) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *     }
 *     memcpy(ethosu_direct_input(model, 0)->data, pixels, ethosu_direct_input(model, 0)->bytes);
 *     if (ethosu_direct_run(model, &error) == ETHOSU_OK)
 *         use(ethosu_direct_output(model, 0)->data);
 *     ethosu_direct_close(model);
 *
 * Two layers. `ethosu_direct_…` runs a bundle. Below it, `ethosu_device_…`, `ethosu_buffer_…`, `ethosu_stream_…`,
 * `ethosu_submit` and `ethosu_wait` wrap the driver's calls; use them if you have command streams of your own.
 *
 * Ownership: whatever a function returns by pointer belongs to the model and is valid until ethosu_direct_close.
 * Memory: everything is allocated when a bundle is opened. A run allocates nothing: it copies, submits and waits.
 * Threads: one thread at a time may use a model. Several models, in threads or in programs, run side by side; the
 *   kernel lets their jobs take turns. There is no global state.
 * Signals: calls that a signal interrupts are repeated.
 * Errors: functions return ETHOSU_OK or the reason; `error`, unless NULL, gets the reason, the errno and a sentence.
 * Units: sizes in bytes, times in milliseconds unless a name says otherwise.
 */
#ifndef ETHOSU_DIRECT_H
#define ETHOSU_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

typedef enum ethosu_code {
    ETHOSU_OK = 0,
    ETHOSU_NO_DEVICE,      /* no /dev/accel/accelN belongs to the driver, or it may not be opened */
    ETHOSU_WRONG_DEVICE,   /* another Ethos-U, or less SRAM, than the bundle was compiled for */
    ETHOSU_STREAM_REFUSED, /* this kernel does not accept a command stream; other releases do */
    ETHOSU_DEVICE_FAILED,  /* the driver failed or the device is gone: close, and open again */
    ETHOSU_TIMEOUT,        /* the NPU did not finish in time; outputs are not valid */
    ETHOSU_OUT_OF_MEMORY,  /* of the program, or of the driver's contiguous memory (CMA) */
    ETHOSU_BAD_BUNDLE,     /* a file is missing, damaged or contradicts the manifest */
    ETHOSU_NEEDS_CPU,      /* the bundle has operators for the CPU, and no function was given that runs them */
    ETHOSU_CPU_FAILED      /* that function reported a failure */
} ethosu_code;

typedef struct ethosu_error {
    ethosu_code code;
    int system_errno;   /* errno of the call that failed, 0 if none did */
    char message[640];  /* one line: what failed, where, what to do */
} ethosu_error;

/* ---- Bundle ---------------------------------------------------------------------------------------------------- */

typedef struct ethosu_direct ethosu_direct;

typedef enum ethosu_type {
    ETHOSU_INT8,
    ETHOSU_UINT8,
    ETHOSU_INT16,
    ETHOSU_UINT16,
    ETHOSU_INT32,
    ETHOSU_UINT32,
    ETHOSU_INT64,
    ETHOSU_UINT64,
    ETHOSU_BOOL, /* one byte: 0 or 1 */
    ETHOSU_FLOAT16,
    ETHOSU_FLOAT32,
    ETHOSU_FLOAT64,
    ETHOSU_OTHER /* `type_name` says which */
} ethosu_type;

/* A tensor. Its real numbers are scales[0] * (value - zero_points[0]); with several scales, the scale of an element
 * is that of its index in dimension `axis`; with none, the values are the real numbers. */
typedef struct ethosu_tensor {
    const char *name;
    const char *type_name; /* as TensorFlow Lite calls it: int8, float32, … */
    ethosu_type type;
    size_t rank;
    const size_t *shape; /* `rank` dimensions */
    size_t bytes;
    size_t scale_count;
    const double *scales;
    const int64_t *zero_points;
    size_t axis;
    void *data; /* `bytes` bytes, C order, little endian; ordinary cached memory that stays at this address */
} ethosu_tensor;

/* A part of the model that the CPU computes. */
typedef struct ethosu_cpu_step {
    size_t index;     /* 0 for the first CPU step of the bundle, 1 for the next, … */
    const char *path; /* its .tflite file: the folder that was opened, '/', the file */
    size_t input_count;
    const ethosu_tensor *const *inputs; /* in the order of the file's own inputs; read only */
    size_t output_count;
    const ethosu_tensor *const *outputs; /* in the order of the file's own outputs; write to their `data` */
} ethosu_cpu_step;

/* Computes the outputs of `step` from its inputs. Returns 0, or any other number for a failure, which ends the run. */
typedef int (*ethosu_cpu_function)(void *user, const ethosu_cpu_step *step);

/* Options; all zero means the defaults. */
typedef struct ethosu_direct_options {
    const char *node;              /* device node; NULL: the first of /dev/accel/accelN whose driver is ethosu */
    uint32_t timeout_ms;           /* for each wait for the NPU; 0: 10,000 */
    ethosu_cpu_function run_cpu;   /* runs CPU steps; NULL: bundles that have some are refused */
    void (*reset_cpu)(void *user); /* called by a reset, for CPU steps that have variables; may be NULL */
    void *user;                    /* given to both */
} ethosu_direct_options;

/* Open the bundle in `folder`, check it, and load it into the device's memory.
 *
 * Every file that an inference uses is compared with the manifest (size, then SHA-256), and every index, offset and
 * size in the manifest is checked, before anything is created on the device. Files that only ethosu_direct_verify
 * uses are checked there; the bundle's README and sources are yours to change or delete.
 * `*model` is NULL unless ETHOSU_OK is returned. `options` may be NULL; it is not used after the call. */
ethosu_code ethosu_direct_open(const char *folder, const ethosu_direct_options *options, ethosu_direct **model,
                               ethosu_error *error);

/* What was opened, and on what. */
typedef struct ethosu_direct_facts {
    const char *name;   /* of the model */
    const char *target; /* what it was compiled for, such as imx93/direct@7.3 */
    const char *status; /* what is known of this bundle on silicon: one sentence */
    const char *node;   /* device node */
    size_t npu_steps;   /* calls of the NPU in one inference */
    size_t cpu_steps;   /* calls of run_cpu in one inference */
    size_t npu_bytes;   /* of the driver's contiguous memory, without the command streams */
} ethosu_direct_facts;
const ethosu_direct_facts *ethosu_direct_describe(const ethosu_direct *model);

/* Inputs and outputs of the model, in its own order. NULL if there is no such tensor.
 *
 * Write inputs to their `data` before a run. They keep their values; write only what changes. Outputs are valid until
 * the next run. They are copies: the device's memory is not cached, so reading it in place would be many times slower
 * than one copy. */
size_t ethosu_direct_input_count(const ethosu_direct *model);
const ethosu_tensor *ethosu_direct_input(const ethosu_direct *model, size_t index);
size_t ethosu_direct_output_count(const ethosu_direct *model);
const ethosu_tensor *ethosu_direct_output(const ethosu_direct *model, size_t index);

/* CPU steps, to prepare an interpreter for each before the first run. NULL if there is no such step. */
const ethosu_cpu_step *ethosu_direct_cpu_step(const ethosu_direct *model, size_t index);

/* Run one inference: inputs to outputs.
 *
 * After an error the outputs are not valid, and a model with state needs ethosu_direct_reset. After ETHOSU_TIMEOUT the
 * model can be used again: the next run first waits for the job that is still running.
 * The driver does not tell a program that it gave up a job (the NPU hung, or a bus error): the run ends without an
 * error, after half a second or more, with stale outputs; the kernel log says "NPU sched timed out". */
ethosu_code ethosu_direct_run(ethosu_direct *model, ethosu_error *error);

/* Set the state of a model with memory (LSTM, variables) back to where it begins; a model without one ignores it.
 * Calls reset_cpu, so that interpreters of CPU steps do the same (ResetVariableTensors). */
ethosu_code ethosu_direct_reset(ethosu_direct *model, ethosu_error *error);

/* Result of one verification case. */
typedef struct ethosu_verification {
    const char *name;                     /* of the case */
    const char *golden;                   /* what computed the expected values */
    size_t values;                        /* elements of the model's outputs … */
    size_t different_values;              /* … and how many of them differ in any bit */
    const ethosu_tensor *first_different; /* first tensor in the order of execution that differs; NULL: all are equal */
    size_t first_step;                    /* step of the manifest that wrote it */
} ethosu_verification;

/* Run verification case `index` of the bundle and compare every tensor that it knows, step by step.
 *
 * Resets the state first. Overwrites inputs. Allocates memory while it runs. Returns ETHOSU_OK if the case ran, whether
 * or not the values agree. A bundle may have no cases. */
size_t ethosu_direct_case_count(const ethosu_direct *model);
ethosu_code ethosu_direct_verify(ethosu_direct *model, size_t index, ethosu_verification *result, ethosu_error *error);

/* Release the device's memory, the device and the model. NULL is allowed. */
void ethosu_direct_close(ethosu_direct *model);

/* ---- Device ---------------------------------------------------------------------------------------------------- */
/* Functions of this layer may be called from several threads for the same device.                                  */

#define ETHOSU_REGIONS 8

/* An open device. */
typedef struct ethosu_device {
    int descriptor;
    uint32_t id;         /* register ID: architecture and revision */
    uint32_t config;     /* register CONFIG: multipliers, command stream version, product */
    uint32_t sram_bytes; /* on-chip memory that the device tree gives the NPU */
    char node[32];
} ethosu_device;

/* Open the first of /dev/accel/accelN whose driver is ethosu, or `node` unless it is NULL, and ask what it is.
 * Errors: ETHOSU_NO_DEVICE, ETHOSU_DEVICE_FAILED. */
ethosu_code ethosu_device_open(ethosu_device *device, const char *node, ethosu_error *error);

/* Close it. Buffers that are still mapped stay mapped. */
void ethosu_device_close(ethosu_device *device);

/* Memory that the program and the NPU share: contiguous, zeroed, write-combining. Write it in order; reading is slow. */
typedef struct ethosu_buffer {
    void *data;
    size_t bytes;
    uint32_t handle; /* 0: none */
} ethosu_buffer;

/* Create and map a buffer of `bytes`. Errors: ETHOSU_OUT_OF_MEMORY, ETHOSU_DEVICE_FAILED. */
ethosu_code ethosu_buffer_create(const ethosu_device *device, size_t bytes, ethosu_buffer *buffer, ethosu_error *error);

/* Unmap and release it; a job that still uses it keeps the memory until it is done. An empty buffer is ignored. */
void ethosu_buffer_close(const ethosu_device *device, ethosu_buffer *buffer);

/* Give the kernel a command stream of `bytes` (whole words, no header); it is checked and copied. `*stream` becomes its
 * handle, 0 on errors: ETHOSU_STREAM_REFUSED, ETHOSU_OUT_OF_MEMORY, ETHOSU_DEVICE_FAILED. */
ethosu_code ethosu_stream_create(const ethosu_device *device, const void *words, size_t bytes, uint32_t *stream,
                                 ethosu_error *error);

/* Release it. Handle 0 is ignored. */
void ethosu_stream_close(const ethosu_device *device, uint32_t *stream);

/* One execution of a stream: a buffer's handle for each region that the stream uses, 0 for each that it does not.
 * `sram_bytes` of on-chip memory become region 2, which then has no buffer; 0 if the stream uses none.
 * The layout is the kernel's. */
typedef struct ethosu_job {
    uint32_t stream;
    uint32_t sram_bytes;
    uint32_t buffers[ETHOSU_REGIONS];
} ethosu_job;

/* Queue `count` jobs, executed in this order, and return without waiting. After an error, jobs before the refused one
 * may run. Errors: ETHOSU_DEVICE_FAILED, ETHOSU_OUT_OF_MEMORY. */
ethosu_code ethosu_submit(const ethosu_device *device, const ethosu_job *jobs, size_t count, ethosu_error *error);

/* Return the time on the monotonic clock in `timeout_ms` milliseconds, in nanoseconds. */
int64_t ethosu_deadline(uint32_t timeout_ms);

/* Wait until every job that was submitted and writes to `buffer` is done, or until `deadline_ns`.
 *
 * Wait for a buffer that the job writes to: for one that it only reads (constants) the kernel returns at once.
 * Errors: ETHOSU_TIMEOUT, ETHOSU_DEVICE_FAILED. */
ethosu_code ethosu_wait(const ethosu_device *device, const ethosu_buffer *buffer, int64_t deadline_ns,
                        ethosu_error *error);

#ifdef __cplusplus
}
#endif
#endif
