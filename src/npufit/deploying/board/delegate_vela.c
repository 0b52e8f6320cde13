#include "delegate_vela.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint32_t word_at(const void *words, size_t index)
{
    const unsigned char *byte = (const unsigned char *)words + 4 * index;
    return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

static ethosu_code fail(ethosu_error *error, ethosu_code code, const char *format, ...)
{
    va_list arguments;

    error->code = code;
    error->system_errno = 0;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return code;
}

/* ---- The payload: "COP1", then actions, each one word that may have arguments ----------------------------------- */

enum { ACTION_CONFIG = 1, ACTION_STREAM = 2 };
static const uint32_t MAGIC = 0x31504f43; /* "COP1" */

ethosu_code ethosu_vela_unwrap(const void *payload, size_t bytes, ethosu_vela_stream *stream, ethosu_error *error)
{
    const size_t count = bytes / 4;
    size_t position = 1;
    bool has_config = false;

    memset(stream, 0, sizeof *stream);
    if (bytes % 4 != 0 || count == 0 || word_at(payload, 0) != MAGIC)
        return fail(error, ETHOSU_BAD_BUNDLE, "its command stream does not begin with Vela's header COP1");
    while (position < count) {
        const uint32_t action = word_at(payload, position++);
        if ((action & 0xff) == ACTION_CONFIG && count - position >= 2) {
            stream->config = word_at(payload, position);
            stream->id = word_at(payload, position + 1);
            has_config = true;
            position += 2;
        } else if ((action & 0xff) == ACTION_STREAM) {
            const size_t length = (size_t)(action >> 8 & 0xff) << 16 | action >> 16;
            if (!has_config || length > count - position)
                return fail(error, ETHOSU_BAD_BUNDLE, "the header of its command stream is damaged");
            stream->words = (const unsigned char *)payload + 4 * position;
            stream->bytes = 4 * length;
            return ETHOSU_OK;
        }
    }
    return fail(error, ETHOSU_BAD_BUNDLE, "the header of its command stream announces no stream");
}

/* ---- The device ------------------------------------------------------------------------------------------------- */

static const uint32_t CONFIG_MASK = 0xf000000f; /* product, multipliers */
static const uint32_t ID_MASK = 0xf0000000;     /* major number of the architecture */

static void name_npu(uint32_t config, char *name, size_t size)
{
    const uint32_t product = config >> 28;

    (void)snprintf(name, size, "Ethos-U%d5-%" PRIu32, product < 2 ? 5 + (int)product : 8, UINT32_C(1) << (config & 15));
}

ethosu_code ethosu_vela_check_device(const ethosu_vela_stream *stream, const ethosu_device *device,
                                     ethosu_error *error)
{
    char wanted[24], found[24];

    if (((stream->config ^ device->config) & CONFIG_MASK) == 0 && ((stream->id ^ device->id) & ID_MASK) == 0)
        return ETHOSU_OK;
    name_npu(stream->config, wanted, sizeof wanted);
    name_npu(device->config, found, sizeof found);
    return fail(error, ETHOSU_WRONG_DEVICE,
                "the model was compiled for %s (CONFIG %#010" PRIx32 "), but %s is %s (%#010" PRIx32
                "): compile it with Vela's --accelerator-config for this NPU",
                wanted, stream->config, device->node, found, device->config);
}

/* ---- The regions ------------------------------------------------------------------------------------------------ */

/* Codes of commands with a parameter of 16 bits, then, after PAYLOAD, of those with a further word. */
enum {
    CONV = 0x002, DEPTHWISE = 0x003, POOL = 0x005, ELEMENTWISE = 0x006, DMA_START = 0x010,
    IFM_REGION = 0x10f, OFM_PRECISION = 0x114, OFM_REGION = 0x11f, WEIGHT_REGION = 0x128, SCALE_REGION = 0x129,
    DMA_SOURCE_REGION = 0x130, DMA_TARGET_REGION = 0x131, IFM2_BROADCAST = 0x180, IFM2_REGION = 0x18f,
    PAYLOAD = 0x4000,
    WEIGHT_BASE = 0x020, WEIGHT_LENGTH = 0x021, SCALE_BASE = 0x022, SCALE_LENGTH = 0x023,
    DMA_SOURCE = 0x030, DMA_TARGET = 0x031, DMA_LENGTH = 0x032,
    CODES = 0x200
};
enum { GLOBAL_SCALE = 0x100, SCALAR = 0x80, ON_CHIP = 0x100 }; /* bits of OFM_PRECISION, IFM2_BROADCAST, DMA regions */

typedef struct registers {
    uint16_t narrow[CODES];
    bool is_filled[CODES]; /* whether an address or a length is not zero, by code without PAYLOAD */
} registers;

static uint32_t region(const registers *state, int name)
{
    return UINT32_C(1) << (state->narrow[name] & 7);
}

static uint32_t region_unless_empty(const registers *state, int name, int base, int length)
{
    return state->is_filled[base] || state->is_filled[length] ? region(state, name) : 0;
}

static bool is_unary(uint32_t operation)
{
    return operation >= 5 && operation <= 7; /* LRELU, ABS, CLZ */
}

static uint32_t regions_of(const registers *state, uint32_t operation, uint32_t parameter)
{
    uint32_t used = region(state, OFM_REGION) | region(state, IFM_REGION);

    switch (operation) {
    case CONV:
    case DEPTHWISE:
        used |= region_unless_empty(state, WEIGHT_REGION, WEIGHT_BASE, WEIGHT_LENGTH);
        /* fall through */
    case POOL:
        if ((state->narrow[OFM_PRECISION] & GLOBAL_SCALE) == 0)
            used |= region_unless_empty(state, SCALE_REGION, SCALE_BASE, SCALE_LENGTH);
        return used;
    case ELEMENTWISE:
        if (!is_unary(parameter) && (state->narrow[IFM2_BROADCAST] & SCALAR) == 0)
            used |= region(state, IFM2_REGION);
        return used;
    case DMA_START:
        used = 0;
        if ((state->narrow[DMA_SOURCE_REGION] & ON_CHIP) == 0)
            used |= region_unless_empty(state, DMA_SOURCE_REGION, DMA_SOURCE, DMA_LENGTH);
        if ((state->narrow[DMA_TARGET_REGION] & ON_CHIP) == 0)
            used |= region_unless_empty(state, DMA_TARGET_REGION, DMA_TARGET, DMA_LENGTH);
        return used;
    default:
        return 0;
    }
}

uint32_t ethosu_vela_regions(const void *words, size_t bytes)
{
    registers state = {{0}, {false}};
    const size_t count = bytes / 4;
    uint32_t used = 0;

    for (size_t position = 0; position < count; position++) {
        const uint32_t word = word_at(words, position);
        const uint32_t code = word & 0xffff, parameter = word >> 16;
        if ((code & PAYLOAD) != 0) {
            if (++position == count)
                break;
            if ((code & ~(uint32_t)PAYLOAD) < CODES)
                state.is_filled[code & ~(uint32_t)PAYLOAD] = (parameter & 0xff) != 0 || word_at(words, position) != 0;
        } else if (code >= 0x100 && code < CODES) {
            state.narrow[code] = (uint16_t)parameter;
        } else {
            used |= regions_of(&state, code, parameter);
        }
    }
    return used;
}
