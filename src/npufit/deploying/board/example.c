/* Runs a bundle with raw inputs: times it, prints the largest values of its outputs, or verifies it.
 *
 *     ./example BUNDLE                                       time it, with zeros as inputs
 *     ./example BUNDLE --input image.bin --top 5             classify
 *     ./example BUNDLE --input image.bin --output result     write result0.bin, result1.bin, …
 *     ./example BUNDLE --verify                              compare with the right answers that the bundle carries
 *
 * An input is the tensor's bytes: C order, little endian, the tensor's own type. Exit codes:
 *   0  it ran; with --verify: every value is equal
 *   1  --verify: values differ
 *   2  the command line, an input or the bundle is wrong
 *   3  the device, the kernel or this machine cannot run it
 */
#define _POSIX_C_SOURCE 200809L

#include "ethosu_direct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum ending { ENDED_WELL = 0, DIFFERENT = 1, WRONG_INPUT = 2, CANNOT_RUN = 3 };

#define MOST_INPUTS 64

struct arguments {
    const char *bundle, *inputs[MOST_INPUTS], *output;
    size_t input_count, repeat, top;
    bool verify;
    ethosu_direct_options options;
};

static int usage(void)
{
    (void)fprintf(stderr, "usage: example BUNDLE [--input FILE]… [--output PREFIX] [--repeat N] [--top K] [--verify]\n"
                          "                      [--device /dev/accel/accelN] [--timeout SECONDS]\n");
    return WRONG_INPUT;
}

static int ending_of(ethosu_code code)
{
    return code == ETHOSU_BAD_BUNDLE || code == ETHOSU_NEEDS_CPU ? WRONG_INPUT : CANNOT_RUN;
}

static int failed(const ethosu_error *error)
{
    (void)fprintf(stderr, "error: %s\n", error->message);
    return ending_of(error->code);
}

static bool parse_count(const char *text, size_t least, size_t most, size_t *count)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *count = value;
    return *text >= '0' && *text <= '9' && !*end && value >= least && value <= most;
}

static bool parse(int count, char **words, struct arguments *arguments)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
        size_t timeout;
        if (strcmp(word, "--verify") == 0) {
            arguments->verify = true;
            continue;
        }
        if (*word != '-' && !arguments->bundle) {
            arguments->bundle = word;
            continue;
        }
        if (!value)
            return false;
        i++;
        if (strcmp(word, "--input") == 0 && arguments->input_count < MOST_INPUTS)
            arguments->inputs[arguments->input_count++] = value;
        else if (strcmp(word, "--output") == 0)
            arguments->output = value;
        else if (strcmp(word, "--device") == 0)
            arguments->options.node = value;
        else if (strcmp(word, "--timeout") == 0 && parse_count(value, 1, 1000000, &timeout))
            arguments->options.timeout_ms = (uint32_t)timeout * 1000;
        else if (strcmp(word, "--repeat") != 0 || !parse_count(value, 1, 100000000, &arguments->repeat))
            if (strcmp(word, "--top") != 0 || !parse_count(value, 0, 1000, &arguments->top))
                return false;
    }
    return arguments->bundle != NULL;
}

/* Fill an input from a file of exactly its size. */
static bool read_input(const char *path, const ethosu_tensor *tensor)
{
    FILE *file = fopen(path, "rb");
    bool is_read = file && fread(tensor->data, 1, tensor->bytes, file) == tensor->bytes && fgetc(file) == EOF;

    if (file)
        (void)fclose(file);
    if (!is_read)
        (void)fprintf(stderr, "error: %s: %s %s needs a file of %zu bytes.\n", path, tensor->type_name, tensor->name,
                      tensor->bytes);
    return is_read;
}

static bool read_inputs(ethosu_direct *model, const struct arguments *arguments)
{
    if (arguments->input_count > ethosu_direct_input_count(model)) {
        (void)fprintf(stderr, "error: %zu inputs given; the model has %zu.\n", arguments->input_count,
                      ethosu_direct_input_count(model));
        return false;
    }
    for (size_t i = 0; i < arguments->input_count; i++)
        if (!read_input(arguments->inputs[i], ethosu_direct_input(model, i)))
            return false;
    return true;
}

static bool write_output(const char *prefix, size_t index, const ethosu_tensor *tensor)
{
    char path[4096];
    FILE *file = NULL;
    bool is_written;

    if ((size_t)snprintf(path, sizeof path, "%s%zu.bin", prefix, index) < sizeof path)
        file = fopen(path, "wb");
    is_written = file && fwrite(tensor->data, 1, tensor->bytes, file) == tensor->bytes;
    is_written = file && fclose(file) == 0 && is_written;
    if (!is_written)
        (void)fprintf(stderr, "error: %s%zu.bin cannot be written.\n", prefix, index);
    return is_written;
}

