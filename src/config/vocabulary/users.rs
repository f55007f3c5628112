//! The words of jaas-config.xml: users, their passwords and roles.

use super::{
    Entry, Place,
    Syntax::{Secret, Text},
};

pub(super) const USERS: &[Entry] = &[
    Entry::nest("user", Place::User, "Somebody who can log in").any(),
    Entry::nest("role", Place::Role, "What users may be").any(),
];

pub(super) const USER: &[Entry] = &[
    Entry::leaf("name", Text, "joe", "What the user logs in with").once(),
    Entry::leaf("password", Secret, "$argon2id$…", "The hash of the password").once(),
    ROLE_NAME,
];

pub(super) const ROLE: &[Entry] = &[
    Entry::leaf("name", Text, "AUTHORIZED", "What constraints call it").once(),
    Entry::leaf("description", Text, "May use the services", "What people call it"),
    ROLE_NAME,
];

const ROLE_NAME: Entry = Entry::leaf("role-name", Text, "AUTHORIZED", "A role that comes with it").any();
