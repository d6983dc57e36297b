/** Where tests that ask nothing of durability keep their data: in memory, where the system has such a folder. */
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'

const IN_MEMORY = '/dev/shm'

export function fastFolder(): string {
  try {
    accessSync(IN_MEMORY, constants.W_OK)
    return IN_MEMORY
  } catch {
    return tmpdir()
  }
}
