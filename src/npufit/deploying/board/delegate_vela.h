/* What Vela writes into the `ethos-u` operators of a .tflite file. */
#ifndef DELEGATE_VELA_H
#define DELEGATE_VELA_H

#include "ethosu_direct.h"

/* A command stream inside the driver payload that is an operator's first input. */
typedef struct ethosu_vela_stream {
    const void *words; /* points into the payload */
    size_t bytes;
    uint32_t config; /* register CONFIG of the NPU that it was compiled for */
    uint32_t id;     /* and its register ID, of which only the architecture counts */
} ethosu_vela_stream;

/* Find the command stream in a driver payload of Vela. Errors: ETHOSU_BAD_BUNDLE. */
ethosu_code ethosu_vela_unwrap(const void *payload, size_t bytes, ethosu_vela_stream *stream, ethosu_error *error);

/* Return ETHOSU_OK if `device` has the NPU that `stream` was compiled for, otherwise ETHOSU_WRONG_DEVICE. */
ethosu_code ethosu_vela_check_device(const ethosu_vela_stream *stream, const ethosu_device *device,
                                     ethosu_error *error);

/* Return the regions that a command stream uses: bit N for region N. The kernel refuses a job that leaves one of them
 * without memory, and one that gives memory to any other. */
uint32_t ethosu_vela_regions(const void *words, size_t bytes);

#endif
