/* SPDX-License-Identifier: Apache-2.0 */
/* The only list of schemes: a new one is a line here. */
#include "cluster/node/schemes.h"

#include <string.h>

#include "cluster/frost/frost.h"

static const struct scheme *const schemes[] = {&frost_scheme};

const struct scheme *schemes_by_id(enum algorithm id)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (schemes[i]->id == id) return schemes[i];
    return NULL;
}

const struct scheme *schemes_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strcmp(schemes[i]->name, name) == 0) return schemes[i];
    return NULL;
}

const struct scheme *schemes_default(enum group_id group)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (schemes[i]->supports(group)) return schemes[i];
    return NULL;
}
