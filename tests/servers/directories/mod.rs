//! Directories with real parts: PostgreSQL and MariaDB with an application's table, and the APIs of Frappe, Keycloak and
//! PostgREST as their documentation has them.

mod apis;
mod article;
mod databases;
mod spellings;
