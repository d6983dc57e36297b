import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('the command line ends quietly when nobody reads what it prints any more', async () => {
  const main = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, 'draw', 'fulfil-order'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  const [[code], said] = await Promise.all([once(child, 'exit'), text(child.stderr)])
  expect({ code, said }).toEqual({ code: 0, said: '' })
})
