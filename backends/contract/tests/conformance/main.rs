//! The suite tried on itself: good backends pass it, and each bad one is caught by the trial that is there for it.
#![cfg(test)]

mod bad;
mod defects;
mod fake;
mod good;
