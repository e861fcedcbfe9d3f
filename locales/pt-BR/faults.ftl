# Por que algo não aconteceu: um texto para cada falha que pode ser passada adiante ou guardada.

# Synapse.
fault-not-found = o Synapse não conhece isso: { $why }
fault-refused = o Synapse recusou com { $status } { $errcode }: { $why }
fault-taken = o id externo é de { $user }
fault-another-account = outra conta
fault-limited = o Synapse limita a frequência dos pedidos; há `rate_limited: false` no arquivo de registro?
fault-unreachable = não é possível falar com o Synapse: { $why }
fault-maybe-done = o Synapse não deu uma resposta clara, e a mudança pode ter sido feita: { $why }
fault-not-matrix = a resposta não é a de um servidor Matrix ({ $why }); confira homeserver.url e o proxy na frente dele
fault-unknown-token = o Synapse não conhece o as_token: indique o arquivo de registro em app_service_config_files, no homeserver.yaml,
    e reinicie o Synapse
fault-not-admin = o bot não administra o servidor: execute `equipemed-bot setup`
fault-delegated = um Matrix Authentication Service cuida das contas deste servidor: isso ainda não é suportado
fault-not-ours = o evento não é uma mensagem nem uma reação do bot
fault-cancelled = interrompido enquanto esperava pelo Synapse
fault-overtaken = este processo não pode mais mudar nada; outro pode ter assumido
fault-nonsense = a resposta do Synapse não faz sentido: { $why }
no-answer-proxy = respondeu { $status } sem um erro do Matrix, como faz um proxy
fault-no-matrix-error = respondeu { $status } sem um erro do Matrix
fault-no-json = uma resposta de sucesso que não é JSON
fault-no-versions = JSON sem versões
fault-odd-json = JSON inesperado na linha { $line }, coluna { $column }
no-answer-in-time = não houve resposta a tempo
no-answer-connection-in-time = não houve conexão a tempo
no-answer-connection = sem conexão: { $why }
no-answer-unreachable = inacessível: { $why }
fault-levels-full = o evento de níveis da sala está cheio
fault-no-account = a conta { $user } não existe
fault-no-event = esse evento não está naquela sala
fault-no-room = a sala não está na lista dele
fault-people-invited = há convite para { $people } desde que a sala foi mostrada; não mexi nela
fault-people-inside = agora há pessoas na sala ({ $count }); não mexi nela
fault-deletion-endless = a remoção não chega ao fim
no-answer-refused = recusou com { $status } { $errcode }
no-answer-limited = limitou a frequência dos pedidos
fault-no-create = uma sala sem m.room.create
fault-odd-creator = quem criou não tem um id válido
fault-wants-interaction = pede autenticação interativa
fault-not-put-together = não foi possível montar o pedido: { $why }
fault-no-room-version = { $version } não é uma versão de sala
fault-account-appeared = { $user } não existia; a mudança criou a conta
fault-foreign-list = { $user }, de outro servidor, está na lista de contas
fault-list-without-bot = o próprio bot não está na lista de contas
fault-odd-form = uma resposta de sucesso em forma inesperada

# EquipeMed.
fault-roster-unreadable = não é possível ler { $file }: { $why }; confira se o arquivo existe e se o serviço pode lê-lo
fault-roster-half = { $file } está incompleto: { $why }
fault-database-away = o banco de dados do EquipeMed não responde: { $why }; confira se está no ar e se directory.url leva a ele
fault-database-refuses = o banco de dados do EquipeMed recusa o serviço: { $why }; confira usuário, senha e banco em directory.url
fault-data-forbidden = não é permitido ler os dados do EquipeMed: { $why };
    `equipemed-bot directory install-triggers --print` mostra as permissões necessárias
