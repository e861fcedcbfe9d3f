# Ajuda: uma linha curta para cada comando, e o que se diz sobre um deles.

help-intro = Você pode me pedir:
help-intro-room = Aqui você pode me pedir isto; o resto funciona na sala de controle:
help-item = { $command } – { $effect }
help-more = Mais sobre um deles: `{ $prefix }ajuda` e o nome, como em `{ $prefix }ajuda banir`.
help-reactions = ⏳ fazendo, ✅ tudo feito, ⚠️ só uma parte, ❌ nada feito.

help-effect = { $command } { $effect }
help-time = **Por um tempo:** acrescente `por 2h`, `até amanhã 7h` ou `até sexta`.
help-right = **Direito necessário:** { $right }
help-right-none = **Direito necessário:** nenhum
help-also = **Também entendo:** { $list }
help-undo = **Dá para desfazer?** { $undo }
help-where = **Onde:** só na sala de controle
help-where-rooms = **Onde:** na sala de controle e em todas as salas de que cuido

# Para que serve um comando, o mais curto possível: dois que se desfazem dividem a linha.
brief =
    .help = explica os comandos
    .status = como estou e o que espera
    .whoami = quem você é para mim
    .confirm = confirma uma prévia
    .cancel = desiste
    .stop = para o que estou fazendo
    .pause = para as mudanças automáticas
    .resume = retoma
    .sync = põe tudo de acordo com o EquipeMed
    .approve = libera o que está retido
    .user = mostra uma conta
    .users = várias
    .why = por que alguém está ou não em uma sala
    .grants = o que foi dado ou proibido
    .audit = o que foi feito, e por quem
    .promote = dá um nível
    .demote = retira
    .redact = apaga mensagens
    .kick = remove de uma sala por um tempo
    .mute = impede de escrever
    .unmute = deixa escrever
    .ban = impede de entrar
    .unban = deixa entrar
    .lock = bloqueia uma conta
    .unlock = desbloqueia
    .signout = encerra as sessões (celular perdido)
    .deactivate = desativa uma conta
    .reactivate = traz de volta
    .rooms = lista, cria e limpa salas

# O que um comando faz, depois do nome dele.
effect =
    .help = mostra os comandos, ou como usar um deles.
    .status = mostra como estou e o que está na fila.
    .whoami = mostra quem você é para mim e o que pode fazer.
    .confirm = diz sim a uma prévia.
    .cancel = diz não a uma prévia.
    .stop = para um comando que ainda estou executando; a resposta diz o que foi feito.
    .pause = para todas as mudanças que faço sozinho. O que alguém pede por comando ainda é feito.
    .resume = encerra a pausa.
    .sync = deixa contas e salas de acordo com o EquipeMed.
    .approve = libera uma mudança que ficou retida por ser grande.
    .user = mostra o que sei sobre uma conta.
    .users = lista contas.
    .why = explica por que alguém está, ou não está, em uma sala.
    .grants = lista o que foi dado ou proibido por comando.
    .audit = mostra o que foi feito, quando e por quem.
    .promote = dá um nível a alguém, com os direitos que vêm junto.
    .demote = retira o nível e os direitos.
    .redact = apaga mensagens ou reações.
    .kick = remove alguém de uma sala por um tempo.
    .mute = deixa alguém ler em uma sala, sem escrever.
    .unmute = deixa alguém escrever de novo.
    .ban = impede alguém de entrar em uma sala, ou em um espaço e nas salas dele, até o banimento ser retirado.
    .unban = retira um banimento ou uma remoção, feitos por comando ou manualmente. Quem faz parte da sala volta.
    .lock = bloqueia uma conta: enquanto durar, ninguém consegue usá-la. As salas ficam, e as sessões também.
    .unlock = desbloqueia uma conta.
    .signout = encerra todas as sessões de uma conta, por exemplo quando um celular se perde. Quem ainda tem acesso pode entrar de novo.
    .deactivate = desativa uma conta de vez: ela sai de todas as salas.
    .reactivate = traz de volta uma conta desativada.
    .rooms = lista, conta, cria, substitui e limpa salas.

