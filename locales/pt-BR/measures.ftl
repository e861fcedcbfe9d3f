# O que se faz com pessoas e mensagens por comando.

# Onde algo vale, em cada forma de que uma frase precisa.
in-room = na sala { $room }
in-space = no espaço { $room } e nas salas dele
in-all-rooms = em todas as salas
in-any-space = no espaço { $room } nem nas salas dele
in-any-room = em nenhuma sala
from-room = da sala { $room }
from-space = do espaço { $room } e das salas dele
from-all-rooms = de todas as salas
until = , até { $time }

# O que seria feito, e o que foi feito. De gênero, só o da conta: o da pessoa não se conhece.
would-promote = { $user } terá { $rank } { $in }{ $until }.
promoted = { $user } agora tem { $rank } { $in }{ $until }.
would-demote = { $user } não terá mais nível próprio { $anywhere }{ $until }.
demoted = { $user } não tem mais nível próprio { $anywhere }{ $until }.
would-take-back = { $user } perderá o que você concedeu { $in }. O que tem ali pelas regras, ou por outra pessoa, continuará.
taken-back = { $user } não tem mais o que você concedeu { $in }. O que tem ali pelas regras, ou por outra pessoa, continua.
would-kick = A conta de { $user } será removida { $from }{ $until }.
kicked = A conta de { $user } foi removida { $from }{ $until }.
would-ban = A conta de { $user } será banida { $from }{ $until }.
banned = A conta de { $user } foi banida { $from }{ $until }.
would-unban = { $user } poderá entrar de novo { $in }.
unbanned = { $user } já pode entrar de novo { $in }. Foi retirado:
not-banned = { $user } não tem banimento nem remoção por comando { $anywhere }: não há nada a retirar.
would-mute = { $user } não poderá mais escrever { $anywhere }{ $until }.
muted = { $user } não pode mais escrever { $anywhere }{ $until }.
would-unmute = { $user } poderá escrever de novo { $in }.
unmuted = { $user } já pode escrever de novo { $in }.
would-lock = A conta de { $user } será bloqueada{ $until }. As sessões continuarão: `{ $prefix }desconectar` encerra, como em caso de celular perdido.
locked = A conta de { $user } foi bloqueada{ $until }. As sessões continuam: `{ $prefix }desconectar` encerra, como em caso de celular perdido.
would-unlock = A conta de { $user } será desbloqueada.
unlocked = A conta de { $user } foi desbloqueada.
would-sign-out = A conta de { $user } será desconectada em todos os aparelhos. Quem ainda tem acesso poderá entrar de novo.
signed-out = A conta de { $user } foi desconectada em todos os aparelhos. Quem ainda tem acesso pode entrar de novo: `{ $prefix }bloquear` impede isso.
would-deactivate = A conta de { $user } será desativada: desconectada em todos os aparelhos e fora de todas as salas.
    Com `{ $prefix }reativar` ela volta às salas de que cuido; as conversas diretas se perdem de vez.
    Para afastar alguém só por um tempo existe `{ $prefix }bloquear`.
deactivated = A conta de { $user } foi desativada.
would-reactivate = A conta de { $user } poderá ser usada de novo e voltará às suas salas.
reactivated = A conta de { $user } pode ser usada de novo e volta às suas salas.

ban-record = { $count ->
        [one] 1 sala
       *[other] { $count } salas
    }. Concessão { $id }.
ban-by-hand = o banimento da sala { $room }, feito manualmente por { $by }
still-out = { $user } continua sem poder entrar ali: isto vale além dessa sala e não se retira só para ela: { $grant }. Para retirar: { $command }
no-account-yet = { $user } ainda não tem conta. Anotei: vale assim que tiver.
ban-put-back = { $by } baniu { $user } da sala { $room } manualmente, sem ter o direito. Retirei o banimento.
ban-seen = { $by } baniu { $user } da sala { $room } manualmente, sem ter o direito. Não mudei nada.
still-locked = A conta de { $user } também está bloqueada por comando. Para retirar: { $command }
still-deactivated = A conta de { $user } também está desativada por comando. Para retirar: { $command }
still-off = { $user } ainda não pode usar a conta: no EquipeMed está { $standing }.
    Assim que o EquipeMed disser de novo que o acesso está ativo, a conta volta sozinha, com as suas salas.
