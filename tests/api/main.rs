//! The API, seen from outside, on both databases.
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::tests_outside_test_module, reason = "these are tests")]

#[path = "../support/mod.rs"]
mod support;

mod atlassian;
mod control;
mod credential_masking;
mod document;
mod document_check;
mod document_examples;
mod document_pages;
mod documented_refusals;
mod fourth_service;
mod guards;
mod jetbrains_account;
mod license_vault;
mod openapi;
mod outlived;
mod outlived_writes;
mod pages;
mod random_requests;
mod remembered_answers;
mod why;
