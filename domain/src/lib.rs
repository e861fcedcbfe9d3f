//! The pure core: desired and observed state of the homeserver, and the plan between them.
//!
//! Data flow: [`directory`] and [`policy`] say who the people are and what the hospital wants for them, and [`grant`]
//! what was requested beyond that. [`identity`] identifies people, and [`binding`] links them to accounts. [`world`]
//! combines all of these, and [`desired`] derives the desired state. [`observed`] is the state read from Synapse.
//! [`plan`] is the difference, a list of [`action`]s and [`finding`]s, and [`review`] holds back what is too much at
//! once. [`outcome`] is the result of an action, and [`fault`] why it failed. Besides, [`command`] parses messages to
//! the bot, and [`event`] is what is stored of room events.
//!
//! Nothing here does I/O, reads a clock, or depends on the order of its input.

pub mod access;
pub mod account_change;
pub mod account_status;
pub mod action;
pub mod alarm;
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
pub mod media;
pub mod memory;
pub mod mode;
pub mod naming;
pub mod observed;
pub mod outcome;
pub mod pause;
pub mod plan;
pub mod policy;
pub mod power;
pub mod privilege;
pub mod render;
pub mod report;
pub mod restraint;
pub mod review;
pub mod rights;
pub mod room_origin;
pub mod room_version;
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
mod words;
pub mod world;
