//! Names that tell what their value is: a property's key, a parameter, a name before a colon.
//!
//! A name is split into words (`userPassword`, `user_password`, `USER-PASSWORD`), and words are compared whole:
//! neither `monkey` nor `tokenizer` tells anything. The last word may take it back: `token_count` is a number.

mod things;
mod words;

use super::character::decoded_before;
use std::ops::Range;
use things::{ADDRESSES, GOODS, VERSIONS};
use words::{
    HARMLESS, KEY_OWNERS, PHONE_QUALIFIERS, PHONES, PHONES_LAST, PHONES_WITHIN, SECRET_ENDINGS, SECRETS,
    SECRETS_LAST, SECRETS_WITHIN,
};

/// Longest name that is looked at before a value, in characters.
const MAX_NAME: usize = 64;

/// Names of the part that holds a value, and types, of which none says what the value is.
const WITHOUT_NAME: &[&str] = &["content", "default", "str", "string", "val", "value"];

/// Most blanks, quotes and signs between a name and its value.
const MAX_BETWEEN: usize = 6;

/// Whether `name` says anything of its value.
pub fn tells(name: &str) -> bool {
    let ways = [tells_secret, tells_phone, tells_ssn, tells_goods, tells_version, tells_address];
    ways.iter().any(|tells| tells(name))
}

/// Whether `name` names a secret, as a key or a parameter.
pub fn tells_secret(name: &str) -> bool {
    let (telling, last) = secret_words(name);
    telling || SECRETS_LAST.has(last)
}

/// Whether `name` names a secret, also where it is a word of a sentence.
pub fn names_secret(name: &str) -> bool {
    secret_words(name).0
}

/// Whether the words of `name` name a secret, and the last of them.
fn secret_words(name: &str) -> (bool, &str) {
    let (mut telling, mut before) = (false, "");
    for word in words(name) {
        telling |= SECRETS.has(word)
            || holds_one_of(word, SECRETS_WITHIN)
            || SECRET_ENDINGS.iter().any(|ending| ends_with(word, ending))
            || is_one_of(word, &["key", "keys"]) && KEY_OWNERS.has(before);
        before = word;
    }
    (telling && !HARMLESS.has(before), before)
}

/// Whether `name` names a phone number.
pub fn tells_phone(name: &str) -> bool {
    let (mut telling, mut telling_if_last, mut last) = (false, false, "");
    for word in words(name) {
        telling |= PHONES.has(word) || holds_one_of(word, PHONES_WITHIN);
        let is_whatsapp = is_one_of(word, &["app"]) && is_one_of(last, &["whats"]);
        telling_if_last = PHONES_LAST.has(word)
            || is_whatsapp
            || telling_if_last && (PHONE_QUALIFIERS.has(word) || PHONES.has(word));
        last = word;
    }
    telling_if_last || telling && !HARMLESS.has(last)
}

/// Whether `name` names a social security number.
pub fn tells_ssn(name: &str) -> bool {
    let mut before = "";
    words(name).any(|word| {
        let telling = is_one_of(word, &["ssn"])
            || is_one_of(word, &["security"]) && is_one_of(before, &["social"])
            || is_one_of(word, &["number", "no"]) && is_one_of(before, &["security"]);
        before = word;
        telling
    })
}

/// Whether `name` names goods or a document, whose numbers may look like those of phones: `SKU 0143-836-96`.
pub fn tells_goods(name: &str) -> bool {
    words(name).any(|word| GOODS.has(word))
}

/// Whether `key` names goods, and `text` is a number of theirs rather than a sentence that holds someone's.
pub fn is_number_of_goods(text: &str, key: Option<&str>) -> bool {
    /// Longest unit or size behind a number: `mm`, `XXL`.
    const MAX_LETTERS: usize = 3;
    key.is_some_and(tells_goods) && words(text).all(|word| word.len() <= MAX_LETTERS)
}

/// Whether `name` ends with the word for a phone in a script that puts no blanks between words, also with `number`
/// or `is` behind it: `电话`, `手机号码是`.
pub fn ends_with_phone(name: &str) -> bool {
    let verbs = ["是", "为", "為", "は", "는", "은"];
    let numbers = ["号码", "號碼", "番号", "번호", "号", "號"];
    let name = verbs.iter().find_map(|verb| name.strip_suffix(verb)).unwrap_or(name);
    let name = numbers.iter().find_map(|number| name.strip_suffix(number)).unwrap_or(name).trim_end();
    PHONES_WITHIN.iter().any(|phone| name.ends_with(phone))
}

/// Whether `name` names a version, which may look like an IP address.
pub fn tells_version(name: &str) -> bool {
    words(name).any(|word| VERSIONS.has(word))
        && !words(name).any(|word| ADDRESSES.has(word) || is_one_of(word, &["server"]))
}

/// Whether `name` names an address of a host.
pub fn tells_address(name: &str) -> bool {
    words(name).any(|word| ADDRESSES.has(word))
}

/// The name before the sign (`=`, `:`) at `sign`, without quotes: `"name": `, `name=`. `value` and the like say
/// nothing; what stands before them does: `name="password" value=`.
pub fn name_before(text: &str, sign: usize) -> &str {
    let is_between = |c| matches!(c, ' ' | '\t' | '"' | '\'' | '\\' | '`' | ']' | ':' | '=' | '-' | '*');
    let name = name_ending_at(text, trimmed(text, sign, is_between));
    let name =
        if is_one_of(&text[name.clone()], WITHOUT_NAME) { name_of_value(text, name.start) } else { name };
    &text[name]
}

