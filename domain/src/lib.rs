//! What should be true on the homeserver, what is, and the plan between them.
//!
//! The way of the data, one file a step:
//! [`directory`] and [`policy`] say what the hospital wants of whom, [`grant`]
//! what was asked beyond it, [`identity`] who is who, [`binding`] whose account is whose; [`world`] holds
//! these together, and [`desired`] says what should be by them. [`observed`] is what Synapse says. [`plan`] is
//! the difference, a list of [`action`]s and [`finding`]s; [`review`] holds
//! back what is too much at once. [`outcome`] is what became of an action, and
//! [`fault`] why it did not.
//! Beside it, [`command`] reads what people say to the bot, and [`event`] is what is kept of what happens in rooms.
//!
//! Nothing here does I/O, reads a clock, or depends on the order of its input.

pub mod access;
pub mod account_change;
pub mod account_status;
pub mod action;
pub mod announcement;
pub mod asked;
pub mod authority;
pub mod binding;
pub mod cause;
pub mod column;
pub mod command;
mod crowd;
pub mod deed;
pub mod default_level;
pub mod desired;
pub mod directory;
mod display_name;
pub mod drift;
pub mod email;
pub mod event;
pub mod explain;
pub mod fault;
pub mod find;
pub mod finding;
pub mod grant;
pub mod handover;
pub mod identity;
pub mod key;
pub mod level_budget;
pub mod levels;
pub mod listing;
pub mod localpart;
pub mod memory;
pub mod mode;
pub mod naming;
pub mod observed;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod power;
pub mod privilege;
pub mod render;
pub mod review;
pub mod rights;
pub mod room_origin;
pub mod scope;
pub mod selection;
pub mod selector;
pub mod setting;
pub mod standing;
pub mod stands;
pub mod summary;
pub mod sums;
pub mod visible;
pub mod wake;
pub mod wish;
pub mod world;
