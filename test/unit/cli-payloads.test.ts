/** What `kasaga payloads check` prints, and how it exits. */
import { expect, test } from 'vitest'
import { type PayloadsCommandOptions, payloadsCommand } from '../../services/cli/commands/payloads.ts'
import { cliOf } from '../support/cli-runner.ts'

const CLEAN = { claims: 3, stored: 2, storedBytes: 11_000, lost: [], orphans: 1, orphanBytes: 500, removed: 0 }
const LOST = { id: 'a'.repeat(64), why: 'missing', place: 'kasaga.events/0/7' }
const kasaga = cliOf(() => '')

async function check(
  result: typeof CLEAN | (Omit<typeof CLEAN, 'lost'> & { lost: (typeof LOST)[] }),
  ...args: string[]
) {
  const asked: PayloadsCommandOptions[] = []
  const command = payloadsCommand(async (options) => {
    asked.push(options)
    return result
  })
  return { ...(await kasaga(['payloads', 'check', '--data-dir', 'd', ...args], {}, [command])), asked }
}

test('counts, and exits 0 where every claim has its payload', async () => {
  const { code, out, err, asked } = await check(CLEAN)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toBe('claims    3\npayloads  2, 11000 bytes\norphans   1, 500 bytes\nlost      0\n')
  expect(asked).toEqual([{ dataDir: 'd', prefix: 'kasaga', read: false, json: false }])
})

test('tells what is lost, and exits 1', async () => {
  const { code, out, err } = await check({ ...CLEAN, lost: [LOST] })
  expect(code).toBe(1)
  expect(out).toContain(`lost      1\n  ${LOST.id}  missing  kasaga.events/0/7\n`)
  expect(err).toContain('payload cannot be read')
  const json = await check({ ...CLEAN, lost: [LOST] }, '--json')
  expect(json.code).toBe(1)
  expect(JSON.parse(json.out)).toMatchObject({ lost: [LOST] })
})

test('removes orphans that are older than is said, and none that may still be claimed', async () => {
  const { code, out, asked } = await check({ ...CLEAN, removed: 1 }, '--remove-orphans', '30 days', '--read')
  expect(code).toBe(0)
  expect(out).toContain('orphans   1, 500 bytes; 1 removed\n')
  expect(asked[0]).toMatchObject({ removeOrphans: 30 * 86_400_000, read: true })
  const young = await check(CLEAN, '--remove-orphans', '7 days')
  expect(young.code).toBe(2)
  expect(young.err).toContain("at least '8 days'")
  expect(young.asked).toEqual([])
})
