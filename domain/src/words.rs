//! Enums whose variants each have a word, as texts, messages and the store name them.

/// `words!(Type: Variant = "word", …)` gives the type `word()`; with `both ways` also `of_word()`, for the store.
macro_rules! words {
    ($type:ident both ways: $($name:ident = $word:literal),+) => {
        words!($type: $($name = $word),+);

        impl $type {
            /// By that name.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)+ _ => None }
            }
        }
    };
    ($type:ident: $($name:ident = $word:literal),+) => {
        impl $type {
            /// Its name in texts, messages and the store.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

pub(crate) use words;
