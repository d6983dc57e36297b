/** An approval is given by one who has a role for it: by no other way does a saga get past it. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga, signal } from '../../../../shared/saga/builder.ts'
import { decide } from '../../../../shared/saga/decide.ts'
import type { Definition } from '../../../../shared/saga/definition.ts'
import { stepAt } from '../../../../shared/saga/tree.ts'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

const by = (role: string) => ({ roles: [role], answers: ['yes', 'no'] }) as const

const asked = begin().approve('boss', by('boss')).step('pay', shop.do, what('pay')).end()

function waiting(plan: Definition): Play {
  const play = new Play(plan)
  play.start()
  return play
}

const statusOf = ({ state }: Play, path: string) => state && stepAt(state, path)?.status

describe('where the plan is not here, or is another one', () => {
  const { state } = waiting(asked)
  const yes = { name: 'boss', payload: { answer: 'yes' }, actor: 'eve', roles: ['clerk'] }
  const input = { kind: 'signal', sagaId: waiting(asked).id, requestId: 's-1', ...yes } as const
  const moment = { now: 0, chance: 0 }

  it('an answer is not kept unchecked: it would count once the plan is back', () => {
    expect(decide({ definition: undefined, known: state, input, moment })).toMatchObject({
      reason: 'unknown-definition',
    })
  })
  it('nobody is let in by a plan that asks for another role', () => {
    const known = state && { ...state, definitionHash: 'of the plan that it started on' }
    const lax = begin().approve('boss', by('clerk')).step('pay', shop.do, what('pay')).end()
    const question = { definition: lax, definitionHash: 'of another', known, input, moment }
    expect(decide(question)).toMatchObject({ reason: 'definition-changed' })
  })
})

describe('two approvals under one name that ask for different roles', () => {
  const two = saga('two', { version: 1, input: z.json() })
    .parallel('both', {
      left: (b) => b.approve('ok', by('boss')),
      right: (b) => b.approve('ok', by('lawyer')),
    })
    .output(() => null)

  it('are each answered by one who has the role', () => {
    const play = waiting(two)
    play.signal('ok', { answer: 'yes' }, ['lawyer'])
    expect(statusOf(play, 'both[left].ok')).toBe('waiting')
    expect(statusOf(play, 'both[right].ok')).toBe('succeeded')
    play.signal('ok', { answer: 'yes' }, ['lawyer'])
    expect(statusOf(play, 'both[left].ok')).toBe('waiting')
    play.signal('ok', { answer: 'yes' }, ['boss'])
    expect(play.status).toBe('completed')
  })
})

describe('an approval under the name of a signal that anybody may send', () => {
  const mixed = saga('mixed', { version: 1, input: z.json() })
    .waitFor('first', signal('ok', z.json()))
    .each(
      'items',
      () => [1, 2],
      (b) => b.approve('ok', by('boss')),
    )
    .waitFor('last', signal('ok', z.json()))
    .output(() => null)

  it('is not given by what was kept, nor by what comes', () => {
    const play = waiting(mixed)
    play.signal('ok', { answer: 'yes' })
    play.signal('ok', { answer: 'yes' })
    expect(statusOf(play, 'items[0].ok')).toBe('waiting')
    play.signal('ok', { answer: 'yes' }, ['boss'])
    play.signal('ok', { answer: 'yes' }, ['boss'])
    // What anybody may send was kept meanwhile.
    expect(play.status).toBe('completed')
  })
})
