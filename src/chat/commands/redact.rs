//! `redact`: redacts messages and reactions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use equipemed_domain::command::{CommandPlace, Redaction, Where, Who, Word, places};
use equipemed_domain::deed::Deed;
use equipemed_domain::fault::Fault;
use equipemed_domain::key::RoomKey;
use jiff::Timestamp;
use ruma_common::{OwnedEventId, OwnedUserId};
use tokio_util::sync::CancellationToken;

use crate::chat::ask::Ask;
use crate::chat::reply::{Mark, Reply, Stop, Turn};
use crate::chat::words::Wording;
use crate::homeserver::Said;
use crate::operations::{NotFound, RedactTarget, Redacting, wait_and_count, wait_for_deeds};
use crate::speech::{Answer, Arg, number};
use crate::store::DeedId;

/// After this time the progress is shown, and again at this interval.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);
/// The most words of a person's name that are looked for in a reason.
const NAME_WORDS: usize = 3;

/// Redacts messages, or shows which it would redact.
pub(super) async fn redact(ask: &Ask, what: &Redaction, because: Option<&str>, dry_run: bool) -> Result<Turn, Stop> {
    if let Some(turn) = going_on(ask).await? {
        return Ok(turn);
    }
    let words = &ask.words;
    let unseen = redacting(ask).unseen(what).await?;
    if dry_run && !unseen.is_empty() {
        return Ok(would_do(words, words.unseen(&unseen)));
    }
    // A single linked message is redacted at once. Otherwise ask the same question whatever the room contains, and
    // before reading it: the number of messages would disclose something, too.
    let is_one = matches!(what, Redaction::Events(links) if links.len() == 1);
    if !unseen.is_empty() && !is_one {
        ask.must_write()?;
        if let Some(preview) = ask.agreed(words.unseen(&unseen), unseen.len(), &[format!("{what:?}")]).await? {
            return Ok(preview);
        }
    }
    let targets = redacting(ask).targets(what).await?;
    if dry_run {
        return Ok(would_do(words, words.redaction(&targets)));
    }
    ask.must_write()?;
    // What goes along with a message, such as a new answer in a poll, needs no yes of its own.
    let messages: Vec<String> =
        targets.iter().filter(|target| target.of.is_none()).map(|target| target.event.to_string()).collect();
    if unseen.is_empty()
        && messages.len() > 1
        && let Some(preview) = ask.agreed(words.redaction(&targets), messages.len(), &messages).await?
    {
        return Ok(preview);
    }
    remove(ask, targets, because).await
}

/// Asks when a reason that no word marks as one holds somebody's name, or a room's behind `in`: their messages may be
/// meant, or those there.
pub(super) fn names_nobody(ask: &Ask, reason: &str) -> Result<(), Stop> {
    let unclear = |id, said: String| Err(Stop::Unclear(ask.words.say(id, &[("said", Arg::Text(said))])));
    let bare = |said: &str| said.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let words: Vec<String> = reason.split(' ').map(bare).filter(|word| !word.is_empty()).collect();
    let phrases = (1..=NAME_WORDS).flat_map(|count| words.windows(count).map(|row| row.join(" ")));
    let is_person =
        |said: &String| !matches!(ask.scene.find_person(&Who::Name(said.clone())), Err(NotFound::Nobody { .. }));
    if let Some(said) = phrases.chain([bare(reason)]).filter(|said| !said.is_empty()).find(is_person) {
        return unclear("reason-or-person", said);
    }
    match places(reason).find(|said| ask.scene.find_room(&Where::Name(said.clone())).is_ok()) {
        Some(said) => unclear("reason-or-room", said),
        None => Ok(()),
    }
}

/// Redacts reactions to a message.
pub(super) async fn redact_reactions(
    ask: &Ask,
    event: &OwnedEventId,
    key: Option<&str>,
    of: Option<&Who>,
) -> Result<Turn, Stop> {
    ask.must_write()?;
    if let Some(turn) = going_on(ask).await? {
        return Ok(turn);
    }
    let targets = redacting(ask).reactions(event, key, of).await?;
    remove(ask, targets, None).await
}

fn redacting(ask: &Ask) -> Redacting<'_> {
    Redacting { asked: &ask.asked, room: &ask.room, room_id: &ask.room_id }
}

fn would_do(words: &Wording, lines: Vec<Said>) -> Turn {
    Turn::told(Answer::new().line(words.say("would-do", &[])).items(lines))
}

/// Stores the deeds and waits for them.
async fn remove(ask: &Ask, targets: Vec<RedactTarget>, because: Option<&str>) -> Result<Turn, Stop> {
    let room = targets.first().map(|target| target.room.clone());
    let deeds: Vec<Deed> = targets.into_iter().map(RedactTarget::deed).collect();
    let ids = ask.wish(deeds.clone(), because).await?;
    Ok(following(ask, room, deeds.iter().zip(ids)))
}

/// Continues what this same command began in an earlier process. Its targets cannot be found again, because some are
/// already redacted.
async fn going_on(ask: &Ask) -> Result<Option<Turn>, Stop> {
    let begun = ask.begun().await?;
    let Some(first) = begun.first() else { return Ok(None) };
    let room = first.wish.deed.room_id().and_then(|room_id| ask.scene.key_of(room_id)).cloned();
    Ok(Some(following(ask, room, begun.iter().map(|deed| (&deed.wish.deed, deed.id)))))
}

