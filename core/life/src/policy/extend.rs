//! The right to ask for more time.

use jit_types::{Digest, Params, RoleName, Span};

use super::{Ask, Caller, MayRequest, Resolved, check_params, check_reason, resolve, visible_role};
use crate::refused::{Refused, RefusedKind};
use crate::request::Request;
use crate::role::{Approval, Limits, Rules};

/// The right to ask for an extension, at this moment.
///
/// How much of the role's most is left is asked again where the grant is: there, another extension may have come first.
#[derive(Clone, Debug)]
pub struct MayExtend(MayRequest);

impl MayExtend {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }
    /// For which role.
    pub fn role(&self) -> &RoleName {
        &self.0.role
    }
    /// The role as it stands now.
    pub fn revision(&self) -> Digest {
        self.0.revision
    }
    /// With which parameters.
    pub fn params(&self) -> &Params {
        &self.0.params
    }
    /// How much longer.
    pub fn span(&self) -> Span {
        self.0.span
    }
    /// The role's limits.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }
    /// Who says yes.
    pub fn approval(&self) -> &Approval {
        &self.0.approval
    }
    /// What the role gives now.
    pub fn gives(&self) -> &[Resolved] {
        &self.0.gives
    }
}

/// Asks whether a caller may ask for `span` more of what a request was granted: everything that filing asks, and what is
/// left of the role's most.
///
/// # Errors
/// The rule that refuses, by the field it is about; an outsider hears that there is no such grant.
pub fn may_extend(
    rules: &Rules,
    caller: &Caller,
    request: &Request,
    span: Span,
    reason: &str,
    backends: &Ask<'_>,
) -> Result<MayExtend, Refused> {
    if request.subject != caller.subject {
        return Err(Refused::not_found("grant"));
    }
    let role = visible_role(rules, caller, &request.role).map_err(|_| {
        Refused::new(RefusedKind::Denied, "role", format!("you may no longer use `{}`", request.role))
            .hint("ask an administrator what has changed")
    })?;
    let granted = request.grant.as_ref().map_or(Span::ZERO, |grant| grant.span);
    within_most(&role.name, role.limits.max, granted, span)?;
    check_reason(role, reason)?;
    let params = check_params(role, &request.params)?;
    let gives = resolve(role, &params, granted.plus(span), backends)?;
    Ok(MayExtend(MayRequest::of(caller, role, params, span, gives)))
}

/// Whether an extension stays within a role's most, which includes all extensions.
///
/// # Errors
/// How much is left.
pub(crate) fn within_most(role: &RoleName, most: Span, granted: Span, span: Span) -> Result<(), Refused> {
    let left = Span::from_secs(most.secs().saturating_sub(granted.secs()));
    if span.secs() == 0 {
        let refused = Refused::new(RefusedKind::Invalid, "for", "an extension by nothing extends nothing");
        return Err(refused.hint(format!("ask for up to {left}")));
    }
    if span <= left {
        return Ok(());
    }
    let message = format!("`{role}` is given for at most {most}, extensions included: {granted} is granted already");
    let refused = Refused::new(RefusedKind::Invalid, "for", message);
    Err(if left.secs() == 0 {
        refused.hint("ask anew with `jit request` when it has ended")
    } else {
        refused.hint(format!("--for {left}"))
    })
}
