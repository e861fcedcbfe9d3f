//! Measures the latency from a change in EquipeMed's database to its effect on Synapse, compared with a bare client's
//! request; and the cost of reading a hospital of 5,000 people.
//!
//! Timing starts right before the statement is sent, so that PostgreSQL's work and commit count, and ends when Synapse
//! has answered the request.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use equipemed_testbed::client::encode;
use equipemed_testbed::postgres::Session;
use equipemed_testbed::proxy::Recorded;
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::{Client, Equipemed, Postgres, eventually};
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::bot::{Memory, Service};
use crate::report::{Report, Row, Table, median, progress};
use crate::world::{Plan, World};

/// One ward per this many people.
const WARDS: usize = 100;
const MEDIAN_MS: f64 = 150.0;
const P99_MS: f64 = 1000.0;
const READ_MS: f64 = 1000.0;
const READ_MB: f64 = 30.0;

/// Changes made to a ward's member in EquipeMed, then undone.
const CHANGES: [Change; 4] = [Change::GroupMore, Change::GroupLess, Change::Suspended, Change::Active];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    GroupMore,
    GroupLess,
    Suspended,
    Active,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Self::GroupMore => "a group more, to the level in the room",
            Self::GroupLess => "a group less (looked at twice), to the level in the room",
            Self::Suspended => "suspended, to the locked account",
            Self::Active => "active again, to the unlocked account",
        }
    }

    fn sql(self, person: usize) -> String {
        match self {
            Self::GroupMore => format!(
                "insert into accounts_eqmdcustomuser_groups (eqmdcustomuser_id, group_id) select {person}, id from auth_group where name = 'Lideres'"
            ),
            Self::GroupLess => format!(
                "delete from accounts_eqmdcustomuser_groups ug using auth_group g where g.id = ug.group_id and g.name = 'Lideres' and ug.eqmdcustomuser_id = {person}"
            ),
            Self::Suspended => {
                format!("update accounts_eqmdcustomuser set account_status = 'suspended' where id = {person}")
            }
            Self::Active => format!("update accounts_eqmdcustomuser set account_status = 'active' where id = {person}"),
        }
    }

    /// Whether a request is the effect.
    fn is_made_by(self, request: &Recorded, user: &str) -> bool {
        let path = request.decoded_path();
        let body = request.body.as_ref();
        match self {
            Self::GroupMore | Self::GroupLess => path.contains("/state/m.room.power_levels"),
            Self::Suspended => path.ends_with(user) && body.is_some_and(|body| body["locked"] == true),
            Self::Active => path.ends_with(user) && body.is_some_and(|body| body["locked"] == false),
        }
    }
}

