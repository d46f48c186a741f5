//! The language of definitions: what is wrong is found when it is read, with its line and a suggestion.

use otpctl::provider::Definition;

const GOOD: &str = r#"name = "X"
base_url = "https://{{ region }}.example.com"
[settings]
region = { required = true }
key = { secret = true, required = true }
[auth]
bearer = "{{ key }}"
[send]
request = "POST /sms/{{ region }}"
json = { to = "{{ phone }}", n = 5, deep = [{ text = "{{ text }}" }] }
accepted = "status == 200 and body.id"
id = "body.id"
[status]
request = "GET /sms/{{ id }}"
state = "body.state"
words = "body.why"
[report]
each = ["body.all"]
id = "item.id"
state = "item.state"
[delivery.states]
delivered = ["D"]
[delivery.reasons]
landline = [6]
[test]
request = "GET /me"
ok = "body.me"
[features]
senders = ["number"]
longest = 160
[balance]
request = "GET /balance"
amount = "body.amount"
[errors]
code = "body.code"
[errors.classes]
balance = [9]
"#;

/// What [`GOOD`] leaves open and every definition must say, in front of it: the lines of the errors stay.
fn answered(good: &str) -> String {
    good.replacen("name = \"X\"", "encoding = \"automatic\"\nname = \"X\"", 1).replacen(
        "code = \"body.code\"",
        "code = \"body.code\"\nunlisted = \"refused\"",
        1,
    )
}

/// The error that comes of replacing one part of the good definition.
#[track_caller]
fn wrong(part: &str, by: &str) -> String {
    assert!(GOOD.contains(part), "{part}");
    Definition::parse(&GOOD.replacen(part, by, 1)).expect_err("an error").to_string()
}

#[test]
fn a_good_definition_is_taken() {
    let description = Definition::parse(GOOD).unwrap().describe("x");
    let names: Vec<_> = description.settings.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["region", "key", "base_url", "timeout"]);
    assert!(description.can.status && description.can.balance && description.can.test && description.can.reports);
    assert_eq!(description.features.longest, Some(160));
}

#[test]
fn every_definition_of_the_catalog_is_taken() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/catalog");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            Definition::checked(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            seen += 1;
        }
    }
    assert_eq!(seen, otpctl::provider::kinds().count() - 4);
}

#[test]
fn a_key_that_is_not_of_the_language_is_refused_with_a_suggestion() {
    assert_eq!(
        wrong("accepted =", "acepted ="),
        "line 11, column 1: send: unknown key `acepted`; did you mean `accepted`?",
        "a slip is told before what is missing by it"
    );
    assert_eq!(
        wrong("accepted = \"status == 200 and body.id\"\n", ""),
        "line 8, column 2: send: `accepted` is missing"
    );
    assert_eq!(
        wrong("id = \"body.id\"", "idd = \"body.id\""),
        "line 12, column 1: send: unknown key `idd`; did you mean `id`?"
    );
    assert_eq!(wrong("[balance]", "[balence]"), "line 31, column 2: unknown key `balence`; did you mean `balance`?");
    assert_eq!(
        wrong("balance = [9]", "balnce = [9]"),
        "line 37, column 1: errors.classes: unknown key `balnce`; did you mean `balance`?"
    );
    assert_eq!(
        wrong("required = true }\nkey", "requird = true }\nkey"),
        "line 4, column 12: settings.region: unknown key `requird`; did you mean `required`?"
    );
}

#[test]
fn a_name_that_nothing_declares_is_refused() {
    assert_eq!(
        wrong("bearer = \"{{ key }}\"", "bearer = \"{{ kye }}\""),
        "line 7, column 10: auth.bearer: unknown name `kye`; did you mean `key`?"
    );
    assert_eq!(
        wrong("bearer = \"{{ key }}\"", "bearer = \"{{ code }}\""),
        "line 7, column 10: auth.bearer: unknown name `code`",
        "a balance is asked for without a message"
    );
    assert_eq!(
        wrong("{{ text }}", "{{ txt }}"),
        "line 10, column 54: send.json.deep.text: unknown name `txt`; did you mean `text`?"
    );
    assert_eq!(wrong("body.amount", "key"), "line 33, column 10: balance.amount: unknown name `key`");
    assert_eq!(wrong("/sms/{{ id }}", "/sms/{{ code }}"), "line 14, column 11: status.request: unknown name `code`");
}

#[test]
fn an_expression_that_does_not_parse_is_refused() {
    assert!(wrong("\"body.id\"\n", "\"body.\"\n").starts_with("line 12, column 6: send.id: "));
    assert!(wrong("{{ phone }}", "{{ phone").starts_with("line 10, column 15: send.json.to: "));
    assert!(wrong("body.state", "body.state | frist").starts_with("line 15, column 9: status.state: "));
    assert!(wrong("/sms/{{ region }}", "/sms/{{ region").starts_with("line 9, column 11: send.request: "));
}

