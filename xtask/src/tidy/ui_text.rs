//! What an operator reads comes from the message catalogue, never from the markup of a component.
//!
//! It reads Svelte markup well enough for that one question: text between tags, literals in `{…}`
//! between tags, and the attributes that are shown or read aloud.

use super::{File, Finding};

/// Attributes and properties whose value reaches the operator.
const SHOWN: &[&str] =
    &["title", "aria-label", "aria-description", "placeholder", "alt", "label", "text", "hint"];

const WHY: &str = "what an operator reads is Indonesian from the message catalogue, so that it can \
                   be corrected and translated in one place";

/// No words in components.
pub(super) fn text_comes_from_the_catalogue(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.path.ends_with(".svelte") && !file.is_test())
        .flat_map(|file| {
            literals(&file.text)
                .into_iter()
                .map(|(line, text)| file.finding(line, format!("literal text {text:?}"), WHY))
        })
        .collect()
}

/// The literal texts of a component with their lines.
fn literals(component: &str) -> Vec<(usize, String)> {
    // Keys are named as they are on the keyboard.
    let hidden =
        [("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"), ("<kbd", "</kbd>")];
    let markup =
        hidden.iter().fold(component.to_owned(), |text, (open, close)| blank(&text, open, close));
    let mut found = Vec::new();
    let mut rest = 0;
    let mut text = String::new();
    let mut text_at = 0;
    while let Some(next) = markup[rest..].chars().next() {
        let end = match next {
            '{' => closing_brace(&markup, rest),
            '<' => closing_angle(&markup, rest),
            _ => {
                if text.trim().is_empty() {
                    text_at = rest;
                }
                text.push(next);
                rest += next.len_utf8();
                continue;
            }
        };
        keep_if_words(&mut found, &markup, text_at, &std::mem::take(&mut text));
        let inside = &markup[rest..end];
        if next == '<' {
            shown_attributes(&mut found, &markup, rest, inside);
        } else if !inside[1..].trim_start().starts_with(['#', ':', '/', '@']) {
            shown_strings(&mut found, &markup, rest, inside);
        }
        rest = end;
    }
    keep_if_words(&mut found, &markup, text_at, &text);
    found
}

fn keep_if_words(found: &mut Vec<(usize, String)>, markup: &str, at: usize, text: &str) {
    if has_word(text) {
        found.push((line_of(markup, at), text.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
}

/// `title="…"` and its like; what stands in braces is code.
fn shown_attributes(found: &mut Vec<(usize, String)>, markup: &str, at: usize, tag: &str) {
    for quote in ['"', '\''] {
        for name in SHOWN {
            let start = format!("{name}={quote}");
            for (index, _) in tag.match_indices(&start) {
                let own_word = tag[..index].ends_with(char::is_whitespace);
                let value = &tag[index + start.len()..];
                let value = value.split(quote).next().unwrap_or(value);
                let words = blank(value, "{", "}");
                if own_word && has_word(&words) {
                    found.push((line_of(markup, at + index), value.to_owned()));
                }
            }
        }
    }
}

/// Strings in `{…}` that look like words for people: with a space, or beginning with a capital. Keys
/// of the catalogue and of states do neither.
fn shown_strings(found: &mut Vec<(usize, String)>, markup: &str, at: usize, code: &str) {
    let mut rest = 0;
    while let Some(open) = code[rest..].find(['"', '\'', '`']) {
        let quote = code[rest + open..].chars().next().unwrap_or('"');
        let start = rest + open + 1;
        let Some(length) = code[start..].find(quote) else { return };
        let string = &code[start..start + length];
        let words = without(string, "${", "}");
        let for_people =
            words.trim().contains(' ') || words.starts_with(|first: char| first.is_uppercase());
        if for_people && has_word(&words) {
            found.push((line_of(markup, at + start), string.to_owned()));
        }
        rest = start + length + 1;
    }
}

/// Two letters in a row that are no character reference such as `&nbsp;`.
fn has_word(text: &str) -> bool {
    let mut letters = 0;
    blank(text, "&", ";").chars().any(|c| {
        letters = if c.is_alphabetic() { letters + 1 } else { 0 };
        letters == 2
    })
}

/// The text without what stands from `open` to `close`.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        result.push_str(before);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    result + rest
}

/// The text with everything from `open` to `close` made spaces; lines and lengths stay.
fn blank(text: &str, open: &str, close: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(length) = rest[start..].find(close) else { break };
        let end = start + length + close.len();
        result.push_str(&rest[..start]);
        let hidden = rest[start..end].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' });
        result.extend(hidden);
        rest = &rest[end..];
    }
    result.push_str(rest);
    result
}

/// The position after the brace that closes the one at `open`.
fn closing_brace(markup: &str, open: usize) -> usize {
    let mut depth = 0;
    let mut quote = None;
    for (index, c) in markup[open..].char_indices() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(c),
            ('{', None) => depth += 1,
            ('}', None) => {
                depth -= 1;
                if depth == 0 {
                    return open + index + 1;
                }
            }
            _ => {}
        }
    }
    markup.len()
}

