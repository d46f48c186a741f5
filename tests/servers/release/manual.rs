//! Manual pages, as `man` reads them.

use std::process::Command;

use crate::support::cli::Machine;

/// What a page looks like on a terminal of 80 columns. Anything that `man` or groff complains of fails.
fn rendered(machine: &Machine, file: &str) -> String {
    let mut man = Command::new("man");
    man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8"]).arg(machine.path(file));
    // Debian's MANPAGER and a MANPATH of the machine are not asked.
    man.env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").env("MANROFFSEQ", "").env("MANPAGER", "cat");
    let ran = man.output().expect("`scripts/test` installs man-db");
    let complaints = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success() && complaints.is_empty(), "{file}: {complaints}");
    let text = String::from_utf8(ran.stdout).unwrap();
    // Bold letters are typed twice, and underlined ones have a line under them.
    let (mut plain, mut letters) = (String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        if letters.peek() == Some(&'\u{8}') {
            letters.next();
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[test]
fn every_page_is_read_without_a_warning() {
    let machine = Machine::new();
    machine.run(&["man", "--dir", "pages"]).exits(0);
    let mut pages = 0;
    for entry in std::fs::read_dir(machine.path("pages")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let page = rendered(&machine, &format!("pages/{name}"));
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"] {
            assert!(page.lines().any(|line| line == section), "{name} has no {section}:\n{page}");
        }
        pages += 1;
    }
    assert!(pages > 50, "{pages}");
}

#[test]
fn the_page_of_the_program_has_what_holds_for_every_command() {
    let machine = Machine::new();
    machine.run(&["man", "--dir", "pages"]).exits(0);
    let page = rendered(&machine, "pages/otpctl.1");
    let title = page.lines().find(|line| !line.is_empty()).unwrap();
    assert_eq!(title.split_whitespace().collect::<Vec<_>>(), ["OTPCTL(1)", "User", "Commands", "OTPCTL(1)"]);
    for (exit, name, ..) in otpctl::error::EXITS {
        let head = format!("{} {name}", exit.number());
        assert!(page.lines().any(|line| line.trim().starts_with(&head)), "{head}:\n{page}");
    }
    for name in otpctl::commands::Command::NAMES {
        assert!(page.contains(&format!("otpctl-{name}(1)")), "{name}:\n{page}");
    }
    for text in ["/etc/otpctl/otpctl.toml", "OTPCTL_CONFIG", "OTPCTL_LOG", "--unmask", "GLOBAL OPTIONS"] {
        assert!(page.contains(text), "{text}:\n{page}");
    }
    let send = rendered(&machine, "pages/otpctl-send.1");
    assert!(send.contains("otpctl send [OPTIONS]"), "{send}");
    assert!(!send.contains("--unmask"), "the global options are on the page of the program:\n{send}");
}