fault-database-odd = o banco de dados do EquipeMed não está como esperado: { $why }; confira directory.prefix ou escreva directory.query
fault-column = dados do EquipeMed, coluna { $column }: { $why }
fault-column-null-id = é nula; é a chave primária da pessoa
fault-column-null = é nula para alguém; escreva coalesce({ $column }, false)
fault-column-missing = está faltando; directory.query precisa trazê-la (docs/EQUIPEMED.md lista todas)
fault-column-type = é do tipo { $type }, e o esperado é { $why }
fault-column-unread = não pode ser lida
fault-nobody = o banco de dados do EquipeMed não traz ninguém, e nisso nunca acredito;
    confira se directory.url leva ao banco certo
fault-database-failed = o banco de dados do EquipeMed falhou: { $why }
fault-no-answer-within = sem resposta em { $seconds } s
fault-no-connection-within = sem conexão em { $seconds } s
fault-slow-read = a leitura das pessoas levou mais de { $seconds } s
fault-busy = está ocupado
fault-no-select = sem SELECT em { $tables }
fault-hear-no-answer = sem resposta a uma conexão para avisos
fault-hear-lost = a conexão para avisos caiu
fault-hear-silent = a conexão para avisos não responde

# O banco de dados do próprio serviço.
fault-store-bad-url = não é possível usar database.url ({ $url }): { $why }
fault-store-unreachable = não é possível acessar o banco de dados { $database }: { $why }
fault-store-refused = o banco de dados { $database } recusa o acesso: { $why }. Confira usuário, senha e nome do banco em database.url
    e o pg_hba.conf do servidor
fault-store-not-writable = não é possível gravar em { $path }: { $why }. { $fix }
fault-store-of-user = { $path } pertence ao usuário { $owner }, e root deixaria ao lado arquivos que o serviço não consegue gravar.
    Execute-o com esse usuário, como faz o comando instalado: runuser -u { $owner } -- equipemed-bot …
fault-store-busy = o banco de dados { $database } está ocupado: { $why }
fault-store-nonsense = o banco guarda algo que não faz sentido: { $column } da linha { $row }: { $why }
fault-store-migration = não é possível atualizar as tabelas de { $database }: { $why }. { $fix }
fault-store-unstorable = não é possível guardar um valor: { $why }
fault-store-failed = o banco de dados { $database } falhou: { $why }
fault-store-no-connection = nenhuma conexão ficou livre a tempo
fault-store-closed = o banco foi fechado
fault-store-damaged = o arquivo está danificado, restaure um backup: { $why }
fault-fix-standby = É uma réplica ou só permite leitura: aponte database.url para o principal
fault-fix-owner = Torne o papel do serviço dono do banco: alter database … owner to …
fault-fix-space = Libere espaço no servidor do banco de dados
fault-fix-disk = O disco está cheio: libere espaço
fault-fix-folder = O usuário do serviço precisa ser dono do arquivo e da pasta, porque o SQLite mantém mais dois arquivos ao lado:
    use chown nos dois ou aponte database.url para outro lugar

# Uma passagem e seus passos.
fault-account-existed = { $user } já existia e não foi criada por mim
fault-account-not-made = não foi possível criar a conta { $user }
fault-room-not-made = não foi possível criar a sala { $room }
fault-key-twice = há várias salas para { $room }: a próxima sincronização diz quais são
fault-alias-of-other = o endereço { $alias } é da sala { $id }, que está em uso: dê outro endereço à sala { $room } ou a essa.
    Se é essa a sala desejada: `equipemed-bot rooms adopt { $id } { $key }`
fault-alias-of-other-control = o endereço { $alias } é da sala { $id }, que está em uso: dê outro endereço à sala de controle na configuração, ou àquela sala
fault-picture-unreadable = não foi possível ler a imagem { $path }: { $why }
fault-encrypts = o Synapse criptografa salas novas por conta própria, e em sala criptografada não há moderação: a nova foi apagada e nenhuma outra é criada.
    Ponha `encryption_enabled_by_default_for_room_type: "off"` no homeserver.yaml, reinicie o Synapse e execute `equipemed-bot setup`
