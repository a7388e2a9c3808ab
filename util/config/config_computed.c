#include "util/config/config_computed.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/base/text.h"
#include "util/config/main_cf.h"

static bool is_default(const struct config_dictionary *dictionary, const char *name)
{
    return config_dictionary_origin(dictionary, name) <= CONFIG_COMPUTED;
}

static void set(struct config_dictionary *dictionary, const char *name, const char *value)
{
    if (parameter_find(name) != NULL)
        config_dictionary_set(dictionary, name, value, CONFIG_COMPUTED, 0);
}

/* The expanded value, "" if there is none or it can't be expanded (which is reported when it is read). */
static const char *value_of(const struct config_dictionary *dictionary, const char *name, struct str *value)
{
    struct str why = { 0 };
    const char *raw = config_dictionary_raw(dictionary, name);

    str_clear(value);
    if (raw != NULL && !config_dictionary_expand(dictionary, raw, value, &why))
        str_clear(value);
    str_free(&why);
    return str_text(value);
}

/* A host name without domain gets mydomain's, if that was set. */
static void set_myhostname(struct config_dictionary *dictionary)
{
    char host[HOST_NAME_MAX + 1] = "";
    struct str name = { 0 };
    struct str domain = { 0 };

    if (!is_default(dictionary, "myhostname"))
        return;
    if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
        (void)snprintf(host, sizeof(host), "localhost"); /* always fits */
    str_set(&name, host);
    if (strchr(host, '.') == NULL) {
        bool has_domain = !is_default(dictionary, "mydomain");
        str_put_char(&name, '.');
        str_put(&name, has_domain ? value_of(dictionary, "mydomain", &domain) : "localdomain");
    }
    set(dictionary, "myhostname", str_text(&name));
    str_free(&name);
    str_free(&domain);
}

static void set_mydomain(struct config_dictionary *dictionary)
{
    struct str host = { 0 };

    if (!is_default(dictionary, "mydomain"))
        return;
    const char *dot = strchr(value_of(dictionary, "myhostname", &host), '.');
    set(dictionary, "mydomain", dot != NULL && dot[1] != '\0' ? dot + 1 : "localdomain");
    str_free(&host);
}

/* What an own address contributes to mynetworks. */
struct network {
    int family;
    unsigned char bytes[16];
    int bits;
};

