import { expect, test } from 'vitest'
import { newClusterId } from '../../../infra/servers/cluster-id.ts'

test('the id of a cluster is 16 bytes in base64, and never looks like an option', () => {
  const ids = Array.from({ length: 5_000 }, newClusterId)
  expect(new Set(ids).size).toBe(5_000)
  expect(ids.filter((id) => !/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/.test(id))).toEqual([])
})
