//! What somebody types after `/jit`, read as people type it: quotes, keyboards that curl them, long dashes.

use jit_approval::Act;
use jit_types::{ParamName, ParamValue, Params, RoleName, Span};

const HELP: &str = "/jit request ROLE --for 2h --reason \"why\" (--param name=value) asks for access · \
                    /jit extend GRANT --for 1h --reason \"why\" asks for more time · \
                    /jit release GRANT gives it back · /jit cancel REQUEST takes a request back · \
                    for administrators: /jit lock PERSON|ROLE --reason \"why\", /jit unlock PERSON|ROLE --reason \"why\"";

/// What a command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Act(Act),
    Request { role: RoleName, params: Params, span: Option<Span>, reason: String },
}

/// Reads what was typed after the command's name; on a mistake says which, and the way out.
pub(crate) fn read(typed: &str) -> Result<Said, String> {
    let words = split(&unescaped(typed))?;
    let mut words = words.iter().map(String::as_str);
    let verb = words.next().unwrap_or("help");
    match verb {
        "request" => {
            let given = options(words)?;
            let role = given.named.ok_or("no role is named: /jit request ROLE --for 2h --reason \"why\"")?;
            let role = role.parse::<RoleName>().map_err(|error| error.to_string())?;
            Ok(Said::Request { role, params: given.params, span: given.span, reason: why(given.reason)? })
        }
        "extend" => {
            let given = options(words)?;
            given.without_params(verb)?;
            let grant = given.named.ok_or("no grant is named: /jit extend GRANT --for 1h --reason \"why\"")?;
            let grant = grant.parse().map_err(|error| format!("{error}; your message of the approval has it"))?;
            let span = given.span.ok_or("say how much longer: --for 1h")?;
            Ok(Said::Act(Act::Extend { grant, span, reason: why(given.reason)? }))
        }
        "lock" | "unlock" => {
            let given = options(words)?;
            given.without_params(verb)?;
            if given.span.is_some() {
                return Err(format!("`{verb}` takes no --for: a lock holds until it is ended by `unlock`"));
            }
            let whom = given.named.ok_or(format!("nobody is named: /jit {verb} PERSON|ROLE --reason \"why\""))?;
            let (whom, reason) = (address(whom), why(given.reason)?);
            Ok(Said::Act(if verb == "lock" { Act::Lock { whom, reason } } else { Act::Unlock { whom, reason } }))
        }
        "release" | "cancel" => {
            let (id, None) = (words.next().unwrap_or_default(), words.next()) else {
                return Err(format!("`{verb}` wants one id; {HELP}"));
            };
            if verb == "release" {
                let grant = id.parse().map_err(|error| format!("{error}; your message of the approval has it"))?;
                return Ok(Said::Act(Act::Release(grant)));
            }
            Ok(Said::Act(Act::Cancel(id.parse().map_err(|error| format!("{error}"))?)))
        }
        "help" | "--help" => Err(HELP.to_owned()),
        _ => Err(format!("there is no such command; {HELP}")),
    }
}

fn why(reason: Option<String>) -> Result<String, String> {
    reason.filter(|reason| !reason.trim().is_empty()).ok_or_else(|| "say what for: --reason \"…\"".to_owned())
}

/// An e-mail address without the link that Slack's clients make of one: `<mailto:a@b|a@b>`.
fn address(typed: String) -> String {
    let linked = typed.strip_prefix("<mailto:").and_then(|rest| rest.strip_suffix('>'));
    linked.and_then(|inside| inside.split_once('|')).map_or(typed.clone(), |(address, _)| address.to_owned())
}

/// What a command was given besides its verb.
#[derive(Default)]
struct Given {
    named: Option<String>,
    params: Params,
    span: Option<Span>,
    reason: Option<String>,
}

impl Given {
    fn without_params(&self, verb: &str) -> Result<(), String> {
        if self.params.is_empty() { Ok(()) } else { Err(format!("`{verb}` takes no --param")) }
    }
}

fn options<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Given, String> {
    let mut all = Given::default();
    while let Some(word) = words.next() {
        // Some keyboards make one long dash of two hyphens.
        let word = word.strip_prefix('\u{2014}').map_or_else(|| word.to_owned(), |rest| format!("--{rest}"));
        let (option, given) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option.to_owned(), Some(value.to_owned())),
            _ => (word, None),
        };
        let mut value =
            || given.clone().or_else(|| words.next().map(str::to_owned)).ok_or(format!("`{option}` wants a value"));
        let twice = |there: bool| if there { Err(format!("`{option}` is given twice")) } else { Ok(()) };
        match option.as_str() {
            "--for" => {
                twice(all.span.is_some())?;
                all.span = Some(value()?.parse::<Span>().map_err(|error| error.to_string())?);
            }
            "--reason" | "-r" => {
                twice(all.reason.is_some())?;
                all.reason = Some(value()?);
            }
            "--param" | "-p" => {
                let pair = value()?;
                let (name, value) = pair.split_once('=').ok_or("`--param` is written as in --param schema=sales")?;
                let name = name.parse::<ParamName>().map_err(|error| error.to_string())?;
                twice(all.params.insert(name, ParamValue::Text(value.to_owned())).is_some())?;
            }
            other if other.starts_with('-') => return Err(format!("there is no such option; {HELP}")),
            other if all.named.is_none() => all.named = Some(other.to_owned()),
            _ => return Err("there is a word too many; put the reason in quotes: --reason \"…\"".to_owned()),
        }
    }
    Ok(all)
}

