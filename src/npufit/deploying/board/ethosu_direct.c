/* See ethosu_direct.h.
 *
 * One file, so that one file is copied into a firmware's sources. Its parts, from the bottom up: errors, the device,
 * SHA-256, files, JSON, the manifest, loading, running, verification.
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64 /* the driver's mmap offsets begin at 4 GiB */

#include "ethosu_direct.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

#if defined(__GNUC__)
#define PRINTS(string, first) __attribute__((format(printf, string, first)))
#else
#define PRINTS(string, first)
#endif

/* An errno as its name and meaning; strerror is not safe with threads. */
static const char *errno_text(int number)
{
    static const struct {
        int number;
        const char *text;
    } texts[] = {
        {EACCES, "EACCES, permission denied"},
        {EAGAIN, "EAGAIN, try again"},
        {EBADF, "EBADF, bad file descriptor"},
        {EBUSY, "EBUSY, busy"},
        {EFAULT, "EFAULT, bad address"},
        {EINVAL, "EINVAL, invalid argument"},
        {EIO, "EIO, input/output error"},
        {EISDIR, "EISDIR, is a directory"},
        {ELOOP, "ELOOP, too many symbolic links"},
        {EMFILE, "EMFILE, too many open files in this program"},
        {ENAMETOOLONG, "ENAMETOOLONG, name too long"},
        {ENFILE, "ENFILE, too many open files"},
        {ENODEV, "ENODEV, no such device"},
        {ENOENT, "ENOENT, not found"},
        {ENOMEM, "ENOMEM, out of memory"},
        {ENOSPC, "ENOSPC, no space left"},
        {ENOTDIR, "ENOTDIR, not a directory"},
        {ENOTTY, "ENOTTY, not a device of this kind"},
        {ENXIO, "ENXIO, no such device or address"},
        {EOVERFLOW, "EOVERFLOW, too large"},
        {EPERM, "EPERM, not permitted"},
        {ETIME, "ETIME, timer expired"},
        {ETIMEDOUT, "ETIMEDOUT, timed out"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].number == number)
            return texts[i].text;
    return "see errno(3)";
}

/* Fill `error` and return `code`. Names come from files: control characters are replaced. */
PRINTS(4, 5)
static ethosu_code fail(ethosu_error *error, ethosu_code code, int number, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return code;
    error->code = code;
    error->system_errno = number;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return code;
}

static ethosu_code succeed(ethosu_error *error)
{
    if (error) {
        error->code = ETHOSU_OK;
        error->system_errno = 0;
        error->message[0] = '\0';
    }
    return ETHOSU_OK;
}

/* ---- Device: the kernel's interface (include/uapi/drm/ethosu_accel.h, Linux 6.19) ------------------------------ */

#define DRIVER "ethosu"
#define MOST_NODES 64

struct drm_version {
    int major, minor, patch;
    size_t name_bytes;
    char *name;
    size_t date_bytes;
    char *date;
    size_t description_bytes;
    char *description;
};

struct drm_gem_close {
    uint32_t handle, pad;
};

struct npu_info {
    uint32_t id, config, sram_bytes;
};

struct dev_query {
    uint32_t type, size;
    uint64_t pointer;
};

struct bo_create {
    uint64_t size;
    uint32_t flags, handle;
};

struct bo_wait {
    uint32_t handle, pad;
    int64_t deadline_ns;
};

struct bo_mmap_offset {
    uint32_t handle, pad;
    uint64_t offset;
};

struct cmdstream_create {
    uint32_t size, flags;
    uint64_t data;
    uint32_t handle, pad;
};

struct submit {
    uint64_t jobs;
    uint32_t job_count, perfmon;
};

#define DRM_VERSION _IOWR('d', 0x00, struct drm_version)
#define DRM_GEM_CLOSE _IOW('d', 0x09, struct drm_gem_close)
#define ETHOSU_DEV_QUERY _IOWR('d', 0x40, struct dev_query)
#define ETHOSU_BO_CREATE _IOWR('d', 0x41, struct bo_create)
#define ETHOSU_BO_WAIT _IOWR('d', 0x42, struct bo_wait)
#define ETHOSU_BO_MMAP_OFFSET _IOWR('d', 0x43, struct bo_mmap_offset)
#define ETHOSU_CMDSTREAM_CREATE _IOWR('d', 0x44, struct cmdstream_create)
#define ETHOSU_SUBMIT _IOWR('d', 0x45, struct submit)

/* The layouts are an interface: a compiler that lays them out otherwise fails here. */
typedef char bo_wait_is_16_bytes[sizeof(struct bo_wait) == 16 ? 1 : -1];
typedef char bo_create_is_16_bytes[sizeof(struct bo_create) == 16 ? 1 : -1];
typedef char cmdstream_create_is_24_bytes[sizeof(struct cmdstream_create) == 24 ? 1 : -1];
typedef char submit_is_16_bytes[sizeof(struct submit) == 16 ? 1 : -1];
typedef char job_is_40_bytes[sizeof(ethosu_job) == 40 ? 1 : -1];

