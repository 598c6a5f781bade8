//! Texts of SQL with places to fill in: `{{word}}`.

/// Fills the places of a text, in one pass: what was filled in is not looked at again, whatever a name holds.
pub(crate) fn fill(text: &str, with: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (word, after) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(&with(word));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_in_is_not_filled_in_again() {
        let filled = fill("a {{x}} b {{y}}", |word| if word == "x" { "{{y}}".to_owned() } else { "Y".to_owned() });
        assert_eq!(filled, "a {{y}} b Y");
        assert_eq!(fill("none", |_| "x".to_owned()), "none");
    }
}
