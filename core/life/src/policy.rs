//! The rules, asked: who may request, decide, use, administer.
//!
//! Each answer is a value with private parts that only this room can make, so that [`crate::transition`] can't be handed
//! a right that no rule gave. Everything is asked again at each step: when a reviewer clicks, when a window opens, at
//! every claim.

mod erase;
mod extend;

use std::collections::{BTreeMap, BTreeSet};

use jit_types::{
    BackendName, Capability, Digest, ParamName, ParamValue, Params, PersonId, Principal, RoleName, Scope, Span,
    Subject, Words,
};

use crate::refused::{Refused, RefusedKind};
use crate::role::{Approval, Limits, ParamType, Role, Rules, Who};
use crate::scope;

pub(crate) use erase::over;
pub use erase::{MayErase, may_erase};
pub(crate) use extend::within_most;
pub use extend::{MayExtend, may_extend};

/// Who calls: a principal over a channel, and the person behind it. Made by the binary's `identity` room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub person: PersonId,
    /// The person's pseudonym in store and log.
    pub subject: Subject,
    /// What they act through.
    pub principal: Principal,
    /// Whether the principal is uid 0, which approves nothing: root can act as anybody on the machine.
    pub superuser: bool,
    /// The roles that the principal is limited to, where it is.
    pub only_roles: Option<BTreeSet<RoleName>>,
}

impl Caller {
    fn reaches(&self, role: &RoleName) -> bool {
        self.only_roles.as_ref().is_none_or(|only| only.contains(role))
    }
}

/// A request as it was typed.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The role.
    pub role: RoleName,
    /// The parameters.
    pub params: Params,
    /// The duration; the role's default where none was typed.
    pub span: Option<Span>,
    /// The reason. Never kept in this form.
    pub reason: String,
}

/// One entitlement with its parameters put in, and what the backend promises of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Resolved {
    /// The backend.
    pub backend: BackendName,
    /// What the backend points at.
    pub target: String,
    /// The scope, without parameters.
    pub scope: Scope,
    /// What the backend promises.
    pub capability: Capability,
}

/// What a backend says of a scope; a refusal where the scope is not one that it may give.
pub type Ask<'a> = dyn Fn(&BackendName, &Scope) -> Result<Capability, Words> + 'a;

/// The right to file one request.
#[derive(Clone, Debug)]
pub struct MayRequest {
    caller: Caller,
    role: RoleName,
    revision: Digest,
    params: Params,
    span: Span,
    limits: Limits,
    approval: Approval,
    gives: Vec<Resolved>,
    typed: bool,
}