fault-file-of-another = outra pessoa enviou o arquivo ao servidor, por isso ele continua acessível
fault-file-elsewhere = o arquivo está em outro servidor
fault-file-protected = o arquivo foi protegido na administração do Synapse, por isso continua acessível
fault-file-accepted = o arquivo em si é aceito, por isso continua acessível
fault-file-told = arquivos não aceitos agora só são informados, não apagados
fault-stays-yet = o bot foi colocado ali de novo
fault-stays-managed = ela foi assumida
fault-stays-gone = o bot foi tirado dela
fault-stays-ours = o próprio bot a criou ou marcou
fault-stays-follows = ela continua a sala { $room }
fault-left-synapse = o Synapse estava fora do ar; vou tentar de novo
fault-no-address = o EquipeMed não tem mais um e-mail
fault-left-database = o banco de dados estava fora do ar; vou tentar de novo
fault-left-stop = o serviço foi parado; vou tentar de novo
fault-others-note = outro processo anota outras pessoas o tempo todo; ele usa o mesmo EquipeMed?
fault-not-held = nada está retido como { $id }: foi feito, expirou, mudou ou nunca existiu;
    `sync --dry-run` mostra o que está retido agora
fault-clock = o relógio do sistema está errado: passou da última data que existe
fault-others-change = outros mudam o mesmo o tempo todo; vou conferir de novo
fault-process-ended = o processo que cuidava disso terminou
fault-interrupted-synapse = interrompido: o Synapse saiu do ar
fault-interrupted-database = interrompido: o banco de dados saiu do ar
fault-interrupted-stop = interrompido: o serviço foi parado
fault-other-took-over = outro processo assumiu; este para antes de gravar mais alguma coisa
fault-stopped = o serviço foi parado
fault-run-gone = a sincronização desapareceu do banco
fault-deed-gone = uma tarefa desapareceu do banco

# O que aconteceu com um comando.
fault-not-done = não foi feito
fault-partly = uma parte não foi feita
fault-unclear = não estava claro
fault-not-identified = não se encontrou de quem ou do que se trata
fault-paused = o serviço está pausado; encerre a pausa antes
fault-interrupted-pause = interrompido: o serviço foi pausado
fault-left-pause = ficou como estava: o serviço foi pausado
fault-halted = foi parado antes
fault-late = chegou atrasado
fault-directory-away = não foi possível ler o EquipeMed
fault-something-added = algo foi acrescentado
fault-control-room-not-configured = a configuração não tem sala de controle
fault-control-room-none-before = o bot ainda não criou uma sala de controle: tire o --control-room
fault-control-room-another = a sala de controle já é { $id }, e não { $chosen }: tire o --control-room
fault-control-room-not-made = nenhuma sala foi criada; execute setup de novo: { $why }
fault-refusal = recusado: { $why }

# De que se trata.
topic-account = conta { $user }
topic-room = sala { $room }
topic-steps = { $count } passos
fault-not-locked = não foi possível bloquear a conta; o que depende disso fica esperando
topic-member = { $user } na sala { $room }
fault-got-account = a pessoa recebeu uma conta nesse meio-tempo; confira de novo

# Tudo o que pode estar errado numa lista, numa coluna ou no endereço do banco.
half-not-utf8 = não é UTF-8 depois do byte { $byte }; espere até que seja gravado ou salve em UTF-8
half-empty = está vazio; espere até que seja gravado ou liste as pessoas nele
half-changed = mudou durante a leitura; logo será lido de novo
half-count = lista { $found } pessoas, mas diz count: { $stated }; espere até que seja gravado ou corrija o número
directory-no-address = directory.url não é o endereço de um banco de dados
directory-in-query = { $said } em directory.query
directory-not-stored = não foi possível guardar um aviso de mudança
directory-setup-in-use = as tabelas do EquipeMed ficaram em uso por mais de { $seconds } s; nada foi mudado, execute de novo
directory-setup-refused = o banco de dados recusou, e nada foi mudado: { $said }
directory-setup-no-address = EQUIPEMED_ADMIN_URL, o endereço do administrador, não é o endereço de um banco de dados
directory-setup-no-connection = não há conexão com EQUIPEMED_ADMIN_URL, o endereço do administrador: { $said }
directory-setup-reading-role = { $role } é o papel em directory.url, que só pode ler;
    use um administrador do banco de dados do EquipeMed
