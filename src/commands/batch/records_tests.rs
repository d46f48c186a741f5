//! Files as programs and spreadsheets write them.

use super::*;
use crate::commands::batch::line::Column;

const COLUMNS: Columns = Columns { more: &[Column::Purpose, Column::Ttl, Column::Reason], needed: &[] };
const WITH_CODE: Columns = Columns { more: &[Column::Purpose], needed: &[Column::Code] };
const OF_USERS: Columns = Columns { more: &[], needed: &[Column::User] };

async fn opened(text: &'static str, columns: Columns, form: Option<Form>) -> Result<Records, Error> {
    Records::open(Box::new(text.as_bytes()), columns, form, None).await
}

/// The lines: number, whom, and what it says of its purpose; or its number, name and error.
async fn all(text: &'static str, columns: Columns) -> Vec<(u64, String, Result<Option<String>, String>)> {
    let mut records = opened(text, columns, None).await.expect("a file that is read");
    let mut all = Vec::new();
    while let Some(record) = records.next().await {
        let said = record.line.map(|line| line.text(Column::Purpose).map(str::to_owned));
        all.push((record.number, record.name, said.map_err(|error| error.message())));
    }
    assert_eq!(records.bytes(), text.len() as u64, "all of it is used");
    all
}

async fn refused(text: &'static str, columns: Columns) -> String {
    match opened(text, columns, None).await {
        Ok(_) => panic!("{text:?} is read"),
        Err(error) => error.message(),
    }
}

fn said(number: u64, name: &str, purpose: Option<&str>) -> (u64, String, Result<Option<String>, String>) {
    (number, name.to_owned(), Ok(purpose.map(str::to_owned)))
}

#[tokio::test]
async fn plain_lines_are_phones_users_and_references() {
    let text = "\u{feff}+919876543210\r\n\n# not this\n user:u_1 \nch_abc\n";
    let expected = [said(1, "+919876543210", None), said(4, "user:u_1", None), said(5, "ch_abc", None)];
    assert_eq!(all(text, COLUMNS).await, expected);
    assert_eq!(all("", COLUMNS).await, []);
}

#[tokio::test]
async fn csv_has_a_header_quotes_and_any_separator() {
    let text =
        "\u{feff}Phone;PURPOSE\r\n+919876543210;signup\r\n\"+919876543211\";\r\n# no\r\n\r\n+919876543212;\"a;b\"\r\n";
    let expected = [
        said(2, "+919876543210", Some("signup")),
        said(3, "+919876543211", None),
        said(6, "+919876543212", Some("a;b")),
    ];
    assert_eq!(all(text, COLUMNS).await, expected);
    assert_eq!(all("user\nu_1\nuser:u_2\n", COLUMNS).await, [said(2, "user:u_1", None), said(3, "user:u_2", None)]);
    // The phone is meant where both are named.
    assert_eq!(all("user,target\nu_1,+919876543210\n", COLUMNS).await, [said(2, "+919876543210", None)]);
}

#[tokio::test]
async fn a_quote_may_hold_lines_and_one_that_is_not_closed_spoils_its_own() {
    let text = "phone,reason,purpose\n1,\"two\nlines\",a\n2,\"never closed,b\n3,ok,c\n4,x\n";
    let read = all(text, COLUMNS).await;
    assert_eq!((&read[0], &read[2]), (&said(2, "1", Some("a")), &said(5, "3", Some("c"))));
    assert_eq!((read[1].0, read[1].2.clone()), (4, Err("this is no line of CSV".to_owned())));
    assert_eq!(read[3].2, Err("this line has 2 fields, and the header 3".to_owned()));
}

#[tokio::test]
async fn json_lines_are_objects_of_texts_and_numbers() {
    let text = concat!(
        "{\"phone\":\"+919876543210\",\"purpose\":\"a\"}\n{\"user\":17,\"purpose\":null}\n",
        "{\"phone\":\"1\",\"purposs\":\"a\"}\n{\"phone\":[1]}\n{}\n{\"phone\":\"1\",\"target\":\"2\"}\nx\n",
    );
    let read = all(text, COLUMNS).await;
    assert_eq!((&read[0], &read[1]), (&said(1, "+919876543210", Some("a")), &said(2, "user:17", None)));
    let errors: Vec<String> = read[2..].iter().map(|(.., said)| said.clone().unwrap_err()).collect();
    assert_eq!(
        errors,
        [
            "there is no column `purposs`; did you mean `purpose`?",
            "this is no JSON object of texts and numbers",
            "this line has neither `phone` nor `user`",
            "`phone` is named twice",
            "this is no JSON object of texts and numbers",
        ]
    );
}

#[tokio::test]
async fn a_header_that_is_wrong_is_an_error_of_the_whole_file() {
    for (text, columns, why) in [
        ("phone,purposs\n", COLUMNS, "there is no column `purposs`; did you mean `purpose`?"),
        ("phone,code\n", COLUMNS, "there is no column `code`"),
        ("purpose,ttl\n", COLUMNS, "the first line names no column `phone`"),
        ("phone,target\n", COLUMNS, "`phone` is named twice"),
        ("+919876543210,login\n", COLUMNS, "the first line is no header, and it has several fields"),
        ("+919876543210\n", WITH_CODE, "each line must name a phone and its code"),
        ("phone,purpose\n", WITH_CODE, "the first line names no column `code`"),
        ("user\nu_1\n", OF_USERS, "the first line names no column `phone`"),
    ] {
        assert_eq!(refused(text, columns).await, why, "{text:?}");
    }
}

#[tokio::test]
async fn a_code_is_in_no_name_and_no_error() {
    let text = "phone,code\n,482113\n+919876543210,\n\"482113\n";
    for (_, name, said) in all(text, WITH_CODE).await {
        assert!(!name.contains("482113") && !said.unwrap_err().contains("482113"), "{name}");
    }
}

#[tokio::test]
async fn the_form_can_be_said() {
    let mut records = opened("phone\n", COLUMNS, Some(Form::Plain)).await.unwrap();
    assert_eq!(records.next().await.unwrap().name, "phone");
}
