use super::*;
use proptest::prelude::*;

mod naive;

fn left(text: &str, key: Option<&str>) -> String {
    scrub(text, key).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
}

#[test]
fn each_find_becomes_a_marker_of_its_kind() {
    let scrubbed = scrub("ada@example.com paid with 4111 1111 1111 1111, cc bob@example.org", None).unwrap();
    assert_eq!(scrubbed.text, "[email] paid with [card], cc [email]");
    assert_eq!(scrubbed.found, [(Kind::Card, 1), (Kind::Email, 2)]);
    assert_eq!(scrubbed.kinds(), ["card", "email"]);
}

/// Ids of identity providers begin with the provider's name (<https://auth0.com/docs/manage-users/user-accounts>).
#[test]
fn ids_of_users_stay() {
    let ids = [
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "auth0%7C5f7c8ec7c33c6c004bbafe82",
        "google-oauth2|104859385728937465812",
        "windowslive|3f9a1c07be52d84e",
        "samlp|acme-okta|ada",
        "adfs|5f7c8ec7c33c6c004bbafe82",
        "email|5f7c8ec7c33c6c004bbafe82",
        "sms|5f7c8ec7c33c6c004bbafe82",
        "facebook|100001234567890",
        "apple|001972.4a9b6b9b7e1e4d6f8f7d3c2b1a0f9e8d.1432",
        "oauth2|slack|U024BE7LD",
    ];
    for id in ids {
        for text in [id.to_owned(), format!("/users/{id}/edit"), format!("{{\"sub\":\"{id}\"}}")] {
            for key in [None, Some("userId")] {
                assert_eq!(scrub(&text, key), None, "{text}");
            }
        }
    }
    assert_eq!(left("| password | q7VxZ2LmP9rKd4Wt6YbN |", None), "| password | [secret] |");
}

#[test]
fn finds_that_overlap_leave_nothing_of_either() {
    assert_eq!(left("4111111111111111@example.com", None), "[email]");
}

#[test]
fn what_is_cut_is_looked_at_again() {
    let scrubbed = scrub_to("see ada@example.com", None, 8).unwrap();
    assert_eq!((scrubbed.text.as_str(), scrubbed.kinds()), ("see [ema", vec!["email".to_owned()]));
    assert_eq!(scrub_to("short", None, 5), None);
    assert_eq!(scrub_to("longer", None, 4).unwrap(), Scrubbed { text: "long".to_owned(), found: vec![] });
    // 20 digits are no card, their first 16 are.
    let scrubbed = scrub_to("41111111111111112345", None, 16).unwrap();
    assert_eq!((scrubbed.text.as_str(), scrubbed.found), ("[card]", vec![(Kind::Card, 1)]));
}

/// Text dense in what the detectors look for; random Unicode alone hardly ever has an `@`.
fn tricky() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9@%40. -]{0,60}",
        "([a-zé.+]{1,8}(@|%40|%2540|&#64;|&Commat;|\\\\u0040|%u0040)[a-z]{1,8}\\.[a-z]{2,4}[ ,.]{0,2}){0,4}",
        "(4111111111111111|4222222222222|[a-gx]{1,3}|0x|[0-9]{1,4}|[.,@%_+-]|%20|%25|%C3%BC|\u{200b}|\u{ff20}|[a-z]\\.[a-z]{2} ?){0,12}",
        "(4111[ -]?1111[ -]?1111[ -]?1111|[0-9 -]{1,24}|[a-z\\[\\]]{0,4}){0,6}",
        "(\\+?[0-9]{1,5}[ ()/.-]{0,2}|00|tel:|[a-z]{0,3}|%2B|\u{a0}|,){0,12}",
        "(([0-9]{1,3}\\.){1,4}[0-9]{1,3}|[0-9a-f]{1,4}|::?|v|/|[a-z]{0,3} |%3A|%2E){0,10}",
        "([０-９]{1,4}[．. -]?|[٠-٩]{1,4}[. -]?|[𝟎-𝟗]{1,4}|[०-९]{1,4}[. ]?|[Ａ-Ｚ]{1,2}|DE|\u{3164}){0,10}",
        "(DE89370400440532013000|GB82 WEST 1234 5698 7654 32|[A-Z]{2}[0-9]{2}|[A-Z0-9]{4} ?|[a-z -]{0,3}){0,6}",
        "(eyJ[A-Za-z0-9_-]{8,20}|\\.|eyJ|[A-Za-z0-9_-]{0,20}| |%2E){0,8}",
        "((token|password|api[_ -]?key|secret|phone|ssn|is|https://|Bearer)|[=:?&#/ \"'{}@%.,;|-]|[A-Za-z0-9]{1,24}|%3D|%26){0,14}",
    ]
}

