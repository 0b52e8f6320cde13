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
        {ENOSYS, "ENOSYS, no such call"},
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
    return "an unexpected errno";
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

/* ---- SHA-256 (FIPS 180-4) -------------------------------------------------------------------------------------- */

#define DIGEST_BYTES 32
#define BLOCK_BYTES 64

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[BLOCK_BYTES];
};

static uint32_t rotate(uint32_t word, unsigned int bits)
{
    return word >> bits | word << (32 - bits);
}

static void sha256_block(struct sha256 *hash, const unsigned char *block)
{
    static const uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    };
    uint32_t w[64], s[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    memcpy(s, hash->state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t mixed = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t first = s[7] + mixed + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
        uint32_t spread = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t second = spread + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++)
        hash->state[i] += s[i];
}

static void sha256_begin(struct sha256 *hash)
{
    static const uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(hash->state, state, sizeof state);
    hash->bytes = 0;
}

static void sha256_add(struct sha256 *hash, const unsigned char *data, size_t bytes)
{
    while (bytes) {
        size_t held = (size_t)(hash->bytes % BLOCK_BYTES);
        size_t taken = bytes < BLOCK_BYTES - held ? bytes : BLOCK_BYTES - held;
        memcpy(hash->block + held, data, taken);
        hash->bytes += taken;
        data += taken;
        bytes -= taken;
        if (held + taken == BLOCK_BYTES)
            sha256_block(hash, hash->block);
    }
}

static void sha256_end(struct sha256 *hash, unsigned char digest[DIGEST_BYTES])
{
    static const unsigned char padding[BLOCK_BYTES] = {0x80};
    uint64_t bits = hash->bytes * 8;
    unsigned char length[8];

    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    sha256_add(hash, padding, 1 + (2 * BLOCK_BYTES - 9 - (size_t)(hash->bytes % BLOCK_BYTES)) % BLOCK_BYTES);
    sha256_add(hash, length, sizeof length);
    for (int i = 0; i < DIGEST_BYTES; i++)
        digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* ---- A loaded bundle ------------------------------------------------------------------------------------------- */

#define MANIFEST "manifest.json"
#define FORMAT_VERSION 1
#define LARGEST_MANIFEST_BYTES ((size_t)16 << 20)
#define LARGEST_TENSOR_BYTES ((size_t)1 << 30)
#define MOST_DIMENSIONS 16
#define DATA_ALIGNMENT 64
#define DEFAULT_TIMEOUT_MS 10000

struct file {
    const char *path;
    size_t bytes;
    unsigned char digest[DIGEST_BYTES];
    bool is_needed; /* by an inference; the others are for verification, or for people */
};

struct buffer {
    size_t bytes;
    const struct file *file; /* NULL: zeros */
    ethosu_buffer memory;
};

struct tensor {
    ethosu_tensor public;
    size_t element_bytes;
    const struct file *file; /* NULL unless its value is constant */
    bool is_known;           /* while the steps are read: a value exists at this point of the execution */
};

/* A tensor and its place in a buffer. */
struct copy {
    size_t tensor, buffer, offset;
};

struct state {
    struct copy place;
    const struct file *file;
    unsigned char *data;
};

struct region {
    size_t region, buffer;
};

struct step {
    bool is_npu;
    const struct file *file; /* command stream, or .tflite */
    size_t input_count, output_count;
    /* NPU */
    size_t sram_bytes;
    size_t region_count;
    struct region regions[ETHOSU_REGIONS];
    struct copy *inputs, *outputs;
    size_t job;      /* its index in the jobs */
    size_t together; /* how many steps, this and those that follow, are submitted at once */
    /* CPU */
    ethosu_cpu_step cpu;
};

struct requirement {
    const char *name, *meaning;
    uint32_t mask, value;
};

struct kernel {
    const char *series, *verdict, *why;
    size_t from, to;
};

/* Expected value of a tensor after a step. */
struct reference {
    size_t tensor;
    const struct file *file;
};

struct references {
    size_t count;
    struct reference *items;
};

struct verification_case {
    const char *name;
    const struct file **inputs, **outputs;
    struct references *steps; /* one for each step, or NULL */
};

/* Header of a piece of memory that belongs to the model; as large as the strictest alignment. */
union block {
    union block *next;
    long double alignment;
};

struct ethosu_direct {
    ethosu_direct_options options;
    ethosu_direct_facts facts;
    ethosu_device device;
    int folder;
    bool is_busy; /* a job that was submitted may still run */
    union block *blocks;
    const char *golden;
    size_t sram_bytes;
    size_t file_count, buffer_count, tensor_count, input_count, output_count, state_count, step_count;
    size_t requirement_count, kernel_count, case_count;
    struct file *files; /* sorted by path */
    struct buffer *buffers;
    struct tensor *tensors;
    size_t *inputs, *outputs;
    struct state *states;
    struct step *steps;
    const ethosu_cpu_step **cpu_steps;
    ethosu_job *jobs;
    struct requirement *requirements;
    struct kernel *kernels;
    struct verification_case *cases;
};

static ethosu_code out_of_memory(ethosu_error *error)
{
    return fail(error, ETHOSU_OUT_OF_MEMORY, ENOMEM, "This program is out of memory.");
}

/* Return zeroed memory for `count` items (at least one) that lives as long as the model, or NULL. */
static void *take(ethosu_direct *model, size_t count, size_t size)
{
    union block *block;

    count = count ? count : 1;
    if (count > (SIZE_MAX - sizeof *block) / size)
        return NULL;
    block = calloc(1, sizeof *block + count * size);
    if (!block)
        return NULL;
    block->next = model->blocks;
    model->blocks = block;
    return block + 1;
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

static ethosu_code damaged(ethosu_error *error, int number, const char *path, const char *what)
{
    return fail(error, ETHOSU_BAD_BUNDLE, number, "%s: %s. The bundle is incomplete or damaged; copy it again.", path,
                what);
}

/* Open a file of the bundle. Pipes and devices are no files; O_NONBLOCK, because opening them would wait. */
static ethosu_code open_file(const ethosu_direct *model, const char *path, int *descriptor, size_t *bytes,
                             ethosu_error *error)
{
    struct stat status;
    int number = 0;

    *bytes = 0;
    do
        *descriptor = openat(model->folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (*descriptor < 0 && errno == EINTR);
    if (*descriptor < 0 || fstat(*descriptor, &status))
        number = errno;
    else if (!S_ISREG(status.st_mode) || status.st_size < 0 || (uintmax_t)status.st_size > SIZE_MAX)
        number = EINVAL;
    if (!number) {
        *bytes = (size_t)status.st_size;
        return ETHOSU_OK;
    }
    if (*descriptor >= 0)
        (void)close(*descriptor);
    return damaged(error, number, path, number == EINVAL ? "not a regular file" : errno_text(number));
}

/* Read up to `bytes`, fewer at the end of the file. Returns 0 or the errno. */
static int read_piece(int descriptor, unsigned char *data, size_t bytes, size_t *done)
{
    *done = 0;
    while (*done < bytes) {
        ssize_t got = read(descriptor, data + *done, bytes - *done);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got == 0)
            break;
        if (got > 0)
            *done += (size_t)got;
    }
    return 0;
}

/* Read a file and compare it with the manifest; its bytes go to `destination` unless that is NULL. */
static ethosu_code read_file(const ethosu_direct *model, const struct file *file, void *destination,
                             ethosu_error *error)
{
    unsigned char piece[16384], digest[DIGEST_BYTES], *to = destination;
    struct sha256 hash;
    size_t bytes, left = file->bytes, got = 1;
    int descriptor = -1, number = 0;
    ethosu_code code = open_file(model, file->path, &descriptor, &bytes, error);

    if (code)
        return code;
    if (bytes != file->bytes) {
        (void)close(descriptor);
        return fail(error, ETHOSU_BAD_BUNDLE, 0,
                    "%s: %zu bytes, but the manifest says %zu. The bundle is incomplete or damaged; copy it again.",
                    file->path, bytes, file->bytes);
    }
    sha256_begin(&hash);
    while (left && got && !number) {
        number = read_piece(descriptor, piece, left < sizeof piece ? left : sizeof piece, &got);
        sha256_add(&hash, piece, got);
        if (to) {
            memcpy(to, piece, got);
            to += got;
        }
        left -= got;
    }
    (void)close(descriptor);
    if (number)
        return damaged(error, number, file->path, errno_text(number));
    sha256_end(&hash, digest);
    if (left || memcmp(digest, file->digest, sizeof digest))
        return damaged(error, 0, file->path, "its SHA-256 is not the manifest's");
    return ETHOSU_OK;
}

/* Return the manifest's text with a zero after it; the model owns it. */
static ethosu_code read_manifest_text(ethosu_direct *model, char **text, size_t *bytes, ethosu_error *error)
{
    int descriptor, number;
    size_t got = 0;
    ethosu_code code = open_file(model, MANIFEST, &descriptor, bytes, error);

    if (code)
        return code;
    if (*bytes > LARGEST_MANIFEST_BYTES) {
        (void)close(descriptor);
        return fail(error, ETHOSU_BAD_BUNDLE, 0, MANIFEST ": %zu bytes; at most %zu are read.", *bytes,
                    LARGEST_MANIFEST_BYTES);
    }
    *text = take(model, *bytes + 1, 1);
    number = *text ? read_piece(descriptor, (unsigned char *)*text, *bytes, &got) : 0;
    (void)close(descriptor);
    if (!*text)
        return out_of_memory(error);
    if (number || got != *bytes)
        return damaged(error, number, MANIFEST, number ? errno_text(number) : "it changes while it is read");
    return ETHOSU_OK;
}

/* ---- JSON (RFC 8259), up to the limits below; strings are decoded where they stand ----------------------------- */

#define DEEPEST_JSON 32
#define MOST_VALUES ((uint32_t)1 << 20)
#define MOST_KEYS 256
#define LONGEST_NUMBER 64

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    uint32_t count;       /* elements of an array, keys of an object */
    uint32_t child, next; /* indices of the first element and of the next one; 0: none */
    const char *key;      /* in an object */
    const char *text;     /* of a string */
    int64_t integer;
    double number; /* of an integer too */
};

struct document {
    char *begin, *at;
    const char *end;
    struct json *values; /* [0] is unused */
    uint32_t count, room;
    const char *problem; /* NULL: none */
};

static bool refuse(struct document *document, const char *problem)
{
    document->problem = problem;
    return false;
}

static uint32_t add_value(struct document *document, enum json_kind kind)
{
    if (document->count == MOST_VALUES) {
        (void)refuse(document, "too many values");
        return 0;
    }
    if (document->count == document->room) {
        uint32_t room = document->room ? 2 * document->room : 256;
        struct json *values = realloc(document->values, room * sizeof *values);
        if (!values) {
            (void)refuse(document, "out of memory");
            return 0;
        }
        document->values = values;
        document->room = room;
    }
    if (!document->count)
        memset(&document->values[document->count++], 0, sizeof *document->values);
    memset(&document->values[document->count], 0, sizeof *document->values);
    document->values[document->count].kind = kind;
    return document->count++;
}

static void skip_space(struct document *document)
{
    while (document->at < document->end && (*document->at == ' ' || *document->at == '\n' || *document->at == '\r' ||
                                            *document->at == '\t'))
        document->at++;
}

/* Step over `c` if it comes next. The text ends with a zero, so that looking at its end is safe. */
static bool accept(struct document *document, char c)
{
    if (document->at == document->end || *document->at != c)
        return false;
    document->at++;
    return true;
}

/* Return how many bytes the character at `text` has, 0 if it is no UTF-8. The text ends with a zero. */
static size_t utf8_bytes(const unsigned char *text)
{
    size_t bytes = *text < 0x80 ? 1 : *text < 0xc2 ? 0 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : *text < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f)) /* too long; surrogates */
        return 0;
    if ((*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f)) /* too long; above U+10FFFF */
        return 0;
    return bytes;
}

