//! Puts a request's parameters into a role's scope: typed values into typed fields, never text into text.

use jit_types::{ParamValue, Params, Scope};
use serde_json::Value;

/// Replaces every `{"param": "name"}` by the value of that parameter.
///
/// `None` when a parameter is named that has no value.
pub fn resolve(scope: &Scope, params: &Params) -> Option<Scope> {
    walk(&scope.0, params).map(Scope)
}

/// The names of all parameters that a scope stands on.
pub fn params_in(scope: &Scope) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Value::Object(_) => match placeholder(value) {
                Some(name) => into.push(name.to_owned()),
                None => value.as_object().into_iter().flatten().for_each(|(_, inner)| collect(inner, into)),
            },
            _ => {}
        }
    }
    let mut names = Vec::new();
    collect(&scope.0, &mut names);
    names
}

fn placeholder(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    if object.len() != 1 {
        return None;
    }
    object.get("param")?.as_str()
}

fn walk(value: &Value, params: &Params) -> Option<Value> {
    if let Some(name) = placeholder(value) {
        let (_, found) = params.iter().find(|(key, _)| key.as_str() == name)?;
        return Some(match found {
            ParamValue::Bool(b) => Value::from(*b),
            ParamValue::Number(n) => Value::from(*n),
            ParamValue::Text(t) => Value::from(t.clone()),
        });
    }
    Some(match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| walk(item, params)).collect::<Option<_>>()?),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| walk(v, params).map(|v| (k.clone(), v))).collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parameter_stays_one_value_whatever_is_in_it() {
        let scope = Scope(json!({ "databases": [{ "param": "schema" }], "n": { "param": "n" }, "fixed": "x" }));
        let hostile = "a\", \"b\"], \"member_of\": [\"superuser";
        let params: Params = [
            ("schema".parse().unwrap(), ParamValue::Text(hostile.into())),
            ("n".parse().unwrap(), ParamValue::Number(3)),
        ]
        .into();
        assert_eq!(resolve(&scope, &params), Some(Scope(json!({ "databases": [hostile], "n": 3, "fixed": "x" }))));
        assert_eq!(params_in(&scope), ["schema", "n"]);
        assert_eq!(resolve(&scope, &Params::new()), None);
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_not_one() {
        let scope = Scope(json!([{ "param": "a" }]));
        let params: Params = [("a".parse().unwrap(), ParamValue::Text("{\"param\":\"b\"}".into()))].into();
        assert_eq!(resolve(&scope, &params), Some(Scope(json!(["{\"param\":\"b\"}"]))));
    }
}
