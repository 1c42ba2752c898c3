/* Runs services through libpam. Reads a folder, a service and the real uid of the program a line; prints what
   each call returned and the messages of the modules in it. */

#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int converse(int count, const struct pam_message **messages,
                    struct pam_response **responses, void *data)
{
    (void)data;
    *responses = calloc(count, sizeof **responses);
    if (!*responses)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        printf(" %s", messages[i]->msg);
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            (*responses)[i].resp = strdup("a wrong password");
    }
    return PAM_SUCCESS;
}

static void call(pam_handle_t *pam, int (*function)(pam_handle_t *, int))
{
    printf(" |");
    int code = function(pam, 0);
    printf(" %d", code);
}

int main(void)
{
    static char folder[4096], service[256];
    const struct pam_conv conversation = { converse, NULL };
    const uid_t own = getuid();
    unsigned uid;
    while (scanf("%4095s %255s %u", folder, service, &uid) == 3) {
        /* The effective uid stays, as in a program that is setuid. */
        if (uid != own && setresuid(uid, own, own) != 0)
            return 1;
        pam_handle_t *pam = NULL;
        int code = pam_start_confdir(service, "root", &conversation, folder, &pam);
        printf("%d", code);
        if (code == PAM_SUCCESS) {
            call(pam, pam_authenticate);
            call(pam, pam_setcred);
            call(pam, pam_acct_mgmt);
            call(pam, pam_open_session);
            call(pam, pam_close_session);
            pam_end(pam, code);
        }
        if (uid != own && setresuid(own, own, own) != 0)
            return 1;
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
