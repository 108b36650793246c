//! Choices, made by an input's bytes.

/// What is left of the input. An empty one goes on with zeros, so that every input ends.
pub struct Source<'a> {
    rest: &'a [u8],
}

impl<'a> Source<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether, one time in `of`.
    pub fn once_in(&mut self, of: u8) -> bool {
        self.byte() % of == of - 1
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[usize::from(self.byte()) % from.len()]
    }

    pub fn eight_bytes(&mut self) -> [u8; 8] {
        std::array::from_fn(|_| self.byte())
    }

    /// Up to `most` bytes as text.
    pub fn text(&mut self, most: usize) -> String {
        let length = (usize::from(self.byte()) % (most + 1)).min(self.rest.len());
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }
}
