/* A library that opens files and asks them by ioctl, as a driver's user space does. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A pointer in a table is filled by a relocation of its own kind. */
static int (*const table[])(int, unsigned long, ...) = {ioctl};

/* Flags that the compiler does not know make it call __open_2 in fortified builds. */
static volatile int flags = O_RDWR | O_CLOEXEC;

int open_it(const char *path) { return open(path, flags); }
int open_at(int folder, const char *path) { return openat(folder, path, flags); }
int create_it(const char *path, int mode) { return open(path, O_RDWR | O_CREAT, mode); }
int ask(int descriptor, unsigned long request, void *argument) { return ioctl(descriptor, request, argument); }
int ask_by_table(int descriptor, unsigned long request, void *argument) {
    return table[0](descriptor, request, argument);
}
int close_it(int descriptor) { return close(descriptor); }
