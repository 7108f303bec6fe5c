# Ấn Tín: build, test, run. `make help` lists the goals.
VERSION := 0.1.0
BUILD   ?= build
CC      ?= cc
PREFIX  ?= /usr
DESTDIR ?=
V       ?= 0

PKGS := libcrypto libsodium libpq libmicrohttpd jansson libcurl libqpdf libseccomp inih cjose libp11 libxml-2.0 pangocairo
# pkg-config is asked once, and only by goals that compile (packages may not be there yet when `make demo` starts).
pkgcfg = $(eval pkgcfg := $(shell pkg-config --cflags $(PKGS)))$(pkgcfg)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror
HARD := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fcf-protection
OPT  ?= -O2 -g
SAN  ?=
DEFS := -D_GNU_SOURCE -DANTIN_VERSION='"$(VERSION)"' -DANTIN_SHARE='"$(PREFIX)/share/antin"' -DANTIN_PROFILE_DIR='"$(PREFIX)/share/antin/profiles"'
CFLAGS_ALL  = -std=c17 $(DEFS) -I. $(OPT) $(WARN) $(if $(SAN),-fno-omit-frame-pointer,$(HARD)) $(SAN) $(pkgcfg) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN) $(LDFLAGS)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-4s %s\n' $(1) $(2))
PYTHON := /usr/bin/python3

