//! The bot's Portuguese messages contain no English.

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
    why.says(&["conta: @", "deve estar ativa", "sala uti", "participa: sim", "participa: não", "direitos: nenhum"]);
    let sync = hospital.ask(&chief, "!sync").await?;
    sync.says(&["A verificar: ninguém corresponde à regra da sala vazia"]);
    let dry = hospital.ask(&chief, "!sync --simular").await?;
    dry.says(&["A verificar: ninguém corresponde à regra da sala vazia"]);
    let status = hospital.ask(&chief, "!status").await?;
    status.says(&["ninguém corresponde à regra da sala vazia"]);
    let wrong = hospital.ask(&chief, "!promote").await?;
    wrong.says(&["!promote <QUEM…> [NÍVEL|moderador|admin] [em SALA] [por 2h] [porque …] [--simular]"]);
    let help = hospital.ask(&chief, "!help promote").await?;
    help.says(&["<QUEM…>", "ana.souza moderador em icu por 8h porque plantão noturno"]);
    let refused = hospital.ask(&chief, &format!("!demote {}", hospital.username("chefe"))).await?;
    let audit = hospital.ask(&chief, "!audit").await?;
    audit.says(&["recusado: Não é possível fazer isso com a própria conta"]);
    for answer in [why, sync, dry, status, wrong, refused] {
        assert_portuguese(&answer.text);
    }
    close(hospital, serving).await
}
