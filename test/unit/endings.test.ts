/** What a walk finds of a definition before it runs: its endings, what is undone in each, and what deserves a second look. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { checkCommand } from '../../services/cli/commands/check.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { saga, signal } from '../../shared/saga/builder.ts'
import { type Definition, Definitions } from '../../shared/saga/definition.ts'
import { definitionData } from '../../shared/saga/definition-data.ts'
import { walkEndings } from '../../shared/saga/endings/walk.ts'
import { warningsOf } from '../../shared/saga/endings/warnings.ts'
import { cliOf } from '../support/cli-runner.ts'
import { begin, shop, what } from './saga/shapes/shop.ts'

/** `compensated: a rejected: undoes b, c?; stays d`, one line for each ending. */
function told(definition: Definition): readonly string[] {
  const { endings, complete } = walkEndings(definition)
  expect(complete).toBe(true)
  return endings.map(({ status, stuckAt, cause, causeStep, undone, stays }) => {
    const why = [causeStep, cause].filter((text) => text !== null).join(' ')
    const undo = undone.map(({ step, always }) => `${step}${always ? '' : '?'}`)
    return [
      [status, ...stuckAt].join(' '),
      why,
      ...(undo.length > 0 ? [`undoes ${undo.join(', ')}`] : []),
      ...(stays.length > 0 ? [`stays ${stays.join(', ')}`] : []),
    ].join(': ')
  })
}

const HEAD = { version: 1, input: z.json() } as const
const warned = (definition: Definition) =>
  warningsOf(definition, walkEndings(definition)).map(({ code, step }) => `${step} ${code}`)

const shipping = begin('order')
  .step('mail', shop.do, what('mail'))
  .step('a', shop.do, what('a'))
  .undo(shop.undo, what('a'))
  .pivot('c', shop.do, what('c'))
  .step('d', shop.do, what('d'))
  .end()

describe('the endings', () => {
  test('of steps, a pivot and what must follow it', () => {
    expect(told(shipping)).toEqual(
      [
        'completed: ',
        'compensated: cancelled: undoes a?: stays mail',
        'compensated: a failed: undoes a: stays mail',
        'compensated: mail failed: : stays mail'.replace(': :', ':'),
        'compensated: a rejected: stays mail',
        'compensated: c rejected: undoes a: stays mail',
        'compensated: mail rejected',
        'stuck undo a: cancelled',
        'stuck undo a: a failed',
        'stuck undo a: c rejected',
        'stuck c: ',
        'stuck d: ',
      ].sort(byStatus),
    )
  })

  test('of branches of which one is enough: the other is undone, also where the saga completes', () => {
    const race = begin()
      .parallel(
        'race',
        {
          left: (b) => b.step('l', shop.do, what('l')).undo(shop.undo, what('l')),
          right: (b) => b.step('r', shop.do, what('r')).undo(shop.undo, what('r')),
        },
        { enough: 1 },
      )
      .end()
    const completed = told(race).find((line) => line.startsWith('completed'))
    expect(completed).toMatch(/undoes (race\[left\]\.l\?, race\[right\]\.r\?|race\[right\]\.r\?, race\[left\]\.l\?)/)
  })

  test('of items of which some may fail', () => {
    const each = (tolerate: number) =>
      begin()
        .each(
          'items',
          ({ input }) => input as number[],
          (b) => b.step('x', shop.do, what('x')).undo(shop.undo, what('x')),
          {
            tolerate,
          },
        )
        .end()
    expect(told(each(1)).some((line) => line.startsWith('completed: : undoes items[].x?'))).toBe(true)
    expect(told(each(0)).filter((line) => line.startsWith('completed'))).toEqual(['completed: '])
  })

  test('are not all told where it is stopped, and it says so', () => {
    const { complete, states } = walkEndings(shipping, { statesMax: 5 })
    expect(complete).toBe(false)
    expect(states).toBeLessThan(15)
  })
})

const byStatus = (a: string, b: string) => {
  const rank = (line: string) => ['completed', 'compensated', 'stuck'].findIndex((status) => line.startsWith(status))
  return rank(a) - rank(b)
}

describe('a second look is worth', () => {
  test('what stays done when the saga turns back', () => {
    const [warning] = warningsOf(shipping, walkEndings(shipping))
    expect(warning).toMatchObject({ code: 'stays-done', step: 'mail' })
    expect(warning?.message).toContain('a, ')
  })

  test('a wait that nothing ends, but not where the deadline of the saga does', () => {
    const paid = signal('paid', z.json())
    const waits = begin().waitFor('money', paid)
    expect(warned(waits.end())).toEqual(['money waits-for-ever'])
    const cut = saga('cut', { ...HEAD, deadline: '1 hour' })
      .waitFor('money', paid)
      .end()
    expect(warned(cut)).toEqual([])
  })

  test('attempts that the deadline of the saga cuts off, and those that nothing ends', () => {
    const late = saga('late', { ...HEAD, deadline: '1 s' })
      .step('a', shop.do, what('a'), { timeout: '1 min' })
      .undo(shop.undo, what('a'))
      .end()
    expect(warned(late)).toEqual(['a past-the-deadline'])
    const [a] = late.steps
    const never = a?.type === 'command' ? { ...a, forward: { ...a.forward, timeoutMs: null } } : a
    const open = { ...late, deadlineMs: undefined, steps: never ? [never] : [] }
    expect(warned(open)).toEqual(['a answered-never'])
  })

  test('what a person has to undo by hand', () => {
    expect(
      warned(begin().step('a', shop.do, what('a')).undoByHand('ring').step('b', shop.do, what('b')).end()),
    ).toContain('a undone-by-hand')
  })
})

describe('kasaga check', () => {
  const kasaga = cliOf(() => '')
  const check = (given: string, ...args: string[]) =>
    kasaga(['check', given, ...args], {}, [checkCommand(new Definitions([...definitions.all, shipping]))])

  test('prints a table of endings, and what is worth a second look', async () => {
    const { code, out } = await check('order')
    expect(code).toBe(0)
    expect(out).toMatch(/^compensated +c rejected +a +mail$/m)
    expect(out).toMatch(/^STUCK at undo a +c rejected$/m)
    expect(out).toContain('12 endings, all of them')
    expect(out).toContain('mail: it has no undo and stays done')
  })

  test('exits 1 where it was stopped, and with --strict where there are warnings', async () => {
    const stopped = await check('order', '--states', '5', '--json')
    expect(stopped.code).toBe(1)
    expect(JSON.parse(stopped.out)).toMatchObject({ name: 'order', version: 1, complete: false })
    expect(JSON.parse(stopped.err).error.code).toBe('not-complete')
    expect((await check('order', '--strict')).code).toBe(1)
    expect((await check('fulfil-order', '--strict')).code).toBe(0)
    expect((await check('nothing')).code).toBe(1)
  })

  test('takes a file, whose code is not at hand', async () => {
    const { code, out } = await kasaga(
      ['check', './plan.json'],
      { readFile: async () => JSON.stringify(definitionData(shipping)) },
      [checkCommand(definitions)],
    )
    expect(code).toBe(0)
    expect(out).toContain('12 endings, all of them')
  })
})