static bool parse_hex(struct document *document, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, document->at++) {
        char c = *document->at;
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return refuse(document, "\\u needs four hexadecimal digits");
        *code = *code << 4 | digit;
    }
    return true;
}

/* Decode the escape after a backslash to `*to`; it is never longer than what it stands for. */
static bool parse_escape(struct document *document, char **to)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *name = *document->at ? strchr(names, *document->at) : NULL;
    uint32_t code, low;

    if (name) {
        document->at++;
        *(*to)++ = values[name - names];
        return true;
    }
    if (!accept(document, 'u'))
        return refuse(document, "unknown escape in a string");
    if (!parse_hex(document, &code))
        return false;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || !accept(document, '\\') || !accept(document, 'u') || !parse_hex(document, &low) ||
            low < 0xdc00 || low >= 0xe000)
            return refuse(document, "half a surrogate pair in a string");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (!code)
        return refuse(document, "a zero character in a string");
    if (code < 0x80) {
        *(*to)++ = (char)code;
        return true;
    }
    if (code < 0x800) {
        *(*to)++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *(*to)++ = (char)(0xe0 | code >> 12);
        } else {
            *(*to)++ = (char)(0xf0 | code >> 18);
            *(*to)++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *(*to)++ = (char)(0x80 | (code & 0x3f));
    return true;
}

static bool parse_string(struct document *document, const char **text)
{
    char *to = document->at + 1;

    document->at++;
    *text = to;
    while (!accept(document, '"')) {
        if (document->at == document->end)
            return refuse(document, "a string without an end");
        if ((unsigned char)*document->at < ' ')
            return refuse(document, "a control character in a string");
        if (accept(document, '\\')) {
            if (!parse_escape(document, &to))
                return false;
        } else {
            size_t bytes = utf8_bytes((const unsigned char *)document->at);
            if (!bytes)
                return refuse(document, "a string is not UTF-8");
            memmove(to, document->at, bytes);
            to += bytes;
            document->at += bytes;
        }
    }
    *to = '\0';
    return true;
}

static bool parse_digits(struct document *document)
{
    const char *begin = document->at;

    while (*document->at >= '0' && *document->at <= '9')
        document->at++;
    return document->at != begin || refuse(document, "a number without digits");
}

/* Parse a number; strtod and strtoll run in the C locale and stop where the grammar does. */
static bool parse_number(struct document *document, struct json *value)
{
    const char *begin = document->at;

    (void)accept(document, '-');
    if (!accept(document, '0') && !parse_digits(document))
        return false;
    value->kind = JSON_INTEGER;
    if (accept(document, '.')) {
        value->kind = JSON_REAL;
        if (!parse_digits(document))
            return false;
    }
    if (accept(document, 'e') || accept(document, 'E')) {
        value->kind = JSON_REAL;
        if (!accept(document, '+'))
            (void)accept(document, '-');
        if (!parse_digits(document))
            return false;
    }
    if (document->at - begin > LONGEST_NUMBER)
        return refuse(document, "a number of too many digits");
    errno = 0;
    if (value->kind == JSON_INTEGER) {
        long long integer = strtoll(begin, NULL, 10);
        value->integer = integer;
        value->number = (double)integer;
    } else {
        value->number = strtod(begin, NULL);
    }
    if (errno == ERANGE && (value->kind == JSON_INTEGER || value->number > 1 || value->number < -1))
        return refuse(document, "a number too large");
    return true;
}

static bool parse_word(struct document *document, const char *word)
{
    size_t bytes = strlen(word);

    if ((size_t)(document->end - document->at) < bytes || memcmp(document->at, word, bytes) != 0)
        return refuse(document, "no JSON value");
    document->at += bytes;
    return true;
}

static bool parse_value(struct document *document, unsigned int depth, uint32_t *index);

static bool is_new_key(const struct document *document, const struct json *object, const char *key)
{
    for (uint32_t i = object->child; i; i = document->values[i].next)
        if (strcmp(document->values[i].key, key) == 0)
            return false;
    return true;
}

/* Parse what stands between brackets, which `depth` others enclose. */
static bool parse_container(struct document *document, unsigned int depth, uint32_t index)
{
    bool is_object = document->values[index].kind == JSON_OBJECT;
    char closing = is_object ? '}' : ']';
    uint32_t last = 0, added;

    document->at++;
    skip_space(document);
    if (accept(document, closing))
        return true;
    do {
        const char *key = NULL;
        skip_space(document);
        if (is_object) {
            if (document->at == document->end || *document->at != '"')
                return refuse(document, "an object's key is no string");
            if (!parse_string(document, &key))
                return false;
            if (document->values[index].count == MOST_KEYS || !is_new_key(document, &document->values[index], key))
                return refuse(document, "a key twice in an object, or too many");
            skip_space(document);
            if (!accept(document, ':'))
                return refuse(document, "a key without a colon");
        }
        if (!parse_value(document, depth + 1, &added))
            return false;
        document->values[added].key = key;
        *(last ? &document->values[last].next : &document->values[index].child) = added;
        last = added;
        document->values[index].count++;
        skip_space(document);
    } while (accept(document, ','));
    return accept(document, closing) || refuse(document, "a comma or a closing bracket is missing");
}

