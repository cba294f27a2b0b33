//! Small components and helpers that all views share.

pub mod back;
pub mod copying;
pub mod date;
pub mod dynamic;
pub mod explain;
pub mod field;
pub mod files;
pub mod focus;
pub mod icon;
pub mod lazy;
pub mod menu;
pub mod param;
pub mod picker;
pub mod screen;
