//! The command line: arguments and exit codes.
//!
//! This is the composition root: only here are parts built from settings. There is one file per command; this one only
//! defines and dispatches them.

mod adopt;
mod adopt_users;
mod audit;
mod connect;
mod deploy;
mod directory;
mod doctor;
mod explain;
mod follow;
mod given;
mod grants;
mod health;
mod output;
mod pause;
mod registration;
mod release;
mod replace;
mod rooms;
mod serve;
mod server;
mod settings;
mod setup;
mod sign_out;
mod sync;
mod systemd;
pub mod tasks;
mod users;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use given::Given;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Something failed.
    Failed,
    /// The command or a file it needs is wrong.
    Usage,
    /// A part of the plan is held.
    Held,
    /// `--exit-code`: changes are due.
    Due,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Held => 3,
            Exit::Due => 4,
        })
    }
}

/// Keeps Matrix accounts, rooms, members and power levels in line with EquipeMed.
#[derive(Debug, Parser)]
#[command(
    name = "equipemed-bot",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 a part of the plan is held, 4 changes are due\n\
                  (only where --exit-code or deploy init --dry-run asks).\n\
                  Start with: equipemed-bot registration --output registration.yaml, then setup, then sync --dry-run."
)]
pub struct Cli {
    #[command(flatten)]
    given: Given,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service: full passes by the timer, changes as they come
    ///
    /// Takes over the configuration on SIGHUP if it is valid; ends softly on SIGTERM, at once on a second one.
    Serve,
    /// Bring Synapse in line with EquipeMed once
    ///
    /// No selecting flag means everything. Flags select from one full plan; the brakes judge the whole plan first.
    #[command(after_help = "Examples:\n  equipemed-bot sync --dry-run\n  equipemed-bot sync --user ana.souza\n  \
                            equipemed-bot sync --approve 1f0c22aa")]
    Sync(SyncArgs),
    /// Stop all changes that nobody asked for by command, such as before maintenance; `doctor` and `!status` show it
    #[command(after_help = "Examples:\n  equipemed-bot pause --for 2h --because maintenance\n  equipemed-bot resume")]
    Pause {
        /// For how long, such as 2h; until `resume` when left out
        #[arg(long = "for", value_name = "DURATION")]
        duration: Option<String>,
        /// Why
        #[arg(long)]
        because: Option<String>,
    },
    /// End a pause; a running service then looks at everything
    #[command(after_help = "Example:\n  equipemed-bot resume")]
    Resume,
    /// Make the bot's account, its administrator flag and the control room; harmless when repeated
    ///
    /// Needs an administrator once, from the environment, and stores nothing of it: MATRIX_ADMIN_TOKEN, or
    /// SYNAPSE_REGISTRATION_SHARED_SECRET (a temporary administrator, deactivated at the end).
    #[command(after_help = "Example:\n  \
                            read -rs SYNAPSE_REGISTRATION_SHARED_SECRET && export SYNAPSE_REGISTRATION_SHARED_SECRET\n  \
                            equipemed-bot setup")]
    Setup {
        /// Which of several control rooms that the bot made is to be used, as after a lost database
        #[arg(long, value_name = "ID")]
        control_room: Option<String>,
    },
    /// Make a registration with fresh tokens; with --output a file readable by its owner alone
    #[command(
        after_help = "Example:\n  equipemed-bot registration --server-name hospital.example --output registration.yaml"
    )]
    Registration(registration::RegistrationArgs),
    /// People and their accounts
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Rooms of the server
    #[command(subcommand)]
    Rooms(RoomsCommand),
    /// Lasting wishes beyond the policy
    #[command(subcommand)]
    Grants(GrantsCommand),
    /// What was done, on whose behalf, and what became of it
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Why somebody is in a room, or not, and stands at that level
    #[command(
        after_help = "Examples:\n  equipemed-bot explain ana.souza\n  equipemed-bot explain @ana.souza:hospital.example icu"
    )]
    Explain {
        /// EquipeMed username, number, full name or Matrix id
        who: String,
        /// Key, name or alias of a managed room; all of them when left out
        room: Option<String>,
    },
    /// EquipeMed's database: triggers that tell who changed, and the grants of the reading role
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Write the files of a server with Synapse, nginx, Element and this service, and check them
    #[command(subcommand)]
    Deploy(deploy::DeployCommand),
    /// Check configuration, EquipeMed, Synapse and database; each failure names its fix
    Doctor,
    /// Ask the running service whether it can work: one line, 0 or 1
    ///
    /// For health checks of containers and timers. It asks /ready at telemetry.listen or appservice.listen; a service that
    /// waits for Synapse or EquipeMed is ready.
    #[command(after_help = "Example:\n  equipemed-bot health -c /etc/equipemed-bot/config.yaml")]
    Health,
    /// Alarms outside Matrix: the section alarm of the configuration
    #[command(subcommand)]
    Alarm(AlarmCommand),
    /// Check the configuration, or print the commented example
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  equipemed-bot completions bash > /etc/bash_completion.d/equipemed-bot")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
}

