//! Templates that are taken, and those that are refused before the first message.

use super::super::{parse_origin_bound, segments};
use super::{MessageTemplate, TemplateError, Vars};

const VARS: Vars<'_> = Vars { code: "004217", app: "Acme", ttl_minutes: 5, purpose: "login", lang: None };

fn rendered(source: &str, host: Option<&str>) -> String {
    let template = MessageTemplate::new(source, host).expect("the template is good");
    String::clone(&template.render(&VARS).expect("and makes a message"))
}

fn refused(source: &str) -> TemplateError {
    MessageTemplate::new(source, None).expect_err("the template is bad")
}

#[test]
fn variables_are_filled_in_and_nothing_is_escaped() {
    let source = "{{ code }} is your {{ app }} code for {{ purpose }}, valid {{ ttl_minutes }} min <&>'\"\n \n";
    assert_eq!(rendered(source, None), "004217 is your Acme code for login, valid 5 min <&>'\"");
    let source = "{% if lang == 'de' %}Ihr Code: {{ code }}{% else %}Your code: {{ code }}{% endif %}";
    let template = MessageTemplate::new(source, None).unwrap();
    assert_eq!(*template.render(&VARS).unwrap(), "Your code: 004217");
    assert_eq!(*template.render(&Vars { lang: Some("de"), ..VARS }).unwrap(), "Ihr Code: 004217");
    assert_eq!(rendered("{{ app | upper }} {{ code }}{% set x = 1 %}{{ ' ' ~ x }}", None), "ACME 004217 1");
}

/// T28: every template parses under the WICG algorithm to (host, code), and the message has no trailing newline.
#[test]
fn with_a_host_the_last_line_binds_the_code_to_it() {
    for source in
        ["{{ code }}", "Your code: {{ code }}", "{{ code }}\n\n", "A\nB {{ code }}.\r\n \t", "@x #1 {{ code }}"]
    {
        let text = rendered(source, Some("Login.Example.com"));
        assert_eq!(parse_origin_bound(&text), Some(("login.example.com".to_owned(), "004217".to_owned())), "{text:?}");
        assert!(text.ends_with("\n\n@login.example.com #004217"), "{text:?}");
        assert_eq!(text.matches("004217").count(), 2, "{text:?}");
    }
    assert_eq!(segments(&rendered("Your code: {{ code }}", Some("example.com"))).segments, 1);
}

#[test]
fn a_host_is_a_dns_name() {
    for host in ["", "https://example.com", "example.com:8443", "example.com/", "10.0.0.1", "exämple.com"] {
        assert_eq!(MessageTemplate::new("{{ code }}", Some(host)).err(), Some(TemplateError::Host), "{host:?}");
    }
}

#[test]
fn the_code_stands_there_once_and_unchanged() {
    assert_eq!(refused("Hello"), TemplateError::Code(0));
    assert_eq!(refused(""), TemplateError::Code(0));
    assert_eq!(refused("{{ code }} {{ code }}"), TemplateError::Code(2));
    assert_eq!(refused("{{ code | lower }}"), TemplateError::Code(0));
    assert_eq!(refused("{{ code | upper }}"), TemplateError::Code(0));
    assert_eq!(refused("{{ code[:3] }}-{{ code[3:] }}"), TemplateError::Code(0));
    assert_eq!(refused("1{{ code }}"), TemplateError::Glued);
    assert_eq!(refused("{{ code }}{{ ttl_minutes }}"), TemplateError::Glued);
    let late = MessageTemplate::new("{% if lang %}Hallo{% else %}{{ code }}{% endif %}", None).unwrap();
    assert_eq!(late.render(&Vars { lang: Some("de"), ..VARS }), Err(TemplateError::Code(0)));
    // A code that is in the text by chance does not make it two.
    assert_eq!(rendered("004217 {{ code }}", None), "004217 004217");
}

#[test]
fn names_are_known_or_the_nearest_is_suggested() {
    let said = |source| refused(source).to_string();
    assert_eq!(
        said("{{ code }} {{ ttl_minute }}"),
        "the template uses `ttl_minute`, which is not one of code, app, ttl_minutes, purpose, lang; \
         did you mean `ttl_minutes`?"
    );
    assert!(said("{{ cod }}").ends_with("did you mean `code`?"));
    assert!(said("{{ code }} {{ zzz }}").ends_with("purpose, lang"));
    assert!(said("{% for x in range(3) %}{{ y }}{% endfor %}{{ code }}").contains("`y`"));
}

#[test]
fn what_does_not_parse_says_where() {
    let error = refused("Hello\n{{ code ");
    assert!(matches!(error, TemplateError::Syntax { line: Some(2), .. }), "{error}");
    let error = refused("{{ code }}{{ app.x.y }}");
    assert!(matches!(error, TemplateError::Render { .. }), "{error}");
    let error = refused("{{ code }}{{ app | nosuch }}");
    assert!(error.to_string().contains("nosuch"), "{error}");
}

#[test]
fn control_characters_reach_no_phone() {
    assert_eq!(refused("a\r\n{{ code }}"), TemplateError::Control('\r'));
    assert_eq!(refused("\t{{ code }}"), TemplateError::Control('\t'));
    assert_eq!(refused("{{ code }}\u{9B}x"), TemplateError::Control('\u{9B}'));
    let template = MessageTemplate::new("{{ app }}: {{ code }}", None).unwrap();
    assert_eq!(template.render(&Vars { app: "A\u{1B}[2J", ..VARS }), Err(TemplateError::Control('\u{1B}')));
    assert_eq!(
        refused("\u{7}{{ code }}").to_string(),
        "the message would have the control character U+0007; only line feeds are allowed"
    );
}

#[test]
fn no_error_and_no_debug_output_holds_the_code() {
    let template =
        MessageTemplate::new("{% if lang %}{{ code }}{{ app.x.y }}{% else %}{{ code }}{% endif %}", None).unwrap();
    let error = template.render(&Vars { lang: Some("de"), ..VARS }).expect_err("app has no x");
    assert!(!format!("{error} {error:?} {template:?}").contains("004217"));
}
