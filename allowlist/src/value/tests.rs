use super::*;
use crate::policy::Pattern;
use event::Change;
use serde_json::{Value, json};

fn raw(value: &Value) -> Raw {
    let body = json!({ "properties": { "a": value } });
    let body = crate::parse::parse(body.to_string().as_bytes()).unwrap();
    let Raw::Object(mut members, _) = body.event.properties else { panic!("an object") };
    members.remove("a").unwrap()
}

fn rule(kind: Kind) -> ValueRule {
    ValueRule { kind, treatment: Treatment::Scrub }
}

fn built(rule: &ValueRule, value: &Value) -> (Option<PropertyValue>, Vec<Change>) {
    let mut changes = Changes::default();
    let key = HashKey::new(&"k".repeat(32)).unwrap();
    let mut builder = Builder { key: Some(&key), changes: &mut changes };
    let value = builder.value(rule, raw(value), Place::Top("a"));
    (value, changes.into_told())
}

fn checked(kind: Kind, value: &Value) -> Result<PropertyValue, Rule> {
    let (value, mut changes) = built(&rule(kind), value);
    value.ok_or_else(|| changes.remove(0).rule)
}

fn text(text: &str) -> Result<PropertyValue, Rule> {
    Ok(PropertyValue::Text(text.to_owned()))
}

const INTEGER: Kind = Kind::Integer { min: None, max: None };
const NUMBER: Kind = Kind::Number { min: None, max: None };

#[test]
fn numbers_are_taken_as_real_clients_send_them() {
    let integer = |value| checked(INTEGER, &value);
    assert_eq!(integer(json!(1.0)), Ok(PropertyValue::Integer(1)));
    assert_eq!(integer(json!(-0.0)), Ok(PropertyValue::Integer(0)));
    assert_eq!(integer(json!(9_007_199_254_740_991_i64)), Ok(PropertyValue::Integer(9_007_199_254_740_991)));
    for value in [json!(9_007_199_254_740_992_i64), json!(1.5), json!(1e300), json!("1"), json!(null)] {
        assert_eq!(integer(value.clone()), Err(Rule::WrongType), "{value}");
    }
    assert_eq!(checked(NUMBER, &json!(2.75)), Ok(PropertyValue::Number(2.75)));
    assert_eq!(checked(NUMBER, &json!(2)), Ok(PropertyValue::Integer(2)));
    assert_eq!(checked(NUMBER, &json!(1e300)), Ok(PropertyValue::Number(1e300)));
    assert_eq!(checked(NUMBER, &json!("2")), Err(Rule::WrongType));
    assert_eq!(checked(Kind::Boolean, &json!(0)), Err(Rule::WrongType));
}

#[test]
fn a_range_includes_its_ends() {
    let integer = |value| checked(Kind::Integer { min: Some(-1), max: Some(3) }, &value);
    let number = |value| checked(Kind::Number { min: Some(0.5), max: Some(1.5) }, &value);
    assert_eq!(integer(json!(-1)), Ok(PropertyValue::Integer(-1)));
    assert_eq!(integer(json!(3.0)), Ok(PropertyValue::Integer(3)));
    assert_eq!(number(json!(0.5)), Ok(PropertyValue::Number(0.5)));
    assert_eq!(number(json!(1)), Ok(PropertyValue::Integer(1)));
    for value in [json!(-2), json!(4)] {
        assert_eq!(integer(value), Err(Rule::OutOfRange));
    }
    for value in [json!(0.49), json!(2), json!(-1e300)] {
        assert_eq!(number(value), Err(Rule::OutOfRange));
    }
}

#[test]
fn text_is_bounded_in_characters_and_not_in_bytes() {
    let kind = || Kind::text(3);
    assert_eq!(checked(kind(), &json!("äöü")), text("äöü"));
    assert_eq!(checked(kind(), &json!("äöüß")), Err(Rule::TooLong));
    let kind = Kind::Enum { values: vec!["free".into()] };
    assert_eq!(checked(kind.clone(), &json!("free")), text("free"));
    assert_eq!(checked(kind, &json!("Free")), Err(Rule::NotInEnum));
}

