//! The engine: joins what is issued, who says yes, and the record of both.

pub mod audit;