#[derive(Debug, Args)]
struct SyncArgs {
    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Only this person: EquipeMed username, number, full name or Matrix id; may be repeated
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,
    /// Make, adopt and link accounts
    #[arg(long)]
    create_missing: bool,
    /// Bring display names in line, and e-mail addresses with users.email
    #[arg(long)]
    update_profiles: bool,
    /// Bring Synapse administrator flags in line
    #[arg(long)]
    sync_admins: bool,
    /// Lock and unlock accounts; deactivate those of people who are gone without waiting
    #[arg(long)]
    deactivate_disabled: bool,
    /// Bring rooms, members and levels in line
    #[arg(long)]
    rooms: bool,
    /// Ask Synapse for each account whether it has the external id and the e-mail address that it was given
    ///
    /// The running service does so once a day, a few accounts at a time.
    #[arg(long)]
    verify: bool,
    /// Release this held part; may be repeated
    #[arg(long, value_name = "ID")]
    approve: Vec<String>,
    /// How the plan and the result are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print long lists of the plan in full
    #[arg(long)]
    all: bool,
    /// With --dry-run: end with 4 when changes are due
    #[arg(long, requires = "dry_run")]
    exit_code: bool,
}

#[derive(Debug, Subcommand)]
enum RoomsCommand {
    /// List all rooms of the server, managed or not
    List {
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Count rooms, accounts, people, and the members of each managed room
    Stats {
        /// How the counts are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Take over a room that is there already as the room of a key of the configuration
    #[command(
        after_help = "In a client, invite the bot into the room first and give it level 100; it takes the invitation.\n\nExamples:\n  \
                            equipemed-bot rooms adopt '!qVzZHRw…' icu --dry-run\n  equipemed-bot rooms adopt '#uti:hospital.example' icu\n  \
                            equipemed-bot rooms adopt '#uti:hospital.example' icu --accept-creators ana.souza --dry-run"
    )]
    Adopt {
        /// Its id or its alias
        room: String,
        /// The key under rooms: that it gets
        key: String,
        /// Also when the key has a room: that one is managed no longer, and stays as it is
        #[arg(long)]
        instead: bool,
        /// Also when this person stands at the bot's level there or above it, as its creator does; may be repeated
        #[arg(long, value_name = "NAME")]
        accept_creators: Vec<String>,
        /// Tell what would change there, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// How the answer is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Make a new room in the place of one that is encrypted, upgraded by hand, deleted or out of the bot's reach
    ///
    /// The new one has the same key, name, settings, alias and place in its space, and the same people come into it. Nothing
    /// that was said moves. The old one is closed and names the new one, if the bot is still in it.
    #[command(
        after_help = "Examples:\n  equipemed-bot rooms replace icu --dry-run\n  equipemed-bot rooms replace control"
    )]
    Replace {
        /// Its key in the configuration, or its name or alias
        room: String,
        /// Tell what would be done, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// How the answer is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Delete rooms that nobody is in or invited to and that are not managed, after listing them
    #[command(after_help = "Example:\n  equipemed-bot rooms cleanup --dry-run")]
    Cleanup {
        /// List them and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Delete those that somebody is invited to as well
        #[arg(long)]
        with_invitations: bool,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List the newest entries
    #[command(
        after_help = "Examples:\n  equipemed-bot audit list --user carlos.lima\n  equipemed-bot audit list --outcome failed --since 2026-01-31"
    )]
    List {
        #[command(flatten)]
        which: audit::Which,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        last: usize,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print all entries, one JSON object a line, the newest first
    #[command(after_help = "Example:\n  equipemed-bot audit export --since 2026-01-01 > audit.jsonl")]
    Export {
        #[command(flatten)]
        which: audit::Which,
    },
}

