/* handover.h: what master gives a worker it starts, and the worker's answers. Only master and the skeleton know this.
 *
 * Descriptors: the constants below. Arguments: -n service -t type [-c] (chroot) -s count (listeners) -m slot
 * (its own on the board), then what master.cf says after the program's name: [-v] [-D] [-o name=value] and the program's own. */
#ifndef MASTER_WORKER_HANDOVER_H
#define MASTER_WORKER_HANDOVER_H

enum handover_fd {
    HANDOVER_LIFE = 3,  /* a pipe that master never writes to; end of file: finish when idle (reload, stop, master gone) */
    HANDOVER_NOTIFY,    /* a pipe to master: one byte when the last idle worker of the service became busy */
    HANDOVER_BOARD,     /* the service's board (board.h) */
    HANDOVER_CONNECTOR, /* where to ask for a connection to a socket in private/ (connector.h) */
    HANDOVER_MASTER_CF, /* the text of master.cf that is in force: the file may be under change, or wrong, by now */
    HANDOVER_TLS_KEEP,  /* keys that were good (util/net/tls_keep.h); closed when the worker gives up its rights */
    HANDOVER_CALLS,     /* the system-call filter, made once (sandbox_prepare_calls); empty: none */
    HANDOVER_LISTENERS, /* this service's sockets from here on, then those of the role */
};
#endif
