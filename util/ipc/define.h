/* define.h: encoder, decoder and debug print of a message set (ipc.h), for the one .c file that holds them. Before it:
 * IPC_DEF. */
#include "util/ipc/ipc.h"

#define FIELD(type, name) ipc_put_##type(channel, message->name);
#define MESSAGE(name, fields)                                                 \
    void name##_send(struct ipc_channel *channel, const struct name *message) \
    {                                                                         \
        ipc_put_begin(channel, name##_type);                                  \
        fields ipc_put_end(channel);                                          \
    }
#include IPC_DEF
#undef MESSAGE
#undef FIELD

#define FIELD(type, name) &&ipc_get_##type(channel, &message->name)
#define MESSAGE(name, fields)                                             \
    bool name##_decode(struct ipc_channel *channel, struct name *message) \
    {                                                                     \
        return ipc_get_end(channel, true fields);                         \
    }
#include IPC_DEF
#undef MESSAGE
#undef FIELD

#define FIELD(type, name) ipc_print_##type(out, #name, message->name);
#define MESSAGE(name, fields)                                       \
    void name##_print(struct str *out, const struct name *message)  \
    {                                                               \
        str_put(out, #name);                                        \
        fields                                                      \
    }
#include IPC_DEF
#undef MESSAGE
#undef FIELD
#undef IPC_DEF
