//! Who is let in, with which roles, and which hashes are computed for it.

use super::*;

/// Of `secret`, as Python's hashlib makes it in one round with `salt`.
const CHEAP: [(&str, &str); 2] = [
    ("PBKDF2-SHA256", "$pbkdf2-sha256$1$c2FsdA$ON9CizCTCOSMNofn.QvaDpzyU1aMIex1Sg4HarSrZCM"),
    (
        "PBKDF2-SHA512",
        "$pbkdf2-sha512$1$c2FsdA$lglU.YRSbsK8iJnc9aVV1jvqwTd4RoolA9tWETkTIMhEUud408nnVvAbzHp6ZeoGKaJ3VXv8jpUAEjCc8o2JJg",
    ),
];

fn user(password: &str, roles: &[usize]) -> User {
    User { secret: Secret::read(password).unwrap(), roles: roles.to_vec() }
}

fn role(name: &str, roles: &[usize]) -> Role {
    Role { name: name.to_owned(), roles: roles.to_vec() }
}

fn users(users: &[(&str, User)], roles: Vec<Role>) -> Users {
    let users = users.iter().map(|(name, user)| ((*name).to_owned(), user.clone())).collect();
    Users::new(users, roles).unwrap()
}

/// What becomes of a login, and the recipes of the hashes that were computed for it, in order of their names.
fn judged(users: &Users, name: &str, password: &str) -> (Result<Vec<String>, Refused>, Vec<Recipe>) {
    let mut computed = Vec::new();
    let judged = users.judge(name, password.as_bytes(), |hash, password| {
        computed.push(hash.recipe());
        hash.is_of(password)
    });
    computed.sort();
    (judged.map(|roles| roles.into_iter().collect()), computed)
}

#[test]
fn a_login_that_fails_computes_one_hash_of_each_recipe_whether_or_not_there_is_the_user() {
    let [(_, one), (_, other)] = CHEAP;
    let all = users(
        &[
            ("first", user(one, &[])),
            ("second", user(one, &[])),
            ("third", user(other, &[])),
            ("plain", user("secret", &[])),
        ],
        vec![],
    );
    let recipes = vec![Hash::read(one).unwrap().recipe(), Hash::read(other).unwrap().recipe()];
    for name in ["first", "second", "third", "plain"] {
        assert_eq!(judged(&all, name, "Secret"), (Err(Refused::WrongPassword), recipes.clone()), "{name}");
    }
    // Also with a password that is another user's.
    for password in ["Secret", "secret", ""] {
        assert_eq!(judged(&all, "nobody", password), (Err(Refused::UnknownUser), recipes.clone()));
    }
}

#[test]
fn a_login_that_is_good_computes_the_hash_of_the_user_alone() {
    let [(_, one), (_, other)] = CHEAP;
    let all =
        users(&[("first", user(one, &[])), ("third", user(other, &[])), ("p", user("secret", &[]))], vec![]);
    assert_eq!(judged(&all, "first", "secret"), (Ok(vec![]), vec![Hash::read(one).unwrap().recipe()]));
    assert_eq!(judged(&all, "third", "secret"), (Ok(vec![]), vec![Hash::read(other).unwrap().recipe()]));
    assert_eq!(judged(&all, "p", "secret"), (Ok(vec![]), vec![]));
}

#[test]
fn a_plain_password_is_compared_to_its_end() {
    let all = users(&[("p", user("secret", &[]))], vec![]);
    for password in ["", "s", "secre", "secret ", "secrets", "Secret", "secret\0"] {
        assert_eq!(judged(&all, "p", password).0, Err(Refused::WrongPassword), "{password:?}");
    }
}

#[test]
fn names_are_told_apart_by_each_letter() {
    let all = users(&[("joe", user("secret", &[]))], vec![]);
    for name in ["", "Joe", "joe ", "jo", "joé"] {
        assert_eq!(judged(&all, name, "secret").0, Err(Refused::UnknownUser), "{name:?}");
    }
}

#[test]
fn where_a_hash_cannot_be_computed_nobody_is_let_in_nor_said_to_be_wrong() {
    let all = users(&[("first", user(CHEAP[0].1, &[]))], vec![]);
    for name in ["first", "nobody"] {
        assert_eq!(all.judge(name, b"secret", |_, _| Err(Broken)), Err(Refused::Broken(Broken)));
    }
}

#[test]
fn roles_lead_to_roles_in_circles_too() {
    let roles = vec![
        role("boss", &[1, 3]),
        role("staff", &[2]),
        role("guest", &[]),
        role("a", &[4]),
        role("b", &[3, 4]),
        role("other", &[0]),
    ];
    let all =
        users(&[("joe", user("x", &[0])), ("eve", user("x", &[2, 1, 2])), ("bob", user("x", &[]))], roles);
    let of = |name| judged(&all, name, "x").0.unwrap();
    assert_eq!(of("joe"), ["a", "b", "boss", "guest", "staff"]);
    assert_eq!(of("eve"), ["guest", "staff"]);
    assert!(of("bob").is_empty());
}

#[test]
fn hashes_of_too_many_recipes_are_refused() {
    let of = |count: usize| {
        let user = |n: usize| (n.to_string(), user(&CHEAP[0].1.replace("$1$", &format!("${}$", n + 1)), &[]));
        Users::new((0..count).map(user).collect(), vec![])
    };
    assert_eq!(of(MAX_RECIPES).unwrap().len(), MAX_RECIPES);
    assert_eq!(of(MAX_RECIPES + 1).unwrap_err(), TooManyRecipes);
}

#[test]
fn a_password_is_never_formatted() {
    let all = users(&[("p", user("hunter2", &[]))], vec![]);
    assert!(!format!("{all:?}").contains("hunter2"), "{all:?}");
}
