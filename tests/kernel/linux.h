/* What Linux offers to its ethosu driver, as far as judging a stream and its submission needs it, in one process without
 * a device. Every header that the driver includes is an empty file or, for the two below its own, this one. Names and
 * signatures follow from how the driver uses them. Nothing is ever freed: the process ends after its streams. */
#ifndef NPUFIT_LINUX_H
#define NPUFIT_LINUX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int64_t __s64;
typedef u64 dma_addr_t;
typedef int irqreturn_t;
typedef struct { int count; } spinlock_t;
typedef struct { int count; } refcount_t;

#define U16_MAX ((u16)~0)
#define U32_MAX ((u32)~0)
#define U64_MAX ((u64)~0)

#define __user
#define __iomem
#define __free(how)
#define __counted_by(member)
#define KBUILD_MODNAME "ethosu"
#define USEC_PER_MSEC 1000
#define GFP_KERNEL 0
#define IRQF_SHARED 0
#define DRM_SCHED_PRIORITY_COUNT 4
#define DMA_RESV_USAGE_WRITE 0

#define BIT(number) (1UL << (number))
#define GENMASK(high, low) ((~0UL >> (63 - (high))) & (~0UL << (low)))
#define FIELD_GET(mask, value) (((value) & (mask)) / ((mask) & -(mask)))
#define max(first, second) ((first) > (second) ? (first) : (second))
#define unlikely(condition) (condition)
#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))
#define check_add_overflow(first, second, sum) __builtin_add_overflow(first, second, sum)
#define check_mul_overflow(first, second, product) __builtin_mul_overflow(first, second, product)
#define lower_32_bits(value) ((u32)(value))
#define upper_32_bits(value) ((u32)((u64)(value) >> 32))
#define no_free_ptr(pointer) (pointer)
#define guard(kind) (void)
#define scoped_guard(kind, lock) for (int once = ((void)(lock), 1); once; once = 0)
#define READ_ONCE(value) (value)
#define WRITE_ONCE(value, next) ((value) = (next))
#define WARN_ON(condition) (condition)
#define dev_dbg(...) ((void)0)
#define dev_err(...) ((void)0)
#define drm_dbg(...) ((void)0)
#define get_user(value, place) ((value) = *(place), 0)
#define copy_from_user(to, from, size) (memcpy(to, from, size), 0)

/* Releases before 7.1 write outside of the table of regions if a stream says so; the slack keeps that harmless here. */
#define SLACK 4096
#define kzalloc(size, flags) calloc(1, (size) + SLACK)
#define kzalloc_obj(object) kzalloc(sizeof(object), GFP_KERNEL)
#define kvmalloc_array(count, size, flags) calloc(count, size)
#define kvmalloc_objs(object, count) calloc(count, sizeof(object))
#define kfree(pointer) ((void)(pointer))

#define IS_ERR(pointer) ((uintptr_t)(pointer) >= (uintptr_t)-4095)
#define PTR_ERR(pointer) ((long)(pointer))
#define ERR_PTR(error) ((void *)(long)(error))

struct device { int none; };
struct platform_device { int none; };
struct vm_area_struct { int none; };
struct mutex { int none; };
struct xarray { int none; };
struct kref { int count; };
struct ww_acquire_ctx { int none; };
struct dma_resv { int none; };
struct dma_fence { int error; };
struct dma_fence_ops { const char *(*get_driver_name)(struct dma_fence *); const char *(*get_timeline_name)(struct dma_fence *); };
struct clk_bulk_data;

/* The part of DRM that the driver is built on. A handle is a position in a table of objects. */
struct drm_device { struct device *dev; };
struct drm_file { void *driver_priv; u64 client_id; };
struct drm_gem_object_funcs { const void *free, *print_info, *get_sg_table, *vmap, *mmap, *vm_ops; };
struct drm_gem_object { size_t size; const struct drm_gem_object_funcs *funcs; struct dma_resv *resv; };
struct drm_gem_dma_object { struct drm_gem_object base; dma_addr_t dma_addr; void *vaddr; };

#define to_drm_gem_dma_obj(object) container_of(object, struct drm_gem_dma_object, base)

