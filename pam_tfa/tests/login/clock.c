/* A clock that fails when the module reads it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    Dl_info caller;
    if (dladdr(__builtin_return_address(0), &caller)
        && strstr(caller.dli_fname, "/pam_tfa.so"))
        return -1;
    return syscall(SYS_clock_gettime, clock, time);
}