impl MayRequest {
    /// The right to ask for a role as it stands; made where the rules were asked, and nowhere else.
    fn of(caller: &Caller, role: &Role, params: Params, span: Span, gives: Vec<Resolved>) -> Self {
        Self {
            caller: caller.clone(),
            role: role.name.clone(),
            revision: role.revision(),
            params,
            span,
            limits: role.limits,
            approval: role.approval.clone(),
            gives,
            typed: role.params.values().any(|param| matches!(param.kind, ParamType::Text(_))),
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// For which role.
    pub fn role(&self) -> &RoleName {
        &self.role
    }
    /// The role as it stood.
    pub fn revision(&self) -> Digest {
        self.revision
    }
    /// With which parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }
    /// For how long.
    pub fn span(&self) -> Span {
        self.span
    }
    /// The role's limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }
    /// Who says yes.
    pub fn approval(&self) -> &Approval {
        &self.approval
    }
    /// What it gives.
    pub fn gives(&self) -> &[Resolved] {
        &self.gives
    }
    /// Whether a parameter is free text, so that what it gives repeats what a person typed.
    pub fn typed(&self) -> bool {
        self.typed
    }
}

/// The right to decide asks for one role, at this moment.
#[derive(Clone, Debug)]
pub struct MayDecide {
    caller: Caller,
    role: RoleName,
    revision: Digest,
    count: u32,
    eligible: BTreeSet<Subject>,
}

impl MayDecide {
    /// Who decides.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// About which role.
    pub fn role(&self) -> &RoleName {
        &self.role
    }
    /// The role as it stands now.
    pub fn revision(&self) -> Digest {
        self.revision
    }
    /// How many approvals the role wants now.
    pub fn count(&self) -> u32 {
        self.count
    }
    /// Whose approvals count now: a reviewer who has lost the right since is not in here.
    pub fn eligible(&self) -> &BTreeSet<Subject> {
        &self.eligible
    }
}

/// The right to use what was approved, at this moment.
#[derive(Clone, Debug)]
pub struct MayUse {
    caller: Caller,
    gives: Vec<Resolved>,
}

impl MayUse {
    /// Who uses it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// What the role gives now, with the request's parameters.
    pub fn gives(&self) -> &[Resolved] {
        &self.gives
    }
}

/// The right to revoke what others hold.
#[derive(Clone, Debug)]
pub struct MayAdminister {
    caller: Caller,
}

impl MayAdminister {
    /// Who administers.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// The longest reason that is taken, in bytes.
pub const LONGEST_REASON: usize = 32 * 1024;

/// Asks whether a caller may file a wish. A role that the caller may not ask for sounds like one that does not exist.
///
/// # Errors
/// The rule that refuses, by the field it is about.
pub fn may_request(rules: &Rules, caller: &Caller, wish: &Wish, backends: &Ask<'_>) -> Result<MayRequest, Refused> {
    let role = visible_role(rules, caller, &wish.role)?;
    let span = wish.span.unwrap_or(role.limits.default);
    if span.secs() == 0 {
        return Err(Refused::new(RefusedKind::Invalid, "for", "a duration of nothing opens nothing")
            .hint(format!("ask for up to {}", role.limits.max)));
    }
    if span > role.limits.max {
        let message = format!("`{}` is given for at most {}, and {span} was asked for", role.name, role.limits.max);
        return Err(Refused::new(RefusedKind::Invalid, "for", message).hint(format!("--for {}", role.limits.max)));
    }
    check_reason(role, &wish.reason)?;
    let params = check_params(role, &wish.params)?;
    let gives = resolve(role, &params, span, backends)?;
    Ok(MayRequest::of(caller, role, params, span, gives))
}

/// Asks whether a caller may decide asks for a role that somebody requested.
///
/// # Errors
/// A refusal that does not tell an outsider whether there is such a request.
pub fn may_decide(
    rules: &Rules,
    caller: &Caller,
    role: &RoleName,
    subjects: &BTreeMap<PersonId, Subject>,
) -> Result<MayDecide, Refused> {
    let role = rules.roles.get(role).ok_or_else(|| Refused::not_found("request"))?;
    let Approval::ByPeople { count, from } = &role.approval else { return Err(Refused::not_found("request")) };
    if !rules.among(&caller.person, from) || !caller.reaches(&role.name) {
        return Err(Refused::not_found("request"));
    }
    if caller.superuser {
        return Err(Refused::new(
            RefusedKind::Denied,
            "approve",
            "uid 0 approves nothing: root can act as anybody here",
        )
        .hint("decide as your own user, or with a token of yours"));
    }
    let mut eligible: BTreeSet<Subject> =
        rules.everybody(from).iter().filter_map(|p| subjects.get(p)).copied().collect();
    // Somebody who decides for the first time may not be among the known subjects yet.
    eligible.insert(caller.subject);
    Ok(MayDecide {
        caller: caller.clone(),
        role: role.name.clone(),
        revision: role.revision(),
        count: *count,
        eligible,
    })
}

/// Asks whether whoever asks may still use a role, at the moment at which it would be approved: a config that took it away holds
/// at once, and what waits is brought in line with it only then.
///
/// # Errors
/// When they may not.
pub fn may_be_given(rules: &Rules, requester: Option<&PersonId>, role: &RoleName) -> Result<(), Refused> {
    let requesters = rules.roles.get(role).map(|role| role.requesters.as_slice()).unwrap_or_default();
    if requester.is_some_and(|person| rules.among(person, requesters)) {
        return Ok(());
    }
    let message = format!("whoever asks may no longer use `{role}`");
    Err(Refused::new(RefusedKind::Conflict, "requester", message).hint("deny it, or let it be cancelled by itself"))
}

/// Asks whether a caller may still use what was approved for a role with these parameters.
///
/// # Errors
/// When the person or the role has lost it since.
pub fn may_use(
    rules: &Rules,
    caller: &Caller,
    role: &RoleName,
    params: &Params,
    backends: &Ask<'_>,
) -> Result<MayUse, Refused> {
    let role = visible_role(rules, caller, role).map_err(|_| {
        Refused::new(RefusedKind::Denied, "role", format!("you may no longer use `{role}`"))
            .hint("ask an administrator what has changed")
    })?;
    let params = check_params(role, params)?;
    let gives = resolve(role, &params, Span::ZERO, backends)?;
    Ok(MayUse { caller: caller.clone(), gives })
}

/// Asks whether a caller is an administrator.
///
/// # Errors
/// A refusal that sounds like "there is no such thing".
pub fn may_administer(rules: &Rules, caller: &Caller, noun: &str) -> Result<MayAdminister, Refused> {
    if rules.administrators.contains(&caller.person) && caller.only_roles.is_none() && !caller.superuser {
        Ok(MayAdminister { caller: caller.clone() })
    } else {
        Err(Refused::not_found(noun))
    }
}

/// Who can decide asks for a role that this person files.
pub fn deciders(rules: &Rules, role: &Role, requester: &PersonId) -> BTreeSet<PersonId> {
    match &role.approval {
        Approval::ByRule => BTreeSet::new(),
        Approval::ByPeople { from, .. } => rules.everybody(from).into_iter().filter(|p| p != requester).collect(),
    }
}

/// The roles that a caller may ask for.
pub fn requestable<'a>(rules: &'a Rules, caller: &'a Caller) -> impl Iterator<Item = &'a Role> {
    rules.roles.values().filter(|role| may_see(rules, caller, role))
}

fn may_see(rules: &Rules, caller: &Caller, role: &Role) -> bool {
    caller.reaches(&role.name) && rules.among(&caller.person, &role.requesters)
}

fn visible_role<'a>(rules: &'a Rules, caller: &Caller, name: &RoleName) -> Result<&'a Role, Refused> {
    if let Some(role) = rules.roles.get(name).filter(|role| may_see(rules, caller, role)) {
        return Ok(role);
    }
    let near = requestable(rules, caller)
        .map(|role| (jit_types::settings::distance(role.name.as_str(), name.as_str()), role))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 3);
    let hint = match near {
        Some((_, role)) => format!("did you mean `{}`? `jit roles` lists what you may ask for", role.name),
        None => "`jit roles` lists what you may ask for".to_owned(),
    };
    Err(Refused::new(RefusedKind::NotFound, "role", format!("there is no role `{name}` that you may ask for"))
        .hint(hint))
}

