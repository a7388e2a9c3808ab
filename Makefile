# GNU make. Objects go to $(BUILD); every .c file outside tests/ belongs to one library, and every file that has a main()
# is a program named after it.
PREFIX ?= /usr
DESTDIR ?=
BUILD ?= build
CC ?= cc
CONFDIR ?= /etc/posthaste

ROOMS = util master smtpd submission qmgr delivery local
SOURCES := $(shell find $(ROOMS) -name '*.c' 2>/dev/null | sort)
MAINS := $(if $(SOURCES),$(shell grep -l '^int main\b' $(SOURCES)))
# Table types that need a library of their own are modules, loaded at run time; those whose library is here are built.
MODULE_FOLDER = util/table/module
HASH := \#
have_header = $(shell echo '$(HASH)include <$(1)>' | $(CC) -E -xc -o /dev/null - 2>/dev/null && echo $(2))
MODULE_TYPES := $(call have_header,lmdb.h,lmdb) $(call have_header,sqlite3.h,sqlite)
MODULE_LIBRARY_lmdb = -llmdb
MODULE_LIBRARY_sqlite = -lsqlite3
MODULES := $(MODULE_TYPES:%=$(BUILD)/lib/posthaste/posthaste-%.so)
LIBRARY_SOURCES := $(filter-out $(MAINS) $(MODULE_FOLDER)/%,$(SOURCES))
PROGRAMS := $(addprefix $(BUILD)/bin/,$(notdir $(MAINS:.c=)))

WARNINGS = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wvla -Wformat=2 -Wno-unused-parameter -Werror
OPTIMIZE ?= -O2 -g
HARDEN = -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
HARDEN += $(shell echo 'int x;' | $(CC) -fcf-protection -xc -c -o /dev/null - 2>/dev/null && echo -fcf-protection)
HARDEN_LINK = -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed
ifdef SANITIZE
HARDEN = -fPIE -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
HARDEN_LINK = -pie -fsanitize=$(SANITIZE)
OPTIMIZE = -O1 -g
endif
CPPFLAGS += -I. -D_GNU_SOURCE '-DCONFIG_DIRECTORY="$(CONFDIR)"'
ALL_CFLAGS = -std=c17 $(OPTIMIZE) $(WARNINGS) $(HARDEN) $(CFLAGS)
# In this order the loader searches them for each symbol: those with the most symbols first makes a start 8 % cheaper.
LIBRARIES = -lcrypto -lssl -ldb -lunistring -lsasl2 -lidn2 -lpcre2-8 -levent_core -lseccomp -lz -lresolv -lm

OBJECTS := $(LIBRARY_SOURCES:%.c=$(BUILD)/obj/%.o)
MAIN_OBJECTS := $(MAINS:%.c=$(BUILD)/obj/%.o)
LIBRARY = $(BUILD)/libposthaste.a

all: $(LIBRARY) $(PROGRAMS) $(MODULES)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What knows CONFDIR is compiled anew when it changes.
$(addprefix $(BUILD)/obj/util/,config/config.o config/parameter.o tool/postconf.o): $(BUILD)/confdir
$(BUILD)/confdir: force
	@mkdir -p $(@D)
	@echo '$(CONFDIR)' | cmp -s - $@ || echo '$(CONFDIR)' >$@
force:

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

define PROGRAM_RULE
$(BUILD)/bin/$(notdir $(1:.c=)): $(BUILD)/obj/$(1:.c=.o) $(LIBRARY)
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$$(CC) $$(ALL_CFLAGS) $$(HARDEN_LINK) -Wl,--export-dynamic -o $$@ $$< $$(LIBRARY) $$(LDFLAGS) $$(LIBRARIES)
endef
$(foreach main,$(MAINS),$(eval $(call PROGRAM_RULE,$(main))))

$(BUILD)/module/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -fvisibility=default -MMD -MP -c -o $@ $<

MODULE_OBJECTS := $(patsubst %,$(BUILD)/module/$(MODULE_FOLDER)/%.o,$(MODULE_TYPES:%=table_%) query_template)
$(MODULES): $(BUILD)/lib/posthaste/posthaste-%.so: $(BUILD)/module/$(MODULE_FOLDER)/table_%.o $(BUILD)/module/$(MODULE_FOLDER)/query_template.o
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_CFLAGS) -fPIC -shared $(filter-out -pie,$(HARDEN_LINK)) -o $@ $^ $(LDFLAGS) $(MODULE_LIBRARY_$*)

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/%)
unit-tests: $(UNIT_TESTS)
$(BUILD)/tests/test_%: tests/unit/test_%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(HARDEN_LINK) -o $@ $< $(LIBRARY) $(LDFLAGS) -lcmocka $(LIBRARIES)