/// Runs all measurements.
pub(crate) async fn live(arguments: &Arguments, report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let people = arguments.people(5000, 200);
    let rounds = arguments.rounds.unwrap_or(arguments.size(100, 5));
    let cluster = Postgres::start().await?;
    let world = World::start(&arguments.bot, Plan { people: 1, rooms: Vec::new(), has_chief: false }).await?;
    let (database, few) = (Equipemed::new(&cluster).await?, Equipemed::new(&cluster).await?);
    for (database, people) in [(&database, people), (&few, 20)] {
        database.invent(people, WARDS.min(people)).await?;
        database.sql("insert into auth_group (name) values ('Lideres')").await?;
    }
    let config = prepare(arguments, &world, &database).await?;
    let small = prepare(arguments, &world, &few).await?;
    let reading = reading(arguments, &config, &small, people, report).await?;

    let mut service = Service::start(&arguments.bot, &config, world.path("serve.log"))?;
    service.passes(1, arguments.within()).await.context("the first pass")?;
    progress(&format!("serve runs, with {people} accounts"));
    let log = world.path("serve.log");
    let told = |word: &'static str| {
        let log = log.clone();
        eventually(word, arguments.within(), move || {
            let text = std::fs::read_to_string(&log);
            async move { Ok(text?.contains(word).then_some(())) }
        })
    };
    told("Listening for changes").await?;
    // Starting to listen caused a full pass; after another one nothing is left to write.
    crate::bot::run(&arguments.bot, &config, &["sync"], &[], arguments.within()).await?;
    world.proxy.take_recorded();
    crate::bot::run(&arguments.bot, &config, &["sync"], &[], arguments.within()).await?;
    let recorded = world.proxy.take_recorded();
    let writes = recorded.iter().filter(|request| request.writes()).count();
    report.target(format!("writes of a pass over {people} people without changes"), writes as f64, 0.0);
    let quiet = Row { requests: Some(recorded.len()), writes: Some(writes), ..Row::new("a pass without changes") };

    let mut session = Session::open(&database.url)?;
    let bare = Bare::new(&world).await?;
    let mut times: Vec<(String, Vec<f64>)> = CHANGES.map(|change| (change.name().to_owned(), Vec::new())).to_vec();
    let (mut levels, mut locks) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        // A different member of the ward each time.
        let person = WARDS * (1 + round % (people / WARDS).max(1)).min(people / WARDS);
        let user = world.synapse.user_id(&format!("pessoa{person:05}"));
        for (change, (_, taken)) in CHANGES.into_iter().zip(&mut times) {
            let time = effect(&world, &mut session, change, person, &user).await?;
            // The first round warms up connections and caches and does not count.
            if round > 0 {
                taken.push(time);
            }
        }
        let (level, lock) = (bare.level(round).await?, bare.lock(round).await?);
        if round > 0 {
            levels.push(level);
            locks.push(lock);
        }
    }
    let all: Vec<f64> = times.iter().flat_map(|(_, taken)| taken.clone()).collect();
    let row = Row::times("all changes", &all);
    report.target("change in EquipeMed to effect, median, ms", row.median_ms.unwrap_or(f64::NAN), MEDIAN_MS);
    report.target("change in EquipeMed to effect, p99, ms", row.p99_ms.unwrap_or(f64::NAN), P99_MS);
    let mut rows = vec![row];
    for (change, (name, taken)) in CHANGES.iter().zip(&times) {
        let same = if matches!(change, Change::GroupMore | Change::GroupLess) { &levels } else { &locks };
        let ratio = median(taken.iter().copied()) / median(same.iter().copied());
        rows.push(Row { ratio: Some(ratio), ..Row::times(name, taken) });
    }
    rows.push(Row::times("a bare client: PUT m.room.power_levels", &levels));
    rows.push(Row::times("a bare client: PUT user, locked", &locks));
    drop(service);
    Ok(vec![
        reading,
        Table { title: format!("A pass over {people} people"), rows: vec![quiet], notes: Vec::new() },
        Table {
            title: format!(
                "From a change in EquipeMed to its effect, {people} people, {rounds} rounds; ratio: to a bare client's same request, of medians"
            ),
            rows,
            notes: vec![
                "From just before the statement is sent, commit included, to Synapse's answer to the request."
                    .to_owned(),
            ],
        },
    ])
}

/// Sets up grants and triggers, and a configuration that reads this database through the proxy.
async fn prepare(arguments: &Arguments, world: &World, database: &Equipemed) -> anyhow::Result<std::path::PathBuf> {
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(world.path("counted.yaml"))?)?;
    config["directory"] = json!({"source": "equipemed", "url": database.reader_url});
    config["roles"] = json!({"lead": {"when": {"group": "Lideres"}, "level": 50, "rights": ["redact"]}});
    config["rooms"] = json!({"ward": {"name": "Ala 0", "members": {"group": "Ala 0"}}});
    // Otherwise the brakes would hold this many changes per day.
    config["limits"] = json!({"gain_lesser": 100_000, "lose": 100_000, "lock_least": 100_000});
    let file = world.path(&format!("{}.yaml", database.reader));
    std::fs::write(&file, serde_json::to_string_pretty(&config)?)?;
    let printed = tokio::process::Command::new(&arguments.bot)
        .args(["directory", "install-triggers", "--print", "--config"])
        .arg(&file)
        .output()
        .await?;
    anyhow::ensure!(printed.status.success(), "no SQL was printed: {}", String::from_utf8_lossy(&printed.stderr));
    database.sql(&String::from_utf8(printed.stdout)?).await?;
    Ok(file)
}

