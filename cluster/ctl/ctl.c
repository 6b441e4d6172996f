/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl: finds the command, runs it, prints its result or its error, gives the exit code. */
#include "cluster/ctl/ctl.h"

#include "cluster/ctl/command.h"
#include "common/crypto/group.h"
#include "common/crypto/rng.h"
#include "common/secret/secmem.h"

static int exit_code(const struct ctl *ctl, enum kms_err err)
{
    if (err == KMS_OK) return CTL_OK;
    if (ctl->usage_error) return CTL_USAGE;
    switch (error_http_status(err)) {
    case 401:
    case 403:
        return err == KMS_E_SIGNATURE ? CTL_FAILED : CTL_DENIED;
    case 404:
        return CTL_NOT_FOUND;
    case 429:
    case 503:
    case 504:
        return CTL_UNAVAILABLE;
    default:
        return CTL_FAILED;
    }
}

/* What to do, where the error's own text cannot know. */
static const char *advice(const struct ctl *ctl, enum kms_err err)
{
    static const struct {
        enum kms_err err;
        const char  *before, *after; /* the coordinator has answered */
    } rows[] = {
        {KMS_E_PASSWORD, "give the right PIN with --pin-fd, or on a terminal", NULL},
        {KMS_E_UNAVAILABLE, "is the coordinator running? --wait SECONDS tries again", "--wait SECONDS tries again"},
        {KMS_E_QUORUM, NULL, "--wait SECONDS tries again; operators see who is down by `kmsctl node list`"},
        {KMS_E_TIMEOUT, "try again, or raise --timeout", "try again, or raise --timeout"},
        {KMS_E_DENIED, "another credential may: --credential DIR", "another credential may: --credential DIR"},
        {KMS_E_EXPIRED, "is this machine's clock right?", "is this machine's clock right?"},
        {KMS_E_NOT_FOUND, "is the name right?", NULL},
    };

    if (ctl->command == NULL || (ctl->command->needs & NEEDS_CREDENTIAL) == 0) return NULL;
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].err == err) return ctl->answered ? rows[i].after : rows[i].before;
    return NULL;
}

static void print_error(const struct ctl *ctl, enum kms_err err)
{
    const struct command *c = ctl->command;
    const char           *hint = ctl->usage_error ? "see --help" : advice(ctl, err);

    fprintf(stderr, "kmsctl: ");
    if (c != NULL) fprintf(stderr, "%s%s%s: ", c->noun, c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb);
    fprintf(stderr, "%s%s%s%s\n", error_text(), hint == NULL ? "" : " (", hint == NULL ? "" : hint,
            hint == NULL ? "" : ")");
}

static RESULT add_error(struct ctl *ctl, enum kms_err err)
{
    cJSON *error = cJSON_AddObjectToObject(ctl->result, "error");

    if (error == NULL || cJSON_AddStringToObject(error, "code", error_name(err)) == NULL ||
        cJSON_AddStringToObject(error, "detail", error_text()) == NULL)
        return fail(KMS_E_MEMORY, "printing the error");
    return KMS_OK;
}

static RESULT print_json(struct ctl *ctl)
{
    BUF_LOCAL text = BUF_INIT(COMMAND_TEXT_MAX);

    TRY(json_print(&text, ctl->result));
    if (fwrite(text.data, 1, text.len, stdout) != text.len || fputc('\n', stdout) == EOF || fflush(stdout) != 0)
        return fail(KMS_E_SYSTEM, "cannot write to standard output");
    return KMS_OK;
}

/* Labels and the like are other people's words: no control character of theirs reaches the terminal. */
static RESULT print_text(struct ctl *ctl)
{
    for (size_t i = 0; i < ctl->text.len; i++) {
        uint8_t c = ctl->text.data[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f) ctl->text.data[i] = '?';
    }
    if (ctl->text.len > 0 && fwrite(ctl->text.data, 1, ctl->text.len, stdout) != ctl->text.len)
        return fail(KMS_E_SYSTEM, "cannot write to standard output");
    return fflush(stdout) == 0 ? KMS_OK : fail(KMS_E_SYSTEM, "cannot write to standard output");
}

