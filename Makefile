# The ways into the project; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help build lint deny test demo bench instructions prerequisites deb install clean

# The release build has a folder of its own: its flags differ from those of the tests.
TARGET := target/package
BUILT := $(TARGET)/release
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

# The same input gives the same bytes wherever it is built, and no folder of the builder's shows.
CARGO_HOME ?= $(HOME)/.cargo
REMAP := --remap-path-prefix=$(CARGO_HOME)=/cargo --remap-path-prefix=$(CURDIR)=/tfa

# Debian's folder for PAM modules, else that of the other distributions.
MULTIARCH := $(shell dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
PAMDIR ?= $(if $(MULTIARCH),/usr/lib/$(MULTIARCH)/security,$(if $(wildcard /usr/lib64/security),/usr/lib64/security,/usr/lib/security))
UNITDIR ?= /usr/lib/systemd/system
DESTDIR ?=

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 21

build: ## the module and the programs, for use
	RUSTFLAGS="$(REMAP)" cargo build --profile module --locked --target-dir $(TARGET) -p pam_tfa
	RUSTFLAGS="$(REMAP)" cargo build --release --locked --target-dir $(TARGET) -p tfad -p tfa-enroll -p tfactl

lint: ## format, clippy, documentation; and man pages, where mandoc is
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked
	if command -v mandoc >/dev/null; then mandoc -T lint -W warning man/*.[1-8]; fi

deny: ## licences, sources and duplicates of the dependencies (cargo install cargo-deny)
	cargo deny --locked check licenses bans sources

prerequisites:
	packaging/prerequisites
	tests/prerequisites

test: prerequisites deb ## every test, the booted machine included (as root, on Debian)
	tests/run 'cargo test --locked --workspace --exclude tfa-tests' 'cargo test --locked -p tfa-tests'

demo: prerequisites deb ## a machine with two-factor login, to try it out
	cargo run --locked -p tfa-tests --bin demo

bench: prerequisites deb ## a login next to its peers, measured (BENCH=--quick: a first look)
	cargo run --locked --release -p tfa-bench -- $(BENCH)

instructions: prerequisites build ## the figures that guard the hot paths, recorded anew
	TFA_BENCH_RECORD=1 cargo test --locked -p tfa-bench instructions

deb: build ## the Debian package, in dist/
	packaging/build-deb $(VERSION)

# Only copies: build first. The paths are fixed, for PAM, D-Bus and polkit look in no others.
install: ## what was built, under DESTDIR
	install -D -m 644 $(TARGET)/module/libpam_tfa.so $(DESTDIR)$(PAMDIR)/pam_tfa.so
	install -D -m 755 -t $(DESTDIR)/usr/sbin $(BUILT)/tfad
	install -D -m 755 -t $(DESTDIR)/usr/bin $(BUILT)/tfa-enroll $(BUILT)/tfactl
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
	install -D -m 644 -t $(DESTDIR)/usr/share/doc/tfa README.md SECURITY.md
	for page in man/*.[1-8]; do \
		install -D -m 644 -t $(DESTDIR)/usr/share/man/man$${page##*.} $$page; \
	done

clean: ## everything that was built
	cargo clean
	rm -rf dist