static int mask_bits(const struct sockaddr *mask)
{
    const unsigned char *bytes;
    size_t length = mask->sa_family == AF_INET ? 4 : 16;
    int bits = 0;

    if (mask->sa_family == AF_INET)
        bytes = (const unsigned char *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr;
    else
        bytes = ((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr.s6_addr;
    for (size_t i = 0; i < length; i++)
        bits += __builtin_popcount(bytes[i]);
    return bits;
}

static int class_bits(const unsigned char *address)
{
    if (address[0] < 128)
        return 8;
    if (address[0] < 192)
        return 16;
    return address[0] < 224 ? 24 : 32;
}

static void network_put(const struct network *network, struct str *out)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    int length = network->family == AF_INET ? 4 : 16;

    memcpy(bytes, network->bytes, sizeof(bytes));
    for (int bit = network->bits; bit < length * 8; bit++)
        bytes[bit / 8] &= (unsigned char)~(0x80 >> (bit % 8));
    (void)inet_ntop(network->family, bytes, text, sizeof(text)); /* always fits */
    struct str item = { 0 };
    str_printf(&item, network->family == AF_INET ? "%s/%d" : "[%s]/%d", text, network->bits);
    /* Several addresses of one network make one entry. */
    const char *found = strstr(str_text(out), str_text(&item));
    if (found == NULL || (found[item.length] != ' ' && found[item.length] != '\0')) {
        if (out->length > 0)
            str_put_char(out, ' ');
        str_put(out, str_text(&item));
    }
    str_free(&item);
}

/* Whether inet_interfaces lets the address count: all, loopback-only, or a list of addresses. */
static bool interface_counts(const char *interfaces, const struct ifaddrs *one, const char *text)
{
    const char *word;
    size_t length;

    if (text_equal_nocase(interfaces, "all"))
        return true;
    if (text_equal_nocase(interfaces, "loopback-only"))
        return (one->ifa_flags & IFF_LOOPBACK) != 0;
    while (text_next_word(&interfaces, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (length > 1 && word[0] == '[') {
            word++;
            length -= 2;
        }
        if ((strlen(text) == length && strncasecmp(word, text, length) == 0)
            || (length == 9 && strncasecmp(word, "localhost", 9) == 0 && (one->ifa_flags & IFF_LOOPBACK) != 0))
            return true;
    }
    return false;
}

static bool network_of(const struct ifaddrs *one, const char *style, struct network *network)
{
    if (one->ifa_addr == NULL || one->ifa_netmask == NULL)
        return false;
    network->family = one->ifa_addr->sa_family;
    if (network->family == AF_INET)
        memcpy(network->bytes, &((const struct sockaddr_in *)(const void *)one->ifa_addr)->sin_addr, 4);
    else if (network->family == AF_INET6)
        memcpy(network->bytes, &((const struct sockaddr_in6 *)(const void *)one->ifa_addr)->sin6_addr, 16);
    else
        return false;
    if (text_equal_nocase(style, "host"))
        network->bits = network->family == AF_INET ? 32 : 128;
    else if (text_equal_nocase(style, "class") && network->family == AF_INET)
        network->bits = class_bits(network->bytes);
    else
        network->bits = mask_bits(one->ifa_netmask);
    return true;
}

static bool protocol_counts(const char *protocols, int family)
{
    return strcasestr(protocols, "all") != NULL || strcasestr(protocols, family == AF_INET ? "ipv4" : "ipv6") != NULL;
}

static void set_mynetworks(struct config_dictionary *dictionary)
{
    struct str style = { 0 };
    struct str interfaces = { 0 };
    struct str protocols = { 0 };
    struct str networks = { 0 };
    struct ifaddrs *all = NULL;

    if (!is_default(dictionary, "mynetworks") || getifaddrs(&all) < 0)
        return;
    (void)value_of(dictionary, "mynetworks_style", &style);
    (void)value_of(dictionary, "inet_interfaces", &interfaces);
    (void)value_of(dictionary, "inet_protocols", &protocols);
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        struct network network = { 0 };
        char text[INET6_ADDRSTRLEN];
        if (!network_of(one, str_text(&style), &network) || !protocol_counts(str_text(&protocols), network.family))
            continue;
        (void)inet_ntop(network.family, network.bytes, text, sizeof(text)); /* always fits */
        if (interface_counts(str_text(&interfaces), one, text))
            network_put(&network, &networks);
    }
    freeifaddrs(all);
    set(dictionary, "mynetworks", str_text(&networks));
    str_free(&style);
    str_free(&interfaces);
    str_free(&protocols);
    str_free(&networks);
}

bool config_computed_read_files(struct config_dictionary *dictionary, struct str *why)
{
    static const char name[] = "myorigin";
    struct str text = { 0 };
    const char *file = config_dictionary_raw(dictionary, name);

    if (file == NULL || file[0] != '/')
        return true;
    bool good = main_cf_load(file, &text, why);
    if (good) {
        str_truncate(&text, strcspn(str_text(&text), " \t\r\n"));
        config_dictionary_set(dictionary, name, str_text(&text), config_dictionary_origin(dictionary, name), 0);
    }
    str_free(&text);
    return good;
}

void config_computed_set(struct config_dictionary *dictionary, const char *program)
{
    char number[24];

    (void)snprintf(number, sizeof(number), "%ld", (long)getpid()); /* always fits */
    set(dictionary, "process_id", number);
    set(dictionary, "process_name", program != NULL ? program : "");
    set_myhostname(dictionary);
    set_mydomain(dictionary);
    set_mynetworks(dictionary);
}
