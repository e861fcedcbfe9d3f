# Quando um texto não é um comando que se possa executar, ou não indica ninguém nem nada.

no-such-word = Não conheço o comando “{ $said }”. `{ $prefix }ajuda` mostra todos.
no-such-word-near = Não conheço o comando “{ $said }”. Você quis dizer { $nearest }?
missing = Falta indicar { $what }.
missing-reply = Use { $word } em resposta à mensagem que deve sair.
for-example = Por exemplo:

    { $examples }
room-in-quotes = Nome de sala com espaço vai entre aspas.
unexpected = Não entendi “{ $said }” neste comando.
unexpected-near = Não entendi “{ $said }” neste comando. Você quis dizer { $nearest }?
wrong = “{ $said }” não serve aqui: é preciso indicar { $what }.
usage = Digite assim: { $usage }
ambiguous = “{ $said }” mostra um nome e leva a outro. Prefiro não adivinhar: digite o nome, por favor.
reason-or-person = “{ $said }” é o motivo ou uma pessoa? Para um motivo, digite `{ $prefix }apagar porque …`;
    para as mensagens da pessoa, `{ $prefix }apagar QUEM últimas 3`.
unclosed = Faltou fechar as aspas.
not-here = { $word } só funciona na sala de controle.

nobody = Não conheço ninguém com o nome “{ $said }”.
nobody-near = Não conheço ninguém com o nome “{ $said }”. Você quis dizer { $nearest }?
several-people = “{ $said }” pode ser mais de uma pessoa: { $list }. Diga qual delas, por favor.
no-room = Não conheço nenhuma sala com o nome “{ $said }”. Nome de sala com espaço vai entre aspas.
no-room-near = Não conheço nenhuma sala com o nome “{ $said }”. Você quis dizer { $nearest }?
person-or-room = “{ $said }” é nome de uma pessoa e também de uma sala. Use o endereço completo, por favor.
not-managed = Não cuido da sala { $room }, por isso não mudo nada nela.
no-account = { $user } não tem conta neste servidor.
no-event = Não encontrei essa mensagem. Ela foi apagada, ou está em uma sala da qual não participo?
need-room = Diga em qual sala: acrescente `em` e o nome da sala.
too-many = É demais de uma vez para { $word }: no máximo { $most }.

edited = Só leio uma mensagem como foi enviada da primeira vez. Envie o comando corrigido em uma mensagem nova, por favor.
hint-goes = Este aviso é só para você: apago em um minuto.
too-often = Foi a terceira mensagem seguida que não entendi. Volto a responder depois de um minuto sem nenhuma,
    ou quando eu entender um comando seu.
unquoted = Você quis dizer “{ $said }”? Nome com espaço vai entre aspas.
reason-or-room = “{ $said }” faz parte do motivo ou é a sala? Para um motivo, digite `{ $prefix }apagar porque …`;
    para mensagens daquela sala, `{ $prefix }apagar QUEM em SALA últimas 3`.
