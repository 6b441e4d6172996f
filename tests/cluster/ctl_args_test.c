/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl's command line: what is accepted, what is refused and with which exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster/ctl/command.h"
#include "cluster/ctl/ctl.h"
#include "tests/support/test.h"

static const struct option_spec options[] = {
    {"name", "TEXT", NULL, "a name", OPTION_REPEATS},
    {"out", "FILE", "KMS_TEST_OUT", "a file", 0},
    {"n", "N", NULL, "a number", 0},
    {"flag", NULL, NULL, "a flag", 0},
};
static const struct command sample = {"thing", "do", "A [B]", 1, 2, "does", NEEDS_NOTHING, options, ARRAY_LEN(options),
                                      NULL};

static enum kms_err parse(struct ctl *ctl, char **words)
{
    int count = 0;

    while (words[count] != NULL) count++;
    *ctl = (struct ctl){.command = &sample};
    return command_parse(ctl, count, words);
}

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

TEST(args, takes_options_before_and_behind_arguments)
{
    struct ctl ctl;
    long       n;

    assert_ok(parse(&ctl, WORDS("--name=a", "first", "--flag", "-n", "7", "--name", "b", "second")));

    assert_int_equal(ctl.arg_count, 2);
    assert_string_equal(ctl.args[1], "second");
    assert_true(option_flag(&ctl, "flag"));
    assert_string_equal(option_text(&ctl, "name"), "a");
    assert_string_equal(ctl.given[3].value, "b");
    assert_ok(option_number(&ctl, "n", 1, 9, 0, &n));
    assert_int_equal(n, 7);
}

TEST(args, ends_options_at_two_dashes_and_takes_one_dash_as_an_argument)
{
    struct ctl ctl;

    assert_ok(parse(&ctl, WORDS("-", "--", "--flag")));

    assert_string_equal(ctl.args[0], "-");
    assert_string_equal(ctl.args[1], "--flag");
    assert_false(option_flag(&ctl, "flag"));
}

TEST(args, refuses_what_it_does_not_know)
{
    static char *const bad[][4] = {
        {"a", "--unknown"}, {"a", "-name", "x"}, {"a", "--n", "x"},   {"a", "--flag=yes"},    {"a", "--out"},
        {"a", "b", "c"},    {"--flag"},          {"a", "--url", "x"}, {"a", "--pin-fd", "3"},
    };
    struct ctl ctl;

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        char *words[5] = {bad[i][0], bad[i][1], bad[i][2], bad[i][3], NULL};
        assert_err(KMS_E_ARGUMENT, parse(&ctl, words));
        assert_true(ctl.usage_error);
    }
}

static void forward(char **words)
{
    int count = 0;

    while (words[count] != NULL) count++;
    command_bring_forward(count, words);
}

