//! A hospital with a running `serve` and open apps, next to two equal unmanaged rooms.

use std::time::Duration;

use anyhow::Context as _;
use equipemed_testbed::client::encode;
use equipemed_testbed::rooms::room_path;
use equipemed_testbed::{Client, Seen, Stream};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::arguments::Arguments;
use crate::bare;
use crate::bot::Service;
use crate::report::progress;
use crate::world::{self, Plan, World};

/// Longer waits are failures.
const WITHIN: Duration = Duration::from_secs(30);
/// A person without a level.
const MEMBER: usize = 2;
/// The person whose messages are redacted.
const AUTHOR: usize = 3;
/// The person whose bare client answers.
const FRIEND: usize = 4;

/// All running parts.
pub(crate) struct Opened {
    pub(crate) world: World,
    /// A person with all rights.
    pub(crate) chief: App,
    /// A member of both wards, without a level.
    pub(crate) member: App,
    pub(crate) author: Client,
    /// The person who acts by hand: creator and highest member of the bare rooms.
    pub(crate) bare: App,
    pub(crate) control: String,
    pub(crate) ward: String,
    pub(crate) bare_control: String,
    pub(crate) bare_ward: String,
    bot: String,
    echo: JoinHandle<()>,
    _service: Service,
}

/// A person's client with an open `/sync`.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) stream: Stream,
}

/// An event and when it arrived.
pub(crate) struct Sight {
    pub(crate) seen: Seen,
    pub(crate) at: Instant,
}

impl App {
    async fn open(client: Client) -> anyhow::Result<Self> {
        let stream = Stream::begin(&client).await?;
        Ok(Self { client, stream })
    }

    /// Waits for the first matching event.
    pub(crate) async fn sees(&mut self, what: &str, is_it: impl Fn(&Seen) -> bool) -> anyhow::Result<Sight> {
        let found = |seen: &Seen| is_it(seen).then(|| Sight { seen: seen.clone(), at: Instant::now() });
        self.stream.until(what, WITHIN, found).await
    }

    /// Says something and waits for the notice that replies to it; returns milliseconds.
    async fn asks(&mut self, room: &str, text: &str, answerer: &str) -> anyhow::Result<f64> {
        let Self { client, stream } = self;
        let start = Instant::now();
        let heard = stream.until("an answer", WITHIN, |seen| {
            let to = seen.text("/content/m.relates_to/m.in_reply_to/event_id");
            let is_it = seen.is(room, "m.room.message") && seen.text("/sender") == answerer && !to.is_empty();
            is_it.then(|| (Instant::now(), to.to_owned()))
        });
        let (said, heard) = tokio::join!(client.send_text(room, text), heard);
        let (said, (at, to)) = (said?, heard?);
        anyhow::ensure!(said == to, "an answer to something else came");
        Ok(milliseconds(start, at))
    }
}

impl Opened {
    pub(crate) async fn begin(arguments: &Arguments) -> anyhow::Result<Self> {
        let plan = Plan { has_chief: true, ..Plan::everywhere(arguments.people(50, 10), 1) };
        let world = World::start(&arguments.bot, plan.clone()).await?;
        let mut service = Service::start(&arguments.bot, &world.direct(), world.path("serve.log"))?;
        service.passes(1, arguments.within()).await?;
        progress(&format!("serve runs, with {} people in a room", plan.people));
        let person = async |person: usize| Client::create(&world.synapse, &world::localpart(person)).await;
        let administrator = Client::administrator(&world.synapse).await?;
        let friend = person(FRIEND).await?;
        let mut body = bare::room_body(&world, 0);
        body["initial_state"][1]["content"] = json!({"join_rule": "public"});
        let bare_ward = administrator.create_room(body).await?;
        for user in bare::members(&world, 0) {
            let path = format!("/_synapse/admin/v1/join/{}", encode(&bare_ward));
            administrator.post_ok(&path, json!({"user_id": user})).await?;
        }
        let bare_control = json!({"preset": "private_chat", "room_version": "12", "invite": [friend.user_id()]});
        let bare_control = administrator.create_room(bare_control).await?;
        friend.join(&bare_control).await?;
        let bot = world.client()?;
        let echo = tokio::spawn(echo(friend, bare_control.clone()));
        Ok(Self {
            chief: App::open(person(0).await?).await?,
            member: App::open(person(MEMBER).await?).await?,
            author: person(AUTHOR).await?,
            bare: App::open(administrator).await?,
            control: room(&bot, "control").await?,
            ward: room(&bot, &world::room_key(0)).await?,
            bare_control,
            bare_ward,
            bot: bot.user_id().to_owned(),
            echo,
            world,
            _service: service,
        })
    }

    /// Milliseconds from sending a command to seeing its answer.
    pub(crate) async fn command_to_answer(&mut self) -> anyhow::Result<f64> {
        self.chief.asks(&self.control, "!whoami", &self.bot).await
    }

    /// The same between two bare clients, one of which answers at once.
    pub(crate) async fn message_to_answer(&mut self) -> anyhow::Result<f64> {
        let friend = self.world.synapse.user_id(&world::localpart(FRIEND));
        self.bare.asks(&self.bare_control, "!whoami", &friend).await
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.echo.abort();
    }
}

/// Answers every message of others in a room at once until stopped. If it breaks, answers stop, which the measurement
/// notices.
async fn echo(client: Client, room: String) {
    let answered = async {
        let mut stream = Stream::begin(&client).await?;
        loop {
            let Some(seen) = stream.next(WITHIN).await? else { continue };
            if seen.is(&room, "m.room.message") && seen.text("/sender") != client.user_id() {
                let answer = json!({
                    "msgtype": "m.notice", "body": "You are somebody.", "m.mentions": {},
                    "m.relates_to": {"m.in_reply_to": {"event_id": seen.id()}},
                });
                client.send(&room, "m.room.message", answer).await?;
            }
        }
    };
    let Err::<std::convert::Infallible, anyhow::Error>(error) = answered.await;
    progress(&format!("the bare client that answers broke: {error:#}"));
}

/// The id of a room by key, among the bot's rooms.
async fn room(bot: &Client, key: &str) -> anyhow::Result<String> {
    for id in bot.joined_rooms().await? {
        let create: Value = bot.get_ok(&room_path(&id, "state/m.room.create/")).await?;
        if create.get("br.equipemed.room").is_some_and(|own| own == key) {
            return Ok(id);
        }
    }
    None.with_context(|| format!("there is no room {key}"))
}

pub(crate) fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}
