//! The spellings of a number, and what is no number.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::tree::Tree;
use super::{Country, ErrorPlace, NumberType, Phone, PhoneError, Why, pattern, plan};

fn country(code: &str) -> Country {
    code.parse().unwrap()
}

fn at_home(typed: &str, home: &str) -> Result<String, PhoneError> {
    Phone::parse(typed, Some(country(home))).map(|phone| phone.as_str().to_owned())
}

fn abroad(typed: &str) -> Result<String, PhoneError> {
    Phone::parse(typed, None).map(|phone| phone.as_str().to_owned())
}

fn phone(e164: &str) -> Phone {
    Phone::parse(e164, None).unwrap()
}

/// T09.
#[test]
fn all_spellings_are_one_number() {
    let spellings = [
        "+919876543210",
        "+91 98765 43210",
        "0091 98765 43210",
        "098765 43210",
        "98765\u{A0}43210",
        "+91-98765-43210",
        "+91.98765.43210",
        "(+91) [98765] 43210",
        "＋９１　９８７６５　４３２１０",
        "+٩١ ٩٨٧٦٥ ٤٣٢١٠",
        "tel:+91-98765-43210",
        "tel:98765-43210;phone-context=+91",
        "TEL:09876543210;phone-context=example.com",
        "+91 (0)98765 43210",
        "९८७६५४३२१०",
        "\u{202A}+91 98765 43210\u{202C}\n",
        "919876543210",
    ];
    let numbers: HashSet<_> = spellings.map(|typed| Phone::parse(typed, Some(country("IN"))).expect(typed)).into();
    assert_eq!(numbers, HashSet::from([phone("+919876543210")]));
}

/// T14.
#[test]
fn a_home_country_completes_numbers_and_never_forces_itself_on_them() {
    for national in ["9876543210", "09876543210", "919876543210"] {
        assert_eq!(at_home(national, "IN").as_deref(), Ok("+919876543210"));
        let error = abroad(national).unwrap_err();
        assert_eq!(error, PhoneError::NoCountry);
        assert!(error.hint().unwrap().contains("`region`"));
    }
    assert_eq!(at_home("+14155550123", "IN").as_deref(), Ok("+14155550123"));
    assert_eq!(phone("+14155550123").country(), Some(country("US")));
    let place = ErrorPlace { calling_code: 91, country: Some(country("IN")) };
    let error = at_home("14155550123", "IN").unwrap_err();
    assert_eq!(error, PhoneError::Invalid { place, why: Why::Unassigned });
    assert_eq!(error.to_string(), "the phone number is not valid for IN (+91)");
    assert!(error.hint().is_some());
}

#[test]
fn a_trunk_prefix_after_the_calling_code_makes_no_second_identity() {
    for typed in ["+447418123456", "+44 0 7418 123456", "+44 (0)7418 123456", "0044 0 7418 123456"] {
        assert_eq!(abroad(typed).as_deref(), Ok("+447418123456"), "{typed}");
    }
    // In Italy the zero belongs to the number.
    assert_eq!(abroad("+39 06 698 12345").as_deref(), Ok("+390669812345"));
    assert_eq!(phone("+390669812345").national(), "0669812345");
    // The most common Rust port takes +374 10 123456 for +374 0 123456.
    assert_eq!(abroad("+374 10 123456").as_deref(), Ok("+37410123456"));
}

#[test]
fn zeros_in_front_are_a_plus_everywhere() {
    for home in ["IN", "US", "SG", "JP", "AU"] {
        assert_eq!(at_home("0091 98765 43210", home).as_deref(), Ok("+919876543210"), "{home}");
    }
    assert_eq!(abroad("00 91 98765 43210").as_deref(), Ok("+919876543210"));
    // What the home country dials for a plus is understood as well.
    for (typed, home) in [("011 91", "US"), ("010 91", "JP"), ("0011 91", "AU"), ("001 91", "SG"), ("8~10 91", "RU")] {
        let typed = format!("{} 98765 43210", typed.replace('~', " "));
        assert_eq!(at_home(&typed, home).as_deref(), Ok("+919876543210"), "{typed} in {home}");
    }
    // In Hong Kong 001 is dialed before a calling code: this is New Zealand then, and the US with 00 for a plus.
    assert_eq!(at_home("0016478511334", "HK"), Err(PhoneError::Ambiguous(country("HK"))));
}