static bool parse_value(struct document *document, unsigned int depth, uint32_t *index)
{
    skip_space(document);
    *index = add_value(document, JSON_NULL);
    if (!*index)
        return false;
    if (document->at == document->end)
        return refuse(document, "it ends too early");
    switch (*document->at) {
    case '{':
    case '[':
        if (depth == DEEPEST_JSON)
            return refuse(document, "too many nested brackets");
        document->values[*index].kind = *document->at == '{' ? JSON_OBJECT : JSON_ARRAY;
        return parse_container(document, depth, *index);
    case '"':
        document->values[*index].kind = JSON_STRING;
        return parse_string(document, &document->values[*index].text);
    case 't':
        document->values[*index].kind = JSON_TRUE;
        return parse_word(document, "true");
    case 'f':
        document->values[*index].kind = JSON_FALSE;
        return parse_word(document, "false");
    case 'n':
        return parse_word(document, "null");
    default:
        return parse_number(document, &document->values[*index]);
    }
}

/* Parse `bytes` of `text`, which ends with a zero and is overwritten. The caller frees the values, also after an error. */
static ethosu_code parse_json(char *text, size_t bytes, struct document *document, ethosu_error *error)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
    uint32_t root;

    memset(document, 0, sizeof *document);
    if (c_locale == (locale_t)0)
        return out_of_memory(error);
    document->begin = document->at = text;
    document->end = text + bytes;
    before = uselocale(c_locale);
    if (parse_value(document, 0, &root)) {
        skip_space(document);
        if (document->at != document->end)
            (void)refuse(document, "something follows the end");
    }
    (void)uselocale(before);
    freelocale(c_locale);
    if (!document->problem)
        return ETHOSU_OK;
    return fail(error, ETHOSU_BAD_BUNDLE, 0,
                MANIFEST ": not valid at byte %zu: %s. The bundle is damaged; copy it again.",
                (size_t)(document->at - document->begin), document->problem);
}

/* ---- The manifest: every value is checked when it is read ------------------------------------------------------ */

#define PLACE_BYTES 96

struct reader {
    const struct json *values;
    ethosu_direct *model;
    const char *folder;
    ethosu_error *error;
    ethosu_code code;
    char place[PLACE_BYTES]; /* what is read now, such as steps[3] */
};

PRINTS(2, 3)
static void go_to(struct reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reader->place, sizeof reader->place, format, arguments);
    va_end(arguments);
}