#[test]
fn a_text_has_its_pattern_before_and_after_it_is_scrubbed() {
    let kind = |pattern| Kind::String { max_length: 64, pattern: Some(Pattern::new(pattern).unwrap()) };
    assert_eq!(checked(kind("[A-Z]{3}"), &json!("ABC")), text("ABC"));
    assert_eq!(checked(kind("[A-Z]{3}"), &json!("ABCD")), Err(Rule::NoMatch));
    let found = vec!["email".to_owned()];
    assert_eq!(checked(kind("[^ ]+@[^ ]+"), &json!("ada@example.com")), Err(Rule::Personal { found }));
    assert_eq!(checked(kind(".*"), &json!("ada@example.com")), text("[email]"));
}

#[test]
fn a_text_that_markers_make_longer_is_cut() {
    let Ok(PropertyValue::Text(text)) = checked(Kind::text(64), &json!("a@b.cd,".repeat(9))) else {
        panic!("a text")
    };
    assert_eq!(text.chars().count(), 64);
}

#[test]
fn a_number_that_is_a_card_stays() {
    let found = vec!["card".to_owned()];
    for kind in [INTEGER, NUMBER] {
        let card = json!(4_111_111_111_111_111_i64);
        for card in [card, json!(4_111_111_111_111_111.0)] {
            assert_eq!(checked(kind.clone(), &card), Err(Rule::Personal { found: found.clone() }));
        }
        let time = 1_793_534_400_000_i64;
        assert_eq!(checked(kind, &json!(time)), Ok(PropertyValue::Integer(time)));
    }
    let with_more = json!(4_111_111_111_111_111.5);
    assert_eq!(checked(Kind::Number { min: None, max: None }, &with_more), Err(Rule::Personal { found }));
}

#[test]
fn a_hash_is_of_the_text_or_of_the_number_as_json() {
    let hashed = |kind, value| {
        let (value, changes) = built(&ValueRule { kind, treatment: Treatment::Hash }, &value);
        assert_eq!(changes[0].rule, Rule::Hashed { found: vec![] });
        value
    };
    let key = HashKey::new(&"k".repeat(32)).unwrap();
    let hash = |text| Some(PropertyValue::Text(key.hash(text)));
    assert_eq!(hashed(Kind::text(9), json!("é")), hash("é"));
    assert_eq!(hashed(INTEGER, json!(1.0)), hash("1"));
    assert_eq!(hashed(NUMBER, json!(1.0)), hash("1"));
    assert_eq!(hashed(NUMBER, json!(1.5)), hash("1.5"));

    let rule = ValueRule { kind: INTEGER, treatment: Treatment::Hash };
    let mut changes = Changes::default();
    let mut builder = Builder { key: None, changes: &mut changes };
    assert_eq!(builder.value(&rule, raw(&json!(1)), Place::Top("a")), None, "without a key nothing leaves");
    assert_eq!(changes.into_told()[0].rule, Rule::NoKey);
}

fn of_object(members: Vec<(&str, ValueRule)>) -> Kind {
    let properties = members.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect();
    Kind::Object { properties }
}

#[test]
fn of_objects_and_arrays_only_what_is_named_is_built() {
    let zip = ValueRule { kind: Kind::text(9), treatment: Treatment::Drop };
    let address = rule(of_object(vec![("city", rule(Kind::text(9))), ("zip", zip)]));
    let kind = of_object(vec![
        ("address", address.clone()),
        ("all", rule(Kind::Array { items: Box::new(address), max_items: 2 })),
    ]);
    let value = json!({
        "address": {"city": "Bern", "zip": "3000", "of ada@example.com": 1},
        "all": [{"city": "Bonn"}, {"city": 1, "street": 1}, {"city": "Rome"}, {"city": "Oslo"}],
        "other": [],
    });
    let (value, changes) = built(&rule(kind), &value);
    let built = json!({"address": {"city": "Bern"}, "all": [{"city": "Bonn"}, {}]});
    assert_eq!(serde_json::to_value(value).unwrap(), built);
    let changes: Vec<_> = changes.into_iter().map(|change| (change.field, change.rule)).collect();
    let expected = [
        ("a.address.of [email]", Rule::NotAllowed),
        ("a.address.zip", Rule::Drop),
        ("a.all[]", Rule::TooMany),
        ("a.all[].city", Rule::WrongType),
        ("a.all[].street", Rule::NotAllowed),
        ("a.other", Rule::NotAllowed),
    ];
    assert_eq!(changes, expected.map(|(field, rule)| (field.to_owned(), rule)));
}

