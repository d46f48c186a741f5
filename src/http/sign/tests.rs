//! Signatures of the catalog, held to the examples that their vendors publish. Those of AWS are in
//! `tests/fast/provider/signatures.rs`: they are many, and go over a socket.

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};

use super::super::auth::Auth;
use super::super::scope::Scope;
use crate::toml_tree::Document;

/// One request as its vendor signs it.
struct Example<'e> {
    /// The definition, and what is replaced in it: an example may be of another service of the vendor.
    definition: &'e str,
    replaced: (&'e str, &'e str),
    settings: &'e [(&'e str, &'e str)],
    time: &'e str,
    nonce: &'e str,
    method: Method,
    url: &'e str,
    headers: &'e [(&'e str, &'e str)],
    body: &'e str,
}

impl Example<'_> {
    /// The header `Authorization` that comes of it.
    fn authorization(&self) -> String {
        let (from, to) = self.replaced;
        let text = self.definition.replace(from, to);
        let document = Document::parse(None, &text).unwrap();
        let table = document.root().require("auth").unwrap().table().unwrap();
        let time: jiff::Timestamp = self.time.parse().unwrap();
        let mut scope = Scope::from([
            ("now".to_owned(), time.as_second().into()),
            ("now_iso".to_owned(), self.time.into()),
            ("nonce".to_owned(), self.nonce.into()),
        ]);
        let settings = document.root().table("settings").unwrap().unwrap();
        let names: Vec<&str> =
            settings.nodes().map(|node| node.name).chain(["now", "now_iso", "nonce", "uuid"]).collect();
        scope.extend(self.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        let mut request = Request::new(self.method.clone(), Url::parse(self.url).unwrap());
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.to_owned().into());
        }
        Auth::read(&table, &names).unwrap().sign.unwrap().sign(&mut request, scope).unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    }
}

#[test]
fn azure_is_signed_as_its_sdk_is_tested() {
    // github.com/Azure/azure-sdk-for-python, sdk/communication/azure-communication-identity/tests/test_hmac.py
    for (path, signature) in [
        ("/", "88MDmJhUR3m5QhFxb8ztShsSwlGrg7g/6XPnWf7QEO4="),
        ("/testPath", "RoCrHjw7fb9fpHSbqvRUY2xa8RBS0YvI1cxI1x8AS38="),
        ("/testPath?testQuery=yes", "il99+rd6V5O136roX/zVePCNle78HmvC4B7tu9zRH3I="),
    ] {
        let authorization = Example {
            definition: include_str!("../../provider/catalog/azure.toml"),
            replaced: ("", ""),
            settings: &[("access_key", "pw==")],
            time: "2022-04-13T18:09:12Z",
            nonce: "",
            method: Method::GET,
            url: &format!("https://contoso.communicationservices.azure.com{path}"),
            headers: &[],
            body: "",
        }
        .authorization();
        let expected = format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
        assert_eq!(authorization, expected, "{path}");
    }
}

#[test]
fn tencent_is_signed_as_its_page_shows() {
    // https://cloud.tencent.com/document/api/213/30654 : the secret key of the example is 32 asterisks.
    let stars = "*".repeat(32);
    let authorization = Example {
        definition: include_str!("../../provider/catalog/tencent.toml"),
        replaced: ("sms", "cvm"),
        settings: &[("secret_id", &format!("AKID{stars}")), ("secret_key", &stars), ("region", "ap-guangzhou")],
        time: "2019-02-25T16:44:25Z",
        nonce: "",
        method: Method::POST,
        url: "https://cvm.tencentcloudapi.com/",
        headers: &[("Content-Type", "application/json; charset=utf-8"), ("X-TC-Action", "DescribeInstances")],
        body: r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#,
    }
    .authorization();
    assert_eq!(
        authorization,
        format!(
            "TC3-HMAC-SHA256 Credential=AKID{stars}/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host;x-tc-action, \
             Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        )
    );
}

#[test]
fn alibaba_is_signed_as_its_page_shows() {
    // https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
    let authorization = Example {
        definition: include_str!("../../provider/catalog/alibaba.toml"),
        replaced: ("", ""),
        settings: &[("access_key_id", "YourAccessKeyId"), ("access_key_secret", "YourAccessKeySecret")],
        time: "2023-10-26T10:22:32Z",
        nonce: "3156853299f313e23d1673dc12e1703d",
        method: Method::POST,
        // In the order of the page, which is not the one that is signed.
        url: "https://ecs.cn-shanghai.aliyuncs.com/?RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        headers: &[("x-acs-action", "RunInstances"), ("x-acs-version", "2014-05-26")],
        body: "",
    }
    .authorization();
    assert_eq!(
        authorization,
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,\
         SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
         Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    );
}