column-value = o esperado é { $why }
column-cast = { $what }; escreva { $column }::{ $type }
column-type =
    .number = um número inteiro (smallint, integer ou bigint)
    .text = texto
    .boolean = verdadeiro ou falso (boolean)
    .text-list = lista de textos
    .instant = data e hora com fuso horário
bad-url-no-file = falta o nome do arquivo, como em sqlite://equipemed-bot.db
bad-url-in-memory = um banco na memória esqueceria tudo ao reiniciar: indique um arquivo
bad-url-file-with-options = um endereço SQLite não leva opções: escreva só o caminho do arquivo
bad-url-not-postgres = não tem a forma { $form };
    codifique com % os caracteres especiais da senha
bad-url-scheme = não começa com sqlite:// nem com postgres://
bad-url-not-sqlite = o arquivo não é um banco de dados SQLite
bad-url-unusable = não pode ser usado
fault-store-taken = outro serviço já trabalha com o banco de dados { $database }: { $by }. Só um por vez pode, porque o Synapse não
    avisa o outro: encerre aquele primeiro ou dê a este um banco só dele. No PostgreSQL, vários usam o mesmo banco
fault-store-thread-gone = a linha de execução da conexão terminou
fault-fix-make-folder = Crie a pasta primeiro: mkdir -p { $folder }
fault-fix-name-file = database.url precisa indicar um arquivo
fault-fix-not-folder = { $folder } não é uma pasta
fault-fix-writable-volume = O sistema de arquivos só permite leitura: monte ali um volume gravável
fault-fix-newer-version = Uma versão mais nova do serviço gravou ali: use-a ou restaure o backup de antes da atualização
fault-fix-changed-migration = Uma migração já aplicada foi mudada depois: use uma versão sem modificações
fault-fix-see-above = Nada foi mudado por esse passo; o texto acima diz o que impede
cell-empty = está vazio
cell-not-number = não é um número
cell-out-of-range = está fora dos limites
cell-not-text = não é um texto
cell-not-flag = não é verdadeiro nem falso
cell-not-instant = não é uma data com hora
cell-not-matrix-id = não é um id do Matrix
cell-unknown-word = não é uma palavra que esta versão conheça
cell-json = JSON de outra forma, no caractere { $column }
conflict-binding = a conta já é de outra pessoa, ou a pessoa já tem outra
conflict-room = a sala já tem outra chave, e não { $room }
conflict-code = o código está em uso

# O que estava sendo feito.
fault-during = { $stage }: { $why }
stage =
    .read-people = não foi possível ler as pessoas do EquipeMed
    .read-accounts = não foi possível ler as contas do Synapse
    .read-account = não foi possível ler uma conta
    .write-audit = não foi possível gravar a auditoria
    .write-outcomes = não foi possível gravar resultados na auditoria
    .read-unfinished = não foi possível ler ações inacabadas
    .read-claims = não foi possível ler o que está em andamento
    .settle-unfinished = não foi possível encerrar ações inacabadas
    .note-presence = não foi possível anotar quem foi lido
    .note-absences = não foi possível anotar há quanto tempo faltam pessoas
    .note-agreement = não foi possível anotar quais contas estão em dia
    .note-names = não foi possível anotar os nomes conhecidos
    .note-states = não foi possível anotar o estado das contas
    .note-powers = não foi possível anotar onde valem os poderes
    .note-fulfilled = não foi possível anotar que uma sala está completa