fn check_reason(role: &Role, reason: &str) -> Result<(), Refused> {
    let fault = |message: String| {
        let hint = role.reason.help.as_ref().map_or("say in a few words what for", |help| help.as_str());
        Err(Refused::new(RefusedKind::Invalid, "reason", message).hint(hint))
    };
    if reason.chars().all(|c| c.is_whitespace() || jit_types::proof::is_unsafe(c)) {
        return fault("a reason is missing".to_owned());
    }
    if reason.len() > LONGEST_REASON {
        return fault(format!("a reason has at most {LONGEST_REASON} bytes"));
    }
    match &role.reason.pattern {
        Some(pattern) if !whole(pattern, reason) => {
            fault(format!("the reason does not match what `{}` asks for: {}", role.name, pattern.as_str()))
        }
        _ => Ok(()),
    }
}

/// Whether a text matches as a whole. What matches first need not be the longest (`a|ab` finds `a` in `ab`), so the ends
/// are made part of the pattern; one that ends in a comment can't be wrapped and is taken as it finds.
fn whole(pattern: &regex::Regex, text: &str) -> bool {
    match regex::Regex::new(&format!(r"\A(?:{})\z", pattern.as_str())) {
        Ok(anchored) => anchored.is_match(text),
        Err(_) => pattern.find(text).is_some_and(|m| m.start() == 0 && m.end() == text.len()),
    }
}

