/* route_class.h: classes of domains (ADDRESS_CLASS_README), and whether they could be found out. */
#ifndef QMGR_ROUTE_ROUTE_CLASS_H
#define QMGR_ROUTE_ROUTE_CLASS_H

enum route_class {
    ROUTE_LOCAL,           /* mydestination, inet_interfaces, proxy_interfaces */
    ROUTE_VIRTUAL_ALIAS,   /* virtual_alias_domains */
    ROUTE_VIRTUAL_MAILBOX, /* virtual_mailbox_domains */
    ROUTE_RELAY,           /* relay_domains */
    ROUTE_OTHER,           /* everything else: default_transport */
};

enum route_result {
    ROUTE_FOUND,
    ROUTE_DEFER, /* a look-up failed: the reason says which; try again later */
};
#endif
