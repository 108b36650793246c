//! The kinds of personal data and secrets.

/// What a detector finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A payment card's number.
    Card,
    /// An email address.
    Email,
    /// A bank account's number.
    Iban,
    /// An IP address.
    Ip,
    /// A JSON Web Token.
    Jwt,
    /// A phone number.
    Phone,
    /// A random value whose key says that it is secret.
    Secret,
    /// A social security number of the United States.
    Ssn,
    /// A token of an API.
    Token,
    /// Credentials or a token in a URL.
    Url,
}

impl Kind {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 10] = [
        Self::Card,
        Self::Email,
        Self::Iban,
        Self::Ip,
        Self::Jwt,
        Self::Phone,
        Self::Secret,
        Self::Ssn,
        Self::Token,
        Self::Url,
    ];

    /// As it is told in [`event::Change`].
    pub fn name(self) -> &'static str {
        let marker = self.marker();
        &marker[1..marker.len() - 1]
    }

    /// What stands in the place of what was found.
    pub fn marker(self) -> &'static str {
        match self {
            Self::Card => "[card]",
            Self::Email => "[email]",
            Self::Iban => "[iban]",
            Self::Ip => "[ip]",
            Self::Jwt => "[jwt]",
            Self::Phone => "[phone]",
            Self::Secret => "[secret]",
            Self::Ssn => "[ssn]",
            Self::Token => "[token]",
            Self::Url => "[url]",
        }
    }

    /// Which of two kinds names what both found: the one that leaves less to chance, with the lower rank.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Jwt => 0,
            Self::Token => 1,
            Self::Url => 2,
            Self::Secret => 3,
            Self::Email => 4,
            Self::Iban => 5,
            Self::Card => 6,
            Self::Ssn => 7,
            Self::Ip => 8,
            Self::Phone => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_are_in_the_order_of_their_names_and_each_has_a_rank_of_its_own() {
        assert!(Kind::ALL.is_sorted_by(|before, after| before.name() < after.name()));
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
            assert_eq!(kind.marker(), format!("[{}]", kind.name()));
        }
        assert_eq!(Kind::ALL.into_iter().map(Kind::rank).collect::<BTreeSet<_>>().len(), Kind::ALL.len());
    }
}
