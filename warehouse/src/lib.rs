//! The SQL of each warehouse: its tables, the views that people query, and the inserts of the Workers.
//!
//! Pure: text in, text out. Who connects to the warehouse runs it.

pub mod bigquery;
pub mod d1;
mod names;
