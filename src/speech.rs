//! The words of an export, in the page's languages.

use leptos_i18n::{Locale as _, td_string};

use crate::{i18n::Locale, transfer::Words};

/// The words in this language.
pub fn words(locale: Locale) -> Words<'static> {
    Words {
        lang: locale.as_str(),
        untitled: td_string!(locale, untitled),
        cards: td_string!(locale, cards),
        you: td_string!(locale, you),
        model: td_string!(locale, model),
        no_model: td_string!(locale, no_model),
        parameters: td_string!(locale, parameters),
        system: td_string!(locale, system_prompt),
        thoughts: td_string!(locale, thought),
        attachment: td_string!(locale, attachment),
        picture: td_string!(locale, picture_of_answer),
        sound: td_string!(locale, sound_of_answer),
        tool: td_string!(locale, asked_for_tool),
        sources: td_string!(locale, sources),
        refuses: td_string!(locale, model_refuses),
        other: td_string!(locale, other_content),
        ended_as: td_string!(locale, ended_otherwise),
        other_answer: td_string!(locale, other_answer),
        no_answer: td_string!(locale, no_answer),
        length: td_string!(locale, length),
        filtered: td_string!(locale, filtered),
        stopped: td_string!(locale, stopped),
        interrupted: td_string!(locale, interrupted),
        failed: td_string!(locale, failed),
        first_token: td_string!(locale, first_token_name),
        speed: td_string!(locale, speed_name),
        input: td_string!(locale, tokens_in_name),
        output: td_string!(locale, tokens_out_name),
        note: td_string!(locale, alert_note),
        tip: td_string!(locale, alert_tip),
        important: td_string!(locale, alert_important),
        warning: td_string!(locale, alert_warning),
        caution: td_string!(locale, alert_caution),
    }
}
