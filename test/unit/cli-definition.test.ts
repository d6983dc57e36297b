/** `kasaga definition` and `kasaga draw`: plans known to the program or in files, without a gateway. */

import { describe, expect, test } from 'vitest'
import { definitionCommand } from '../../services/cli/commands/definition.ts'
import { drawCommand } from '../../services/cli/commands/draw.ts'
import type { ShadowRun } from '../../services/cli/commands/shadow.ts'
import { createProgram, runProgram } from '../../services/cli/program.ts'
import { planText } from '../../services/cli/text/plan-text.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { definitionData } from '../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../shared/saga/draw.ts'
import { dotOf } from '../../shared/saga/picture/dot.ts'
import { svgOf } from '../../shared/saga/picture/svg.ts'
import { booking, everyKind } from '../support/every-kind.ts'

const small = { ...everyKind, name: 'small', version: 1, steps: [booking('a'), booking('b', { after: ['a'] })] }
const newer = { ...small, version: 2, deadlineMs: undefined, steps: [booking('a'), booking('c', { after: ['a'] })] }
const definitions = new Definitions([everyKind, small, newer])
const data = definitionData(small)
const files: Record<string, string> = {
  './small.json': JSON.stringify(data),
  './same.json': JSON.stringify({ ...data, name: 'other', steps: [...data.steps].reverse() }, null, 2),
  './cycle.json': JSON.stringify({ ...data, steps: data.steps.map((step) => ({ ...step, after: ['b'], needs: 1 })) }),
  './shape.json': JSON.stringify({ ...data, steps: [{ name: 'a' }], deadline: 1 }),
  './unknown.json': JSON.stringify({ ...data, output: 'out' }),
  './broken.json': '{"name":',
}

const noLogs: ShadowRun = {
  load: async () => definitions,
  run: async () => {
    throw new Error('there is no log')
  },
}
const written = new Map<string, string>()

async function kasaga(...args: string[]) {
  const said = { out: '', err: '' }
  const around = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
    color: false,
    url: 'http://127.0.0.1:1',
    actor: 'ann',
    ids: { next: () => 'none' },
    now: () => 0,
    readFile: async (path: string) => {
      const text = files[path === '-' ? './small.json' : path]
      if (text === undefined) throw new Error('no such file')
      return text
    },
    writeFile: async (path: string, text: string) => {
      if (path.startsWith('/gone/')) throw new Error('no such folder')
      written.set(path, text)
    },
  }
  const program = createProgram(around, [drawCommand(definitions), definitionCommand(definitions, noLogs)])
  return { code: await runProgram(program, args, around), ...said }
}

describe('definition show', () => {
  test('shows steps, figures and the hash; blocks further in', async () => {
    const { code, out, err } = await kasaga('definition', 'show', 'every-kind')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(
      `every-kind v2  sha256 ${definitionHash(everyKind)}\ndeadline 1 h, undone along the reversed graph\n`,
    )
    expect(out).toContain(
      '\ntrip  parallel: 1 of 2 are enough  after any of asked, grace\n  [hotel]\n    reserve  command: shop.book.v1  undo shop.cancel.v1\n',
    )
    expect(out).toContain('\n  collect  command: shop.book.v1  after label  undone by hand: fetch it back\n')
    expect(out).toContain('\nship  pivot command: shop.ship.v1  after asked, grace, pay\n')
  })
  test('says how long the inboxes of participants must remember, in whole days', async () => {
    const { out } = await kasaga('definition', 'show', 'small')
    expect(out).toContain('\ninboxes remember for ever: nothing ends it in time\n')
    const figures = { hash: 'h', rememberedMs: 9.2 * 86_400_000 }
    const text = planText(data, figures)
    expect(text).toContain('\ninboxes remember 10 days, and the time that it may be stuck\n')
  })
  test('takes a version, a file or standard input, and prints what a file has', async () => {
    expect((await kasaga('definition', 'show', 'small')).out).toContain('small v2')
    expect((await kasaga('definition', 'show', 'small@1')).out).toContain('small v1')
    for (const given of ['small@1', './small.json', '-'])
      expect((await kasaga('definition', 'show', given, '--json')).out).toBe(`${JSON.stringify(data)}\n`)
  })
  test('says what it knows when it does not know one, and what is wrong with a file', async () => {
    expect(await kasaga('definition', 'show', 'none')).toEqual({
      code: 1,
      out: '',
      err: 'error: there is no definition none\nKnown: every-kind@2, small@1, small@2; a file is named with a dot or a slash: ./none\n',
    })
    expect((await kasaga('definition', 'show', 'small@3')).err).toContain('there is no definition small@3')
    const unsound = await kasaga('definition', 'show', './cycle.json')
    expect([unsound.code, unsound.out]).toEqual([1, ''])
    expect(unsound.err).toContain('./cycle.json is no sound definition: steps wait for each other')
  })
})