/// Slack writes these three as entities, and no other (docs.slack.dev/messaging/formatting-message-text).
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Splits into words at blanks outside of quotes. The curly quotes of keyboards count, and close each other; between straight
/// double quotes a backslash takes the meaning from a quote and from itself.
fn split(text: &str) -> Result<Vec<String>, String> {
    let curly = |c: char| matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}');
    let (mut words, mut word, mut open) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let closes = match open {
            Some(quote) if curly(quote) => curly(c) || c == '"',
            Some(quote) => c == quote,
            None => false,
        };
        if closes {
            open = None;
        } else if open.is_some() {
            let meant =
                if c == '\\' && open == Some('"') { letters.next_if(|next| "\"\\".contains(*next)) } else { None };
            word.get_or_insert_default().push(meant.unwrap_or(c));
        } else if c == '"' || curly(c) || (c == '\'' && word.is_none()) {
            // An apostrophe inside of a word is one.
            open = Some(c);
            word.get_or_insert_default();
        } else if c.is_whitespace() {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(c);
        }
    }
    if open.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_refused_in_words(typed in ".*") {
            if let Err(why) = read(&typed) {
                prop_assert!(!why.is_empty());
            }
        }

        #[test]
        fn what_is_quoted_is_one_word(text in "[^\0]+") {
            prop_assume!(!text.trim().is_empty());
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let typed = format!("request a --reason \"{quoted}\"");
            let escaped = typed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(read(&escaped), said("a", &[], None, &text));
        }
    }

    fn said(role: &str, params: &[(&str, &str)], span: Option<&str>, reason: &str) -> Result<Said, String> {
        let params = params.iter().map(|(k, v)| (k.parse().unwrap(), ParamValue::Text((*v).to_owned()))).collect();
        let (role, span) = (role.parse().unwrap(), span.map(|span| span.parse().unwrap()));
        Ok(Said::Request { role, params, span, reason: reason.to_owned() })
    }

    #[test]
    fn a_request_is_read_as_people_type_it() {
        let plain = "request db-read --for 2h --reason \"INC-42 slow orders\" --param schema=sales";
        assert_eq!(read(plain), said("db-read", &[("schema", "sales")], Some("2h"), "INC-42 slow orders"));
        let phone = "request db-read \u{2014}for 2h \u{2014}reason \u{201c}it\u{2019}s slow\u{201d}";
        assert_eq!(read(phone), said("db-read", &[], Some("2h"), "it\u{2019}s slow"));
        assert_eq!(read("request a --reason=x"), said("a", &[], None, "x"));
        assert_eq!(read("  request   a -r don't "), said("a", &[], None, "don't"));
        assert_eq!(read("request a -r 'a  &lt;b&gt; &amp;lt;'"), said("a", &[], None, "a  <b> &lt;"));
        let quoted = "request a -r \"say \\\"C:\\temp\\\\\\\" \u{201c}now\u{201d}\"";
        assert_eq!(read(quoted), said("a", &[], None, "say \"C:\\temp\\\" \u{201c}now\u{201d}"));
        assert_eq!(read("request a -p q= -r x"), said("a", &[("q", "")], None, "x"));
    }

    #[test]
    fn a_mistake_is_told_and_nothing_is_guessed() {
        for bad in [
            "",
            "help",
            "approve req_1",
            "request",
            "request a",
            "request a --reason",
            "request a --reason \" \"",
            "request a --reason \"x",
            "request a b --reason x",
            "request A --reason x",
            "request a --for 2 --reason x",
            "request a --for 1h --for 2h --reason x",
            "request a --force --reason x",
            "request a -p x -r y",
            "request a -p x=1 -p x=2 -r y",
            "release",
            "release gr_1",
            "release gr_00000000000000000000000000 x",
            "cancel gr_00000000000000000000000000",
            "extend",
            "extend gr_1 --for 1h -r x",
            "extend gr_00000000000000000000000000 -r x",
            "extend gr_00000000000000000000000000 --for 1h",
            "extend gr_00000000000000000000000000 --for 1h -r x -p a=b",
            "lock",
            "lock eve",
            "lock eve --reason \" \"",
            "unlock eve bob -r x",
            "lock eve --for 1h -r x",
            "lock eve -p a=b -r x",
        ] {
            assert!(read(bad).is_err_and(|why| !why.is_empty()), "{bad}");
        }
    }

    #[test]
    fn more_time_and_locks_are_read() {
        let id = "gr_00000000000000000000000000";
        let (grant, reason) = (id.parse().unwrap(), "still slow".to_owned());
        let extend = Act::Extend { grant, span: Span::from_secs(3600), reason };
        assert_eq!(read(&format!("extend {id} --for 1h --reason \"still slow\"")), Ok(Said::Act(extend)));
        let (whom, reason) = ("eve@example.com".to_owned(), "left".to_owned());
        let lock = Act::Lock { whom: whom.clone(), reason: reason.clone() };
        assert_eq!(read("lock eve@example.com -r left"), Ok(Said::Act(lock.clone())));
        assert_eq!(read("lock &lt;mailto:eve@example.com|eve@example.com&gt; -r left"), Ok(Said::Act(lock)));
        assert_eq!(read("unlock eve@example.com -r left"), Ok(Said::Act(Act::Unlock { whom, reason })));
    }

    #[test]
    fn ids_are_read() {
        let id = "00000000000000000000000000";
        assert!(matches!(read(&format!("release gr_{id}")), Ok(Said::Act(Act::Release(_)))));
        assert!(matches!(read(&format!("cancel req_{id}")), Ok(Said::Act(Act::Cancel(_)))));
    }
}
