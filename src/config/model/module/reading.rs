//! From the elements of `login-modules` to login modules.

use std::{ops::Range, path::PathBuf, time::Duration};

use super::{Judge, Kerberos5, LoginModule, Passwords};
use crate::{
    config::{
        fields::Fields,
        model::Folder,
        problems::Problems,
        report::{Problem, nearest, quoted},
        spanned::Spanned,
        vocabulary::{ModuleType, Place, refused_module},
        xml::Element,
    },
    realm::chain::Success,
};

/// What there is to know when options are read.
pub(super) struct Reading<'a, 'e> {
    /// The element `options`, or the module itself where it has none.
    pub(super) fields: Fields<'e>,
    pub(super) folder: &'a Folder<'a>,
    /// Where the module is named.
    pub(super) span: Range<usize>,
    pub(super) problems: &'a mut Problems,
}

impl LoginModule {
    /// All in `login-modules`.
    pub(in crate::config) fn all(
        element: &Element,
        folder: &Folder<'_>,
        problems: &mut Problems,
    ) -> Vec<Self> {
        let fields = Fields::read(element, Place::LoginModules, problems);
        let mut modules: Vec<Self> = Vec::new();
        for element in fields.children("login-module") {
            let before = modules.iter().rev().find_map(|module| match &module.judge {
                Judge::Kerberos5(kerberos5) => Some(kerberos5.as_ref()),
                _ => None,
            });
            let module = Self::read(element, before, folder, problems);
            modules.extend(module);
        }
        modules
    }

    fn read(
        element: &Element,
        before: Option<&Kerberos5>,
        folder: &Folder<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let fields = Fields::read(element, Place::LoginModule, problems);
        let success = match fields.word("success") {
            Some("optional") => Some(Success::Optional),
            Some("required") => Some(Success::Required),
            Some("requisite") => Some(Success::Requisite),
            Some("sufficient") => Some(Success::Sufficient),
            _ => None,
        };
        let module = module_type(&fields.text("type")?, problems)?;
        let place = Place::Module(module);
        let options = match fields.child("options") {
            Some(options) => Fields::read(options, place, problems),
            None => Fields::none(element, "options", place, problems),
        };
        let debug = options.flag("debug").unwrap_or(false);
        let span = element.name_span.clone();
        let mut reading = Reading { fields: options, folder, span, problems };
        let grants = reading.each("grant", str::parse);
        Some(Self { judge: reading.judge(module, before)?, success: success?, debug, grants })
    }
}

fn module_type(text: &Spanned<String>, problems: &mut Problems) -> Option<ModuleType> {
    if let Some(module) = ModuleType::ALL.into_iter().find(|module| module.word() == text.as_str()) {
        return Some(module);
    }
    let words = ModuleType::ALL.map(ModuleType::word);
    let (says, help) = match refused_module(text) {
        Some(reason) => {
            (format!("login modules of type {} are not supported", quoted(text)), reason.to_owned())
        }
        None => (
            format!("<type> is {}, which is no type of login module", quoted(text)),
            match nearest(text, words) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("use one of {}", words.join(", ")),
            },
        ),
    };
    problems.push(Problem::error(text.span.clone(), says).help(help));
    None
}

impl Reading<'_, '_> {
    fn judge(mut self, module: ModuleType, before: Option<&Kerberos5>) -> Option<Judge> {
        Some(match module {
            ModuleType::Exec => Judge::Exec(self.exec()?),
            ModuleType::File => Judge::File(self.file()?),
            ModuleType::Gss => Judge::Gss(Box::new(self.gss(before)?)),
            ModuleType::Http => Judge::Http(self.http()?),
            ModuleType::Jwt => Judge::Jwt(Box::new(self.jwt()?)),
            ModuleType::Kerberos5 => Judge::Kerberos5(Box::new(self.kerberos5()?)),
            ModuleType::Keystore => Judge::Keystore(self.keystore()?),
            ModuleType::Ldap => Judge::Ldap(Box::new(self.ldap()?)),
        })
    }

    pub(super) fn passwords(&self) -> Passwords {
        let only = self.flag("useFirstPass");
        Passwords { first: only || self.flag("tryFirstPass"), only }
    }

    /// What all elements of this name say, read by `read`.
    pub(super) fn each<T, E: ToString>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let mut values = Vec::new();
        for text in self.fields.texts(name) {
            match read(&text) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let says = format!("<{name}> is {}", quoted(&text));
                    self.problems.push(Problem::error(text.span, says).help(error.to_string()));
                }
            }
        }
        values
    }

    pub(super) fn names(&self, name: &str) -> Vec<String> {
        self.fields.texts(name).into_iter().map(|text| text.value).collect()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.fields.flag(name).unwrap_or(false)
    }

    pub(super) fn size(&self, name: &str) -> Option<usize> {
        self.fields.count(name).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    pub(super) fn time(&self, name: &str, default: u64) -> Duration {
        self.fields.time(name).unwrap_or(Duration::from_secs(default))
    }

    /// Whole seconds: tickets and cookies know no others.
    pub(super) fn seconds(&self, name: &str) -> Option<i64> {
        self.fields.time(name).map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
    }

    pub(super) fn path(&self, name: &str) -> Option<Spanned<PathBuf>> {
        self.paths(name).into_iter().next()
    }

    pub(super) fn paths(&self, name: &str) -> Vec<Spanned<PathBuf>> {
        self.fields.texts(name).into_iter().map(|text| self.folder.path(text)).collect()
    }
}
