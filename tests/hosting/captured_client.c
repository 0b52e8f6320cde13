/* A program, and a library, that has a captured submission executed as Mesa's ethosu driver would.
 *
 *   captured_client FOLDER SRAM_BYTES HOW COUNT
 *
 * FOLDER has stream, coefficients and io as files. HOW: `once`; `threads`: COUNT threads on one file; `processes`: COUNT
 * children that open the node themselves, and one that got its file from here. Each compares its answer with the first.
 * The io buffer after the execution goes to standard output. As a library it has `execute`.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Linux, include/uapi/drm/ethosu_accel.h */
struct query { uint32_t type, size; uint64_t pointer; };
struct bo_create { uint64_t size; uint32_t flags, handle; };
struct bo_wait { uint32_t handle, pad; int64_t timeout_ns; };
struct bo_mmap_offset { uint32_t handle, pad; uint64_t offset; };
struct cmdstream_bo_create { uint32_t size, flags; uint64_t data; uint32_t handle, pad; };
struct job { uint32_t cmd_bo, sram_size, region_bo_handles[8]; };
struct submit { uint64_t jobs; uint32_t job_count, pad; };
struct gem_close { uint32_t handle, pad; };

#define CALL(number, type) _IOWR('d', 0x40 + (number), struct type)
#define NODE "/dev/accel/accel0"

struct data { size_t size; void *bytes; };
struct work { struct data stream, coefficients, io; uint32_t sram_bytes; };

static int
fill(int node, const struct data *data, void **mapped)
{
   struct bo_create create = {.size = data->size};
   if (ioctl(node, CALL(1, bo_create), &create))
      return -errno;
   struct bo_mmap_offset where = {.handle = create.handle};
   if (ioctl(node, CALL(3, bo_mmap_offset), &where))
      return -errno;
   *mapped = mmap(NULL, data->size, PROT_READ | PROT_WRITE, MAP_SHARED, node, where.offset);
   if (*mapped == MAP_FAILED)
      return -errno;
   memcpy(*mapped, data->bytes, data->size);
   return create.handle;
}

/* Execute on an open node and copy the io buffer to `answer`; 0, or minus an errno. */
static int
execute_on(int node, const struct work *work, void *answer)
{
   uint32_t information[3];
   struct query query = {.size = sizeof(information), .pointer = (uintptr_t)information};
   if (ioctl(node, CALL(0, query), &query))
      return -errno;
   void *coefficients, *io;
   int regions[2] = {fill(node, &work->coefficients, &coefficients), fill(node, &work->io, &io)};
   struct cmdstream_bo_create create = {.size = work->stream.size, .data = (uintptr_t)work->stream.bytes};
   if (regions[0] < 0 || regions[1] < 0 || ioctl(node, CALL(4, cmdstream_bo_create), &create))
      return -errno;
   struct job job = {.cmd_bo = create.handle, .sram_size = work->sram_bytes, .region_bo_handles = {regions[0], regions[1]}};
   struct submit submit = {.jobs = (uintptr_t)&job, .job_count = 1};
   struct bo_wait wait = {.handle = regions[1], .timeout_ns = INT64_MAX};
   if (ioctl(node, CALL(5, submit), &submit) || ioctl(node, CALL(2, bo_wait), &wait))
      return -errno;
   memcpy(answer, io, work->io.size);
   munmap(coefficients, work->coefficients.size);
   munmap(io, work->io.size);
   uint32_t handles[3] = {create.handle, regions[0], regions[1]};
   for (int i = 0; i < 3; i++) {
      struct gem_close closed = {.handle = handles[i]};
      if (ioctl(node, _IOW('d', 9, struct gem_close), &closed))
         return -errno;
   }
   return 0;
}

int
execute(const struct work *work, void *answer)
{
   int node = open(NODE, O_RDWR | O_CLOEXEC);
   if (node < 0)
      return -errno;
   int status = execute_on(node, work, answer);
   close(node);
   return status;
}

#ifndef LIBRARY

static struct work work;
static void *expected;
static int node;

static struct data
read_file(const char *folder, const char *name)
{
   char path[4096];
   snprintf(path, sizeof(path), "%s/%s", folder, name);
   FILE *file = fopen(path, "rb");
   if (!file || fseek(file, 0, SEEK_END))
      exit(90);
   struct data data = {.size = ftell(file)};
   rewind(file);
   data.bytes = malloc(data.size);
   if (fread(data.bytes, 1, data.size, file) != data.size)
      exit(91);
   fclose(file);
   return data;
}

static void *
repeat(void *own_node)
{
   void *answer = malloc(work.io.size);
   int status = own_node ? execute(&work, answer) : execute_on(node, &work, answer);
   if (!status)
      status = memcmp(answer, expected, work.io.size) != 0;
   free(answer);
   return (void *)(intptr_t)status;
}

static int
in_threads(int count)
{
   pthread_t threads[64];
   int failures = 0;
   for (int i = 0; i < count; i++)
      pthread_create(&threads[i], NULL, repeat, NULL);
   for (int i = 0; i < count; i++) {
      void *status;
      pthread_join(threads[i], &status);
      failures += status != NULL;
   }
   return failures;
}

static int
in_processes(int count)
{
   int failures = 0;
   for (int i = 0; i <= count; i++)
      if (!fork())
         _exit(repeat(i ? &work : NULL) ? 1 : 0);
   for (int i = 0; i <= count; i++) {
      int status;
      wait(&status);
      failures += status != 0;
   }
   return failures;
}

int
main(int count, char **arguments)
{
   if (count != 5)
      return 92;
   work = (struct work){read_file(arguments[1], "stream"), read_file(arguments[1], "coefficients"),
                        read_file(arguments[1], "io"), atoi(arguments[2])};
   expected = malloc(work.io.size);
   node = open(NODE, O_RDWR | O_CLOEXEC);
   if (node < 0) {
      perror(NODE);
      return 93;
   }
   int status = execute_on(node, &work, expected);
   if (status) {
      fprintf(stderr, "the first execution failed: %s\n", strerror(-status));
      return 94;
   }
   int times = atoi(arguments[4]), failures = 0;
   if (!strcmp(arguments[3], "threads"))
      failures = in_threads(times);
   if (!strcmp(arguments[3], "processes"))
      failures = in_processes(times);
   fwrite(expected, 1, work.io.size, stdout);
   return failures;
}

#endif