describe('definition check', () => {
  test('says that a plan is sound, with its hash', async () => {
    const hash = definitionHash(small)
    expect(await kasaga('definition', 'check', './small.json')).toEqual({
      code: 0,
      out: `sound  small v1  sha256 ${hash}\n`,
      err: '',
    })
    const { out } = await kasaga('definition', 'check', './small.json', '--json')
    expect(JSON.parse(out)).toEqual({ sound: true, name: 'small', version: 1, hash, faults: [] })
  })
  test('tells every fault, and exits 1', async () => {
    const { code, out, err } = await kasaga('definition', 'check', './shape.json')
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual(expect.arrayContaining(['deadline: is not a field that is known here']))
    expect(out).toContain('a.type: ')
    expect(err).toBe('error: ./shape.json is no sound definition\n')
    const asJson = await kasaga('definition', 'check', './cycle.json', '--json')
    expect(asJson.code).toBe(1)
    expect(JSON.parse(asJson.out)).toMatchObject({
      sound: false,
      faults: [{ message: expect.stringContaining('wait for each other') }],
    })
    expect(JSON.parse(asJson.err)).toMatchObject({ error: { code: 'unsound' } })
  })
  test('--with asks whether some code has all that the file names', async () => {
    expect((await kasaga('definition', 'check', './unknown.json')).code).toBe(0)
    expect((await kasaga('definition', 'check', './small.json', '--with', 'small@1')).code).toBe(0)
    const { code, out } = await kasaga('definition', 'check', './unknown.json', '--with', 'small@1')
    expect([code, out]).toEqual([1, 'output: there is no mapping "out"\n'])
  })
  test('exits 2 when it cannot be asked', async () => {
    expect((await kasaga('definition', 'check', './broken.json')).code).toBe(2)
    expect((await kasaga('definition', 'check', './gone.json')).err).toContain('cannot read ./gone.json: no such file')
    expect((await kasaga('definition', 'check')).code).toBe(2)
  })
})

describe('definition diff', () => {
  test('says nothing of equal plans, whatever they are called', async () => {
    expect(await kasaga('definition', 'diff', './small.json', './same.json')).toEqual({ code: 0, out: '', err: '' })
    expect((await kasaga('definition', 'diff', 'small@1', './same.json', '--json')).out).toBe(
      '{"same":true,"changes":[]}\n',
    )
  })
  test('tells what differs, a line each, and exits 1', async () => {
    const { code, out, err } = await kasaga('definition', 'diff', './small.json', 'small')
    expect([code, err]).toEqual([1, 'error: they differ in 3 places\n'])
    expect(out).toBe('- deadlineMs: 3600000\n- b: command step\n+ c: command step\n')
    const { out: json } = await kasaga('definition', 'diff', './small.json', 'small', '--json')
    expect(JSON.parse(json)).toMatchObject({
      same: false,
      changes: [{ kind: 'removed', path: 'deadlineMs', before: 3_600_000 }, {}, {}],
    })
  })
})

describe('draw', () => {
  test('draws what the program knows, one version of it, and files', async () => {
    expect((await kasaga('draw', 'every-kind')).out).toBe(mermaidOf(definitionData(everyKind)))
    for (const args of [['small', '--version', '1'], ['small@1'], ['./small.json']])
      expect((await kasaga('draw', ...args)).out).toBe(mermaidOf(data))
    expect((await kasaga('draw', 'small@1', '--json')).out).toBe(`${JSON.stringify(data)}\n`)
    expect((await kasaga('draw', 'none', '--version', '1')).code).toBe(1)
  })
  test('draws in each format, and among the commands about definitions too', async () => {
    expect((await kasaga('draw', 'small@1', '--format', 'dot')).out).toBe(dotOf(data))
    expect((await kasaga('definition', 'draw', 'small', '--version', '1', '--format', 'svg')).out).toBe(svgOf(data))
    expect((await kasaga('definition', 'draw', 'small@1')).out).toBe(mermaidOf(data))
    const unknown = await kasaga('draw', 'small@1', '--format', 'png')
    expect([unknown.code, unknown.out]).toEqual([2, ''])
    expect(unknown.err).toContain('Allowed choices are mermaid, dot, svg')
  })
  test('writes to a file that is named, and says when it cannot', async () => {
    expect(await kasaga('draw', 'small@1', '--format', 'svg', '--out', './small.svg')).toEqual({
      code: 0,
      out: './small.svg\n',
      err: '',
    })
    expect(written.get('./small.svg')).toBe(svgOf(data))
    const refused = await kasaga('draw', 'small@1', '--out', '/gone/small.mmd')
    expect([refused.code, refused.err]).toEqual([2, 'error: cannot write /gone/small.mmd: no such folder\n'])
  })
})
