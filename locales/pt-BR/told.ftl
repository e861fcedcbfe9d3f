# O que os relatórios e a auditoria guardam em inglês, dito em português.

# Synapse.
told-not-found = o Synapse não conhece isso: { $why }
told-refused = o Synapse recusou com { $status } { $errcode }: { $why }
told-taken = o id externo é de { $user }
told-another-account = outra conta
told-limited = o Synapse limita a frequência dos pedidos; há `rate_limited: false` no arquivo de registro?
told-unreachable = não é possível falar com o Synapse: { $why }
told-maybe-done = o Synapse não deu uma resposta clara, e a mudança pode ter sido feita: { $why }
told-not-matrix = a resposta não é a de um servidor Matrix ({ $why }); confira homeserver.url e o proxy na frente dele
told-unknown-token = o Synapse não conhece o as_token: indique o arquivo de registro em app_service_config_files, no homeserver.yaml,
    e reinicie o Synapse
told-not-admin = o bot não administra o servidor: execute `equipemed-bot setup`
told-not-ours = o evento não é uma mensagem nem uma reação do bot
told-cancelled = interrompido enquanto esperava pelo Synapse
told-overtaken = este processo não pode mais mudar nada; outro pode ter assumido
told-nonsense = a resposta do Synapse não faz sentido: { $why }
told-like-proxy = respondeu { $status } sem um erro do Matrix, como faz um proxy
told-no-matrix-error = respondeu { $status } sem um erro do Matrix
told-no-json = uma resposta de sucesso que não é JSON
told-no-versions = JSON sem versões
told-odd-json = JSON inesperado na linha { $line }, coluna { $column }
told-no-answer = não houve resposta a tempo
told-no-connection-in-time = não houve conexão a tempo
told-no-connection = sem conexão: { $why }
told-log-unreachable = inacessível: { $why }
told-levels-full = o evento de níveis da sala está cheio
told-no-account = não há a conta { $user }
told-no-event = não há esse evento naquela sala
told-people-inside = agora há pessoas na sala ({ $count }); não mexi nela
told-deletion-endless = a remoção não chega ao fim
told-log-refused = recusou com { $status } { $errcode }
told-log-limited = limitou a frequência dos pedidos
told-no-create = uma sala sem m.room.create
told-odd-creator = quem criou não tem um id válido
told-wants-interaction = pede autenticação interativa
told-not-put-together = não foi possível montar o pedido
told-no-room-version = { $version } não é uma versão de sala
told-account-appeared = { $user } não existia; a mudança criou a conta
told-foreign-list = { $user }, de outro servidor, está na lista de contas
told-list-without-bot = o próprio bot não está na lista de contas
told-odd-form = uma resposta de sucesso em forma inesperada

# EquipeMed.
told-roster-unreadable = não é possível ler { $file }: { $why }; confira se o arquivo existe e se o serviço pode lê-lo
told-roster-half = { $file } está incompleto: { $why }
told-database-away = o banco de dados do EquipeMed não responde: { $why }; confira se está no ar e se directory.url leva a ele
told-database-refuses = o banco de dados do EquipeMed recusa o serviço: { $why }; confira usuário, senha e banco em directory.url
told-data-forbidden = não é permitido ler os dados do EquipeMed: { $why };
    `equipemed-bot directory install-triggers --print` mostra as permissões necessárias
told-database-odd = o banco de dados do EquipeMed não está como esperado: { $why }; confira directory.prefix ou escreva directory.query
told-column = dados do EquipeMed, coluna { $column }: { $why }
told-column-null-id = é nula; é a chave primária da pessoa
told-column-null = é nula para alguém; escreva coalesce({ $column }, false)
told-column-missing = está faltando; directory.query precisa trazê-la (docs/EQUIPEMED.md lista todas)
told-column-type = é do tipo { $type }, e o esperado é { $why }
told-column-unread = não pode ser lida
told-column-text = texto; escreva { $column }::text
told-column-list = lista de textos; escreva { $column }::text[]
told-nobody = o banco de dados do EquipeMed não traz ninguém, e nisso nunca acredito;
    confira se directory.url leva ao banco certo
told-database-failed = o banco de dados do EquipeMed falhou: { $why }
told-no-answer-within = sem resposta em { $seconds } s
told-no-connection-within = sem conexão em { $seconds } s
told-slow-read = a leitura das pessoas levou mais de { $seconds } s
told-busy = está ocupado
told-no-select = sem SELECT em { $tables }
told-hear-no-answer = sem resposta a uma conexão para avisos
told-hear-lost = a conexão para avisos caiu
told-hear-silent = a conexão para avisos não responde

# O banco de dados do próprio serviço.
told-store-bad-url = não é possível usar database.url ({ $url }): { $why }
told-store-unreachable = não é possível acessar o banco de dados { $database }: { $why }
told-store-refused = o banco de dados { $database } recusa o acesso: { $why }. Confira usuário, senha e nome do banco em database.url
    e o pg_hba.conf do servidor
