//! What is signed, with keys as OpenSSL writes them.

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::{Value, json};

use super::*;

/// `openssl genpkey -algorithm ed25519`
const ED25519_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIL9YHTCB4IexMyFcN/2u4ZbqxeUqwGp9CPzms0JlnYrv
-----END PRIVATE KEY-----
";

/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`
const P256_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmZljeN5I0yNXsq6c
AN0p3bTsG0ysq8+Q6ITVOAbc7f6hRANCAAR4MB7MXoqE6dlTup6a26V0lwKLmirP
jabOYk4kbIt21oEhqcNbOshRPIKgpUDdPuHNeQCS2ENJYW+mDChUIyma
-----END PRIVATE KEY-----
";

/// `openssl ecparam -name prime256v1 -genkey -noout`
const SEC1_PEM: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJJlos7GWcwT9uWfHQ63spAjsIPxw1NvdLFRv3OmTWBJoAoGCCqGSM49
AwEHoUQDQgAEkeCWYXoz5AQPwnVK/IN9TOPxZOLpEXF8pHn5uGoCLRaSo4Xic6Ms
J0Ihu80zPDrCnhrdaH1oUiW8zKRhfSWVGg==
-----END EC PRIVATE KEY-----
";

/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384`
const P384_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD4MYhcmYhM74WDH94q
WoMpS4zHer+16pcQr9ioTabT6n50cXdV3Q8sidASqAJWXXqhZANiAAT45wz+tGe1
WYEmEHxW4HDGj4dQLbP0wscsWm2flt4AkGO0ljqi/+gSFH+AIkLLt2BxZ9kpJsbO
HASVNz7fDhl22gGKR93MQ6rU4G+cYQmNOSEzipKkCdIV4KVxQ/hn0xY=
-----END PRIVATE KEY-----
";

fn signer(pem: &str, kid: Option<&str>) -> Result<Signer, KeyError> {
    Signer::new(&Secret::new(pem.to_owned()), kid, "https://otp.example.com")
}

fn at(millis: i64) -> Moment {
    Moment::from_millis(millis)
}

fn subject(user: &UserId) -> Subject<'_> {
    Subject {
        user,
        phone: Some("+919876543210"),
        channel: Some("sms"),
        challenge_id: "ch_1",
        attempt_id: "at_1",
        at: at(1_000_500),
    }
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

fn token(signer: &Signer, subject: &Subject<'_>, audience: &str, now: Moment) -> Option<String> {
    signer.assertion(subject, audience, now).unwrap().map(|assertion| assertion.token)
}

#[test]
fn the_claims_are_those_of_the_acceptance_and_the_public_key_checks_them() {
    let user = UserId::new("asha@example.com").unwrap();
    let p256: (&str, &dyn VerificationAlgorithm) = (P256_PEM, &ECDSA_P256_SHA256_FIXED);
    for (pem, algorithm) in [(ED25519_PEM, &ED25519 as &dyn VerificationAlgorithm), p256] {
        let signer = signer(pem, None).unwrap();
        let jwt = token(&signer, &subject(&user), "erp.example.com", at(1_000_900)).unwrap();
        let claims = part(&jwt, 1);
        let jti = claims["jti"].as_str().unwrap().to_owned();
        assert!(jti.starts_with("as_") && jti.len() == 29, "{jti}");
        assert_eq!(
            claims,
            json!({ "iss": "https://otp.example.com", "sub": "asha@example.com", "aud": "erp.example.com", "iat": 1000,
                "exp": 1060, "jti": jti, "amr": ["otp", "sms"], "phone_number": "+919876543210" })
        );

        let set = serde_json::to_value(signer.public_keys()).unwrap();
        let public = set["keys"][0].clone();
        let header = part(&jwt, 0);
        assert_eq!(header, json!({ "typ": "JWT", "alg": public["alg"], "kid": public["kid"] }));
        assert_eq!(public["use"], "sig");
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
        assert!(public.get("d").is_none() && !set.to_string().contains("PRIVATE"), "only the public half: {set}");

        let decoded = |name: &str| BASE64URL_NOPAD.decode(public[name].as_str().unwrap().as_bytes()).unwrap();
        let point = if public["kty"] == "OKP" {
            assert_eq!((&public["crv"], &public["alg"]), (&json!("Ed25519"), &json!("EdDSA")));
            decoded("x")
        } else {
            assert_eq!(
                (&public["kty"], &public["crv"], &public["alg"]),
                (&json!("EC"), &json!("P-256"), &json!("ES256"))
            );
            [vec![4], decoded("x"), decoded("y")].concat()
        };
        let (message, signature) = jwt.rsplit_once('.').unwrap();
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        let key = UnparsedPublicKey::new(algorithm, point);
        key.verify(message.as_bytes(), &signature).unwrap();
        key.verify(format!("{message}x").as_bytes(), &signature).unwrap_err();
    }
}

