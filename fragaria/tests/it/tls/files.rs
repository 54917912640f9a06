//! Files and settings of TLS that cannot be used: the server does not start, and says what to do.

use super::FILES;
use super::authority::{Authority, params, put};
use crate::project::Project;
use rcgen::date_time_ymd;

/// Why a server of the project does not start, in one line.
pub(super) fn refused(project: &Project, settings: &[&str]) -> String {
    let mut words = vec!["serve", "."];
    for setting in settings {
        words.extend(["--set", setting]);
    }
    if !settings.iter().any(|setting| setting.starts_with("auth.")) {
        words.push("--open");
    }
    let told = project.fail(&words);
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn assert_told(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
}

/// Tries the files, of which that one cannot be used.
fn try_files(project: &Project, pair: (&str, &str, u32), wrong: &str, parts: &[&str]) {
    let (certificate, key, mode) = pair;
    put(&project.path("tls.pem"), certificate, 0o644);
    put(&project.path("tls.key"), key, mode);
    let told = refused(project, &FILES);
    assert_told(&told, &[wrong]);
    assert_told(&told, parts);
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_with_the_cause_and_the_mend() {
    let (authority, project) = (Authority::new("us"), Project::small());
    let good = authority.server();
    let mut expired = params();
    expired.not_after = date_time_ymd(2001, 2, 3);
    let mut early = params();
    early.not_before = date_time_ymd(4000, 2, 3);
    let (expired, early) = (authority.issue(&expired), authority.issue(&early));
    let chain = good.pem.clone() + &expired.pem;
    let large = "x".repeat(1024 * 1024 + 1);
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for (pem, key, cause, mend) in [
        ("", &good.key, "there is no certificate in it", "PEM"),
        (broken, &good.key, "number 1 in it", "PEM"),
        (&large, &good.key, "larger than", "the right file"),
        (
            &expired.pem,
            &expired.key,
            "expired at 2001-02-03",
            "renewed",
        ),
        (&chain, &good.key, "number 2 in it", "renewed"),
        (&early.pem, &early.key, "before 4000-02-03", "clock"),
    ] {
        let wrong = "tls.certificate: ./tls.pem";
        try_files(&project, (pem, key, 0o600), wrong, &[cause, mend]);
    }
}

#[test]
fn a_key_that_cannot_be_used_is_named_with_the_cause_and_the_mend() {
    let (authority, project) = (Authority::new("us"), Project::small());
    let good = authority.server();
    let another = authority.server().key;
    for (key, mode, cause, mend) in [
        ("", 0o600, "there is no private key in it", "passphrase"),
        (
            &good.pem,
            0o600,
            "there is no private key in it",
            "passphrase",
        ),
        (
            &another,
            0o600,
            "is not the key of ./tls.pem",
            "the server's own",
        ),
        (
            &good.key,
            0o644,
            "is open to everybody on this machine, mode 0644",
            "chmod 600",
        ),
        (
            &good.key,
            0o602,
            "is open to everybody on this machine, mode 0602",
            "chmod 600",
        ),
    ] {
        let wrong = "tls.key: ./tls.key";
        try_files(&project, (&good.pem, key, mode), wrong, &[cause, mend]);
    }
    std::fs::remove_file(project.path("tls.key")).unwrap();
    let told = refused(&project, &FILES);
    assert_told(&told, &["tls.key: ./tls.key cannot be read: No such file"]);
}

#[test]
fn settings_that_would_leave_something_in_the_open_are_refused() {
    let project = Project::small();
    Authority::new("us").server().install(&project);
    let [certificate, key] = FILES;
    let beyond = "server.listen=0.0.0.0:0";
    for (settings, told) in [
        (&[certificate][..], "tls.key: is missing"),
        (
            &[key],
            "tls.certificate: is missing, and other keys of `tls` are set",
        ),
        (&[beyond], "would travel in the open"),
        (
            &[certificate, key, beyond, "auth.anonymous_role=a"],
            "server.hosts: is missing",
        ),
        (
            &[certificate, key, beyond, "auth.open=true"],
            "auth.open: is for this machine only",
        ),
        (
            &[certificate, key, "server.hosts=['https://a']"],
            "\"https://a\" is no host",
        ),
        (
            &[certificate, key, "tls.handshakes_max=0"],
            "0 is too small, at least 1",
        ),
    ] {
        assert_told(&refused(&project, settings), &[told]);
    }
}