#[test]
fn countries_that_share_a_calling_code_are_told_apart() {
    for (number, of) in [
        ("+14155550123", "US"),
        ("+16135550123", "CA"),
        ("+17875550123", "PR"),
        ("+18295550123", "DO"),
        ("+79123456789", "RU"),
        ("+77011234567", "KZ"),
        ("+447418123456", "GB"),
        ("+447781123456", "GG"),
    ] {
        assert_eq!(phone(number).country(), Some(country(of)), "{number}");
    }
    // Dialed in Canada, and still a number of the United States.
    let phone = Phone::parse("(415) 555-0123", Some(country("CA"))).unwrap();
    assert_eq!((phone.as_str(), phone.country()), ("+14155550123", Some(country("US"))));
}

#[test]
fn numbers_of_no_country_have_none() {
    let phone = phone("+800 1234 5678");
    assert_eq!((phone.country(), phone.kind(), phone.calling_code()), (None, NumberType::TollFree, 800));
}

#[test]
fn a_valid_number_whose_canonical_form_is_another_one_is_refused() {
    assert_eq!(at_home("08106361273", "BY"), Err(PhoneError::Unstable));
}

#[test]
fn what_no_sms_can_go_to_is_refused() {
    use PhoneError::{Character, Context, Control, Empty, Extension, Letters, Plus, UnknownCallingCode};
    let refusals: [(&str, PhoneError); 32] = [
        ("", Empty),
        (" \n", Empty),
        ("+", Empty),
        ("()", Empty),
        ("tel:", Empty),
        ("+1 800 FLOWERS", Letters),
        ("98765 4321O", Letters),
        ("phone 9876543210", Letters),
        ("9876543210x123", Extension),
        ("98765 43210 ext. 5", Extension),
        ("98765 43210 доб. 5", Extension),
        ("9876543210#5", Extension),
        ("9876543210,5", Extension),
        ("9876543210~5", Extension),
        ("tel:+919876543210;ext=5", Extension),
        ("tel:+919876543210;isub=5", Extension),
        ("tel:+919876543210;tsp=example.com", Context),
        ("tel:+919876543210;phone-context=+91", Context),
        ("tel:9876543210;phone-context=91", Context),
        ("tel:9876543210;phone-context=+", Context),
        ("tel:9876543210;phone-context=-", Context),
        ("tel:9876543210;phone-context=+91;phone-context=+91", Context),
        ("9876543210;phone-context=+91", Context),
        ("98765*43210", Character('*')),
        ("98765\u{202E}43210", Character('\u{202E}')),
        ("98765\u{202F}43210", Character('\u{202F}')),
        ("++919876543210", Plus),
        ("91+9876543210", Plus),
        ("+00919876543210", UnknownCallingCode),
        ("+999 1234567", UnknownCallingCode),
        ("98765\x0043210", Control),
        ("98765\t43210", Control),
    ];
    for (typed, error) in refusals {
        assert_eq!(at_home(typed, "IN"), Err(error), "{typed:?}");
        assert_eq!(error.to_string().matches("9876").count(), 0);
    }
    assert_eq!(Character('\u{202E}').to_string().split_once("not ").unwrap().1, "U+202E");
}

#[test]
fn a_missing_digit_is_told_from_one_too_many() {
    let why = |typed| match abroad(typed) {
        Err(PhoneError::Invalid { place: ErrorPlace { calling_code: 91, country: None }, why }) => why,
        other => panic!("{typed}: {other:?}"),
    };
    assert_eq!(why("+91 98765 4321"), Why::Unassigned, "nine digits are a fixed line's in other places");
    assert_eq!(why("+91 98765"), Why::Short);
    assert_eq!(why("+91 9"), Why::Short);
    assert_eq!(why("+91 98765 43210 98765 43210"), Why::Long);
    assert_eq!(why("+91 00000 00000"), Why::Unassigned);
    assert!(matches!(abroad("+91"), Err(PhoneError::Invalid { why: Why::Short, .. })));
}

/// T42.
#[test]
fn a_text_of_any_size_is_refused_at_once() {
    let full_width = "＋９１　９８７６５　４３２１０";
    assert!(full_width.len() <= super::error::LONGEST);
    for huge in
        ["9".repeat(1 << 20), " ".repeat(1 << 20), "+91 (".repeat(1 << 18), "９".repeat(1 << 18), "9".repeat(65)]
    {
        let took = [(); 5].map(|()| {
            let start = Instant::now();
            assert_eq!(abroad(&huge), Err(PhoneError::TooLong));
            start.elapsed()
        });
        // The fastest of five, for a busy machine may stop any one of them.
        assert!(took.into_iter().min() < Some(Duration::from_millis(1)), "{took:?}");
    }
}

#[test]
fn a_number_is_shown_in_parts() {
    let number = phone("+919876543210");
    assert_eq!(number.masked(), "+91*******210");
    assert_eq!(format!("{number:?}"), "+91*******210");
    assert_eq!((number.digits(), number.national(), number.calling_code()), ("919876543210", "9876543210", 91));
    assert_eq!((number.prefix(), number.last_four()), ("+91987654", 3210));
    assert_eq!((number.country(), number.kind()), (Some(country("IN")), NumberType::Mobile));
    assert_eq!(phone("+14155550007").last_four(), 7);
    // Four digits on Niue: two of them are hidden.
    assert_eq!(phone("+6834002").masked(), "+683**02");
}