/* Return 0, or the errno. Repeated as libdrm does; DRM's calls are made to be repeated. */
static int ask(int descriptor, unsigned long request, void *argument)
{
    while (ioctl(descriptor, request, argument) == -1)
        if (errno != EINTR && errno != EAGAIN)
            return errno;
    return 0;
}

static ethosu_code device_failed(ethosu_error *error, int number, const char *call, const char *advice)
{
    if (number == ENODEV)
        advice = "The device is gone: its driver was unbound or unloaded.";
    return fail(error, ETHOSU_DEVICE_FAILED, number, "%s failed (%s). %s", call, errno_text(number), advice);
}

/* Return whether `descriptor` is a device of the driver; `name` gets the name of the driver it has. */
static bool has_driver(int descriptor, char *name, size_t room)
{
    struct drm_version version;

    memset(&version, 0, sizeof version);
    version.name = name;
    version.name_bytes = room - 1;
    if (ask(descriptor, DRM_VERSION, &version))
        return false;
    name[version.name_bytes < room ? version.name_bytes : room - 1] = '\0';
    return strcmp(name, DRIVER) == 0;
}

static ethosu_code query(ethosu_device *device, ethosu_error *error)
{
    struct npu_info info = {0, 0, 0};
    struct dev_query asked = {0, sizeof info, (uintptr_t)&info};
    int number = ask(device->descriptor, ETHOSU_DEV_QUERY, &asked);

    if (number)
        return device_failed(error, number, "DEV_QUERY", "The kernel log (dmesg) may say why.");
    device->id = info.id;
    device->config = info.config;
    device->sram_bytes = info.sram_bytes;
    return succeed(error);
}

/* Open `node` if it is a device of the driver. Returns 0, the errno of open, or ENOTTY for another driver's device. */
static int open_node(ethosu_device *device, const char *node, char *driver, size_t room)
{
    int descriptor;

    do
        descriptor = open(node, O_RDWR | O_CLOEXEC);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return errno;
    if (!has_driver(descriptor, driver, room)) {
        (void)close(descriptor);
        return ENOTTY;
    }
    device->descriptor = descriptor;
    (void)snprintf(device->node, sizeof device->node, "%s", node);
    return 0;
}

static ethosu_code not_opened(ethosu_error *error, int number, const char *node, const char *driver)
{
    if (number == EACCES || number == EPERM)
        return fail(error, ETHOSU_NO_DEVICE, number,
                    "%s may not be opened (%s). Add the user to the group that owns it (ls -l %s) or run as root.", node,
                    errno_text(number), node);
    if (number == ENOTTY && *driver)
        return fail(error, ETHOSU_NO_DEVICE, number, "%s belongs to the driver %s, not to " DRIVER ".", node, driver);
    if (number == ENOTTY)
        return fail(error, ETHOSU_NO_DEVICE, number, "%s is not a device of the driver " DRIVER ".", node);
    return fail(error, ETHOSU_NO_DEVICE, number, "%s cannot be opened (%s).", node, errno_text(number));
}

/* Open the first node of the driver; what kept the others from being it is said if there is none. */
static ethosu_code find_device(ethosu_device *device, ethosu_error *error)
{
    char node[32] = "", other[32] = "", driver[32] = "";
    int reason = 0;

    for (int i = 0; i < MOST_NODES; i++) {
        char found[32] = "";
        int number;
        (void)snprintf(node, sizeof node, "/dev/accel/accel%d", i);
        number = open_node(device, node, found, sizeof found);
        if (!number)
            return ETHOSU_OK;
        if (number != ENOENT && (!reason || reason == ENOTTY)) { /* a device that may not be opened may be the one */
            reason = number;
            memcpy(other, node, sizeof other);
            memcpy(driver, found, sizeof driver);
        }
    }
    if (reason)
        return not_opened(error, reason, other, driver);
    return fail(error, ETHOSU_NO_DEVICE, ENOENT,
                "There is no /dev/accel/accelN. Needed: Linux 6.19 or later with CONFIG_DRM_ACCEL_ARM_ETHOSU, and the "
                "NPU's node in the device tree. `dmesg | grep -i ethos` says what was found.");
}

ethosu_code ethosu_device_open(ethosu_device *device, const char *node, ethosu_error *error)
{
    char driver[32] = "";
    ethosu_code code;

    memset(device, 0, sizeof *device);
    device->descriptor = -1;
    if (node && strlen(node) >= sizeof device->node)
        return fail(error, ETHOSU_NO_DEVICE, ENAMETOOLONG, "%s is no device node: its name is too long.", node);
    if (node) {
        int number = open_node(device, node, driver, sizeof driver);
        code = number ? not_opened(error, number, node, driver) : ETHOSU_OK;
    } else {
        code = find_device(device, error);
    }
    if (code)
        return code;
    code = query(device, error);
    if (code)
        ethosu_device_close(device);
    return code;
}

void ethosu_device_close(ethosu_device *device)
{
    if (device->descriptor >= 0)
        (void)close(device->descriptor);
    device->descriptor = -1;
}