#[test]
fn values_of_another_kind_are_refused() {
    assert!(wrong("name = \"X\"", "name = X").starts_with("line 1, column 8: "));
    assert_eq!(
        wrong("name = \"X\"", "name = 5"),
        "line 1, column 8: name: expected text in quotes, found a whole number"
    );
    assert_eq!(
        wrong("POST /sms", "FETCH /sms"),
        "line 9, column 11: send.request: expected GET, POST, PUT, PATCH or DELETE and a path"
    );
    assert_eq!(
        wrong("balance = [9]", "balance = [9]\ncontent = [\"9\"]"),
        "line 38, column 11: errors.classes.content: `9` is listed under `balance` already"
    );
    assert_eq!(
        wrong("json =", "form = { a = \"b\" }\njson ="),
        "line 8, column 2: send: expected only one of json, form: a request has one body"
    );
    assert_eq!(
        wrong("region = {", "code = {"),
        "line 4, column 1: settings.code: `code` is reserved and cannot name a setting"
    );
    // Where such a setting is not set, a request would have had the language's own function in its place.
    for own in ["range", "dict", "namespace"] {
        assert_eq!(
            wrong("region = {", &format!("{own} = {{")),
            format!("line 4, column 1: settings.{own}: `{own}` is reserved and cannot name a setting")
        );
    }
    assert_eq!(
        wrong("name = \"X\"", "name = \"X\"\nphone = \"e146\""),
        "line 2, column 9: phone: expected one of e164, digits, national; did you mean `e164`?"
    );
}

#[test]
fn a_country_that_is_none_is_found() {
    let listed = wrong("[settings]", "countries = [\"IN\", \"Indien\"]\n[settings]");
    assert!(listed.contains("countries: expected the two letters of a country, such as \"IN\""), "{listed}");
}

#[test]
fn mistakes_in_what_comes_after_a_send_are_found() {
    assert_eq!(
        wrong("landline = [6]", "landlne = [6]"),
        "line 24, column 1: delivery.reasons: unknown key `landlne`; did you mean `landline`?"
    );
    assert_eq!(
        wrong("landline = [6]", "landline = [6]\nfiltered = [6]"),
        "line 25, column 12: delivery.reasons.filtered: `6` is listed under `landline` already"
    );
    assert_eq!(
        wrong("delivered = [\"D\"]", "delivrd = [\"D\"]"),
        "line 22, column 1: delivery.states: unknown key `delivrd`; did you mean `delivered`?"
    );
    assert_eq!(wrong("item.id", "itm.id"), "line 19, column 6: report.id: unknown name `itm`; did you mean `item`?");
    assert!(wrong("body.all", "body.all[").starts_with("line 18, column 9: report.each: "));
    assert_eq!(
        wrong("each = [\"body.all\"]", "each = \"body.all\""),
        "line 18, column 8: report.each: expected a list of expressions, found text"
    );
    assert_eq!(wrong("ok = \"body.me\"\n", ""), "line 25, column 2: test: `ok` is missing");
    assert_eq!(
        wrong("GET /me", "/me"),
        "line 26, column 11: test.request: expected a method and a path, such as \"POST /messages\""
    );
    assert_eq!(
        wrong("\"number\"", "\"numbr\""),
        "line 29, column 12: features.senders: expected one of number, short_code, alphanumeric, pool, template; did you mean `number`?"
    );
    assert_eq!(
        wrong("longest = 160", "longest = 0"),
        "line 30, column 11: features.longest: expected a number of characters, 1 or more"
    );
    assert_eq!(
        wrong("json =", "idempotent = \"yes\"\njson ="),
        "line 10, column 14: send.idempotent: expected true or false, found text"
    );
}

#[test]
fn what_could_not_work_is_refused_although_it_is_well_written() {
    let good = answered(GOOD);
    Definition::checked(&good).unwrap();
    let invalid = |part: &str, by: &str, what: &str| {
        assert!(good.contains(part), "{part}");
        let error = Definition::checked(&good.replacen(part, by, 1)).expect_err(what).to_string();
        assert!(error.contains(what), "{error}");
    };
    invalid("name = \"X\"", "name = \" \"", "`name` is empty");
    invalid("to = \"{{ phone }}\", ", "", "no message would have a recipient");
    invalid("{{ text }}", "hello", "no message would contain a code");
    invalid("name = \"X\"", "name = \"X\"\nphone = \"national\"", "needs `countries`");
    invalid("/sms/{{ id }}", "/sms", "it would not ask about one message");
    invalid("id = \"body.id\"\n", "", "`send.id` is missing");
    invalid("delivered = [\"D\"]", "sent = [\"D\"]", "`delivery.states.delivered`");
}