/* Return the real number of an element. */
static double element(const ethosu_tensor *tensor, size_t index)
{
    const unsigned char *at = tensor->data;
    double value;
    float single;
    int16_t halfword;

    switch (tensor->type) {
    case ETHOSU_FLOAT32:
        memcpy(&single, at + index * sizeof single, sizeof single);
        return (double)single;
    case ETHOSU_INT16:
        memcpy(&halfword, at + index * sizeof halfword, sizeof halfword);
        value = halfword;
        break;
    case ETHOSU_INT8:
        value = at[index] < 128 ? at[index] : at[index] - 256;
        break;
    default:
        value = at[index];
    }
    if (tensor->scale_count != 1)
        return value;
    return tensor->scales[0] * (value - (double)tensor->zero_points[0]);
}

static size_t element_bytes(ethosu_type type)
{
    switch (type) {
    case ETHOSU_INT8:
    case ETHOSU_UINT8:
        return 1;
    case ETHOSU_INT16:
        return 2;
    case ETHOSU_FLOAT32:
        return 4;
    default:
        return 0; /* not shown */
    }
}

/* Print the largest values, each with its index: the classes of a classifier. */
static void print_top(const ethosu_tensor *tensor, size_t top)
{
    size_t bytes = element_bytes(tensor->type), count = bytes ? tensor->bytes / bytes : 0, last = SIZE_MAX;

    (void)printf("%s, %s, %zu values:", tensor->name, tensor->type_name, count);
    for (size_t rank = 0; rank < top && rank < count; rank++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < count; i++) {
            double value = element(tensor, i);
            bool is_printed = last != SIZE_MAX && (value > element(tensor, last) ||
                                                   (value >= element(tensor, last) && i <= last));
            if (!is_printed && (best == SIZE_MAX || value > element(tensor, best)))
                best = i;
        }
        if (best == SIZE_MAX) /* what is left is not a number */
            break;
        (void)printf(" [%zu] %.4g", best, element(tensor, best));
        last = best;
    }
    (void)printf("\n");
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare_times(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

/* Run `repeat` times, after a first run that does not count, and print the times. */
static ethosu_code measure(ethosu_direct *model, size_t repeat, double *times, ethosu_error *error)
{
    const ethosu_direct_facts *facts = ethosu_direct_describe(model);
    double first = 0;

    for (size_t i = 0; i <= repeat; i++) {
        double begin = now_ms();
        ethosu_code code = ethosu_direct_run(model, error);
        if (code)
            return code;
        *(i ? &times[i - 1] : &first) = now_ms() - begin;
    }
    qsort(times, repeat, sizeof *times, compare_times);
    (void)printf("%s on %s: %.3f ms\n", facts->name, facts->node, times[repeat / 2]);
    (void)printf("%zu inferences: min %.3f ms, median %.3f ms, p90 %.3f ms; first inference %.3f ms\n", repeat, times[0],
                 times[repeat / 2], times[repeat * 9 / 10], first);
    return ETHOSU_OK;
}

static int run(ethosu_direct *model, const struct arguments *arguments)
{
    double *times = malloc(arguments->repeat * sizeof *times);
    ethosu_error error = {ETHOSU_OUT_OF_MEMORY, 0, "out of memory"};
    ethosu_code code = times ? measure(model, arguments->repeat, times, &error) : ETHOSU_OUT_OF_MEMORY;

    free(times);
    /* A model with state answers otherwise each time: show its first answer. */
    if (code || ethosu_direct_reset(model, &error) || ethosu_direct_run(model, &error))
        return failed(&error);
    for (size_t i = 0; i < ethosu_direct_output_count(model); i++) {
        if (arguments->top)
            print_top(ethosu_direct_output(model, i), arguments->top);
        if (arguments->output && !write_output(arguments->output, i, ethosu_direct_output(model, i)))
            return CANNOT_RUN;
    }
    return ENDED_WELL;
}

static int verify(ethosu_direct *model)
{
    size_t cases = ethosu_direct_case_count(model), different = 0;
    ethosu_verification result;
    ethosu_error error;

    if (!cases) {
        (void)fprintf(stderr, "error: this bundle has no verification cases.\n");
        return WRONG_INPUT;
    }
    for (size_t i = 0; i < cases; i++) {
        if (ethosu_direct_verify(model, i, &result, &error))
            return failed(&error);
        if (result.first_different) {
            different++;
            (void)printf("different: %zu of %zu output values, against %s (%s); first different tensor: %s, of step %zu\n",
                         result.different_values, result.values, result.golden, result.name,
                         result.first_different->name, result.first_step);
        } else {
            (void)printf("identical: %zu of %zu output values, against %s (%s)\n", result.values, result.values,
                         result.golden, result.name);
        }
    }
    return different ? DIFFERENT : ENDED_WELL;
}

int main(int count, char **words)
{
    struct arguments arguments;
    ethosu_direct *model;
    ethosu_error error;
    int ending;

    memset(&arguments, 0, sizeof arguments);
    arguments.repeat = 20;
    arguments.top = 5;
    if (!parse(count, words, &arguments))
        return usage();
    if (ethosu_direct_open(arguments.bundle, &arguments.options, &model, &error))
        return failed(&error);
    if (arguments.verify)
        ending = verify(model);
    else
        ending = read_inputs(model, &arguments) ? run(model, &arguments) : WRONG_INPUT;
    ethosu_direct_close(model);
    return ending;
}