still-unknown = { $user } não pode usar a conta: o EquipeMed não conhece mais a pessoa.
    Assim que voltar a conhecer, a conta volta sozinha, com as suas salas.
already-so = { $user }: já era assim, não foi preciso mudar nada.
not-a-member = { $user } não tem lugar { $in } agora. Anotei: vale assim que tiver.
unmet-no-room = Nada foi feito { $in }: ainda não foi criada.
unmet-several = { $rooms }: há mais de uma sala para isso, e não uso nenhuma até alguém escolher.
unmet-deleted = Nada foi feito { $in }: não existe mais no Synapse.
unmet-unreadable = Não consegui ler { $rooms }, por isso não sei como está ali: { $detail }. Anotei e vou olhar de novo.
unmet-replaced = Nada foi feito { $in }: outra sala tomou o lugar.
unmet-bot-out = Nada foi feito { $in }: não estou ali. Convide-me de novo, por favor.
unmet-out-of-reach = { $rooms }: ali o nível de { $user } é alto demais para mim. É preciso mais que { $level }, e o meu é { $bot }.
unmet-released = { $user } está fora da seleção para o Matrix (users.who): níveis e direitos por comando não contam, e uma conta desativada continua assim.
    Anotei: vale assim que voltar à seleção. Banimentos e bloqueios valem mesmo assim.
unmet-unclear = { $user }: o EquipeMed não diz com clareza a situação da pessoa, por isso não mudo nada até que diga.
unmet-off = { $user } não pode usar a conta agora. Anotei: vale assim que puder.
unmet-not-yet = { $user }: ainda não está assim { $in }. Anotei e vou olhar de novo.
grant-failed = Não deu certo: { $detail }
grant-waits = O Synapse não está respondendo. Anotei e continuo tentando.
grant-held = { $user }: aguarda aprovação como { $id }.
would-do = Nada foi feito. Aconteceria isto:
undo-with = Para desfazer: { $command }

grants-intro = { $count ->
        [one] 1 concessão em vigor
       *[other] { $count } concessões em vigor
    }:
grants-none = Nada foi dado nem proibido por comando.
grants-none-user = Nada foi dado a { $user } nem proibido por comando.
grant-line = { $id }: { $user }, { $what }, por { $asker } em { $when }{ $until }
with-reason = { $line } – motivo: { $reason }

redacted = { $count ->
        [0] Nenhuma mensagem apagada
        [one] 1 mensagem apagada
       *[other] { $count } mensagens apagadas
    } na sala { $room }.
redact-partly = Só uma parte foi apagada. Apagadas: { $done }, falhas: { $failed }.
redact-failed = Nada foi apagado: { $detail }
redact-progress = Apagando: { $done } de { $total }
redact-halted = Parado. Apagadas: { $done }, mantidas: { $left }, falhas: { $failed }.
halt-how = Para parar, responda a esta mensagem com { $command }.
halt-nothing = Não há mais nada a parar.
halted = { $count ->
        [one] Parado: 1 item não será mais feito.
       *[other] Parado: { $count } itens não serão mais feitos.
    }
redact-none = Não encontrei nada para apagar.
redact-already = Essa mensagem já foi apagada.
redact-not-a-message = Isso não é uma mensagem nem uma reação, por isso não pode ser apagado.
redact-preview = { $count ->
        [0] Nenhuma mensagem de
        [one] Seria apagada 1 mensagem de
       *[other] Seriam apagadas { $count } mensagens de
    } { $user } na sala { $room }, de { $oldest } a { $newest }.
redact-preview-unseen = Seria apagado na sala { $room } o que você pediu. Você não está nessa sala, por isso não digo o que há nela.
redact-preview-event = Seria apagada 1 mensagem de { $user } na sala { $room }.
not-inside = { $user } não está { $place } agora, por isso ninguém foi removido. De agora em diante não entra mais.
noted = É a concessão { $id }, sem prazo.
noted-until = É a concessão { $id }, até { $until }.
