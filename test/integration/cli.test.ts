/** The command line against a gateway that really listens, in front of a whole installation. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CliCommand } from '../../services/cli/surroundings.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fulfil } from '../support/fulfil.ts'
import { DEAR, openSystem, type SystemRig } from '../support/system-rig.ts'

let rig: SystemRig
let url = ''
let folder = ''

beforeAll(async () => {
  rig = await openSystem()
  url = (await (await rig.gateway()).listen({ port: 0 })).url
  folder = await mkdtemp(join(tmpdir(), 'kasaga-cli-'))
})
afterAll(async () => {
  await rig?.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  rig.behaviour.carrierIsDown = true
})

const kasaga = cliOf(() => url)

const start = (id: string, cents = 100, ...rest: string[]) =>
  kasaga(['start', 'fulfil', '--id', id, '--input', JSON.stringify({ id, cents }), ...rest])

describe('explain', () => {
  test('says of a stuck saga where it waits for a person, and why a cancel would be refused', async () => {
    await start('lost-explained', 100, '--wait')
    const { code, out } = await kasaga(['explain', 'lost-explained'])
    expect(code).toBe(0)
    expect(out).toContain('notify waits for a person to decide')
    expect(out).toContain('no-address')
    expect(out).toContain('A cancel would be refused: its pivot is done')
    expect(out).toContain('legal now: retry')
  })

  test('says of one that waits for an answer since when, what comes next, and what a cancel would undo', async () => {
    await start('held-explained')
    const explained = async () => JSON.parse((await kasaga(['explain', 'held-explained', '--json'])).out || '{}')
    await expect.poll(async () => (await explained()).awaited?.[0]?.step, { timeout: 10_000 }).toBe('stock')
    const told = await explained()
    expect(told).toMatchObject({
      ...{ id: 'held-explained', definition: 'fulfil', status: 'running', shown: 'running', awaitedTotal: 1 },
      awaited: [
        { kind: 'answer', step: 'stock', direction: 'forward', attempt: 1, what: expect.stringContaining('stock') },
      ],
      ifCancelled: { kind: 'undone', undo: [{ turn: 1, step: 'stock', by: 'command' }], complete: true },
    })
    expect(Date.parse(told.awaited[0].since)).toBeLessThanOrEqual(Date.now())
    expect(Date.parse(told.next.at)).toBe(Date.parse(told.awaited[0].until))
    rig.behaviour.release()
    await expect.poll(async () => (await explained()).headline, { timeout: 10_000 }).toContain('It has completed')
  })

  test('says that there is no such saga', async () => {
    const { code, err } = await kasaga(['explain', 'nobody'])
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('there is no saga nobody') })
  })
})

describe('start', () => {
  test('says the id on standard output and nothing else', async () => {
    expect(await start('cli-1')).toEqual({ code: 0, out: 'cli-1\n', err: '' })
    const made = await kasaga(['start', 'fulfil', '--input', '{"id":"x","cents":1}'])
    expect(made.out).toMatch(/^[0-9a-f-]{36}\n$/)
  })

  test('--wait shows how it ended, and exits 0 only when it completed', async () => {
    const done = await start('cli-2', 100, '--wait')
    expect(done.code).toBe(0)
    expect(done.out).toMatch(/^cli-2 {2}fulfil v1 {2}completed\n/)
    expect(done.out).toMatch(/^notify +succeeded +1 +carrier/m)
    const declined = await start('cli-3', DEAR, '--wait')
    expect(declined.code).toBe(1)
    expect(declined.out).toContain('compensated  charge rejected: card-declined: the card was declined')
    expect(declined.out).toMatch(/^undo stock +succeeded/m)
    expect(declined.err).toContain('error: saga cli-3 is compensated')
  })

  test('takes its input from a file and from standard input', async () => {
    const file = join(folder, 'order.json')
    await writeFile(file, '{"id":"cli-4","cents":5}')
    expect((await kasaga(['start', 'fulfil', '--id', 'cli-4', '--input', `@${file}`])).code).toBe(0)
    const readStdin = async (path: string) => (path === '-' ? '{"id":"cli-5","cents":5}' : 'no')
    const piped = await kasaga(['start', 'fulfil', '--id', 'cli-5', '--input', '@-'], { readFile: readStdin })
    expect(piped.code).toBe(0)
  })

  test('--wait gives up when told to, and says that the saga goes on', async () => {
    const slow = await start('held-9', 1, '--wait', '--timeout', '300ms')
    rig.behaviour.release()
    expect(slow).toMatchObject({ code: 1, out: '' })
    expect(slow.err).toMatch(/has not come to rest.*\nIt goes on/)
  })

  test.each([
    [['--input', '{"id":"x"'], 2, 'cannot be used'],
    [['--input', '@/nowhere/at/all.json'], 2, 'cannot read'],
    [['--input', '{"id":1,"cents":"a"}'], 1, 'cents: Invalid input'],
    [['--input', '{}', '--version', 'two'], 2, 'a whole number'],
    [['--input', '{}', '--version', '2'], 1, 'no definition fulfil version 2'],
    [['--input', '{}', '--timeout', 'soon'], 2, 'a duration'],
    [[], 2, '--input'],
  ])('with %j exits with %i', async (args, code, why) => {
    const result = await kasaga(['start', 'fulfil', ...args])
    expect(result).toMatchObject({ code, out: '' })
    expect(result.err).toContain(why)
  })

  test('--wait tells a start that the orchestrator refused from one that was taken', async () => {
    const definitions = new Definitions([{ ...fulfil, name: 'only-here' }])
    const ahead = await (await rig.gateway({ definitions })).listen({ port: 0 })
    const input = '{"id":"cli-7","cents":1}'
    const refused = await kasaga(['start', 'only-here', '--id', 'no-1', '--input', input, '--wait', '--url', ahead.url])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('refused by the orchestrator')
  })

  test('under an id that another input has exits with 1 and says what to do', async () => {
    await start('cli-6')
    const other = await start('cli-6', 5)
    expect(other.code).toBe(1)
    expect(other.err).toBe(
      'error: saga cli-6 was started with another input\nChoose another --id, or start it with the input that it has\n',
    )
  })
})

describe('list, show, history', () => {
  test('list shows pages, and where they go on, on standard error', async () => {
    for (const id of ['page-a', 'page-b', 'page-c']) await start(id, 100, '--wait')
    const first = await kasaga(['list', '--prefix', 'page-', '--limit', '2'])
    expect(first.out.split('\n').map((line) => line.split(/ {2,}/)[0])).toEqual(['ID', 'page-c', 'page-b', ''])
    const [, mark = ''] = /--after '(.*)'/.exec(first.err) ?? []
    const second = await kasaga(['list', '--prefix', 'page-', '--after', mark, '--json'])
    expect(JSON.parse(second.out).sagas.map((saga: { id: string }) => saga.id)).toEqual(['page-a'])
    expect(await kasaga(['list', '--prefix', 'none-'])).toEqual({ code: 0, out: '', err: 'No saga matches.\n' })
    const found = ['list', '--attribute', 'customer=c-7', '--attribute', 'note=a=b']
    expect(await kasaga(found)).toEqual({ code: 0, out: '', err: 'No saga matches.\n' })
    expect((await kasaga(['list', '--attribute', 'customer'])).err).toContain('customer=c-7')
  })

  test('a stuck saga stands out, with the step, the error, and what can be done', async () => {
    const stuck = await start('lost-cli-1', 100, '--wait')
    expect(stuck.code).toBe(1)
    const shown = await kasaga(['show', 'lost-cli-1'])
    expect(shown.code).toBe(0)
    expect(shown.out).toContain('STUCK  at notify: no-address: nobody to notify')
    expect(shown.out).toContain("kasaga retry lost-cli-1 --reason '...'")
    const listed = await kasaga(['list', '--status', 'stuck', '--prefix', 'lost-cli-1'])
    expect(listed.out).toMatch(/lost-cli-1 +fulfil v1 +STUCK .*no-address/)
  })

  test('colours only where they are wanted, and the same words', async () => {
    await start('cli-7', 100, '--wait')
    const now = () => Date.now()
    const coloured = await kasaga(['show', 'cli-7'], { color: true, now })
    const bare = await kasaga(['show', 'cli-7'], { now })
    expect(coloured.out).not.toBe(bare.out)
    expect(bare.out).toBe(stripVTControlCharacters(bare.out))
    expect(stripVTControlCharacters(coloured.out)).toBe(bare.out)
  })

  test('history gives every event and its place; as JSON, all of its data', async () => {
    await start('cli-8', 100, '--wait')
    const shown = await kasaga(['history', 'cli-8'])
    expect(shown.out).toMatch(/^1 .*saga-started +[01]\/\d+ +\{"definition":"fulfil"/m)
    const { events } = JSON.parse((await kasaga(['history', 'cli-8', '--json'])).out)
    expect(events.at(-1)).toMatchObject({ type: 'saga-completed', data: { output: { tracking: 't-parcel-cli-8' } } })
  })

  test.each([['show'], ['history']])('%s of a saga that is not there exits with 1', async (command) => {
    const result = await kasaga([command, 'nobody'])
    expect(result).toMatchObject({ code: 1, out: '' })
    expect(result.err).toBe('error: there is no saga nobody\nSee which there are with: kasaga list\n')
  })
})

describe('acts', () => {
  test('retry carries a stuck saga on, and keeps who and why', async () => {
    await start('lost-cli-2', 100, '--wait')
    rig.behaviour.carrierIsDown = false
    const retried = await kasaga(['retry', 'lost-cli-2', '--reason', 'address found', '--wait'])
    expect(retried.code).toBe(0)
    expect(retried.out).toContain('lost-cli-2  fulfil v1  completed')
    const { events } = JSON.parse((await kasaga(['history', 'lost-cli-2', '--json'])).out)
    const asked = events.find((event: { type: string }) => event.type === 'retry-requested')
    expect(asked.data).toMatchObject({ actor: 'ann', reason: 'address found' })
  })

  test('cancel turns a running saga back', async () => {
    await start('held-10')
    const cancelled = await kasaga(['cancel', 'held-10', '--reason', 'no longer wanted', '--actor', 'bo'])
    expect(cancelled.out).toContain('held-10 was asked to turn back')
    rig.behaviour.release()
    await kasaga(['start', 'fulfil', '--id', 'held-10', '--input', '{"id":"held-10","cents":100}', '--wait'])
    expect((await kasaga(['show', 'held-10'])).out).toContain('cancelled  by bo: no longer wanted')
  })

  test('signal is kept by the saga', async () => {
    await start('lost-cli-3', 100, '--wait')
    const sent = await kasaga(['signal', 'lost-cli-3', 'approved', '--payload', '{"by":"ann"}', '--json'])
    expect(JSON.parse(sent.out)).toMatchObject({ id: 'lost-cli-3', place: { topic: 'kasaga.commands' } })
  })

  test.each([['cancel'], ['retry'], ['kill'], ['resolve']])('%s without a reason exits with 2', async (command) => {
    const result = await kasaga([command, 'cli-1'])
    expect(result).toMatchObject({ code: 2, out: '' })
    expect(result.err).toContain('--reason')
  })
})

describe('the program', () => {
  test.each([
    ['start'],
    ['list'],
    ['show'],
    ['history'],
    ['signal'],
    ['approve'],
    ['cancel'],
    ['retry'],
    ['resolve'],
    ['kill'],
  ])('%s --help has an example and the exit codes, and exits with 0', async (command) => {
    const { code, out } = await kasaga([command, '--help'])
    expect(code).toBe(0)
    expect(out).toContain(`Example:\n  $ kasaga ${command}`)
    expect(out).toContain('Exit codes:')
    expect(out).toContain('--json')
  })

  test('an unknown command, or option, exits with 2', async () => {
    expect((await kasaga(['sing'])).code).toBe(2)
    expect((await kasaga(['list', '--loud'])).code).toBe(2)
    expect((await kasaga(['list', '--status', 'odd'])).code).toBe(2)
  })

  test('no gateway, or something else, exits with 2 and says what to do; as JSON where asked', async () => {
    const nobody = await kasaga(['list', '--url', 'http://127.0.0.1:1', '--json'])
    expect(nobody).toMatchObject({ code: 2, out: '' })
    expect(JSON.parse(nobody.err).error).toMatchObject({
      code: 'gateway-unreachable',
      next: expect.stringContaining('kasaga dev'),
    })
    const wrong = await kasaga(['list', '--url', `${url}/metrics?`])
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect((await kasaga(['list', '--url', 'ftp://x'])).err).toContain('is not an http address')
  })

  test('takes commands that are passed in, and reports what they throw as a bug', async () => {
    const broken: CliCommand = (program) => {
      program.command('break').action(() => {
        throw new Error('broken inside')
      })
    }
    const result = await kasaga(['break'], {}, [broken])
    expect(result.code).toBe(2)
    expect(result.err).toMatch(/error: Error: broken inside[\s\S]*This is a bug/)
  })

  test('what comes from outside cannot steer the terminal', async () => {
    await start('lost-cli-4', 100, '--wait')
    const evil = '\u001b]0;owned\u0007 \u001b[2J\u202e'
    await kasaga(['signal', 'lost-cli-4', 'x', '--payload', JSON.stringify(evil)])
    await kasaga(['retry', 'lost-cli-4', '--reason', evil, '--wait'])
    const { out } = await kasaga(['history', 'lost-cli-4'])
    expect(out).toContain('owned')
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\u202e/u)
  })
})
