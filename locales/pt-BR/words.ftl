# Palavras soltas, procuradas pelo nome que têm no código, e o que as junta.

list-next = { $before }, { $item }
list-or = { $before } ou { $item }
list-phrase = { $before }; { $item }
list-last = { $before } e { $item }

# O que um posto dá; vem depois de “tem”.
rank-moderator = nível 50 (moderação)
rank-admin = nível 100 (administração)
rank-level = nível { $level }

# Motivos para algo ficar retido.
held-directory-shrank = o EquipeMed tinha { $before } pessoas na última leitura e agora tem { $now }
held-accounts-missing = { $people } de { $of } contas não estão mais no Synapse e seriam criadas de novo
held-many-locked = { $people } de { $of } pessoas ativas seriam bloqueadas ou desativadas em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-many-removed = { $people } de { $of } participantes sairiam da sala { $room } em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-rule-matches-nobody = de repente, ninguém corresponde à regra da sala { $room }
held-nobody-selected = de repente, a seleção para o Matrix (users.who) não inclui ninguém, e { $people } pessoas têm conta
held-many-gain = { $people } pessoas ganhariam poder de administração em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-many-deactivated = { $people } contas seriam desativadas de vez em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-many-joined = { $people } pessoas entrariam na sala { $room }, que tem { $of } participantes, em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-rotation = { $out } de { $of } participantes sairiam da sala { $room } e { $into } pessoas entrariam em 24 horas
held-many-gain-lesser = { $people } pessoas ganhariam nível 50 ou direitos em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-many-lose = { $people } pessoas perderiam nível 50 ou mais, ou direitos, em 24 horas{ $went ->
        [0] {""}
       *[other] {" "}(já feito: { $went })
    }
held-last-administrator = não restaria ninguém que possa aprovar em todas as salas e consiga entrar
held-shorter-retention = as mensagens da sala { $room } seriam guardadas por menos tempo, e as mais antigas, apagadas
held-still-waiting = já estava retido e ninguém aprovou desde então

# O que vem depois de um comando, como no modo de usar.
placeholder =
    .EXTENT = até onde voltar (`últimas 3` ou `desde 1h`)
    .WHO = uma pessoa (como `ana.souza`)
    .ROOM = uma sala (como `uti`; com espaço, entre aspas)
    .ID = o código do que está retido
    .CODE = o código da prévia (ou responder a ela)
    .LEVEL = um nível de 0 a 100, `moderador` ou `admin`
    .COMMAND = o nome de um comando
    .TEXT = uma parte do nome
    .LINK = o link de uma mensagem
    .NAME = um nome
    .SELECTOR = quem deve participar (como `grupo: Plantão UTI`)
    .SPACE = um espaço
    .KEY = o nome da sala na configuração
    .N = um número
    .DURATION = um só prazo (como `30min`, `1h30` ou `7d`)
    .MOMENT = um momento que ainda não passou (como `amanhã 7h` ou `sexta`)
    .EMOJI = uma reação (como 👍)
    .REASON = um motivo

right =
    .redact = apagar mensagens
    .kick = remover e silenciar pessoas
    .ban = banir pessoas
    .promote = dar e retirar níveis
    .lock = bloquear contas
    .rooms = criar e remover salas
    .sync = sincronizar
    .audit = ver contas e auditoria
    .approve = aprovar

# O que uma concessão dá ou tira, e onde: “banimento da sala …”.
granted = { $kind } { $place }
grant-kind =
    .moderator = moderação
    .admin = administração
    .level = nível
    .mute = sem escrever
    .kick = remoção
    .ban = banimento
    .lock = conta bloqueada
    .deactivate = conta desativada

standing =
    .active = com acesso ativo
    .off = sem acesso no momento
    .gone = fora da equipe
    .unknown = com situação desconhecida

# A situação de uma pessoa, como o EquipeMed a chama.
status =
    .active = ativo
    .expiring_soon = acesso perto do fim
    .expired = acesso vencido
    .inactive = inativo
    .suspended = suspenso
    .renewal_required = renovação pendente
    .departed = desligado

account-state =
    .usable = ativa
    .locked = bloqueada
    .suspended = suspensa
    .shadow_banned = oculta (shadow-ban): ninguém vê o que escreve
    .deactivated = desativada
    .none = nenhuma

user-status =
    .synced = em dia
    .stale = sem conferência há algum tempo
    .released = fora da seleção para o Matrix
    .never = ainda sem conta
    .locked = conta bloqueada
    .gone = fora da equipe

phase =
    .waiting = aguardando
    .reading = lendo o EquipeMed e o Synapse
    .accounts = contas
    .rooms = salas
    .done = pronto

