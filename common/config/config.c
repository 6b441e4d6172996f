/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files over libconfuse. It is given the file's text, not the file, because its scanner calls exit() on a
 * read error; every option is text to it, so that values are checked, and faults told, in one way; its scanner has
 * global state, so one file at a time is read. Each value is checked while its line is known, and stored at the end.
 */
#include "common/config/config.h"

#include <confuse.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/config_value.h"
#include "common/secret/file.h"

#define FILE_MAX (1024 * 1024)
#define FOLDER_MAX 4096
#define FLAG_SEEN (1 << 24) /* ours, above libconfuse's: the option has occurred in the file */

struct loading {
    const char                  *path;
    const struct config_option  *options;
    size_t                       count;
    const struct config_section *sections;
    size_t                       section_count;
    char                         folder[FOLDER_MAX];
    char                         message[512]; /* the first error */
    int                          line;
};

/* libconfuse's callbacks have no argument of ours. */
static _Thread_local struct loading *loading;
static pthread_mutex_t               scanner = PTHREAD_MUTEX_INITIALIZER;

static void on_error(cfg_t *cfg, const char *format, va_list args)
{
    if (loading->message[0] != '\0') return;
    (void)vsnprintf(loading->message, sizeof loading->message, format, args);
    loading->line = cfg->line;
}

static const struct config_option *find_option(const struct config_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0) return &options[i];
    return NULL;
}

static const struct config_section *find_section(const char *name)
{
    for (size_t i = 0; i < loading->section_count; i++)
        if (strcmp(loading->sections[i].name, name) == 0) return &loading->sections[i];
    return NULL;
}

static const struct config_option *option_of(const cfg_t *cfg, const char *name)
{
    const struct config_section *section = find_section(cfg->name);

    if (section != NULL) return find_option(section->options, section->option_count, name);
    return find_option(loading->options, loading->count, name);
}

/* After each value. 0: accepted. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct config_option *o = option_of(cfg, opt->name);
    const char                 *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);

    if (o->type != CONFIG_LIST && (opt->flags & FLAG_SEEN) != 0) {
        cfg_error(cfg, "%s stands here a second time", o->name);
        return -1;
    }
    opt->flags |= FLAG_SEEN;
    if (o->type == CONFIG_LIST && cfg_opt_size(opt) > (unsigned)o->max) {
        cfg_error(cfg, "%s: more than %d values", o->name, (int)o->max);
        return -1;
    }
    if (config_value_check(o, loading->folder, text) == KMS_OK) return 0;
    cfg_error(cfg, "%s", error_text());
    return -1;
}

/* After each section. */
static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct config_section *s = find_section(opt->name);
    const char                  *title = cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));

    if (cfg_opt_size(opt) > s->max) {
        cfg_error(cfg, "%s: more than %zu of them", s->name, s->max);
        return -1;
    }
    if (title[0] == '\0' || strlen(title) >= s->title_size) {
        cfg_error(cfg, "%s \"..\": a name of 1 to %zu characters belongs there", s->name, s->title_size - 1);
        return -1;
    }
    return 0;
}

/* libconfuse's form of a table; the caller frees it. */
static cfg_opt_t *describe(const struct config_option *options, size_t count, size_t more)
{
    cfg_opt_t *out = calloc(count + more + 1, sizeof *out);

    for (size_t i = 0; out != NULL && i < count; i++) {
        out[i].name = options[i].name;
        out[i].type = CFGT_STR;
        out[i].flags = CFGF_NODEFAULT | (options[i].type == CONFIG_LIST ? CFGF_LIST : 0);
        out[i].validcb = on_value;
    }
    return out;
}

static void forget(cfg_opt_t *root, size_t first_section)
{
    for (cfg_opt_t *section = root == NULL ? NULL : root + first_section; section != NULL && section->name != NULL;
         section++)
        free(section->subopts);
    free(root);
}

