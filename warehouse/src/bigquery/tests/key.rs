//! Key files.

use super::*;

fn faults(file: &Json) -> Vec<String> {
    match ServiceAccount::read(&file.to_string()).unwrap_err() {
        KeyError::Faults(faults) => faults,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_as_google_makes_it_is_read() {
    let account = account();
    assert_eq!(account.email(), "sparrow@shop-4711.iam.gserviceaccount.com");
    assert_eq!(account.key_id(), "abcdef1234567890abcdef1234567890abcdef12");
    assert_eq!(account.project(), "shop-4711");
    assert_eq!(account.token_uri(), "https://oauth2.googleapis.com/token");
    assert_eq!(account.private_key(), der());
}

/// Files that went through a form or a shell have other line ends, or none.
#[test]
fn the_key_may_have_any_line_ends() {
    let text = pem("PRIVATE KEY", &der());
    for text in
        [text.replace('\n', "\r\n"), text.replace('\n', " "), text.replace('\n', ""), text.trim().to_owned()]
    {
        let mut file = key_file();
        file["private_key"] = text.into();
        assert_eq!(ServiceAccount::read(&file.to_string()).unwrap().private_key(), der());
    }
}

#[test]
fn all_faults_are_told_at_once_and_no_value() {
    let secret = "s3cret";
    let file = json!({
        "type": "authorized_user s3cret",
        "private_key_id": "",
        "private_key": "s3cret",
        "client_email": ["s3cret"],
        "token_uri": "http://s3cret.example/token",
    });
    let names = ["type", "client_email", "private_key_id", "private_key", "project_id", "token_uri"];
    let faults = faults(&file);
    let told: Vec<_> = faults.iter().map(|fault| fault.split('`').nth(1).unwrap()).collect();
    assert_eq!(told, names);
    let error = ServiceAccount::read(&file.to_string()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    let no_json = ServiceAccount::read("{\"private_key\": \"s3cret").unwrap_err();
    assert_eq!(no_json, KeyError::NotJson);
    assert_eq!(ServiceAccount::read("[]").unwrap_err(), KeyError::NotJson);
}

#[test]
fn a_key_that_cannot_sign_is_found_out_before_it_is_to() {
    let whole = der();
    let mut elliptic = whole.clone();
    elliptic[15] = 0x3d;
    let cut_off = pem("PRIVATE KEY", &whole[..whole.len() - 1]);
    let garbled = pem("PRIVATE KEY", &whole).replacen("q6", "q-", 1);
    let no_end = pem("PRIVATE KEY", &whole).replace("-----END", "----");
    let keys = [
        (pem("RSA PRIVATE KEY", &whole), "is not in PEM"),
        (no_end, "is not in PEM"),
        (garbled, "is damaged: between"),
        (cut_off, "is damaged: it is shorter"),
        (pem("PRIVATE KEY", &elliptic), "is no RSA key"),
        (pem("PRIVATE KEY", &[]), "is damaged: it is shorter"),
    ];
    for (key, fault) in keys {
        let mut file = key_file();
        file["private_key"] = key.into();
        let faults = faults(&file);
        assert!(faults.len() == 1 && faults[0].starts_with(&format!("`private_key` {fault}")), "{faults:?}");
    }
}

#[test]
fn an_assertion_goes_to_no_plain_address_but_a_loopback_one() {
    let token_uri = |uri: Option<&str>| {
        let mut file = key_file();
        file["private_key"] = pem("PRIVATE KEY", &der()).into();
        file["token_uri"] = uri.into();
        if uri.is_none() {
            file.as_object_mut().unwrap().remove("token_uri");
        }
        ServiceAccount::read(&file.to_string()).map(|account| account.token_uri().to_owned())
    };
    assert_eq!(token_uri(None).unwrap(), "https://oauth2.googleapis.com/token");
    for uri in
        ["https://oauth2.example/token", "http://127.0.0.1:9/@token", "http://localhost/", "http://[::1]:9/"]
    {
        assert_eq!(token_uri(Some(uri)).unwrap(), uri);
    }
    for uri in [
        "http://oauth2.example/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://127.0.0.1:80@oauth2.example/token",
        "http://localhost:@oauth2.example",
        "https://oauth2.googleapis.com@oauth2.example/token",
        "",
        "ftp://a/",
    ] {
        assert!(token_uri(Some(uri)).is_err(), "{uri}");
    }
}

#[test]
fn the_key_is_not_shown() {
    let shown = format!("{:?}", account());
    assert_eq!(shown, "ServiceAccount { email: \"sparrow@shop-4711.iam.gserviceaccount.com\", .. }");
}