#[test]
fn what_fits_everything_or_nothing_is_refused() {
    assert!(
        wrong("balance = [9]", "balance = [\"\"]").contains("errors.classes.balance: an empty text matches everything")
    );
    assert!(wrong("code = \"body.code\"\n", "").contains("errors.classes: needs `errors.code`"));
    assert!(wrong("GET /me", "GET /me?x=1").contains("the query goes into `query`"));
    assert!(wrong("GET /me", "GET /../me").contains("without `.` and `..`"));
    assert!(wrong("{ required = true }", "{ type = \"number\", default = \"x\" }").contains("a whole number"));
    assert_eq!(
        wrong("\"number\"", "\"fax\""),
        "line 29, column 12: features.senders: expected one of number, short_code, alphanumeric, pool, template"
    );
}

#[test]
fn a_definition_says_which_texts_need_unicode_and_what_an_unlisted_code_means() {
    let good = answered(GOOD);
    let refused = |text: &str| Definition::checked(text).expect_err(text).to_string();
    let without = |line: &str| {
        assert!(good.contains(line), "{line}");
        refused(&good.replacen(line, "", 1))
    };
    assert!(without("encoding = \"automatic\"\n").contains("`encoding` is missing"));
    assert!(without("unlisted = \"refused\"\n").contains("`errors.unlisted` is missing"));
    let told = good.replacen("\"automatic\"", "\"told\"", 1);
    assert!(refused(&told).contains("nothing in `send` uses `encoding`"));
    let says = |text: &str| text.replacen("n = 5", "n = \"{{ 8 if encoding == 'ucs2' }}\"", 1);
    Definition::checked(&says(&told)).unwrap();
    assert!(refused(&says(&good)).contains("set `encoding = \"told\"`"));
    let hidden = |text: &str| text.replacen("[settings]\n", "[settings]\nencoding = {}\n", 1);
    assert!(refused(&hidden(&says(&told))).contains("hides the variable"));
    Definition::checked(&hidden(&says(&good))).expect("a setting of that name stands in the place of the variable");
    let codeless = good.replacen("code = \"body.code\"\n", "", 1).replacen("[errors.classes]\nbalance = [9]\n", "", 1);
    assert!(refused(&codeless).contains("needs `errors.code` or `send.refused`"));
    Definition::checked(&codeless.replacen("\"refused\"", "\"unknown\"", 1)).unwrap();
    assert!(
        wrong("name = \"X\"", "name = \"X\"\nencoding = \"auto\"")
            .contains("encoding: expected one of automatic, told")
    );
    assert!(
        wrong("code = \"body.code\"", "code = \"body.code\"\nunlisted = \"no\"")
            .contains("errors.unlisted: expected one of refused, unknown")
    );
}

#[test]
fn only_a_status_that_says_that_nothing_was_sent_can_have_a_class() {
    let with = |statuses: &str| format!("[errors.statuses]\n{statuses}\n[errors.classes]");
    Definition::parse(&GOOD.replacen("[errors.classes]", &with("region = [403]"), 1)).unwrap();
    for wrong_one in ["region = [200]", "region = [503]", "region = [\"x\"]", "region = [399]", "region = [500]"] {
        assert!(wrong("[errors.classes]", &with(wrong_one)).contains("400 to 499"), "{wrong_one}");
    }
    assert!(wrong("[errors.classes]", &with("regon = [403]")).contains("did you mean `region`?"));
}

#[test]
fn a_warning_is_about_a_setting_that_is_there() {
    let with = |rule: &str| GOOD.replacen("[auth]", &format!("[[warnings]]\n{rule}\n[auth]"), 1);
    let rule = "setting = \"region\"\nwhen = \"region is digits(3)\"\nsay = \"a region is a word\"";
    Definition::parse(&with(rule)).unwrap();
    let refused = |rule: &str| Definition::parse(&with(rule)).expect_err(rule).to_string();
    assert_eq!(
        refused(&rule.replace("\"region\"", "\"regoin\"")),
        "line 7, column 11: warnings.setting: unknown setting `regoin`; did you mean `region`?"
    );
    assert!(refused(&rule.replace("digits", "digit")).starts_with("line 8, column 8: warnings.when: "));
    assert!(refused("setting = \"region\"").contains("warnings: `when` is missing"));
}

#[test]
fn names_of_events_need_the_place_where_an_event_has_its_name() {
    let with = |more: &str| GOOD.replacen("id = \"item.id\"", &format!("{more}\nid = \"item.id\""), 1);
    Definition::parse(&with("event = \"item.type\"\nevents = [\"sms.status\"]\ncountry = \"IN\"")).unwrap();
    assert!(
        Definition::parse(&with("events = [\"a\"]")).unwrap_err().to_string().contains("report.events: needs `event`")
    );
    assert!(
        Definition::parse(&with("country = \"Indien\""))
            .unwrap_err()
            .to_string()
            .contains("report.country: expected the two letters of a country")
    );
    assert!(Definition::parse(&with("event = \"itm.type\"")).unwrap_err().to_string().contains("did you mean `item`?"));
}
