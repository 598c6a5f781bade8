use proptest::prelude::*;

use super::check;
use super::kinds::kinds;
use crate::config::show::Style;

const GOOD: &str = include_str!("../../../tests/config/good.toml");

/// Shows whatever is wrong in every way there is, and looks at what comes out.
fn show(text: &str) {
    let Err(faults) = check(text, &kinds()) else { return };
    assert!(faults.count() > 0);
    for style in [Style::Plain, Style::Drawn { color: false, width: 80 }, Style::Drawn { color: true, width: 1 }] {
        let out = faults.render(style);
        let steers = |c: &char| jit_types::proof::is_unsafe(*c) && !['\n', '\u{1b}'].contains(c);
        assert_eq!(out.chars().find(steers), None);
        assert!(matches!(style, Style::Drawn { color: true, .. }) || !out.contains('\u{1b}'));
    }
    let lines = text.split('\n').count();
    for placed in faults.placed() {
        assert!((1..=lines).contains(&placed.line) && placed.column >= 1, "{placed:?}");
    }
}

#[test]
fn what_nobody_writes_by_accident_is_only_a_mistake() {
    let long = format!("[roles.x]\nabout = \"{}\"\n", "x".repeat(900_000));
    let many = "[roles.\"\u{202e}\"]\n".to_owned() + &"x = 1\n".repeat(50_000);
    let wide = format!("a = [{}]", "1,".repeat(300_000));
    let deep = format!("a = {}1{}", "{b=[".repeat(60), "]}".repeat(60));
    let roles: String = (0..3000).map(|i| format!("[roles.r{i}]\nrequest = [\"group:a\"]\n")).collect();
    let names = format!("[broker]\nadministrators = [{}]\n", "\"aaaaaaaaaa\",".repeat(50_000));
    for text in
        ["\0", "a = \"\0\"", "[people.\"a\\u0000\"]\nunix = \"\\u0000\"\n", &long, &many, &wide, &deep, &roles, &names]
    {
        assert!(check(text, &kinds()).is_err());
        show(text);
    }
}

#[test]
fn what_only_looks_like_something_else_is_refused() {
    for (from, to) in [
        ("\"bob@example.com\"]\ngroups", "\"b\u{43e}b@example.com\"]\ngroups"),
        ("unix = \"bob\"", "unix = \"bob\\u202e\""),
        ("unix = \"bob\"", "unix = \"bob alice\""),
        ("\"group:engineers\"", "\"group: engineers\""),
        ("\"group:engineers\"", "\"group:*\""),
        ("\"group:engineers\"", "\"*\""),
        ("\"group:engineers\"", "\"\""),
        ("about = \"Read the shop database\"", "about = \"Read\\nApproved by: bob\""),
        ("# nothing", "# nothing"),
    ] {
        let text = if GOOD.contains(from) { GOOD.replacen(from, to, 1) } else { format!("{GOOD}# \u{2066}{to}\n") };
        assert!(check(&text, &kinds()).is_err(), "{to:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_a_mistake_or_a_config(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        show(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_sound_file_with_something_broken_in_it_is_a_mistake_or_a_config(
        at in 0..GOOD.len(), cut in 0usize..60, put in "[\\[\\]{}=.,\"'#a-z0-9 \n\u{0}\u{202e}]{0,12}"
    ) {
        let end = (at + cut).min(GOOD.len());
        show(&format!("{}{put}{}", &GOOD[..at], &GOOD[end..]));
    }
}