# Copies what is built to where the system looks for it: make install DESTDIR=/tmp/stage PREFIX=/usr. Configuration files that
# exist are left alone.
COMMANDS = posthaste postalias postcat postconf postdrop postkick postlock postlog postmap postqueue postsuper sendmail
SBIN = $(DESTDIR)$(PREFIX)/sbin
BIN = $(DESTDIR)$(PREFIX)/bin
LIBEXEC = $(DESTDIR)$(PREFIX)/libexec/posthaste
MANUAL = $(DESTDIR)$(PREFIX)/share/man
PAGE_LINKS = lmtp.8:smtp.8 postfix.1:posthaste.1 mailq.1:sendmail.1 newaliases.1:sendmail.1 postconf.5:main.cf.5
install: all
	install -d $(SBIN) $(BIN) $(LIBEXEC) $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(CONFDIR)
	for p in $(filter-out parameters_manual,$(notdir $(PROGRAMS))); do \
	    case " $(COMMANDS) " in \
	    *" $$p "*) install -m 755 $(BUILD)/bin/$$p $(SBIN)/$$p ;; \
	    *) install -m 755 $(BUILD)/bin/$$p $(LIBEXEC)/$$p ;; \
	    esac || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/lib/posthaste
	for m in $(MODULES); do install -m 644 $$m $(DESTDIR)$(PREFIX)/lib/posthaste/ || exit 1; done
	if test -e $(SBIN)/posthaste; then ln -sf posthaste $(SBIN)/postfix; fi
	if test -e $(SBIN)/sendmail; then \
	    for name in mailq newaliases; do ln -sf ../sbin/sendmail $(BIN)/$$name; done; \
	    ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/lib/sendmail; \
	fi
	if test -e $(LIBEXEC)/smtp; then ln -sf smtp $(LIBEXEC)/lmtp; fi
	for f in main.cf master.cf aliases; do \
	    test -e $(DESTDIR)$(CONFDIR)/$$f || install -m 644 conf/$$f $(DESTDIR)$(CONFDIR)/$$f || exit 1; \
	done
	for page in $(wildcard man/*.[158]); do \
	    install -d $(MANUAL)/man$${page##*.} && install -m 644 $$page $(MANUAL)/man$${page##*.}/ || exit 1; \
	done
	install -d $(MANUAL)/man5 && $(BUILD)/bin/parameters_manual >$(MANUAL)/man5/main.cf.5
	for l in $(PAGE_LINKS); do ln -sf $${l##*:} $(MANUAL)/man$${l##*.}/$${l%%:*} || exit 1; done

# For systemd, when asked.
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
install-service:
	install -d $(UNITS)
	sed 's#/usr/sbin#$(PREFIX)/sbin#; s#/etc/posthaste#$(CONFDIR)#' conf/posthaste.service >$(UNITS)/posthaste.service

# The manual of main.cf comes from the declarations in util/config/parameters.
manual: $(BUILD)/main.cf.5
$(BUILD)/main.cf.5: $(BUILD)/bin/parameters_manual
	$(BUILD)/bin/parameters_manual >$@

FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS := $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/fuzz/%)
fuzzers: $(FUZZERS)
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/driver.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes $(HARDEN_LINK) -o $@ $(filter %.c,$^) $(LIBRARY) \
		$(LDFLAGS) $(LIBRARIES)
$(BUILD)/fuzz/fuzz_session: $(wildcard tests/fuzz/session/*.c tests/fuzz/session/*.h)

# Whatever is missing of the packages is installed (Debian, as root); elsewhere it is only named.
packages-build packages-check packages-bench: packages-%:
	@tests/lib/packages $*

check: packages-check
	$(MAKE) all unit-tests
	$(MAKE) SANITIZE=address,undefined BUILD=$(BUILD)/asan unit-tests fuzzers
	tests/run $(BUILD)

check-asan: packages-check
	$(MAKE) SANITIZE=address,undefined BUILD=$(BUILD)/asan unit-tests fuzzers
	tests/run $(BUILD) /asan/

# As long as one likes: make fuzz FUZZ_COUNT=1000000 FUZZ_SEED=7
FUZZ_COUNT ?= 200000
FUZZ_SEED ?= 1
fuzz: packages-check
	$(MAKE) SANITIZE=address,undefined BUILD=$(BUILD)/asan fuzzers
	FUZZ_COUNT=$(FUZZ_COUNT) FUZZ_SEED=$(FUZZ_SEED) tests/run $(BUILD) asan/fuzz/

# Reloads and crashes under load, longer than check has time for.
storm: packages-check all
	STORM_SECONDS=60 tests/run $(BUILD) test_reload_storm

bench: packages-bench all
	tests/speed/bench $(BUILD)

# Removes what install put there; configuration, queue and users stay.
uninstall:
	for p in $(filter $(COMMANDS),$(notdir $(PROGRAMS))) postfix; do rm -f $(SBIN)/$$p || exit 1; done
	rm -f $(BIN)/mailq $(BIN)/newaliases $(DESTDIR)$(PREFIX)/lib/sendmail
	rm -rf $(LIBEXEC) $(DESTDIR)$(PREFIX)/lib/posthaste
	for page in $(notdir $(wildcard man/*.[158])) $(foreach l,$(PAGE_LINKS),$(firstword $(subst :, ,$(l)))) main.cf.5; do \
	    rm -f $(MANUAL)/man$${page##*.}/$$page || exit 1; \
	done
	rm -f $(UNITS)/posthaste.service

# The sources as they are in version control.
dist:
	mkdir -p $(BUILD)
	git archive --prefix=posthaste/ -o $(BUILD)/posthaste.tar.gz HEAD

# Everything of its own, in the foreground: conf/run.sh says how to send it a message.
run: packages-build
	@exec env BUILD=$(BUILD) sh conf/run.sh

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(MAIN_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(MODULE_OBJECTS:.o=.d)
.PHONY: all manual bench unit-tests fuzzers fuzz storm check check-asan clean install install-service uninstall dist run
.PHONY: packages-build packages-check packages-bench force
.DELETE_ON_ERROR:
