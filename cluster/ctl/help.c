/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts and the man page, generated from the table of commands. */
#include "cluster/ctl/command.h"

static const char exit_codes[] =
    "0 done; 1 the operation failed; 2 wrong usage; 3 denied or not authenticated; 4 not found; "
    "5 not available, try again";

static const struct {
    const char *name, *help;
} variables[] = {
    {"KMS_URL", "default of --url"},
    {"KMS_CACERT", "default of --cacert"},
    {"KMS_CREDENTIAL", "default of --credential"},
    {"KMS_PIN",
     "PIN of the credential where neither --pin-fd nor a terminal gives it. For development only: other processes "
     "of the same user can read a process's environment"},
};

static void print_name(FILE *out, const struct command *c)
{
    fprintf(out, "%s%s%s%s%s", c->noun, c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb,
            c->arguments[0] == '\0' ? "" : " ", c->arguments);
}

static void print_line(FILE *out, const struct command *c)
{
    char name[80];

    (void)snprintf(name, sizeof name, "%s %s %s", c->noun, c->verb == NULL ? "" : c->verb, c->arguments);
    fprintf(out, "  %-34s %s\n", name, c->summary);
}

void help_all(FILE *out)
{
    fprintf(out, "usage: kmsctl NOUN [VERB] [arguments] [options]\n\n");
    for (unsigned g = 0; g < command_group_count; g++)
        for (unsigned i = 0; i < command_groups[g]->count; i++) print_line(out, &command_groups[g]->rows[i]);
    fprintf(
        out,
        "\n`kmsctl NOUN --help` and `kmsctl NOUN VERB --help` say more; --json everywhere prints one JSON document.\n");
    fprintf(out, "\nenvironment:\n");
    for (unsigned i = 0; i < ARRAY_LEN(variables); i++)
        fprintf(out, "  %-16s %s\n", variables[i].name, variables[i].help);
    fprintf(out, "\nexit codes: %s.\n", exit_codes);
}

void help_noun(FILE *out, const char *noun)
{
    fprintf(out, "usage: kmsctl %s VERB [arguments] [options]\n\n", noun);
    for (unsigned g = 0; g < command_group_count; g++)
        for (unsigned i = 0; i < command_groups[g]->count; i++)
            if (strcmp(command_groups[g]->rows[i].noun, noun) == 0) print_line(out, &command_groups[g]->rows[i]);
    fprintf(out, "\n`kmsctl %s VERB --help` says more.\n", noun);
}

static void print_option(FILE *out, const struct option_spec *o, bool required)
{
    char name[48];

    (void)snprintf(name, sizeof name, "%s%s%s%s", o->name[1] == '\0' ? "-" : "--", o->name, o->value == NULL ? "" : " ",
                   o->value == NULL ? "" : o->value);
    fprintf(out, "  %-26s %s%s", name, o->help, (o->flags & OPTION_REPEATS) != 0 ? " (may be repeated)" : "");
    if (o->environment != NULL) fprintf(out, required ? " (required, or %s)" : " [%s]", o->environment);
    if (required && o->environment == NULL) fputs(" (required)", out);
    fputc('\n', out);
}

void help_command(FILE *out, const struct command *c)
{
    unsigned                  count;
    const struct option_spec *common = common_options(&count);

    fprintf(out, "usage: kmsctl ");
    print_name(out, c);
    fprintf(out, " [options]\n\n%s\n\noptions:\n", c->summary);
    for (unsigned i = 0; i < c->option_count; i++)
        print_option(out, &c->options[i], (c->options[i].flags & OPTION_REQUIRED) != 0);
    for (unsigned i = 0; i < count; i++)
        if (common_option_applies(&common[i], c->needs))
            print_option(out, &common[i], common_option_required(&common[i], c->needs));
    fprintf(out, "\nexit codes: %s.\n", exit_codes);
}

/* Text as roff: a dash is an option's, a backslash, and a dot or quote at the start of a line are not commands. */
static void roff_text(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", out);
    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == '\\')
            fprintf(out, "\\%s", *text == '-' ? "-" : "e");
        else
            fputc(*text, out);
    }
}

static void roff_option(FILE *out, const struct option_spec *o, bool required)
{
    fputs(".TP\n.B \"", out);
    roff_text(out, o->name[1] == '\0' ? "-" : "--");
    roff_text(out, o->name);
    if (o->value != NULL) fprintf(out, " %s", o->value);
    fputs("\"\n", out);
    roff_text(out, o->help);
    if ((o->flags & OPTION_REPEATS) != 0) fputs(" (may be repeated)", out);
    if (required) fputs(" (required)", out);
    if (o->environment != NULL) fprintf(out, ". Default: the environment's \\fB%s\\fR", o->environment);
    fputs(".\n", out);
}

static void roff_command(FILE *out, const struct command *c)
{
    fputs(".SS \"", out);
    fprintf(out, "%s%s%s%s%s", c->noun, c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb,
            c->arguments[0] == '\0' ? "" : " ", c->arguments);
    fputs("\"\n", out);
    roff_text(out, c->summary);
    fputs("\n", out);
    for (unsigned i = 0; i < c->option_count; i++)
        roff_option(out, &c->options[i], (c->options[i].flags & OPTION_REQUIRED) != 0);
}

void help_man(FILE *out)
{
    unsigned                  count;
    const struct option_spec *common = common_options(&count);

    fprintf(out,
            ".\\\" Generated by `kmsctl --man` from its table of commands.\n.TH KMSCTL 1 \"\" \"kms %s\" \"User "
            "Commands\"\n",
            KMS_VERSION);
    fputs(".SH NAME\nkmsctl \\- certificates, keys and state of a threshold key management cluster\n", out);
    fputs(".SH SYNOPSIS\n.B kmsctl\n.I NOUN\n[\\fIVERB\\fR] [\\fIarguments\\fR] [\\fIoptions\\fR]\n.SH COMMANDS\n",
          out);
    for (unsigned g = 0; g < command_group_count; g++)
        for (unsigned i = 0; i < command_groups[g]->count; i++) roff_command(out, &command_groups[g]->rows[i]);
    fputs(".SH COMMON OPTIONS\n", out);
    for (unsigned i = 0; i < count; i++) roff_option(out, &common[i], false);
    fputs(".SH ENVIRONMENT\n", out);
    for (unsigned i = 0; i < ARRAY_LEN(variables); i++) {
        fprintf(out, ".TP\n.B %s\n", variables[i].name);
        roff_text(out, variables[i].help);
        fputs(".\n", out);
    }
    fputs(".SH EXIT STATUS\n", out);
    fprintf(out, "%s.\n", exit_codes);
    fputs(".SH SEE ALSO\n.BR kms-clusterd (8);\n.I operations.md\nand others in /usr/share/doc/kms\n", out);
}