#[test]
fn what_goes_to_no_vendor_is_not_built_whatever_it_holds() {
    let kinds = [
        (Kind::text(9), json!("a")),
        (Kind::Array { items: Box::new(rule(INTEGER)), max_items: 9 }, json!([1])),
        (of_object(vec![("b", rule(INTEGER))]), json!({"b": 1})),
    ];
    for (kind, value) in kinds {
        let (built, changes) = built(&ValueRule { kind, treatment: Treatment::Drop }, &value);
        assert_eq!((built, &changes[0].rule), (None, &Rule::Drop), "{value}");
    }
}

#[test]
fn items_that_are_not_permitted_are_left_out_and_told_once() {
    let kind = Kind::Array { items: Box::new(rule(Kind::text(20))), max_items: 9 };
    let (value, changes) =
        built(&rule(kind), &json!(["a", 1, null, {"b": 1}, [], "ada@example.com", "x".repeat(21)]));
    assert_eq!(serde_json::to_value(value).unwrap(), json!(["a", "[email]"]));
    let changes: Vec<_> = changes.into_iter().map(|change| (change.field, change.rule)).collect();
    let found = vec!["email".to_owned()];
    let expected = [Rule::WrongType, Rule::Scrubbed { found }, Rule::TooLong];
    assert_eq!(changes, expected.map(|rule| ("a[]".to_owned(), rule)));
}

#[test]
fn an_array_or_an_object_is_no_plain_value_and_the_other_way_round() {
    let list = || Kind::Array { items: Box::new(rule(INTEGER)), max_items: 9 };
    for (kind, value) in [
        (Kind::text(9), json!(["a"])),
        (Kind::text(9), json!({})),
        (INTEGER, json!([1])),
        (list(), json!(1)),
        (list(), json!({})),
        (of_object(vec![]), json!([])),
        (of_object(vec![]), json!("a")),
    ] {
        assert_eq!(checked(kind, &value), Err(Rule::WrongType), "{value}");
    }
}

/// `{number: …}` in `phone` is a phone number, and `{value: …}` in `password` a password.
#[test]
fn a_name_around_a_value_tells_where_its_own_tells_nothing() {
    let object = |names: &[&str], kind: Kind| {
        names.iter().rev().fold(kind, |kind, name| Kind::Object {
            properties: BTreeMap::from([((*name).to_owned(), rule(kind))]),
        })
    };
    let left = |names: &[&str], kind: Kind, value: Value| {
        let given = names.iter().rev().fold(value, |value, name| json!({ *name: value }));
        let rule = rule(object(names, kind));
        let mut changes = Changes::default();
        let place = Place::Top("properties");
        let value = Builder { key: None, changes: &mut changes }.value(&rule, raw(&given), place);
        serde_json::to_value(value).unwrap().to_string()
    };
    let text = |names: &[&str], text: &str| left(names, Kind::text(64), json!(text));
    assert!(text(&["contact", "phone", "digits"], "2125550142").contains("[phone]"));
    assert!(text(&["contact", "password", "value"], "q7VxZ2LmP9rKd4Wt6YbN").contains("[secret]"));
    assert!(text(&["form", "note", "value"], "2125550142").contains("2125550142"));
    assert!(text(&["phone", "sku"], "2125550142").contains("2125550142"), "its own name comes first");
    assert!(!left(&["phone", "digits"], INTEGER, json!(2_125_550_142_i64)).contains("2125550142"));
    let listed = |item| Kind::Array { items: Box::new(rule(item)), max_items: 9 };
    let phones = left(&["phones", "all"], listed(Kind::text(64)), json!(["2125550142"]));
    assert!(phones.contains("[phone]"), "{phones}");
}
