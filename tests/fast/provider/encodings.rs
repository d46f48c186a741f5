//! What each gateway is told of a text that GSM-7 cannot hold: else it arrives as question marks.

use serde_json::{Value, json};

use super::contracts::{catalog, common_phone, common_settings};
use crate::support::provider::{Gateway, Letter, context, json as answer, settings};

/// What the request of a gateway says of a text that needs Unicode; none: it finds out by itself, or has the text.
fn said(kind: &str) -> Option<(&'static str, Value)> {
    match kind {
        "brevo" => Some(("unicodeEnabled", json!(true))),
        "bulksms" => Some(("encoding", json!("UNICODE"))),
        "exotel" => Some(("EncodingType", json!("unicode"))),
        "fast2sms" => Some(("language", json!("unicode"))),
        "gupshup" => Some(("msg_type", json!("Unicode_text"))),
        "kaleyra" => Some(("unicode", json!("1"))),
        "messagebird" => Some(("datacoding", json!("unicode"))),
        "netgsm" => Some(("encoding", json!("TR"))),
        "textlocal" => Some(("unicode", json!("true"))),
        "vonage" => Some(("type", json!("unicode"))),
        "46elks" | "africastalking" | "alibaba" | "alibaba_cn" | "aws_sms" | "aws_sns" | "azure" | "bird"
        | "clickatell" | "clicksend" | "esendex" | "infobip" | "kavenegar" | "msg91" | "msg91_otp"
        | "msg91_whatsapp" | "plivo" | "semaphore" | "sinch" | "smsapi" | "smscru" | "smsru" | "telegram"
        | "telnyx" | "tencent" | "termii" | "twilio" | "twilio_voice" | "twofactor" | "unifonic"
        | "vonage_messages" | "whatsapp" | "yunpian" => None,
        new => panic!("say what {new} is told of a text in Hindi"),
    }
}

/// The path, the query and the body of the request for a text, and its fields by name.
async fn request(kind: &str, own: &Value, text: &str) -> (String, Value) {
    let gateway = Gateway::start(answer(200, "{}")).await;
    let mut own = own.clone();
    own["base_url"] = json!(gateway.base_url);
    let provider = otpctl::provider::open(kind, kind, settings(own), &context()).unwrap();
    let letter = Letter { text: text.to_owned(), phone: common_phone(kind), ..Letter::new() };
    crate::support::provider::send(&*provider, &letter).await;
    let seen = gateway.only();
    // Where there is no body, the text is in the query.
    let (query, body) = if seen.body.is_empty() { ("", &seen.query) } else { (seen.query.as_str(), &seen.body) };
    let fields = serde_json::from_str(body).unwrap_or_else(|_| {
        let url = reqwest::Url::parse(&format!("http://form?{body}")).unwrap();
        url.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect()
    });
    (format!("{}?{query}", seen.path), fields)
}

/// The fields without the text itself.
fn beside(mut fields: Value, text: &str) -> Value {
    fn strip(value: &mut Value, text: &str) {
        match value {
            Value::String(own) if own == text => "(text)".clone_into(own),
            Value::Array(items) => items.iter_mut().for_each(|item| strip(item, text)),
            Value::Object(fields) => fields.values_mut().for_each(|field| strip(field, text)),
            _ => {}
        }
    }
    strip(&mut fields, text);
    fields
}

#[tokio::test]
async fn every_gateway_is_told_of_hindi_and_a_text_in_gsm_letters_stays_one() {
    let plain = "042917 is your Example code.";
    // All of these are letters of GSM-7, some of its extension table.
    let gsm = ["042917: 5 €, [Ünö] {é} ñ Δ~", "042917\nline", "@£$¥èéùìòÇØøÅåΦΓΛΩΠΨΣΘΞÆæßÉ 042917"];
    let unicode = ["042917 आपका कोड है।", "042917 ваш код", "042917 \u{1f600}", "042917 – dash", "042917 ê"];
    for kind in catalog() {
        let mut own = common_settings(kind);
        if kind == "fast2sms" {
            // The routes of templates send no text of ours.
            own["route"] = json!("q");
        }
        if kind == "semaphore" {
            // The route for codes wants `{otp}` where the text has the code.
            own["route"] = json!("messages");
        }
        let (place, fields) = request(kind, &own, plain).await;
        let usual = beside(fields, plain);
        for text in gsm {
            let (its_place, fields) = request(kind, &own, text).await;
            assert_eq!((its_place, beside(fields, text)), (place.clone(), usual.clone()), "{kind}: {text}");
        }
        for text in unicode {
            let (_, fields) = request(kind, &own, text).await;
            let mut expected = usual.clone();
            if let Some((name, value)) = said(kind) {
                expected[name] = value;
            }
            assert_eq!(beside(fields, text), expected, "{kind}: {text}");
        }
    }
}

#[tokio::test]
async fn a_setting_that_would_make_question_marks_of_a_text_does_not() {
    for (kind, setting, plain) in
        [("vonage", "type", "text"), ("exotel", "encoding_type", "plain"), ("messagebird", "datacoding", "plain")]
    {
        let mut own = common_settings(kind);
        own[setting] = json!(plain);
        let (name, value) = said(kind).unwrap();
        assert_eq!(request(kind, &own, "042917").await.1[name], plain, "{kind}");
        assert_eq!(request(kind, &own, "042917 कोड").await.1[name], value, "{kind}");
        own[setting] = json!("unicode");
        // And what is asked for is done.
        assert_eq!(request(kind, &own, "042917").await.1[name], "unicode", "{kind}");
    }
    let mut own = common_settings("vonage_messages");
    own["encoding_type"] = json!("text");
    let encoding = async |text: &str| request("vonage_messages", &own, text).await.1["sms"]["encoding_type"].clone();
    assert_eq!((encoding("042917").await, encoding("042917 कोड").await), (json!("text"), json!("unicode")));
}
