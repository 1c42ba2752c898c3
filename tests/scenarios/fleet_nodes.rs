//! A host becomes a node of etcd by its file: beside an etcd that is set up otherwise, in one that exists, again.

use tfa_tests::Machine;

use crate::fleet_logins::is_served;
use crate::fleet_logins::machines::host;
use crate::fleet_setup::{Fleet, VERIFIERS, logs_in};
use crate::users::{PASSWORD, set_up};

const PACKAGES: [&str; 3] = ["etcd-client", "etcd-server", "openssl"];
const DROP_IN: &str = "/etc/systemd/system/etcd.service.d/tfa.conf";
/// With the certificates of a node.
const ETCDCTL: &str = "etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/ca.pem \
                       --cert /etc/etcd/host.pem --key /etc/etcd/key.pem";

/// Runs a line of shell in root's home folder.
fn run(machine: &Machine, line: &str) -> String {
    machine.succeed(["sh", "-c", &format!("cd /root && {line}")])
}

/// A line that is refused with this text.
#[track_caller]
fn refused(machine: &Machine, line: &str, text: &str) {
    let refused = machine.fail(["sh", "-c", &format!("cd /root && {line}")]);
    let refused = refused.text();
    assert!(refused.contains(text), "{text}: {refused}");
}

#[test]
fn host_with_another_etcd_does_not_become_a_node() {
    let machine = host(&PACKAGES);
    machine.add_address("192.0.2.1");
    run(&machine, "systemctl start etcd");
    run(
        &machine,
        "cp -r /usr/share/tfa mine && chmod 666 mine/etcd-node",
    );
    let others = "sh mine/etcd-certificates v1.example=192.0.2.1";
    refused(&machine, others, "others can write to");
    run(
        &machine,
        "sh /usr/share/tfa/etcd-certificates v1.example=192.0.2.1",
    );
    let node = "sh tfa-etcd/v1.example.etcd.sh";

    // Settings in each of their places.
    for (path, text) in [
        (
            "/etc/default/etcd",
            "DAEMON_ARGS=\"--config-file /etc/etcd.yml\"\n",
        ),
        ("/etc/default/etcd", "ETCD_CONFIG_FILE=/etc/etcd.yml\n"),
        (
            "/etc/systemd/system/etcd.service.d/zz.conf",
            "[Service]\nEnvironment=ETCD_CONFIG_FILE=/etc/etcd.yml\n",
        ),
        (
            "/etc/systemd/system/etcd.service",
            "[Service]\nExecStart=/usr/bin/etcd --name other\n",
        ),
    ] {
        let aside = format!("[ ! -e {path} ] || mv {path} /root/aside; mkdir -p $(dirname {path})");
        run(&machine, &aside);
        machine.write_file(path, text);
        refused(&machine, node, path);
        assert!(!machine.has_file(DROP_IN), "{path}");
        run(
            &machine,
            &format!("rm {path}; [ ! -e aside ] || mv aside {path}"),
        );
    }
    // A limit is no other use.
    let limit = "/etc/systemd/system/etcd.service.d/limit.conf";
    machine.write_file(limit, "[Service]\nMemoryMax=2G\n");
    // Data, and a program that is not the service.
    run(&machine, "etcdctl put /registry/pods pod");
    refused(&machine, node, "data of another program");
    run(&machine, "etcdctl del /registry/pods");
    run(
        &machine,
        "systemctl stop etcd && systemd-run --uid=etcd -p Type=notify etcd --data-dir /tmp/other",
    );
    refused(&machine, node, "listens at port 2379");
    run(&machine, "systemctl stop 'run-*.service'");
    // What a run that was killed has left.
    run(
        &machine,
        "for at in .etcd .etcd.Ab12Cd; do mkdir /etc/tfa/$at; echo key >/etc/tfa/$at/key.pem; done",
    );

    let made = run(&machine, node);
    assert!(made.contains("etcd of v1.example runs"), "{made}");
    assert_eq!(run(&machine, "ls -A /etc/tfa | grep etcd"), "etcd\n");
    assert!(run(&machine, &format!("{ETCDCTL} member list")).contains("v1.example"));
}

#[test]
fn node_of_etcd_is_added_and_replaced_as_the_page_says() {
    let hosts = [VERIFIERS.as_slice(), &[("v4", "192.0.2.4")]].concat();
    let fleet = Fleet::boot(&hosts, &PACKAGES);
    fleet.follow("Three verifiers with etcd");
    let [v1, v2, v3, v4, web1] = ["v1", "v2", "v3", "v4", "web1"].map(|name| fleet.machine(name));
    let alice = set_up(v3, "alice", PASSWORD);

    // A further node.
    fleet.follow_with("Adding a node of etcd", |command| {
        if command == "sh v4.example.etcd.sh --existing-cluster" {
            refused(v4, "sh v4.example.etcd.sh", "member add v4.example");
            assert!(!v4.has_file("/var/lib/etcd/tfa/member"));
        }
    });
    let members = run(v4, &format!("{ETCDCTL} member list"));
    assert_eq!(members.matches("started").count(), 4, "{members}");
    logs_in(v4, &alice.phone.next_unused());

    // v3 is lost, and installed anew.
    run(
        v3,
        "systemctl disable --now etcd tfad tfa-fleet; \
         rm -rf /etc/etcd /etc/tfa/etcd /var/lib/etcd/tfa /etc/systemd/system/etcd.service.d",
    );
    fleet.copy("sh v3.example.etcd.sh", "v3");
    refused(v3, "sh v3.example.etcd.sh", "member remove ID");
    run(
        v1,
        &format!(
            "{ETCDCTL} member remove $({ETCDCTL} member list | sed -n 's/,.*v3.example.*//p')"
        ),
    );
    refused(
        v3,
        "sh v3.example.etcd.sh --existing-cluster",
        "member add v3.example",
    );
    run(
        v1,
        &format!("{ETCDCTL} member add v3.example --peer-urls=https://192.0.2.3:2380"),
    );
    let replaced = run(v3, "sh v3.example.etcd.sh --existing-cluster");
    assert!(replaced.contains("etcd of v3.example runs"), "{replaced}");
    run(v3, "systemctl enable --now tfad tfa-fleet");
    logs_in(v3, &alice.phone.next_unused());

    // The authority is lost: all nodes get files of a new one.
    run(
        v1,
        "rm -rf tfa-etcd && sh /usr/share/tfa/etcd-certificates v1.example=192.0.2.1 \
         v2.example=192.0.2.2 v3.example=192.0.2.3 v4.example=192.0.2.4",
    );
    for (name, machine) in [("v2", v2), ("v3", v3), ("v4", v4)] {
        fleet.copy(&format!("sh {name}.example.etcd.sh"), name);
        refused(
            machine,
            &format!("sh {name}.example.etcd.sh"),
            "another authority",
        );
        run(machine, &format!("sh {name}.example.etcd.sh --replace"));
    }
    run(v1, "sh tfa-etcd/v1.example.etcd.sh --replace");
    for verifier in [v1, v2, v3, v4] {
        is_served(verifier);
    }
    let members = run(v2, &format!("{ETCDCTL} member list"));
    assert_eq!(members.matches("started").count(), 4, "{members}");
    logs_in(web1, &alice.phone.next_unused());
}
