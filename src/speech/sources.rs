//! The Fluent files, embedded in the binary so that none can be missing.

use crate::config::settings::Language;

macro_rules! files {
    ($($name:literal)*) => {
        /// The files of one language.
        pub(super) fn of(language: Language) -> &'static [&'static str] {
            match language {
                Language::PtBr => &[$(include_str!(concat!("../../locales/pt-BR/", $name, ".ftl")),)*],
                Language::En => &[$(include_str!(concat!("../../locales/en/", $name, ".ftl")),)*],
            }
        }
    };
}

files! {
    "understanding" "rights" "help" "status" "sync" "measures" "people" "why" "rooms" "confirm" "announcements"
    "faults" "findings" "typed" "words"
}
