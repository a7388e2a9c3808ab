/* declare.h: what a message set looks like to its users (ipc.h). Before it: IPC_DEF (the .def file), IPC_SET (a word) and
 * IPC_BASE (the type of the first message). No include guard: it is included once per set, and undefines the three. */
#include "util/ipc/ipc.h"

#define IPC_JOIN_(set, tail) set##tail
#define IPC_JOIN(set, tail) IPC_JOIN_(set, tail)

#define MESSAGE(name, fields) name##_type,
enum {
    IPC_JOIN(IPC_SET, _before_first) = IPC_BASE - 1,
#include IPC_DEF
};
#undef MESSAGE

#define FIELD(type, name) ipc_type_##type name;
#define MESSAGE(name, fields) struct name { fields };
#include IPC_DEF
#undef MESSAGE
#undef FIELD

#define MESSAGE(name, fields)                                                  \
    void name##_send(struct ipc_channel *channel, const struct name *message); \
    bool name##_decode(struct ipc_channel *channel, struct name *message);     \
    void name##_print(struct str *out, const struct name *message);
#include IPC_DEF
#undef MESSAGE

#undef IPC_DEF
#undef IPC_SET
#undef IPC_BASE
