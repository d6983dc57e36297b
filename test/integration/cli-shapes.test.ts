/** What the command line says and asks of sagas with blocks, children, approvals and undos by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cliOf } from '../support/cli-runner.ts'
import { leg, manual, tour, twins } from '../support/shapes.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

let rig: SystemRig
let url = ''

beforeAll(async () => {
  rig = await openSystem([leg, tour, manual, twins])
  url = (await (await rig.gateway()).listen({ port: 0 })).url
})
afterAll(() => rig?.close())

const kasaga = cliOf(() => url)

const start = (definition: string, ...rest: string[]) =>
  kasaga(['start', definition, '--input', '{"id":"x","cents":1}', ...rest])

async function shows(id: string, words: string): Promise<string> {
  await expect.poll(async () => (await kasaga(['show', id])).out, { timeout: 5_000 }).toContain(words)
  return (await kasaga(['show', id])).out
}

const approve = (id: string, answer: string, ...rest: string[]) =>
  kasaga(['approve', id, 'release', '--answer', answer, '--role', 'boss', ...rest])

test('a saga is shown as a tree, with its child, and so is its history', async () => {
  await start('tour', '--id', 'tour-1')
  await shows('tour-1', 'for the signal release')
  const sent = await approve('tour-1', 'yes', '--comment', 'checked by phone')
  expect(sent).toMatchObject({ code: 0, err: '' })
  const out = await shows('tour-1', 'completed')
  expect(out).toMatch(/^parts +succeeded +0 +parallel/m)
  expect(out).toMatch(/^ {2}parts\[goods\]\.leg +succeeded +1 +saga \S+/m)
  expect(out).toMatch(/^ {2}parts\[money\]\.charge +succeeded +1 +bank/m)
  const history = (await kasaga(['history', 'tour-1'])).out
  expect(history).toMatch(/^\d+ +\S+ {4,}step-requested +\S+ +\{"step":"parts\[money\]\.charge"/m)
  expect(history).toContain('"payload":{"answer":"yes","by":"ann","comment":"checked')
  const child = /saga (\S+)/.exec(out)?.[1] ?? 'none'
  expect(await shows(child, 'completed')).toContain('started by tour-1, step parts[goods].leg')
})

test('what only a person can undo says so, and how', async () => {
  await start('manual', '--id', 'manual-1')
  await shows('manual-1', 'for the signal release')
  await approve('manual-1', 'no')
  const stuck = await shows('manual-1', 'STUCK')
  expect(stuck).toContain('undo-by-hand: call the bank')
  expect(stuck).toContain("kasaga resolve manual-1 --step 'charge' --reason '...'")
  expect(stuck).not.toContain('kasaga retry')
  const done = await kasaga(['resolve', 'manual-1', '--step', 'charge', '--reason', 'refunded', '--wait'])
  expect(done.out).toMatch(/^manual-1 {2}manual v1 {2}compensated/)
  expect(done.out).toMatch(/^undo charge +resolved/m)
})

test('several parked steps are all told', async () => {
  rig.behaviour.carrierIsDown = true
  await kasaga(['start', 'twins', '--id', 'lost-2', '--input', '{"id":"lost-2","cents":1}'])
  const out = await shows('lost-2', '(and 1 more)')
  expect(out).toContain('It waits for a person at:\n')
  expect(out).toMatch(/^ {2}tell\[sender\]\.notify: no-address: nobody to notify$/m)
  expect(out).toMatch(/^ {2}tell\[receiver\]\.notify: no-address: nobody to notify$/m)
})

test('a step is skipped, another edited and done', async () => {
  rig.behaviour.carrierIsDown = true
  await kasaga(['start', 'twins', '--id', 'lost-3', '--input', '{"id":"lost-3","cents":1}'])
  await shows('lost-3', '(and 1 more)')
  const about = (step: string) => ['lost-3', '--step', step, '--reason', 'so']
  const skipped = await kasaga(['skip', ...about('tell[sender].notify'), '--result', 'null'])
  expect(skipped).toMatchObject({ code: 0, err: '' })
  const bad = await kasaga(['skip', ...about('tell[receiver].notify'), '--result', '{'])
  expect(bad).toMatchObject({ code: 2 })
  rig.behaviour.carrierIsDown = false
  const done = await kasaga(['retry', ...about('tell[receiver].notify'), '--wait'])
  expect(done.out).toMatch(/^lost-3 {2}twins v1 {2}completed/)
  expect(done.out).toMatch(/notify +resolved/)
})

test('a fork says where it comes from, and what it was given', async () => {
  await start('manual', '--id', 'origin-1')
  await shows('origin-1', 'for the signal release')
  const asked = ['fork', 'origin-1', '--from', 'release', '--id', 'fork-1', '--reason', 'once more']
  const forked = await kasaga(asked)
  expect(forked).toMatchObject({ code: 0, err: '', out: expect.stringContaining('kasaga show fork-1') })
  const out = await shows('fork-1', 'for the signal release')
  expect(out).toContain('fork of origin-1, from step release')
  expect(out).toMatch(/^charge +given +0/m)
  const listed = JSON.parse((await kasaga(['list', '--json'])).out)
  const fork = listed.sagas.find(({ id }: { id: string }) => id === 'fork-1')
  expect(fork).toMatchObject({ origin: { saga: 'origin-1', step: 'release' } })
  expect(await kasaga(['fork', 'origin-1', '--from', 'release', '--id', 'origin-1', '--reason', 'so'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('is taken by another saga'),
  })
})

test('a paused saga says how it goes on', async () => {
  await start('manual', '--id', 'manual-3')
  await shows('manual-3', 'for the signal release')
  const paused = await kasaga(['pause', 'manual-3', '--reason', 'so', '--wait'])
  expect(paused.out).toMatch(/^manual-3 {2}manual v1 {2}paused/)
  expect(paused.out).toContain("kasaga resume manual-3 --reason '...'")
  const resumed = await kasaga(['resume', 'manual-3', '--reason', 'so'])
  expect(resumed).toMatchObject({ code: 0, err: '' })
  await shows('manual-3', 'for the signal release')
})

test('a killed saga stands out, with who did it and why', async () => {
  await start('manual', '--id', 'manual-2')
  await shows('manual-2', 'for the signal release')
  const killed = await kasaga(['kill', 'manual-2', '--reason', 'nobody will answer', '--wait'])
  expect(killed.out).toMatch(/^manual-2 {2}manual v1 {2}FAILED {2}killed by ann: nobody will answer$/m)
  expect(killed.out).toContain('INCIDENT: killed by ann, nothing was undone: nobody will answer')
  expect(killed.out).toMatch(/^release +left/m)
})

test('a business key stands for the id', async () => {
  const started = await start('manual', '--key', 'order 7')
  expect(started).toMatchObject({ code: 0, out: 'manual:order_207\n' })
  await shows('manual:order_207', 'for the signal release')
  const asked = ['signal', '--type', 'manual', '--key', 'order 7', 'release', '--role', 'boss']
  const sent = await kasaga([...asked, '--payload', '{"answer":"yes"}'])
  expect(sent.out).toBe('signal release was sent to manual:order_207\n')
  await shows('manual:order_207', 'completed')
})

test.each([
  [['start', 'manual', '--input', '{}', '--id', 'a', '--key', 'b'], 'cannot be used with'],
  [['signal', 'only-one'], 'a saga and a name'],
  [['signal', '--key', 'k', 'release'], 'a saga and a name'],
  [['signal', '--type', 't', '--key', 'k', 'two', 'words'], 'a saga and a name'],
  [['approve', 'a', 'b'], '--answer'],
  [['resolve', 'a', '--reason', 'x'], '--step'],
  [['resolve', 'a', '--step', 'x', '--reason', 'x', '--as', 'perhaps'], '--as'],
  [['skip', 'a', '--reason', 'x'], '--step'],
  [['edit', 'a', '--step', 'x', '--reason', 'x'], '--payload'],
])('%j exits with 2', async (args, why) => {
  const result = await kasaga(args)
  expect(result).toMatchObject({ code: 2, out: '' })
  expect(result.err).toContain(why)
})