const KEYS: [Option<&str>; 6] =
    [None, Some("note"), Some("phone"), Some("password"), Some("ssn"), Some("appVersion")];

fn any_key() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(&KEYS[..])
}

proptest! {
    #[test]
    fn scrubbing_twice_is_scrubbing_once(text in tricky(), key in any_key()) {
        if let Some(once) = scrub(&text, key) {
            prop_assert_eq!(scrub(&once.text, key), None);
        }
    }

    #[test]
    fn what_is_scrubbed_and_cut_stays_as_it_is(text in tricky(), key in any_key(), length in 0..40usize) {
        let once = scrub_to(&text, key, length).map_or(text, |scrubbed| scrubbed.text);
        prop_assert!(once.chars().count() <= length);
        prop_assert_eq!(scrub(&once, key), None);
    }

    #[test]
    fn a_text_that_is_not_looked_at_holds_nothing(text in tricky(), key in any_key()) {
        let signs = Signs::of(&text);
        let holds = |find: &dyn Fn(&mut Vec<Find>)| {
            let mut finds = Vec::new();
            find(&mut finds);
            !finds.is_empty()
        };
        prop_assert!(signs.email() || !holds(&|finds| email::find(&text, finds)));
        prop_assert!(
            signs.digits(phone::MIN_DIGITS) || !holds(&|finds| phone::find(&text, key, finds))
        );
        prop_assert!(signs.digits(ssn::DIGITS) || !holds(&|finds| ssn::find(&text, key, finds)));
        prop_assert!(signs.digits(card::MIN_DIGITS) || !holds(&|finds| card::find(&text, key, finds)));
        prop_assert!(signs.iban() || !holds(&|finds| iban::find(&text, finds)));
        prop_assert!(signs.ip_v4() || !holds(&|finds| ip::find_v4(&text, key, finds)));
        prop_assert!(signs.ip_v6() || !holds(&|finds| ip::find_v6(&text, finds)));
        prop_assert!(signs.jwt() || !holds(&|finds| jwt::find(&text, finds)));
        prop_assert!(signs.token() || !holds(&|finds| token::find_vendors(&text, finds)));
        prop_assert!(signs.random().is_some() || !holds(&|finds| token::find_schemes(&text, finds)));
        prop_assert!(signs.parameters() || !holds(&|finds| url::find_parameters(&text, finds)));
        let spans = |find: &dyn Fn(Range<usize>, &mut Vec<Find>), places: Option<Range<usize>>| {
            let mut finds = vec![];
            places.into_iter().for_each(|places| find(places, &mut finds));
            finds.into_iter().map(|find| find.span).collect::<Vec<_>>()
        };
        let named = |places: Range<usize>, finds: &mut Vec<Find>| secret::find_named(&text, places, finds);
        prop_assert_eq!(spans(&named, signs.random()), spans(&named, Some(0..text.len())));
        let addresses =
            |places: Range<usize>, finds: &mut Vec<Find>| url::find_in_addresses(&text, places, finds);
        prop_assert_eq!(spans(&addresses, signs.addresses(&text)), spans(&addresses, Some(0..text.len())));
        prop_assert!(signs.random_under_key() || !holds(&|finds| secret::find_under_key(&text, finds)));
    }

    #[test]
    fn an_email_never_survives_whatever_stands_around_it(before in tricky(), after in tricky()) {
        let left = left(&format!("{before} ada.lovelace@example.com {after}"), None);
        prop_assert!(!left.contains("lovelace"), "{}", left);
    }

    #[test]
    fn a_card_never_survives_whatever_words_stand_around_it(
        before in "[ -~é]{0,20}[a-z:]",
        after in "[a-z,.][ -~é]{0,20}",
    ) {
        let left = left(&format!("{before} 5500-0055-5555-5559 {after}"), None);
        prop_assert!(!left.contains("5555-5559"), "{}", left);
    }

    #[test]
    fn what_a_naive_reading_removes_is_removed(text in plain_text()) {
        let left = left(&text, None);
        for secret in naive::secrets(&text) {
            prop_assert!(!left.contains(&secret), "{} is left of {}: {}", secret, text, left);
        }
    }

    #[test]
    fn any_text_under_any_key_is_scrubbed_without_a_panic(text in any::<String>(), key in any::<String>()) {
        let once = left(&text, Some(&key));
        prop_assert_eq!(scrub(&once, Some(&key)), None);
    }
}

