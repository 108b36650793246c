//! Characters that nobody sees, and that change what is seen of others.

/// Control characters, those that turn a line around (UAX #9, section 2), those without width, line ends of Unicode, and
/// tags (<https://www.unicode.org/charts/PDF/UE0000.pdf>).
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text for a terminal: what is invisible, with which a value could write over it or turn it around, is replaced.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if is_invisible(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}