/* Note that a value is wrong and return false. */
PRINTS(3, 4)
static bool wrong(struct reader *reader, const char *key, const char *format, ...)
{
    char what[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    reader->code = fail(reader->error, ETHOSU_BAD_BUNDLE, 0, MANIFEST ": %s%s%s: %s", reader->place,
                        *reader->place && *key ? "." : "", key, what);
    return false;
}

static bool no_memory(struct reader *reader)
{
    reader->code = out_of_memory(reader->error);
    return false;
}

static const struct json *first_of(const struct reader *reader, const struct json *container)
{
    return container->child ? &reader->values[container->child] : NULL;
}

static const struct json *next_of(const struct reader *reader, const struct json *value)
{
    return value->next ? &reader->values[value->next] : NULL;
}

/* Return the value of `key`, NULL if there is none or it is null. */
static const struct json *member(const struct reader *reader, const struct json *object, const char *key)
{
    if (object->kind != JSON_OBJECT)
        return NULL;
    for (const struct json *value = first_of(reader, object); value; value = next_of(reader, value))
        if (strcmp(value->key, key) == 0)
            return value->kind == JSON_NULL ? NULL : value;
    return NULL;
}

static const char *kind_name(enum json_kind kind)
{
    static const char *const names[] = {"null",     "false",    "true",     "an integer",
                                        "a number", "a string", "an array", "an object"};
    return names[kind];
}

/* Return the value of `key` if it is of this kind, otherwise NULL. */
static const struct json *required(struct reader *reader, const struct json *object, const char *key,
                                   enum json_kind kind)
{
    const struct json *value = member(reader, object, key);

    if (value && value->kind == kind)
        return value;
    (void)wrong(reader, key, "%s is expected, not %s.", kind_name(kind), value ? kind_name(value->kind) : "nothing");
    return NULL;
}

static bool to_size(struct reader *reader, const struct json *value, const char *key, size_t most, size_t *size)
{
    if (value->kind != JSON_INTEGER)
        return wrong(reader, key, "an integer is expected, not %s.", kind_name(value->kind));
    if (value->integer < 0 || (uint64_t)value->integer > most)
        return wrong(reader, key, "%" PRId64 " is not in 0 to %zu.", value->integer, most);
    *size = (size_t)value->integer;
    return true;
}

static bool read_size(struct reader *reader, const struct json *object, const char *key, size_t most, size_t *size)
{
    const struct json *value = required(reader, object, key, JSON_INTEGER);

    return value && to_size(reader, value, key, most, size);
}

static bool to_index(struct reader *reader, const struct json *value, const char *key, size_t count, size_t *index)
{
    if (!count)
        return wrong(reader, key, "there is nothing that it could name.");
    return to_size(reader, value, key, count - 1, index);
}

static bool read_index(struct reader *reader, const struct json *object, const char *key, size_t count, size_t *index)
{
    const struct json *value = required(reader, object, key, JSON_INTEGER);

    return value && to_index(reader, value, key, count, index);
}

static bool read_register(struct reader *reader, const struct json *object, const char *key, uint32_t *value)
{
    size_t size = 0;

    if (!read_size(reader, object, key, UINT32_MAX, &size))
        return false;
    *value = (uint32_t)size;
    return true;
}

static const char *read_text(struct reader *reader, const struct json *object, const char *key)
{
    const struct json *value = required(reader, object, key, JSON_STRING);

    return value ? value->text : NULL;
}

/* Return a text that is only shown. */
static const char *optional_text(const struct reader *reader, const struct json *object, const char *key)
{
    const struct json *value = object ? member(reader, object, key) : NULL;

    return value && value->kind == JSON_STRING ? value->text : "";
}

/* Read the list of `key`; the pointer that `items` points to gets zeroed room for its elements. */
static const struct json *read_list(struct reader *reader, const struct json *object, const char *key, size_t size,
                                    void *items, size_t *count)
{
    const struct json *list = required(reader, object, key, JSON_ARRAY);
    void *room;

    if (!list)
        return NULL;
    room = take(reader->model, list->count, size);
    if (!room) {
        (void)no_memory(reader);
        return NULL;
    }
    memcpy(items, &room, sizeof room);
    *count = list->count;
    return list;
}

/* ---- The manifest: files --------------------------------------------------------------------------------------- */

static bool is_safe_path(const char *path)
{
    const char *part = path;

    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '\\')
            return false;
    do {
        size_t bytes = strcspn(part, "/");
        if (bytes == 0 || (bytes == 1 && part[0] == '.') || (bytes == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += bytes;
    } while (*part++ == '/');
    return strlen(path) < PATH_MAX;
}

static bool read_digest(struct reader *reader, const struct json *object, unsigned char digest[DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const char *text = read_text(reader, object, "sha256");

    if (!text)
        return false;
    if (strlen(text) != (size_t)2 * DIGEST_BYTES || strspn(text, digits) != (size_t)2 * DIGEST_BYTES)
        return wrong(reader, "sha256", "64 hexadecimal digits in lower case are expected.");
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        digest[i] = (unsigned char)((strchr(digits, text[2 * i]) - digits) << 4 |
                                    (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static bool read_files(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *list = read_list(reader, root, "files", sizeof *model->files, &model->files, &model->file_count);
    struct file *file = model->files;

    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), file++) {
        go_to(reader, "files[%zu]", (size_t)(file - model->files));
        file->path = read_text(reader, item, "path");
        if (!file->path || !read_size(reader, item, "bytes", SIZE_MAX, &file->bytes) ||
            !read_digest(reader, item, file->digest))
            return false;
        if (!is_safe_path(file->path))
            return wrong(reader, "path", "\"%s\" is not a path inside the bundle.", file->path);
    }
    qsort(model->files, model->file_count, sizeof *model->files, compare_paths);
    go_to(reader, "files");
    for (size_t i = 1; i < model->file_count; i++)
        if (compare_paths(&model->files[i - 1], &model->files[i]) == 0)
            return wrong(reader, "", "\"%s\" is listed twice.", model->files[i].path);
    return true;
}

/* Return the file that `value` names, NULL if it is not listed. */
static struct file *to_file(struct reader *reader, const struct json *value, const char *key)
{
    struct file wanted, *found;

    if (value->kind != JSON_STRING) {
        (void)wrong(reader, key, "a path is expected, not %s.", kind_name(value->kind));
        return NULL;
    }
    wanted.path = value->text;
    found = bsearch(&wanted, reader->model->files, reader->model->file_count, sizeof wanted, compare_paths);
    if (!found)
        (void)wrong(reader, key, "\"%s\" is not in the list of files.", value->text);
    return found;
}

/* Return the file of `key`, which an inference needs. */
static const struct file *needed_file(struct reader *reader, const struct json *object, const char *key)
{
    const struct json *value = required(reader, object, key, JSON_STRING);
    struct file *file = value ? to_file(reader, value, key) : NULL;

    if (file)
        file->is_needed = true;
    return file;
}

/* Return a file with the value of a tensor. */
static struct file *value_file(struct reader *reader, const struct json *value, const char *key, size_t tensor)
{
    struct file *file = to_file(reader, value, key);
    size_t bytes = reader->model->tensors[tensor].public.bytes;

    if (!file || file->bytes == bytes)
        return file;
    (void)wrong(reader, key, "\"%s\" has %zu bytes, but tensor %zu has %zu.", file->path, file->bytes, tensor, bytes);
    return NULL;
}

/* ---- The manifest: memory and tensors -------------------------------------------------------------------------- */

static bool read_buffers(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *list =
        read_list(reader, root, "buffers", sizeof *model->buffers, &model->buffers, &model->buffer_count);
    struct buffer *buffer = model->buffers;

    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), buffer++) {
        go_to(reader, "buffers[%zu]", (size_t)(buffer - model->buffers));
        if (!read_size(reader, item, "bytes", SIZE_MAX / 2, &buffer->bytes))
            return false;
        if (!buffer->bytes)
            return wrong(reader, "bytes", "a buffer cannot be empty.");
        if (member(reader, item, "file")) {
            buffer->file = needed_file(reader, item, "file");
            if (!buffer->file)
                return false;
            if (buffer->file->bytes > buffer->bytes)
                return wrong(reader, "file", "\"%s\" is larger than the buffer (%zu bytes).", buffer->file->path,
                             buffer->bytes);
        }
        model->facts.npu_bytes += buffer->bytes; /* only shown */
    }
    return true;
}

struct element {
    const char *name;
    size_t bits;
    ethosu_type type;
};

static const struct element *find_element(const char *name)
{
    static const struct element elements[] = {
        {"int8", 8, ETHOSU_INT8},           {"uint8", 8, ETHOSU_UINT8},
        {"int16", 16, ETHOSU_INT16},        {"uint16", 16, ETHOSU_UINT16},
        {"int32", 32, ETHOSU_INT32},        {"uint32", 32, ETHOSU_UINT32},
        {"int64", 64, ETHOSU_INT64},        {"uint64", 64, ETHOSU_UINT64},
        {"bool", 8, ETHOSU_BOOL},           {"float16", 16, ETHOSU_FLOAT16},
        {"float32", 32, ETHOSU_FLOAT32},    {"float64", 64, ETHOSU_FLOAT64},
        {"bfloat16", 16, ETHOSU_OTHER},     {"complex64", 64, ETHOSU_OTHER},
        {"complex128", 128, ETHOSU_OTHER},  {"float8_e4m3fn", 8, ETHOSU_OTHER},
        {"float8_e5m2", 8, ETHOSU_OTHER},   {"int4", 4, ETHOSU_OTHER},
        {"uint4", 4, ETHOSU_OTHER},         {"int2", 2, ETHOSU_OTHER},
    };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strcmp(elements[i].name, name) == 0)
            return &elements[i];
    return NULL;
}

/* Read the shape, and compare the size with it: whole bytes, elements of less than a byte packed. */
static bool read_shape(struct reader *reader, const struct json *item, struct tensor *tensor,
                       const struct element *element)
{
    const uint64_t most_bits = 8 * (uint64_t)LARGEST_TENSOR_BYTES;
    uint64_t bits = element->bits;
    size_t *shape;
    const struct json *list = read_list(reader, item, "shape", sizeof *shape, &shape, &tensor->public.rank);

    if (!list)
        return false;
    if (tensor->public.rank > MOST_DIMENSIONS)
        return wrong(reader, "shape", "%zu dimensions; at most %d are read.", tensor->public.rank, MOST_DIMENSIONS);
    tensor->public.shape = shape;
    for (const struct json *value = first_of(reader, list); value; value = next_of(reader, value), shape++) {
        if (!to_size(reader, value, "shape", LARGEST_TENSOR_BYTES, shape))
            return false;
        if (!*shape || bits > most_bits / *shape)
            return wrong(reader, "shape", "empty, or over %zu bytes.", LARGEST_TENSOR_BYTES);
        bits *= *shape;
    }
    if (tensor->public.bytes != (bits + 7) / 8)
        return wrong(reader, "bytes", "%zu, but its type and shape need %" PRIu64 ".", tensor->public.bytes,
                     (bits + 7) / 8);
    return true;
}

static bool read_quantization(struct reader *reader, const struct json *item, struct tensor *tensor)
{
    size_t zero_count;
    double *scale;
    int64_t *zero;
    const struct json *scales = read_list(reader, item, "scales", sizeof *scale, &scale, &tensor->public.scale_count);
    const struct json *zeros = scales ? read_list(reader, item, "zero_points", sizeof *zero, &zero, &zero_count) : NULL;

    if (!zeros)
        return false;
    if (tensor->public.scale_count && zero_count != tensor->public.scale_count)
        return wrong(reader, "zero_points", "%zu of them for %zu scales.", zero_count, tensor->public.scale_count);
    tensor->public.scales = scale;
    tensor->public.zero_points = zero;
    for (const struct json *value = first_of(reader, scales); value; value = next_of(reader, value), scale++) {
        if (value->kind != JSON_REAL && value->kind != JSON_INTEGER)
            return wrong(reader, "scales", "a number is expected, not %s.", kind_name(value->kind));
        *scale = value->number;
    }
    for (const struct json *value = first_of(reader, zeros); value; value = next_of(reader, value), zero++) {
        if (value->kind != JSON_INTEGER)
            return wrong(reader, "zero_points", "an integer is expected, not %s.", kind_name(value->kind));
        *zero = value->integer;
    }
    return !member(reader, item, "axis") || read_size(reader, item, "axis", MOST_DIMENSIONS, &tensor->public.axis);
}

static bool read_tensors(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *list =
        read_list(reader, root, "tensors", sizeof *model->tensors, &model->tensors, &model->tensor_count);
    struct tensor *tensor = model->tensors;

    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), tensor++) {
        size_t index = (size_t)(tensor - model->tensors);
        const struct element *element;
        go_to(reader, "tensors[%zu]", index);
        tensor->public.name = read_text(reader, item, "name");
        tensor->public.type_name = tensor->public.name ? read_text(reader, item, "type") : NULL;
        if (!tensor->public.type_name ||
            !read_size(reader, item, "bytes", LARGEST_TENSOR_BYTES, &tensor->public.bytes))
            return false;
        element = find_element(tensor->public.type_name);
        if (!element)
            return wrong(reader, "type", "\"%s\" is unknown, or has no fixed size.", tensor->public.type_name);
        tensor->public.type = element->type;
        tensor->element_bytes = element->bits < 8 ? 1 : element->bits / 8;
        if (!read_shape(reader, item, tensor, element) || !read_quantization(reader, item, tensor))
            return false;
        if (member(reader, item, "file")) {
            tensor->file = needed_file(reader, item, "file");
            if (!tensor->file || !value_file(reader, member(reader, item, "file"), "file", index))
                return false;
            tensor->is_known = true;
        }
    }
    return true;
}

static bool read_tensor_list(struct reader *reader, const struct json *object, const char *key, size_t **tensors,
                             size_t *count)
{
    const struct json *list = read_list(reader, object, key, sizeof **tensors, tensors, count);
    size_t *tensor = list ? *tensors : NULL;

    if (!list)
        return false;
    for (const struct json *value = first_of(reader, list); value; value = next_of(reader, value), tensor++)
        if (!to_index(reader, value, key, reader->model->tensor_count, tensor))
            return false;
    return true;
}

