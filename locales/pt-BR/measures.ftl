# O que se faz com pessoas e mensagens por comando.

place-everywhere = em todas as salas
place-room = na sala { $room }

promoted = { $user } agora tem { $rank } { $place }.
promoted-until = { $user } agora tem { $rank } { $place }, até { $until }.
demoted = { $user } não tem mais nível próprio { $place }.
demoted-until = { $user } fica sem nível próprio { $place } até { $until }.
taken-back = { $user } não tem mais o que você concedeu { $place }. O que tem ali pelas regras, ou por outra pessoa, continua.
kicked = { $user } foi removido(a) da sala { $room }.
kicked-until = { $user } foi removido(a) da sala { $room } até { $until }.
banned = { $user } está banido(a) { $place }.
banned-until = { $user } está banido(a) { $place } até { $until }.
ban-record = Salas: { $count }. Concessão: { $id }.
unbanned = { $user } não está mais impedido(a) de entrar { $place }. Foi retirado:
not-banned = { $user } não está banido(a) nem removido(a) por comando { $place }: não há nada a retirar.
ban-by-hand = o banimento que { $by } fez manualmente na sala { $room }
still-out = { $user } continua impedido(a) de entrar, por algo que vale além dessa sala e não se retira só para ela: { $grant }.
    Para retirar: { $command }
no-account-yet = { $user } ainda não tem conta. Anotei: vale assim que tiver.
ban-put-back = { $by } baniu { $user } manualmente na sala { $room } sem ter o direito. Retirei o banimento.
ban-seen = { $by } baniu { $user } manualmente na sala { $room } sem ter o direito. Não mudei nada.
muted = { $user } não pode mais escrever { $place }.
muted-until = { $user } não pode escrever { $place } até { $until }.
unmuted = { $user } pode escrever de novo { $place }.
locked = A conta { $user } está bloqueada. `{ $prefix }signout` encerra também as sessões, como em caso de celular perdido.
locked-until = A conta { $user } está bloqueada até { $until }.
unlocked = A conta { $user } foi desbloqueada.
signed-out = { $user } foi desconectado(a) em todos os aparelhos. Quem ainda tem acesso pode entrar de novo: `{ $prefix }lock` impede isso.
deactivated = A conta { $user } foi desativada.
deactivate-preview = A conta { $user } seria desativada: ela é desconectada em todos os aparelhos e sai de todas as salas.
    Com `{ $prefix }reactivate` ela volta às salas de que cuido; as conversas diretas se perdem de vez.
    Para afastar alguém só por um tempo existe `{ $prefix }lock`.
reactivated = A conta { $user } pode ser usada de novo e volta às suas salas.
still-locked = { $user } também está bloqueada por comando e continua assim até { $command }.
still-deactivated = { $user } também está desativada por comando e continua assim até { $command }.
still-off = { $user } ainda não pode usar a conta: no EquipeMed a pessoa está como { $standing }.
    Quando o EquipeMed disser de novo que está ativa, a conta volta sozinha, com as suas salas.
still-unknown = { $user } não pode usar a conta: o EquipeMed não conhece mais a pessoa.
    Quando voltar a conhecer, a conta volta sozinha, com as suas salas.
already-so = { $user }: já estava assim, não foi preciso mudar nada.
not-a-member = { $user } não faz parte da sala { $room } agora. Anotei: vale assim que fizer.
unmet-no-room = { $rooms }: essa sala ainda não existe, por isso nada foi feito ali.
unmet-several = { $rooms }: há mais de uma sala com a chave dela, então não uso nenhuma até alguém escolher uma.
unmet-deleted = { $rooms }: apagada no Synapse, por isso nada foi feito ali.
unmet-unreadable = Não consegui ler { $rooms }, por isso não sei como está ali: { $detail }. Anotei e vou olhar de novo.
unmet-replaced = { $rooms }: substituída por outra sala, por isso não mudo nada ali.
unmet-bot-out = { $rooms }: não estou nessa sala e não posso fazer nada ali. Convide-me de novo, por favor.
unmet-out-of-reach = { $rooms }: para { $user } é preciso mais que o nível { $level }, e o meu ali é { $bot }: não consigo mudar.
unmet-released = users.who não inclui { $user } agora: níveis e direitos por comando não contam, e uma conta desativada continua assim.
    Anotei: vale assim que users.who voltar a incluir a pessoa. Banimentos e bloqueios valem mesmo assim.
unmet-unclear = { $user }: o EquipeMed não diz com clareza a situação da pessoa, por isso não mudo nada até que diga.
unmet-off = { $user } não pode usar a conta agora. Anotei: vale assim que puder.
unmet-not-yet = { $user }: ainda não está assim { $rooms }. Anotei e vou olhar de novo.
grant-failed = Não deu certo: { $detail }
grant-waits = O Synapse não está respondendo. Anotei o pedido e vou tentar de novo.
grant-held = { $user }: ficou retido para aprovação como { $id }.
would-do = Nada foi feito. Aconteceria o seguinte:
undo-with = Para desfazer: { $command }

grants-intro = { $count ->
        [one] 1 concessão em vigor
       *[other] { $count } concessões em vigor
    }:
grants-none = Nada foi concedido nem proibido por comando.
grants-none-user = Nada foi concedido a { $user } nem proibido por comando.
grant-line = { $id }: { $user }, { $kind } { $place }, por { $asker } em { $when }
grant-line-until = { $id }: { $user }, { $kind } { $place }, por { $asker } em { $when }, até { $until }
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
redact-preview-unseen = Seria apagado na sala { $room } o que foi pedido. Você não está nessa sala, por isso não digo o que há nela.
redact-preview-event = Seria apagada 1 mensagem de { $user } na sala { $room }.
# O que todos na sala leem ao lado de uma mensagem apagada ou de uma remoção.