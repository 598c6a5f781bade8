//! The adapter against the double of Slack: the conformance suite, Slack's own rules, the official clients.
#![cfg(test)]

mod common;
mod conformance;
mod docs;
mod messages;
mod official;
mod people;
mod picture;
mod rates;
mod socket;
mod tls;
mod tools;
