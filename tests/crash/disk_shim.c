/* A disk that fails on demand: preloaded into the service, it makes chosen calls on chosen files fail.
   The file named by DISK_SHIM holds "errno call part-of-path", call being write or sync; empty or missing: all is well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int faulty(int fd, const char *call)
{
    const char *control = getenv("DISK_SHIM");
    char order[256], wanted[32], part[128], link[64], path[1024];
    int number, file;
    ssize_t size;

    if (control == NULL || (file = syscall(SYS_open, control, O_RDONLY | O_CLOEXEC)) < 0)
        return 0;
    size = syscall(SYS_read, file, order, sizeof order - 1);
    syscall(SYS_close, file);
    if (size <= 0)
        return 0;
    order[size] = 0;
    if (sscanf(order, "%d %31s %127s", &number, wanted, part) != 3 || strcmp(wanted, call) != 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return 0;
    path[size] = 0;
    if (strstr(path, part) == NULL)
        return 0;
    errno = number;
    return 1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(write);
    return faulty(fd, "write") ? -1 : real(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    REAL(pwrite64);
    return faulty(fd, "write") ? -1 : real(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    REAL(pwrite);
    return faulty(fd, "write") ? -1 : real(fd, data, size, at);
}

int fsync(int fd)
{
    REAL(fsync);
    return faulty(fd, "sync") ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return faulty(fd, "sync") ? -1 : real(fd);
}
