/* One member of struct config per declared parameter. Included by config.h inside the struct, nowhere else. */
#define PARAMETER(name, type, ...) CONFIG_MEMBER_##type name;
#define PARAMETER_NAMED(member, name, type, ...) CONFIG_MEMBER_##type member;
#define TRANSPORT_PARAMETER(...)
#define CONFIG_MEMBER_BOOL bool
#define CONFIG_MEMBER_COUNT int64_t
#define CONFIG_MEMBER_SIZE int64_t
#define CONFIG_MEMBER_TIME_S int64_t
#define CONFIG_MEMBER_TIME_M int64_t
#define CONFIG_MEMBER_TIME_H int64_t
#define CONFIG_MEMBER_TIME_D int64_t
#define CONFIG_MEMBER_TIME_W int64_t
#define CONFIG_MEMBER_TEXT const char *
#define CONFIG_MEMBER_RAW const char *
#include "util/config/parameters.def"
#undef PARAMETER
#undef PARAMETER_NAMED
#undef TRANSPORT_PARAMETER
#undef CONFIG_MEMBER_BOOL
#undef CONFIG_MEMBER_COUNT
#undef CONFIG_MEMBER_SIZE
#undef CONFIG_MEMBER_TIME_S
#undef CONFIG_MEMBER_TIME_M
#undef CONFIG_MEMBER_TIME_H
#undef CONFIG_MEMBER_TIME_D
#undef CONFIG_MEMBER_TIME_W
#undef CONFIG_MEMBER_TEXT
#undef CONFIG_MEMBER_RAW