static bool read_place(struct reader *reader, const struct json *item, struct copy *copy)
{
    const ethosu_direct *model = reader->model;
    size_t bytes;

    if (!read_index(reader, item, "tensor", model->tensor_count, &copy->tensor) ||
        !read_index(reader, item, "buffer", model->buffer_count, &copy->buffer) ||
        !read_size(reader, item, "offset", SIZE_MAX, &copy->offset))
        return false;
    bytes = model->buffers[copy->buffer].bytes;
    if (copy->offset > bytes || model->tensors[copy->tensor].public.bytes > bytes - copy->offset)
        return wrong(reader, "offset", "tensor %zu (%zu bytes) at %zu exceeds buffer %zu (%zu bytes).", copy->tensor,
                     model->tensors[copy->tensor].public.bytes, copy->offset, copy->buffer, bytes);
    return true;
}

static bool read_states(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *list;
    struct state *state;

    if (!member(reader, root, "state"))
        return true;
    list = read_list(reader, root, "state", sizeof *model->states, &model->states, &model->state_count);
    state = model->states;
    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), state++) {
        go_to(reader, "state[%zu]", (size_t)(state - model->states));
        if (!read_place(reader, item, &state->place))
            return false;
        state->file = needed_file(reader, item, "file");
        if (!state->file || !value_file(reader, member(reader, item, "file"), "file", state->place.tensor))
            return false;
    }
    return true;
}

/* ---- The manifest: steps --------------------------------------------------------------------------------------- */

/* Note that a step reads a tensor. */
static bool use(struct reader *reader, const char *key, size_t tensor)
{
    if (reader->model->tensors[tensor].is_known)
        return true;
    return wrong(reader, key, "tensor %zu has no value yet: it is no input, and no step before this one writes it.",
                 tensor);
}

static bool read_copies(struct reader *reader, const struct json *step, const char *key, size_t number,
                        struct copy **copies, size_t *count)
{
    const struct json *list = read_list(reader, step, key, sizeof **copies, copies, count);
    struct copy *copy = list ? *copies : NULL;

    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), copy++) {
        go_to(reader, "steps[%zu].%s[%zu]", number, key, (size_t)(copy - *copies));
        if (!read_place(reader, item, copy))
            return false;
    }
    go_to(reader, "steps[%zu]", number);
    return true;
}

static bool read_regions(struct reader *reader, const struct json *item, size_t number, struct step *step)
{
    const ethosu_direct *model = reader->model;
    const struct json *list = required(reader, item, "regions", JSON_ARRAY);
    bool is_used[ETHOSU_REGIONS] = {false};

    if (!list)
        return false;
    if (list->count < 1 || list->count > ETHOSU_REGIONS)
        return wrong(reader, "regions", "1 to %d regions are expected, not %" PRIu32 ".", ETHOSU_REGIONS, list->count);
    for (const struct json *value = first_of(reader, list); value; value = next_of(reader, value)) {
        struct region *region = &step->regions[step->region_count];
        go_to(reader, "steps[%zu].regions[%zu]", number, step->region_count++);
        if (!read_index(reader, value, "region", ETHOSU_REGIONS, &region->region) ||
            !read_index(reader, value, "buffer", model->buffer_count, &region->buffer))
            return false;
        if (is_used[region->region] || (region->region == 2 && step->sram_bytes))
            return wrong(reader, "region", "region %zu has two memories.", region->region);
        is_used[region->region] = true;
    }
    go_to(reader, "steps[%zu]", number);
    return true;
}

static bool read_npu_step(struct reader *reader, const struct json *item, size_t number, struct step *step)
{
    ethosu_direct *model = reader->model;

    step->is_npu = true;
    step->file = needed_file(reader, item, "stream");
    if (!step->file || !read_size(reader, item, "sram_bytes", model->sram_bytes, &step->sram_bytes))
        return false;
    if (!step->file->bytes || step->file->bytes % 4 || step->file->bytes > UINT32_MAX)
        return wrong(reader, "stream", "%zu bytes are no command stream: it has whole words.", step->file->bytes);
    if (!read_regions(reader, item, number, step) ||
        !read_copies(reader, item, "inputs", number, &step->inputs, &step->input_count) ||
        !read_copies(reader, item, "outputs", number, &step->outputs, &step->output_count))
        return false;
    for (size_t i = 0; i < step->input_count; i++)
        if (!use(reader, "inputs", step->inputs[i].tensor))
            return false;
    for (size_t i = 0; i < step->output_count; i++)
        model->tensors[step->outputs[i].tensor].is_known = true;
    step->job = model->facts.npu_steps++;
    return true;
}

/* Return pointers to the tensors with these indices, NULL if there is no memory. */
static const ethosu_tensor *const *point_to(ethosu_direct *model, const size_t *tensors, size_t count)
{
    const ethosu_tensor **pointers = take(model, count, sizeof *pointers);

    for (size_t i = 0; pointers && i < count; i++)
        pointers[i] = &model->tensors[tensors[i]].public;
    return pointers;
}

static bool read_cpu_step(struct reader *reader, const struct json *item, struct step *step)
{
    ethosu_direct *model = reader->model;
    size_t *inputs, *outputs, room;
    char *path;

    step->file = needed_file(reader, item, "file");
    if (!step->file || !read_tensor_list(reader, item, "inputs", &inputs, &step->input_count) ||
        !read_tensor_list(reader, item, "outputs", &outputs, &step->output_count))
        return false;
    for (size_t i = 0; i < step->input_count; i++)
        if (!use(reader, "inputs", inputs[i]))
            return false;
    for (size_t i = 0; i < step->output_count; i++) {
        if (model->tensors[outputs[i]].file)
            return wrong(reader, "outputs", "tensor %zu is constant.", outputs[i]);
        model->tensors[outputs[i]].is_known = true;
    }
    room = strlen(reader->folder) + strlen(step->file->path) + 2;
    path = take(model, room, 1);
    step->cpu.inputs = point_to(model, inputs, step->input_count);
    step->cpu.outputs = point_to(model, outputs, step->output_count);
    if (!path || !step->cpu.inputs || !step->cpu.outputs)
        return no_memory(reader);
    (void)snprintf(path, room, "%s/%s", reader->folder, step->file->path);
    step->cpu.path = path;
    step->cpu.input_count = step->input_count;
    step->cpu.output_count = step->output_count;
    step->cpu.index = model->facts.cpu_steps++;
    return true;
}

/* NPU steps between which nothing is copied are submitted at once; the kernel runs them in their order. */
static void group_steps(ethosu_direct *model)
{
    for (size_t i = model->step_count; i-- > 0;) {
        struct step *step = &model->steps[i], *next = step + 1;
        bool is_followed = i + 1 < model->step_count && step->is_npu && next->is_npu;
        step->together = is_followed && !step->output_count && !next->input_count ? next->together + 1 : 1;
    }
}

static bool read_steps(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *list = read_list(reader, root, "steps", sizeof *model->steps, &model->steps, &model->step_count);
    struct step *step = model->steps;

    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), step++) {
        size_t number = (size_t)(step - model->steps);
        const char *kind;
        go_to(reader, "steps[%zu]", number);
        kind = read_text(reader, item, "kind");
        if (!kind)
            return false;
        if (strcmp(kind, "npu") != 0 && strcmp(kind, "cpu") != 0)
            return wrong(reader, "kind", "\"%s\" is neither npu nor cpu.", kind);
        if (!(*kind == 'n' ? read_npu_step(reader, item, number, step) : read_cpu_step(reader, item, step)))
            return false;
    }
    model->jobs = take(model, model->facts.npu_steps, sizeof *model->jobs);
    model->cpu_steps = take(model, model->facts.cpu_steps, sizeof *model->cpu_steps);
    if (!model->jobs || !model->cpu_steps)
        return no_memory(reader);
    for (size_t i = 0; i < model->step_count; i++)
        if (!model->steps[i].is_npu)
            model->cpu_steps[model->steps[i].cpu.index] = &model->steps[i].cpu;
    group_steps(model);
    return true;
}

/* ---- The manifest: device, kernels, verification --------------------------------------------------------------- */

static bool read_device(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *device = required(reader, root, "device", JSON_OBJECT), *list;
    struct requirement *requirement;
    const char *driver;

    if (!device)
        return false;
    go_to(reader, "device");
    driver = read_text(reader, device, "driver");
    if (!driver || !read_size(reader, device, "sram_bytes", UINT32_MAX, &model->sram_bytes))
        return false;
    if (strcmp(driver, DRIVER) != 0)
        return wrong(reader, "driver", "\"%s\"; this library uses " DRIVER ".", driver);
    list = read_list(reader, device, "registers", sizeof *model->requirements, &model->requirements,
                     &model->requirement_count);
    requirement = model->requirements;
    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), requirement++) {
        go_to(reader, "device.registers[%zu]", (size_t)(requirement - model->requirements));
        requirement->name = read_text(reader, item, "name");
        requirement->meaning = optional_text(reader, item, "meaning");
        if (!requirement->name || !read_register(reader, item, "mask", &requirement->mask) ||
            !read_register(reader, item, "value", &requirement->value))
            return false;
        if (strcmp(requirement->name, "id") != 0 && strcmp(requirement->name, "config") != 0)
            return wrong(reader, "name", "\"%s\"; the driver tells the registers id and config.", requirement->name);
    }
    return true;
}