/// Where the name before the value at `value` stands, with signs or blanks between them.
pub fn name_of_value(text: &str, value: usize) -> Range<usize> {
    let is_between = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '!' | '?' | '/');
    name_ending_at(text, trimmed(text, value, is_between))
}

/// The name or the word that stands before a number at the end of `before`: `Tel. 030 901820`.
pub fn word_before(before: &str) -> &str {
    &before[name_of_value(before, before.trim_end_matches(['.', ':', ' ', '\u{a0}']).len())]
}

/// Where `text` ends without what stands between a name and `end`.
fn trimmed(text: &str, end: usize, is_between: impl Fn(char) -> bool) -> usize {
    let mut start = end;
    for _ in 0..MAX_BETWEEN {
        match decoded_before(text, start) {
            Some((c, length)) if is_between(c) => start -= length,
            _ => break,
        }
    }
    start
}

fn name_ending_at(text: &str, end: usize) -> Range<usize> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let start_of = |end: usize| {
        let name = text[..end].chars().rev().take(MAX_NAME).take_while(|&c| is_part(c));
        end - name.map(char::len_utf8).sum::<usize>()
    };
    let start = start_of(end);
    // `API key`, `phone number`: the word before says which.
    let of_two = is_one_of(&text[start..end], &["key", "keys", "number", "no", "nr"]);
    (if of_two && text[..start].ends_with(' ') { start_of(start - 1) } else { start })..end
}

/// The words of a name, without digits.
pub fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphabetic());
        // Small letters end no word.
        let small = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let mut before = (small > 0).then_some('a');
        let mut end = rest.len();
        for (at, c) in rest[small..].char_indices().map(|(at, c)| (small + at, c)) {
            // `userPassword`, and `APIKey`, whose second word starts before its second letter.
            let starts_word = c.is_uppercase() && before.is_some_and(char::is_lowercase)
                || c.is_uppercase()
                    && before.is_some_and(char::is_uppercase)
                    && rest[at + c.len_utf8()..].chars().next().is_some_and(char::is_lowercase);
            if !c.is_alphabetic() || starts_word {
                end = at;
                break;
            }
            before = Some(c);
        }
        // Auth0's users have ids that begin with its name, which is no word for a secret.
        if rest[end..].starts_with('0') && is_one_of(&rest[..end], &["auth"]) {
            end += 1;
        }
        let (word, more) = rest.split_at(end);
        rest = more;
        (!word.is_empty()).then_some(word)
    })
}

/// Whether `word` is one of `list`, in any case.
pub fn is_one_of(word: &str, list: &[&str]) -> bool {
    let is = |one: &&str| word.len() == one.len() && word.chars().map(small).eq(one.chars());
    if word.is_ascii() { list.iter().any(|one| word.eq_ignore_ascii_case(one)) } else { list.iter().any(is) }
}

fn holds_one_of(word: &str, list: &[&str]) -> bool {
    !word.is_ascii() && list.iter().any(|one| word.contains(one))
}

/// The small letter of a Latin, Greek or Cyrillic one. The tables of all scripts would make the Workers larger.
fn small(c: char) -> char {
    let distance = match c {
        'A'..='Z' | 'À'..='Þ' | 'Α'..='Ω' | 'А'..='Я' => 32,
        'Ā'..='ķ' | 'Ŋ'..='ŷ' => 1 - u32::from(c) % 2,
        _ => 0,
    };
    char::from_u32(u32::from(c) + distance).unwrap_or(c)
}

fn ends_with(word: &str, ending: &str) -> bool {
    word.len()
        .checked_sub(ending.len())
        .and_then(|start| word.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_into_words_in_any_style() {
        for name in ["userPassword2", "user_password", "USER-PASSWORD", "user.password", "UserPassword"] {
            let words: Vec<_> = words(name).map(str::to_lowercase).collect();
            assert_eq!(words, ["user", "password"], "{name}");
        }
        assert_eq!(words("APIKey").collect::<Vec<_>>(), ["API", "Key"]);
    }

    #[test]
    fn words_are_compared_whole_and_the_last_may_take_it_back() {
        for name in ["password", "dbPass", "authtoken", "x-api-key", "clave", "パスワード", "JELSZÓ"] {
            assert!(tells_secret(name), "{name}");
        }
        for name in [
            "monkey",
            "tokenizer",
            "compass",
            "token_count",
            "password_policy",
            "cache_key",
            "passenger",
            "auth0",
            "Auth0Id",
            "",
        ] {
            assert!(!tells_secret(name), "{name}");
        }
        for name in ["phone", "home_phone", "mobileNumber", "customerWhatsApp", "teléfono", "手机号"] {
            assert!(tells_phone(name), "{name}");
        }
        for name in ["microphone", "phone_model", "mobile_sessions", "telemetry", "cellar"] {
            assert!(!tells_phone(name), "{name}");
        }
        assert!(tells_secret("auth0_token") && tells_secret("password0") && tells_secret("auth"));
        assert!(tells_ssn("security number") && !tells_ssn("security level"));
        assert!(tells_ssn("userSSN") && tells_ssn("social-security") && !tells_ssn("security"));
        assert!(tells_version("app_version") && !tells_version("server_version_ip"));
    }

    #[test]
    fn the_name_of_a_value_is_what_stands_before_it() {
        let cases = [
            ("\"api_key\": ", "api_key"),
            ("api key = ", "api key"),
            ("name=\"password\" value=", "password"),
            ("%22 token%22%3A", "token"),
        ];
        for (text, name) in cases {
            assert_eq!(name_before(text, text.trim_end_matches(' ').len()), name, "{text}");
        }
    }
}
