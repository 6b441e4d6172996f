/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up a header of a request. */
#include "cluster/api/http.h"

const char *http_request_header(const struct http_request *request, const char *lower_case_name, bool *repeated)
{
    const char *value = NULL;

    if (repeated != NULL) *repeated = false;
    for (unsigned i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, lower_case_name) != 0) continue;
        if (value == NULL)
            value = request->headers[i].value;
        else if (repeated != NULL)
            *repeated = true;
    }
    return value;
}