TEST(args, finds_noun_and_verb_behind_options_that_all_commands_know)
{
    static char *const cases[][8] = {
        {"kmsctl", "key", "show", "K", "--json"},
        {"kmsctl", "key", "show", "--json", "K"},
        {"kmsctl", "--json", "key", "show", "K"},
        {"kmsctl", "key", "--json", "show", "K"},
        {"kmsctl", "--url", "u", "key", "--cacert=c", "show", "K"},
        {"kmsctl", "--url=u", "--cacert", "c", "key", "show", "K"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        char *words[9] = {NULL};
        memcpy(words, cases[i], sizeof cases[i]);
        forward(words);
        assert_string_equal(words[1], "key");
        assert_string_equal(words[2], "show");
        assert_string_equal(words[i < 4 ? 4 : 6], i == 0 ? "--json" : "K");
    }
}

TEST(args, moves_nothing_across_what_it_does_not_know)
{
    char *unknown[] = {"kmsctl", "--label", "x", "key", "list", NULL};
    char *own[] = {"kmsctl", "request", "-d", "x", "GET", "/", NULL};
    char *value_missing[] = {"kmsctl", "--json", "--url", NULL};

    forward(unknown);
    assert_string_equal(unknown[1], "--label");
    forward(own);
    assert_string_equal(own[2], "-d");
    forward(value_missing);
    assert_string_equal(value_missing[1], "--json");
}

TEST(args, names_the_argument_that_is_missing)
{
    static const struct command two = {"thing", "do", "ROLE NAME", 2, 2, "does", NEEDS_NOTHING, NULL, 0, NULL};
    struct ctl                  ctl = {.command = &two};

    assert_err(KMS_E_ARGUMENT, command_parse(&ctl, 0, WORDS(NULL)));
    assert_string_equal(error_text(), "ROLE is missing");
    ctl = (struct ctl){.command = &two};
    assert_err(KMS_E_ARGUMENT, command_parse(&ctl, 1, WORDS("node")));
    assert_string_equal(error_text(), "NAME is missing");
    assert_true(ctl.usage_error);
}

TEST(args, refuses_a_command_without_a_required_option)
{
    static const struct option_spec needed[] = {{"ca", "DIR", NULL, "the folder of the CA", OPTION_REQUIRED}};
    static const struct command     c = {"thing", "do", "", 0, 0, "does", NEEDS_NOTHING, needed, 1, NULL};
    struct ctl                      ctl = {.command = &c};

    assert_err(KMS_E_ARGUMENT, command_parse(&ctl, 0, WORDS(NULL)));
    assert_true(ctl.usage_error);
    assert_non_null(strstr(error_text(), "--ca"));
    ctl = (struct ctl){.command = &c};
    assert_ok(command_parse(&ctl, 2, WORDS("--ca", "x")));
    ctl = (struct ctl){.command = &c};
    assert_ok(command_parse(&ctl, 1, WORDS("--help")));
}

TEST(args, refuses_an_option_given_twice)
{
    struct ctl ctl;

    assert_err(KMS_E_ARGUMENT, parse(&ctl, WORDS("a", "--out", "x", "--out", "y")));
}

TEST(args, refuses_numbers_outside_their_range)
{
    static char *const bad[] = {"0", "10", "", "7x", "99999999999999999999", "-3"};
    struct ctl         ctl;
    long               n;

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_ok(parse(&ctl, WORDS("a", "-n", bad[i])));
        assert_err(KMS_E_ARGUMENT, option_number(&ctl, "n", 1, 9, 5, &n));
        assert_true(ctl.usage_error);
    }
}

TEST(args, takes_a_default_from_the_environment)
{
    struct ctl  ctl;
    const char *out;

    assert_int_equal(setenv("KMS_TEST_OUT", "there", 1), 0);
    assert_ok(parse(&ctl, WORDS("a")));
    assert_ok(option_required(&ctl, "out", &out));
    assert_string_equal(out, "there");
    assert_int_equal(unsetenv("KMS_TEST_OUT"), 0);
    assert_err(KMS_E_ARGUMENT, option_required(&ctl, "out", &out));
}

TEST(args, gives_the_documented_exit_codes)
{
    assert_int_equal(ctl_main(2, WORDS("kmsctl", "nonsense")), CTL_USAGE);
    assert_int_equal(ctl_main(3, WORDS("kmsctl", "key", "nonsense")), CTL_USAGE);
    assert_int_equal(ctl_main(2, WORDS("kmsctl", "key")), CTL_USAGE);
    assert_int_equal(ctl_main(3, WORDS("kmsctl", "key", "show")), CTL_USAGE);
    assert_int_equal(ctl_main(3, WORDS("kmsctl", "--json", "key")), CTL_USAGE);
    assert_int_equal(ctl_main(2, WORDS("kmsctl", "--bogus")), CTL_USAGE);
    assert_int_equal(ctl_main(4, WORDS("kmsctl", "--help", "key", "show")), CTL_OK);
    assert_int_equal(ctl_main(3, WORDS("kmsctl", "--help", "key")), CTL_OK);
    assert_int_equal(ctl_main(5, WORDS("kmsctl", "roster", "show", "/nonexistent", "--cacert=/nonexistent")),
                     CTL_NOT_FOUND);
}

TEST(args, explains_every_command_and_every_option)
{
    for (unsigned g = 0; g < command_group_count; g++)
        for (unsigned i = 0; i < command_groups[g]->count; i++) {
            const struct command *c = &command_groups[g]->rows[i];
            assert_non_null(c->run);
            assert_true(strlen(c->summary) > 10);
            assert_true(c->args_min <= c->args_max && c->args_max <= COMMAND_ARGS_MAX);
            assert_int_equal(c->args_max == 0, c->arguments[0] == '\0');
            for (unsigned o = 0; o < c->option_count; o++) assert_true(strlen(c->options[o].help) > 5);
        }
}
