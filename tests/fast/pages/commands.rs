//! The blocks of the pages are run by a test or are no commands, and every command and option that a sentence names exists.

use std::collections::BTreeSet;
use std::fs;

use clap::Command;

use crate::support::pages::{Fence, NOT_RUN, is_not_run, name, pages, parted, root};

/// What is no program: nothing in such a block is a command.
const NO_COMMANDS: [&str; 4] = ["text", "json", "conf", "yaml"];

/// What is run on one page only: by root, and by the tests of the recipes.
const RUN_ON: [(&str, &str); 2] = [("console root", "docs/security.md"), ("cron", "docs/monitoring.md")];

/// Where the programs of this page are run.
const HANDOVER: &str = "docs/sign-in.md";

#[test]
fn every_block_is_run_by_a_test_or_is_no_command() {
    let mut wrong = Vec::new();
    for (path, text) in pages() {
        let page = name(&path);
        let (fences, outside) = parted(&text);
        let commands: Vec<&str> = fences.iter().filter(|fence| fence.language == "console").flat_map(lines).collect();
        for fence in &fences {
            let why = wrong_of(fence, &page, &commands);
            wrong.extend(why.map(|why| format!("{page}:{}: {why}", fence.line)));
        }
        // Indented text is a block too, of no language.
        let indented = outside.iter().filter(|(_, line)| line.starts_with("    "));
        wrong.extend(indented.map(|(place, _)| format!("{page}:{}: fence it, and say its language", place + 1)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn lines<'a>(fence: &Fence<'a>) -> Vec<&'a str> {
    fence.inside.iter().map(|(_, line)| *line).collect()
}

/// The name of a program, without its end and with it.
fn program<'a>(lines: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let name = lines.first()?.trim_start_matches(['#', '/', ' ']);
    name.rsplit_once('.').filter(|(_, end)| ["py", "mjs"].contains(end)).map(|(stem, _)| (stem, name))
}

/// Why nobody would notice if a block were wrong.
fn wrong_of(fence: &Fence<'_>, page: &str, commands: &[&str]) -> Option<String> {
    let lines = lines(fence);
    // A file that a test runs; `generated` holds the block to it.
    if let Some(file) = fence.above.strip_prefix("<!-- examples/").and_then(|rest| rest.split(':').next()) {
        let tests = root().join("tests/servers");
        let is_run = ["examples", "handover"].iter().any(|folder| {
            let files = fs::read_dir(tests.join(folder)).unwrap().map(|entry| entry.unwrap().path());
            files.filter(|path| path.is_file()).any(|path| fs::read_to_string(path).unwrap_or_default().contains(file))
        });
        return (!is_run).then(|| format!("no test runs examples/{file}"));
    }
    match fence.language {
        // The docs tests of tests/servers run these.
        "console" | "toml" => None,
        language if RUN_ON.contains(&(language, page)) => None,
        // A program, which begins with its name: `# NAME.py` or `// NAME.mjs`.
        _ if program(&lines).is_some() => {
            let (stem, first) = program(&lines)?;
            let is_run = page == HANDOVER || commands.iter().any(|line| line.contains(stem));
            (!is_run).then(|| format!("nothing runs {first}"))
        }
        "sh" => {
            let left = lines.iter().find(|line| !line.is_empty() && !line.starts_with('#') && !is_not_run(line));
            left.map(|line| format!("no test runs `{line}`: make the block `console`, or give a reason in `NOT_RUN`"))
        }
        language if NO_COMMANDS.contains(&language) => {
            let command = lines.iter().find(|line| line.starts_with("$ ") || line.starts_with("otpctl "));
            command.map(|line| format!("`{line}` is a command in a block that is not run"))
        }
        language => Some(format!("`{language}` is no language of a block")),
    }
}

#[test]
fn a_block_that_is_not_run_is_found() {
    let wrong = |block: &str| {
        let text = format!("{block}\n```\n");
        let (fences, _) = parted(&text);
        wrong_of(&fences[0], "docs/people.md", &["$ run known"]).is_some()
    };
    for block in [
        "```sh\notpctl send",
        "```text\n$ otpctl send",
        "```\nmake",
        "```js\nlet a",
        "```js\n// unknown.mjs",
        "```bash\nls",
        "```console root\n$ ls",
    ] {
        assert!(wrong(block), "{block}");
    }
    assert!(wrong("<!-- examples/of-nobody.sh: … -->\n```sh\nls"));
    for block in [
        "```console\n$ otpctl send",
        "```text\na",
        "```js\n// known.mjs",
        "```sh\n# why\ncargo install --locked --path .",
    ] {
        assert!(!wrong(block), "{block}");
    }
}

#[test]
fn no_reason_outlives_its_command() {
    let pages = pages();
    let shown: BTreeSet<&str> =
        pages.iter().flat_map(|(_, text)| parted(text).0).flat_map(|fence| lines(&fence)).collect();
    for (command, why) in NOT_RUN {
        assert!(!why.is_empty());
        let is_shown = shown.contains(command) || shown.contains(format!("$ {command}").as_str());
        assert!(is_shown, "no page has `{command}` any more");
    }
}

#[test]
fn every_command_that_a_sentence_names_exists() {
    let whole = otpctl::commands::whole();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (path, text) in pages() {
        let text: String = parted(&text).1.into_iter().flat_map(|(_, line)| [line, "\n"]).collect();
        // Spans may go on in the next line, and a block of them would hide where the next begins: paragraph by paragraph.
        for span in text.split("\n\n").flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2)) {
            count += usize::from(span.starts_with("otpctl "));
            wrong.extend(unknown(&whole, span).map(|why| format!("{}: `{span}`: {why}", name(&path))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 50, "the pages name commands: {count}");
}

/// What of a command does not exist, if it is one.
fn unknown(whole: &Command, span: &str) -> Option<String> {
    let (is_said, span) = span.strip_prefix("otpctl ").map_or((false, span), |rest| (true, rest));
    let mut words = span.split_whitespace().peekable();
    let (mut command, mut depth) = (whole, 0);
    while let Some(next) = words.peek().and_then(|word| command.find_subcommand(word)) {
        (command, depth) = (next, depth + 1);
        words.next();
    }
    let rest: Vec<&str> = words.collect();
    // A word of the file or of a document may be called as a command is.
    let has_options = rest.iter().any(|word| word.starts_with("--"));
    if !is_said && (depth == 0 || !has_options) {
        return None;
    }
    let is_word =
        |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !word.starts_with('-');
    if let Some(word) = rest.first().filter(is_word).filter(|_| command.has_subcommands()) {
        return Some(format!("there is no command {word}"));
    }
    let has = |command: &Command, name: &str| command.get_arguments().any(|argument| argument.get_long() == Some(name));
    let options =
        rest.iter().take_while(|word| **word != "--" && **word != "|").filter_map(|word| word.strip_prefix("--"));
    let names = options.map(|option| option.split(['=', '[', ',', ';']).next().unwrap_or_default());
    let mut unknown =
        names.filter(|name| !["help", "version"].contains(name) && !has(command, name) && !has(whole, name));
    unknown.next().map(|name| format!("there is no --{name}"))
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let whole = otpctl::commands::whole();
    for span in ["otpctl sned PHONE", "otpctl send --form FILE", "policy allow --untl 1h", "otpctl policy alow"] {
        assert!(unknown(&whole, span).is_some(), "{span}");
    }
    for span in
        ["otpctl send PHONE --from FILE", "otpctl -c FILE send", "list", "policy allow --until 1h -y", "send -qq"]
    {
        assert_eq!(unknown(&whole, span), None, "{span}");
    }
}