#[derive(Debug, Subcommand)]
enum GrantsCommand {
    /// List grants that hold, or all
    List {
        /// Also those that ended
        #[arg(long)]
        all: bool,
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Add a grant; the next pass carries it out
    #[command(
        after_help = "Examples:\n  equipemed-bot grants add ana.souza moderator --in icu --for 12h --because \"night shift\"\n  \
                            equipemed-bot grants add joao.lima lock --because \"lost phone\""
    )]
    Add {
        /// EquipeMed username, number, full name or Matrix id
        who: String,
        /// moderator, admin, mute, kick, ban, lock, deactivate, or a level from 0 to 100
        what: String,
        /// A room, or a space with all below; everywhere when left out
        #[arg(long = "in", value_name = "ROOM")]
        room: Option<String>,
        /// For how long, such as 2h or 30d; until it is ended when left out, a kick for 24 hours
        #[arg(long = "for", value_name = "DURATION")]
        duration: Option<String>,
        /// Why
        #[arg(long)]
        because: Option<String>,
        /// On behalf of this person, if they may: EquipeMed username, number, full name or Matrix id; the operator may when left out
        #[arg(long = "as", value_name = "WHO")]
        by: Option<String>,
    },
    /// End a grant
    End {
        /// Its number
        id: i64,
        /// On behalf of this person, if they may; the operator may when left out
        #[arg(long = "as", value_name = "WHO")]
        by: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum DirectoryCommand {
    /// Put triggers into EquipeMed's database that tell this service who changed
    ///
    /// They tell ids only, and only when a value that matters changed; they never fail a statement of EquipeMed's. Needs
    /// the address of an administrator of that database once, from the environment: EQUIPEMED_ADMIN_URL (or a file named in
    /// EQUIPEMED_ADMIN_URL_FILE). Never the role of directory.url, which may only read.
    #[command(after_help = "Examples:\n  equipemed-bot directory install-triggers --print > for-the-dba.sql\n  \
                            read -rs EQUIPEMED_ADMIN_URL && export EQUIPEMED_ADMIN_URL\n  equipemed-bot directory install-triggers")]
    InstallTriggers {
        /// Print the SQL, with the grants of the reading role, and do nothing
        #[arg(long)]
        print: bool,
    },
    /// Take the triggers out again; nothing of them is left
    #[command(
        after_help = "Example:\n  read -rs EQUIPEMED_ADMIN_URL && export EQUIPEMED_ADMIN_URL\n  equipemed-bot directory uninstall-triggers"
    )]
    UninstallTriggers {
        /// Print the SQL and do nothing
        #[arg(long)]
        print: bool,
    },
}

#[derive(Debug, Subcommand)]
enum AlarmCommand {
    /// Send a trial alarm by every configured way
    #[command(after_help = "Example:\n  equipemed-bot alarm test")]
    Test,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Read and check everything the configuration names; all problems at once
    Check,
    /// Print the commented example
    Example,
}

/// Runs a command to its end.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let given = cli.given;
    let result = match cli.command {
        Command::Completions { shell } => {
            // Into memory first: clap_complete panics on a closed pipe.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "equipemed-bot", &mut script);
            output::text(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
        Command::Config(ConfigCommand::Example) => {
            output::text(crate::config::EXAMPLE);
            Ok(Exit::Done)
        }
        Command::Config(ConfigCommand::Check) => connect::on_runtime(settings::check(&given.config)),
        Command::Registration(args) => registration::run(&given.config, &args),
        Command::Deploy(command) => deploy::run(&command),
        Command::Health => health::health(&given.config),
        command => {
            // Other commands end before memory matters.
            if matches!(command, Command::Serve) {
                crate::heap::keep_small();
            }
            connect::on_runtime(run_async(&given, command))
        }
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => output::failure(&error).into(),
    }
}

async fn run_async(given: &Given, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Serve => serve::run(&given.config).await,
        Command::Sync(args) => Box::pin(sync::run(given, args)).await,
        Command::Pause { duration, because } => pause::pause(given, duration.as_deref(), because).await,
        Command::Resume => pause::resume(given).await,
        Command::Setup { control_room } => setup::run(given, control_room.as_deref()).await,
        Command::Users(command) => users::run(given, command).await,
        Command::Rooms(RoomsCommand::List { format }) => rooms::list(given, format).await,
        Command::Rooms(RoomsCommand::Stats { format }) => rooms::stats(given, format).await,
        Command::Rooms(RoomsCommand::Adopt { room, key, instead, accept_creators, dry_run, format }) => {
            adopt::adopt(given, adopt::AdoptWish { room, key, instead, accept_creators, dry_run, format }).await
        }
        Command::Rooms(RoomsCommand::Replace { room, dry_run, format }) => {
            replace::replace(given, &room, dry_run, format).await
        }
        Command::Rooms(RoomsCommand::Cleanup { dry_run, with_invitations, format }) => {
            rooms::cleanup(given, dry_run, with_invitations, format).await
        }
        Command::Audit(AuditCommand::List { which, last, format }) => audit::list(given, &which, last, format).await,
        Command::Audit(AuditCommand::Export { which }) => audit::export(given, &which).await,
        Command::Grants(GrantsCommand::List { all, format }) => grants::list(given, all, format).await,
        Command::Grants(GrantsCommand::Add { who, what, room, duration, because, by }) => {
            grants::add(given, grants::GrantWish { who, what, room, duration, because, by }).await
        }
        Command::Grants(GrantsCommand::End { id, by }) => grants::end(given, id, by.as_deref()).await,
        Command::Explain { who, room } => explain::run(given, &who, room.as_deref()).await,
        Command::Directory(DirectoryCommand::InstallTriggers { print }) => {
            directory::install(&given.config, print).await
        }
        Command::Directory(DirectoryCommand::UninstallTriggers { print }) => {
            directory::uninstall(&given.config, print).await
        }
        Command::Doctor => doctor::run(given).await,
        Command::Alarm(AlarmCommand::Test) => health::test_alarm(&given.config).await,
        Command::Completions { .. }
        | Command::Config(_)
        | Command::Health
        | Command::Registration(_)
        | Command::Deploy(_) => Ok(Exit::Usage),
    }
}

/// Checks the definition of the command line; for tests.
pub fn verify() {
    Cli::command().debug_assert();
}
