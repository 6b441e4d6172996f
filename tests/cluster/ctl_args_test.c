/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl's command line: what is accepted, what is refused and with which exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster/ctl/command.h"
#include "cluster/ctl/ctl.h"
#include "tests/support/test.h"

static const struct option_spec options[] = {
    {"name", "TEXT", NULL, "a name", true},
    {"out", "FILE", "KMS_TEST_OUT", "a file", false},
    {"n", "N", NULL, "a number", false},
    {"flag", NULL, NULL, "a flag", false},
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
