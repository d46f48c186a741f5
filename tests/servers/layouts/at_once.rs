//! Many processes at once on one code of an application's.

use super::{Application, FREE, PHONE, issue, machine};

const KEY: &str = "otp:+919876543210";

#[test]
fn two_hundred_guesses_at_once_spend_the_limit_exactly() {
    let machine = machine("layout = \"sibling-strings\"");
    machine.redis().cli(&["SET", KEY, "654321", "EX", "300"]);
    let mut codes = Vec::new();
    for wave in 0..10 {
        let guesses: Vec<Vec<String>> =
            (0..20).map(|n| ["verify", PHONE, &format!("{:06}", wave * 20 + n)].map(str::to_owned).to_vec()).collect();
        codes.extend(machine.at_once(&guesses).into_iter().map(|ran| ran.code));
    }
    assert_eq!(codes.iter().filter(|code| **code == 10).count(), 4);
    assert_eq!(codes.iter().filter(|code| **code == 12).count(), 196);
    assert_eq!(machine.redis().cli(&["EXISTS", KEY]), "0");
    let events = machine.inspect(PHONE)["timeline"].to_string();
    assert_eq!(events.matches("\"wrong\"").count(), 5, "five were looked at");
}

#[test]
fn of_fifty_right_answers_at_once_one_is_accepted() {
    let machine = machine("layout = \"frappe\"");
    machine.configure(&format!("{FREE}[limits.locks]\n"));
    Application(&machine, "frappe").issues("0421");
    let right = vec![["verify", PHONE, "0421"].to_vec(); 50];
    let codes: Vec<i32> = machine.at_once(&right).into_iter().map(|ran| ran.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 11).count(), 49, "{codes:?}");
    assert_eq!(machine.redis().cli(&["EXISTS", KEY]), "0");
}

#[test]
fn an_application_that_writes_in_between_is_not_overwritten() {
    let machine = machine("layout = \"frappe\"");
    let code = issue(&machine);
    // The application's own code comes while wrong codes are typed: none of them brings the older one back.
    let wrong = if code == "111111" { "222222" } else { "111111" };
    let guesses = vec![["verify", PHONE, wrong].to_vec(); 3];
    let redis = machine.redis();
    std::thread::scope(|scope| {
        scope.spawn(|| redis.cli(&["SET", KEY, "0421", "EX", "300"]));
        machine.at_once(&guesses);
    });
    assert_eq!(machine.redis().cli(&["GET", KEY]), "0421");
    machine.verify(PHONE, "0421").exits(0);
}
