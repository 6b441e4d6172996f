/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: options anywhere, `--name value` or `--name=value`, `--` ends them. */
#include <errno.h>
#include <stdlib.h>

#include "cluster/ctl/command.h"

static const struct option_spec *find_among(const struct option_spec *options, unsigned count, const char *name,
                                            size_t len)
{
    for (unsigned i = 0; i < count; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0) return &options[i];
    return NULL;
}

/* A command's own option goes before a common one of the same name. */
static const struct option_spec *find_option(const struct command *command, const char *name, size_t len)
{
    unsigned                  count;
    const struct option_spec *options = common_options(&count);
    const struct option_spec *found = find_among(command->options, command->option_count, name, len);

    if (found != NULL) return found;
    found = find_among(options, count, name, len);
    return found != NULL && common_option_applies(found, command->needs) ? found : NULL;
}

static const struct given_option *find_given(const struct ctl *ctl, const char *name)
{
    for (unsigned i = 0; i < ctl->given_count; i++)
        if (strcmp(ctl->given[i].spec->name, name) == 0) return &ctl->given[i];
    return NULL;
}

/* *used: how many words of argv the option took. */
static RESULT parse_option(struct ctl *ctl, char **argv, int left, int *used)
{
    bool                      is_long = argv[0][1] == '-';
    const char               *name = argv[0] + (is_long ? 2 : 1);
    const char               *equals = is_long ? strchr(name, '=') : NULL;
    size_t                    len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct option_spec *spec = find_option(ctl->command, name, len);
    const char               *value = equals == NULL ? NULL : equals + 1;

    *used = 1;
    if (spec == NULL || is_long != (len > 1)) return usage_fail(ctl, "unknown option %.60s", argv[0]);
    if (spec->value == NULL && value != NULL) return usage_fail(ctl, "--%s takes no value", spec->name);
    if (spec->value != NULL && value == NULL) {
        if (left < 2) return usage_fail(ctl, "%.60s needs a value (%s)", argv[0], spec->value);
        value = argv[1];
        *used = 2;
    }
    if ((spec->flags & OPTION_REPEATS) == 0 && find_given(ctl, spec->name) != NULL)
        return usage_fail(ctl, "%.60s is given twice", argv[0]);
    if (ctl->given_count >= COMMAND_GIVEN_MAX) return usage_fail(ctl, "more than %d options", COMMAND_GIVEN_MAX);
    ctl->given[ctl->given_count++] = (struct given_option){.spec = spec, .value = value};
    return KMS_OK;
}

static RESULT parse_argument(struct ctl *ctl, const char *word)
{
    if (ctl->arg_count >= ctl->command->args_max) return usage_fail(ctl, "one argument too many: \"%.60s\"", word);
    ctl->args[ctl->arg_count++] = word;
    return KMS_OK;
}

/* 0: not an option that all commands know; else how many words it takes. */
static int words_of_common_option(const char *word)
{
    unsigned                  count;
    const struct option_spec *options = common_options(&count);

    if (word[0] != '-' || word[1] != '-') return 0;
    size_t                    len = strcspn(word + 2, "=");
    const struct option_spec *found = find_among(options, count, word + 2, len);
    if (found == NULL) return 0;
    return found->value != NULL && word[2 + len] == '\0' ? 2 : 1;
}

void command_bring_forward(int argc, char **argv)
{
    int place = 1;

    for (int i = 1; i < argc && place <= 2;) {
        int   words = words_of_common_option(argv[i]);
        char *word = argv[i];
        if (words == 0 && word[0] == '-') return;
        if (words == 0) {
            memmove(argv + place + 1, argv + place, (size_t)(i - place) * sizeof *argv);
            argv[place++] = word;
        }
        i += words == 0 ? 1 : words;
    }
}

static RESULT check_required(struct ctl *ctl)
{
    const char *value;

    for (unsigned i = 0; i < ctl->command->option_count; i++)
        if ((ctl->command->options[i].flags & OPTION_REQUIRED) != 0)
            TRY(option_required(ctl, ctl->command->options[i].name, &value));
    return KMS_OK;
}

static RESULT check_arguments(struct ctl *ctl)
{
    const char *missing = ctl->command->arguments;

    if (ctl->arg_count >= ctl->command->args_min) return KMS_OK;
    for (unsigned i = 0; i < ctl->arg_count; i++) missing += strcspn(missing, " ") + 1;
    return usage_fail(ctl, "%.*s is missing", (int)strcspn(missing, " "), missing);
}

RESULT command_parse(struct ctl *ctl, int argc, char **argv)
{
    bool options_over = false;

    for (int i = 0, used = 1; i < argc; i += used) {
        used = 1;
        bool is_option = !options_over && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0)
            options_over = true;
        else if (is_option)
            TRY(parse_option(ctl, argv + i, argc - i, &used));
        else
            TRY(parse_argument(ctl, argv[i]));
    }
    if (find_given(ctl, "help") != NULL) return KMS_OK;
    TRY(check_arguments(ctl));
    return check_required(ctl);
}

const char *option_text(const struct ctl *ctl, const char *name)
{
    const struct given_option *given = find_given(ctl, name);

    if (given != NULL) return given->value;
    const struct option_spec *spec = find_option(ctl->command, name, strlen(name));
    const char               *value = spec == NULL || spec->environment == NULL ? NULL : getenv(spec->environment);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

bool option_flag(const struct ctl *ctl, const char *name)
{
    return find_given(ctl, name) != NULL;
}

RESULT option_required(struct ctl *ctl, const char *name, const char **out)
{
    const struct option_spec *spec = find_option(ctl->command, name, strlen(name));

    *out = option_text(ctl, name);
    if (*out != NULL) return KMS_OK;
    if (spec != NULL && spec->environment != NULL)
        return usage_fail(ctl, "--%s or the environment's %s is needed: %s", name, spec->environment, spec->help);
    return usage_fail(ctl, "--%s is needed: %s", name, spec == NULL ? "" : spec->help);
}

RESULT option_number(struct ctl *ctl, const char *name, long min, long max, long otherwise, long *out)
{
    const char *text = option_text(ctl, name);
    char       *end = NULL;

    *out = otherwise;
    if (text == NULL) return KMS_OK;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return usage_fail(ctl, "--%s: a whole number from %ld to %ld belongs here", name, min, max);
    *out = value;
    return KMS_OK;
}