told-store-not-writable = não é possível gravar em { $path }: { $why }. { $fix }
told-store-busy = o banco de dados { $database } está ocupado: { $why }
told-store-nonsense = o banco guarda algo que não faz sentido: { $column } da linha { $row }: { $why }
told-store-migration = não é possível atualizar as tabelas de { $database }: { $why }. { $fix }
told-store-unstorable = não é possível guardar um valor: { $why }
told-store-failed = o banco de dados { $database } falhou: { $why }
told-store-no-connection = nenhuma conexão ficou livre a tempo
told-store-closed = o banco foi fechado
told-store-damaged = o arquivo está danificado, restaure um backup: { $why }
told-fix-standby = É uma réplica ou só permite leitura: aponte database.url para o principal
told-fix-owner = Torne o papel do serviço dono do banco: alter database … owner to …
told-fix-space = Libere espaço no servidor do banco de dados
told-fix-disk = O disco está cheio: libere espaço
told-fix-folder = O usuário do serviço precisa ser dono do arquivo e da pasta, porque o SQLite mantém mais dois arquivos ao lado:
    use chown nos dois ou aponte database.url para outro lugar

# Uma passagem e seus passos.
told-account-existed = { $user } já existia e não foi criada por mim
told-account-not-made = não foi possível criar a conta { $user }
told-room-not-made = não foi possível criar a sala { $room }
told-key-twice = várias salas têm a chave { $room }: a próxima conferência diz quais são
told-alias-of-other = o endereço { $alias } é da sala { $id }, que está em uso: dê outro endereço à sala { $room } ou a essa
told-stays-yet = o bot foi colocado ali de novo
told-stays-managed = ela foi assumida
told-stays-gone = o bot foi tirado dela
told-stays-ours = o próprio bot a criou ou marcou
told-stays-follows = ela continua a sala { $room }
told-synapse-away = o Synapse estava fora do ar; vou tentar de novo
told-no-address = o EquipeMed não tem mais um e-mail
told-step-database = o banco de dados estava fora do ar; vou tentar de novo
told-step-stopped = o serviço foi parado; vou tentar de novo
told-others-change = outros mudam o mesmo o tempo todo; vou conferir de novo
told-process-ended = o processo que cuidava disso terminou
told-interrupted-synapse = interrompido: o Synapse saiu do ar
told-interrupted-database = interrompido: o banco de dados saiu do ar
told-interrupted-stop = interrompido: o serviço foi parado
told-other-took-over = outro processo assumiu; este para antes de gravar mais alguma coisa
told-stopped = o serviço foi parado
told-people-unread = não foi possível ler as pessoas do EquipeMed: { $why }
told-accounts-unread = não foi possível ler as contas do Synapse: { $why }
told-audit-unwritten = não foi possível gravar a auditoria: { $why }
told-outcomes-unwritten = não foi possível gravar resultados na auditoria: { $why }
told-unfinished-unread = não foi possível ler ações inacabadas: { $why }
told-claims-unread = não foi possível ler o que está em andamento: { $why }
told-unsettled = não foi possível encerrar ações inacabadas: { $why }
told-presence-unnoted = não foi possível anotar quem foi lido: { $why }
told-agreement-unnoted = não foi possível anotar quais contas estão em dia: { $why }
told-names-unnoted = não foi possível anotar os nomes conhecidos: { $why }
told-run-gone = a sincronização desapareceu do banco
told-deed-gone = uma tarefa desapareceu do banco

# O que aconteceu com um comando.
told-not-done = não foi feito
told-partly = uma parte não foi feita
told-unclear = não estava claro
told-not-identified = não se encontrou de quem ou do que se trata
told-late = chegou atrasado
told-directory-away = não foi possível ler o EquipeMed
told-service-stopped = o serviço foi parado
told-something-added = algo foi acrescentado
told-refusal = recusado: { $why }
told-refusal-unknown = o EquipeMed não conhece a conta
told-refusal-not-active = a pessoa não está ativa
told-refusal-right-room = sem o direito de { $right } na sala { $room }
told-refusal-right = sem o direito de { $right }
told-refusal-own = sobre a própria conta
told-refusal-protected = uma conta protegida
told-refusal-higher = sobre alguém de nível igual ou superior
told-refusal-higher-room = sobre alguém de nível igual ou superior na sala { $room }
told-refusal-above-room = o nível { $level } está acima do próprio, { $own }, na sala { $room }
told-refusal-above = o nível { $level } está acima do próprio, { $own }
told-refusal-observe = modo de observação

# De que se trata.
told-subject-account = conta { $user }
told-subject-room = sala { $room }
told-subject-command = comando { $word }
told-subject-steps = { $count } passos
told-not-locked = não foi possível bloquear a conta; o que depende disso fica esperando