# Como se digita um comando, quando só as palavras dele não bastam.
examples =
    .stop = em resposta ao comando: `{ $prefix }parar`
    .pause = `{ $prefix }pausar por 1h porque manutenção`

        `{ $prefix }pausar`, sem prazo
    .promote = `{ $prefix }promover ana.souza moderador em uti por 8h`

        `{ $prefix }promover ana.souza 30 em uti porque plantão noturno`

        `{ $prefix }promover ana.souza admin --simular`
    .demote = `{ $prefix }rebaixar ana.souza em uti`

        `{ $prefix }rebaixar ana.souza`, em todas as salas
    .redact = em resposta à mensagem: `{ $prefix }apagar`

        `{ $prefix }apagar ana.souza em uti últimas 3`

        `{ $prefix }apagar ana.souza em uti desde 1h porque paciente errado`
    .kick = `{ $prefix }expulsar bruno.lima em uti por 2h`

        `{ $prefix }expulsar bruno.lima em uti porque sala errada`
    .mute = `{ $prefix }silenciar bruno.lima em uti por 2h`

        `{ $prefix }silenciar bruno.lima porque spam`, em todas as salas
    .unmute = `{ $prefix }dessilenciar bruno.lima em uti`
    .ban = `{ $prefix }banir bruno.lima em uti até sexta`

        `{ $prefix }banir bruno.lima porque spam`, de todas as salas
    .unban = `{ $prefix }desbanir bruno.lima em uti`

        `{ $prefix }desbanir bruno.lima`, em todas as salas
    .lock = `{ $prefix }bloquear bruno.lima por 8h`

        `{ $prefix }bloquear bruno.lima porque celular perdido`
    .signout = `{ $prefix }desconectar bruno.lima porque celular perdido`
    .sync = `{ $prefix }sincronizar`, todas as contas e salas

        `{ $prefix }sincronizar ana.souza`

        `{ $prefix }sincronizar uti --simular`
    .users = `{ $prefix }contas`

        `{ $prefix }contas bloqueadas`

        `{ $prefix }contas souza --aparelhos`
    .why = `{ $prefix }explicar ana.souza`

        `{ $prefix }explicar ana.souza uti`
    .audit = `{ $prefix }auditoria`

        `{ $prefix }auditoria ana.souza`

        `{ $prefix }auditoria uti últimas 20`
    .rooms = `{ $prefix }salas`

        `{ $prefix }salas números`

        `{ $prefix }salas criar "Visita UTI" para grupo: Plantão UTI em hospital`

        `{ $prefix }salas substituir uti`

        `{ $prefix }salas limpar`

# Se dá para desfazer, por comando.
undo =
    .help = Não muda nada.
    .status = Não muda nada.
    .whoami = Não muda nada.
    .confirm = Depende do que você confirma; a prévia diz.
    .cancel = Sim: digite o comando de novo.
    .stop = Não: o que foi feito fica. Digite o comando de novo para fazer o resto.
    .pause = Sim, com `{ $prefix }retomar`.
    .resume = Sim, com `{ $prefix }pausar`.
    .sync = Só faz o que o EquipeMed diz; mudanças grandes esperam aprovação.
    .approve = Não. O que foi liberado é feito na hora.
    .user = Não muda nada.
    .users = Não muda nada.
    .why = Não muda nada.
    .grants = Não muda nada.
    .audit = Não muda nada.
    .promote = Sim, com `{ $prefix }rebaixar`.
    .demote = Sim, com `{ $prefix }promover`.
    .redact = Não. Mensagem apagada não volta.
    .kick = Sim, com `{ $prefix }desbanir`. Também termina sozinho, em 24 horas se você não disser outro prazo.
    .mute = Sim, com `{ $prefix }dessilenciar`.
    .unmute = Sim, com `{ $prefix }silenciar`.
    .ban = Sim, com `{ $prefix }desbanir`.
    .unban = Sim, com `{ $prefix }banir`.
    .lock = Sim, com `{ $prefix }desbloquear`.
    .unlock = Sim, com `{ $prefix }bloquear`.
    .signout = Não. Cada pessoa entra de novo por conta própria, se ainda tiver acesso.
    .deactivate = Só em parte: a conta pode ser reativada, mas as conversas diretas se perdem.
    .reactivate = Sim, com `{ $prefix }desativar`.
    .rooms = Listar não muda nada; sala apagada na limpeza não volta.
