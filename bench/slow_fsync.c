/* For LD_PRELOAD: every fsync and fdatasync takes two milliseconds longer, as on a disk that is no NVMe. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

typedef int (*sync_call)(int);

static int slowly(const char *name, int descriptor)
{
    usleep(2000);
    return ((sync_call)dlsym(RTLD_NEXT, name))(descriptor);
}

int fsync(int descriptor) { return slowly("fsync", descriptor); }
int fdatasync(int descriptor) { return slowly("fdatasync", descriptor); }
