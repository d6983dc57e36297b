import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { type LoyaltyTables, tryReadmeParticipant } from '../support/docs/readme-participant.ts'

test('the participant of the README runs on the embedded home', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kasaga-readme-'))
  const home = await openEmbeddedHome({ directory, log: noLog })
  try {
    await tryReadmeParticipant(home.broker, home.participantDatabase<LoyaltyTables>('loyalty'))
  } finally {
    await home.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