#[test]
fn the_same_acceptance_has_the_same_id_and_every_other_one_has_another() {
    let user = UserId::new("asha").unwrap();
    let signer = signer(ED25519_PEM, Some("2026b")).unwrap();
    assert_eq!(signer.kid(), "2026b");
    let own = subject(&user);
    let first = token(&signer, &own, "erp", at(1_000_500));
    assert_eq!(token(&signer, &own, "erp", at(1_059_999)), first, "whenever it is asked for");
    assert_eq!(token(&signer, &own, "erp", at(1_060_000)), None, "until it would have ended");
    let id = |subject: &Subject<'_>, audience: &str| {
        part(&token(&signer, subject, audience, at(1_001_000)).unwrap(), 1)["jti"].clone()
    };
    let ids = [
        id(&own, "erp"),
        id(&own, "crm"),
        id(&Subject { challenge_id: "ch_2", ..own }, "erp"),
        id(&Subject { attempt_id: "at_2", ..own }, "erp"),
        id(&Subject { challenge_id: "ch_1a", attempt_id: "t_1", ..own }, "erp"),
    ];
    for (at, one) in ids.iter().enumerate() {
        assert!(ids.iter().skip(at + 1).all(|other| other != one), "{ids:?}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let user = UserId::new("asha").unwrap();
    let signer = signer(ED25519_PEM, None).unwrap();
    let claims = |subject| part(&token(&signer, &subject, "erp", at(1_001_000)).unwrap(), 1);
    let read_out = claims(Subject { phone: None, channel: None, ..subject(&user) });
    assert_eq!((&read_out["amr"], read_out.get("phone_number")), (&json!(["otp"]), None));
    // RFC 8176 has a word for a call, and none for the others.
    for (channel, method) in [("voice", "tel"), ("whatsapp", "whatsapp")] {
        assert_eq!(claims(Subject { channel: Some(channel), ..subject(&user) })["amr"], json!(["otp", method]));
    }
}

#[test]
fn the_name_of_a_key_is_its_thumbprint() {
    // RFC 8037, appendix A.3.
    let pem = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
    let signer = signer(pem, None).unwrap();
    assert_eq!(signer.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let set = serde_json::to_value(signer.public_keys()).unwrap();
    assert_eq!(set["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

#[test]
fn a_key_that_cannot_sign_is_told_by_its_kind_and_never_shown() {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
    let broken = ED25519_PEM.replace("MC4CAQ", "MC4CAR");
    for (pem, expected) in [
        (SEC1_PEM, KeyError::Sec1),
        (P384_PEM, KeyError::Kind),
        (encrypted, KeyError::Encrypted),
        (public, KeyError::NotPrivate),
        ("a secret of both sides", KeyError::NotPrivate),
        ("", KeyError::NotPrivate),
        (&broken, KeyError::Kind),
    ] {
        let error = signer(pem, None).unwrap_err();
        assert_eq!(error, expected, "{pem}");
        assert!(error.fix().starts_with("openssl "), "{error}");
        let longest = pem.lines().max_by_key(|line| line.len()).unwrap_or("nothing");
        assert!(!format!("{error} {error:?}").contains(longest));
    }
    let debug = format!("{:?}", signer(ED25519_PEM, None).unwrap());
    assert!(!debug.contains("L9YHTCB4") && debug.starts_with("Signer("), "{debug}");
}
