/* Asks the compiled ethosu driver about streams. For each request on standard input one answer on standard output, both
 * in the byte order of the machine, until the input ends. */
#include <stdio.h>

#include "ethosu_gem.h"
#include "ethosu_job.h"
#include "ethosu_drv.h"

#define PAGE 4096
#define U65 0x10064000
#define MOST_HANDLES 10

struct request {
	u32 stream_bytes;
	u32 is_submitted;
	u32 sram_bytes;
	u32 hardware_sram_bytes;
	u64 buffer_bytes[NPU_BASEP_REGION_MAX]; /* 0: no buffer */
};

struct answer {
	s32 created;
	s32 submitted;
	u64 extents[NPU_BASEP_REGION_MAX];
};

static struct drm_gem_object *objects[MOST_HANDLES];
static u32 handles;
static void *commands;

static struct ethosu_gem_object *new_object(struct drm_device *device, size_t size)
{
	struct drm_gem_object *object = ethosu_gem_create_object(device, size);

	object->size = (size + PAGE - 1) / PAGE * PAGE;
	return to_ethosu_bo(object);
}

struct drm_gem_dma_object *drm_gem_dma_create(struct drm_device *device, size_t size)
{
	struct ethosu_gem_object *buffer = new_object(device, size);

	/* Releases before 7.1.3 store one word too many if the last command lacks its payload. */
	free(commands);
	buffer->base.vaddr = commands = calloc(1, size + PAGE);
	return &buffer->base;
}

int drm_gem_handle_create(struct drm_file *file, struct drm_gem_object *object, u32 *handle)
{
	objects[++handles] = object;
	*handle = handles;
	return 0;
}

struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle)
{
	return handle && handle <= handles ? objects[handle] : NULL;
}

/* Counting events is of 7.3 and later; no sample asks for it. */
struct ethosu_perfmon *ethosu_perfmon_find(struct ethosu_file_priv *file, int id)
{
	return NULL;
}

void ethosu_perfmon_put(struct ethosu_perfmon *perfmon) {}
void ethosu_perfmon_start(struct ethosu_device *device, struct ethosu_perfmon *perfmon) {}
void ethosu_perfmon_stop_locked(struct ethosu_device *device, struct ethosu_perfmon *perfmon, bool capture) {}

static struct answer answer_to(const struct request *request, const void *stream)
{
	struct ethosu_device device = { .npu_info = { .id = U65, .sram_size = request->hardware_sram_bytes } };
	struct ethosu_file_priv private = { .edev = &device };
	struct drm_file file = { .driver_priv = &private };
	struct drm_ethosu_job job = { .sram_size = request->sram_bytes };
	struct drm_ethosu_submit submit = { .jobs = (uintptr_t)&job, .job_count = 1 };
	struct answer answer = { 0 };

	handles = 0;
	answer.created = ethosu_gem_cmdstream_create(&file, &device.base, request->stream_bytes, (uintptr_t)stream, 0,
						     &job.cmd_bo);
	if (answer.created)
		return answer;
	memcpy(answer.extents, to_ethosu_bo(objects[job.cmd_bo])->info->region_size, sizeof(answer.extents));
	if (!request->is_submitted)
		return answer;
	for (int region = 0; region < NPU_BASEP_REGION_MAX; region++)
		if (request->buffer_bytes[region])
			drm_gem_handle_create(&file, &new_object(&device.base, request->buffer_bytes[region])->base.base,
					      &job.region_bo_handles[region]);
	answer.submitted = ethosu_ioctl_submit(&device.base, &submit, &file);
	return answer;
}

int main(void)
{
	struct request request;

	while (fread(&request, sizeof(request), 1, stdin) == 1) {
		void *stream = calloc(1, request.stream_bytes + PAGE);
		struct answer answer;

		if (fread(stream, 1, request.stream_bytes, stdin) != request.stream_bytes)
			return 1;
		answer = answer_to(&request, stream);
		if (fwrite(&answer, sizeof(answer), 1, stdout) != 1)
			return 1;
		fflush(stdout);
		free(stream);
	}
	return 0;
}
