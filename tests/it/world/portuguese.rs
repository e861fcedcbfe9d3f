//! What the bot says in each language: no English in Portuguese, the right tense, names, and commands as they are typed.

use serde_json::json;

use super::talk::{close, opened};
use super::{chief, crowd};
use crate::translated::assert_portuguese;

#[tokio::test]
async fn reasons_findings_and_mistakes_are_answered_in_portuguese() -> anyhow::Result<()> {
    let mut people = crowd("p", 3, &["UTI"]);
    people.push(chief("chefe"));
    let rooms = json!({
        "todos": {"name": "Equipe", "members": {"any": true}},
        "uti": {"name": "UTI", "members": {"group": "UTI"}},
        "vazia": {"name": "Vazia", "members": {"group": "Ninguém"}},
    });
    let (hospital, serving) = opened(people, rooms, |hospital| {
        hospital.config["bot"]["language"] = json!("pt-BR");
    })
    .await?;
    let chief = hospital.client("chefe").await?;
    let p00 = hospital.username("p00");

    let why = hospital.ask(&chief, &format!("!why {p00}")).await?;
    why.says(&["conta: @", "deve estar ativa", "sala UTI", "participa: sim", "participa: não", "direitos: nenhum"]);
    let sync = hospital.ask(&chief, "!sync").await?;
    sync.says(&["A verificar: ninguém corresponde à regra da sala Vazia"]);
    let dry = hospital.ask(&chief, "!sync --simular").await?;
    dry.says(&["A verificar: ninguém corresponde à regra da sala Vazia"]);
    let status = hospital.ask(&chief, "!status").await?;
    status.says(&["ninguém corresponde à regra da sala Vazia"]);
    let wrong = hospital.ask(&chief, "!promote").await?;
    wrong.says(&["Falta indicar uma pessoa", "!promover ana.souza moderador em uti por 8h", "--simular"]);
    let help = hospital.ask(&chief, "!help promote").await?;
    help.says(&["!promover dá um nível", "!promover ana.souza 30 em uti porque plantão noturno", "até sexta"]);
    let refused = hospital.ask(&chief, &format!("!demote {}", hospital.username("chefe"))).await?;
    let audit = hospital.ask(&chief, "!audit").await?;
    audit.says(&["recusado: Isso não se faz com a própria conta", "!rebaixar"]);
    for answer in [why, sync, dry, status, wrong, help, refused] {
        assert_portuguese(&answer.text);
    }
    close(hospital, serving).await
}

/// A command, and what its answer says.
type Said = (&'static str, &'static [&'static str]);

/// Fails if an answer is too long or too wide for a phone.
#[track_caller]
fn assert_fits_on_a_phone(help: &str) {
    assert!(help.lines().count() <= 25, "{} lines\n{help}", help.lines().count());
    let wide = help.lines().find(|line| line.chars().count() > 70);
    assert_eq!(wide, None, "{help}");
}

#[tokio::test]
async fn a_preview_says_what_would_be_an_answer_what_is_and_both_in_words_that_can_be_typed() -> anyhow::Result<()> {
    let languages: [(&str, &[Said]); 2] = [
        (
            "pt-BR",
            &[
                ("!promover {p00} moderador em uti --simular", &["terá nível 50 (moderação) na sala UTI Adulto."]),
                ("!banir {p00} {p01}", &["será banida de todas as salas.", "!confirmar "]),
                (
                    "!silenciar {p00} em uti",
                    &["não pode mais escrever na sala UTI Adulto.", "!dessilenciar {p00} em \"UTI Adulto\""],
                ),
                ("!desbanir {p01}", &["não tem banimento nem remoção por comando em nenhuma sala"]),
                ("!dessilenciar {p00} em \"UTI Adulto\"", &["já pode escrever de novo na sala UTI Adulto."]),
                ("!bloquear {p01} por 2h", &["foi bloqueada, até", "!desconectar", "!desbloquear {p01}"]),
                ("!expulsar {p00} em UTI Adulto", &["Nome com espaço vai entre aspas."]),
                ("!explicar {p00} uti", &["sala UTI Adulto", "acesso: ativo (EquipeMed: ativo)", "funções: Chefia"]),
                ("!conta chefe", &["Funções: Chefia"]),
            ],
        ),
        (
            "en",
            &[
                (
                    "!promote {p00} moderator in uti --dry-run",
                    &["would have level 50 (moderator) in the room UTI Adulto."],
                ),
                ("!ban {p00} {p01}", &["would be banned from all rooms.", "!confirm "]),
                (
                    "!mute {p00} in uti",
                    &["can no longer write in the room UTI Adulto.", "!unmute {p00} in \"UTI Adulto\""],
                ),
                ("!unban {p01}", &["neither banned nor removed by command in any room"]),
                ("!unmute {p00} in \"UTI Adulto\"", &["can write in the room UTI Adulto again."]),
                ("!lock {p01} for 2h", &["is locked, until", "!signout", "!unlock {p01}"]),
                ("!kick {p00} in UTI Adulto", &["A name with a space goes in quotation marks."]),
                ("!why {p00} uti", &["room UTI Adulto", "access: active (EquipeMed: active)", "roles: Chefia"]),
                ("!user chefe", &["Roles: Chefia"]),
            ],
        ),
    ];
    for (language, said) in languages {
        let mut people = crowd("p", 3, &["UTI"]);
        people.push(chief("chefe"));
        let rooms = json!({"uti": {"name": "UTI Adulto", "members": {"group": "UTI"}}});
        let (hospital, serving) = opened(people, rooms, |hospital| {
            hospital.config["bot"]["language"] = json!(language);
            for role in hospital.config["roles"].as_object_mut().into_iter().flat_map(|roles| roles.values_mut()) {
                role["name"] = json!("Chefia");
            }
            hospital.config["roles"]["all"] = json!({"name": "Chefia", "when": {"any": true}});
        })
        .await?;
        let chief = hospital.client("chefe").await?;
        let typed = |text: &str| {
            text.replace("{p00}", &hospital.username("p00"))
                .replace("{p01}", &hospital.username("p01"))
                .replace("chefe", &hospital.username("chefe"))
        };
        for (command, parts) in said {
            let parts: Vec<String> = parts.iter().map(|part| typed(part)).collect();
            let answer = hospital.ask(&chief, &typed(command)).await?;
            answer.says(&parts.iter().map(String::as_str).collect::<Vec<_>>());
        }
        assert_fits_on_a_phone(&hospital.ask(&chief, "!help").await?.text);
        close(hospital, serving).await?;
    }
    Ok(())
}