static void close_handle(const ethosu_device *device, uint32_t *handle)
{
    struct drm_gem_close closed = {*handle, 0};

    if (*handle)
        (void)ask(device->descriptor, DRM_GEM_CLOSE, &closed);
    *handle = 0;
}

ethosu_code ethosu_buffer_create(const ethosu_device *device, size_t bytes, ethosu_buffer *buffer, ethosu_error *error)
{
    struct bo_create created = {bytes, 0, 0};
    struct bo_mmap_offset mapped = {0, 0, 0};
    int number = ask(device->descriptor, ETHOSU_BO_CREATE, &created);

    memset(buffer, 0, sizeof *buffer);
    if (number == ENOMEM)
        return fail(error, ETHOSU_OUT_OF_MEMORY, number,
                    "BO_CREATE of %zu bytes failed (ENOMEM). The driver needs contiguous memory: CmaFree in "
                    "/proc/meminfo says how much is left, cma= on the kernel's command line how much there is.",
                    bytes);
    if (number)
        return device_failed(error, number, "BO_CREATE", "The kernel log (dmesg) may say why.");
    mapped.handle = buffer->handle = created.handle;
    number = ask(device->descriptor, ETHOSU_BO_MMAP_OFFSET, &mapped);
    if (!number) {
        void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device->descriptor, (off_t)mapped.offset);
        number = data == MAP_FAILED ? errno : 0;
        if (!number) {
            buffer->data = data;
            buffer->bytes = bytes;
            return succeed(error);
        }
    }
    close_handle(device, &buffer->handle);
    if (number == ENOMEM)
        return fail(error, ETHOSU_OUT_OF_MEMORY, number, "A buffer of %zu bytes cannot be mapped (ENOMEM).", bytes);
    return device_failed(error, number, "Mapping a buffer", "The kernel log (dmesg) may say why.");
}

void ethosu_buffer_close(const ethosu_device *device, ethosu_buffer *buffer)
{
    if (buffer->data)
        (void)munmap(buffer->data, buffer->bytes);
    close_handle(device, &buffer->handle);
    memset(buffer, 0, sizeof *buffer);
}

ethosu_code ethosu_stream_create(const ethosu_device *device, const void *words, size_t bytes, uint32_t *stream,
                                 ethosu_error *error)
{
    struct cmdstream_create created = {(uint32_t)bytes, 0, (uintptr_t)words, 0, 0};
    int number;

    *stream = 0;
    number = bytes > UINT32_MAX ? EINVAL : ask(device->descriptor, ETHOSU_CMDSTREAM_CREATE, &created);
    if (number == EINVAL)
        return fail(error, ETHOSU_STREAM_REFUSED, number,
                    "This kernel refuses a command stream of %zu bytes (EINVAL).", bytes);
    if (number == ENOMEM)
        return fail(error, ETHOSU_OUT_OF_MEMORY, number,
                    "CMDSTREAM_BO_CREATE of %zu bytes failed (ENOMEM). CmaFree in /proc/meminfo says how much "
                    "contiguous memory is left.",
                    bytes);
    if (number)
        return device_failed(error, number, "CMDSTREAM_BO_CREATE", "The kernel log (dmesg) may say why.");
    *stream = created.handle;
    return succeed(error);
}

void ethosu_stream_close(const ethosu_device *device, uint32_t *stream)
{
    close_handle(device, stream);
}

ethosu_code ethosu_submit(const ethosu_device *device, const ethosu_job *jobs, size_t count, ethosu_error *error)
{
    struct submit asked = {(uintptr_t)jobs, (uint32_t)count, 0};
    int number = count > UINT32_MAX ? EINVAL : ask(device->descriptor, ETHOSU_SUBMIT, &asked);

    if (number == ENOMEM)
        return fail(error, ETHOSU_OUT_OF_MEMORY, number, "SUBMIT failed (ENOMEM): the kernel is out of memory.");
    if (number)
        return device_failed(error, number, "SUBMIT",
                             "With EINVAL, ENOENT or EOVERFLOW a job's buffers do not fit its stream.");
    return succeed(error);
}

int64_t ethosu_deadline(uint32_t timeout_ms)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return ((int64_t)now.tv_sec * 1000 + timeout_ms) * 1000000 + now.tv_nsec;
}

ethosu_code ethosu_wait(const ethosu_device *device, const ethosu_buffer *buffer, int64_t deadline_ns,
                        ethosu_error *error)
{
    struct bo_wait waited = {buffer->handle, 0, deadline_ns};
    int number = ask(device->descriptor, ETHOSU_BO_WAIT, &waited);

    if (number == ETIME || number == ETIMEDOUT || number == EBUSY)
        return fail(error, ETHOSU_TIMEOUT, number,
                    "The NPU did not finish in time (%s). The kernel log (dmesg) says whether it hangs; other programs "
                    "that use it take turns.",
                    errno_text(number));
    if (number)
        return device_failed(error, number, "BO_WAIT", "The kernel log (dmesg) may say why.");
    return succeed(error);
}