fn check_params(role: &Role, given: &Params) -> Result<Params, Refused> {
    let fault = |name: &ParamName, message: String, hint: String| {
        Err(Refused::new(RefusedKind::Invalid, &format!("param {name}"), message).hint(hint))
    };
    for name in given.keys() {
        if !role.params.contains_key(name) {
            let known: Vec<_> = role.params.keys().map(ParamName::as_str).collect();
            let hint =
                if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", known.join(", ")) };
            return fault(name, format!("`{}` takes no parameter `{name}`", role.name), hint);
        }
    }
    let mut params = Params::new();
    for (name, param) in &role.params {
        let Some(value) = given.get(name) else {
            let hint = format!("--param {name}=…: {}", param.kind.describe());
            return fault(name, format!("the parameter `{name}` is missing"), hint);
        };
        let Some(value) = fitting(&param.kind, value) else {
            return fault(
                name,
                format!("the parameter `{name}` is not {}", param.kind.describe()),
                param.about.to_string(),
            );
        };
        params.insert(name.clone(), value);
    }
    Ok(params)
}

/// Fits a typed-in value to the parameter's type: what comes from a command line is text.
fn fitting(kind: &ParamType, value: &ParamValue) -> Option<ParamValue> {
    match (kind, value) {
        (ParamType::Choice(of), ParamValue::Text(t)) => of.contains(t).then(|| value.clone()),
        (ParamType::Text(pattern), ParamValue::Text(t)) => {
            (whole(pattern, t) && !t.chars().any(jit_types::proof::is_unsafe)).then(|| value.clone())
        }
        (ParamType::Number { min, max }, value) => {
            let n = match value {
                ParamValue::Number(n) => *n,
                ParamValue::Text(t) => t.parse().ok()?,
                ParamValue::Bool(_) => return None,
            };
            (*min..=*max).contains(&n).then_some(ParamValue::Number(n))
        }
        (ParamType::Bool, ParamValue::Bool(_)) => Some(value.clone()),
        (ParamType::Bool, ParamValue::Text(t)) => t.parse().ok().map(ParamValue::Bool),
        _ => None,
    }
}

fn resolve(role: &Role, params: &Params, span: Span, backends: &Ask<'_>) -> Result<Vec<Resolved>, Refused> {
    if role.gives.is_empty() {
        return Err(Refused::new(RefusedKind::Denied, "role", format!("`{}` gives nothing", role.name)));
    }
    role.gives
        .iter()
        .map(|gives| {
            let scope = scope::resolve(&gives.scope, params).ok_or_else(|| {
                Refused::new(
                    RefusedKind::Invalid,
                    "param",
                    format!("`{}` stands on a parameter without a value", role.name),
                )
            })?;
            let capability = backends(&gives.backend, &scope)
                .map_err(|words| Refused::new(RefusedKind::Invalid, "role", words.as_str()))?;
            if span.secs() > 0 && span < capability.shortest {
                let message = format!("`{}` can't be given for less than {}", role.name, capability.shortest);
                return Err(Refused::new(RefusedKind::Invalid, "for", message));
            }
            if capability.longest.is_some_and(|longest| span > longest) {
                let longest = capability.longest.unwrap_or_default();
                let message = format!("the target of `{}` gives at most {longest}", role.name);
                return Err(Refused::new(RefusedKind::Invalid, "for", message).hint(format!("--for {longest}")));
            }
            Ok(Resolved { backend: gives.backend.clone(), target: gives.target.clone(), scope, capability })
        })
        .collect()
}

/// Who somebody is among, in words, for a plan.
pub fn describe(who: &[Who]) -> String {
    let words: Vec<String> = who
        .iter()
        .map(|w| match w {
            Who::Person(p) => p.to_string(),
            Who::Group(g) => format!("group {g}"),
        })
        .collect();
    words.join(" or ")
}
