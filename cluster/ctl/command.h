/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of kmsctl: a row of a table (noun, verb, arguments, options) and a function. Parsing, help, man page,
 * credentials, output and exit codes are made from the row, once, for all of them.
 */
#ifndef KMS_CLUSTER_CTL_COMMAND_H
#define KMS_CLUSTER_CTL_COMMAND_H

#include <stdio.h>

#include "cluster/ctl/client.h"
#include "common/document/birth.h"
#include "common/wire/json.h"

#define COMMAND_ARGS_MAX 4
#define COMMAND_GIVEN_MAX 128
#define COMMAND_TEXT_MAX (64u * 1024 * 1024)

enum option_flags { OPTION_REPEATS = 1, OPTION_REQUIRED = 2 };

struct option_spec {
    const char *name;        /* "cacert" */
    const char *value;       /* what stands for it in the help; NULL: a flag without a value */
    const char *environment; /* a variable that gives the default, or NULL */
    const char *help;
    unsigned    flags; /* enum option_flags, ored; a command of whose options one is required does not run without it */
};

/* Which of the common options a command takes, and what is made ready before it runs. */
enum command_needs {
    NEEDS_NOTHING = 0,
    NEEDS_AUTHORITY = 1,  /* --cacert */
    NEEDS_CREDENTIAL = 2, /* --credential, unlocked */
    NEEDS_URL = 4,        /* --url, --timeout, --wait */
    NEEDS_CLUSTER = NEEDS_AUTHORITY | NEEDS_CREDENTIAL | NEEDS_URL,
    MAY_NEED_CLUSTER =
        8 /* takes the options of NEEDS_CLUSTER; command_connect() is called by the command when it is so */
};

struct ctl;
struct command {
    const char               *noun, *verb; /* verb NULL: the noun alone */
    const char               *arguments;   /* "ROLE NAME"; "" for none */
    unsigned                  args_min, args_max;
    const char               *summary;
    unsigned                  needs; /* enum command_needs, ored */
    const struct option_spec *options;
    unsigned                  option_count;
    enum kms_err (*run)(struct ctl *);
};

struct given_option {
    const struct option_spec *spec;
    const char               *value; /* borrowed from argv; NULL: a flag */
};

/* One call of kmsctl. */
struct ctl {
    const struct command *command;
    unsigned              arg_count;
    const char           *args[COMMAND_ARGS_MAX];
    unsigned              given_count;
    struct given_option   given[COMMAND_GIVEN_MAX];
    bool                  usage_error; /* the failure is one of usage: exit code 2 */
    bool                  answered;    /* by the coordinator: what failed then is no matter of reaching it */

    struct authority *authority; /* owned; as needs says */
    struct credential credential;
    struct client     client;

    cJSON     *result; /* owned: the one JSON document of --json */
    struct buf text;   /* owned: what is printed without it */
    bool       result_failed;
};

/* The table: each noun's file has its rows; table.c lists them. */
struct command_group {
    const struct command *rows;
    unsigned              count;
};
extern const struct command_group commands_ca, commands_cert, commands_dek, commands_client, commands_roster,
    commands_node, commands_key_generate, commands_key, commands_key_use, commands_key_birth, commands_request,
    commands_status;
extern const struct command_group *const command_groups[];
extern const unsigned                    command_group_count;
/* Options that every command takes, and those of `needs`. */
const struct option_spec *common_options(unsigned *count);
bool                      common_option_applies(const struct option_spec *, unsigned needs);
bool                      common_option_required(const struct option_spec *, unsigned needs);

/* Fails with KMS_E_ARGUMENT and marks the failure as one of usage. */
#define usage_fail(ctl, ...) ((ctl)->usage_error = true, fail(KMS_E_ARGUMENT, __VA_ARGS__))

/* Brings noun and verb to argv[1] and argv[2], from behind the options that all commands know. */
void command_bring_forward(int argc, char **argv);
/* Arguments. argv begins after noun and verb. */
RESULT command_parse(struct ctl *, int argc, char **argv);
/* NULL / false if not given. The environment counts as given. */
const char *option_text(const struct ctl *, const char *name);
bool        option_flag(const struct ctl *, const char *name);
RESULT      option_required(struct ctl *, const char *name, const char **out);
RESULT      option_number(struct ctl *, const char *name, long min, long max, long otherwise, long *out);

/* Help and the man page, from the table. */
void help_all(FILE *out);
void help_noun(FILE *out, const char *noun);
void help_command(FILE *out, const struct command *);
void help_man(FILE *out);

/* Makes ready what `needs` says (command.needs, or later for MAY_NEED_CLUSTER). */
RESULT command_connect(struct ctl *, unsigned needs);
/* From descriptor --<option>, or typed (twice: for a new one). Required: a terminal or the option. */
RESULT command_passphrase(struct ctl *, const char *option, const char *prompt, bool twice, struct secret *out);
/* The CA's passphrase: empty if ca.key in `directory` is not encrypted. */
RESULT command_ca_passphrase(struct ctl *, const char *directory, struct secret *out);

/* A call whose error answers are errors; *out is owned by the caller. */
RESULT command_call(struct ctl *, const char *method, const char *path, struct bytes body, cJSON **out);

/* Results: both forms are collected, one is printed. */
void ctl_say(struct ctl *, const char *format, ...) PRINTF_LIKE(2, 3);
void result_text(struct ctl *, const char *name, const char *value);
void result_number(struct ctl *, const char *name, double value);
void result_bool(struct ctl *, const char *name, bool value);
/* Takes over item. */
void result_item(struct ctl *, const char *name, cJSON *item);
/* The document itself is `item` from now on; takes it over. */
void result_replace(struct ctl *, cJSON *item);

/* The bytes of an option in hex; anything else is wrong usage. */
RESULT content_hex(struct buf *out, struct ctl *, const char *option);
/* A file's whole content, or standard input's for "-"; out->max bounds it. */
RESULT content_read(struct buf *out, const char *path);

#endif
