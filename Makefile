# SPDX-License-Identifier: GPL-2.0-only
#
# The targets for people. The module itself is described by Kbuild, which a
# kernel tree can use too.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD := $(CURDIR)/build
RELEASE := $(shell uname -r)
KDIR ?= /lib/modules/$(RELEASE)/build
export PREFIX DESTDIR KERNELS TESTS MUTANTS V FS TIME SEED WORKERS BOOTS JOBS ROUNDS RUNS

# What stands against building the module for the running kernel; a kernel
# without module support has no /proc/modules.
obstacle := $(if $(wildcard /proc/modules),,has no module support)
obstacle := $(or $(obstacle),$(if $(wildcard $(KDIR)/Makefile),,has no headers in $(KDIR)))

.PHONY: all module userlib
# The library is of use by itself, to compile programs for another machine: a
# module that cannot be built here is told about, and is not an error.
all: $(if $(obstacle),no-module,module) userlib ## the module for the running kernel, and the library

.PHONY: no-module
no-module:
	@echo "The running kernel $(RELEASE) $(obstacle), so only the library is built; \"make demo\" shows the module in a virtual machine."

module: ## the module for the running kernel
	$(if $(obstacle),$(error The running kernel $(RELEASE) $(obstacle); try "make demo"))
	@vm/prepare.sh module
	@vm/build-module.sh -o $(BUILD)/host $(KDIR)
	@echo "built build/host/section.ko for $(RELEASE)"

userlib: ## libsection and the examples
	@vm/prepare.sh module
	@vm/build.sh userlib
	@echo "built libsection in build/userlib"

.PHONY: install install-userlib load unload
install: module install-userlib ## install both (PREFIX=, DESTDIR=)
	$(MAKE) -C $(KDIR) M=$(BUILD)/host INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(if $(DESTDIR),,depmod $(RELEASE))

install-userlib: userlib ## install the library only
	$(MAKE) -C userlib BUILD=$(BUILD)/userlib install

load: module ## load the module that was just built
	@if [ -e /sys/module/section ]; then rmmod section; fi
	insmod $(BUILD)/host/section.ko

unload: ## unload it
	rmmod section

.PHONY: demo shell check check-sanitize check-races check-fs coverage mutants fuzz fuzz-quick fuzz-user bench bench-wine profile bench-gate bench-record lint
demo: ## see it work in a virtual machine
	@vm/demo.sh

shell: ## a shell in a virtual machine with the module loaded (KERNELS=6.1)
	@vm/demo.sh shell

check: ## every test on every kernel (KERNELS=6.12 TESTS='one_test ...' V=1)
	@vm/check.sh

# These compile a kernel from Debian's source the first time, for 6 minutes.
instrumented = $(addsuffix -$(1),$(or $(KERNELS),6.12))

check-sanitize: ## every test, watched by KASAN, lockdep, kmemleak (KERNELS=6.1 TESTS=...)
	@KERNELS="$(call instrumented,sanitize)" vm/check.sh -s

check-races: ## every test, watched by KCSAN (KERNELS=6.1 TESTS=...)
	@KERNELS="$(call instrumented,kcsan)" vm/check.sh -s

check-fs: ## sections of files on every file system (FS='ext4 nfs' OPS=100000 SEED=1)
	@OPS="$(OPS)" vm/check-fs.sh

coverage: ## which lines of the module the tests run (KERNELS=6.1 TESTS=...)
	@KERNELS="$(call instrumented,sanitize)" vm/coverage.sh

mutants: ## are the tests able to fail? (MUTANTS='one ...' KERNELS=6.12)
	@vm/mutants.sh

fuzz: ## programs at random, guided by coverage (TIME=60 SEED=1 WORKERS=3 KERNELS=6.12-sanitize)
	@vm/fuzz.sh $(FILE)

fuzz-quick: ## a minute of that, with a seed that is always the same
	@TIME=60 SEED=1 vm/fuzz.sh

fuzz-user: ## the library's parsers, by libFuzzer (TIME=60 SEED=1)
	@vm/fuzz-user.sh

bench: ## what sections cost beside their alternatives, in instructions (OPS='open_ ...')
	@vm/bench.sh $(OPS)

bench-wine: ## what they cost beside Windows' own, done by Wine
	@vm/bench-wine.sh $(OPS)

bench-gate: ## has it become worse than what is recorded? (QUICK=1)
	@vm/bench.sh -g $(if $(QUICK),-q) $(OPS)

profile: ## where the instructions of one go, by function (OPS=open_10)
	@vm/profile.sh $(OPS)

bench-record: ## record it anew, and write BENCHMARKS.md
	@vm/bench.sh -r $(OPS)

lint: ## the static checkers
	@vm/lint.sh

.PHONY: clean distclean help
clean: ## remove what was compiled, keep what was fetched
	@if [ -d build ]; then \
		find build -mindepth 1 -maxdepth 1 ! -name kernels ! -name linux-source \
			-exec rm -rf {} +; \
	fi

distclean: ## remove build/ altogether
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18
