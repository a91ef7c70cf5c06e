//! Names that people see, by Unicode's own tables.
//!
//! A name is composed (NFC), every kind of space in it is one blank, and it has none at its ends, as
//! in RFC 8266. It shows something, and holds nothing that is invisible, that reorders text or that
//! breaks a line. Signs that join and vary are invisible alone and necessary elsewhere: they pass
//! where RFC 5892 (appendix A) and UTS 51 give them a meaning, in Persian and in emoji for instance.
//!
//! The tables are the relay's alone: a client shows what the relay let in, also one of next year.

use bellwire_protocol::DisplayName;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
    GeneralCategory, GeneralCategoryGroup, Ideographic, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
/// Empty in every font, though their category is a letter's or a symbol's: the braille pattern without
/// dots, the musical null notehead, blank hieroglyphs. And what stands for something that is not
/// there, or frames it.
const BLANK: [char; 9] = [
    '\u{2800}',
    '\u{1D159}',
    '\u{13441}',
    '\u{13442}',
    '\u{FFF9}',
    '\u{FFFA}',
    '\u{FFFB}',
    '\u{FFFC}',
    '\u{FFFD}',
];
/// Marks above and below one letter. More than these run over other lines (UTS 39, section 5.4).
const MARKS: usize = 4;

/// The name to keep for what somebody typed; `None` if it is none.
#[must_use]
pub fn shown(text: &str) -> Option<DisplayName> {
    DisplayName::new(line(text)?).ok()
}

/// The same of any length.
#[must_use]
pub fn line(text: &str) -> Option<String> {
    let spaced: String = text
        .chars()
        .map(|c| if category(c) == GeneralCategory::SpaceSeparator { ' ' } else { c })
        .collect();
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&spaced);
    let words: Vec<&str> = composed.split(' ').filter(|word| !word.is_empty()).collect();
    let name = words.join(" ");
    let chars: Vec<char> = name.chars().collect();
    let allowed = (0..chars.len()).all(|n| is_allowed(&chars[..n], chars[n], &chars[n + 1..]));
    let visible = chars.iter().any(|c| {
        [
            GeneralCategoryGroup::Letter,
            GeneralCategoryGroup::Number,
            GeneralCategoryGroup::Punctuation,
            GeneralCategoryGroup::Symbol,
        ]
        .iter()
        .any(|group| group.contains(category(*c)))
    });
    let piled = chars.windows(MARKS + 1).any(|marks| marks.iter().all(|c| is_mark(*c)));
    let begins = chars.first().is_some_and(|c| !is_mark(*c));
    if allowed && visible && begins && !piled { Some(name) } else { None }
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c)) && !is_variation(c)
}

fn is_variation(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether this character may stand between these.
fn is_allowed(before: &[char], c: char, after: &[char]) -> bool {
    let last = before.last().copied();
    match c {
        ZWNJ => follows_virama(last) || is_between_joining(before, after),
        ZWJ => follows_virama(last) || is_between_pictures(before, after),
        // Whether a picture or a sign is meant, also on keys as 1 with a frame.
        '\u{FE0E}' | '\u{FE0F}' => {
            last.is_some_and(|it| CodePointSetData::new::<Emoji>().contains(it))
        }
        _ if is_variation(c) => {
            last.is_some_and(|it| CodePointSetData::new::<Ideographic>().contains(it))
        }
        // Flags of Scotland, Wales and England: letters that nobody sees behind a black flag.
        '\u{E0020}'..='\u{E007F}' => {
            let flag = before.iter().rev().find(|it| !matches!(it, '\u{E0020}'..='\u{E007E}'));
            let ends = after.iter().find(|it| !matches!(it, '\u{E0020}'..='\u{E007E}'));
            flag == Some(&'\u{1F3F4}') && (c == '\u{E007F}' || ends == Some(&'\u{E007F}'))
        }
        _ => {
            let hidden = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
            let category = category(c);
            let unfit = [
                GeneralCategory::Control,
                GeneralCategory::Surrogate,
                GeneralCategory::PrivateUse,
                GeneralCategory::Unassigned,
                GeneralCategory::LineSeparator,
                GeneralCategory::ParagraphSeparator,
            ];
            !hidden && !BLANK.contains(&c) && !unfit.contains(&category)
        }
    }
}

fn follows_virama(last: Option<char>) -> bool {
    let classes = CodePointMapData::<CanonicalCombiningClass>::new();
    last.is_some_and(|it| classes.get(it) == CanonicalCombiningClass::Virama)
}

/// Between two letters of a script that joins them. RFC 5892 asks that the first one would join; people
/// type it behind others as well, where it changes nothing.
fn is_between_joining(before: &[char], after: &[char]) -> bool {
    let types = CodePointMapData::<JoiningType>::new();
    let joins = |c: Option<&char>| {
        let joining =
            [JoiningType::DualJoining, JoiningType::LeftJoining, JoiningType::RightJoining];
        c.is_some_and(|c| joining.contains(&types.get(*c)))
    };
    let passes = |c: &&char| types.get(**c) == JoiningType::Transparent;
    joins(before.iter().rev().find(|c| !passes(c))) && joins(after.iter().find(|c| !passes(c)))
}

/// Between two pictures, of which the first may have a colour and a style.
fn is_between_pictures(before: &[char], after: &[char]) -> bool {
    let pictures = CodePointSetData::new::<ExtendedPictographic>();
    let colours = CodePointSetData::new::<EmojiModifier>();
    let passes = |c: &&char| **c == '\u{FE0F}' || colours.contains(**c);
    before.iter().rev().find(|c| !passes(c)).is_some_and(|c| pictures.contains(*c))
        && after.first().is_some_and(|c| pictures.contains(*c))
}

#[cfg(test)]
mod tests;
