//! The binary as people and scripts meet it, on a Redis or beside another program.

mod clocks;
mod codes;
mod delivery_reports;
mod doctor;
mod files;
mod formats;
mod hints;
mod hostile;
mod keys;
mod limits;
mod many;
mod names;
mod provider_faults;
mod read_only;
mod repeated;
mod replicas;
mod roles;
mod round_trips;
mod screens;
mod secrecy;
mod store_check;
mod stored;
mod sweeps;
mod users;
mod versions;
mod wait;