outcome =
    .done = feito
    .already_so = já era assim
    .skipped = pulado
    .failed = não deu certo
    .unknown = não se sabe
    .open = ainda sem resultado

action =
    .create_account = criar conta
    .adopt_account = assumir conta
    .adopt_administrator = assumir conta de administração do Synapse
    .release_account = soltar conta
    .set_display_name = mudar nome
    .set_email = definir e-mail
    .link_external_id = ligar conta ao login
    .lock_account = bloquear conta
    .sign_out = desconectar conta
    .unlock_account = desbloquear conta
    .deactivate_account = desativar conta
    .reactivate_account = reativar conta
    .set_server_admin = mudar administração do servidor
    .note_privileges = registrar direitos
    .create_room = criar sala
    .set_name = mudar nome da sala
    .set_topic = mudar descrição da sala
    .set_avatar = mudar imagem da sala
    .set_alias = mudar endereço da sala
    .set_join_rule = mudar quem pode entrar
    .set_history = mudar quem pode ler o histórico
    .set_retention = mudar por quanto tempo as mensagens são guardadas
    .set_parent = mudar espaço da sala
    .add_child = incluir sala em espaço
    .drop_child = tirar sala de espaço
    .set_levels = mudar níveis
    .add_member = incluir alguém em sala
    .remove_member = remover alguém de sala
    .ban_member = banir alguém
    .unban_member = retirar banimento
    .redact = apagar mensagens
    .redact_file = apagar arquivo não aceito
    .quarantine = tornar arquivo inacessível
    .adopt_room = assumir sala
    .replace_room = substituir sala
    .leave_room = sair de sala
    .close_report = encerrar denúncia
    .read_room = ler sala
    .look_again = conferir de novo
    .delete_room = apagar sala

# Arquivos que são aceitos.
file-kind =
    .text = texto
    .audio = áudio
    .image = imagens
    .pdf = PDF
    .video = vídeos
    .archive = arquivos compactados
    .program = programas
    .office = documentos de escritório

# Arquivos que não são aceitos.
refused-file =
    .text = texto desse tipo
    .audio = áudio desse tipo
    .image = imagens desse tipo
    .pdf = PDF
    .video = vídeos
    .svg = imagens SVG
    .html = páginas HTML
    .archive = arquivos compactados
    .program = programas
    .office = documentos de escritório
    .other = arquivos desse tipo
    .untyped = arquivos sem um tipo conhecido
    .contradictory = arquivos cujo nome não corresponde ao tipo
    .encrypted = arquivos criptografados

# O que alguém alterou manualmente.
drift =
    .levels = os níveis
    .member = quem participa
    .name = o nome
    .topic = a descrição
    .avatar = a imagem
    .alias = o endereço
    .join_rule = quem pode entrar
    .history = quem pode ler o histórico
    .retention = por quanto tempo as mensagens são guardadas
    .parent = o espaço
    .child = as salas do espaço
    .encryption = a criptografia
    .other = uma configuração

# O que o bot não pode fazer em uma sala; vem depois de “não pode”.
power =
    .list_rooms = incluir salas no espaço
    .name_space = indicar o espaço
    .change_name = mudar o nome
    .change_topic = mudar a descrição
    .change_picture = mudar a imagem
    .change_alias = mudar o endereço
    .close = fechar a entrada
    .change_history = mudar quem pode ler o histórico
    .change_retention = mudar por quanto tempo as mensagens são guardadas
    .change_levels = mudar níveis
    .invite = convidar pessoas
    .remove = remover pessoas
    .ban = banir pessoas
    .unban = retirar banimentos

# Quem pode entrar em uma sala.
join-rule =
    .public = qualquer pessoa
    .invite = quem for convidado
    .knock = quem for aceito depois de pedir
    .restricted = quem está em um espaço
    .knock_restricted = quem está em um espaço, os demais depois de pedir
    .private = ninguém

# Quem pediu, quando não foi alguém em uma sala.
asker =
    .by_hand = alguém, manualmente
    .operator = quem opera o serviço
    .equipemed-bot = este serviço
    .setup = configuração inicial

# O que foi alterado manualmente nas contas, antes dos nomes.
account-change =
    .locked = bloqueadas manualmente
    .deactivated = desativadas manualmente
    .unlocked = desbloqueadas manualmente
    .reactivated = reativadas manualmente
    .admin_given = tornadas administradoras do Synapse manualmente
    .admin_taken = retiradas manualmente dos administradores do Synapse
    .renamed = renomeadas manualmente

# O que acontece com isso.
account-then =
    .put_back = Vou desfazer a alteração.
    .kept = Continua assim até o EquipeMed retirar o acesso e devolvê-lo, ou até `{ $prefix }desbloquear` ou `{ $prefix }reativar`.
    .left = Não mudei nada.