#[test]
fn a_country_is_one_with_phone_numbers() {
    for code in ["IN", "in", " us ", "XK", "AC"] {
        assert_eq!(country(code).as_str(), code.trim().to_uppercase());
    }
    for no_country in ["", "I", "IND", "91", "ZZ", "001", "UK", "AQ", "ÍN", "é"] {
        assert!(no_country.parse::<Country>().is_err(), "{no_country}");
    }
    assert_eq!(serde_json::to_string(&country("IN")).unwrap(), r#""IN""#);
    let calling_code = |letters| plan::of_country(country(letters)).unwrap().calling_code;
    assert_eq!((calling_code("IN"), calling_code("CA")), (91, 1));
}

#[test]
fn a_type_has_one_name() {
    for kind in NumberType::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.as_str()));
    }
    assert!("Mobile".parse::<NumberType>().unwrap_err().to_string().contains(NumberType::Voicemail.as_str()));
}

#[test]
fn a_pattern_matches_what_a_regular_expression_would() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap() % limit
    };
    // Pieces that are nested in other ways than those of today's plans.
    let few = ["", "$", "1?2", "(1)?(?:2(3)|24){2}5?", "[1-37]{0,2}\\d{2,3}|1(2)$|12", "(?:1|12)(3|)4"];
    let plans: std::collections::BTreeSet<_> = plan::patterns().collect();
    assert!(plans.len() > 1_000);
    for pattern in few.into_iter().chain(plans) {
        let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$")).unwrap();
        let tree = Tree::read(pattern);
        let start = regex_lite::Regex::new(&format!("^(?:{pattern})")).unwrap();
        for _ in 0..30 {
            // Digits of the pattern itself come nearer to it than others.
            let own: Vec<char> = pattern.chars().filter(char::is_ascii_digit).chain("0123456789".chars()).collect();
            let at = next(own.len());
            let digits: String =
                (0..next(13)).map(|n| if n < 3 { own[(at + n) % own.len()] } else { own[next(own.len())] }).collect();
            assert_eq!(pattern::matches(pattern, &digits), whole.is_match(&digits), "{pattern} {digits}");
            assert_eq!(tree.matches(&digits), whole.is_match(&digits), "{pattern} {digits}");
            let (ours, theirs) = (pattern::prefix(pattern, &digits), start.captures(&digits));
            assert_eq!(ours.map(|found| found.end), theirs.as_ref().map(|found| found.get(0).unwrap().end()));
            for group in 1..=pattern::groups(pattern) {
                let theirs = theirs.as_ref().and_then(|found| found.get(group)).map(|found| found.as_str());
                assert_eq!(ours.and_then(|found| found.group(group, &digits)), theirs, "{pattern} {digits} {group}");
            }
        }
    }
}

#[test]
fn a_quantity_of_a_spreadsheet_is_no_phone_number() {
    let quantities = [
        ("ID", "08123456789.0"),
        ("ID", "8123456789.0"),
        ("ID", "628123456789.0"),
        ("ID", "8123456789.00"),
        ("ID", "+628123456789.0"),
        ("ID", "+62 812 3456 789.0"),
        ("ID", "+62-812-3456-789.0"),
        ("ID", "(0812) 3456 789.0"),
        ("ID", "8 123 456 789.00"),
        ("ID", "8\u{A0}123\u{A0}456\u{A0}789.00"),
        ("ID", "(8123456789.0)"),
        ("ID", "8123456789.0-"),
        ("ID", "-8123456789.0"),
        ("ID", " 8123456789.0 "),
        ("ID", "8123456789 .0"),
        ("ID", "８１２３４５６７８９．０"),
        ("ID", "٨١٢٣٤٥٦٧٨٩.٠"),
        ("ID", "tel:08123456789.0"),
        ("ID", "tel:8123456789.0;phone-context=+62"),
        ("ID", "008123456789.0"),
        ("ID", "8123456789.0.0"),
        ("ID", "08123456789.5"),
        ("ID", "0812-3456-789.0"),
        ("ID", "+8.12345678901E+11"),
        ("ID", "08123456789.0E0"),
        // Nine digits and a zero are a mobile number.
        ("IN", "987654321.0"),
        ("IN", "987 654 321.0"),
        ("IN", "9876543210.0"),
        ("IN", "9.8765E+09"),
        ("IN", "9.19877E+11"),
        ("IN", "9,19877E+11"),
        ("IN", "9.876543210e9"),
        ("IN", "9876543210e0"),
        ("IN", "9,876,543,210"),
        ("IN", "9,87,65,43,210"),
        ("IN", "+9,876,543,210.00"),
        ("IN", "1,234,567"),
        ("IN", "9876543210,0"),
        ("IN", "9.876.543.210,00"),
        ("IN", "9 876 543 210,00"),
    ];
    for (home, typed) in quantities {
        assert_eq!(at_home(typed, home), Err(PhoneError::Quantity), "{typed:?} in {home}");
    }
    assert!(PhoneError::Quantity.hint().is_some());
    // A dot between digits that are all meant, and zeros at the end that are.
    for (home, typed, e164) in [
        ("US", "415.555.0000", "+14155550000"),
        ("US", "(415) 555.0000", "+14155550000"),
        ("US", "415-555.0000", "+14155550000"),
        ("US", "+1 415 555.0000", "+14155550000"),
        ("FR", "01.42.68.53.00", "+33142685300"),
        ("IN", "98765.43210", "+919876543210"),
        ("IN", "98765 43210.", "+919876543210"),
        ("IN", "98765.432.10", "+919876543210"),
        ("IN", "9.876.543.210", "+919876543210"),
    ] {
        assert_eq!(at_home(typed, home).as_deref(), Ok(e164), "{typed} in {home}");
    }
}

