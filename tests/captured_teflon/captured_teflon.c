/* A stand-in for libteflon in tests: an external delegate of TensorFlow Lite that submits what was captured.
 *
 * Mesa with its ethosu driver is no dependency of the tests. This delegate claims the operators of a capture, prints what
 * Mesa printed, and makes the driver's calls in the driver's order: streams and coefficients when a partition is compiled,
 * inputs, SUBMIT, BO_WAIT and outputs in each inference. Like Mesa's release builds it ignores the errno of SUBMIT.
 *
 * PARTITIONS names the generated header (captured_teflon.py); the form of its rows is `struct partition`.
 * CRASH_IN_PREPARE and CRASH_IN_INVOKE let it dereference NULL there, HANG_IN_PREPARE lets it wait for ever, and with
 * EMPTY_BUFFER it asks for a buffer of 0 bytes, which Linux refuses.
 * CRASH_AT_OPERATOR=N stops the table before operator N, as a release does that dereferences an operand which it lacks.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* TensorFlow Lite's C interface, as far as it is used (tensorflow/lite/core/c/common.h). */

typedef struct { int size; int data[]; } TfLiteIntArray;

typedef struct {
   int type;
   void *data;
   TfLiteIntArray *dims;
   struct { float scale; int32_t zero_point; } params;
   int allocation_type;
   size_t bytes;
   const void *allocation;
   const char *name;
   void *delegate;
   int buffer_handle;
   bool data_is_stale, is_variable;
   struct { int type; void *params; } quantization;
   void *sparsity;
   const TfLiteIntArray *dims_signature;
} TfLiteTensor;

typedef struct TfLiteContext TfLiteContext;
typedef struct TfLiteDelegate TfLiteDelegate;
typedef struct { TfLiteIntArray *inputs, *outputs, *intermediates, *temporaries; void *user_data; } TfLiteNode;
typedef struct { TfLiteDelegate *delegate; TfLiteIntArray *nodes_to_replace; } TfLiteDelegateParams;

typedef struct {
   void *(*init)(TfLiteContext *, const char *, size_t);
   void (*free)(TfLiteContext *, void *);
   int (*prepare)(TfLiteContext *, TfLiteNode *);
   int (*invoke)(TfLiteContext *, TfLiteNode *);
   const char *(*profiling_string)(const TfLiteContext *, const TfLiteNode *);
   int32_t builtin_code;
   const char *custom_name;
   int version;
   void *registration_external, *async_kernel;
   uint64_t inplace_operator;
} TfLiteRegistration;

struct TfLiteContext {
   size_t tensors_size;
   int (*GetExecutionPlan)(TfLiteContext *, TfLiteIntArray **);
   TfLiteTensor *tensors;
   void *impl;
   int (*ResizeTensor)(TfLiteContext *, TfLiteTensor *, TfLiteIntArray *);
   void (*ReportError)(TfLiteContext *, const char *, ...);
   int (*AddTensors)(TfLiteContext *, int, int *);
   int (*GetNodeAndRegistration)(TfLiteContext *, int, TfLiteNode **, TfLiteRegistration **);
   int (*ReplaceNodeSubsetsWithDelegateKernels)(TfLiteContext *, TfLiteRegistration, const TfLiteIntArray *,
                                                TfLiteDelegate *);
};

struct TfLiteDelegate {
   void *data;
   int (*Prepare)(TfLiteContext *, TfLiteDelegate *);
   void *CopyFromBufferHandle, *CopyToBufferHandle, *FreeBufferHandle;
   int64_t flags;
   void *opaque_delegate_builder;
};

/* The calls of the ethosu driver (Linux, include/uapi/drm/ethosu_accel.h). */

struct query { uint32_t type, size; uint64_t pointer; };
struct bo_create { uint64_t size; uint32_t flags, handle; };
struct bo_wait { uint32_t handle, pad; int64_t timeout_ns; };
struct bo_mmap_offset { uint32_t handle, pad; uint64_t offset; };
struct cmdstream_bo_create { uint32_t size, flags; uint64_t data; uint32_t handle, pad; };
struct job { uint32_t cmd_bo, sram_size, region_bo_handles[8]; };
struct submit { uint64_t jobs; uint32_t job_count, pad; };
struct version { int major, minor, patch; uint64_t lengths_and_strings[6]; };

#define CALL(number, type) _IOWR('d', 0x40 + (number), struct type)
#define VERSION _IOWR('d', 0, struct version)

struct slot { int tensor; size_t offset, bytes; };

struct partition {
   const char *log; /* what Mesa printed when it compiled the partition */
   const char *stream, *coefficients; /* files */
   size_t io_bytes, sram_bytes;
   int operator_count, input_count, output_count;
   const int *operators;
   const struct slot *inputs, *outputs;
};

#include PARTITIONS /* const char support_table[]; const struct partition partitions[]; */

#define PARTITION_COUNT ((int)(sizeof(partitions) / sizeof(*partitions)))

static int node = -1;

struct compiled { const struct partition *partition; uint32_t stream, coefficients, io; };

static void *
map_buffer(uint32_t handle, size_t size)
{
   struct bo_mmap_offset where = {.handle = handle};
   ioctl(node, CALL(3, bo_mmap_offset), &where);
   return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, node, where.offset);
}

static uint32_t
create_buffer(size_t size)
{
   struct bo_create create = {.size = size};
   ioctl(node, CALL(1, bo_create), &create);
   return create.handle;
}

