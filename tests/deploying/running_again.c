/* Runs a bundle until it works: prints what each of three runs returned, and whether the last two answers are equal. */
#include "ethosu_direct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **words)
{
    const ethosu_tensor *output;
    ethosu_direct *model;
    ethosu_error error;
    ethosu_code codes[3];
    void *before;

    if (count != 2 || ethosu_direct_open(words[1], NULL, &model, &error))
        return 3;
    output = ethosu_direct_output(model, 0);
    before = malloc(output->bytes);
    if (!before)
        return 3;
    for (int i = 0; i < 3; i++) {
        memcpy(before, output->data, output->bytes);
        codes[i] = ethosu_direct_run(model, &error);
    }
    (void)printf("%u %u %u, %s\n", codes[0], codes[1], codes[2],
                 memcmp(before, output->data, output->bytes) ? "different" : "equal");
    free(before);
    ethosu_direct_close(model);
    return 0;
}
