/*
 * A minimal login program: one PAM transaction in a process of its own.
 *
 *     login SERVICE USER CODE [account]
 *
 * Prints the nanoseconds from before pam_start to after pam_end, and the code of libpam. Every
 * question is answered with CODE, without a delay. With "account", the account phase follows the auth
 * phase.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

int main(int count, char **arguments)
{
    int with_account = count == 5 && strcmp(arguments[4], "account") == 0;
    if (count != 4 && !with_account) {
        fprintf(stderr, "usage: login SERVICE USER CODE [account]\n");
        return 2;
    }
    struct pam_conv conversation = { answer, arguments[3] };
    pam_handle_t *pam = NULL;

    long long start = now();
    int code = pam_start(arguments[1], arguments[2], &conversation, &pam);
    if (code == PAM_SUCCESS) {
        pam_set_item(pam, PAM_TTY, "ssh");
        pam_set_item(pam, PAM_RHOST, "192.0.2.7");
        code = pam_authenticate(pam, 0);
        if (code == PAM_SUCCESS && with_account)
            code = pam_acct_mgmt(pam, 0);
        pam_end(pam, code);
    }
    printf("%lld %d\n", now() - start, code);
    return 0;
}