/* The error line first: its text is the thread's last one. */
static enum kms_err print_outcome(struct ctl *ctl, enum kms_err err)
{
    bool json = option_flag(ctl, "json");

    if (err == KMS_OK && ctl->result_failed) err = fail(KMS_E_MEMORY, "no memory for the result");
    if (err != KMS_OK) print_error(ctl, err);
    if (json && err != KMS_OK) {
        enum kms_err added = add_error(ctl, err);
        if (added != KMS_OK) return added;
    }
    enum kms_err printed = json ? print_json(ctl) : print_text(ctl);
    return err == KMS_OK ? printed : err;
}

static RESULT run_command(struct ctl *ctl)
{
    TRY(secmem_init());
    TRY(rng_self_test());
    TRY(group_init());
    TRY(command_connect(ctl, ctl->command->needs & NEEDS_CLUSTER));
    return ctl->command->run(ctl);
}

static void ctl_clear(struct ctl *ctl)
{
    client_close(&ctl->client);
    credential_clear(&ctl->credential);
    authority_free(&ctl->authority);
    json_free(&ctl->result);
    buf_clear(&ctl->text);
}

static int call_command(const struct command *command, int argc, char **argv)
{
    CLEANUP(ctl_clear)
    struct ctl ctl = {.command = command, .text = BUF_INIT(COMMAND_TEXT_MAX), .result = cJSON_CreateObject()};

    if (ctl.result == NULL) return CTL_FAILED;
    enum kms_err err = command_parse(&ctl, argc, argv);
    if (err == KMS_OK && option_flag(&ctl, "help")) {
        help_command(stdout, command);
        return CTL_OK;
    }
    if (err == KMS_OK) err = run_command(&ctl);
    err = print_outcome(&ctl, err);
    return exit_code(&ctl, err);
}

/* *noun_known: there are commands of that noun, but not with that verb. */
static const struct command *find_command(const char *noun, const char *verb, bool *noun_known)
{
    *noun_known = false;
    for (unsigned g = 0; g < command_group_count; g++)
        for (unsigned i = 0; i < command_groups[g]->count; i++) {
            const struct command *c = &command_groups[g]->rows[i];
            if (strcmp(c->noun, noun) != 0) continue;
            *noun_known = true;
            if (c->verb == NULL || (verb != NULL && strcmp(c->verb, verb) == 0)) return c;
        }
    return NULL;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int run_top(const char *word)
{
    if (is_help(word)) {
        help_all(stdout);
        return CTL_OK;
    }
    if (strcmp(word, "--version") == 0) {
        printf("kmsctl %s\n", KMS_VERSION);
        return CTL_OK;
    }
    if (strcmp(word, "--man") == 0) {
        help_man(stdout);
        return CTL_OK;
    }
    fprintf(stderr, "kmsctl: no %s \"%.60s\" (see `kmsctl --help`)\n", word[0] == '-' ? "option" : "command", word);
    return CTL_USAGE;
}

int ctl_main(int argc, char **argv)
{
    bool noun_known;

    command_bring_forward(argc, argv);
    if (argc < 2) {
        help_all(stderr);
        return CTL_USAGE;
    }
    const char           *verb = argc > 2 ? argv[2] : NULL;
    const struct command *command = find_command(argv[1], verb, &noun_known);
    if (command != NULL) {
        int words = command->verb == NULL ? 2 : 3;
        return call_command(command, argc - words, argv + words);
    }
    if (!noun_known) return run_top(argv[1]);
    if (verb != NULL && is_help(verb)) {
        help_noun(stdout, argv[1]);
        return CTL_OK;
    }
    if (verb != NULL && verb[0] != '-') fprintf(stderr, "kmsctl: %s %.60s: no such verb\n\n", argv[1], verb);
    help_noun(stderr, argv[1]);
    return CTL_USAGE;
}
