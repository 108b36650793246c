//! A slow and simple reading of plain text, written apart from the detectors: words between blanks, each of which is a
//! secret as a whole or not.

/// Values of which every one is a secret.
pub const VALID: [&str; 6] = [
    "ada.lovelace@example.org",
    "4012888888881881",
    "371449635398431",
    "DE89370400440532013000",
    "NO9386011117947",
    "203.0.113.77",
];

/// The words that are secrets.
pub fn secrets(text: &str) -> Vec<String> {
    let is_secret =
        |word: &&str| is_email(word) || is_card(word) || is_iban(word) || is_ip(word) || is_jwt(word);
    text.split(' ').filter(is_secret).map(str::to_owned).collect()
}

fn is_email(word: &str) -> bool {
    let parts: Vec<&str> = word.split('@').collect();
    let [local, domain] = parts[..] else { return false };
    let labels: Vec<&str> = domain.split('.').collect();
    !local.is_empty()
        && local.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
        && labels.len() == 2
        && labels.iter().all(|label| label.len() >= 2 && label.chars().all(|c| c.is_ascii_lowercase()))
}

fn is_card(word: &str) -> bool {
    let digits: Option<Vec<u32>> = word.chars().map(|c| c.to_digit(10)).collect();
    let Some(mut digits) = digits else { return false };
    let known = match digits.len() {
        16 => word.starts_with('4') || ("51".."56").contains(&&word[..2]),
        15 => word.starts_with("34") || word.starts_with("37"),
        _ => false,
    };
    digits.reverse();
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 =
        digits.chunks(2).map(|pair| pair[0] + pair.get(1).map_or(0, |digit| doubled(*digit))).sum();
    known && sum.is_multiple_of(10)
}

fn is_iban(word: &str) -> bool {
    let known = word.starts_with("DE") && word.len() == 22 || word.starts_with("NO") && word.len() == 15;
    if !known || !word.chars().all(|c| c.is_ascii_alphanumeric()) {
        return false;
    }
    let turned = format!("{}{}", &word[4..], &word[..4]);
    let number: String = turned.chars().map(|c| c.to_digit(36).unwrap().to_string()).collect();
    number.chars().fold(0, |rest, c| (rest * 10 + c.to_digit(10).unwrap()) % 97) == 1
}

/// None whose numbers are all small, which may be a version, and none of nobody.
fn is_ip(word: &str) -> bool {
    let Ok(address) = word.parse::<std::net::Ipv4Addr>() else { return false };
    let octets = address.octets();
    octets.iter().any(|octet| *octet >= 20) && !matches!(octets[0], 0 | 127 | 255)
}

fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts[0].starts_with("eyJ")
        && parts[1].starts_with("eyJ")
        && parts.iter().all(|part| part.len() >= 15)
}
