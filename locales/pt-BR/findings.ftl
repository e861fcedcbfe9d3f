# O que se encontra em pessoas, regras e no Synapse.

finding-no-public-id = a pessoa { $person } não tem perfil no EquipeMed e, por isso, não tem id público: fica sem conta até ter um
finding-no-localpart = a pessoa { $person } fica sem conta: não há nome de usuário Matrix que sirva. Cadastre um para ela no EquipeMed
finding-localpart-impossible = a pessoa { $person } fica sem conta: não há nome de usuário Matrix que sirva; { $tried }.
    Cadastre outro para ela no EquipeMed
localpart-character = “{ $wish }”: o caractere { $odd } não é permitido (só a-z, 0-9 e . _ = - / +)
localpart-empty = “{ $wish }”: está vazio
localpart-digits = “{ $wish }”: só tem dígitos, o que o Synapse reserva para convidados
localpart-underscore = “{ $wish }”: começa com _, o que o Synapse recusa
localpart-too-long = “{ $wish }”: com o nome do servidor, passa de 255 bytes
localpart-reserved = “{ $wish }”: o nome é reservado
finding-person-replaced = a pessoa { $person }, { $now }, tem no EquipeMed o número que era de { $was }, mas outro id público:
    é uma pessoa nova, que não herda nada.
    { $user } continua sendo de { $was }, que consta como ausente. Se for a mesma pessoa, execute
    `equipemed-bot users adopt { $now } { $id }`{ $administrator }
finding-account-unclear = não dá para saber de quem é { $user }: a conta foi vinculada
    quando ainda não se guardava o id público e não tem id externo no Synapse.
    Nada muda nela até você dizer de quem é: `equipemed-bot users adopt USUÁRIO { $id }`{ $administrator }
finding-account-gone = a conta { $user } da pessoa { $person } não está mais no Synapse: ela é criada de novo
finding-external-id-lost = { $user }, a conta da pessoa { $person }, perdeu o id externo no Synapse: ele é posto de volta
finding-external-id-differs = { $user }, a conta da pessoa { $person }, está no Synapse com o id externo { $found },
    com o qual outra pessoa poderia entrar: o certo é posto no lugar. Verifique quem o mudou
finding-localpart-collision = a pessoa { $person } e a pessoa { $others } levam à mesma conta { $user }:
    cadastre no EquipeMed outro nome de usuário Matrix para uma delas
finding-localpart-held = a pessoa { $others } leva a { $user }, que é a conta da pessoa { $person }:
    cadastre no EquipeMed outro nome de usuário Matrix para uma delas
finding-name-of-missing = a pessoa { $person } leva a { $user }, a conta de uma pessoa ({ $holder }) que não está mais no EquipeMed desde
    { $since }. Se for a mesma pessoa, execute `equipemed-bot users adopt { $name } { $id }`{ $administrator }. Se não,
    cadastre no EquipeMed outro nome de usuário Matrix para { $person }; `equipemed-bot users release { $account }` solta a conta antiga
finding-name-just-missing = a pessoa { $person } leva a { $user }, a conta de uma pessoa ({ $holder }) que o EquipeMed não tem mais.
    Se for a mesma pessoa, execute `equipemed-bot users adopt { $name } { $id }`{ $administrator }
finding-localpart-reserved = a pessoa { $person } leva a { $user }, que é uma conta protegida: cadastre outro nome de usuário Matrix para ela
finding-account-twin = a pessoa { $person } receberia { $user }, mas { $twin } já existe e só difere em maiúsculas e minúsculas:
    cadastre outro nome de usuário Matrix para ela
finding-account-not-theirs = a pessoa { $person } leva a { $user }, que já existe sem o id externo dela:
    se a conta for dela, execute `equipemed-bot users adopt { $name } { $id }`{ $administrator }
finding-administrator = . É uma conta de administração do Synapse: quem entra nela pode desfazer tudo aqui
finding-administrator-found = { $user } tem o id externo da pessoa { $person } e não é assumida sozinha.
    Se for dela, execute `equipemed-bot users adopt { $name } { $id }`{ $administrator }
finding-external-id-taken = a pessoa { $person } fica sem conta: o id externo dela está em { $user }, a conta da pessoa { $owner }.
    Retire-o de lá se não for dessa pessoa
finding-account-missing = a pessoa { $person } não tem conta ({ $user }) e users.create está desligado
finding-email-shared = as pessoas { $people } têm o mesmo e-mail no EquipeMed: o Synapse não o recebe para nenhuma delas. Cadastre um para cada uma
finding-email-taken = o e-mail da pessoa { $person } ({ $user }) está no Synapse com { $holder }, e não foi posto lá por mim:
    retire-o de lá se não for dessa conta
finding-unknown-status = a pessoa { $person } está com a situação “{ $status }”, que users.standing não conhece: nada muda para ela
finding-group-unknown = uma regra usa o grupo “{ $name }”, que não existe no EquipeMed{ $near }
finding-group-of-nobody = uma regra usa o grupo “{ $name }”, e ninguém está nele{ $near }
finding-specialty-unknown = uma regra usa a especialidade “{ $name }”, que não está em uso no EquipeMed{ $near }
finding-specialty-of-nobody = uma regra usa a especialidade “{ $name }”, e ninguém a tem{ $near }
finding-name-near = ; você quis dizer “{ $near }”?
finding-room-matches-nobody = ninguém corresponde à regra da sala { $room }
finding-member-unbound = { $user } está na sala { $room } e não é de ninguém no EquipeMed
finding-banned-by-hand = { $user } deveria estar na sala { $room }, mas há um banimento feito manualmente
finding-invitations-declined = saída da sala { $room } ou convite recusado, apesar de fazer parte dela: { $people }. Não convido
    de novo; alguém da sala pode convidar
