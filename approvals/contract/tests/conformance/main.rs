//! The suite tried on itself: good adapters pass it, and each bad one is caught by the trial that is there for it.
#![cfg(test)]

mod bad;
mod bent;
mod defects;
mod good;