# --- what is built of what ---
objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)))
COMMON  := $(filter-out %/common/antin.o,$(call objs,common/*.c))
FORMATS := $(call objs,signer/formats/*.c)
SIGN    := $(filter-out %/sign/main.o,$(call objs,signer/sign/*.c))
VERIFY  := $(filter-out %/verify/main.o,$(call objs,signer/verify/*.c))
CA      := $(filter-out %/antin-ca.o,$(call objs,certs/*.c))
KEYD    := $(filter-out %/keyd/main.o,$(call objs,certs/keyd/*.c))
IDP     := $(call objs,idp/routes.c idp/app.c idp/errors.c idp/endpoints/*.c idp/rules/*.c idp/factors/*.c idp/store/*.c)
SIGNER  := $(call objs,signer/routes.c signer/app.c signer/errors.c signer/endpoints/*.c signer/rules/*.c signer/store/*.c)
MIGRATE := $(filter-out %/antin-migrate.o,$(call objs,schema/*.c))

LIB := $(BUILD)/lib
LIBS := $(LIB)/libcommon.a $(LIB)/libformats.a $(LIB)/libverify.a $(LIB)/libsign.a $(LIB)/libca.a $(LIB)/libkeyd.a $(LIB)/libidp.a $(LIB)/libsigner.a $(LIB)/libmigrate.a
$(LIB)/libcommon.a:  $(COMMON)
$(LIB)/libformats.a: $(FORMATS)
$(LIB)/libverify.a:  $(VERIFY)
$(LIB)/libsign.a:    $(SIGN)
$(LIB)/libca.a:      $(CA)
$(LIB)/libkeyd.a:    $(KEYD)
$(LIB)/libidp.a:     $(IDP)
$(LIB)/libsigner.a:  $(SIGNER)
$(LIB)/libmigrate.a: $(MIGRATE)

BIN := $(BUILD)/bin
TOOLS := antin antin-verify antin-sign antin-ca
DAEMONS := antin-idpd antin-idpctl antin-signerd antin-keyd antin-migrate
PROGRAMS := $(TOOLS) $(DAEMONS)
BINS := $(addprefix $(BIN)/,$(PROGRAMS))

.DEFAULT_GOAL := all
.PHONY: all help packages demo up down interop check tests unit flow must-fail lint tidy analyze headers format-check asan tsan bench fuzz format install clean
all: $(BINS)

$(BIN)/antin:         $(call objs,common/antin.c) $(LIB)/libcommon.a
$(BIN)/antin-idpd:    $(call objs,idp/main.c) $(LIB)/libidp.a $(LIB)/libcommon.a
$(BIN)/antin-idpctl:  $(call objs,idp/ctl/*.c) $(LIB)/libidp.a $(LIB)/libcommon.a
$(BIN)/antin-signerd: $(call objs,signer/main.c) $(LIB)/libsigner.a $(LIB)/libformats.a $(LIB)/libcommon.a
$(BIN)/antin-keyd:    $(call objs,certs/keyd/main.c) $(LIB)/libkeyd.a $(LIB)/libca.a $(LIB)/libcommon.a
$(BIN)/antin-verify:  $(call objs,signer/verify/main.c) $(LIB)/libverify.a $(LIB)/libformats.a $(LIB)/libcommon.a
$(BIN)/antin-sign:    $(call objs,signer/sign/main.c) $(LIB)/libsign.a $(LIB)/libformats.a $(LIB)/libcommon.a
$(BIN)/antin-ca:      $(call objs,certs/antin-ca.c) $(LIB)/libca.a $(LIB)/libcommon.a
$(BIN)/antin-migrate: $(call objs,schema/antin-migrate.c) $(LIB)/libmigrate.a $(LIB)/libcommon.a

LINKLIBS = -lmicrohttpd -lpq -lqpdf -lcurl -lseccomp -linih -lp11 -lcjose -lxml2 -lpangocairo-1.0 -lpango-1.0 -lcairo -lgobject-2.0 -lglib-2.0 -ljansson -lsodium -lcrypto -lz -lm -lpthread
$(BINS):
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LINKLIBS)

$(LIB)/%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@; ar rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# --- tests ---
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/test/%,$(wildcard tests/unit/test_*.c))
LINKTEST = $(CC) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group -lcmocka $(LINKLIBS)
$(BUILD)/test/%: tests/unit/%.c $(LIBS)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(LINKTEST)
$(BUILD)/bench/%: tests/bench/%.c $(LIBS)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(LINKTEST)
$(BUILD)/test/statements: tests/lint/statements.c $(LIBS)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(LINKTEST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

tests: all $(UNIT)
unit: tests ## unit tests (private PostgreSQL for those that need one)
	$(Q)ANTIN_BUILD=$(BUILD) tests/check unit
must-fail: ## proves that the sanitizers catch what they are there for
	$(Q)ANTIN_BUILD=$(BUILD) CC=$(CC) tests/check must-fail
flow: all ## tests over real HTTP on a stack of their own
	$(Q)ANTIN_BUILD=$(BUILD) tests/check flow
interop: all ## other people's clients sign in (mod_auth_openidc, authlib, openid-client, go-oidc, oauth2-proxy); EU DSS, pyHanko and others judge every format and level
	$(Q)tests/packages run test interop
	$(Q)ANTIN_BUILD=$(BUILD) tests/interop/fetch
	$(Q)ANTIN_BUILD=$(BUILD) tests/check interop
check: ## everything tested: packages, build, unit, must-fail, flow
	$(Q)tests/packages run test
	$(Q)$(MAKE) tests
	$(Q)ANTIN_BUILD=$(BUILD) CC=$(CC) tests/check all

# --- running ---
packages: ## what `make demo` and `make check` need from Debian
	$(Q)tests/packages run test
demo: ## packages, build, stack, and a dossier from login to verified signatures (FILES="a.pdf b.docx" for your own)
	$(Q)tests/packages run
	$(Q)$(MAKE) all
	$(Q)$(MAKE) up
	$(Q)$(PYTHON) tests/demo/demo.py $(FILES)
up: all ## PostgreSQL, keys, certificates and daemons in run/ (ports from ANTIN_PORT_BASE, 8400)
	$(Q)ANTIN_BUILD=$(BUILD) tests/stack/up
down: ## stops what `make up` started; run/ stays
	$(Q)tests/stack/down

# --- quality ---
C_FILES := $(wildcard common/*.c schema/*.c certs/*.c certs/keyd/*.c idp/*.c idp/*/*.c signer/*.c signer/*/*.c)
H_FILES := $(wildcard common/*.h schema/*.h certs/*.h certs/keyd/*.h idp/*.h idp/*/*.h signer/*.h signer/*/*.h)
T_FILES := $(wildcard tests/unit/*.c tests/unit/*.h tests/fuzz/*.c tests/lint/*.c tests/bench/*.c)

$(BUILD)/tidy/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- -std=c17 $(DEFS) -I. $(pkgcfg) 2>/dev/null >$@.out || { cat $@.out; exit 1; }
	@touch $@
tidy: $(patsubst %.c,$(BUILD)/tidy/%.ok,$(C_FILES))

# Each header compiles alone.
$(BUILD)/headers/%.ok: %
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 $(DEFS) -I. $(WARN) $(pkgcfg) -fsyntax-only -x c $< -include stddef.h
	@touch $@
headers: $(addprefix $(BUILD)/headers/,$(addsuffix .ok,$(H_FILES)))

# gcc's path-sensitive analysis, on objects of its own; optimised lightly, since inlining makes it forget where it was. Its leak check of
# this version takes memory that moved into a caller's struct for lost: LeakSanitizer looks after that (make asan).
ANALYZER ?= -Wno-analyzer-malloc-leak
analyze:
	$(Q)$(MAKE) BUILD=$(BUILD)/analyze CC=gcc OPT="-O1 -g -fanalyzer $(ANALYZER)" libs
.PHONY: libs
libs: $(LIBS)

lint: ## includes, banned calls, texts, analyzers, every statement prepared on a migrated database
	$(Q)tests/packages run test lint
	$(Q)$(PYTHON) tests/lint/includes.py
	$(Q)$(PYTHON) tests/lint/banned.py
	$(Q)$(PYTHON) tests/lint/texts.py
	$(Q)$(MAKE) headers
	$(Q)$(MAKE) $(BIN)/antin-migrate $(BUILD)/test/statements
	$(Q)tests/lint/statements $(BUILD)
	$(Q)$(MAKE) analyze
	$(Q)$(MAKE) tidy
	@echo "lint: clean"

# -O1 misleads this warning; the plain build has it.
OPT_SAN := -O1 -g -Wno-format-truncation
SAN_ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all
asan: ## unit and flow tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(Q)tests/packages run test
	$(Q)$(MAKE) BUILD=$(BUILD)/asan OPT="$(OPT_SAN)" SAN="$(SAN_ASAN)" tests
	$(Q)ANTIN_BUILD=$(BUILD)/asan tests/check unit $(if $(filter unit,$(ONLY)),,flow)
tsan: ## the threaded units under ThreadSanitizer
	$(Q)tests/packages run test
	$(Q)$(MAKE) BUILD=$(BUILD)/tsan OPT="$(OPT_SAN)" SAN=-fsanitize=thread $(patsubst $(BUILD)/%,$(BUILD)/tsan/%,$(THREADED) $(BIN)/antin-keyd $(BIN)/antin-ca)
	$(Q)ANTIN_BUILD=$(BUILD)/tsan tests/check unit
THREADED := $(filter $(BUILD)/test/test_http% $(BUILD)/test/test_ticker $(BUILD)/test/test_db $(BUILD)/test/test_key%,$(UNIT))

FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 20
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIBS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer -MMD -MP $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LINKLIBS)
.PHONY: fuzzers
fuzzers: $(addprefix $(BUILD)/fuzz/,$(FUZZ))
fuzz: ## each fuzzer for FUZZ_SECONDS (20)
	$(Q)tests/packages run fuzz
	$(Q)$(MAKE) BUILD=$(BUILD)/fuzzing CC=clang OPT="-O1 -g" SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" fuzzers
	$(Q)for f in $(FUZZ); do tests/fuzz/run $(BUILD)/fuzzing/fuzz/$$f $(FUZZ_SECONDS) || exit 1; done

bench: all $(BUILD)/bench/evidence $(BUILD)/bench/signing ## speed and memory, against a hello-world server and openssl speed in the same run
	$(Q)rc=0; $(PYTHON) tests/bench/bench.py || rc=1; ANTIN_BUILD=$(BUILD) $(BUILD)/bench/signing || rc=1; $(BUILD)/bench/evidence || rc=1; exit $$rc
format: ## clang-format over everything of ours
	$(Q)clang-format -i $(C_FILES) $(H_FILES) $(T_FILES)

# --- installing ---
SHARED := $(wildcard common/pages/* common/texts/* idp/pages/* idp/texts/* signer/pages/* signer/texts/* \
	schema/roles.sql schema/idp/*.sql schema/signer/*.sql schema/*.yaml)
EXAMPLES := $(wildcard docs/deploy/* idp/*.example signer/*.example certs/keyd/*.example)
install: all ## programs, share files, man pages, example units and configurations (DESTDIR=, PREFIX=/usr)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(addprefix $(BIN)/,$(TOOLS)) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(addprefix $(BIN)/,$(DAEMONS)) $(DESTDIR)$(PREFIX)/sbin
	$(Q)for f in $(SHARED); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/antin/$$f || exit 1; done
	$(Q)for f in $(wildcard certs/profiles/*.conf); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/antin/profiles/$${f##*/} || exit 1; done
	$(Q)for f in $(wildcard docs/man/*.[1-8]); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/} || exit 1; done
	$(Q)for f in $(EXAMPLES); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/antin/examples/$${f##*/} || exit 1; done
	$(Q)for f in $(wildcard README.md SECURITY.md CHANGELOG.md LICENSE); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/antin/$$f || exit 1; done

clean: ## removes build/ (not run/)
	rm -rf $(BUILD)

help: ## this list
	@echo "goals (default: all = every program into $(BIN)):"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14
