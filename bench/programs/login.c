/*
 * A minimal login program: PAM transactions, each question answered with a code without a delay.
 *
 *     login SERVICE USER CODE [account]
 *     login at-once CLIENTS SERVICE
 *
 * The first form makes one transaction, in a process of its own, and prints the nanoseconds from
 * before pam_start to after pam_end and the code of libpam. With "account", the account phase follows
 * the auth phase.
 *
 * The second form reads lines "USER CODE" and makes a transaction for each, the auth phase alone.
 * CLIENTS processes take the lines one after the other. Prints the nanoseconds from the first
 * transaction to the end of the last one, and then the same line for each transaction.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

static int answer(int count, const struct pam_message **messages,
                  struct pam_response **responses, void *code)
{
    struct pam_response *answers = calloc(count, sizeof *answers);
    if (!answers)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF ||
            messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
            answers[i].resp = strdup(code);
    *responses = answers;
    return PAM_SUCCESS;
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* One transaction. */
struct login {
    char user[32], code[16];
    long long took;
    int verdict;
};

static void log_in(const char *service, struct login *login, int with_account)
{
    struct pam_conv conversation = { answer, login->code };
    pam_handle_t *pam = NULL;

    long long start = now();
    int code = pam_start(service, login->user, &conversation, &pam);
    if (code == PAM_SUCCESS) {
        pam_set_item(pam, PAM_TTY, "ssh");
        pam_set_item(pam, PAM_RHOST, "192.0.2.7");
        code = pam_authenticate(pam, 0);
        if (code == PAM_SUCCESS && with_account)
            code = pam_acct_mgmt(pam, 0);
        pam_end(pam, code);
    }
    login->took = now() - start;
    login->verdict = code;
}

static void fail(const char *doing)
{
    perror(doing);
    exit(1);
}

/* What the clients share. */
struct shared {
    atomic_size_t next;
    size_t count;
    struct login logins[20000];
};

static void run_client(struct shared *shared, const char *service, int gate)
{
    char byte;
    if (read(gate, &byte, 1) < 0)
        _exit(1);
    for (size_t at; (at = atomic_fetch_add(&shared->next, 1)) < shared->count;)
        log_in(service, &shared->logins[at], 0);
    _exit(0);
}

static void log_in_at_once(int clients, const char *service)
{
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int gate[2], failed = 0, status;
    if (shared == MAP_FAILED || pipe(gate) < 0)
        fail("prepare the clients");
    for (struct login *login = shared->logins;
         shared->count < sizeof shared->logins / sizeof *shared->logins &&
         scanf("%31s %15s", login->user, login->code) == 2; login++)
        shared->count++;
    for (int client = 0; client < clients; client++) {
        pid_t child = fork();
        if (child < 0)
            fail("start a client");
        if (child == 0) {
            close(gate[1]);
            run_client(shared, service, gate[0]);
        }
    }
    long long start = now();
    close(gate[1]);
    while (wait(&status) > 0)
        failed |= status;
    long long took = now() - start;
    if (failed) {
        fprintf(stderr, "login: a client has crashed\n");
        exit(1);
    }
    printf("%lld\n", took);
    for (size_t at = 0; at < shared->count; at++)
        printf("%lld %d\n", shared->logins[at].took, shared->logins[at].verdict);
}

int main(int count, char **arguments)
{
    int with_account = count == 5 && strcmp(arguments[4], "account") == 0;
    if (count == 4 && strcmp(arguments[1], "at-once") == 0) {
        log_in_at_once(atoi(arguments[2]), arguments[3]);
    } else if (count == 4 || with_account) {
        struct login login = { 0 };
        snprintf(login.user, sizeof login.user, "%s", arguments[2]);
        snprintf(login.code, sizeof login.code, "%s", arguments[3]);
        log_in(arguments[1], &login, with_account);
        printf("%lld %d\n", login.took, login.verdict);
    } else {
        fprintf(stderr, "usage: login SERVICE USER CODE [account]\n"
                        "       login at-once CLIENTS SERVICE\n");
        return 2;
    }
    return 0;
}
