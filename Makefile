# The ways into the project; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help check build lint deny proto test scenario soak demo demo-fleet bench figures prerequisites deb quick-deb \
	install install-fleet clean

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

# The release build has a folder of its own: its flags differ from those of the tests. The quick one
# is cargo's own dev profile: unoptimized, ready sooner, for the demo and for single scenarios.
RELEASE := target/package
FLAVOUR ?= release
ifeq ($(FLAVOUR),quick)
MODULE_FROM := target/debug
PROGRAMS_FROM := target/debug
else
MODULE_FROM := $(RELEASE)/module
PROGRAMS_FROM := $(RELEASE)/release
endif

# The tests that need no booted machine; the filter tells those of the release build from the rest.
TESTS := cargo test --locked --no-fail-fast --workspace --exclude tfa-tests
OF_RELEASE := counts::

# The same input gives the same bytes wherever it is built, and no path of the builder's is in them.
CARGO_HOME ?= $(HOME)/.cargo
REMAP := --remap-path-prefix=$(CARGO_HOME)=/cargo --remap-path-prefix=$(CURDIR)=/tfa

# Debian's folder for PAM modules, else that of the other distributions.
MULTIARCH := $(shell dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
PAMDIR ?= $(if $(MULTIARCH),/usr/lib/$(MULTIARCH)/security,$(if $(wildcard /usr/lib64/security),/usr/lib64/security,/usr/lib/security))
UNITDIR ?= /usr/lib/systemd/system
DESTDIR ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 21

check: ## format, clippy, documentation and each test that needs no root
	tests/prerequisites check
	tests/run 'make --no-print-directory lint' '$(TESTS) -- --skip $(OF_RELEASE)'

build: ## the module and the programs, for use
	packaging/prerequisites
	RUSTFLAGS="$(REMAP)" cargo build --profile module --locked --target-dir $(RELEASE) -p pam_tfa
	RUSTFLAGS="$(REMAP)" cargo build --release --locked --target-dir $(RELEASE) -p tfad -p tfa-enroll -p tfactl -p tfa-fleet -p tfa-fleet-ca

lint: ## format, clippy, documentation, and man pages if mandoc is installed
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked
	if command -v mandoc >/dev/null; then mandoc -T lint -W warning man/*.[1-8]; fi
	! git grep -nE '^(<<<<<<<|>>>>>>>) '

deny: ## licences, advisories, sources and duplicates of the dependencies (cargo install cargo-deny)
	cargo deny --locked check
	# The generator is no part of the programs: its duplicates do not matter.
	cargo deny --locked --manifest-path tools/proto/Cargo.toml check --config deny.toml advisories licenses sources

proto: ## the Rust code of the .proto, after a change of it
	cargo run --locked --manifest-path tools/proto/Cargo.toml --target-dir target/proto

prerequisites:
	packaging/prerequisites
	tests/prerequisites

# CHECKED=1 leaves out the tests that `make check` has run.
test: prerequisites deb ## all tests, the booted machine included (as root, on Debian)
	tests/run $(if $(CHECKED),,'$(TESTS) -- --skip $(OF_RELEASE)') \
		'$(TESTS) --bin tfa-bench $(OF_RELEASE)' \
		'cargo test --locked --no-fail-fast -p tfa-tests'

scenario: prerequisites quick-deb ## the scenarios whose path contains ONLY, with an unoptimized package
	TFA_DEB=$$(ls target/quick/tfa_*.deb) cargo test --locked -p tfa-tests --test scenarios -- $(if $(TFA_KEEP),--nocapture) $(ONLY)

# SOAK_MINUTES and SOAK_SEED as in docs/fleet-proof.md.
soak: prerequisites deb ## the model of a fleet within wider bounds, and a fleet under faults for an hour
	cargo test --locked -p tfa-fleet-model -- --ignored --nocapture
	cargo test --locked -p tfa-tests --test scenarios -- --ignored --nocapture fleet_faults::soak

demo: prerequisites ## a machine with two-factor login, to try it out
	@echo '1 of 3: building the programs (about 2 minutes the first time)'
	@cargo build --locked -p pam_tfa -p tfad -p tfa-enroll -p tfactl -p tfa-fleet -p tfa-fleet-ca -p tfa-tests --lib --bins
	@echo '2 of 3: making the Debian package (about 10 seconds)'
	@$(MAKE) --no-print-directory quick-deb
	@echo '3 of 3: booting a machine (the first time, its Debian is downloaded: about half a minute)'
	@TFA_DEB=$$(ls target/quick/tfa_*.deb) target/debug/demo

demo-fleet: prerequisites ## three machines of a fleet, to try it out
	@echo '1 of 3: building the programs (about 2 minutes the first time)'
	@cargo build --locked -p pam_tfa -p tfad -p tfa-enroll -p tfactl -p tfa-fleet -p tfa-fleet-ca -p tfa-tests --lib --bins
	@echo '2 of 3: making the Debian packages (about 10 seconds)'
	@$(MAKE) --no-print-directory quick-deb
	@echo '3 of 3: booting three machines (the first time, Debian is downloaded: about half a minute)'
	@TFA_DEB=$$(ls target/quick/tfa_*.deb) target/debug/demo fleet

bench: prerequisites deb ## a login next to its peers, measured (BENCH=--quick: a first look; BENCH=--fleet)
	cargo run --locked --release -p tfa-bench -- $(BENCH)

figures: prerequisites build ## the instructions and system calls of the hot paths, recorded anew
	TFA_BENCH_RECORD=1 $(TESTS) --bin tfa-bench $(OF_RELEASE)

deb: build ## the Debian packages, in dist/ and dist/fleet/
	FLAVOUR=release packaging/build-deb $(VERSION) dist

quick-deb:
	@cargo build --locked -q -p pam_tfa -p tfad -p tfa-enroll -p tfactl -p tfa-fleet -p tfa-fleet-ca
	@FLAVOUR=quick packaging/build-deb $(VERSION) target/quick

# Only copies: build first. The paths are fixed, for PAM, D-Bus and polkit look in no others.
install: ## what was built, under DESTDIR
	install -D -s -m 644 $(MODULE_FROM)/libpam_tfa.so $(DESTDIR)$(PAMDIR)/pam_tfa.so
	install -D -s -m 755 -t $(DESTDIR)/usr/sbin $(PROGRAMS_FROM)/tfad
	install -D -s -m 755 -t $(DESTDIR)/usr/bin $(PROGRAMS_FROM)/tfa-enroll $(PROGRAMS_FROM)/tfactl
	install -D -m 644 -t $(DESTDIR)/etc/tfa packaging/tfad.toml
	install -d $(DESTDIR)/etc/tfa/tfad.toml.d
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) packaging/systemd/tfad.service
	install -D -m 644 -t $(DESTDIR)/usr/share/dbus-1/system.d packaging/dbus/org.tfad.Tfa1.conf
	install -D -m 644 -t $(DESTDIR)/usr/share/dbus-1/system-services packaging/dbus/org.tfad.Tfa1.service
	install -D -m 644 -t $(DESTDIR)/usr/share/dbus-1/interfaces packaging/dbus/org.tfad.Tfa1.xml
	install -D -m 644 -t $(DESTDIR)/usr/share/polkit-1/actions packaging/polkit/org.tfad.tfa1.policy
	install -D -m 644 -t $(DESTDIR)/usr/share/pam-configs packaging/pam/tfa
	install -D -m 644 -t $(DESTDIR)/etc/fail2ban/filter.d packaging/fail2ban/filter.d/tfa.conf
	install -D -m 644 -t $(DESTDIR)/etc/fail2ban/jail.d packaging/fail2ban/jail.d/tfa.conf
	install -D -m 644 -t $(DESTDIR)/usr/share/doc/tfa README.md SECURITY.md docs/moving-in.md
	for command in tfa-enroll tfactl; do \
		for shell in bash:bash-completion/completions/$$command zsh:zsh/vendor-completions/_$$command \
			fish:fish/vendor_completions.d/$$command.fish; do \
			install -d $(DESTDIR)/usr/share/$$(dirname $${shell#*:}); \
			$(PROGRAMS_FROM)/$$command --generate-completion $${shell%%:*} \
				> $(DESTDIR)/usr/share/$${shell#*:}; \
			chmod 644 $(DESTDIR)/usr/share/$${shell#*:}; \
		done; \
	done
	for page in $(filter-out man/tfa-fleet.8 man/tfa-fleet-setup.7,$(wildcard man/*.[1-8])); do \
		install -D -m 644 -t $(DESTDIR)/usr/share/man/man$${page##*.} $$page; \
	done

# The second package. A host without a fleet has nothing of it.
install-fleet: ## the network part of a fleet, under DESTDIR
	install -D -s -m 755 -t $(DESTDIR)/usr/sbin $(PROGRAMS_FROM)/tfa-fleet
	install -D -s -m 755 -t $(DESTDIR)/usr/lib/tfa $(PROGRAMS_FROM)/tfa-fleet-ca
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) packaging/systemd/tfa-fleet.service
	install -D -m 644 -t $(DESTDIR)/usr/lib/sysusers.d packaging/sysusers/tfa-fleet.conf
	install -D -m 644 -t $(DESTDIR)/usr/share/tfa proto/tfad/fleet/v1/fleet.proto
	install -D -m 644 -t $(DESTDIR)/usr/share/man/man8 man/tfa-fleet.8
	install -D -m 644 -t $(DESTDIR)/usr/share/man/man7 man/tfa-fleet-setup.7
	install -D -m 755 -t $(DESTDIR)/usr/share/tfa packaging/fleet/etcd-certificates
	install -D -m 644 -t $(DESTDIR)/usr/share/tfa packaging/fleet/etcd-node

clean: ## everything that was built
	cargo clean
	rm -rf dist