/// Milliseconds from one change to its effect.
async fn effect(
    world: &World,
    session: &mut Session,
    change: Change,
    person: usize,
    user: &str,
) -> anyhow::Result<f64> {
    world.proxy.take_recorded();
    let start = Instant::now();
    session.run(&change.sql(person)).await?;
    let made = eventually(change.name(), Duration::from_secs(30), || {
        let found = world
            .proxy
            .recorded()
            .into_iter()
            .find(|request| request.writes() && request.status == 200 && change.is_made_by(request, user));
        async move { Ok(found) }
    })
    .await?;
    let end = made.started + made.took;
    // Waits for the remaining consequences before the next round.
    eventually("the end of what follows", Duration::from_secs(30), || {
        let is_quiet = world
            .proxy
            .recorded()
            .iter()
            .all(|request| (request.started + request.took).elapsed() > Duration::from_millis(300));
        async move { Ok(is_quiet.then_some(())) }
    })
    .await?;
    Ok(end.duration_since(start).as_secs_f64() * 1000.0)
}

/// An unmanaged room and account.
struct Bare {
    administrator: Client,
    room: String,
    user: String,
}

impl Bare {
    async fn new(world: &World) -> anyhow::Result<Self> {
        let administrator = Client::administrator(&world.synapse).await?;
        let room = administrator.create_room(json!({"preset": "private_chat", "room_version": "12"})).await?;
        let user = Client::create(&world.synapse, "avulsa").await?.user_id().to_owned();
        Ok(Self { administrator, room, user })
    }

    async fn level(&self, round: usize) -> anyhow::Result<f64> {
        let mut levels = self.administrator.power_levels(&self.room).await?;
        levels["users"] = json!({&self.user: 1 + round});
        let start = Instant::now();
        self.administrator.put_ok(&room_path(&self.room, "state/m.room.power_levels/"), levels).await?;
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    }

    async fn lock(&self, round: usize) -> anyhow::Result<f64> {
        let path = format!("/_synapse/admin/v2/users/{}", encode(&self.user));
        let start = Instant::now();
        self.administrator.put_ok(&path, json!({"locked": round.is_multiple_of(2)})).await?;
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    }
}

/// Cost of reading everybody: `doctor` does this once and reports the duration.
async fn reading(
    arguments: &Arguments,
    config: &Path,
    small: &Path,
    people: usize,
    report: &mut Report,
) -> anyhow::Result<Table> {
    let (milliseconds, peak) = doctor(arguments, config).await?;
    let (_, peak_of_few) = doctor(arguments, small).await?;
    let more = (peak - peak_of_few) / 1_000_000.0;
    report.target(format!("the first read of {people} people, ms"), milliseconds, READ_MS);
    report.target(format!("memory of a process that reads {people} people, MB more than with 20"), more, READ_MB);
    let row = Row {
        seconds: Some(milliseconds / 1000.0),
        peak_mb: Some(peak / 1_000_000.0),
        ..Row::new(format!("`doctor`, which reads {people} people once"))
    };
    let few = Row { peak_mb: Some(peak_of_few / 1_000_000.0), ..Row::new("the same with 20 people") };
    Ok(Table { title: "Reading everybody".to_owned(), rows: vec![row, few], notes: Vec::new() })
}

/// Milliseconds that the read reported, and the process's peak memory in bytes.
async fn doctor(arguments: &Arguments, config: &Path) -> anyhow::Result<(f64, f64)> {
    let mut command = tokio::process::Command::new(&arguments.bot);
    command.arg("doctor").arg("--config").arg(config).kill_on_drop(true);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn()?;
    let pid = child.id().context("doctor ended at once")?;
    let watching = tokio::task::spawn_blocking(move || {
        let mut peak = 0;
        while let Ok(memory) = Memory::of(pid) {
            peak = peak.max(memory.peak);
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    });
    let output = child.wait_with_output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let took = text.lines().find_map(|line| line.split(" people, read in ").nth(1)?.split(' ').next()?.parse().ok());
    Ok((took.with_context(|| format!("doctor does not tell how long the read took: {text}"))?, watching.await? as f64))
}
