/*
 * The cost of a PAM module for the program that loads it.
 *
 *     module load FILE           loads the module and finds its functions as libpam does, and
 *                                prints the nanoseconds that it takes
 *     module cycles FILE COUNT   loads and unloads the module COUNT times
 *
 * "cycles" prints the resident memory in KiB and the number of mappings, before and after. The
 * reading before comes after a warm-up, in which libraries that stay loaded are loaded.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <security/pam_appl.h>

enum { WARM_UP = 100 };

static void *load(const char *file)
{
    void *module = dlopen(file, RTLD_NOW);
    if (!module) {
        fprintf(stderr, "module: %s\n", dlerror());
        exit(1);
    }
    return module;
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void time_load(const char *file)
{
    long long start = now();
    void *module = load(file);
    dlsym(module, "pam_sm_authenticate");
    dlsym(module, "pam_sm_setcred");
    long long took = now() - start;
    printf("%lld\n", took);
}

static void print_memory(void)
{
    char line[4096];
    long resident = 0, mappings = 0;
    FILE *status = fopen("/proc/self/status", "r"), *maps = fopen("/proc/self/maps", "r");
    if (!status || !maps) {
        perror("module: /proc/self");
        exit(1);
    }
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "VmRSS:", 6) == 0)
            resident = atol(line + 6);
    while (fgets(line, sizeof line, maps))
        mappings++;
    fclose(status);
    fclose(maps);
    printf("%ld %ld\n", resident, mappings);
}

static void cycle(const char *file, long count)
{
    while (count-- > 0)
        dlclose(load(file));
}

int main(int count, char **arguments)
{
    /* A login program has loaded libpam before it loads a module. */
    pam_handle_t *pam = NULL;
    struct pam_conv conversation = { 0 };
    if (pam_start("other", "root", &conversation, &pam) == PAM_SUCCESS)
        pam_end(pam, PAM_SUCCESS);

    if (count == 3 && strcmp(arguments[1], "load") == 0) {
        time_load(arguments[2]);
    } else if (count == 4 && strcmp(arguments[1], "cycles") == 0) {
        cycle(arguments[2], WARM_UP);
        print_memory();
        cycle(arguments[2], atol(arguments[3]));
        print_memory();
    } else {
        fprintf(stderr, "usage: module load FILE\n       module cycles FILE COUNT\n");
        return 2;
    }
    return 0;
}