static bool read_kernels(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *list =
        read_list(reader, root, "kernels", sizeof *model->kernels, &model->kernels, &model->kernel_count);
    struct kernel *kernel = model->kernels;

    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), kernel++) {
        go_to(reader, "kernels[%zu]", (size_t)(kernel - model->kernels));
        kernel->series = read_text(reader, item, "series");
        kernel->verdict = kernel->series ? read_text(reader, item, "verdict") : NULL;
        kernel->why = optional_text(reader, item, "why");
        kernel->to = SIZE_MAX;
        if (!kernel->verdict || !read_size(reader, item, "from", INT_MAX, &kernel->from) ||
            (member(reader, item, "to") && !read_size(reader, item, "to", INT_MAX, &kernel->to)))
            return false;
    }
    return true;
}

/* Read the files with the values of these tensors. */
static bool read_values(struct reader *reader, const struct json *item, const char *key, const size_t *tensors,
                        size_t count, const struct file ***files)
{
    size_t given = 0;
    const struct json *list = read_list(reader, item, key, sizeof **files, files, &given);
    const struct file **file = list ? *files : NULL;

    if (!list)
        return false;
    if (given != count)
        return wrong(reader, key, "%zu files for %zu tensors.", given, count);
    for (const struct json *value = first_of(reader, list); value; value = next_of(reader, value), file++, tensors++) {
        *file = value_file(reader, value, key, *tensors);
        if (!*file)
            return false;
    }
    return true;
}

static bool read_references(struct reader *reader, const struct json *list, struct references *references)
{
    struct reference *reference;

    if (list->kind != JSON_ARRAY)
        return wrong(reader, "steps", "an array is expected, not %s.", kind_name(list->kind));
    reference = references->items = take(reader->model, list->count, sizeof *reference);
    if (!reference)
        return no_memory(reader);
    references->count = list->count;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), reference++) {
        const struct json *file = required(reader, item, "file", JSON_STRING);
        if (!file || !read_index(reader, item, "tensor", reader->model->tensor_count, &reference->tensor))
            return false;
        reference->file = value_file(reader, file, "file", reference->tensor);
        if (!reference->file)
            return false;
    }
    return true;
}

static bool read_case(struct reader *reader, const struct json *item, struct verification_case *kept)
{
    const ethosu_direct *model = reader->model;
    const struct json *steps;
    struct references *references;
    size_t count;

    kept->name = optional_text(reader, item, "name");
    if (!read_values(reader, item, "inputs", model->inputs, model->input_count, &kept->inputs) ||
        !read_values(reader, item, "outputs", model->outputs, model->output_count, &kept->outputs))
        return false;
    if (!member(reader, item, "steps"))
        return true;
    steps = read_list(reader, item, "steps", sizeof *kept->steps, &kept->steps, &count);
    if (!steps)
        return false;
    if (count != model->step_count)
        return wrong(reader, "steps", "%zu lists for %zu steps.", count, model->step_count);
    references = kept->steps;
    for (const struct json *list = first_of(reader, steps); list; list = next_of(reader, list), references++)
        if (!read_references(reader, list, references))
            return false;
    return true;
}

static bool read_verification(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;
    const struct json *verification = member(reader, root, "verification"), *list;
    struct verification_case *kept;

    model->golden = optional_text(reader, verification, "golden");
    if (!verification)
        return true;
    go_to(reader, "verification");
    list = read_list(reader, verification, "cases", sizeof *model->cases, &model->cases, &model->case_count);
    kept = model->cases;
    if (!list)
        return false;
    for (const struct json *item = first_of(reader, list); item; item = next_of(reader, item), kept++) {
        go_to(reader, "verification.cases[%zu]", (size_t)(kept - model->cases));
        if (!read_case(reader, item, kept))
            return false;
    }
    return true;
}

/* ---- The manifest: all of it ----------------------------------------------------------------------------------- */

static bool read_version(struct reader *reader, const struct json *root)
{
    size_t version;

    if (root->kind != JSON_OBJECT || !member(reader, root, "npufit_direct"))
        return wrong(reader, "", "not a bundle's manifest: \"npufit_direct\" is missing.");
    if (!read_size(reader, root, "npufit_direct", SIZE_MAX, &version))
        return false;
    if (version != FORMAT_VERSION)
        return wrong(reader, "npufit_direct",
                     "format %zu; this library reads format %d. Take ethosu_direct.c from the bundle's folder c.",
                     version, FORMAT_VERSION);
    return true;
}

static bool read_inputs_and_outputs(struct reader *reader, const struct json *root)
{
    ethosu_direct *model = reader->model;

    if (!read_tensor_list(reader, root, "inputs", &model->inputs, &model->input_count) ||
        !read_tensor_list(reader, root, "outputs", &model->outputs, &model->output_count))
        return false;
    for (size_t i = 0; i < model->input_count; i++) {
        if (model->tensors[model->inputs[i]].file)
            return wrong(reader, "inputs", "tensor %zu is constant.", model->inputs[i]);
        model->tensors[model->inputs[i]].is_known = true;
    }
    return true;
}

static bool read_model(struct reader *reader, const struct json *root)
{
    ethosu_direct_facts *facts = &reader->model->facts;

    facts->name = optional_text(reader, member(reader, root, "model"), "name");
    facts->target = optional_text(reader, root, "target");
    facts->status = optional_text(reader, root, "status");
    return true;
}

static bool check_outputs(struct reader *reader, const struct json *root)
{
    (void)root;
    for (size_t i = 0; i < reader->model->output_count; i++)
        if (!use(reader, "outputs", reader->model->outputs[i]))
            return false;
    return true;
}

static bool read_all(struct reader *reader, const struct json *root)
{
    static bool (*const parts[])(struct reader *, const struct json *) = {
        read_version, read_model, read_files, read_buffers,  read_tensors, read_inputs_and_outputs,
        read_states,  read_device, read_steps, check_outputs, read_kernels, read_verification,
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        reader->place[0] = '\0';
        if (!parts[i](reader, root))
            return false;
    }
    return true;
}

static ethosu_code read_manifest(ethosu_direct *model, const char *folder, ethosu_error *error)
{
    struct document document;
    struct reader reader;
    char *text = NULL;
    size_t bytes = 0;
    ethosu_code code = read_manifest_text(model, &text, &bytes, error);

    if (code)
        return code;
    code = parse_json(text, bytes, &document, error);
    if (!code) {
        memset(&reader, 0, sizeof reader);
        reader.values = document.values;
        reader.model = model;
        reader.error = error;
        reader.folder = folder;
        (void)read_all(&reader, &document.values[1]);
        code = reader.code;
    }
    free(document.values);
    return code;
}

/* ---- Loading --------------------------------------------------------------------------------------------------- */

static ethosu_code check_files(const ethosu_direct *model, ethosu_error *error)
{
    for (size_t i = 0; i < model->file_count; i++) {
        ethosu_code code = model->files[i].is_needed ? read_file(model, &model->files[i], NULL, error) : ETHOSU_OK;
        if (code)
            return code;
    }
    return ETHOSU_OK;
}

static ethosu_code check_cpu(const ethosu_direct *model, ethosu_error *error)
{
    if (!model->facts.cpu_steps || model->options.run_cpu)
        return ETHOSU_OK;
    return fail(error, ETHOSU_NEEDS_CPU, 0,
                "%s: the CPU computes a part of this model (%zu steps, this is the first). Give a function that runs "
                "TensorFlow Lite files as run_cpu in ethosu_direct_options.",
                model->cpu_steps[0]->path, model->facts.cpu_steps);
}

/* Give each tensor its memory, and the constant ones their values. */
static ethosu_code create_tensors(ethosu_direct *model, ethosu_error *error)
{
    for (size_t i = 0; i < model->tensor_count; i++) {
        struct tensor *tensor = &model->tensors[i];
        unsigned char *data = take(model, tensor->public.bytes + DATA_ALIGNMENT, 1);
        ethosu_code code;
        if (!data)
            return out_of_memory(error);
        data += DATA_ALIGNMENT - (uintptr_t)data % DATA_ALIGNMENT;
        tensor->public.data = data;
        code = tensor->file ? read_file(model, tensor->file, data, error) : ETHOSU_OK;
        if (code)
            return code;
    }
    return ETHOSU_OK;
}

