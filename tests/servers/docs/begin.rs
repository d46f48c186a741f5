//! The pages that the book begins with are one path: on a machine with nothing, what they say to type leads from the
//! installation to a code that is checked on an own Redis, as a Redis user that may do no more.

use std::fs;

use super::machine::Machine;
use super::read;
use crate::support::pages::root;

/// In this order; each ends with a link to the next.
const PATH: [&str; 3] = ["install.md", "quick-start.md", "your-redis.md"];

#[test]
fn the_book_leads_from_the_installation_to_a_code_on_an_own_redis() {
    let text = |page: &str| fs::read_to_string(root().join("docs").join(page)).expect("a page");
    let contents = text("README.md");
    let begin = contents.split_once("## Begin").expect("where to begin").1;
    let listed: Vec<&str> =
        begin.split("](").skip(1).take(PATH.len()).filter_map(|rest| rest.split(')').next()).collect();
    assert_eq!(listed, PATH);
    for pair in PATH.windows(2) {
        let next = text(pair[0]).rsplit_once("## Next").expect("where to go next").1.to_owned();
        assert!(next.contains(&format!("]({})", pair[1])), "{} leads to {}", pair[0], pair[1]);
    }

    let machine = Machine::bare(&PATH.map(text).concat());
    machine.install();
    // One home, and a terminal for each page.
    let wrong: Vec<String> =
        PATH.iter().flat_map(|page| read(&machine, &format!("docs/{page}"), &text(page))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // It was this server that checked the code, for a user with the rights that the page gave it, and nothing was refused.
    let page = text("your-redis.md");
    let password = page.split_once("REDISCLI_AUTH=").expect("a password").1.lines().next().expect("a line");
    let asked = |words: &[&str]| machine.redis().cli(&[&["--no-auth-warning", "-a", password], words].concat());
    let user =
        asked(&["ACL", "LIST"]).lines().find(|line| line.starts_with("user otpctl ")).expect("a user").to_owned();
    assert!(user.contains(" ~otpctl:* ") && user.contains("-@all"), "{user}");
    assert!(asked(&["GET", "otpctl:{+919876543210}:record"]).contains("\"used\""), "the code was accepted here");
    // `doctor` asks how the server is set up, and says that it was not told. Everything else is allowed.
    let log = asked(&["ACL", "LOG"]);
    let refused: Vec<&str> = log.split("\nobject\n").skip(1).filter_map(|rest| rest.lines().next()).collect();
    assert!(refused.iter().all(|command| *command == "config|get"), "{log}");
}
