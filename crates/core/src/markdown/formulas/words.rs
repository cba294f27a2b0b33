//! Words and amounts, which are no formula though they stand between two signs.

use crate::markdown::inline::is_cjk;

/// Returns whether a text between spaces within the signs is a formula, and not the words between two amounts.
pub(super) fn is_spaced(latex: &str) -> bool {
    let has_command = latex
        .split('\\')
        .skip(1)
        .any(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()));
    let is_letter = latex.len() == 1 && latex.bytes().all(|byte| byte.is_ascii_alphabetic());
    let has_sign = latex.contains(['<', '>', '=', '^', '_']);
    let has_words = plain(latex)
        .split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().nth(1).is_some());
    !latex.contains('\n') && (is_letter || has_command || has_sign) && !has_words
}

/// Returns whether a text between two signs is no formula but an amount, or words, up to the next.
pub(super) fn is_money(latex: &str) -> bool {
    if latex.contains("](") {
        return true;
    }
    let plain = plain(latex);
    let is_amount = latex.starts_with(|c: char| c.is_ascii_digit());
    if is_amount && plain.contains(is_cjk) {
        return true;
    }
    if latex.contains(|c: char| "\\^_={}+<>|".contains(c)) {
        return false;
    }
    let words = |least: usize| {
        plain
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| word.chars().count() >= least)
            .count()
    };
    is_amount && words(2) > 0 || words(3) >= 3
}

/// Returns whether there are only words, as between two levels of prices.
pub(super) fn has_words_only(latex: &str) -> bool {
    latex.starts_with(' ')
        && latex.ends_with(' ')
        && latex
            .chars()
            .all(|c| c.is_alphabetic() || " ,-–~/".contains(c))
        && latex.trim().chars().nth(1).is_some()
}

/// Returns whether a formula over several lines is none: a line of it reads as a sentence, or a paragraph
/// has nothing but words.
pub(super) fn is_prose(inner: &str) -> bool {
    if !inner.contains('\n') {
        return false;
    }
    let plain = plain(inner);
    let is_sentence = |line: &str| {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '\'');
        let is_word =
            |word: &&str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let letters = line.chars().filter(|c| is_cjk(*c));
        words.filter(is_word).count() > 4 || letters.count() > 12
    };
    let is_wordy = |part: &str| {
        let part = part.trim();
        part.len() > 2
            && part
                .chars()
                .all(|c| c.is_alphabetic() || " \n.,:!?'".contains(c))
    };
    plain.split('\n').any(is_sentence)
        || plain.contains("\n\n") && plain.split("\n\n").any(is_wordy)
}

/// Returns a formula without its commands and what is in braces.
fn plain(latex: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_usize;
    let mut is_command = false;
    for letter in latex.chars() {
        is_command = letter == '\\' || is_command && letter.is_ascii_alphabetic();
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '\n' => plain.push('\n'),
            _ if depth == 0 && !is_command => plain.push(letter),
            _ => {}
        }
    }
    plain
}
