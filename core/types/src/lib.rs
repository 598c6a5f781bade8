//! The words that every room of the house shares.
//!
//! Nothing here does I/O, reads a clock or draws a random number: ids are made from parts that the caller brings,
//! times are values. A name with rules is a type whose only door is a parser, so that a value that exists is valid.

#![warn(missing_docs)]

pub mod capability;
pub mod class;
pub mod digest;
pub mod event;
pub mod form;
pub mod id;
pub mod lease;
pub mod material;
pub mod name;
pub mod param;
pub mod proof;
pub mod scram;
pub mod secret;
pub mod settings;
pub mod time;

pub use capability::{Capability, Extends, Lane, Tail};
pub use class::{Class, Classified, Field, Fields, Free, Value};
pub use digest::Digest;
pub use event::{Commitment, Event, Outcome};
pub use form::{Form, FormKind, PostgresForm, SshForm};
pub use id::{AskId, ClaimId, EventId, GrantId, HouseId, Id, IdKind, OpeningId, RequestId, Subject, TokenId};
pub use lease::{Handle, Scope, Usable};
pub use material::{Material, MaterialKind, ScramVerifier, SshPublicKey};
pub use name::{BackendName, ChannelName, GroupName, NameError, PersonId, Principal, RoleName};
pub use param::{ParamName, ParamValue, Params};
pub use proof::{Grade, Proof, Words};
pub use secret::Secret;
pub use time::{Span, Timestamp, Window};
