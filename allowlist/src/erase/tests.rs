use super::*;
use event::Millis;
use event::context::Encoding;
use proptest::prelude::*;
use serde_json::Value;

const ID: &str = "u-4711";

fn person() -> Person {
    Person { users: [ID.to_owned(), "7".to_owned()].into(), devices: ["d-1".to_owned()].into() }
}

fn payload(body: &[u8], context: Context) -> Payload {
    Payload::new("p".into(), Millis(0), body.to_vec(), context)
}

fn plain(body: &str) -> Payload {
    payload(body.as_bytes(), Context::default())
}

fn some(payload: &Payload) -> Erased {
    match erase(payload, &person()) {
        Found::Some(erased) => *erased,
        other => panic!("{other:?}: {}", payload.data),
    }
}

fn gzip(body: &str) -> Payload {
    let context = Context { content_encoding: Some("gzip".into()), ..Context::default() };
    payload(&compressed(body.as_bytes()).unwrap(), context)
}

#[test]
fn an_event_is_a_persons_by_its_own_ids_as_text_or_whole_number() {
    for mine in [
        r#"{"userId":"u-4711"}"#,
        " {\"event\":\"e\",\"userId\" : \"u\\u002d4711\"}\n",
        r#"{"us\u0065rId":"u-4711"}"#,
        r#"{"userId":7,"deviceId":"other"}"#,
        r#"{"userId":"other","deviceId":"d-1","x":1e999}"#,
        r#"{"userId":"other","userId":"u-4711"}"#,
        r#"{"userId":"u-4711","batch":1}"#,
        r#"{"userId":"u-4711","event":"cut \ud83d"}"#,
    ] {
        let erased = some(&plain(mine));
        assert!(erased.is_all, "{mine}");
        assert_eq!((erased.events, erased.rest.data.as_str()), (vec![(0, None)], ERASED), "{mine}");
    }
    for others in [
        r#"{"userId":"U-4711"}"#,
        r#"{"userId":7.0}"#,
        r#"{"userId":"d-1","deviceId":"u-4711"}"#,
        r#"{"userId":["u-4711"],"properties":{"userId":"u-4711"}}"#,
        r#"{"batch":[{"properties":{"deviceId":"d-1"}},1,null]}"#,
        ERASED,
    ] {
        assert!(matches!(erase(&plain(others), &person()), Found::Nothing), "{others}");
    }
    for unreadable in ["", "[]", "u-4711", "{", r#"{"userId":"u-4711"} x"#] {
        assert!(matches!(erase(&plain(unreadable), &person()), Found::Unreadable), "{unreadable}");
    }
}

#[test]
fn what_is_kept_of_a_batch_is_all_but_the_persons() {
    let body = "{\"writeKey\":\"w\", \"batch\" : [ {\"event\":\"a\",\"userId\":7,\"eventId\":\"own\"},\n {\"event\":\"b\"},1 ] ,\"userId\":\"u-4711\"}";
    let erased = some(&plain(body));
    assert_eq!(erased.events, [(0, Some("own".to_owned()))]);
    let rest = "{\"writeKey\":\"w\", \"batch\" : [ {\"event\":\"(erased)\"},\n {\"event\":\"b\"},1 ] ,\"userId\":\"(erased)\"}";
    assert_eq!((erased.rest.data.as_str(), erased.is_all), (rest, false));
}

