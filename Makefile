# Ấn Tín: build, test, run. `make help` lists the goals.
BUILD   ?= build
CC      ?= cc
PREFIX  ?= /usr
DESTDIR ?=
V       ?= 0

PKGS := libcrypto libsodium libpq libmicrohttpd jansson libcurl libqpdf libseccomp inih
# pkg-config is asked once, and only by goals that compile (packages may not be there yet when `make demo` starts).
pkgcfg = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror
HARD := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fcf-protection
OPT  ?= -O2 -g
SAN  ?=
CFLAGS_ALL  = -std=c17 -D_GNU_SOURCE -I. $(OPT) $(WARN) $(if $(SAN),,$(HARD)) $(SAN) $(pkgcfg) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN) $(LDFLAGS)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-4s %s\n' $(1) $(2))

# --- what is built of what ---
objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)))
COMMON  := $(filter-out %/common/antin.o,$(call objs,common/*.c))
FORMATS := $(call objs,signer/formats/*.c)
VERIFY  := $(filter-out %/verify/main.o,$(call objs,signer/verify/*.c))
CA      := $(filter-out %/antin-ca.o,$(call objs,certs/*.c))
KEYD    := $(filter-out %/keyd/main.o,$(call objs,certs/keyd/*.c))
IDP     := $(call objs,idp/routes.c idp/app.c idp/errors.c idp/endpoints/*.c idp/rules/*.c idp/factors/*.c idp/store/*.c)
SIGNER  := $(call objs,signer/routes.c signer/app.c signer/errors.c signer/endpoints/*.c signer/rules/*.c signer/store/*.c)
MIGRATE := $(filter-out %/antin-migrate.o,$(call objs,schema/*.c))

LIB := $(BUILD)/lib
LIBS := $(LIB)/libcommon.a $(LIB)/libformats.a $(LIB)/libverify.a $(LIB)/libca.a $(LIB)/libkeyd.a $(LIB)/libidp.a $(LIB)/libsigner.a $(LIB)/libmigrate.a
$(LIB)/libcommon.a:  $(COMMON)
$(LIB)/libformats.a: $(FORMATS)
$(LIB)/libverify.a:  $(VERIFY)
$(LIB)/libca.a:      $(CA)
$(LIB)/libkeyd.a:    $(KEYD)
$(LIB)/libidp.a:     $(IDP)
$(LIB)/libsigner.a:  $(SIGNER)
$(LIB)/libmigrate.a: $(MIGRATE)

BIN := $(BUILD)/bin
PROGRAMS := antin antin-idpd antin-idpctl antin-signerd antin-keyd antin-verify antin-ca antin-migrate
BINS := $(addprefix $(BIN)/,$(PROGRAMS))

.DEFAULT_GOAL := all
.PHONY: all help packages demo up down check unit flow must-fail lint asan tsan bench format install clean
all: $(BINS)

$(BIN)/antin:         $(call objs,common/antin.c) $(LIB)/libcommon.a
$(BIN)/antin-idpd:    $(call objs,idp/main.c) $(LIB)/libidp.a $(LIB)/libcommon.a
$(BIN)/antin-idpctl:  $(call objs,idp/ctl/*.c) $(LIB)/libidp.a $(LIB)/libcommon.a
$(BIN)/antin-signerd: $(call objs,signer/main.c) $(LIB)/libsigner.a $(LIB)/libformats.a $(LIB)/libcommon.a
$(BIN)/antin-keyd:    $(call objs,certs/keyd/main.c) $(LIB)/libkeyd.a $(LIB)/libca.a $(LIB)/libcommon.a
$(BIN)/antin-verify:  $(call objs,signer/verify/main.c) $(LIB)/libverify.a $(LIB)/libformats.a $(LIB)/libcommon.a
$(BIN)/antin-ca:      $(call objs,certs/antin-ca.c) $(LIB)/libca.a $(LIB)/libcommon.a
$(BIN)/antin-migrate: $(call objs,schema/antin-migrate.c) $(LIB)/libmigrate.a $(LIB)/libcommon.a

LINKLIBS = -lmicrohttpd -lpq -lqpdf -lcurl -lseccomp -linih -ljansson -lsodium -lcrypto -lz -lpthread
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
$(BUILD)/test/%: tests/unit/%.c $(LIBS)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group -lcmocka $(LINKLIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
