//! The options of `locum seed import`. Those for lists are the services', so they are not written here.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint};

use crate::{
    core::clock::{self, Time},
    services::importing,
};

#[derive(Debug)]
pub(in crate::cli) struct ImportArguments {
    /// Options and the files that they name.
    pub(super) files: Vec<(&'static str, String)>,
    pub(super) anonymize: bool,
    pub(super) key: Option<String>,
    pub(super) now: Option<Time>,
    pub(super) name: String,
    pub(super) customer_code: Option<u64>,
}

const ABOUT_FILES: &str = "Each FILE is the service's own answer as it was saved: one page, pages one after the other, \
an array of pages, or - for standard input; each option may be given several times.";

impl Args for ImportArguments {
    fn augment_args(command: Command) -> Command {
        let lists = importing::lists();
        let mut command = command;
        for list in &lists {
            command = command.arg(
                Arg::new(list.option)
                    .long(list.option)
                    .value_name("FILE")
                    .help(list.help)
                    .action(ArgAction::Append)
                    .value_hint(ValueHint::FilePath)
                    .help_heading("Lists"),
            );
        }
        let options = lists.iter().map(|list| list.option);
        let two: Vec<String> =
            lists.iter().skip(2).take(2).map(|list| format!("--{} {}.json", list.option, list.option)).collect();
        command
            .override_usage("locum seed import [OPTIONS] --LIST FILE [--LIST FILE]... > seed.yaml")
            .group(ArgGroup::new("lists").args(options).multiple(true).required(true))
            .arg(Arg::new("anonymize").long("anonymize").action(ArgAction::SetTrue).help(
                "Write pseudonyms for names, addresses, ids, labels and machines; counts, dates and usual products stay",
            ))
            .arg(
                Arg::new("anonymize_key")
                    .long("anonymize-key")
                    .value_name("KEY")
                    .env("LOCUM_ANONYMIZE_KEY")
                    .hide_env_values(true)
                    // Without it, real names would be written for somebody who expects pseudonyms, because the key is given.
                    .requires("anonymize")
                    .value_parser(parse_key)
                    .help(
                        "What the pseudonyms depend on: with the same key the same ones; without, random and forgotten",
                    ),
            )
            .arg(
                Arg::new("now")
                    .long("now")
                    .value_name("DATE")
                    .value_parser(clock::parse)
                    .help("When the lists were saved: the seed's dates are relative to it [default: now]"),
            )
            .arg(
                Arg::new("name")
                    .long("name")
                    .value_name("NAME")
                    .default_value("Imported")
                    .value_parser(parse_name)
                    .help("The organization's name"),
            )
            .arg(
                Arg::new("customer_code")
                    .long("customer-code")
                    .value_name("NUMBER")
                    .value_parser(clap::value_parser!(u64).range(1..))
                    .help("The organization's number [default: generated]"),
            )
            .after_help(format!(
                "{ABOUT_FILES}\n\nExample:\n  locum seed import {} --anonymize > seed.yaml\n  \
                 locum serve --seed seed.yaml --id-seed 1\n  locum env --seed seed.yaml --id-seed 1",
                two.join(" ")
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ImportArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let files = importing::lists().into_iter().flat_map(|list| {
            let paths = matches.get_many::<String>(list.option).into_iter().flatten();
            paths.map(move |path| (list.option, path.clone()))
        });
        Ok(Self {
            files: files.collect(),
            anonymize: matches.get_flag("anonymize"),
            key: matches.get_one::<String>("anonymize_key").cloned(),
            now: matches.get_one::<Time>("now").copied(),
            name: matches.get_one::<String>("name").cloned().unwrap_or_default(),
            customer_code: matches.get_one::<u64>("customer_code").copied(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("must not be empty".to_owned())
    } else if text.chars().any(char::is_control) {
        Err("must not hold control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn parse_key(text: &str) -> Result<String, String> {
    // Shorter ones can be tried out.
    if text.len() < 16 { Err("at least 16 characters".to_owned()) } else { Ok(text.to_owned()) }
}