static ethosu_code read_state_files(ethosu_direct *model, ethosu_error *error)
{
    for (size_t i = 0; i < model->state_count; i++) {
        struct state *state = &model->states[i];
        ethosu_code code;
        state->data = take(model, state->file->bytes, 1);
        if (!state->data)
            return out_of_memory(error);
        code = read_file(model, state->file, state->data, error);
        if (code)
            return code;
    }
    return ETHOSU_OK;
}

static ethosu_code check_device(const ethosu_direct *model, ethosu_error *error)
{
    const ethosu_device *device = &model->device;

    for (size_t i = 0; i < model->requirement_count; i++) {
        const struct requirement *wanted = &model->requirements[i];
        uint32_t found = strcmp(wanted->name, "id") == 0 ? device->id : device->config;
        if ((found & wanted->mask) != wanted->value)
            return fail(error, ETHOSU_WRONG_DEVICE, 0,
                        "%s is not the NPU that this bundle was compiled for: register %s is 0x%08" PRIx32
                        ", and 0x%08" PRIx32 " is expected in the bits 0x%08" PRIx32 " (%s). Deploy for this chip.",
                        device->node, wanted->name, found, wanted->value, wanted->mask, wanted->meaning);
    }
    if (device->sram_bytes < model->sram_bytes)
        return fail(error, ETHOSU_WRONG_DEVICE, 0,
                    "%s has %" PRIu32 " bytes of SRAM, but this bundle uses %zu. Deploy again with --set "
                    "arena-cache-size=%" PRIu32 ".",
                    device->node, device->sram_bytes, model->sram_bytes, device->sram_bytes);
    return ETHOSU_OK;
}

static ethosu_code create_buffers(ethosu_direct *model, ethosu_error *error)
{
    for (size_t i = 0; i < model->buffer_count; i++) {
        struct buffer *buffer = &model->buffers[i];
        ethosu_code code = ethosu_buffer_create(&model->device, buffer->bytes, &buffer->memory, error);
        if (!code && buffer->file)
            code = read_file(model, buffer->file, buffer->memory.data, error);
        if (code)
            return code;
    }
    return ETHOSU_OK;
}

/* Append to a text of `room` bytes, as far as it fits. */
PRINTS(3, 4)
static void append(char *text, size_t room, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text + used, room - used, format, arguments);
    va_end(arguments);
}

/* Return what the manifest says of a release such as 7.2.6, NULL if nothing. */
static const struct kernel *find_kernel(const ethosu_direct *model, const char *release)
{
    char series[32];
    unsigned int major, minor, point = 0;

    if (sscanf(release, "%u.%u.%u", &major, &minor, &point) < 2)
        return NULL;
    (void)snprintf(series, sizeof series, "%u.%u", major, minor);
    for (size_t i = 0; i < model->kernel_count; i++) {
        const struct kernel *kernel = &model->kernels[i];
        if (strcmp(kernel->series, series) == 0 && point >= kernel->from && point <= kernel->to)
            return kernel;
    }
    return NULL;
}

/* Write which releases accept the bundle: 6.19, 7.0, 7.1.0 to 7.1.3, 7.2.7 and later. */
static void list_accepting(const ethosu_direct *model, char *text, size_t room)
{
    for (size_t i = 0; i < model->kernel_count; i++) {
        const struct kernel *kernel = &model->kernels[i];
        if (strcmp(kernel->verdict, "accepted") != 0)
            continue;
        append(text, room, "%s%s", *text ? ", " : "", kernel->series);
        if (kernel->to != SIZE_MAX)
            append(text, room, ".%zu to %s.%zu", kernel->from, kernel->series, kernel->to);
        else if (kernel->from)
            append(text, room, ".%zu and later", kernel->from);
    }
}

/* Explain a refusal with what the manifest knows of this kernel. */
static ethosu_code explain_refusal(const ethosu_direct *model, const struct file *file, ethosu_error *error)
{
    struct utsname system;
    char accepting[200] = "", expected[200] = "";
    const char *release = uname(&system) < 0 ? "?" : system.release;
    const struct kernel *kernel = find_kernel(model, release);

    list_accepting(model, accepting, sizeof accepting);
    if (!kernel || strcmp(kernel->verdict, "unknown") == 0)
        append(expected, sizeof expected, "What this release accepts was not known.");
    else if (strcmp(kernel->verdict, "accepted") == 0)
        append(expected, sizeof expected, "That was not expected: please report it to npufit.");
    else
        append(expected, sizeof expected, "That was expected%s%s.", *kernel->why ? ": " : "", kernel->why);
    return fail(error, ETHOSU_STREAM_REFUSED, EINVAL, "%s: Linux %s refuses this command stream (EINVAL). %s%s%s.",
                file->path, release, expected, *accepting ? " Accepted by Linux " : " No release is known to accept it",
                accepting);
}

static ethosu_code create_stream(const ethosu_direct *model, const struct file *file, uint32_t *stream,
                                 ethosu_error *error)
{
    unsigned char *words = malloc(file->bytes);
    ethosu_code code = words ? read_file(model, file, words, error) : out_of_memory(error);

    if (!code)
        code = ethosu_stream_create(&model->device, words, file->bytes, stream, error);
    free(words);
    return code == ETHOSU_STREAM_REFUSED ? explain_refusal(model, file, error) : code;
}

static ethosu_code create_jobs(ethosu_direct *model, ethosu_error *error)
{
    for (size_t i = 0; i < model->step_count; i++) {
        const struct step *step = &model->steps[i];
        ethosu_job *job = &model->jobs[step->job];
        ethosu_code code;
        if (!step->is_npu)
            continue;
        job->sram_bytes = (uint32_t)step->sram_bytes;
        for (size_t k = 0; k < step->region_count; k++)
            job->buffers[step->regions[k].region] = model->buffers[step->regions[k].buffer].memory.handle;
        code = create_stream(model, step->file, &job->stream, error);
        if (code)
            return code;
    }
    return ETHOSU_OK;
}

static unsigned char *place_of(const ethosu_direct *model, const struct copy *copy)
{
    return (unsigned char *)model->buffers[copy->buffer].memory.data + copy->offset;
}

static void write_states(const ethosu_direct *model)
{
    for (size_t i = 0; i < model->state_count; i++)
        memcpy(place_of(model, &model->states[i].place), model->states[i].data, model->states[i].file->bytes);
}

static ethosu_code load(ethosu_direct *model, const char *folder, ethosu_error *error)
{
    ethosu_code code;

    model->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (model->folder < 0)
        return fail(error, ETHOSU_BAD_BUNDLE, errno, "%s: the folder cannot be opened (%s).", folder,
                    errno_text(errno));
    if ((code = read_manifest(model, folder, error)) || (code = check_cpu(model, error)) ||
        (code = check_files(model, error)) || (code = create_tensors(model, error)) ||
        (code = read_state_files(model, error)) ||
        (code = ethosu_device_open(&model->device, model->options.node, error)) ||
        (code = check_device(model, error)) || (code = create_buffers(model, error)) ||
        (code = create_jobs(model, error)))
        return code;
    model->facts.node = model->device.node;
    write_states(model);
    return ETHOSU_OK;
}

ethosu_code ethosu_direct_open(const char *folder, const ethosu_direct_options *options, ethosu_direct **model,
                               ethosu_error *error)
{
    ethosu_direct *opened = calloc(1, sizeof *opened);
    ethosu_code code;

    *model = NULL;
    if (!opened)
        return out_of_memory(error);
    opened->device.descriptor = opened->folder = -1;
    if (options)
        opened->options = *options;
    if (!opened->options.timeout_ms)
        opened->options.timeout_ms = DEFAULT_TIMEOUT_MS;
    code = load(opened, folder, error);
    opened->options.node = NULL; /* the caller's */
    if (code) {
        ethosu_direct_close(opened);
        return code;
    }
    *model = opened;
    return succeed(error);
}

void ethosu_direct_close(ethosu_direct *model)
{
    if (!model)
        return;
    if (model->device.descriptor >= 0) {
        for (size_t i = 0; model->jobs && i < model->facts.npu_steps; i++)
            ethosu_stream_close(&model->device, &model->jobs[i].stream);
        for (size_t i = 0; i < model->buffer_count; i++)
            ethosu_buffer_close(&model->device, &model->buffers[i].memory);
        ethosu_device_close(&model->device);
    }
    if (model->folder >= 0)
        (void)close(model->folder);
    while (model->blocks) {
        union block *next = model->blocks->next;
        free(model->blocks);
        model->blocks = next;
    }
    free(model);
}

