/* pipe_environment.h: what a command sees of our environment: only what export_environment names, and PATH. */
#ifndef DELIVERY_PIPE_ENVIRONMENT_H
#define DELIVERY_PIPE_ENVIRONMENT_H

/* wanted: names, and name=value. The list ends with NULL; free it with pipe_environment_free. */
char **pipe_environment_make(const char *wanted);
void pipe_environment_free(char **list);
#endif
