/** `kasaga contracts`: schemas of a module's own contracts, written and compared. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractsCommand } from '../../services/cli/commands/contracts.ts'
import { loadContracts } from '../../services/cli/load-contracts.ts'
import { readSchemaFolder, writeSchemaFolder } from '../../services/cli/schema-folder.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { cliOf } from '../support/cli-runner.ts'

const root = new URL('../..', import.meta.url)
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kasaga-contracts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const from = (path: string) => JSON.stringify(new URL(path, root).href)

/** A module as a user would write it, with this as the input of its command. */
async function module(name: string, fields: string, output = 'z.object({ chargeId: z.string() })'): Promise<string> {
  const zod = JSON.stringify(pathToFileURL(join(root.pathname, 'node_modules/zod/index.js')).href)
  const text = `import { z } from ${zod}
import { participant, command } from ${from('shared/saga/contract.ts')}
import { saga } from ${from('shared/saga/builder.ts')}
import { Definitions } from ${from('shared/saga/definition.ts')}
export const till = participant('till', { charge: command({ input: z.object({ ${fields} }), output: ${output} }) })
const sell = saga('sell', { version: 3, input: z.object({ id: z.string() }) })
  .pivot('charge', till.charge, ({ input }) => ({ orderId: input.id }))
  .output(() => null)
export const definitions = new Definitions([sell])
export const version: number = 1
`
  const path = join(folder, `${name}.ts`)
  await writeFile(path, text)
  return path
}

const kasaga = cliOf(() => 'http://127.0.0.1:1')
const run = (...args: string[]) =>
  kasaga(['contracts', ...args], {}, [
    contractsCommand({
      load: loadContracts,
      read: readSchemaFolder,
      write: writeSchemaFolder,
      askRegistry: async () => {
        throw new OperationalError('registry-unreachable', 'nobody is there', { where: 'registry', retriable: true })
      },
    }),
  ])

describe('kasaga contracts', () => {
  test('generate writes a file for each command and saga, and the document; what is no more goes', async () => {
    const out = join(folder, 'written')
    await writeSchemaFolder(out, new Map([['contracts/old.do.v1.json', {}]]))
    await writeFile(join(out, 'mine.json'), '{}')
    const {
      code,
      out: told,
      err,
    } = await run('generate', '--definitions', await module('first', 'orderId: z.string()'), '--out', out)
    expect([code, err]).toEqual([0, ''])
    const files = (await readdir(out, { recursive: true })).filter((path) => path.endsWith('.json')).sort()
    expect(files).toEqual(['asyncapi.json', 'contracts/till.charge.v1.json', 'mine.json', 'sagas/sell.v3.input.json'])
    expect(told.trim().split('\n').sort()).toEqual(files.filter((path) => path !== 'mine.json'))
    const document = JSON.parse(await readFile(join(out, 'asyncapi.json'), 'utf8'))
    expect(Object.keys(document.channels)).toEqual(['commands', 'till.commands', 'replies', 'dead-letters'])
  })

  test('check is content with what may be changed, and names each change that breaks', async () => {
    const against = join(folder, 'committed')
    await run('generate', '--definitions', await module('old', 'orderId: z.string()'), '--out', against)
    const check = (path: string, ...more: string[]) =>
      run('check', '--definitions', path, '--against', against, ...more)
    const grown = await module('grown', 'orderId: z.string(), hint: z.string().optional()')
    expect(await check(grown)).toEqual({ code: 0, out: '', err: '' })
    const broken = await module('broken', 'orderId: z.string().max(5), coupon: z.string()', 'z.object({})')
    const { code, out, err } = await check(broken)
    expect([code, out.trim().split('\n')]).toEqual([
      1,
      [
        'till.charge.v1 input coupon: is required now, and was not',
        'till.charge.v1 input orderId: is narrower now: maxLength 5',
        'till.charge.v1 output chargeId: is gone, or not always there any more, and is read',
      ],
    ])
    expect(err).toContain('3 breaking changes')
    const told = JSON.parse((await check(broken, '--json')).out)
    expect([told.compatible, told.breaks.length]).toEqual([false, 3])
  })

  test('what cannot be asked is told, with exit code 2', async () => {
    const path = await module('fine', 'orderId: z.string()')
    const empty = join(folder, 'empty.ts')
    await writeFile(empty, 'export const x = 1\n')
    const cases: [args: string[], says: string][] = [
      [['check', '--definitions', path], 'name either --against'],
      [['check', '--definitions', path, '--against', 'a', '--registry', 'b'], 'name either --against'],
      [['check', '--definitions', path, '--against', join(folder, 'nowhere')], 'nowhere'],
      [['check', '--definitions', join(folder, 'none.ts'), '--against', folder], 'cannot be loaded'],
      [['check', '--definitions', empty, '--against', folder], 'exports neither definitions nor contracts'],
      [['check', '--definitions', path, '--registry', 'http://127.0.0.1:1'], 'nobody is there'],
    ]
    for (const [args, says] of cases) {
      const { code, err } = await run(...args)
      expect([args.join(' '), code]).toEqual([args.join(' '), 2])
      expect(err).toContain(says)
    }
  })
})