const ethosu_direct_facts *ethosu_direct_describe(const ethosu_direct *model)
{
    return &model->facts;
}

size_t ethosu_direct_input_count(const ethosu_direct *model)
{
    return model->input_count;
}

const ethosu_tensor *ethosu_direct_input(const ethosu_direct *model, size_t index)
{
    return index < model->input_count ? &model->tensors[model->inputs[index]].public : NULL;
}

size_t ethosu_direct_output_count(const ethosu_direct *model)
{
    return model->output_count;
}

const ethosu_tensor *ethosu_direct_output(const ethosu_direct *model, size_t index)
{
    return index < model->output_count ? &model->tensors[model->outputs[index]].public : NULL;
}

const ethosu_cpu_step *ethosu_direct_cpu_step(const ethosu_direct *model, size_t index)
{
    return index < model->facts.cpu_steps ? model->cpu_steps[index] : NULL;
}

/* ---- Running --------------------------------------------------------------------------------------------------- */

/* Put the file of a step in front of the message. */
static ethosu_code in_file(const struct file *file, ethosu_code code, ethosu_error *error)
{
    size_t bytes = strlen(file->path) + 2;

    if (code && error && bytes < sizeof error->message / 2) {
        memmove(error->message + bytes, error->message, sizeof error->message - bytes);
        error->message[sizeof error->message - 1] = '\0';
        memcpy(error->message, file->path, bytes - 2);
        memcpy(error->message + bytes - 2, ": ", 2);
    }
    return code;
}

/* Wait for a job. The kernel only tells when a buffer is done that the job writes to; for the others it answers at once. */
static ethosu_code wait_for(ethosu_direct *model, const struct step *step, ethosu_error *error)
{
    int64_t deadline = ethosu_deadline(model->options.timeout_ms);

    for (size_t i = 0; i < step->region_count; i++) {
        const struct buffer *buffer = &model->buffers[step->regions[i].buffer];
        ethosu_code code = ethosu_wait(&model->device, &buffer->memory, deadline, error);
        if (code)
            return in_file(step->file, code, error);
    }
    model->is_busy = false;
    return ETHOSU_OK;
}

/* Wait for what an earlier run may have left running: it would write into the inputs of the next one. */
static ethosu_code become_idle(ethosu_direct *model, ethosu_error *error)
{
    int64_t deadline = ethosu_deadline(model->options.timeout_ms);

    for (size_t i = 0; model->is_busy && i < model->buffer_count; i++) {
        ethosu_code code = ethosu_wait(&model->device, &model->buffers[i].memory, deadline, error);
        if (code)
            return code;
    }
    model->is_busy = false;
    return ETHOSU_OK;
}

static ethosu_code run_npu(ethosu_direct *model, const struct step *first, ethosu_error *error)
{
    const struct step *last = first + first->together - 1;
    ethosu_code code;

    for (size_t i = 0; i < first->input_count; i++) {
        const ethosu_tensor *tensor = &model->tensors[first->inputs[i].tensor].public;
        memcpy(place_of(model, &first->inputs[i]), tensor->data, tensor->bytes);
    }
    model->is_busy = true;
    code = in_file(first->file, ethosu_submit(&model->device, &model->jobs[first->job], first->together, error), error);
    if (!code)
        code = wait_for(model, last, error);
    for (size_t i = 0; !code && i < last->output_count; i++) {
        const ethosu_tensor *tensor = &model->tensors[last->outputs[i].tensor].public;
        memcpy(tensor->data, place_of(model, &last->outputs[i]), tensor->bytes);
    }
    return code;
}

static ethosu_code run_cpu(const ethosu_direct *model, const struct step *step, ethosu_error *error)
{
    int result = model->options.run_cpu(model->options.user, &step->cpu);

    if (!result)
        return ETHOSU_OK;
    return fail(error, ETHOSU_CPU_FAILED, 0, "%s: run_cpu returned %d.", step->cpu.path, result);
}

/* Run the step at `*step`, and those that are submitted with it; `*step` becomes the next one. */
static ethosu_code advance(ethosu_direct *model, size_t *step, ethosu_error *error)
{
    const struct step *first = &model->steps[*step];

    *step += first->together;
    return first->is_npu ? run_npu(model, first, error) : run_cpu(model, first, error);
}

ethosu_code ethosu_direct_run(ethosu_direct *model, ethosu_error *error)
{
    ethosu_code code = become_idle(model, error);

    for (size_t step = 0; !code && step < model->step_count;)
        code = advance(model, &step, error);
    return code ? code : succeed(error);
}

ethosu_code ethosu_direct_reset(ethosu_direct *model, ethosu_error *error)
{
    ethosu_code code = become_idle(model, error);

    if (code)
        return code;
    write_states(model);
    if (model->options.reset_cpu)
        model->options.reset_cpu(model->options.user);
    return succeed(error);
}

/* ---- Verification ---------------------------------------------------------------------------------------------- */

size_t ethosu_direct_case_count(const ethosu_direct *model)
{
    return model->case_count;
}

/* Count the elements of a tensor that differ from a file. */
static ethosu_code compare(const ethosu_direct *model, const struct tensor *tensor, const struct file *file,
                           size_t *different, ethosu_error *error)
{
    const unsigned char *found = tensor->public.data;
    unsigned char *expected = malloc(file->bytes);
    ethosu_code code;

    *different = 0;
    if (!expected)
        return out_of_memory(error);
    code = read_file(model, file, expected, error);
    for (size_t i = 0; !code && i < file->bytes; i += tensor->element_bytes)
        *different += memcmp(found + i, expected + i, tensor->element_bytes) != 0;
    free(expected);
    return code;
}

static void note_difference(ethosu_verification *result, const struct tensor *tensor, size_t step, size_t different)
{
    if (different && !result->first_different) {
        result->first_different = &tensor->public;
        result->first_step = step;
    }
}

static ethosu_code compare_step(const ethosu_direct *model, const struct references *references, size_t step,
                                ethosu_verification *result, ethosu_error *error)
{
    for (size_t i = 0; i < references->count; i++) {
        const struct tensor *tensor = &model->tensors[references->items[i].tensor];
        size_t different;
        ethosu_code code = compare(model, tensor, references->items[i].file, &different, error);
        if (code)
            return code;
        note_difference(result, tensor, step, different);
    }
    return ETHOSU_OK;
}

/* Return whether a step of the model leaves a value in tensor number `tensor`. */
static bool writes(const ethosu_direct *model, const struct step *step, size_t tensor)
{
    for (size_t i = 0; i < step->output_count; i++)
        if (step->is_npu ? step->outputs[i].tensor == tensor
                         : step->cpu.outputs[i] == &model->tensors[tensor].public)
            return true;
    return false;
}

static ethosu_code compare_outputs(const ethosu_direct *model, const struct verification_case *expected,
                                   ethosu_verification *result, ethosu_error *error)
{
    for (size_t i = 0; i < model->output_count; i++) {
        const struct tensor *tensor = &model->tensors[model->outputs[i]];
        size_t different, step = model->step_count;
        ethosu_code code = compare(model, tensor, expected->outputs[i], &different, error);
        if (code)
            return code;
        while (step > 0 && !writes(model, &model->steps[step - 1], model->outputs[i]))
            step--;
        note_difference(result, tensor, step ? step - 1 : 0, different);
        result->values += tensor->public.bytes / tensor->element_bytes;
        result->different_values += different;
    }
    return ETHOSU_OK;
}

ethosu_code ethosu_direct_verify(ethosu_direct *model, size_t index, ethosu_verification *result, ethosu_error *error)
{
    const struct verification_case *expected;
    size_t step = 0;
    ethosu_code code;

    memset(result, 0, sizeof *result);
    if (index >= model->case_count)
        return fail(error, ETHOSU_BAD_BUNDLE, 0, "There is no verification case %zu; the bundle has %zu.", index,
                    model->case_count);
    expected = &model->cases[index];
    result->name = expected->name;
    result->golden = model->golden;
    code = ethosu_direct_reset(model, error);
    for (size_t i = 0; !code && i < model->input_count; i++)
        code = read_file(model, expected->inputs[i], model->tensors[model->inputs[i]].public.data, error);
    while (!code && step < model->step_count) {
        size_t done = step;
        code = advance(model, &step, error);
        for (; !code && expected->steps && done < step; done++)
            code = compare_step(model, &expected->steps[done], done, result, error);
    }
    if (!code)
        code = compare_outputs(model, expected, result, error);
    return code ? code : succeed(error);
}
