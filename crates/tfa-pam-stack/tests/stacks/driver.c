/* Runs services through libpam. Reads a folder and a service a line; prints what each call returned and
   the messages of the modules in it. */

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int converse(int count, const struct pam_message **messages,
                    struct pam_response **responses, void *data)
{
    (void)data;
    for (int i = 0; i < count; i++)
        printf(" %s", messages[i]->msg);
    *responses = calloc(count, sizeof **responses);
    return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
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
    while (scanf("%4095s %255s", folder, service) == 2) {
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
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