/// Words and values of every kind with blanks between, as the naive reading takes them.
fn plain_text() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        // `v` and `version` would make an address a version.
        "x[a-z]{0,8}",
        "[a-z.]{1,8}@[a-z]{2,8}\\.[a-z]{2,3}",
        "4[0-9]{15}",
        "5[1-5][0-9]{14}",
        "3[47][0-9]{13}",
        "DE[0-9]{20}",
        "NO[0-9]{13}",
        "([0-9]{1,3}\\.){3}[0-9]{1,3}",
        "eyJ[a-zA-Z0-9]{12,20}\\.eyJ[a-zA-Z0-9]{12,20}\\.[a-zA-Z0-9_-]{20,30}",
        prop::sample::select(&naive::VALID[..]).prop_map(str::to_owned),
    ];
    prop::collection::vec(value, 1..8).prop_map(|values| values.join(" "))
}

/// Work that grows with the square of the length would not end here in any useful time.
#[test]
fn a_mebibyte_of_the_worst_is_scrubbed() {
    let units = [
        "%40",
        "@",
        "a@",
        "4111 ",
        "a%40",
        "4 ",
        "%25",
        "a\u{200b}",
        "ada@example.com",
        "4111111111111111.",
        "0193a5a4-",
        "+49 ",
        "(0) ",
        "00 ",
        "030-",
        "1.1.",
        "1.1.1.",
        "a:",
        "::",
        "2001:",
        "ab12",
        "DE89",
        "DE89 3704 ",
        "eyJhbGciOiJI.",
        "eyJ",
        "://",
        "://a@",
        "a=",
        "&token=",
        ";a=",
        "token ",
        "token:",
        "password is is ",
        "Bearer ",
        "bearerbearer",
        "value=",
        "\"",
        "/reset",
        "hooks.slack.com/services/",
        "&commat;",
        "手机",
        "𝟒",
        "Ab1",
        "gh\u{70}_",
        "¼=",
    ];
    for unit in units {
        for key in [None, Some("password"), Some("phone")] {
            let text = unit.repeat((1 << 12) / unit.len());
            let once = left(&text, key);
            assert_eq!(scrub(&once, key), None, "{unit}");
        }
    }
    // A build that is not optimised takes thirty times as long.
    let length = if cfg!(debug_assertions) { 1 << 16 } else { 1 << 20 };
    let all: String = units.iter().map(|unit| unit.repeat(length / units.len() / unit.len())).collect();
    scrub(&all, None);
}
