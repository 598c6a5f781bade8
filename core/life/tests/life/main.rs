//! The pure core, played through: random orders of commands, crashes between any two effects, clocks that jump.
//!
//! `world` is a store, a driver and a clock; `target` is what is issued in; `watch` holds what must be so after every
//! step, under the names that `properties` turns into tests. `twists` plays single stories, `faults` spoils
//! the step to see that the watch sees it, `policy` asks the rules, `hash` what a review names, `bounds` what a claim
//! may not go beyond. `longer` and `watch_longer` are the part of `ops` and of `watch` that came with extensions and
//! locks; `extend`, `moves` and `lock` play their stories; `expired` plays what ends by the target's own clock; `keyless`
//! what is asked for over chat. `stored` reads what earlier versions have written.
#![cfg(test)]

mod bounds;
mod expired;
mod extend;
mod faults;
mod hash;
mod keyless;
mod kit;
mod lock;
mod longer;
mod moves;
mod ops;
mod policy;
mod properties;
mod stored;
mod target;
mod twists;
mod watch;
mod watch_longer;
mod world;
