# Sincronização, suas partes retidas e a aprovação delas.

sync-started = Estou comparando contas e salas com o EquipeMed…
sync-progress = { $phase }: { $done } de { $total } passos…
sync-done = Pronto. Feitas: { $done }, já eram assim: { $already }, puladas: { $skipped }, falhas: { $failed }, a verificar: { $findings }.
sync-nothing-but = Não há nada que eu possa mudar, mas nem tudo está de acordo com o EquipeMed:
sync-nothing = Não há nada a mudar: tudo está de acordo com o EquipeMed.
sync-failed = A sincronização não terminou: { $detail }. Vou tentar de novo.
sync-held = **Retido { $id }:** { $reason } – { $count ->
        [one] 1 mudança
       *[other] { $count } mudanças
    }. Aguarda `{ $prefix }aprovar { $id }`
sync-held-one-more = **Retido { $id }:** { $reason } – { $count ->
        [one] 1 mudança
       *[other] { $count } mudanças
    }. Uma de duas aprovações já foi dada. Aguarda `{ $prefix }aprovar { $id }` de outra pessoa
sync-trouble = { $more ->
    [0] { $kind }, { $subject }: { $detail }
   *[other] { $kind }, { $subject } e mais { $more }: { $detail }
}
sync-finding = A verificar: { $detail }
waiting-for-other = Já existe uma sincronização em andamento; aviso quando ela terminar.
dry-run-intro = { $count ->
        [one] Seria feita 1 mudança
       *[other] Seriam feitas { $count } mudanças
    }; nada foi alterado:
dry-run-nothing = Nada mudaria: tudo está de acordo com o EquipeMed.
approved = { $id } liberado: { $count ->
        [one] 1 mudança está sendo feita
       *[other] { $count } mudanças estão sendo feitas
    }.
not-held = Nada está retido como “{ $said }”. `{ $prefix }estado` mostra o que espera.
approve-self = Você ganharia algo com essa mudança. Peça a outra pessoa que aprove, por favor.
approve-new = Você ainda não tinha o direito de aprovar na última sincronização completa. Peça a outra pessoa que aprove, por favor.
approve-expired = { $id } ficou retido por mais de 24 horas e não vale mais. Se ainda for preciso, será retido de novo.
approve-closed = { $id } foi encerrado: nada disso precisa mais ser feito. Nada foi feito. Se voltar a ser preciso, aviso de novo.
approve-one-more = Sua aprovação de { $id } foi registrada. Falta mais uma, de outra pessoa; nada é feito antes.
approve-outgrown = { $id } não foi liberado: algo foi acrescentado desde que foi mostrado. Agora é { $now }; veja de novo e então:
    `{ $prefix }aprovar { $now }`
approve-changed = { $id } não foi liberado: a situação mudou desde que foi mostrado. `{ $prefix }estado` mostra o que está retido agora.

# A plan, kind by kind, with before and after.
plan-kind = **{ $action }** ({ $count })
plan-change = { $from } → { $to }
plan-subject-change = { $subject }: { $change }
plan-settings = { $count ->
        [one] 1 configuração da sala
       *[other] { $count } configurações da sala
    }
