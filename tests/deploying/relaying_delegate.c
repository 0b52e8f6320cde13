/* What benchmark_model puts around an external delegate (TfLiteExternalDelegateCreate of TensorFlow Lite): a delegate of
 * its own that relays Prepare. Here it is a library, so that a Python program can load it; ETHOSU_RELAYED names the
 * delegate behind it. */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "delegate_tflite_abi.h"

typedef TfLiteDelegate *create_function(const char *const *, const char *const *, size_t, void (*)(const char *));
typedef void destroy_function(TfLiteDelegate *);

static int relay_prepare(TfLiteContext *context, TfLiteDelegate *wrapper)
{
    TfLiteDelegate *relayed = wrapper->data_;

    return relayed->Prepare(context, relayed);
}

TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                              void (*report_error)(const char *));
TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                              void (*report_error)(const char *))
{
    void *library = dlopen(getenv("ETHOSU_RELAYED"), RTLD_LAZY | RTLD_LOCAL);
    TfLiteDelegate *wrapper = calloc(1, sizeof *wrapper);
    create_function *create;

    (void)report_error;
    if (!library || !wrapper)
        return NULL;
    *(void **)&create = dlsym(library, "tflite_plugin_create_delegate");
    wrapper->data_ = create(keys, values, count, NULL);
    if (!wrapper->data_)
        return NULL;
    wrapper->Prepare = relay_prepare;
    wrapper->flags = ((TfLiteDelegate *)wrapper->data_)->flags;
    return wrapper;
}

void tflite_plugin_destroy_delegate(TfLiteDelegate *wrapper);
void tflite_plugin_destroy_delegate(TfLiteDelegate *wrapper)
{
    destroy_function *destroy;

    if (!wrapper)
        return;
    *(void **)&destroy = dlsym(dlopen(getenv("ETHOSU_RELAYED"), RTLD_LAZY), "tflite_plugin_destroy_delegate");
    destroy(wrapper->data_);
    free(wrapper);
}