#[test]
fn of_a_payload_that_is_all_the_persons_places_are_left_and_nothing_of_its_sender() {
    let context = Context {
        ip: Some("203.0.113.0".into()),
        k: Some("k".into()),
        shard: Some(3),
        erased: Some(1),
        ..Context::default()
    };
    let body = format!(r#"{{"batch":[{ERASED},{{"deviceId":"d-1"}}],"extra":"203.0.113.0"}}"#);
    let erased = some(&payload(body.as_bytes(), context));
    assert!(erased.is_all, "what was erased before is nobody's");
    assert_eq!(erased.events, [(1, None)]);
    assert_eq!(erased.rest.data, format!(r#"{{"batch":[{ERASED},{ERASED}]}}"#));
    let left = Context { shard: Some(3), erased: Some(2), ..Context::default() };
    assert_eq!(erased.rest.context, left);
}

#[test]
fn of_a_shared_batch_the_senders_context_stays_but_for_the_hash_of_a_device() {
    let context = Context { ip: Some("203.0.113.0".into()), k: Some("k".into()), ..Context::default() };
    let erased = some(&payload(br#"{"batch":[{"userId":"u-4711"},{}]}"#, context.clone()));
    assert_eq!(erased.rest.context, Context { k: None, erased: Some(1), ..context });
}

#[test]
fn encoded_bodies_are_opened_and_plain_afterwards() {
    let erased = some(&gzip(r#"{"batch":[{"userId":"u-4711"},{"event":"b"}]}"#));
    assert_eq!(erased.rest.data, format!(r#"{{"batch":[{ERASED},{{"event":"b"}}]}}"#));
    assert_eq!(erased.rest.context, Context { erased: Some(1), ..Context::default() });
    let broken = Context { content_encoding: Some("gzip".into()), ..Context::default() };
    assert!(matches!(erase(&payload(b"u-4711", broken), &person()), Found::Unreadable));
}

#[test]
fn a_body_too_large_for_a_row_stays_compressed() {
    let filler = "x".repeat(MAX_PLAIN_BYTES);
    let erased = some(&gzip(&format!(r#"{{"batch":[{{"userId":"u-4711"}},{{"event":"{filler}"}}]}}"#)));
    assert_eq!(erased.rest.context.encoding, Some(Encoding::Base64));
    assert!(erased.rest.data.len() < MAX_PLAIN_BYTES);
    assert!(matches!(erase(&erased.rest, &person()), Found::Nothing));
    assert_eq!(
        opened(&erased.rest).unwrap(),
        format!(r#"{{"batch":[{ERASED},{{"event":"{filler}"}}]}}"#).as_bytes()
    );
}

#[test]
fn a_small_body_of_many_events_does_not_become_a_large_one() {
    let body = format!(r#"{{"batch":[{}]}}"#, vec![r#"{"userId":7}"#; 200_000].join(","));
    let sent = gzip(&body);
    let erased = some(&sent);
    assert!(sent.data.len() < 100_000 && erased.is_all);
    let rest: Value = serde_json::from_str(&erased.rest.data).unwrap();
    assert_eq!(
        rest["batch"].as_array().unwrap().len(),
        MAX_EVENTS + 1,
        "those that are opened, and the others"
    );
    assert_eq!(erased.rest.context.erased, Some(200_000));
}

#[test]
fn an_events_own_id_is_the_one_that_trace_takes() {
    for (ids, own) in [
        (r#""eventId":null,"eventId":"own""#, Some("own")),
        (r#""eventId":"own","eventId":"other""#, Some("own")),
        (r#""eventId":"not well formed","eventId":"other""#, None),
        (r#""eventId":null"#, None),
    ] {
        let erased = some(&plain(&format!(r#"{{"userId":"u-4711",{ids}}}"#)));
        assert_eq!(erased.events, [(0, own.map(str::to_owned))], "{ids}");
    }
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let mut body = br#"{"batch":[{"userId":"u-4711"},{"x":"?"#.to_vec();
    *body.last_mut().unwrap() = 0xff;
    body.extend_from_slice(br#""}]}"#);
    let erased = some(&payload(&body, Context::default()));
    let rest = erased.rest.body().unwrap().into_owned();
    assert!(
        rest.ends_with(b",{\"x\":\"\xff\"}]}") && rest.starts_with(b"{\"batch\":[{\"event\":\"(erased)\"}")
    );
}

#[test]
fn who_is_named_by_somebody_else_is_found_and_left() {
    let named = plain(r#"{"event":"invite","properties":{"by":"u-4711"}}"#);
    assert!(matches!(erase(&named, &person()), Found::Nothing));
    assert!(mentions(&named, &person()) && mentions(&gzip(&named.data), &person()));
    let referred = Context { referer: Some("https://shop.example/?u=u-4711".into()), ..Context::default() };
    assert!(mentions(&payload(b"{}", referred), &person()));
    assert!(!mentions(&plain("{}"), &person()));
}

/// An event as text, and whether it is the person's.
fn item() -> impl Strategy<Value = (String, bool)> {
    let space = prop::sample::select(vec!["", " ", "\n\t"]);
    let mine = prop::sample::select(vec![
        r#""userId":"u-4711""#,
        r#""userId":"\u0075-4711""#,
        r#""deviceId":"d-1","userId":"somebody""#,
        r#""d\u0065viceId":"d-1""#,
        r#""userId":7"#,
    ]);
    let others = prop::sample::select(vec![
        r#""userId":"u-471""#,
        r#""userId":70"#,
        r#""deviceId":"u 4711""#,
        r#""event":"a \"}],[{ \ud83d""#,
        r#""x":[1e999,-0.0,{"y":null}]"#,
    ]);
    let rest = prop::sample::select(vec![r#""p":{"q":[{}]}"#, r#""eventId":"own-1""#, r#""é":"\\""#]);
    let object =
        (any::<bool>(), mine, others, rest, space).prop_map(|(is_mine, mine, others, rest, space)| {
            let own = if is_mine { mine } else { others };
            (format!("{{{space}{rest}{space},{own}{space}}}"), is_mine)
        });
    let nothing = prop::sample::select(vec!["1", "null", "[]", r#""u-4712""#, "{}"]);
    prop_oneof![6 => object, 1 => nothing.prop_map(|text| (text.to_owned(), false))]
}

proptest! {
    #[test]
    fn nothing_of_the_person_stays_and_all_else_keeps_its_bytes_and_its_place(
        items in prop::collection::vec(item(), 1..12),
        is_gzip: bool,
        space in prop::sample::select(vec!["", " ", "\r\n"]),
    ) {
        let texts: Vec<&str> = items.iter().map(|(text, _)| text.as_str()).collect();
        let body = format!(r#"{space}{{"batch":{space}[{}]{space}}}"#, texts.join(&format!("{space},")));
        let sent = if is_gzip { gzip(&body) } else { plain(&body) };
        let mine: Vec<u32> = (0..).zip(&items).filter(|(_, (_, is_mine))| *is_mine).map(|(idx, _)| idx).collect();
        match erase(&sent, &person()) {
            Found::Nothing => prop_assert!(mine.is_empty(), "{}", body),
            Found::Unreadable => prop_assert!(false, "{}", body),
            Found::Some(erased) => {
                let places: Vec<u32> = erased.events.iter().map(|(idx, _)| *idx).collect();
                prop_assert_eq!(&places, &mine);
                prop_assert_eq!(erased.is_all, mine.len() == items.len());
                let kept = items.iter().map(|(text, is_mine)| if *is_mine { ERASED } else { text });
                let kept = kept.collect::<Vec<_>>().join(&format!("{space},"));
                if !erased.is_all {
                    prop_assert_eq!(&erased.rest.data, &format!(r#"{space}{{"batch":{space}[{kept}]{space}}}"#));
                }
                prop_assert_eq!(erased.rest.context.erased, Some(mine.len() as u32));
                prop_assert!(matches!(erase(&erased.rest, &person()), Found::Nothing), "a second time");
                let rest = &erased.rest.data;
                prop_assert!(!rest.contains(ID) && !rest.contains(r"\u0075-4711") && !rest.contains("d-1"));
            }
        }
    }

    #[test]
    fn no_body_makes_it_panic(body: Vec<u8>, text in "[{}\\[\\]\",:a-z0-9\\\\ud]{0,60}") {
        for body in [body, text.into_bytes()] {
            let sent = payload(&body, Context::default());
            if let (Found::Some(_), Ok(value)) = (erase(&sent, &person()), serde_json::from_slice::<Value>(&body)) {
                prop_assert!(value.is_object());
            }
        }
    }
}
