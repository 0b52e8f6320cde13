/* Opens bundles without a device: one with nothing wrong ends with ETHOSU_NO_DEVICE.
 *
 *     damaging_manifests FOLDER              say what opening it says
 *     damaging_manifests FOLDER COUNT SEED   damage FOLDER/whole.json in COUNT ways, always the same ones for a SEED, as
 *                                            FOLDER/manifest.json; print how often each code was returned
 */
#define _POSIX_C_SOURCE 200809L

#include "ethosu_direct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (1 << 20)
#define CODES 10

static char whole[MOST_BYTES], damaged[2 * MOST_BYTES], path[4096];
static uint64_t state;

static size_t pick(size_t count) /* xorshift64 */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % count);
}

static size_t replace(size_t size, size_t begin, size_t bytes, const char *text, size_t text_bytes)
{
    memmove(damaged + begin + text_bytes, damaged + begin + bytes, size - begin - bytes);
    memcpy(damaged + begin, text, text_bytes);
    return size - bytes + text_bytes;
}

/* Replace the next token that consists of `kind` by one of `texts`. */
static size_t replace_token(size_t size, const char *kind, const char *const *texts, size_t count)
{
    size_t begin = pick(size), bytes;
    const char *text = texts[pick(count)];

    while (begin < size && !strchr(kind, damaged[begin]))
        begin++;
    if (begin == size)
        return size;
    damaged[size] = '\0';
    bytes = strspn(damaged + begin, kind);
    return replace(size, begin, bytes, text, strlen(text));
}

static size_t damage(size_t size)
{
    static const char *const numbers[] = {"-1", "0", "1", "2", "3", "7", "8", "255", "4294967295", "4294967296",
        "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
        "1e999", "1e-999", "0.5", "1e3", "01", "-", "NaN", "null", "true", "\"1\"", "[]", "{}"};
    static const char *const words[] = {"bytes", "file", "tensor", "buffer", "region", "npu", "cpu", "stream", "kind",
        "steps", "", "../x", "/etc/passwd", "constants.bin", "verify/000/input_0.bin", "int4", "string", "\\u0000",
        "\\ud800", "\\ud83d\\ude00", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x1b[2J", "\\x", "%s%n"};
    static const char *const marks[] = {"{", "}", "[", "]", ",", ":", "\"", "\\", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
    char slice[64];
    size_t begin = pick(size), bytes = 1 + pick(sizeof slice - 1);

    bytes = bytes < size - begin ? bytes : size - begin;
    switch (pick(8)) {
    case 0:
        damaged[begin] = (char)(damaged[begin] ^ 1 << pick(8));
        return size;
    case 1:
        return replace(size, begin, bytes, "", 0);
    case 2:
        memcpy(slice, damaged + begin, bytes);
        return replace(size, pick(size), 0, slice, bytes);
    case 3:
        return replace_token(size, "{}[],:\"", marks, sizeof marks / sizeof *marks);
    case 4:
        return begin;
    case 5:
        return replace_token(size, "abcdefghijklmnopqrstuvwxyz_/.", words, sizeof words / sizeof *words);
    default:
        return replace_token(size, "0123456789.-", numbers, sizeof numbers / sizeof *numbers);
    }
}

static int skip_cpu(void *user, const ethosu_cpu_step *step)
{
    (void)user;
    (void)step;
    return 0;
}

static ethosu_code open_bundle(const char *folder, ethosu_error *error)
{
    ethosu_direct_options options = {"/dev/null", 0, skip_cpu, NULL, NULL};
    ethosu_direct *model;

    if (ethosu_direct_open(folder, &options, &model, error) != error->code || error->code == ETHOSU_OK || model)
        abort();
    return error->code;
}

/* Write a damaged manifest. Returns whether that was possible. */
static bool write_damaged(const char *folder, size_t whole_bytes)
{
    size_t size = whole_bytes;
    FILE *file;

    memcpy(damaged, whole, size);
    for (size_t times = 1 + pick(3); times > 0 && size > 0; times--)
        size = damage(size);
    (void)snprintf(path, sizeof path, "%s/manifest.json", folder);
    file = fopen(path, "wb");
    return file && fwrite(damaged, 1, size, file) == size && !fclose(file);
}

int main(int count, char **words)
{
    size_t whole_bytes, rounds, found[CODES] = {0};
    ethosu_error error;
    FILE *file;

    if (count == 2) {
        (void)open_bundle(words[1], &error);
        return puts(error.message) < 0;
    }
    if (count != 4)
        return 2;
    rounds = strtoul(words[2], NULL, 10);
    state = strtoull(words[3], NULL, 10);
    (void)snprintf(path, sizeof path, "%s/whole.json", words[1]);
    file = fopen(path, "rb");
    if (!file)
        return 2;
    whole_bytes = fread(whole, 1, sizeof whole, file);
    (void)fclose(file);
    for (size_t i = 0; i < rounds; i++) {
        if (!write_damaged(words[1], whole_bytes))
            return 2;
        found[open_bundle(words[1], &error)]++;
    }
    for (size_t code = 0; code < CODES; code++)
        if (found[code])
            (void)printf("%zu %zu\n", code, found[code]);
    return 0;
}
