#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use super::shown;

fn kept(text: &str) -> Option<String> {
    shown(text).map(|name| name.as_str().to_owned())
}

#[test]
fn names_of_the_world_are_kept() {
    for name in [
        "Ada Lovelace",
        "O’Brien-Smith",
        "Zoë",
        "Νίκος",
        "Дарья",
        "דָּוִד",
        "محمد",
        "علی‌رضا",
        "می‌خواهم",
        "کار‌ها",
        "क्‍ष",
        "ශ්‍රී",
        "李小龍",
        "葛󠄀城",
        "김철수",
        "สมชาย",
        "❤️ Ada",
        "👩‍💻",
        "👩🏽‍🚀",
        "🏳️‍🌈",
        "👨‍👩‍👧‍👦 Family",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "1️⃣",
        "007",
        "…",
    ] {
        assert_eq!(kept(name).as_deref(), Some(name), "{}", name.escape_unicode());
    }
}

#[test]
fn a_name_that_shows_nothing_or_hides_something_is_none() {
    for name in [
        "",
        " ",
        "\u{3000}",
        "\u{3164}",
        "\u{115F}\u{1160}",
        "\u{FFA0}",
        "\u{2800}",
        "\u{1D159}",
        "\u{13441}",
        "\u{17B4}",
        "\u{180E}",
        "\u{FFFC}",
        "\u{200C}",
        "\u{200D}",
        "\u{FE0F}",
        "\u{301}",
        "\u{301}a",
        "Ada\u{2028}Lovelace",
        "Ada\u{2029}",
        "Ada\n",
        "Ada\u{85}",
        "Ada\u{0}",
        "\u{202E}adA",
        "\u{2066}Ada",
        "Ada\u{200B}",
        "Ada\u{AD}",
        "Ada\u{34F}",
        "Ada\u{2060}",
        "Ada\u{FEFF}",
        "Ada\u{200C}",
        "A\u{200C}da",
        "A\u{200D}da",
        "Ada\u{FE0F}",
        "👩\u{200D}",
        "👩\u{200D}a",
        "Ada\u{E0041}\u{E007F}",
        "🏴\u{E0067}\u{E0062}",
        "Ada\u{E000}",
        "Ada\u{FFFF}",
        "Ada\u{1D173}",
        "Ada\u{FFF9}",
        "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}",
    ] {
        assert_eq!(kept(name), None, "{}", name.escape_unicode());
    }
}

#[test]
fn the_same_name_has_one_form() {
    assert_eq!(kept("Zoe\u{308}").as_deref(), Some("Zoë"));
    assert_eq!(kept("\u{212B}ngström").as_deref(), Some("Ångström"));
    assert_eq!(kept("  Ada \u{A0}\u{3000} Lovelace\u{2009}").as_deref(), Some("Ada Lovelace"));
    assert_eq!(kept(&"é".repeat(64)).map(|name| name.len()), Some(128));
    assert_eq!(kept(&"é".repeat(65)), None, "the limit is of what is kept");
}

proptest::proptest! {
    #[test]
    fn what_is_kept_is_kept_as_it_is(text in "\\PC{1,40}") {
        if let Some(once) = kept(&text) {
            proptest::prop_assert_eq!(kept(&once), Some(once.clone()));
        }
    }
}