#[test]
fn two_numbers_in_one_field_are_not_read_as_one() {
    // Joined, each is a valid number of Germany.
    for typed in [
        "030 12345/030 12346",
        "030 12345 / 12346",
        "+49 30 12345／12346",
        "030 12345/46",
        "030 12345 - 030 12346",
        "030 12345 030 12346",
    ] {
        assert_eq!(at_home(typed, "DE"), Err(PhoneError::Several), "{typed}");
    }
    assert!(PhoneError::Several.hint().is_some());
    for (home, typed) in [
        ("IN", "9876543210 / 9876543211"),
        ("IN", "9876543210/11"),
        ("IN", "9876543210, 9876543211"),
        ("IN", "9876543210; 9876543211"),
        ("IN", "9876543210 or 9876543211"),
        ("IN", "9876543210 | 9876543211"),
        ("IN", "9876543210\n9876543211"),
        ("IN", "'9876543210"),
        ("IN", "=9876543210"),
        ("IN", "\"9876543210\""),
        ("IN", "9876543210x12"),
        ("IN", "9876543210a"),
        ("IN", "9876543210%"),
    ] {
        assert!(at_home(typed, home).is_err(), "{typed}");
    }
    // The slash behind an area code.
    for (typed, e164) in [
        ("030/123456", "+4930123456"),
        ("0171/1234567", "+491711234567"),
        ("030/123456/", "+4930123456"),
        ("030 12345-0", "+4930123450"),
        ("030 12345 12346", "+49301234512346"),
    ] {
        assert_eq!(at_home(typed, "DE").as_deref(), Ok(e164), "{typed}");
    }
}

#[test]
fn a_number_that_is_kept_is_the_one_that_was_read() {
    for e164 in ["+919876543210", "+12025550100", "+441624555555", "+390612345678", "+80012345678", "+375810123456789"]
    {
        let Some(kept) = Phone::kept(e164) else { panic!("{e164}") };
        assert_eq!((kept.as_str(), format!("{kept:?}")), (e164, kept.masked()));
        if let Ok(read) = Phone::parse(e164, None) {
            assert_eq!(kept, read);
            assert_eq!((kept.country(), kept.kind()), (read.country(), read.kind()), "{e164}");
            assert_eq!((kept.calling_code(), kept.national()), (read.calling_code(), read.national()), "{e164}");
            assert_eq!((kept.masked(), kept.prefix()), (read.masked(), read.prefix()), "{e164}");
        }
    }
    for name in [
        "",
        "+",
        "919876543210",
        "+91",
        "+91 98765",
        "+9198765x43210",
        "+0919876543210",
        "+999876543210",
        "+९१९८७६५४३२१०",
    ] {
        assert_eq!(Phone::kept(name), None, "{name}");
    }
    assert!(Phone::kept(&format!("+91{}", "9".repeat(30))).is_none());
}

#[test]
fn a_number_is_the_same_however_many_were_read_before_it() {
    let numbers =
        ["+919876543210", "+911123456789", "+911800123456", "+12025550100", "+441624555555", "+4915123456789"];
    let seen = || numbers.map(|number| Phone::parse(number, None).map(|phone| (phone.country(), phone.kind())));
    let first = seen();
    // Patterns are read in another way from the seventeenth number of a plan on.
    (0..40).for_each(|_| assert_eq!(seen(), first));
}