finding-other-faces = na sala { $room } há outro nome ou outra foto (`/myroomnick`): { $people }. Não mudo de volta:
    ponha `allow_per_room_profiles: false` no homeserver.yaml; a próxima troca de nome ou foto corrige isso
finding-creator-stays = { $user } criou a sala { $room } e não faz mais parte dela: ninguém consegue remover quem criou uma sala da versão 12.
    A própria pessoa sai, ou uma sala nova toma o lugar: `equipemed-bot rooms replace { $key }`
finding-email-invalid = o e-mail da pessoa { $person } no EquipeMed não é um e-mail válido, e o Synapse não o recebe: corrija lá
finding-level-creator = { $user } criou a sala { $room } e deveria estar no nível { $wanted } nela:
    quem cria uma sala da versão 12 fica acima de todos os níveis. Só uma sala nova muda isso: `equipemed-bot rooms replace { $key }`
finding-level-like-bot = { $user } está no nível { $has } na sala { $room } e deveria estar no { $wanted }:
    o bot está no nível { $bot } ali e não dá a ninguém o próprio nível. Dê mais ao bot ou crie uma sala nova
finding-level-like-bot-at-top = { $user } está no nível { $has } da sala { $room } e deveria estar no { $wanted }:
    o bot está no { $bot } dessa sala, não dá o próprio nível a ninguém, e ninguém pode dar-lhe mais. Só uma sala nova muda isso
finding-level-above-bot = { $user } está no nível { $has } na sala { $room } e deveria estar no { $wanted }:
    o nível { $bot } do bot não é superior. Só a própria pessoa, ou uma sala nova, pode mudar isso
finding-levels-full = o evento de níveis da sala { $room } tem { $entries } pessoas e { $waiting } esperam: com elas teria
    { $bytes } bytes, e o Synapse aceita { $most }. Dê a todos o nível que a maioria delas tem, com `default_level` na
    configuração
finding-default-level-too-high = o `default_level` { $level } da sala { $room } não é dado a todos: { $needs } já basta para
    moderar ali. Escolha um menor
finding-power-missing = o bot não pode { $what } na sala { $room }: é preciso o nível { $needs }, e ele está no { $bot }
finding-bot-not-in-room = o bot não está na sala { $room } ({ $id }): convide-o ou crie uma nova no lugar dela:
    `equipemed-bot rooms replace { $key }`
finding-room-unreadable = não foi possível ler a sala { $room } ({ $id }): { $why }
finding-room-gone = a sala { $room } ({ $id }) foi apagada ou está fora do alcance do bot: { $why }.
    Para criar uma nova no lugar dela: `equipemed-bot rooms replace { $key }`
finding-room-encrypted = a sala { $room } está criptografada: não é possível moderar o que se diz nela.
    Crie uma nova no lugar dela: `equipemed-bot rooms replace { $key }`
finding-room-replaced = a sala { $room } foi substituída manualmente por outra, e nada mais é alterado nela.
    Para criar uma nova no lugar dela: `equipemed-bot rooms replace { $key }`
finding-room-replaced-by = a sala { $room } foi atualizada por { $user }, e as pessoas foram levadas para { $id }, da qual o bot não cuida.
    Para criar uma nova no lugar dela: `equipemed-bot rooms replace { $key }`.
    Para assumir a outra, depois de convidar o bot: `equipemed-bot rooms adopt { $id } { $key } --instead --accept-creators { $user }`
finding-room-version = a sala { $room } tem a versão { $has }, a configuração diz { $wanted }: isso não muda em uma sala que já existe
finding-version-missing = a sala { $room } não é criada: o Synapse não tem a versão de sala { $wanted }, só { $has }.
    Use `version: best` ou atualize o Synapse
finding-room-is-space = a sala { $room } é um espaço, a configuração diz sala: isso não muda em uma sala que já existe
finding-room-is-no-space = a sala { $room } não é um espaço, a configuração diz espaço: isso não muda em uma sala que já existe
finding-room-no-level-event = a sala { $room } não tem evento de níveis: isso não muda em uma sala que já existe
finding-room-key-twice = há várias salas para { $room }, todas feitas ou marcadas pelo próprio bot ({ $ids }):
    nenhuma delas é usada e nenhuma outra é criada. Escolha uma pelo ID: `equipemed-bot rooms adopt ID { $key }`
finding-control-room-twice = há várias salas de controle, todas feitas ou marcadas pelo próprio bot ({ $ids }):
    nenhuma delas é usada e nenhuma outra é criada. Escolha uma pelo ID: `equipemed-bot setup --control-room ID`
finding-room-no-longer-managed = a sala { $room } ({ $id }) saiu da configuração: fica como está e deixo de cuidar dela
finding-directory-shrank = o EquipeMed tinha { $before } pessoas na última leitura e agora tem { $now }: nada é destruído
    e ninguém novo é criado até que as pessoas voltem ou alguém libere o que ficou retido por isso
finding-control-room-missing = ainda não há sala de controle: execute `equipemed-bot setup`
finding-control-room-open = a sala de controle não está fechada: pode entrar { $rule }