static void *
read_file(const char *path, size_t *size)
{
   FILE *file = fopen(path, "rb");
   fseek(file, 0, SEEK_END);
   *size = ftell(file);
   rewind(file);
   void *content = malloc(*size + 1);
   *size = fread(content, 1, *size, file);
   fclose(file);
   return content;
}

static void *
compile(TfLiteContext *context, const char *buffer, size_t length)
{
   const TfLiteIntArray *nodes = ((const TfLiteDelegateParams *)buffer)->nodes_to_replace;
   const struct partition *partition = partitions;
   while (partition->operators[0] != nodes->data[0] || partition->operator_count != nodes->size)
      if (++partition == partitions + PARTITION_COUNT) {
         fprintf(stderr, "LiteRT formed a partition of %d operators from %d on that was not captured\n", nodes->size,
                 nodes->data[0]);
         abort();
      }
#ifdef CRASH_IN_PREPARE
   fprintf(stderr, "%.*s\n", (int)strcspn(partition->log, "\n"), partition->log);
   *(volatile int *)NULL = 0;
#endif
#ifdef HANG_IN_PREPARE
   pause();
#endif
   fputs(partition->log, stderr);
   struct compiled *compiled = calloc(1, sizeof(*compiled));
   compiled->partition = partition;
   size_t size;
   void *coefficients = read_file(partition->coefficients, &size);
   compiled->coefficients = create_buffer(size);
   void *mapped = map_buffer(compiled->coefficients, size);
   memcpy(mapped, coefficients, size);
   munmap(mapped, size);
   free(coefficients);
   compiled->io = create_buffer(partition->io_bytes);
#ifdef EMPTY_BUFFER
   create_buffer(0);
#endif
   void *stream = read_file(partition->stream, &size);
   struct cmdstream_bo_create create = {.size = size, .data = (uintptr_t)stream};
   ioctl(node, CALL(4, cmdstream_bo_create), &create);
   compiled->stream = create.handle;
   free(stream);
   return compiled;
}

static int
prepare_nothing(TfLiteContext *context, TfLiteNode *replaced)
{
   return 0;
}

static int
invoke(TfLiteContext *context, TfLiteNode *replaced)
{
   const struct compiled *compiled = replaced->user_data;
   const struct partition *partition = compiled->partition;
#ifdef CRASH_IN_INVOKE
   *(volatile int *)NULL = 0;
#endif
   uint8_t *io = map_buffer(compiled->io, partition->io_bytes);
   for (int i = 0; i < partition->input_count; i++)
      memcpy(io + partition->inputs[i].offset, context->tensors[partition->inputs[i].tensor].data,
             partition->inputs[i].bytes);
   struct job job = {.cmd_bo = compiled->stream, .sram_size = partition->sram_bytes};
   job.region_bo_handles[0] = compiled->coefficients;
   job.region_bo_handles[1] = compiled->io;
   struct submit submit = {.jobs = (uintptr_t)&job, .job_count = 1};
   ioctl(node, CALL(5, submit), &submit);
   struct bo_wait wait = {.handle = compiled->io, .timeout_ns = INT64_MAX};
   ioctl(node, CALL(2, bo_wait), &wait);
   for (int i = 0; i < partition->output_count; i++)
      memcpy(context->tensors[partition->outputs[i].tensor].data, io + partition->outputs[i].offset,
             partition->outputs[i].bytes);
   munmap(io, partition->io_bytes);
   return 0;
}

static int
claim(TfLiteContext *context, TfLiteDelegate *delegate)
{
   int count = 0;
   for (int i = 0; i < PARTITION_COUNT; i++)
      count += partitions[i].operator_count;
   TfLiteIntArray *claimed = malloc(sizeof(*claimed) + count * sizeof(int));
   claimed->size = 0;
   for (int i = 0; i < PARTITION_COUNT; i++)
      for (int j = 0; j < partitions[i].operator_count; j++)
         claimed->data[claimed->size++] = partitions[i].operators[j];
#ifdef CRASH_AT_OPERATOR
   const char *end = strstr(support_table, "idx");
   for (int line = 0; line < CRASH_AT_OPERATOR + 2; line++)
      end = strchr(end, '\n') + 1;
   fprintf(stderr, "%.*s", (int)(end - support_table), support_table);
   *(volatile int *)NULL = 0;
#endif
   fputs(support_table, stderr);
   TfLiteRegistration kernel = {
      .init = compile, .prepare = prepare_nothing, .invoke = invoke, .custom_name = "Captured Teflon", .version = 1,
   };
   int status = context->ReplaceNodeSubsetsWithDelegateKernels(context, kernel, claimed, delegate);
   free(claimed);
   return status;
}

/* A build of Mesa has its release in its strings. */
const char mesa_version[] = "Mesa 25.3.0-captured";

TfLiteDelegate *
tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report_error)(const char *))
{
   char name[16] = "";
   struct version version = {.lengths_and_strings = {sizeof(name) - 1, (uintptr_t)name}};
   node = open("/dev/accel/accel0", O_RDWR | O_CLOEXEC);
   if (node < 0 || ioctl(node, VERSION, &version) || strcmp(name, "ethosu")) {
      fprintf(stderr, "Couldn't open kernel device\n");
      return NULL;
   }
   uint32_t information[3];
   struct query query = {.size = sizeof(information), .pointer = (uintptr_t)information};
   ioctl(node, CALL(0, query), &query);
   TfLiteDelegate *delegate = calloc(1, sizeof(*delegate));
   delegate->Prepare = claim;
   delegate->flags = 1;
   return delegate;
}

void
tflite_plugin_destroy_delegate(TfLiteDelegate *delegate)
{
   close(node);
   free(delegate);
}
