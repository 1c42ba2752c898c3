/*
 * A name service that computes a million users from their numbers, in place of a directory with a
 * cache. It has the users of the load: /etc/passwd would be read line by line at each login.
 *
 * The users are those of user.rs. User N has the uid FIRST + N, and the name "u" followed by
 * N * STEP modulo 2^28 in seven hexadecimal digits.
 */
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST = 200000, USERS = 1000000 };

static const uint32_t STEP = 0x09e3779b, MASK = (1u << 28) - 1;

/* The inverse of STEP modulo 2^32. Each round doubles the number of correct bits. */
static uint32_t inverse(void)
{
    uint32_t inverse = STEP;
    for (int round = 0; round < 5; round++)
        inverse *= 2 - STEP * inverse;
    return inverse;
}

static enum nss_status found(uint32_t number, struct passwd *entry, char *buffer, size_t length,
                             int *error)
{
    static const char rest[] = "x\0/nonexistent\0/usr/sbin/nologin";
    if (number >= USERS)
        return NSS_STATUS_NOTFOUND;
    if (length < 16 + sizeof rest) {
        *error = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    snprintf(buffer, 16, "u%07x", (number * STEP) & MASK);
    memcpy(buffer + 16, rest, sizeof rest);
    entry->pw_name = buffer;
    entry->pw_passwd = buffer + 16;
    entry->pw_gecos = buffer + 17;
    entry->pw_dir = buffer + 18;
    entry->pw_shell = buffer + 31;
    entry->pw_uid = entry->pw_gid = FIRST + number;
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_bench_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
                                      size_t length, int *error)
{
    unsigned spread;
    if (strlen(name) != 8 || name[0] != 'u' || strspn(name + 1, "0123456789abcdef") != 7 ||
        sscanf(name + 1, "%x", &spread) != 1)
        return NSS_STATUS_NOTFOUND;
    return found((spread * inverse()) & MASK, entry, buffer, length, error);
}

enum nss_status _nss_bench_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer,
                                      size_t length, int *error)
{
    if (uid < FIRST)
        return NSS_STATUS_NOTFOUND;
    return found(uid - FIRST, entry, buffer, length, error);
}
