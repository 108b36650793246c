//! Any text under any key: what is left holds nothing, is no longer than it may be, and does not have what a naive
//! reader finds.

use crate::naive;
use crate::source::Source;
use allowlist::scrub::{Scrubbed, scrub, scrub_to};

/// Keys: some tell what they hold.
const KEYS: [Option<&str>; 12] = [
    None,
    Some("note"),
    Some("phone"),
    Some("password"),
    Some("ssn"),
    Some("appVersion"),
    Some("context.title"),
    Some("userAgent"),
    Some("api_key"),
    Some("telefon_nr"),
    Some("token_count"),
    Some("größe"),
];

/// Secrets that are found wherever they stand between words, made up or of the vendors' pages. They are in two pieces for
/// the sake of scanners of code.
const PLANTED: [&str; 7] = [
    "ada.lovelace@example.com",
    "5500 0055 5555 5559",
    "DE89 3704 0044 0532 0130 00",
    concat!("AKIA", "IOSFODNN7EXAMPLE"),
    concat!("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"),
    concat!("ey", "JhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
    "+49 30 901820",
];

/// Has the signs of everything that could be found, and holds none of it: the first look at a text cannot pass it over
/// with this behind it.
const EVERY_SIGN: &str =
    "\n% @ / ? = : :: : : : : : : AAAAAAAAAAAAAAAAAAAA 1 a 1 a 1 a 1 a 1 a 1 a 1 a 1 a .1 .1 .1 AA11 \n";

/// The first byte chooses the key, the second what is planted and how long the text may get; the rest is the text.
pub fn run(input: &[u8]) {
    let mut source = Source::new(input);
    let key = *source.pick(&KEYS);
    let choice = source.byte();
    let text = String::from_utf8_lossy(source.rest());
    let scrubbed = judge(&text, key);

    let left = scrubbed.as_ref().map_or(text.as_ref(), |scrubbed| &scrubbed.text);
    assert_eq!(naive::secrets(left), [""; 0], "left of {text:?}");
    if scrubbed.is_none() {
        assert_eq!(scrub(EVERY_SIGN, key), None);
        let signs = format!("{text}{EVERY_SIGN}");
        assert_eq!(scrub(&signs, key), None, "passed over: {text:?} under {key:?}");
    }
    cut(&text, key, usize::from(choice));

    let secret = PLANTED[usize::from(choice) % PLANTED.len()];
    if !text.contains(secret) {
        let planted = format!("{text} und {secret} und {text}");
        let left = judge(&planted, key).map_or(planted.clone(), |scrubbed| scrubbed.text);
        assert!(!left.contains(secret), "{secret} is left of {planted:?} under {key:?}");
    }
}

/// What holds for every text.
fn judge(text: &str, key: Option<&str>) -> Option<Scrubbed> {
    let scrubbed = scrub(text, key)?;
    let Scrubbed { text: left, found } = &scrubbed;
    assert_ne!(left, text, "nothing was replaced");
    assert_eq!(scrub(left, key), None, "{left:?} is left of {text:?} under {key:?}");
    // The shortest find that a marker replaces is one character of seven, `://a@b.c`.
    assert!(left.len() <= text.len() * 2, "{} bytes are left of {}", left.len(), text.len());
    assert!(!found.is_empty() && found.iter().all(|(_, count)| *count > 0 && *count <= text.len()));
    assert!(found.windows(2).all(|pair| pair[0].0.name() < pair[1].0.name()), "{found:?}");
    Some(scrubbed)
}

fn cut(text: &str, key: Option<&str>, length: usize) {
    match scrub_to(text, key, length) {
        None => assert!(text.chars().count() <= length && scrub(text, key).is_none(), "{text:?}"),
        Some(cut) => {
            assert!(cut.text.chars().count() <= length, "{text:?} to {length}");
            assert_eq!(scrub(&cut.text, key), None, "{:?} is left of {text:?} under {key:?}", cut.text);
        }
    }
}