struct drm_gem_dma_object *drm_gem_dma_create(struct drm_device *device, size_t size);
int drm_gem_handle_create(struct drm_file *file, struct drm_gem_object *object, u32 *handle);
struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle);
#define drm_gem_object_put(object) ((void)(object))
#define drm_gem_free_mmap_offset(object) ((void)(object))
#define drm_gem_dma_free(object) ((void)(object))
#define drm_gem_dma_object_mmap(object, area) 0
#define drm_gem_dma_object_print_info NULL
#define drm_gem_dma_object_get_sg_table NULL
#define drm_gem_dma_object_vmap NULL
static const int drm_gem_dma_vm_ops;

/* Scheduling, fences, power and interrupts, which a submission passes through after its checks. */
struct drm_sched_fence { struct dma_fence finished; };
struct drm_sched_job { struct drm_sched_fence *s_fence; };
struct drm_sched_entity { int none; };
struct drm_gpu_scheduler { int none; };
enum drm_gpu_sched_stat { DRM_GPU_SCHED_STAT_NO_HANG, DRM_GPU_SCHED_STAT_RESET };
enum { IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD };
enum { DRM_SCHED_PRIORITY_NORMAL };
struct drm_sched_backend_ops {
	struct dma_fence *(*run_job)(struct drm_sched_job *);
	enum drm_gpu_sched_stat (*timedout_job)(struct drm_sched_job *);
	void (*free_job)(struct drm_sched_job *);
};
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	int num_rqs, credit_limit, timeout;
	const char *name;
	struct device *dev;
};

static struct drm_sched_fence npufit_fence;
#define drm_sched_job_init(job, ...) ((job)->s_fence = &npufit_fence, 0)
#define drm_sched_job_cleanup(job) ((void)(job))
#define drm_sched_job_arm(job) ((void)(job))
#define drm_sched_job_add_implicit_dependencies(...) 0
#define drm_sched_entity_push_job(job) ((void)(job))
#define drm_sched_entity_init(...) 0
#define drm_sched_entity_destroy(entity) ((void)(entity))
#define drm_sched_init(scheduler, arguments) ((void)(arguments), 0)
#define drm_sched_fini(scheduler) ((void)(scheduler))
#define drm_sched_fault(scheduler) ((void)(scheduler))
#define drm_sched_stop(...) ((void)0)
#define drm_sched_start(...) ((void)0)
#define drm_gem_lock_reservations(...) ((void)acquire_ctx, 0)
#define drm_gem_unlock_reservations(...) ((void)0)
#define dma_resv_reserve_fences(...) 0
#define dma_resv_add_fence(...) ((void)fence)
#define dma_fence_get(fence) (fence)
#define dma_fence_put(fence) ((void)(fence))
#define dma_fence_free(fence) ((void)(fence))
#define dma_fence_signal(fence) ((void)(fence))
#define dma_fence_was_initialized(fence) true
#define dma_fence_init(fence, ops, ...) ((void)(ops))
#define dma_fence_context_alloc(count) 0
#define kref_init(count) ((void)(count))
#define kref_get(count) ((void)(count))
#define kref_put(count, release) ((void)(release))
#define pm_runtime_resume_and_get(device) 0
#define pm_runtime_put_autosuspend(device) ((void)(device))
#define pm_runtime_force_suspend(device) ((void)(device))
#define pm_runtime_force_resume(device) ((void)(device))
#define readl_relaxed(address) ((void)(address), 0U)
#define readl_relaxed_poll_timeout(...) ((void)reg, (void)cmdaddr, 0)
#define writel_relaxed(value, address) ((void)(value))
#define writel(value, address) ((void)(value))
#define spin_lock_init(lock) ((void)(lock))
#define devm_mutex_init(...) 0
#define platform_get_irq(...) 0
#define to_platform_device(device) ((struct platform_device *)(device))
#define devm_request_threaded_irq(...) ((void)ethosu_job_irq_handler, (void)ethosu_job_irq_handler_thread, 0)
#define msecs_to_jiffies(milliseconds) (milliseconds)
#define dev_name(device) "ethosu"

/* Numbers of calls, which nothing here needs. */
#define DRM_COMMAND_BASE 0x40
#define DRM_IOR(number, type) (number)
#define DRM_IOW(number, type) (number)
#define DRM_IOWR(number, type) (number)

#endif