/// The position after the `>` that ends the tag at `open`; braces and quotes may hold others.
fn closing_angle(markup: &str, open: usize) -> usize {
    let mut index = open + 1;
    let mut quote = None;
    while let Some(c) = markup[index..].chars().next() {
        match (c, quote) {
            ('{', _) => {
                index = closing_brace(markup, index);
                continue;
            }
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('>', None) => return index + 1,
            _ => {}
        }
        index += c.len_utf8();
    }
    markup.len()
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(component: &str) -> Vec<(usize, String)> {
        literals(component)
    }

    fn found(line: usize, text: &str) -> Vec<(usize, String)> {
        vec![(line, text.to_owned())]
    }

    #[test]
    fn words_between_tags_are_found_with_their_line() {
        let component = "<script lang=\"ts\">\n  const a = 'Jawab telepon';\n</script>\n\n<button>\n  Jawab telepon\n</button>\n";
        assert_eq!(texts(component), found(6, "Jawab telepon"));
    }

    #[test]
    fn words_from_the_catalogue_numbers_and_signs_are_fine() {
        let component =
            "<p>{t('call.answer')} · {m.seconds(left)} 110 – 5 &nbsp;</p>\n<kbd>F2</kbd>";
        assert!(texts(component).is_empty());
    }

    #[test]
    fn blocks_conditions_and_handlers_are_code() {
        let component = "{#if state === 'Ringing' && left > 3}<b class=\"big red\" onclick={() => { if (a > 1) go('Now here'); }}>{t(x)}</b>{:else}{@render row()}{/if}";
        assert!(texts(component).is_empty());
    }

    #[test]
    fn a_literal_choice_is_found_where_it_is_shown() {
        assert_eq!(texts("<p>{busy ? 'Sibuk' : t('free')}</p>"), found(1, "Sibuk"));
        assert!(texts("<p>{t(`reason.${reason}.hint`)} <kbd>Esc</kbd></p>").is_empty());
        assert_eq!(texts("<p>{`sisa ${left} detik`}</p>"), found(1, "sisa ${left} detik"));
    }

    #[test]
    fn attributes_that_are_read_aloud_are_shown_too() {
        assert_eq!(texts("<img\n alt=\"Lambang Polri\" src=\"a.svg\">"), found(2, "Lambang Polri"));
        assert!(
            texts("<input title={t('name')} placeholder=\"{t('a')}\" data-title=\"row one\">")
                .is_empty()
        );
    }

    #[test]
    fn styles_and_comments_are_not_read() {
        let component =
            "<!-- the row of a call -->\n<p></p>\n<style>\n  p { color: red; }\n</style>";
        assert!(texts(component).is_empty());
    }
}