fn following<'d>(ask: &Ask, room: Option<RoomKey>, deeds: impl Iterator<Item = (&'d Deed, DeedId)>) -> Turn {
    let ask = ask.clone();
    // People count messages, not their edits and a poll's answers.
    let (along, messages): (Vec<_>, Vec<_>) =
        deeds.partition(|(deed, _)| matches!(deed, Deed::Redact { of: Some(_), .. }));
    let ids = |deeds: Vec<(&Deed, DeedId)>| -> Vec<DeedId> { deeds.into_iter().map(|(_, id)| id).collect() };
    let (along, messages) = (ids(along), ids(messages));
    Turn::later(async move {
        let (ended, is_over) = (AtomicUsize::default(), CancellationToken::new());
        let all = async {
            let _over = is_over.clone().drop_guard();
            let (done, mut why) = wait_and_count(&ask.engine, &messages, &ended).await?;
            why.extend(wait_for_deeds(&ask.engine, &along).await?.1);
            Ok::<_, Stop>((done, why))
        };
        // Both to their end: a message about to be sent would stay beside the answer.
        let (all, shown) = tokio::join!(all, show_progress(&ask, messages.len(), &ended, &is_over));
        let ((done, why), shown) = (all?, shown?);
        let mut reply = came(&ask.words, room, done, &why);
        // In a managed room, the missing message is evidence enough, unless there is a message about it already.
        reply.quiet = ask.place == CommandPlace::Managed && why.is_empty() && shown.is_none();
        reply.edits = shown;
        Ok(reply)
    })
}

/// Shows in one message of the bot how many have ended, until it is over. Returns the message.
async fn show_progress(
    ask: &Ask,
    total: usize,
    ended: &AtomicUsize,
    is_over: &CancellationToken,
) -> Result<Option<OwnedEventId>, Stop> {
    // Repeating an earlier process's transaction returns its progress message, which then becomes the answer.
    let mut is_due = ask.again && total > 1;
    let (mut shown, mut edits) = (None, 0);
    while is_due || tokio::time::timeout(PROGRESS_EVERY, is_over.cancelled()).await.is_err() {
        is_due = false;
        let counts = [("done", number(ended.load(Ordering::Relaxed))), ("total", number(total))];
        let stop = ("command", Arg::Code(ask.words.spelled(Word::Stop)));
        let said =
            Answer::new().line(ask.words.say("redact-progress", &counts)).line(ask.words.say("halt-how", &[stop]));
        shown = Some(ask.voice.show_progress(&ask.room_id, &ask.event, &said.said(), shown, edits).await?);
        edits += 1;
    }
    Ok(shown)
}

/// What came of it.
fn came(words: &Wording, room: Option<RoomKey>, done: usize, why: &[Fault]) -> Reply {
    let halted = why.iter().filter(|why| **why == Fault::Halted).count();
    let counts = [("done", number(done)), ("failed", number(why.len() - halted)), ("left", number(halted))];
    let detail = why.iter().find(|why| **why != Fault::Halted);
    let failed = |why: &Fault| words.say("grant-failed", &[("detail", words.why(why))]);
    match (done, why.first()) {
        (_, None) => {
            let room = room.map_or(Arg::Text(String::new()), |room| words.room(&room));
            Reply::done(Answer::new().line(words.say("redacted", &[("count", number(done)), ("room", room)])))
        }
        _ if halted > 0 => {
            let answer = Answer::new().line(words.say("redact-halted", &counts));
            Reply::new(Mark::Partly, detail.into_iter().fold(answer, |answer, why| answer.line(failed(why))))
        }
        (0, Some(detail)) => {
            let said = words.say("redact-failed", &[("detail", words.why(detail))]);
            Reply::failed(Answer::new().line(said), detail.clone())
        }
        (_, Some(detail)) => {
            let answer = Answer::new().line(words.say("redact-partly", &counts)).line(failed(detail));
            Reply::new(Mark::Partly, answer)
        }
    }
}

impl Wording {
    fn unseen(&self, rooms: &BTreeSet<RoomKey>) -> Vec<Said> {
        rooms.iter().map(|room| self.line("redact-preview-unseen", &[("room", self.room(room))])).collect()
    }

    fn redaction(&self, targets: &[RedactTarget]) -> Vec<Said> {
        let mut groups: BTreeMap<(&OwnedUserId, &RoomKey), Vec<Timestamp>> = BTreeMap::new();
        for target in targets.iter().filter(|target| target.of.is_none()) {
            groups.entry((&target.sender, &target.room)).or_default().push(target.at);
        }
        let lines = groups.into_iter().map(|((user, room), times)| {
            let mut args = vec![("user", self.user(user)), ("room", self.room(room))];
            match (times.as_slice(), times.iter().min(), times.iter().max()) {
                ([_, _, ..], Some(oldest), Some(newest)) => {
                    args.push(("count", number(times.len())));
                    args.extend([("oldest", self.time(*oldest)), ("newest", self.time(*newest))]);
                    self.line("redact-preview", &args)
                }
                _ => self.line("redact-preview-event", &args),
            }
        });
        lines.collect()
    }
}