static cfg_t *new_parser(void)
{
    cfg_opt_t *root = describe(loading->options, loading->count, loading->section_count);
    bool       complete = root != NULL;

    for (size_t i = 0; complete && i < loading->section_count; i++) {
        const struct config_section *s = &loading->sections[i];
        cfg_opt_t                   *opt = &root[loading->count + i];
        opt->name = s->name;
        opt->type = CFGT_SEC;
        opt->flags = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
        opt->validcb = on_section;
        opt->subopts = describe(s->options, s->option_count, 0);
        complete = opt->subopts != NULL;
    }
    cfg_t *cfg = complete ? cfg_init(root, CFGF_NONE) : NULL;
    forget(root, loading->count);
    if (cfg != NULL) (void)cfg_set_error_function(cfg, on_error);
    return cfg;
}

static enum kms_err store_option(void *base, cfg_t *cfg, const struct config_option *o)
{
    unsigned count = cfg_size(cfg, o->name);

    if (count == 0 && !(o->type == CONFIG_LIST && (cfg_getopt(cfg, o->name)->flags & CFGF_MODIFIED) != 0))
        return config_value_default(base, o, loading->folder);
    for (unsigned i = 0; i < count; i++) config_value_store(base, o, i, loading->folder, cfg_getnstr(cfg, o->name, i));
    if (o->type == CONFIG_LIST) config_count_store(base, o->count_offset, count);
    return KMS_OK;
}

static enum kms_err store_section(void *out, cfg_t *cfg, const struct config_section *s)
{
    unsigned count = cfg_size(cfg, s->name);

    for (unsigned i = 0; i < count; i++) {
        cfg_t *section = cfg_getnsec(cfg, s->name, i);
        char  *element = (char *)out + s->offset + i * s->element_size;
        (void)snprintf(element, s->title_size, "%s", cfg_title(section));
        for (size_t j = 0; j < s->option_count; j++)
            TRY_AT(store_option(element, section, &s->options[j]), "%s:%d: %s \"%s\"", loading->path, section->line,
                   s->name, cfg_title(section));
    }
    config_count_store(out, s->count_offset, count);
    return KMS_OK;
}

static enum kms_err parse_and_store(void *out, cfg_t *cfg, const char *text)
{
    if (cfg_parse_buf(cfg, text) != CFG_SUCCESS)
        return fail(KMS_E_CONFIG, "%s:%d: %s", loading->path, loading->line,
                    loading->message[0] == '\0' ? "cannot be parsed" : loading->message);
    for (size_t i = 0; i < loading->count; i++)
        TRY_AT(store_option(out, cfg, &loading->options[i]), "%s", loading->path);
    for (size_t i = 0; i < loading->section_count; i++) TRY(store_section(out, cfg, &loading->sections[i]));
    return KMS_OK;
}

static enum kms_err load_locked(void *out, struct loading *l, const char *text)
{
    loading = l;
    cfg_t       *cfg = new_parser();
    enum kms_err err =
        cfg == NULL ? fail(KMS_E_MEMORY, "%s: no memory to read it", l->path) : parse_and_store(out, cfg, text);
    if (cfg != NULL) (void)cfg_free(cfg);
    loading = NULL;
    return err;
}

static enum kms_err find_folder(char out[FOLDER_MAX], const char *path)
{
    char *absolute = realpath(path, NULL);

    if (absolute == NULL) return fail(KMS_E_CONFIG, "%s: %s", path, strerror(errno));
    char *last = strrchr(absolute, '/');
    *last = '\0';
    int len = snprintf(out, FOLDER_MAX, "%s", absolute);
    free(absolute);
    if (len < 0 || len >= FOLDER_MAX) return fail(KMS_E_CONFIG, "%s: its folder's path is too long", path);
    return KMS_OK;
}

RESULT config_load(void *out, const char *path, const struct config_option *options, size_t count,
                   const struct config_section *sections, size_t section_count)
{
    BUF_LOCAL      text = BUF_INIT(FILE_MAX);
    struct loading l = {
        .path = path, .options = options, .count = count, .sections = sections, .section_count = section_count};

    TRY(file_read(&text, path, 022));
    if (strlen(buf_str(&text)) != text.len) return fail(KMS_E_CONFIG, "%s: not a text file", path);
    TRY(find_folder(l.folder, path));
    (void)pthread_mutex_lock(&scanner);
    enum kms_err err = load_locked(out, &l, buf_str(&text));
    (void)pthread_mutex_unlock(&scanner);
    return err;
}
