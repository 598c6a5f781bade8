//! What a request would do, before it is filed.

use std::collections::BTreeSet;

use jit_life::policy::{self, Caller, MayRequest, Wish};
use jit_life::request::longest;
use jit_life::{Approval, Refused, Request};
use jit_types::{Params, PersonId, RequestId, RoleName, Span, Tail, Timestamp, Words};

use super::refusals::Attempt;
use crate::error::Error;
use crate::house::House;

/// What a request would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The role.
    pub role: RoleName,
    /// What it is for.
    pub about: Words,
    /// What it gives, a line an entitlement.
    pub gives: Vec<Words>,
    /// What else to know.
    pub warnings: Vec<Words>,
    /// With which parameters.
    pub params: Params,
    /// For how long.
    pub span: Span,
    /// Who is asked.
    pub asked: Asked,
    /// Within how long of filing somebody must decide.
    pub decide_by: Span,
    /// Within how long of the approval it must be used.
    pub start_by: Span,
    /// The latest moment at which the window may end.
    pub worst_end: Timestamp,
    /// What may go on after the end while broker and target run.
    pub swept: Tail,
    /// What may go on after the end while nobody sweeps.
    pub unswept: Tail,
    /// The open request that covers it already, where there is one.
    pub covered_by: Option<RequestId>,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody: the rule approves.
    Rule,
    /// So many of these people.
    People {
        /// How many.
        count: u32,
        /// Whom the rule names, in words.
        from: Words,
        /// Who that is now, besides the requester.
        people: BTreeSet<PersonId>,
    },
}

impl House {
    /// Says what a wish would do.
    ///
    /// # Errors
    /// When it may not be filed.
    pub async fn plan(&self, caller: &Caller, wish: &Wish) -> Result<Plan, Error> {
        match self.may_request(caller, wish) {
            Ok(right) => match self.store().locks().open(caller.subject, caller.subject, right.role()) {
                Ok(()) => self.plan_of(&right).await,
                Err(locked) => Err(self.refuse(caller, Attempt::role("request.planned", &wish.role), locked).await),
            },
            Err(refused) => Err(self.refuse(caller, Attempt::role("request.planned", &wish.role), refused).await),
        }
    }

    pub(crate) fn may_request(&self, caller: &Caller, wish: &Wish) -> Result<MayRequest, Refused> {
        let rules = self.rules();
        let right = policy::may_request(&rules, caller, wish, &|name, scope| self.promise(name, scope))?;
        if let Asked::People { count, people, .. } = self.asked(&right)
            && (people.len() as u32) < count
        {
            let message =
                format!("`{}` needs {count} other people to approve, and there are {}", right.role(), people.len());
            return Err(Refused::new(jit_life::RefusedKind::Denied, "approve", message)
                .hint("an administrator has to name more approvers for this role"));
        }
        Ok(right)
    }

    fn asked(&self, right: &MayRequest) -> Asked {
        let rules = self.rules();
        match right.approval() {
            Approval::ByRule => Asked::Rule,
            Approval::ByPeople { count, from } => Asked::People {
                count: *count,
                from: Words::new(policy::describe(from)),
                people: rules
                    .roles
                    .get(right.role())
                    .map(|role| policy::deciders(&rules, role, &right.caller().person))
                    .unwrap_or_default(),
            },
        }
    }

    async fn plan_of(&self, right: &MayRequest) -> Result<Plan, Error> {
        let rules = self.rules();
        let limits = right.limits();
        let asked = self.asked(right);
        let wait = if asked == Asked::Rule { Span::ZERO } else { limits.decide_by };
        let key = Request::key(right.caller().subject, right.role(), right.params());
        let query = crate::store::Query { subject: Some(right.caller().subject), open: true, ..Default::default() };
        let open = self.store().requests(query).await?;
        Ok(Plan {
            role: right.role().clone(),
            about: rules.roles.get(right.role()).map_or_else(|| Words::new(""), |role| role.about.clone()),
            gives: right.gives().iter().map(|g| g.capability.gives.clone()).collect(),
            warnings: right.gives().iter().flat_map(|g| g.capability.warnings.clone()).collect(),
            params: right.params().clone(),
            span: right.span(),
            asked,
            decide_by: limits.decide_by,
            start_by: limits.start_by,
            worst_end: self.now().after(wait).after(limits.start_by).after(right.span()),
            swept: longest(right.gives().iter().map(|g| g.capability.swept.clone())),
            unswept: longest(right.gives().iter().map(|g| g.capability.unswept.clone())),
            covered_by: open.iter().find(|request| request.own_key() == key).map(|request| request.id),
        })
    }
}
